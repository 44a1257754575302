//! AWS Health: events, the operation that lists them, and what EventBridge is told of them.

mod describe_events;
mod event;
mod eventbridge;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::timestamp::Timestamp;
pub use event::Event;

/// The regions in which the service runs (user guide, "Accessing the AWS Health API").
pub(crate) const REGIONS: [&str; 2] = ["us-east-1", "us-east-2"];

/// The state of AWS Health.
#[derive(Debug)]
pub struct Health {
    /// The region of the active endpoint. The other one is passive, and behind.
    pub active: String,
    /// How far behind the passive endpoint is.
    pub replication_lag: Duration,
    /// In how many messages EventBridge gets an event, by its ARN; in one, if it is not here.
    pages: BTreeMap<String, u32>,
    /// Every version of each event, by its ARN, oldest first.
    events: BTreeMap<String, Vec<Event>>,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            active: REGIONS[0].to_owned(),
            replication_lag: Duration::ZERO,
            pages: BTreeMap::new(),
            events: BTreeMap::new(),
        }
    }
}

impl Health {
    /// Writes an event, or a new version of the one with the same ARN. EventBridge is not told:
    /// [`Sandbox::open_event`](crate::Sandbox::open_event) tells it.
    pub fn put_event(&mut self, event: Event) {
        self.events
            .entry(event.arn.clone())
            .or_default()
            .push(event);
    }

    /// Closes an event. One that does not exist stays so. EventBridge is not told:
    /// [`Sandbox::close_event`](crate::Sandbox::close_event) tells it.
    pub fn close_event(&mut self, now: Timestamp, arn: &str) {
        let Some(mut event) = self.event(arn).cloned() else {
            return;
        };
        "closed".clone_into(&mut event.status_code);
        event.end_time = Some(now);
        event.last_updated_time = now;
        self.put_event(event);
    }

    /// An event as it is now.
    pub fn event(&self, arn: &str) -> Option<&Event> {
        self.events.get(arn)?.last()
    }

    /// EventBridge gets this event in so many messages (user guide, "Pagination of AWS Health events on EventBridge").
    pub fn split_event(&mut self, arn: &str, pages: u32) {
        self.pages.insert(arn.to_owned(), pages);
    }

    /// What an endpoint shows of each event: the passive one what was written before its lag.
    fn shown(&self, region: &str, now: Timestamp) -> impl Iterator<Item = &Event> {
        let lag = if region == self.active {
            Duration::ZERO
        } else {
            self.replication_lag
        };
        let is_there = move |event: &&Event| lag.is_zero() || event.last_updated_time + lag <= now;
        self.events
            .values()
            .filter_map(move |versions| versions.iter().rev().find(is_there))
    }
}
