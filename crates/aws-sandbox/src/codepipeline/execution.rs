//! One run through a pipeline, and what it did in each stage.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::declaration::PipelineDeclaration;
use super::status::Status;
use crate::timestamp::Timestamp;

/// One run through a pipeline.
#[derive(Debug)]
pub(super) struct Execution {
    pub(super) id: String,
    /// The version that it runs, to its end.
    pub(super) declaration: Arc<PipelineDeclaration>,
    pub(super) status: Status,
    pub(super) status_summary: Option<String>,
    /// It runs one stage again, with what this older execution brought.
    pub(super) rollback_of: Option<String>,
    pub(super) trigger: Trigger,
    pub(super) started: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) client_token: Option<String>,
    /// The pipeline's variables.
    pub(super) variables: BTreeMap<String, String>,
    /// What its source actions brought or will bring, by the action's name.
    pub(super) revisions: BTreeMap<String, String>,
    /// What artifacts it has, by name.
    pub(super) artifacts: BTreeMap<String, Artifact>,
    /// The stages that it has entered, by their place.
    pub(super) runs: BTreeMap<usize, StageRun>,
    /// When a stage of it was last retried, and how often any was.
    pub(super) last_retry: Option<Timestamp>,
    pub(super) retries: u32,
    pub(super) stop_reason: Option<String>,
}

/// Why an execution began.
#[derive(Debug, Clone)]
pub(super) struct Trigger {
    /// `StartPipelineExecution`.
    pub(super) kind: &'static str,
    /// Who or what: an ARN.
    pub(super) detail: String,
}

/// A file in the artifact store.
#[derive(Debug, Clone)]
pub(super) struct Artifact {
    pub(super) bucket: String,
    pub(super) key: String,
    /// Of the source that it came from.
    pub(super) revision: Option<String>,
}

/// What an execution did in a stage.
#[derive(Debug)]
pub(super) struct StageRun {
    pub(super) status: Status,
    /// When it entered.
    pub(super) entered: Timestamp,
    pub(super) manual_retries: u32,
    pub(super) last_retry: Option<Timestamp>,
    /// A retry was accepted and has not begun; a stop drops it.
    pub(super) retry_is_due: bool,
    /// The attempt of each action that counts, by the action's place: its place in the pipeline's attempts.
    pub(super) current: BTreeMap<usize, usize>,
    /// The attempt of each action that the state shows.
    pub(super) shown: BTreeMap<usize, usize>,
}

impl Execution {
    pub(super) fn is_rollback(&self) -> bool {
        self.rollback_of.is_some()
    }

    /// Whether it has succeeded in the stage that had this name in its version.
    pub(super) fn has_succeeded_in(&self, stage: &str) -> bool {
        let named = |place: &usize| self.declaration.stages[*place].name == stage;
        let mut runs = self.runs.iter();
        runs.any(|(place, run)| named(place) && run.status == Status::Succeeded)
    }

    /// `pipeline-execution-attempt` of events of actions and of the pipeline.
    pub(super) fn attempt(&self) -> f64 {
        f64::from(self.retries) + 1.0
    }

    /// The same of events of stages, which count from zero until the first retry (seen with real CodePipeline).
    pub(super) fn stage_attempt(&self) -> f64 {
        if self.retries == 0 {
            0.0
        } else {
            self.attempt()
        }
    }
}
