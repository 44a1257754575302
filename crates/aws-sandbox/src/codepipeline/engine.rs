//! The release engine: what makes executions go on. Everything that takes time in CodePipeline is a step on the
//! agenda; the state machine does the steps that are due, and nothing happens between them.

mod actions;
mod stages;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(super) use stages::Beginning;

use super::CodePipeline;
use super::attempt::Failure;
use super::pipeline::Pipeline;
use super::place::Place;
use super::status::Status;
use crate::duration;
use crate::timestamp::Timestamp;
use crate::turn::Turn;

/// How long CodePipeline takes for what it does by itself. The defaults are what was seen with AWS, or what the user
/// guide says; tests with real processes shorten them.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Delays {
    /// From CreatePipeline to the execution that it begins.
    #[serde(with = "duration")]
    pub creation: Duration,
    /// How long a source action takes.
    #[serde(with = "duration")]
    pub source: Duration,
    /// How long a deployment takes that nothing else is said of.
    #[serde(with = "duration")]
    pub deployment: Duration,
    /// From a job's result to its effect on the action.
    #[serde(with = "duration")]
    pub result: Duration,
    /// From a continuation token to the next job.
    #[serde(with = "duration")]
    pub continuation: Duration,
    /// From the start of an action to its failure, if there is no such function.
    #[serde(with = "duration")]
    pub missing_function: Duration,
    /// From the last action's failure to that of its stage.
    #[serde(with = "duration")]
    pub stage_failure: Duration,
    /// From an accepted retry until the state no longer shows the old attempts.
    #[serde(with = "duration")]
    pub retry_clears: Duration,
    /// From an accepted retry to the new attempts.
    #[serde(with = "duration")]
    pub retry: Duration,
    /// From an accepted stop to the status of the execution; its stage and actions show it at once.
    #[serde(with = "duration")]
    pub stop: Duration,
    /// From UpdatePipeline to the cancellation of what is going on.
    #[serde(with = "duration")]
    pub update: Duration,
    /// How long a job waits for a result (user guide, "Quotas in AWS CodePipeline").
    #[serde(with = "duration")]
    pub no_reply: Duration,
    /// How long a Lambda action may take with all its rounds (same page).
    #[serde(with = "duration")]
    pub action_limit: Duration,
}

impl Default for Delays {
    fn default() -> Self {
        Self {
            creation: Duration::from_secs(1),
            source: Duration::from_secs(1),
            deployment: Duration::from_secs(20),
            result: Duration::from_secs(30),
            continuation: Duration::from_secs(28),
            missing_function: Duration::from_millis(1_100),
            stage_failure: Duration::from_secs(4),
            retry_clears: Duration::from_secs(6),
            retry: Duration::from_secs(8),
            stop: Duration::from_millis(500),
            update: Duration::from_secs(1),
            no_reply: Duration::from_secs(20 * 60),
            action_limit: Duration::from_secs(24 * 3_600),
        }
    }
}

/// How a deployment goes.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// How long it takes.
    pub takes: Duration,
    /// What it fails with, if it does.
    pub fails: Option<String>,
}

/// Something that happens by itself.
#[derive(Debug)]
pub(super) enum Step {
    /// The execution begins that CreatePipeline has promised.
    Begin { pipeline: String },
    /// An action goes on with a new job.
    Continue { job_id: String },
    /// A job has waited long enough for its result.
    NoReply { job_id: String },
    /// An attempt of an action ends.
    End {
        pipeline: String,
        attempt_id: String,
        ending: Ending,
    },
    /// A stage fails in which an action has failed.
    FailStage(Place),
    /// The state no longer shows the attempts that a retry repeats.
    Forget(Place, Vec<usize>),
    /// Actions of a stage run again, by its retry of this number.
    RunAgain(Place, Vec<usize>, u32),
    /// The execution shows that it is being stopped, or was.
    ShowStop {
        pipeline: String,
        execution: String,
        status: Status,
    },
    /// An execution of an older version ends.
    Cancel { pipeline: String, execution: String },
}

impl Step {
    /// The pipeline that it happens in; of a job, its own pipeline knows.
    pub(super) fn pipeline(&self) -> Option<&String> {
        match self {
            Self::Continue { .. } | Self::NoReply { .. } => None,
            Self::Begin { pipeline }
            | Self::End { pipeline, .. }
            | Self::ShowStop { pipeline, .. }
            | Self::Cancel { pipeline, .. } => Some(pipeline),
            Self::FailStage(place) | Self::Forget(place, _) | Self::RunAgain(place, _, _) => {
                Some(&place.pipeline)
            }
        }
    }
}

/// How an attempt ends.
#[derive(Debug)]
pub(super) enum Ending {
    Success(Vec<(String, String)>),
    Failure(Failure),
}

impl CodePipeline {
    pub(super) fn schedule(&mut self, at: Timestamp, step: Step) {
        self.agenda.schedule(at, step);
    }

    /// When the next step is due.
    pub(crate) fn next_step(&self) -> Option<Timestamp> {
        self.agenda.next()
    }

    /// Does the next step that is due. False if there is none.
    pub(crate) fn step(&mut self, turn: &mut Turn<'_>) -> bool {
        let Some(step) = self.agenda.take(turn.now) else {
            return false;
        };
        match step {
            Step::Begin { pipeline } => {
                self.begin(turn, &pipeline, Beginning::by_creation());
            }
            Step::Continue { job_id } => self.continue_job(turn, &job_id),
            Step::NoReply { job_id } => self.no_reply(turn, &job_id),
            Step::End {
                pipeline,
                attempt_id,
                ending,
            } => self.end(turn, &pipeline, &attempt_id, ending),
            Step::FailStage(place) => self.fail_stage(turn, &place),
            Step::Forget(place, actions) => {
                let run = self.record(&place.pipeline).run_mut(&place);
                run.shown.retain(|action, _| !actions.contains(action));
            }
            Step::RunAgain(place, actions, number) => {
                self.run_again(turn, &place, &actions, number);
            }
            Step::ShowStop {
                pipeline,
                execution,
                status,
            } => self.show_stop(turn, &pipeline, &execution, status),
            Step::Cancel {
                pipeline,
                execution,
            } => self.cancel(turn, &pipeline, &execution),
        }
        true
    }

    /// A pipeline that the engine knows to exist.
    pub(super) fn record(&mut self, name: &str) -> &mut Pipeline {
        self.pipelines
            .get_mut(name)
            .expect("pipelines are never deleted")
    }
}
