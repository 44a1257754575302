//! The text of a failed job: the marker and what blocks, a line an incident, and what happens next.

use super::Report;
use super::incident_lines::incident_lines;
use super::limits::{LINE_BYTES, MESSAGE_BYTES, cut};
use super::remarks::remarks;
use crate::decision::{Decision, Ending, Fail, Invalid, Obstacle};
use crate::instant::to_the_minute;
use crate::policy::{PolicyOrigin, Retry};
use crate::reading::UnknownCause;

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
            PolicyOrigin::PolicyOption | PolicyOrigin::KeyOptions => "correct the policy".to_owned(),
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
