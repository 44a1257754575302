//! What a message on the topic of signals says. Only what decides where to look is read, in either of CodePipeline's shapes:
//! EventBridge's, and the one of notification rules, which says `detailType` (CodePipeline user guide, "Monitoring CodePipeline
//! events"). AWS Health's shape is that of its user guide, "AWS Health events EventBridge schema".

use health_gate::{Event, EventStatus, Phase, Region, Signal, shown};
use serde_json::Value;
use time::format_description::well_known::Rfc2822;
use time::{OffsetDateTime, UtcDateTime};

/// Reads a message on a topic of `account` for a function in `region`. Nothing is believed of it but where to look: the
/// pipelines themselves say what to do.
pub(crate) fn signal(message: &str, account: &str, region: &Region, now: UtcDateTime) -> Signal {
    let Ok(message) = serde_json::from_str(message) else {
        return ignored("the message is not JSON");
    };
    let message = Message(message);
    let source = message.text("/source");
    let kind = message
        .text("/detail-type")
        .or_else(|| message.text("/detailType"));
    let (source, kind) = (source.unwrap_or_default(), kind.unwrap_or_default());
    if (source, kind) == ("health-gate", "Sweep") {
        return Signal::Sweep;
    }
    let read: fn(&Message, UtcDateTime) -> Signal = match (source, kind) {
        (
            "aws.codepipeline",
            "CodePipeline Action Execution State Change"
            | "CodePipeline Stage Execution State Change"
            | "CodePipeline Pipeline Execution State Change",
        ) => Message::failure,
        ("aws.health", "AWS Health Event") => Message::health_event,
        _ => {
            return ignored(format!(
                "no known kind of message: source {}, detail-type {}",
                shown(source),
                shown(kind)
            ));
        }
    };
    let from = ["/account", "/region"].map(|place| message.text(place).unwrap_or_default());
    if from != [account, region.as_str()] {
        let [account, region] = from;
        return ignored(format!(
            "it is of another account or region: {}, {}",
            shown(account),
            shown(region)
        ));
    }
    read(&message, now)
}

struct Message(Value);

impl Message {
    fn text(&self, place: &str) -> Option<&str> {
        self.0.pointer(place)?.as_str()
    }

    /// A number or a truth, which AWS writes as such or as a text: `4`, `4.0`, `"4"`; `true`, `"true"`.
    fn is(&self, place: &str, text: &str) -> Option<bool> {
        Some(
            match self.0.pointer(place).filter(|found| !found.is_null())? {
                Value::String(found) => found.eq_ignore_ascii_case(text),
                Value::Bool(found) => found.to_string() == text,
                Value::Number(found) => found.as_f64() == text.parse().ok(),
                Value::Null | Value::Array(_) | Value::Object(_) => false,
            },
        )
    }

    fn failure(&self, _: UtcDateTime) -> Signal {
        let state = self.text("/detail/state").unwrap_or_default();
        if state != "FAILED" {
            return ignored(format!("nothing has failed, the state is {}", shown(state)));
        }
        let text = |place: &str| {
            self.text(place)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        match text("/detail/pipeline") {
            Some(pipeline) if !is_pipeline_name(&pipeline) => ignored(format!(
                "no pipeline can have the name {}",
                shown(&pipeline)
            )),
            Some(pipeline) => Signal::Failure {
                pipeline,
                execution: text("/detail/execution-id"),
            },
            None => ignored("the event names no pipeline"),
        }
    }

    fn health_event(&self, now: UtcDateTime) -> Signal {
        let arn = self.text("/detail/eventArn");
        if self.is("/detail/backupEvent", "true") == Some(true) {
            return ignored("it is the backup copy of an event of AWS Health");
        }
        if self.is("/detail/page", "1") == Some(false) {
            return ignored("it is a further page of an event of AWS Health");
        }
        let mut event = Event::new(arn.unwrap_or_default(), "", "");
        event.status = match self.text("/detail/statusCode") {
            Some("closed") => Some(EventStatus::Closed),
            Some("upcoming") => Some(EventStatus::Upcoming),
            Some("open") | None => Some(EventStatus::Open),
            Some(_) => Some(EventStatus::Other),
        };
        event.end_time = self.text("/detail/endTime").and_then(instant);
        match event.phase(now) {
            Phase::Closed(_) => Signal::IncidentClosed {
                event: arn.map(str::to_owned),
            },
            Phase::Open | Phase::NotBegun => ignored("the event of AWS Health is not closed"),
        }
    }
}

/// Whether a pipeline can have this name (CodePipeline API reference, `PipelineDeclaration`).
fn is_pipeline_name(name: &str) -> bool {
    name.len() <= 100
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".@-_".contains(c))
}

fn ignored(why: impl Into<String>) -> Signal {
    Signal::Ignored { why: why.into() }
}

/// `Mon, 4 May 2026 09:01:22 GMT`, as AWS Health writes times in its events.
fn instant(text: &str) -> Option<UtcDateTime> {
    OffsetDateTime::parse(text, &Rfc2822).ok()?.checked_to_utc()
}

#[cfg(test)]
mod tests;
