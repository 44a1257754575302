//! A decision in a line: what was decided, and what it rests on.

use super::remarks::{cause, remarks};
use super::{Marker, Report, STOPPED, marker};
use crate::decision::{Decision, Ending, Fail, Hold, Obstacle, Pass};
use crate::event::EventCategory;
use crate::finding::{Incident, Incidents};
use crate::instant::to_the_minute;

/// A failure's remarks have lines of their own; a pass or a hold has only this one.
pub(super) fn of(report: &Report<'_>) -> String {
    let text = text(report);
    match report.decision {
        Decision::Fail(_) => text,
        Decision::Pass(_) | Decision::Hold(_) => {
            let remarks = remarks(report);
            [text]
                .into_iter()
                .chain(remarks)
                .collect::<Vec<_>>()
                .join("; ")
        }
    }
}

fn text(report: &Report<'_>) -> String {
    match report.decision {
        Decision::Pass(Pass::Clear) => {
            format!("no open AWS Health issues in {}", report.region_names())
        }
        Decision::Pass(Pass::Warned(found)) => {
            format!("passed with a warning: {}", incidents(report, found))
        }
        Decision::Pass(Pass::Overridden(o, obstacle)) => format!(
            "passed by the override of {} until {} ({}), in spite of: {}",
            o.by,
            to_the_minute(o.until),
            o.reason,
            obstacle_text(report, obstacle)
        ),
        Decision::Pass(Pass::Rollback(obstacle)) => {
            format!(
                "passed as a rollback, in spite of: {}",
                obstacle_text(report, obstacle)
            )
        }
        Decision::Pass(Pass::Unknown(unread)) => format!("passed unchecked: {}", cause(unread)),
        Decision::Hold(Hold {
            state,
            until,
            obstacle,
        }) => format!(
            "held since {}, until {} at the latest: {}",
            to_the_minute(state.since),
            to_the_minute(*until),
            obstacle_text(report, obstacle)
        ),
        Decision::Fail(Fail {
            obstacle, ending, ..
        }) => {
            let marker: Marker = marker(obstacle);
            let what = obstacle_text(report, obstacle);
            match ending {
                None => format!("{marker} {what}"),
                Some(Ending::Stopped) => {
                    format!("{marker} {STOPPED}, during: {what}")
                }
                Some(Ending::RanOut(since)) => {
                    let longest = report
                        .policy
                        .map(|policy| policy.max_hold.to_string())
                        .unwrap_or_default();
                    format!(
                        "{marker} held since {} and `maxHold` is {longest}: {what}",
                        to_the_minute(*since)
                    )
                }
            }
        }
    }
}

/// What stands in the way, without what was decided.
pub(super) fn obstacle_text(report: &Report<'_>, obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::Incident(found) => incidents(report, found),
        Obstacle::Unknown(unread) => cause(unread),
        Obstacle::Invalid(invalid) => invalid.to_string(),
    }
}

/// `2 open and 1 just closed AWS Health issues in us-east-1`.
fn incidents(report: &Report<'_>, incidents: &Incidents) -> String {
    let list = incidents.list();
    let open = list
        .iter()
        .filter(|incident| incident.closed.is_none())
        .count();
    let counts: Vec<String> = [(open, "open"), (list.len() - open, "just closed")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let are_issues = list
        .iter()
        .all(|incident| matches!(incident.event.category, Some(EventCategory::Issue) | None));
    let noun = if are_issues { "issue" } else { "event" };
    let plural = if list.len() == 1 { "" } else { "s" };
    format!(
        "{} AWS Health {noun}{plural} in {}",
        counts.join(" and "),
        impacted_regions(report, list)
    )
}

/// The regions of the events, in the policy's order.
fn impacted_regions(report: &Report<'_>, list: &[Incident]) -> String {
    let impacted = |region: &&str| {
        list.iter()
            .any(|incident| incident.event.region.as_deref() == Some(*region))
    };
    let names: Vec<&str> = report
        .regions()
        .iter()
        .map(|r| r.as_str())
        .filter(impacted)
        .collect();
    if names.is_empty() {
        report.region_names()
    } else {
        names.join(", ")
    }
}
