//! The incidents of a decision, a line each.

use time::{Duration, UtcDateTime};

use super::Report;
use super::limits::{LINE_BYTES, cut};
use crate::event::Event;
use crate::finding::Incident;
use crate::instant::to_the_minute;
use crate::text::one_line;

pub(super) fn incident_lines(report: &Report<'_>) -> Vec<String> {
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

/// `EC2 AWS_EC2_OPERATIONAL_ISSUE in us-east-1`.
pub(super) fn name(event: &Event) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::utc_datetime;

    #[test]
    fn how_long_ago_is_said_in_minutes_for_two_hours() {
        let now = utc_datetime!(2026-11-23 09:00:00);
        for (minutes, text) in [
            (-5, "just now"),
            (0, "just now"),
            (1, "1 minute ago"),
            (2, "2 minutes ago"),
            (119, "119 minutes ago"),
            (120, "2 hours ago"),
            (179, "2 hours ago"),
        ] {
            assert_eq!(ago(now - Duration::minutes(minutes), now), text);
        }
    }
}
