//! What a reading of AWS Health means under a policy. This is the only place that interprets a reading, so
//! that "could not read" is never taken for "nothing found".

use time::UtcDateTime;

use crate::event::Event;
use crate::policy::Policy;
use crate::reading::{Reading, Unread};
use crate::user_parameters::PolicyError;

/// The first column of the decision table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// AWS Health was read completely and nothing that matches is open.
    Clear,
    /// Something that matches is open.
    Incident(Incidents),
    /// AWS Health was not read completely, and what was read holds nothing that matches.
    Unknown(Unread),
    /// There is no policy to judge a reading by.
    Invalid(PolicyError),
}

/// The matching open events, at least one, each once, the most recently updated first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incidents {
    events: Vec<Event>,
    unread: Option<Unread>,
}

impl Incidents {
    /// The events in the order in which people want to read them. Never empty.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Why there may be more than these.
    pub fn unread(&self) -> Option<&Unread> {
        self.unread.as_ref()
    }
}

impl Finding {
    /// Judges a reading. Neither the order of the events nor how they came in pages changes the outcome.
    pub fn of(policy: &Policy, reading: &Reading, now: UtcDateTime) -> Self {
        let unread = match reading {
            Reading::Known(_) => None,
            Reading::Unknown { unread, .. } => Some(unread),
        };
        let mut open: Vec<Event> = reading
            .events()
            .iter()
            .filter(|event| policy.matches(event) && event.is_open(now))
            .cloned()
            .collect();
        // Newest first; then by ARN, and a copy of an event (a page that shifted while it was read) next to it.
        open.sort_by(|a, b| {
            b.last_seen()
                .cmp(&a.last_seen())
                .then_with(|| a.arn.cmp(&b.arn))
        });
        let mut known = std::collections::BTreeSet::new();
        // Without an ARN two events cannot be told to be the same one.
        open.retain(|event| event.arn.is_empty() || known.insert(event.arn.clone()));

        match (open.is_empty(), unread) {
            (false, unread) => Self::Incident(Incidents {
                events: open,
                unread: unread.cloned(),
            }),
            (true, Some(unread)) => Self::Unknown(unread.clone()),
            (true, None) => Self::Clear,
        }
    }
}
