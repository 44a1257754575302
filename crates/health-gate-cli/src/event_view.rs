//! An event of AWS Health as the command shows it.

use std::io::Write;

use anyhow::Result;
use health_gate::{
    Event, EventCategory, EventScope, EventStatus, Incident, hours_and_minutes, one_line, rfc3339,
};
use serde::Serialize;
use time::UtcDateTime;

use crate::output::clock;

/// An event, with the names and times of the AWS CLI.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventView {
    arn: String,
    service: Option<String>,
    event_type_code: Option<String>,
    event_type_category: Option<EventCategory>,
    event_scope_code: Option<EventScope>,
    region: Option<String>,
    status_code: Option<&'static str>,
    start_time: Option<String>,
    end_time: Option<String>,
    last_updated_time: Option<String>,
    link: Option<String>,
}

impl From<&Event> for EventView {
    fn from(event: &Event) -> Self {
        Self {
            arn: event.arn.clone(),
            service: event.service.clone(),
            event_type_code: event.type_code.clone(),
            event_type_category: event.category,
            event_scope_code: event.scope,
            region: event.region.clone(),
            status_code: event.status.map(status),
            start_time: event.start_time.map(rfc3339),
            end_time: event.end_time.map(rfc3339),
            last_updated_time: event.last_updated_time.map(rfc3339),
            link: event.link(),
        }
    }
}

/// The word for a status.
pub(crate) fn status(status: EventStatus) -> &'static str {
    match status {
        EventStatus::Open => "open",
        EventStatus::Closed => "closed",
        EventStatus::Upcoming => "upcoming",
        EventStatus::Other => "other",
    }
}

/// What an event is called: service, type, region.
pub(crate) fn name(event: &Event) -> String {
    let parts = [&event.service, &event.type_code, &event.region];
    let parts = parts.into_iter().flatten().map(|part| one_line(part));
    parts.collect::<Vec<_>>().join(" ")
}

/// An incident, in two or three lines.
pub(crate) fn print_incident(
    out: &mut impl Write,
    incident: &Incident,
    now: UtcDateTime,
) -> Result<()> {
    let event = &incident.event;
    writeln!(out, "  {}", name(event))?;
    let mut times = Vec::new();
    if let Some(start) = event.start_time {
        times.push(format!(
            "since {} ({})",
            clock(start, now),
            hours_and_minutes(now - start)
        ));
    }
    if let Some(updated) = event.last_updated_time {
        times.push(format!("updated {}", clock(updated, now)));
    }
    if let Some(closed) = incident.closed {
        times.push(match closed {
            Some(at) => format!(
                "closed {} ago, which is in the quiet period",
                hours_and_minutes(now - at)
            ),
            None => "closed, it is not known when, which may be in the quiet period".to_owned(),
        });
    }
    if !times.is_empty() {
        writeln!(out, "    {}", times.join(", "))?;
    }
    Ok(writeln!(
        out,
        "    {}",
        one_line(&event.link().unwrap_or_else(|| event.arn.clone()))
    )?)
}
