//! For how long an event stood in the way, if it counts.

use serde::Serialize;
use time::{Duration, UtcDateTime};

use super::Window;
use super::interval::Interval;
use crate::event::{Event, Phase};

/// How an event ceased to stand in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum EventEnd {
    /// It was over.
    Closed,
    /// It was over at a time that AWS does not say: it counts to the end of the window.
    Unknown,
    /// AWS had not updated it for `staleAfter`, and has left it open.
    Stale,
    /// It has not: it is still open at the end of the window.
    Open,
}

/// An event that has begun.
#[derive(Debug, Clone, Copy)]
pub(super) struct Episode<'e> {
    pub(super) event: &'e Event,
    pub(super) end: EventEnd,
    from: UtcDateTime,
    /// Since when it is over or stale.
    since: Option<UtcDateTime>,
}

impl<'e> Episode<'e> {
    /// `None` for an event that has not begun. It began at its start, or when AWS last wrote to it, or before the window,
    /// whichever is known first.
    pub(super) fn of(event: &'e Event, stale_after: Duration, window: Window) -> Option<Self> {
        let begun = event.start_time.or(event.last_updated_time);
        let from = begun.map_or(window.from, UtcDateTime::truncate_to_second);
        let (end, since) = match event.phase(window.until) {
            Phase::NotBegun => return None,
            Phase::Closed(None) => (EventEnd::Unknown, None),
            Phase::Closed(at) => (EventEnd::Closed, at),
            Phase::Open => {
                let stale = event
                    .last_updated_time
                    .and_then(|updated| updated.checked_add(stale_after))
                    .filter(|stale| *stale <= window.until);
                let end = stale.map_or(EventEnd::Open, |_| EventEnd::Stale);
                (end, stale)
            }
        };
        Some(Self {
            event,
            end,
            from,
            since: since.map(UtcDateTime::truncate_to_second),
        })
    }

    /// What of it lies in the window, with a quiet period after its end. What is stale has none, as in the gate.
    pub(super) fn interval(&self, quiet: Duration, window: Window) -> Option<Interval> {
        let until = match (self.end, self.since) {
            (EventEnd::Closed, Some(at)) => at.saturating_add(quiet),
            (EventEnd::Stale, Some(at)) => at,
            (EventEnd::Unknown | EventEnd::Open, _) | (_, None) => window.until,
        };
        Interval::within(window, self.from, until)
    }

    /// The same without `staleAfter`.
    pub(super) fn if_never_stale(&self, quiet: Duration, window: Window) -> Option<Interval> {
        match self.end {
            EventEnd::Stale => Interval::within(window, self.from, window.until),
            EventEnd::Closed | EventEnd::Unknown | EventEnd::Open => self.interval(quiet, window),
        }
    }
}
