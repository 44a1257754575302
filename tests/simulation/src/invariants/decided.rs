//! A decision of the gate, and what it is judged by.

use aws_sandbox::codepipeline::{ExecutionMode, JobContext};
use aws_sandbox::{Call, Fault};
use serde_json::{Value, json};

use super::jobs::{is_refused, is_result};
use super::reading::Reading;
use super::{Hold, Look};
use crate::plan::Policy;
use crate::truth::ENDPOINTS;

/// A decision, and what it is judged by.
pub(super) struct Decided<'a> {
    pub(super) look: &'a Look<'a>,
    pub(super) context: &'a JobContext,
    pub(super) policy: &'a Policy,
    pub(super) reading: Reading,
    /// The invocation's beginning, and the result.
    pub(super) from: i64,
    pub(super) to: i64,
    /// Whether something stood in the way at some time of it.
    pub(super) was_blocked: bool,
    /// CodePipeline has taken the result.
    pub(super) is_taken: bool,
}

impl Decided<'_> {
    /// AWS Health may be unread: not everything that the policy needs was read without anything going wrong, at the endpoint that
    /// the gate has to ask.
    pub(super) fn is_unread(&self) -> bool {
        let Look { truth, plan, .. } = *self.look;
        let surely = self.reading.surely_complete_at(self.policy);
        let is_asked = |endpoint: &&str| {
            !plan.finds_the_active_endpoint() || truth.stayed_active(endpoint, self.from, self.to)
        };
        !surely.iter().any(is_asked)
    }

    /// The gate may not know what an operation says about the pipeline: that, or which pipeline it is, was asked for, and
    /// something went wrong with each call.
    pub(super) fn is_in_the_dark(&self, operation: &str) -> bool {
        ["GetJobDetails", operation]
            .iter()
            .any(|operation| self.look.has_called(operation) && !self.look.was_answered(operation))
    }

    /// What was read is of another endpoint than that which the gate has to ask, and that one has refused: another one may be asked
    /// after a failed connection, a time-out or an error of the service itself only.
    pub(super) fn is_refused_by_its_own_endpoint(&self) -> bool {
        const REFUSALS: [&str; 2] = ["AccessDeniedException", "SubscriptionRequiredException"];
        /// After so many attempts it is the answer.
        const ATTEMPTS: usize = 5;
        let Look { truth, plan, .. } = *self.look;
        let own = ENDPOINTS.into_iter().find(|endpoint| {
            if plan.finds_the_active_endpoint() {
                truth.stayed_active(endpoint, self.from - 1, self.to)
            } else {
                *endpoint == ENDPOINTS[0]
            }
        });
        let of_own = |call: &&Call| {
            call.operation == "DescribeEvents" && own.is_some_and(|own| call.region == own)
        };
        let faults = || {
            let calls = self.look.calls.iter().filter(of_own);
            calls.filter_map(|call| call.fault.as_ref().map(Fault::name))
        };
        let throttled = faults().filter(|fault| *fault == "ThrottlingException");
        let has_refused = faults().any(|fault| REFUSALS.contains(&fault));
        let complete = self.reading.complete_at(self.policy);
        own.is_some_and(|own| !complete.contains(&own))
            && (has_refused || throttled.count() >= ATTEMPTS)
    }

    /// It is a rollback that the policy lets pass.
    pub(super) fn is_free_rollback(&self) -> bool {
        self.look
            .truth
            .is_rollback(&self.context.pipeline_execution_id)
            && self.policy.says("onRollback", "pass")
    }

    /// It is held, and may be for longer.
    pub(super) fn is_within_hold(&self, hold: Option<&Hold>) -> bool {
        hold.is_some_and(|hold| self.to - hold.since < self.policy.millis("maxHold"))
    }

    /// The token of an earlier round that has held it.
    pub(super) fn before(&self) -> Option<&Value> {
        let data = &self.look.ended.invocation.payload["CodePipeline.job"]["data"];
        Some(&data["continuationToken"]).filter(|token| token.is_string())
    }

    /// An earlier round has held it.
    pub(super) fn goes_on(&self) -> bool {
        self.before().is_some()
    }

    /// A person has stopped the execution, and the gate could have known.
    pub(super) fn is_stopped(&self) -> bool {
        let execution = &self.context.pipeline_execution_id;
        let Look {
            world, truth, plan, ..
        } = *self.look;
        // An execution that has gone on to another stage is not stopped in this one.
        let shows_it = || {
            let input = json!({"name": self.context.pipeline});
            let state = world.with(|sandbox, now| {
                sandbox.call(
                    now,
                    "CodePipeline",
                    "GetPipelineState",
                    plan.regions.home,
                    &input,
                )
            });
            let state = state.unwrap_or_default();
            let mut stages = state["stageStates"].as_array().into_iter().flatten();
            stages.any(|stage| {
                let latest = &stage["latestExecution"];
                stage["stageName"] == self.context.stage
                    && latest["pipelineExecutionId"] == *execution
                    && ["Stopping", "Stopped"]
                        .contains(&latest["status"].as_str().unwrap_or_default())
            })
        };
        !self.is_in_the_dark("GetPipelineState")
            && !self.is_parallel()
            && truth.stayed_stopped(execution, self.from, self.to)
            && (self.is_taken || shows_it())
    }

    /// All that AWS Health has answered is this error.
    pub(super) fn is_refused(&self, code: &str) -> bool {
        let is_code = |call: &&Call| {
            call.fault
                .as_ref()
                .is_some_and(|fault| fault.name() == code)
        };
        let calls = self.look.calls.iter();
        let refused = calls
            .filter(|call| call.operation == "DescribeEvents")
            .filter(is_code);
        let made = self
            .look
            .ended
            .made
            .iter()
            .filter(|made| *made == "DescribeEvents");
        let made = made.count();
        made > 0 && refused.count() == made
    }

    /// Nobody's waiting mends why AWS Health is unread.
    pub(super) fn is_for_people(&self) -> bool {
        self.is_refused("SubscriptionRequiredException") || self.is_refused("AccessDeniedException")
    }

    /// CodePipeline has refused a result for its form, on purpose.
    pub(super) fn is_form_refused(&self) -> bool {
        let mut results = self.look.calls.iter().filter(is_result);
        results.any(is_refused)
    }

    /// Some answer of AWS Health was one that nobody's waiting mends.
    pub(super) fn saw_people(&self) -> bool {
        let codes = ["SubscriptionRequiredException", "AccessDeniedException"];
        let mut faults = self
            .look
            .calls
            .iter()
            .filter_map(|call| call.fault.as_ref());
        faults.any(|fault| codes.contains(&fault.name()))
    }

    /// The events that were certainly read and not discarded: those of an endpoint that turns out not to be the active one are.
    pub(super) fn read_events(&self) -> impl Iterator<Item = (&str, &str)> {
        let Look { truth, plan, .. } = *self.look;
        self.reading.events().filter(move |(endpoint, _)| {
            !plan.finds_the_active_endpoint() || truth.stayed_active(endpoint, self.from, self.to)
        })
    }

    /// An incident that was certainly read, and blocks.
    pub(super) fn seen(&self) -> Option<String> {
        self.read_events().find_map(|(endpoint, arn)| {
            let truth = self.look.truth;
            let blocking = truth.blocked_throughout(self.policy, endpoint, self.from, self.to);
            blocking
                .iter()
                .any(|incident| incident.arn() == arn)
                .then(|| arn.to_owned())
        })
    }

    pub(super) fn is_parallel(&self) -> bool {
        let pipeline = self.look.plan.pipeline(&self.context.pipeline);
        pipeline.is_some_and(|pipeline| pipeline.mode == ExecutionMode::Parallel)
    }

    /// A person's word that the gate could have known, and that says pass.
    pub(super) fn is_let_go(&self) -> Option<&'static str> {
        let overridden =
            self.look
                .truth
                .stayed_overridden(&self.context.pipeline, self.from, self.to);
        // Of a job that is over the pipeline shows nothing any more.
        let knows_tags = !self.is_in_the_dark("ListTagsForResource");
        let knows_stage = !self.is_in_the_dark("GetPipelineState") && !self.is_parallel();
        if !self.is_taken {
            None
        } else if overridden && knows_tags {
            Some("an override was in force")
        } else if self.is_free_rollback() && knows_stage && self.policy.is_valid {
            Some("it is a rollback")
        } else {
            None
        }
    }
}
