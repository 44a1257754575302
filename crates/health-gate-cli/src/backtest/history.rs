//! Events from a file: what `aws health describe-events` prints, or what the API answers. An event that lacks something is kept as it is.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use health_gate::{Event, EventCategory, EventScope, EventStatus};
use serde_json::Value;
use time::UtcDateTime;

use crate::input;
use crate::times::instant;

/// Reads the events of a file.
///
/// # Errors
/// If it is not the output of DescribeEvents: where, and what is accepted.
pub(super) fn read(file: &Path) -> Result<Vec<Event>> {
    let shown = file.display();
    let text = input::text(&shown.to_string(), "events")?;
    parse(&text)
        .with_context(|| format!("{shown} is not the output of `aws health describe-events`"))
}

/// Reads the events of a text.
///
/// # Errors
/// If it is not the output of DescribeEvents: where, and what is accepted.
pub(crate) fn parse(text: &str) -> Result<Vec<Event>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document: Value = serde_json::from_str(text)?;
    // With or without the answer around the list.
    let events = match &document {
        Value::Object(answer) => answer.get("events"),
        Value::Array(_) => Some(&document),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    };
    let is_cut = ["nextToken", "NextToken"];
    if is_cut.iter().any(|name| document.get(name).is_some()) {
        // Nobody reads it: the numbers are there all the same.
        let _ = writeln!(
            std::io::stderr(),
            "warning: the file has a `nextToken`: it is not all that AWS Health has, unless the next page is in another file"
        );
    }
    let events = events
        .and_then(Value::as_array)
        .ok_or_else(|| anyhow!("it has no list `events`"))?;
    let read = events
        .iter()
        .enumerate()
        .map(|(place, value)| event(value).with_context(|| format!("events[{place}]")));
    read.collect()
}

fn event(value: &Value) -> Result<Event> {
    let Value::Object(members) = value else {
        bail!("an event is an object")
    };
    let text = |name: &str| -> Result<Option<String>> {
        match members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => bail!("`{name}` is {other}; accepted: a text"),
        }
    };
    let time = |name: &str| -> Result<Option<UtcDateTime>> {
        let Some(value) = members.get(name).filter(|value| !value.is_null()) else {
            return Ok(None);
        };
        let time = match value {
            Value::String(text) => instant(text),
            // The API's own form: seconds since 1970.
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => value.as_f64().and_then(|seconds| {
                let millis = (seconds * 1_000.0).round() as i128;
                let nanos = millis.checked_mul(1_000_000)?;
                UtcDateTime::from_unix_timestamp_nanos(nanos).ok()
            }),
        };
        let accepted = "accepted: a time like 2026-11-23T08:20:00Z, or seconds since 1970";
        time.map(Some)
            .ok_or_else(|| anyhow!("`{name}` is {value}; {accepted}"))
    };
    Ok(Event {
        arn: text("arn")?.unwrap_or_default(),
        service: text("service")?,
        type_code: text("eventTypeCode")?,
        category: text("eventTypeCategory")?.map(|word| match word.as_str() {
            "issue" => EventCategory::Issue,
            "scheduledChange" => EventCategory::ScheduledChange,
            "accountNotification" => EventCategory::AccountNotification,
            _ => EventCategory::Other,
        }),
        region: text("region")?,
        status: text("statusCode")?.map(|word| match word.as_str() {
            "open" => EventStatus::Open,
            "closed" => EventStatus::Closed,
            "upcoming" => EventStatus::Upcoming,
            _ => EventStatus::Other,
        }),
        scope: text("eventScopeCode")?.map(|word| match word.as_str() {
            "PUBLIC" => EventScope::Public,
            "ACCOUNT_SPECIFIC" => EventScope::AccountSpecific,
            "NONE" => EventScope::None,
            _ => EventScope::Other,
        }),
        start_time: time("startTime")?,
        end_time: time("endTime")?,
        last_updated_time: time("lastUpdatedTime")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::utc_datetime;

    const AT: UtcDateTime = utc_datetime!(2026-05-04 06:02:00);

    #[test]
    fn events_are_read_as_the_cli_and_the_api_write_them() {
        for text in [
            r#"{"events": [{"arn": "a", "service": "EC2", "startTime": "2026-05-04T06:02:00+00:00", "statusCode": "open"}]}"#,
            r#"[{"arn": "a", "service": "EC2", "startTime": 1777874520.0, "statusCode": "open", "endTime": null}]"#,
        ] {
            let events = parse(text).expect(text);
            assert_eq!(events.len(), 1);
            assert_eq!(events[0].start_time, Some(AT), "{text}");
            assert_eq!(events[0].status, Some(EventStatus::Open));
            assert_eq!(events[0].end_time, None);
        }
    }

    #[test]
    fn what_is_no_event_is_refused_with_its_place() {
        for (text, said) in [
            ("", "EOF"),
            ("{}", "it has no list `events`"),
            ("3", "it has no list `events`"),
            (r#"{"events": [7]}"#, "events[0]: an event is an object"),
            (
                r#"{"events": [{}, {"startTime": "soon"}]}"#,
                "events[1]: `startTime` is \"soon\"; accepted: a time",
            ),
            (
                r#"{"events": [{"startTime": 1e300}]}"#,
                "events[0]: `startTime` is 1e+300; accepted: a time",
            ),
            (
                r#"{"events": [{"arn": 1}]}"#,
                "events[0]: `arn` is 1; accepted: a text",
            ),
        ] {
            let error = format!("{:#}", parse(text).expect_err(text));
            assert!(error.contains(said), "{error}");
        }
    }
}
