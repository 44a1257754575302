//! Faults that are switched on for an operation: the stand-in on a bad day.

use std::ops::Range;
use std::time::Duration;

use serde_json::Value;

use crate::service_error::ServiceError;

/// What goes wrong with a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// The service answers with this error, and does nothing.
    Error(ServiceError),
    /// The service answers with this output, whatever was asked.
    Output(Value),
    /// The service answers with status 200 and bytes that are not of its protocol.
    Garbage,
    /// The call is received and never answered.
    Silence,
    /// There is no connection, for this reason: `connection refused`.
    NoConnection(&'static str),
    /// The call is taken and done, and the connection ends before the answer.
    Cut,
    /// The call is taken and done, and the answer comes so much later.
    Late(Duration),
}

/// The faults to come.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Plan>);

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
        self.0
            .retain(|plan| plan.operation != operation || plan.region.as_deref() != region);
        self.0.push(Plan {
            operation: operation.to_owned(),
            region: region.map(str::to_owned),
            fault,
            calls,
            seen: 0,
        });
    }

    /// The fault of this call, if it has one.
    pub(crate) fn take(&mut self, operation: &str, region: &str) -> Option<Fault> {
        let is_meant = |plan: &&mut Plan| {
            plan.operation == operation && plan.region.as_deref().is_none_or(|of| of == region)
        };
        let mut fault = None;
        for plan in self.0.iter_mut().filter(is_meant) {
            plan.seen += 1;
            if plan.calls.contains(&(plan.seen - 1)) {
                fault = Some(plan.fault.clone());
            }
        }
        fault
    }
}
