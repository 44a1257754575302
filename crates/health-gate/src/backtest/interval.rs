//! Intervals of time and what they come to together.

use time::{Duration, UtcDateTime};

use super::Window;

/// From a second up to another one, which does not belong to it. Never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Interval {
    pub(super) from: UtcDateTime,
    pub(super) until: UtcDateTime,
}

impl Interval {
    /// What of it lies in a window.
    pub(super) fn within(window: Window, from: UtcDateTime, until: UtcDateTime) -> Option<Self> {
        let (from, until) = (from.max(window.from), until.min(window.until));
        (from < until).then_some(Self { from, until })
    }
}

/// Joins intervals that overlap or touch.
pub(super) fn union(intervals: impl IntoIterator<Item = Interval>) -> Vec<Interval> {
    let mut intervals: Vec<Interval> = intervals.into_iter().collect();
    intervals.sort_unstable();
    let mut union: Vec<Interval> = Vec::new();
    for next in intervals {
        match union.last_mut() {
            Some(last) if next.from <= last.until => last.until = last.until.max(next.until),
            _ => union.push(next),
        }
    }
    union
}

/// For how long there is at least one of the intervals.
pub(super) fn union_length(intervals: impl IntoIterator<Item = Interval>) -> Duration {
    length(&union(intervals))
}

/// For how long there is one of these, none of which overlap.
pub(super) fn length(union: &[Interval]) -> Duration {
    let lengths = union.iter().map(|interval| interval.until - interval.from);
    lengths.sum()
}
