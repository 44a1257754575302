//! What stood in the way, by what its events have in common.

use std::collections::BTreeMap;

use serde::Serialize;
use time::Duration;

use super::episode::Episode;
use super::interval::{Interval, union_length};
use super::json;
use crate::event::Event;

/// The events of one service, or of one region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// AWS Health's code of the service, or the region. `None` if AWS Health left it out.
    pub name: Option<String>,
    /// How many of its events stood in the way.
    pub events: usize,
    /// For how long at least one of them did.
    #[serde(rename = "blockedSeconds", serialize_with = "json::seconds")]
    pub blocked: Duration,
}

impl Group {
    pub(super) fn all(
        blocking: &[(Interval, Episode<'_>)],
        name: impl Fn(&Event) -> Option<&String>,
    ) -> Vec<Self> {
        let mut intervals: BTreeMap<Option<&String>, Vec<Interval>> = BTreeMap::new();
        for (interval, episode) in blocking {
            let group = intervals.entry(name(episode.event)).or_default();
            group.push(*interval);
        }
        let groups = intervals.into_iter().map(|(name, intervals)| Self {
            name: name.cloned(),
            events: intervals.len(),
            blocked: union_length(intervals),
        });
        let mut groups: Vec<Self> = groups.collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.blocked));
        groups
    }
}
