//! Faults that are switched on for an operation: the stand-in on a bad day.

use std::collections::BTreeMap;
use std::ops::Range;

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
}

/// The faults to come, by operation.
#[derive(Debug, Default)]
pub(crate) struct Faults(BTreeMap<String, Plan>);

#[derive(Debug)]
struct Plan {
    fault: Fault,
    calls: Range<usize>,
    seen: usize,
}

impl Faults {
    pub(crate) fn set(&mut self, operation: &str, fault: Fault, calls: Range<usize>) {
        self.0.insert(
            operation.to_owned(),
            Plan {
                fault,
                calls,
                seen: 0,
            },
        );
    }

    /// The fault of this call, if it has one.
    pub(crate) fn take(&mut self, operation: &str) -> Option<Fault> {
        let plan = self.0.get_mut(operation)?;
        plan.seen += 1;
        plan.calls
            .contains(&(plan.seen - 1))
            .then(|| plan.fault.clone())
    }
}
