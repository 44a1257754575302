//! What stage-retry says became of the stages that it left alone, held against what is true.

use aws_sandbox::{Call, Outcome as Answer};
use serde_json::Value;

use super::jobs::is_accepted;
use super::reading::Reading;
use super::rest::failed_stages;
use super::retries::{Place, StopError, stops};
use super::{Checked, Checks, Invariant, Look};
use crate::functions::Ending;
use crate::plan::Policy;
use crate::truth::ENDPOINTS;

const GONE: &[&str] = &[
    "PipelineNotFoundException",
    "PipelineExecutionNotFoundException",
    "StageNotFoundException",
];
const DENIED: &[&str] = &["AccessDeniedException"];

/// What is kept for a retry, and for telling people and the closing line, in milliseconds.
const SHORT: i64 = 8_000;

impl Checks {
    /// Each outcome has its reason.
    pub(super) fn outcomes(&mut self, look: &Look<'_>, reading: &Reading) -> Checked {
        let Some(Ending::Returned(Ok(account))) = look.ending else {
            return Ok(());
        };
        for stage in account["stages"].as_array().into_iter().flatten() {
            let text = |name: &str| stage[name].as_str().unwrap_or_default();
            let outcome = text("outcome");
            let has_reason = Outcome {
                look,
                reading,
                stage,
            }
            .has_reason(outcome);
            let broken = (!has_reason).then(|| {
                format!(
                    "{} / {} is said to be {outcome} ({}), and is not",
                    text("pipeline"),
                    text("stage"),
                    text("why")
                )
            });
            let danger = outcome != "retried";
            self.hold(Invariant::OutcomesAreTrue, danger, look.world.now(), broken)?;
            match outcome {
                "unknown" => self.count(Invariant::UnknownIsNotClear, true),
                // Each had something to retry, and a reason not to.
                "blocked" | "mixed" | "frozen" | "never" | "expired" | "waiting" => {
                    self.count(Invariant::OnlyItsStops, true);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// An outcome, and what it is judged by.
struct Outcome<'a> {
    look: &'a Look<'a>,
    reading: &'a Reading,
    stage: &'a Value,
}

impl Outcome<'_> {
    fn text(&self, name: &str) -> &str {
        self.stage[name].as_str().unwrap_or_default()
    }

    /// The window of the invocation.
    fn window(&self) -> (i64, i64) {
        let began = self.look.ended.began.as_millis();
        (began, self.look.world.now().as_millis())
    }

    /// The policies of the gates in the stage.
    fn policies(&self) -> Vec<&Policy> {
        let pipeline = self.look.plan.pipeline(self.text("pipeline"));
        let stages = pipeline
            .into_iter()
            .flat_map(|pipeline| &pipeline.stages)
            .filter(|(name, _)| *name == self.text("stage"));
        let actions = stages.flat_map(|(_, actions)| actions);
        actions.filter_map(|action| action.policy()).collect()
    }

    /// The policies of the gates that have failed; of all of them if that has changed meanwhile.
    fn policies_of_stops(&self) -> Vec<&Policy> {
        let (from, to) = self.window();
        let Look {
            world, truth, plan, ..
        } = *self.look;
        let stops = stops(world, truth, plan, self.place(), (from, to, to));
        stops.map_or_else(
            |_| self.policies(),
            |stops| stops.into_iter().map(|stop| stop.policy).collect(),
        )
    }

    fn place(&self) -> Place<'_> {
        Place {
            pipeline: self.text("pipeline"),
            stage: self.text("stage"),
            execution: self.text("pipelineExecutionId"),
        }
    }

    /// Why the stage cannot go on whatever AWS Health says, at the beginning or the end of the invocation.
    fn is_left(&self, because: impl Fn(&StopError) -> bool) -> bool {
        let (from, to) = self.window();
        let place = self.place();
        [(from, from, from), (from, to, to), (to, to, to)]
            .into_iter()
            .any(|window| {
                let look = self.look;
                let found = stops(look.world, look.truth, look.plan, place, window);
                found.is_err_and(|errors| errors.iter().any(&because))
            })
    }

    /// Whether the stage shows no failure of the execution any more.
    fn has_been_retried(&self) -> bool {
        let Look { world, plan, .. } = *self.look;
        let pipeline = plan.pipeline(self.text("pipeline"));
        let place = (
            self.text("stage").to_owned(),
            self.text("pipelineExecutionId").to_owned(),
        );
        pipeline.is_some_and(|pipeline| !failed_stages(world, plan, pipeline).contains(&place))
    }

    /// Whether what may be lifted in the stage is another at the end of the invocation than at its beginning.
    fn has_changed(&self) -> bool {
        let (from, to) = self.window();
        let Look {
            world, truth, plan, ..
        } = *self.look;
        let stops = |at| stops(world, truth, plan, self.place(), (from, at, at));
        stops(from) != stops(to)
    }

    /// The calls about the pipeline.
    fn calls(&self) -> impl Iterator<Item = &Call> {
        self.look.calls.iter().filter(|call| {
            let input = &call.input;
            [&input["name"], &input["pipelineName"]].contains(&&self.stage["pipeline"])
        })
    }

    /// Something went wrong with a call about the pipeline, and is not what another outcome says; or a call is not known.
    fn has_trouble(&self) -> bool {
        let has_trouble = |call: &Call| match &call.outcome {
            Answer::Output(_) => call.fault.is_some(),
            Answer::Error(error) => ![DENIED, GONE].concat().contains(&&*error.code),
            Answer::Garbage | Answer::Silence | Answer::NoConnection(_) => true,
        };
        self.calls().any(has_trouble) || self.look.calls.len() < self.look.ended.made.len()
    }

    /// The calls that retry the stage.
    fn retries(&self) -> impl Iterator<Item = &Call> {
        self.look.calls.iter().filter(|call| {
            call.operation == "RetryStageExecution"
                && call.input["pipelineName"] == self.stage["pipeline"]
                && call.input["stageName"] == self.stage["stage"]
                && call.input["pipelineExecutionId"] == self.stage["pipelineExecutionId"]
        })
    }

    /// A call that was given up before it was done is not known.
    fn has_asked_for_a_retry(&self) -> bool {
        self.retries().next().is_some() || self.look.calls.len() < self.look.ended.made.len()
    }

    fn has_retried(&self) -> bool {
        self.retries()
            .any(|call| is_accepted(call) && call.fault.is_none())
    }

    /// Whether a call about the pipeline met one of these errors.
    fn was_told(&self, codes: &[&str]) -> bool {
        self.calls().any(|call| match &call.outcome {
            Answer::Error(error) => codes.contains(&&*error.code),
            Answer::Output(_) | Answer::Garbage | Answer::Silence | Answer::NoConnection(_) => {
                false
            }
        })
    }

    /// The invocation had no time for a retry that CodePipeline takes seconds to answer.
    fn is_short_of_time(&self) -> bool {
        let (_, to) = self.window();
        let deadline = self.look.ended.invocation.deadline;
        deadline.is_some_and(|deadline| deadline.as_millis() - to < SHORT)
    }

    fn has_reason(&self, outcome: &str) -> bool {
        let (from, to) = self.window();
        let truth = self.look.truth;
        match outcome {
            // What else that takes is looked at for each retry.
            "retried" => self.has_asked_for_a_retry(),
            _ if self.has_retried() => false,
            "blocked" => self.policies_of_stops().iter().any(|policy| {
                !policy.is_valid || self.reading.was_blocked(policy, self.look, (from, to))
            }),
            // There is one reading for all stages.
            "unknown" if self.is_short_of_time() || self.reading.lacks_an_answer => true,
            "unknown" => self.policies().iter().any(|policy| {
                let surely = self.reading.surely_complete_at(policy);
                // What another endpoint says may be behind.
                !surely.iter().any(|endpoint| {
                    if self.look.plan.finds_the_active_endpoint() {
                        truth.stayed_active(endpoint, from, to)
                    } else {
                        *endpoint == ENDPOINTS[0]
                    }
                })
            }),
            "mixed" => self.is_left(|error| matches!(error, StopError::Other(_))),
            "never" => self.is_left(|error| *error == StopError::Never),
            "expired" => self.is_left(|error| *error == StopError::TooOld),
            "waiting" => self.is_left(|error| *error == StopError::HasToWait),
            "frozen" => truth.was_frozen((self.text("pipeline"), self.text("stage")), from, to),
            "busy" => {
                self.has_trouble()
                    || self.is_left(|error| matches!(error, StopError::GoesOn(_)))
                    || self.is_short_of_time()
            }
            "moved-on" => {
                self.was_told(&["StageNotRetryableException"])
                    || self.has_changed()
                    || self.has_been_retried()
            }
            "superseded" => self.was_told(&["NotLatestPipelineExecutionException"]),
            "gone" => self.was_told(GONE),
            "denied" => self.was_told(DENIED),
            _ => false,
        }
    }
}
