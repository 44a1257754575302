//! The text of a failed job: the marker and what blocks, a line an incident, and what happens next.

use time::{Duration, UtcDateTime};

use super::Report;
use super::headline::cause;
use super::limits::{MESSAGE_BYTES, cut, one_line};
use crate::decision::{Decision, Ending, Fail, Invalid, Obstacle};
use crate::event::Event;
use crate::finding::Incident;
use crate::instant::to_the_minute;
use crate::policy::{PolicyOrigin, Retry};
use crate::reading::UnknownCause;

/// No single line takes more of the message than this, whatever AWS or a person wrote into it.
const LINE_BYTES: usize = 800;
/// A remark takes less: what blocks is what people look for.
const NOTE_BYTES: usize = 400;

pub(super) fn of(report: &Report<'_>, fail: &Fail) -> String {
    let next = next(report, fail);
    let mut text = cut(report.headline(), LINE_BYTES);
    let mut end = remarks(report);
    end.push(next);
    let end = end.join("\n");
    // Room for what follows, and for the count of what was left out.
    let room = MESSAGE_BYTES.saturating_sub(end.len() + "\nand 18446744073709551615 more\n".len());
    let lines = incident_lines(report);
    for (shown, line) in lines.iter().enumerate() {
        if text.len() + 1 + line.len() > room {
            text.push_str(&format!("\nand {} more", lines.len() - shown));
            break;
        }
        text.push('\n');
        text.push_str(line);
    }
    cut(format!("{text}\n{end}"), MESSAGE_BYTES)
}

/// Incidents, and the remarks that the headline does not have, a line each.
pub(super) fn details(report: &Report<'_>) -> Vec<String> {
    let mut lines = incident_lines(report);
    if matches!(report.decision, Decision::Fail(_)) {
        lines.extend(remarks(report));
    }
    lines
}

fn incident_lines(report: &Report<'_>) -> Vec<String> {
    let incidents = report
        .decision
        .incidents()
        .map(|incidents| incidents.list())
        .unwrap_or_default();
    incidents
        .iter()
        .map(|incident| cut(one_line(&line(report, incident)), LINE_BYTES))
        .collect()
}

pub(super) fn remarks(report: &Report<'_>) -> Vec<String> {
    let mut remarks = Vec::new();
    if let Some(unread) = report
        .decision
        .incidents()
        .and_then(|incidents| incidents.unread())
    {
        remarks.push(format!("there may be more, {}", cause(unread)));
    }
    if let (Some(policy), [first, ..]) = (report.policy, report.stale) {
        let others = match report.stale.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        remarks.push(format!(
            "note: not updated for {} and so not counted: {} ({}){others}",
            policy.stale_after,
            name(first),
            first.arn
        ));
    }
    remarks.extend(report.notes.iter().map(|note| format!("note: {note}")));
    remarks
        .iter()
        .map(|remark| cut(one_line(remark), NOTE_BYTES))
        .collect()
}

/// Service, event type, region, since when, last update, link.
fn line(report: &Report<'_>, Incident { event, closed }: &Incident) -> String {
    let mut text = name(event);
    if let Some(start) = event.start_time {
        text.push_str(&format!(", since {}", to_the_minute(start)));
    }
    match (closed, event.last_updated_time) {
        (Some(at), _) => {
            let ago = at.map_or_else(
                || "at an unknown time".to_owned(),
                |at| ago(at, report.checked_at),
            );
            let quiet = report
                .policy
                .map(|policy| policy.quiet_period.to_string())
                .unwrap_or_default();
            text.push_str(&format!(", closed {ago}, quiet period {quiet}"));
        }
        (None, Some(update)) => text.push_str(&format!(", last update {}", to_the_minute(update))),
        (None, None) => {}
    }
    if let Some(link) = event.link() {
        text.push_str(&format!(": {link}"));
    }
    text
}

fn name(event: &Event) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "unknown".to_owned());
    let mut name = format!("{} {}", text(&event.service), text(&event.type_code));
    if let Some(region) = &event.region {
        name.push_str(&format!(" in {region}"));
    }
    name
}

/// `4 minutes ago`.
fn ago(at: UtcDateTime, now: UtcDateTime) -> String {
    match (now - at).whole_minutes() {
        ..=0 => "just now".to_owned(),
        1 => "1 minute ago".to_owned(),
        minutes if minutes < 120 => format!("{minutes} minutes ago"),
        minutes => format!("{} hours ago", Duration::minutes(minutes).whole_hours()),
    }
}

/// What happens next: what has to be the case, and who then does something.
pub(super) fn next(report: &Report<'_>, fail: &Fail) -> String {
    format!("next: {}", next_text(report, fail))
}

fn next_text(report: &Report<'_>, fail: &Fail) -> String {
    if fail.ending == Some(Ending::Stopped) {
        return "not retried automatically, since a person stopped the execution".to_owned();
    }
    match &fail.obstacle {
        Obstacle::Incident(incidents) if incidents.list().iter().any(|incident| incident.closed.is_none()) => {
            {
            let quiet = report.policy.map(|policy| policy.quiet_period).filter(|quiet| !quiet.is_zero());
            let quiet = quiet.map(|quiet| format!(" for {quiet}")).unwrap_or_default();
            retried(report, fail, &format!("once AWS Health shows these events as closed{quiet}"))
        }
        }
        Obstacle::Incident(_) => retried(report, fail, "once the quiet period is over"),
        Obstacle::Invalid(Invalid::Token(_)) => retried(report, fail, "once AWS Health is clear, and then from the beginning"),
        Obstacle::Invalid(Invalid::Policy(error)) => match error.origin {
            PolicyOrigin::UserParameters => "correct the action's UserParameters and release the change again; this stage is not retried with the old ones".to_owned(),
            PolicyOrigin::Account => "correct the environment variable HEALTH_GATE_POLICY of the gate's function, which every pipeline of the account uses; then retry this stage".to_owned(),
        },
        Obstacle::Unknown(unread) => {
            let readable = retried(report, fail, "once AWS Health can be read and is clear");
            match unread.cause {
                UnknownCause::NoSupportPlan => format!(
                    "the AWS Health API needs a Business Support+, Enterprise Support or Unified Operations plan; without one this gate \
                     cannot work in this account; {readable}"
                ),
                UnknownCause::AccessDenied => format!(
                    "check the role and the credentials of the gate's function, which needs `health:DescribeEvents` on `*`; {readable}"
                ),
                UnknownCause::TooManyPages => format!(
                    "look at AWS Health yourself; if the action's UserParameters name many regions, name fewer; {readable}"
                ),
                UnknownCause::Throttled | UnknownCause::Unavailable | UnknownCause::TimedOut | UnknownCause::Internal => readable,
            }
        }
    }
}

/// Who retries the stage, and until when.
fn retried(report: &Report<'_>, fail: &Fail, when: &str) -> String {
    match report.policy {
        _ if fail.rollback => format!(
            "not retried automatically, since it is a rollback; retry the stage by hand {when}"
        ),
        Some(policy) if policy.retry == Retry::Never => {
            format!("not retried automatically, `retry` is `never`; retry the stage by hand {when}")
        }
        Some(policy) => {
            let until = to_the_minute(report.checked_at + policy.retry_within.duration());
            format!(
                "retried automatically until {until}, {when}; a retry by hand reads AWS Health again"
            )
        }
        None => format!("retried automatically {when}; a retry by hand reads AWS Health again"),
    }
}
