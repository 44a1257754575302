//! What a reading of AWS Health means under a policy. This is the only place that interprets a reading, so
//! that "could not read" is never taken for "nothing found".

use time::UtcDateTime;

use crate::event::Event;
use crate::policy::Policy;
use crate::reading::{Reading, Unread};
use crate::ruling::{Ruling, each_once};

/// The first column of the decision table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// AWS Health was read completely and nothing that matches stands in the way.
    Clear,
    /// Something that matches is open, or closed too recently.
    Incident(Incidents),
    /// AWS Health was not read completely, and what was read holds nothing that matches.
    Unknown(Unread),
}

/// An event that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// The event.
    pub event: Event,
    /// It is over, and since when if that is known, but the quiet period is not. `None`: it is open.
    pub closed: Option<Option<UtcDateTime>>,
}

/// The events that stand in the way, at least one, each once, the most recently updated first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incidents {
    list: Vec<Incident>,
    unread: Option<Unread>,
}

impl Incidents {
    /// The events in the order in which people want to read them. Never empty.
    pub fn list(&self) -> &[Incident] {
        &self.list
    }

    /// Why there may be more than these.
    pub fn unread(&self) -> Option<&Unread> {
        self.unread.as_ref()
    }

    /// The event that began first: what reports about the same incident have in common, while others come and go.
    pub fn first(&self) -> Option<&Event> {
        let events = self.list.iter().map(|incident| &incident.event);
        events.min_by(|a, b| {
            // Without a beginning it came last, for all that is known.
            let begun = |event: &Event| (event.start_time.is_none(), event.start_time);
            begun(a).cmp(&begun(b)).then_with(|| a.arn.cmp(&b.arn))
        })
    }
}

/// A reading, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// What decides.
    pub finding: Finding,
    /// Matching open events that AWS has not updated for so long that they do not block. Reported all the same.
    pub stale: Vec<Event>,
    /// How many of the events that were read match the policy, whatever their status.
    pub matched: usize,
}

impl Assessment {
    /// Judges a reading. Neither the order of the events nor how they came in pages changes the outcome.
    pub fn of(policy: &Policy, reading: &Reading, now: UtcDateTime) -> Self {
        let mut incidents = Vec::new();
        let mut stale = Vec::new();
        let ruled = reading.events.iter().cloned();
        let ruled = ruled.map(|event| (Ruling::of(policy, &event, now), event));
        let matching = ruled.filter(|(ruling, _)| !matches!(ruling, Ruling::Excluded(_)));
        let matching = each_once(matching.collect());
        let matched = matching.len();
        for (ruling, event) in matching {
            match ruling {
                Ruling::Open => incidents.push(Incident {
                    event,
                    closed: None,
                }),
                Ruling::JustClosed(at) => incidents.push(Incident {
                    event,
                    closed: Some(at),
                }),
                Ruling::Stale => stale.push(event),
                Ruling::Closed(_) | Ruling::NotBegun | Ruling::Excluded(_) => {}
            }
        }
        let finding = match (incidents.is_empty(), &reading.unread) {
            (false, unread) => Finding::Incident(Incidents {
                list: incidents,
                unread: unread.clone(),
            }),
            (true, Some(unread)) => Finding::Unknown(unread.clone()),
            (true, None) => Finding::Clear,
        };
        Self {
            finding,
            stale,
            matched,
        }
    }
}

#[cfg(test)]
mod tests;
