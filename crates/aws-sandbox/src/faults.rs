//! Faults that are switched on for an operation: the stand-in on a bad day.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::time::Duration;

use serde_json::Value;

use crate::service_error::ServiceError;
use crate::timestamp::Timestamp;

/// What goes wrong with a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// The service answers with this error, and does nothing.
    Error(ServiceError),
    /// The service answers with this output, whatever was asked.
    Output(Value),
    /// What answers, with status 200, is not the service.
    Garbage(Garbage),
    /// The call is received and never answered.
    Silence,
    /// There is no connection, for this reason: `connection refused`.
    NoConnection(&'static str),
    /// The call is taken and done, and the connection ends before the answer.
    Cut,
    /// The call is done only so much later, whether or not the client still waits, and then answered.
    Slow(Duration),
    /// The call is taken and done, and the answer comes so much later.
    Late(Duration),
}

/// An answer that is none: of a proxy, of a machine that takes the service's address, of a connection that went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Garbage {
    /// Bytes of no protocol at all.
    Bytes,
    /// An answer as far as its first list: the rest of it is missing.
    Beginning,
    /// A complete answer, which says nothing, of another content type.
    OtherType,
    /// A page for people.
    Page,
    /// No bytes.
    Empty,
    /// Bytes without an end.
    Endless,
}

impl Garbage {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Bytes,
        Self::Beginning,
        Self::OtherType,
        Self::Page,
        Self::Empty,
        Self::Endless,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Bytes => "garbage",
            Self::Beginning => "broken answer",
            Self::OtherType => "wrong content type",
            Self::Page => "page of HTML",
            Self::Empty => "empty answer",
            Self::Endless => "endless answer",
        }
    }
}

impl Fault {
    /// What it is, in a word or two: the error's code, `silence`, `cut`.
    pub fn name(&self) -> &str {
        match self {
            Self::Error(error) => &error.code,
            Self::Output(_) => "wrong output",
            Self::Garbage(garbage) => garbage.name(),
            Self::Silence => "silence",
            Self::NoConnection(_) => "no connection",
            Self::Cut => "cut",
            Self::Slow(_) => "slow",
            Self::Late(_) => "late",
        }
    }
}

/// The faults to come.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    plans: Vec<Plan>,
    limits: BTreeMap<String, Limit>,
}

/// How many calls of an operation are taken.
#[derive(Debug)]
struct Limit {
    calls_a_second: usize,
    /// When the last ones were taken, of the last second.
    taken: VecDeque<Timestamp>,
}

impl Limit {
    fn takes(&mut self, now: Timestamp) -> bool {
        let is_past = |at: &Timestamp| *at + Duration::from_secs(1) <= now;
        while self.taken.front().is_some_and(is_past) {
            self.taken.pop_front();
        }
        let takes = self.taken.len() < self.calls_a_second;
        if takes {
            self.taken.push_back(now);
        }
        takes
    }
}

#[derive(Debug)]
struct Plan {
    operation: String,
    /// The region that the call is signed for; `None` is every region.
    region: Option<String>,
    fault: Fault,
    calls: Range<usize>,
    seen: usize,
}

impl Faults {
    /// Replaces what was planned for the same calls.
    pub(crate) fn set(
        &mut self,
        operation: &str,
        region: Option<&str>,
        fault: Fault,
        calls: Range<usize>,
    ) {
        self.plans
            .retain(|plan| plan.operation != operation || plan.region.as_deref() != region);
        self.plans.push(Plan {
            operation: operation.to_owned(),
            region: region.map(str::to_owned),
            fault,
            calls,
            seen: 0,
        });
    }

    pub(crate) fn limit(&mut self, operation: &str, calls_a_second: usize) {
        let limit = Limit {
            calls_a_second,
            taken: VecDeque::new(),
        };
        self.limits.insert(operation.to_owned(), limit);
    }

    /// The fault of this call, if it has one.
    pub(crate) fn take(&mut self, now: Timestamp, operation: &str, region: &str) -> Option<Fault> {
        let is_meant = |plan: &&mut Plan| {
            plan.operation == operation && plan.region.as_deref().is_none_or(|of| of == region)
        };
        let mut fault = None;
        for plan in self.plans.iter_mut().filter(is_meant) {
            plan.seen += 1;
            if plan.calls.contains(&(plan.seen - 1)) {
                fault = Some(plan.fault.clone());
            }
        }
        let limit = self.limits.get_mut(operation);
        if fault.is_none() && limit.is_some_and(|limit| !limit.takes(now)) {
            fault = Some(Fault::Error(ServiceError::throttling()));
        }
        fault
    }
}
