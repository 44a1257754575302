//! What is true in a world, as whoever makes it knows it: which incident blocked which policy when, who let which pipeline
//! go on, which stage was frozen. Nothing here has read an answer of anybody.

use std::collections::{BTreeMap, BTreeSet};

use aws_sandbox::Timestamp;

use crate::plan::{Incident, Policy, Version};

/// A span of time, from its beginning on and before its end.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: i64,
    until: i64,
}

/// A version of an incident that was written.
#[derive(Debug, Clone, Copy)]
struct Written {
    at: i64,
    /// At this endpoint: the active one then.
    endpoint: &'static str,
    version: Version,
}

/// What is true.
#[derive(Debug)]
pub(crate) struct Truth {
    lag: i64,
    /// Since when each endpoint of AWS Health has been the active one.
    active: Vec<(i64, &'static str)>,
    incidents: Vec<(Incident, Vec<Written>)>,
    overrides: BTreeMap<&'static str, Vec<Span>>,
    /// By pipeline and stage.
    frozen: BTreeMap<(&'static str, &'static str), Vec<Span>>,
    rollbacks: BTreeSet<String>,
    /// By execution.
    stopped: BTreeMap<String, Vec<Span>>,
}

/// The two endpoints.
pub(crate) const ENDPOINTS: [&str; 2] = ["us-east-1", "us-east-2"];

impl Truth {
    pub(crate) fn new(now: Timestamp, lag: std::time::Duration, incidents: &[Incident]) -> Self {
        Self {
            lag: lag.as_millis() as i64,
            active: vec![(now.as_millis(), ENDPOINTS[0])],
            incidents: incidents
                .iter()
                .map(|incident| (incident.clone(), Vec::new()))
                .collect(),
            overrides: BTreeMap::new(),
            frozen: BTreeMap::new(),
            rollbacks: BTreeSet::new(),
            stopped: BTreeMap::new(),
        }
    }

    // What was done.

    pub(crate) fn fail_over(&mut self, now: Timestamp, endpoint: &'static str) {
        self.active.push((now.as_millis(), endpoint));
    }

    /// The active endpoint.
    pub(crate) fn active(&self, at: Timestamp) -> &'static str {
        self.active_at(at.as_millis())
    }

    pub(crate) fn write(&mut self, now: Timestamp, incident: usize, version: Version) {
        let endpoint = self.active(now);
        let (_, written) = &mut self.incidents[incident];
        written.push(Written {
            at: now.as_millis(),
            endpoint,
            version,
        });
    }

    /// The incidents that are open, or that a policy may still wait for.
    pub(crate) fn unfinished(&self) -> Vec<usize> {
        let is_open = |(_, (_, written)): &(usize, &(Incident, Vec<Written>))| {
            written
                .last()
                .is_some_and(|last| last.version.status != "closed")
        };
        self.incidents
            .iter()
            .enumerate()
            .filter(is_open)
            .map(|(number, _)| number)
            .collect()
    }

    /// A pipeline has an override from now on, or none.
    pub(crate) fn set_override(
        &mut self,
        now: Timestamp,
        pipeline: &'static str,
        until: Option<Timestamp>,
    ) {
        let spans = self.overrides.entry(pipeline).or_default();
        let now = now.as_millis();
        if let Some(last) = spans.last_mut() {
            last.until = last.until.min(now);
        }
        spans.extend(until.map(|until| Span {
            from: now,
            until: until.as_millis(),
        }));
    }

    /// A stage of a pipeline is frozen from now on.
    pub(crate) fn freeze(&mut self, now: Timestamp, stage: (&'static str, &'static str)) {
        let from = now.as_millis();
        let spans = self.frozen.entry(stage).or_default();
        if spans.last().is_none_or(|last| last.until <= from) {
            spans.push(Span {
                from,
                until: i64::MAX,
            });
        }
    }

    pub(crate) fn thaw(&mut self, now: Timestamp, stage: (&'static str, &'static str)) {
        let spans = self.frozen.get_mut(&stage);
        if let Some(last) = spans.and_then(|spans| spans.last_mut()) {
            last.until = last.until.min(now.as_millis());
        }
    }

    pub(crate) fn roll_back(&mut self, execution: String) {
        self.rollbacks.insert(execution);
    }

    /// A person stops an execution.
    pub(crate) fn stop(&mut self, now: Timestamp, execution: String) {
        let span = Span {
            from: now.as_millis(),
            until: i64::MAX,
        };
        self.stopped.entry(execution).or_default().push(span);
    }

    /// A person lets an execution go on.
    pub(crate) fn resume(&mut self, now: Timestamp, execution: &str) {
        for span in self.stopped.get_mut(execution).into_iter().flatten() {
            span.until = span.until.min(now.as_millis());
        }
    }

    // What is true of it.

    pub(crate) fn is_rollback(&self, execution: &str) -> bool {
        self.rollbacks.contains(execution)
    }

    /// Whether an execution was stopped by a person at some time of a window.
    pub(crate) fn was_stopped(&self, execution: &str, from: i64, to: i64) -> bool {
        let mut spans = self.stopped.get(execution).into_iter().flatten();
        spans.any(|span| span.from <= to && from < span.until)
    }

    /// Whether it was stopped all the time of a window.
    pub(crate) fn stayed_stopped(&self, execution: &str, from: i64, to: i64) -> bool {
        let mut spans = self.stopped.get(execution).into_iter().flatten();
        spans.any(|span| span.from <= from && to < span.until)
    }

    /// Whether a stage was frozen at some time of a window.
    pub(crate) fn was_frozen(&self, stage: (&str, &str), from: i64, to: i64) -> bool {
        let mut spans = self.frozen.get(&stage).into_iter().flatten();
        spans.any(|span| span.from <= to && from < span.until)
    }

    /// Whether it was all the time.
    pub(crate) fn stayed_frozen(&self, stage: (&str, &str), from: i64, to: i64) -> bool {
        let mut spans = self.frozen.get(&stage).into_iter().flatten();
        spans.any(|span| span.from <= from && to < span.until)
    }

    /// Whether a pipeline had an override at some time of a window.
    pub(crate) fn was_overridden(&self, pipeline: &str, from: i64, to: i64) -> bool {
        let mut spans = self.overrides.get(pipeline).into_iter().flatten();
        spans.any(|span| span.from <= to && from < span.until)
    }

    /// Whether it had one all the time.
    pub(crate) fn stayed_overridden(&self, pipeline: &str, from: i64, to: i64) -> bool {
        let mut spans = self.overrides.get(pipeline).into_iter().flatten();
        spans.any(|span| span.from <= from && to < span.until)
    }

    /// Whether an endpoint was the active one at some time of a window.
    pub(crate) fn was_active(&self, endpoint: &str, from: i64, to: i64) -> bool {
        self.moments(from, to)
            .into_iter()
            .any(|at| self.active_at(at) == endpoint)
    }

    /// Whether an endpoint was the active one all the time of a window.
    pub(crate) fn stayed_active(&self, endpoint: &str, from: i64, to: i64) -> bool {
        let mut other = ENDPOINTS.iter().filter(|other| **other != endpoint);
        !other.any(|other| self.was_active(other, from, to))
    }

    /// The endpoint that is asked when nothing goes wrong: the active one, if it can be found.
    pub(crate) fn asked(&self, at: i64, finds_the_active_endpoint: bool) -> &'static str {
        if finds_the_active_endpoint {
            self.active_at(at)
        } else {
            ENDPOINTS[0]
        }
    }

    /// The incidents that stood in the way of a policy all the time of a window, by what an endpoint shows.
    pub(crate) fn blocked_throughout(
        &self,
        policy: &Policy,
        endpoint: &str,
        from: i64,
        to: i64,
    ) -> Vec<&Incident> {
        let moments = self.moments(from, to);
        let blocked = self.incidents.iter().filter(|incident| {
            moments
                .iter()
                .all(|at| self.blocks(incident, policy, endpoint, *at))
        });
        blocked.map(|(incident, _)| incident).collect()
    }

    /// The kinds of the incidents that would have stood in the way of a policy all the time of a window, if it counted all kinds.
    pub(crate) fn shown_throughout(&self, policy: &Policy, from: i64, to: i64) -> Vec<usize> {
        let moments = self.moments(from, to);
        let shown = self.incidents.iter().filter(|incident| {
            moments
                .iter()
                .all(|at| self.is_active_in(incident, policy, self.active_at(*at), *at))
        });
        shown.map(|(incident, _)| incident.kind).collect()
    }

    /// Whether an incident stood in the way of a policy at some time of a window, by what one of these endpoints shows.
    pub(crate) fn was_blocked(
        &self,
        policy: &Policy,
        endpoints: &[&str],
        from: i64,
        to: i64,
    ) -> bool {
        self.moments(from, to).into_iter().any(|at| {
            endpoints.iter().any(|endpoint| {
                self.incidents
                    .iter()
                    .any(|incident| self.blocks(incident, policy, endpoint, at))
            })
        })
    }

    /// Whether AWS Health has written anything in a window.
    pub(crate) fn has_written(&self, from: i64, to: i64) -> bool {
        let mut written = self.incidents.iter().flat_map(|(_, written)| written);
        written.any(|written| from < written.at && written.at <= to)
    }

    /// The ends of a window, and the times in it at which something changes.
    fn moments(&self, from: i64, to: i64) -> Vec<i64> {
        let written = self.incidents.iter().flat_map(|(_, written)| written);
        let changes = written.flat_map(|written| [written.at, written.at + self.lag]);
        let failovers = self.active.iter().map(|(at, _)| *at);
        let inside = changes.chain(failovers).filter(|at| from < *at && *at < to);
        [from, to].into_iter().chain(inside).collect()
    }

    fn active_at(&self, at: i64) -> &'static str {
        let since = self.active.iter().rev().find(|(since, _)| *since <= at);
        since.map_or(ENDPOINTS[0], |(_, endpoint)| endpoint)
    }

    /// The label of an event at a time: whether it stands in the way of a policy, by what an endpoint shows of it then.
    fn blocks(
        &self,
        incident: &(Incident, Vec<Written>),
        policy: &Policy,
        endpoint: &str,
        at: i64,
    ) -> bool {
        policy.counts(incident.0.kind) && self.is_active_in(incident, policy, endpoint, at)
    }

    /// Whether an endpoint shows an incident as one that goes on, or has ended within the policy's quiet period.
    fn is_active_in(
        &self,
        (_, written): &(Incident, Vec<Written>),
        policy: &Policy,
        endpoint: &str,
        at: i64,
    ) -> bool {
        let is_shown = |written: &&Written| {
            written.at <= at
                && (endpoint == self.active_at(at)
                    || endpoint == written.endpoint
                    || written.at + self.lag <= at)
        };
        let Some(Written {
            at: updated,
            version,
            ..
        }) = written.iter().rev().find(is_shown)
        else {
            return false;
        };
        let end = version.end.map(|after| updated + after * 1_000);
        let is_over = version.status == "closed" || end.is_some_and(|end| end <= at);
        let closed_at = end.map_or(*updated, |end| end.max(*updated));
        match version.status {
            "upcoming" => false,
            _ if is_over => at - closed_at < policy.millis("quietPeriod"),
            _ => at - updated < policy.millis("staleAfter"),
        }
    }
}
