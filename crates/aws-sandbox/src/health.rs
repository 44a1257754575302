//! AWS Health: events, the operation that lists them, and what EventBridge is told of them.

mod describe_events;
mod event;
mod eventbridge;

use std::collections::{BTreeMap, BTreeSet};
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
    /// The most events of a page, whatever more is asked for: a page may be shorter than that.
    pub longest_page: usize,
    /// In how many messages EventBridge gets an event, by its ARN; in one, if it is not here.
    pages: BTreeMap<String, u32>,
    /// Events that are shown whatever region and status are asked for.
    strays: BTreeSet<String>,
    /// Every version of each event, by its ARN, oldest first, with the endpoint at which it was written: the active one then.
    events: BTreeMap<String, Vec<(String, Event)>>,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            active: REGIONS[0].to_owned(),
            replication_lag: Duration::ZERO,
            longest_page: 100,
            pages: BTreeMap::new(),
            strays: BTreeSet::new(),
            events: BTreeMap::new(),
        }
    }
}

impl Health {
    /// Writes an event, or a new version of the one with the same ARN. EventBridge is not told:
    /// [`Sandbox::open_event`](crate::Sandbox::open_event) tells it.
    pub fn put_event(&mut self, event: Event) {
        let versions = self.events.entry(event.arn.clone()).or_default();
        versions.push((self.active.clone(), event));
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
        self.events.get(arn)?.last().map(|(_, event)| event)
    }

    /// EventBridge gets this event in so many messages (user guide, "Pagination of AWS Health events on EventBridge").
    pub fn split_event(&mut self, arn: &str, pages: u32) {
        self.pages.insert(arn.to_owned(), pages);
    }

    /// This event is shown from now on whatever region and status are asked for: AWS Health has been seen to answer with others.
    pub fn show_always(&mut self, arn: &str) {
        self.strays.insert(arn.to_owned());
    }

    /// What an endpoint shows of each event: the active one everything, the other one what was written at it while it was the
    /// active one, and the rest after the lag.
    fn shown(&self, region: &str, now: Timestamp) -> impl Iterator<Item = &Event> {
        let is_there = move |(written_at, event): &&(String, Event)| {
            region == self.active
                || region == written_at
                || event.last_updated_time + self.replication_lag <= now
        };
        let newest = self.events.values();
        newest
            .filter_map(move |versions| versions.iter().rev().find(is_there))
            .map(|(_, event)| event)
    }
}
