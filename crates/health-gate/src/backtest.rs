//! What a policy would have done: its rules over the events that AWS Health shows of some time past.
//!
//! AWS Health shows what it wrote last about an event, not what it wrote when. An event is therefore taken to have stood
//! in the way from its beginning to its end, and to have been updated often enough in between: `staleAfter` is seen to
//! end only what AWS has left open. Whether anything was deployed meanwhile is not known here, nor what time it is.

mod blocked_span;
mod blocking_event;
mod episode;
mod group;
mod interval;
mod json;
mod quiet_period;
mod rule_effect;
mod words;

use serde::Serialize;
use time::{Duration, UtcDateTime};

pub use blocked_span::BlockedSpan;
pub use blocking_event::BlockingEvent;
pub use episode::EventEnd;
pub use group::Group;
pub use quiet_period::QuietPeriod;
pub use rule_effect::RuleEffect;
pub use words::{grouped, hours_and_minutes};

use crate::event::Event;
use crate::policy::Policy;
use episode::Episode;
use interval::{Interval, union_length};
use rule_effect::Excluded;

/// The time that is looked at, to the second. Empty if it ends before it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Window {
    /// Its first second.
    #[serde(serialize_with = "json::time")]
    pub from: UtcDateTime,
    /// The second after its last one. What AWS Health says is judged as it stood then.
    #[serde(serialize_with = "json::time")]
    pub until: UtcDateTime,
}

impl Window {
    /// So many days before a point in time.
    pub fn of_days(days: u32, until: UtcDateTime) -> Self {
        let from = until.saturating_sub(Duration::days(i64::from(days)));
        Self { from, until }
    }

    /// How long it is.
    pub fn length(&self) -> Duration {
        (self.until - self.from).max(Duration::ZERO)
    }

    fn to_the_second(self) -> Self {
        Self {
            from: self.from.truncate_to_second(),
            until: self.until.truncate_to_second(),
        }
    }
}

/// When a policy would have stopped deployments within a window, and by what. Serialized, a duration is in whole seconds and its
/// key ends in `Seconds`, and a time is in RFC 3339.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Backtest {
    /// What was looked at.
    pub window: Window,
    /// For how long at least one event stood in the way.
    #[serde(rename = "blockedSeconds", serialize_with = "json::seconds")]
    pub blocked: Duration,
    /// The same as a part of the window, from 0 to 1.
    pub blocked_share: f64,
    /// The longest time without a way through.
    #[serde(rename = "longestSeconds", serialize_with = "json::seconds")]
    pub longest: Duration,
    /// When there was no way through, the first one first. They neither overlap nor touch.
    pub spans: Vec<BlockedSpan>,
    /// What stood in the way by service, the longest time first.
    pub services: Vec<Group>,
    /// What stood in the way by region, the longest time first.
    pub regions: Vec<Group>,
    /// What each rule of the policy has changed: the filters in the policy's order, then `staleAfter`.
    pub rules: Vec<RuleEffect>,
    /// What the policy's quiet period and some others come to, the shortest first.
    pub quiet_periods: Vec<QuietPeriod>,
    /// What became of the events.
    pub tally: Tally,
    /// What stood in the way, that which began last first.
    pub events: Vec<BlockingEvent>,
}

/// What became of the events: each is counted as `read` and once more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// Events, each once.
    pub read: usize,
    /// Stood in the way.
    pub blocking: usize,
    /// Did not pass a filter.
    pub excluded: usize,
    /// Open, and not updated for `staleAfter` in all of the window.
    pub stale: usize,
    /// Not begun, or with a status that this version does not know.
    pub not_begun: usize,
    /// Over before the window, or begun after it, or without any length.
    pub outside: usize,
}

impl Backtest {
    /// Judges events of the past by a policy. Of an event that comes several times, the copy that AWS wrote last counts; the
    /// order of the events changes nothing.
    pub fn of(policy: &Policy, events: &[Event], window: Window) -> Self {
        let window = window.to_the_second();
        let quiet = policy.quiet_period.duration();
        let mut tally = Tally::default();
        let mut matching: Vec<Episode<'_>> = Vec::new();
        let mut blocking: Vec<(Interval, Episode<'_>)> = Vec::new();
        let mut excluded: Vec<Excluded> = Vec::new();
        for event in each_once(events) {
            tally.read += 1;
            let Some(episode) = Episode::of(event, policy.stale_after.duration(), window) else {
                tally.not_begun += 1;
                continue;
            };
            let interval = episode.interval(quiet, window);
            let by: Vec<_> = policy.exclusions(event).collect();
            if by.is_empty() {
                matching.push(episode);
            }
            match (by.is_empty(), interval) {
                _ if episode.if_never_stale(quiet, window).is_none() => tally.outside += 1,
                (false, interval) => {
                    tally.excluded += 1;
                    excluded.extend(interval.map(|interval| Excluded { interval, by }));
                }
                (true, None) => tally.stale += 1,
                (true, Some(interval)) => {
                    tally.blocking += 1;
                    blocking.push((interval, episode));
                }
            }
        }
        // The order in which spans list their events: as they begin.
        blocking.sort_by(|(a, first), (b, second)| {
            (a, &first.event.arn)
                .cmp(&(b, &second.event.arn))
                .then_with(|| first.event.cmp(second.event))
        });
        let intervals: Vec<Interval> = blocking.iter().map(|(interval, _)| *interval).collect();
        let blocked = union_length(intervals.iter().copied());
        let spans = BlockedSpan::of(&blocking);
        Self {
            window,
            blocked,
            blocked_share: share(blocked, window.length()),
            longest: spans
                .iter()
                .map(BlockedSpan::length)
                .max()
                .unwrap_or_default(),
            spans,
            services: Group::all(&blocking, |event| event.service.as_ref()),
            regions: Group::all(&blocking, |event| event.region.as_ref()),
            rules: RuleEffect::all(policy, &intervals, &excluded, &matching, window),
            quiet_periods: QuietPeriod::all(quiet, &matching, window),
            tally,
            events: blocking
                .iter()
                .rev()
                .map(|(interval, episode)| BlockingEvent::of(*interval, episode))
                .collect(),
        }
    }

    /// The blocked time of longest length, the first of several.
    pub fn longest_span(&self) -> Option<&BlockedSpan> {
        self.spans.iter().find(|span| span.length() == self.longest)
    }

    /// A length of time as a part of the window, from 0 to 1.
    pub fn share_of_window(&self, length: Duration) -> f64 {
        share(length, self.window.length())
    }

    /// What the policy's own quiet period comes to.
    pub fn own_quiet_period(&self) -> Option<&QuietPeriod> {
        self.quiet_periods.iter().find(|quiet| quiet.own)
    }
}

fn share(part: Duration, whole: Duration) -> f64 {
    if whole.is_zero() {
        0.0
    } else {
        part.as_seconds_f64() / whole.as_seconds_f64()
    }
}

/// Of each event the copy that AWS wrote last; if two were written at once, one that is open. Events without an ARN cannot be
/// told to be the same one.
fn each_once(events: &[Event]) -> Vec<&Event> {
    let mut events: Vec<&Event> = events.iter().collect();
    events.sort_by(|a, b| {
        (&a.arn, b.last_updated_time, a.status)
            .cmp(&(&b.arn, a.last_updated_time, b.status))
            .then_with(|| a.cmp(b))
    });
    events.dedup_by(|later, kept| !kept.arn.is_empty() && later.arn == kept.arn);
    events
}

#[cfg(test)]
mod tests;
