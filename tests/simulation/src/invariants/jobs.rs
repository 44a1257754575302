//! Jobs and their results.

use aws_sandbox::codepipeline::Job;
use aws_sandbox::{Call, Fault, Outcome, World};
use serde_json::Value;

use super::{Checked, Checks, Invariant, Look};
use crate::functions::Ending;

/// The job of an event.
pub(super) fn job_id(payload: &Value) -> &str {
    payload["CodePipeline.job"]["id"]
        .as_str()
        .unwrap_or_default()
}

/// Whether a call tells the result of a job.
pub(super) fn is_result(call: &&Call) -> bool {
    matches!(
        &*call.operation,
        "PutJobSuccessResult" | "PutJobFailureResult"
    )
}

/// Whether two calls tell the same.
pub(super) fn is_same(a: &Call, b: &Call) -> bool {
    a.operation == b.operation && a.input == b.input
}

/// Whether CodePipeline has refused a result for its form.
pub(super) fn is_refused(call: &Call) -> bool {
    const CODES: [&str; 2] = [
        "OutputVariablesSizeExceededException",
        "ValidationException",
    ];
    matches!(&call.outcome, Outcome::Error(error) if CODES.contains(&&*error.code))
}

/// Whether CodePipeline has done what it was asked.
pub(super) fn is_accepted(call: &Call) -> bool {
    let is_made_up = matches!(call.fault, Some(Fault::Output(_)));
    matches!(call.outcome, Outcome::Output(_)) && !is_made_up
}

impl Checks {
    /// Lambda may end what stands still, and nothing else.
    pub(super) fn in_time(&mut self, look: &Look<'_>) -> Checked {
        let takes_time = |call: &Call| match &call.fault {
            Some(Fault::Silence | Fault::Late(_) | Fault::Slow(_)) => true,
            Some(_) | None => false,
        };
        let stands_still = look.ended.interruption.is_some_and(|interruption| {
            interruption.hangs && interruption.call < look.ended.made.len()
        });
        let danger = !stands_still && look.calls.iter().any(takes_time);
        let deadline = look.ended.invocation.deadline;
        let is_late = deadline.is_some_and(|deadline| deadline <= look.world.now());
        let broken = if look.ending.is_none() && !stands_still {
            Some("was ended by Lambda, and did not end before its deadline by itself")
        } else if is_late && matches!(look.ending, Some(Ending::Returned(_))) {
            Some("has ended at its deadline, and not before")
        } else {
            None
        };
        let broken = broken.map(|what| format!("{} {what}", look.ended.name));
        self.hold(Invariant::InTime, danger, look.world.now(), broken)
    }

    pub(super) fn one_result(&mut self, look: &Look<'_>) -> Checked {
        let results: Vec<&Call> = look.calls.iter().filter(is_result).collect();
        let id = job_id(&look.ended.invocation.payload);
        let is_again = self.jobs.contains_key(id);
        self.jobs.insert(id.to_owned(), is_again);
        let danger = is_again
            || look.ending.is_none()
            || matches!(look.ending, Some(Ending::Crashed))
            || results.iter().any(|call| call.fault.is_some());
        // What CodePipeline refuses for its form is replaced.
        let standing: Vec<&&Call> = results.iter().filter(|call| !is_refused(call)).collect();
        let other = standing.iter().find(|call| !is_same(call, standing[0]));
        let operations = ["PutJobSuccessResult", "PutJobFailureResult"];
        let has_tried = operations
            .iter()
            .any(|operation| look.has_called(operation));
        let nothing_went_wrong = operations
            .iter()
            .all(|operation| !look.went_wrong(operation));
        let taken = results.iter().any(|call| is_accepted(call));
        let is_over = |call: &&Call| matches!(&call.outcome, Outcome::Error(error) if error.code == "InvalidJobStateException");
        let broken = if let Some(other) = other {
            Some(format!(
                "{} gave its job two results: {} and {}",
                look.ended.name, standing[0].input, other.input
            ))
        } else if let Some(stray) = results.iter().find(|call| call.input["jobId"] != id) {
            Some(format!(
                "{} answered another job than its own: {}",
                look.ended.name, stray.input
            ))
        } else {
            match look.ending {
                Some(Ending::Returned(Ok(_))) if !taken && !results.iter().any(is_over) => {
                    Some(format!(
                        "{} says that job {id} has its result, and CodePipeline never took one",
                        look.ended.name
                    ))
                }
                Some(Ending::Returned(Err(error)))
                    if results.iter().any(|call| {
                        is_accepted(call) && call.fault.is_none() && look.was_waited_for(call)
                    }) =>
                {
                    Some(format!(
                        "{} says that job {id} has no result, and CodePipeline took it: {error}",
                        look.ended.name
                    ))
                }
                Some(Ending::Returned(Err(error))) if !has_tried => Some(format!(
                    "{} has not even tried to answer job {id}: {error}",
                    look.ended.name
                )),
                Some(Ending::Returned(Err(error))) if nothing_went_wrong => Some(format!(
                    "{} has not answered job {id}, although nothing went wrong with that: {error}",
                    look.ended.name
                )),
                Some(_) | None => None,
            }
        };
        self.hold(Invariant::OneResult, danger, look.world.now(), broken)
    }

    /// A job without a result was never answered by anybody who says so, and CodePipeline has given it up.
    pub(super) fn every_job_is_answered(&mut self, world: &World) -> Checked {
        for id in self.jobs.keys().cloned().collect::<Vec<_>>() {
            let (has_result, tries): (bool, Vec<bool>) = world.with(|sandbox, _| {
                let finished = sandbox.lambda.finished().iter();
                let of_job = finished.filter(|finished| job_id(&finished.invocation.payload) == id);
                let tries = of_job.map(|finished| finished.result.is_ok()).collect();
                let result = |job: &Job| job.result.is_some();
                (sandbox.codepipeline.job(&id).is_some_and(result), tries)
            });
            let what =
                format!("job {id} has no result, although a function has handled it to its end");
            let broken = (!has_result && tries.contains(&true)).then_some(what);
            self.hold(Invariant::OneResult, tries.len() > 1, world.now(), broken)?;
        }
        Ok(())
    }
}
