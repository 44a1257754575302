//! What a quiet period would have come to.

use serde::Serialize;
use time::Duration;

use super::Window;
use super::episode::Episode;
use super::interval::{length, union};
use super::json;

/// Those that are worth a look, beside the policy's own.
const CANDIDATES: [Duration; 6] = [
    Duration::ZERO,
    Duration::minutes(5),
    Duration::minutes(10),
    Duration::minutes(30),
    Duration::hours(1),
    Duration::hours(2),
];

/// What the policy would have done with this `quietPeriod`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QuietPeriod {
    /// How long nothing may have closed.
    #[serde(rename = "quietPeriodSeconds", serialize_with = "json::seconds")]
    pub length: Duration,
    /// It is the policy's own.
    pub own: bool,
    /// For how long there would have been no way through.
    #[serde(rename = "blockedSeconds", serialize_with = "json::seconds")]
    pub blocked: Duration,
    /// How many times.
    pub spans: usize,
}

impl QuietPeriod {
    pub(super) fn all(own: Duration, matching: &[Episode<'_>], window: Window) -> Vec<Self> {
        let mut lengths: Vec<Duration> = CANDIDATES.into_iter().chain([own]).collect();
        lengths.sort_unstable();
        lengths.dedup();
        let judged = lengths.into_iter().map(|quiet| {
            let episodes = matching.iter();
            let spans = union(episodes.filter_map(|episode| episode.interval(quiet, window)));
            Self {
                length: quiet,
                own: quiet == own,
                blocked: length(&spans),
                spans: spans.len(),
            }
        });
        judged.collect()
    }
}
