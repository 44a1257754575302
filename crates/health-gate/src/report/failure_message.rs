//! The text of a failed job: the marker and what blocks, a line an incident, and what happens next.

use super::limits::{MESSAGE_BYTES, cut};
use super::{Marker, Report};
use crate::decision::Block;
use crate::event::Event;
use crate::finding::Incidents;
use crate::instant::to_the_minute;
use crate::reading::{UnknownCause, Unread};

/// No single line takes more of the message than this, whatever AWS or a person wrote into it.
const LINE_BYTES: usize = 800;

pub(super) fn of(report: &Report<'_>, block: &Block) -> String {
    let text = match block {
        Block::Blocked(incidents) => blocked(report, incidents),
        Block::Unknown(unread) => unknown(unread),
        Block::Invalid(error) => lines([
            format!("{} {error}", Marker::Invalid),
            "next: correct the action's UserParameters and release the change again; this stage is not retried with the old ones"
                .to_owned(),
        ]),
    };
    cut(text, MESSAGE_BYTES)
}

fn blocked(report: &Report<'_>, incidents: &Incidents) -> String {
    let events = incidents.events();
    let mut head = vec![format!(
        "{} {} open AWS Health {} in {}",
        Marker::Blocked,
        events.len(),
        if events.len() == 1 { "issue" } else { "issues" },
        impacted_regions(report, events),
    )];
    if let Some(unread) = incidents.unread() {
        head.push(format!("there may be more, {}", cause(unread)));
    }
    let next = "next: stage-retry goes on with this stage once AWS Health shows these events as closed; a retry by hand reads AWS Health again";

    let mut text = lines(head);
    // Room for the last line and for the count of what was left out.
    let room = MESSAGE_BYTES - next.len() - "\nand 18446744073709551615 more\n".len();
    let mut left = events.len();
    for event in events {
        let line = line(incident(event));
        if text.len() + 1 + line.len() > room {
            text.push_str(&format!("\nand {left} more"));
            break;
        }
        text.push('\n');
        text.push_str(&line);
        left -= 1;
    }
    text.push('\n');
    text.push_str(next);
    text
}

/// The regions of the events, in the policy's order.
fn impacted_regions(report: &Report<'_>, events: &[Event]) -> String {
    let impacted = |region: &str| {
        events
            .iter()
            .any(|event| event.region.as_deref() == Some(region))
    };
    let names: Vec<&str> = report
        .regions
        .iter()
        .map(|r| r.as_str())
        .filter(|region| impacted(region))
        .collect();
    if names.is_empty() {
        report.region_names()
    } else {
        names.join(", ")
    }
}

/// Service, event type, region, since when, last update, link.
fn incident(event: &Event) -> String {
    let mut text = format!("{} {}", event.service, event.type_code);
    if let Some(region) = &event.region {
        text.push_str(&format!(" in {region}"));
    }
    if let Some(start) = event.start_time {
        text.push_str(&format!(", since {}", to_the_minute(start)));
    }
    if let Some(update) = event.last_updated_time {
        text.push_str(&format!(", last update {}", to_the_minute(update)));
    }
    if let Some(link) = event.link() {
        text.push_str(&format!(": {link}"));
    }
    text
}

fn unknown(unread: &Unread) -> String {
    let next = match unread.cause {
        UnknownCause::NoSupportPlan => {
            "next: the AWS Health API needs a Business Support+, Enterprise Support or Unified Operations plan; \
             without one this gate cannot work in this account"
        }
        UnknownCause::AccessDenied => {
            "next: check the role and the credentials of the gate's function, which needs `health:DescribeEvents` on `*`; then retry this stage"
        }
        UnknownCause::Throttled | UnknownCause::Unavailable | UnknownCause::TimedOut => {
            "next: stage-retry goes on with this stage once AWS Health can be read and is clear; a retry by hand reads it again"
        }
        UnknownCause::TooManyPages => {
            "next: look at AWS Health yourself; if the action's UserParameters name many regions, name fewer and release the change again"
        }
    };
    lines([
        format!("{} {}", Marker::Unknown, cause(unread)),
        next.to_owned(),
    ])
}

fn cause(unread: &Unread) -> String {
    if unread.detail.is_empty() {
        unread.cause.to_string()
    } else {
        format!("{}: {}", unread.cause, unread.detail)
    }
}

fn lines(texts: impl IntoIterator<Item = String>) -> String {
    texts.into_iter().map(line).collect::<Vec<_>>().join("\n")
}

/// One line: what comes from elsewhere may hold line breaks, which would forge lines of ours.
fn line(text: String) -> String {
    cut(text.replace(breaks_lines, " "), LINE_BYTES)
}

/// Control characters, Unicode's line separators, and the marks that turn the direction of what follows.
fn breaks_lines(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
