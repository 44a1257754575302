//! An event that stood in the way.

use serde::Serialize;
use time::{Duration, UtcDateTime};

use super::episode::{Episode, EventEnd};
use super::interval::Interval;
use super::json;
use crate::event::EventScope;

/// An event, and when it stood in the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BlockingEvent {
    /// Empty if AWS Health left it out, as is each `None` below.
    pub arn: String,
    /// AWS Health's code of the service.
    pub service: Option<String>,
    /// What kind of event.
    pub type_code: Option<String>,
    /// The region, or `global`.
    pub region: Option<String>,
    /// Whether the event is public or about this account.
    pub scope: Option<EventScope>,
    /// Its first second in the window.
    #[serde(serialize_with = "json::time")]
    pub from: UtcDateTime,
    /// The second after its last one in the window, the policy's quiet period included.
    #[serde(serialize_with = "json::time")]
    pub until: UtcDateTime,
    /// How it ceased to stand in the way.
    pub end: EventEnd,
    /// Where a person reads about it, if that is known.
    pub link: Option<String>,
}

impl BlockingEvent {
    /// For how long it stood in the way.
    pub fn length(&self) -> Duration {
        self.until - self.from
    }

    pub(super) fn of(interval: Interval, episode: &Episode<'_>) -> Self {
        let event = episode.event;
        Self {
            arn: event.arn.clone(),
            service: event.service.clone(),
            type_code: event.type_code.clone(),
            region: event.region.clone(),
            scope: event.scope,
            from: interval.from,
            until: interval.until,
            end: episode.end,
            link: event.link(),
        }
    }
}
