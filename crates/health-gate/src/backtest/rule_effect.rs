//! What a rule of the policy has changed: which events would have stood in the way without it, and for how much longer.

use serde::Serialize;
use serde_json::Value;
use time::Duration;

use super::Window;
use super::episode::{Episode, EventEnd};
use super::interval::{Interval, union_length};
use super::json;
use crate::policy::{Filter, Policy};

/// What a filter of the policy, or its `staleAfter`, has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleEffect {
    /// The policy's key.
    pub key: &'static str,
    /// What the policy says there. `None`: nothing.
    pub value: Option<Value>,
    /// How many events it has kept from standing in the way, alone or as one of several rules.
    pub events: usize,
    /// How many of them no other rule has: they would have stood in the way without it.
    pub only_by_it: usize,
    /// For how much longer there would have been no way through without it.
    #[serde(rename = "savedSeconds", serialize_with = "json::seconds")]
    pub saved: Duration,
}

/// An event that would have stood in the way at some time, but for filters.
pub(super) struct Excluded {
    pub(super) interval: Interval,
    /// At least one.
    pub(super) by: Vec<Filter>,
}

impl RuleEffect {
    /// Of each filter that the policy sets, and of `staleAfter`.
    pub(super) fn all(
        policy: &Policy,
        blocking: &[Interval],
        excluded: &[Excluded],
        matching: &[Episode<'_>],
        window: Window,
    ) -> Vec<Self> {
        let document = serde_json::to_value(policy).unwrap_or_default();
        let value = |key: &str| document.get(key).cloned();
        let blocked = union_length(blocking.iter().copied());
        // Without the rule these would have stood in the way too.
        let saved = |more: &[Interval]| {
            union_length(blocking.iter().chain(more).copied()).saturating_sub(blocked)
        };
        let filters = Filter::ALL.into_iter().map(|filter| {
            let by_it = excluded.iter().filter(|event| event.by.contains(&filter));
            let only_by_it = excluded.iter().filter(|event| event.by == [filter]);
            let intervals: Vec<Interval> = only_by_it.map(|event| event.interval).collect();
            Self {
                key: filter.key(),
                value: value(filter.key()),
                events: by_it.count(),
                only_by_it: intervals.len(),
                saved: saved(&intervals),
            }
        });
        // One that is not set keeps nothing out.
        let filters = filters.filter(|effect| effect.value.is_some());

        let quiet = policy.quiet_period.duration();
        let stale = matching
            .iter()
            .filter(|episode| episode.end == EventEnd::Stale);
        let stale = stale.filter_map(|episode| episode.if_never_stale(quiet, window));
        let stale: Vec<Interval> = stale.collect();
        let stale_after = Self {
            key: "staleAfter",
            value: value("staleAfter"),
            events: stale.len(),
            only_by_it: stale.len(),
            saved: saved(&stale),
        };
        filters.chain([stale_after]).collect()
    }
}
