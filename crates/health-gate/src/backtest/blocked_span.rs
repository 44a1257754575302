//! A time without a way through.

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};
use time::{Duration, UtcDateTime};

use super::episode::Episode;
use super::interval::Interval;
use crate::instant::rfc3339;

/// A time in which there was always an event that stood in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockedSpan {
    /// Its first second.
    pub from: UtcDateTime,
    /// The second after its last one.
    pub until: UtcDateTime,
    /// The ARNs of the events that make it, one an event, in the order in which these began. Empty where AWS Health left it out.
    pub arns: Vec<String>,
}

impl BlockedSpan {
    /// How long it is.
    pub fn length(&self) -> Duration {
        self.until - self.from
    }

    /// From events that are sorted by their intervals.
    pub(super) fn of(blocking: &[(Interval, Episode<'_>)]) -> Vec<Self> {
        let mut spans: Vec<Self> = Vec::new();
        for (interval, episode) in blocking {
            let arn = episode.event.arn.clone();
            match spans.last_mut() {
                Some(last) if interval.from <= last.until => {
                    last.until = last.until.max(interval.until);
                    last.arns.push(arn);
                }
                _ => spans.push(Self {
                    from: interval.from,
                    until: interval.until,
                    arns: vec![arn],
                }),
            }
        }
        spans
    }
}

impl Serialize for BlockedSpan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut span = serializer.serialize_struct("BlockedSpan", 4)?;
        span.serialize_field("from", &rfc3339(self.from))?;
        span.serialize_field("until", &rfc3339(self.until))?;
        span.serialize_field("seconds", &self.length().whole_seconds())?;
        span.serialize_field("arns", &self.arns)?;
        span.end()
    }
}
