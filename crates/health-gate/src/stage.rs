//! The stages of a pipeline, and the attempts of their actions, as CodePipeline shows them.
//!
//! The state of a stage shows the newest attempt of each action, but an action that has not run in this execution
//! still shows an older one. The rows of the execution's own actions are exact: they decide.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use time::UtcDateTime;

use crate::gate_functions::GateFunctions;
use crate::report::Marker;
use crate::retry_outcome::{RetryOutcome, Settlement};

/// A stage as GetPipelineState shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageState {
    /// The stage's name.
    pub name: String,
    /// The execution that was in the stage last.
    pub pipeline_execution_id: String,
    /// How far that execution has come in the stage.
    pub status: StageStatus,
    /// What kind of execution that is.
    pub execution_type: ExecutionType,
    /// Whether executions may enter the stage. People disable the transition to freeze what comes after it.
    pub transition_enabled: bool,
    /// The newest attempt of each action that has run, of this execution or an older one.
    pub actions: Vec<ActionAttempt>,
}

/// The status of a stage, or of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageStatus {
    /// An execution is in it, and goes on.
    InProgress,
    /// A person is stopping the execution that is in it.
    Stopping,
    /// A person has stopped the execution that is in it. One that a person retries goes on at once.
    Stopped,
    /// The execution failed in it, and nobody has retried it since.
    Failed,
    /// It has succeeded, or has a status that this version does not know.
    Other,
}

/// The kind of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionType {
    /// A release.
    Standard,
    /// One stage with what an older execution brought.
    Rollback,
    /// A kind that this version does not know: neither let through nor retried.
    Other,
}

/// One attempt of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionAttempt {
    /// Identifies the attempt.
    pub action_execution_id: String,
    /// How far it has come.
    pub status: ActionStatus,
    /// The function that a Lambda action invokes; `None` for other actions.
    pub function: Option<String>,
    /// The code of its failure, `JobFailed`.
    pub error_code: Option<String>,
    /// When its status changed last.
    pub last_status_change: Option<UtcDateTime>,
    /// The text of its failure.
    pub message: Option<String>,
}

/// The status of an attempt of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionStatus {
    /// It has succeeded.
    Succeeded,
    /// It has failed.
    Failed,
    /// A person stopped its execution and abandoned it. Where that goes on, a person has retried it since.
    Abandoned,
    /// It goes on, or has a status that this version does not know: it may fail yet.
    Other,
}

/// One attempt of an action, from the list of an execution's actions: it is exact where the state of a stage is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionExecution {
    /// The pipeline's execution.
    pub pipeline_execution_id: String,
    /// The stage's name.
    pub stage: String,
    /// The action's name.
    pub action: String,
    /// The attempt.
    pub attempt: ActionAttempt,
    /// The action's `UserParameters`, with variables resolved.
    pub user_parameters: Option<String>,
    /// The region that the action runs in.
    pub region: Option<String>,
    /// What later actions can read of it.
    pub output_variables: BTreeMap<String, String>,
    /// When it began.
    pub start_time: Option<UtcDateTime>,
}

/// An execution of a pipeline, from the list of its executions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineExecution {
    /// Identifies it.
    pub id: String,
    /// How far it has come.
    pub status: StageStatus,
    /// Its kind.
    pub execution_type: ExecutionType,
    /// When its status changed last.
    pub last_update_time: Option<UtcDateTime>,
}

impl ActionAttempt {
    /// Whether the action is one of the gate's, as far as is known: a Lambda action that timed out may name no function.
    fn may_be_of(&self, gates: &GateFunctions) -> bool {
        self.function
            .as_deref()
            .is_none_or(|function| gates.contains(function))
    }

    /// Whether the action is one of the gate's.
    pub(crate) fn is_of(&self, gates: &GateFunctions) -> bool {
        self.function.is_some() && self.may_be_of(gates)
    }

    /// Whether a failure of the gate may be lifted: its marker says so, or it has none because the function never
    /// answered. A message of the gate about an invalid policy stays so whatever AWS Health says.
    pub(crate) fn is_liftable(&self) -> bool {
        let message = self.message.as_deref().unwrap_or_default();
        match Marker::of(message) {
            Some(Marker::Blocked | Marker::Unknown) => !Marker::is_stopped_by_a_person(message),
            Some(Marker::Invalid) => false,
            None => !matches!(
                self.error_code.as_deref(),
                Some("ConfigurationError" | "PermissionError")
            ),
        }
    }
}

impl ActionExecution {
    /// The newest attempt of each action of a stage, from all attempts.
    pub(crate) fn newest<'r>(rows: &'r [Self], stage: &str) -> Vec<&'r Self> {
        let mut rows: Vec<&Self> = rows.iter().filter(|row| row.stage == stage).collect();
        // CodePipeline lists the newest first; of what began at the same time its order stays.
        rows.sort_by_key(|row| Reverse(row.start_time));
        let mut known = BTreeSet::new();
        rows.retain(|row| known.insert(&row.action));
        rows
    }
}

impl StageState {
    /// Whether it is worth a look at the rows of the execution: the stage failed in a normal execution, and at
    /// least one of its actions looks like a stop of the gate.
    pub fn may_be_stopped(&self, gates: &GateFunctions) -> bool {
        let may_be_stop = |action: &ActionAttempt| {
            action.status == ActionStatus::Failed && action.may_be_of(gates) && action.is_liftable()
        };
        self.status == StageStatus::Failed
            && self.execution_type == ExecutionType::Standard
            && self.actions.iter().any(may_be_stop)
    }

    /// The outcome of a stage that people froze.
    pub fn frozen(&self) -> Option<Settlement> {
        let frozen = RetryOutcome::Frozen.because("the stage's inbound transition is disabled");
        (!self.transition_enabled).then_some(frozen)
    }

    /// The stage in which an execution of a pipeline in PARALLEL mode has failed: such a pipeline shows no state. Nothing is
    /// known there of transitions. `None` if no action of it has failed.
    pub fn of_failed_execution(
        execution: &PipelineExecution,
        rows: &[ActionExecution],
    ) -> Option<Self> {
        let has_failed = |stage: &&str| {
            let newest = ActionExecution::newest(rows, stage);
            newest
                .iter()
                .any(|row| row.attempt.status == ActionStatus::Failed)
        };
        let stages: BTreeSet<&str> = rows.iter().map(|row| row.stage.as_str()).collect();
        let name = stages.into_iter().find(has_failed)?;
        let newest = ActionExecution::newest(rows, name);
        Some(Self {
            name: name.to_owned(),
            pipeline_execution_id: execution.id.clone(),
            status: execution.status,
            execution_type: execution.execution_type,
            transition_enabled: true,
            actions: newest.into_iter().map(|row| row.attempt.clone()).collect(),
        })
    }
}
