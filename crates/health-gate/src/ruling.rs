//! What one event means to a policy, and by which of its rules.

use std::collections::BTreeSet;

use time::UtcDateTime;

use crate::event::{Event, Phase};
use crate::policy::{Filter, Policy};
use crate::reading::Reading;

/// What an event means to a policy at some time, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ruling {
    /// It is going on: it stands in the way.
    Open,
    /// It is over, since then if that is known, but the quiet period is not: it stands in the way.
    JustClosed(Option<UtcDateTime>),
    /// It is open, and AWS has not updated it for `staleAfter`: it is reported.
    Stale,
    /// It is over, since then if that is known.
    Closed(Option<UtcDateTime>),
    /// It has not begun.
    NotBegun,
    /// It does not pass this filter, the first of those.
    Excluded(Filter),
}

impl Ruling {
    /// Judges an event at `now`.
    pub fn of(policy: &Policy, event: &Event, now: UtcDateTime) -> Self {
        if let Some(filter) = policy.exclusions(event).next() {
            return Self::Excluded(filter);
        }
        match event.phase(now) {
            Phase::Open => {
                let is_stale = |updated| now - updated >= policy.stale_after.duration();
                if event.last_updated_time.is_some_and(is_stale) {
                    Self::Stale
                } else {
                    Self::Open
                }
            }
            // An end at an unknown time may have been just now.
            Phase::Closed(at)
                if at.is_none_or(|at| now - at < policy.quiet_period.duration())
                    && !policy.quiet_period.is_zero() =>
            {
                Self::JustClosed(at)
            }
            Phase::Closed(at) => Self::Closed(at),
            Phase::NotBegun => Self::NotBegun,
        }
    }

    /// Judges all events of a reading, each once, the most recently updated first.
    pub fn of_all(policy: &Policy, reading: &Reading, now: UtcDateTime) -> Vec<(Self, Event)> {
        let events = reading.events.iter().cloned();
        each_once(
            events
                .map(|event| (Self::of(policy, &event, now), event))
                .collect(),
        )
    }

    /// Whether the event stands in the way.
    pub fn counts(self) -> bool {
        matches!(self, Self::Open | Self::JustClosed(_))
    }
}

/// Newest first, then by ARN. Pages may shift while they are read, so that an event comes twice: the worst copy counts.
pub(crate) fn each_once(mut events: Vec<(Ruling, Event)>) -> Vec<(Ruling, Event)> {
    events.sort_by(|(ruling_a, a), (ruling_b, b)| {
        ruling_a
            .cmp(ruling_b)
            .then_with(|| b.last_seen().cmp(&a.last_seen()))
            .then_with(|| a.arn.cmp(&b.arn))
    });
    let mut known = BTreeSet::new();
    // Without an ARN two events cannot be told to be the same one.
    events.retain(|(_, event)| event.arn.is_empty() || known.insert(event.arn.clone()));
    events.sort_by(|(_, a), (_, b)| {
        b.last_seen()
            .cmp(&a.last_seen())
            .then_with(|| a.arn.cmp(&b.arn))
    });
    events
}
