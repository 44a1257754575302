//! Pipelines: what they are declared to do, and how far their executions have come.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::timestamp::Timestamp;

/// A pipeline as its owner declares it: stages one after the other.
#[derive(Debug, Clone)]
pub struct PipelineDeclaration {
    /// The pipeline's name.
    pub name: String,
    /// Its stages, in order.
    pub stages: Vec<StageDeclaration>,
}

/// A stage: actions of the same run order run together, the next run order after all of them have succeeded.
#[derive(Debug, Clone)]
pub struct StageDeclaration {
    /// The stage's name.
    pub name: String,
    /// Its actions.
    pub actions: Vec<ActionDeclaration>,
}

/// An action of a stage.
#[derive(Debug, Clone)]
pub struct ActionDeclaration {
    /// The action's name.
    pub name: String,
    /// When it runs in its stage, from 1.
    pub run_order: u32,
    /// What it does.
    pub kind: ActionKind,
}

/// What an action does.
#[derive(Debug, Clone)]
pub enum ActionKind {
    /// Invokes a function with a job, and ends as the job does.
    Lambda {
        /// The function's name.
        function: String,
        /// `UserParameters`.
        user_parameters: Option<String>,
    },
    /// Stands for a deployment: takes its time and ends.
    Deploy {
        /// How long it takes.
        takes: Duration,
        /// How it ends.
        succeeds: bool,
    },
}

/// The status of an execution, a stage or an action, as far as the sandbox plays them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Going on.
    InProgress,
    /// Ended well.
    Succeeded,
    /// Ended badly.
    Failed,
    /// A person is stopping it: what has begun may end.
    Stopping,
    /// A person has stopped it.
    Stopped,
}

impl Status {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "InProgress",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Stopping => "Stopping",
            Self::Stopped => "Stopped",
        }
    }
}

/// A pipeline and its history.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub(super) region: String,
    pub(super) declaration: PipelineDeclaration,
    pub(super) created: Timestamp,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) executions: Vec<Execution>,
    pub(super) stages: Vec<StageRecord>,
    /// Every attempt of every action, oldest first.
    pub(super) attempts: Vec<Attempt>,
}

/// One run through a pipeline.
#[derive(Debug)]
pub(super) struct Execution {
    pub(super) id: String,
    pub(super) status: Status,
    /// It runs one stage again, with what an older execution brought.
    pub(super) is_rollback: bool,
}

/// What a stage shows.
#[derive(Debug, Default)]
pub(super) struct StageRecord {
    /// The execution that entered last, and what became of it.
    pub(super) latest: Option<(String, Status)>,
    pub(super) manual_retries: u32,
    /// The attempt that each action shows: its place in the pipeline's attempts, by the action's place in the stage.
    pub(super) shown: BTreeMap<usize, usize>,
}

/// One attempt of an action.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) id: String,
    pub(super) execution_id: String,
    pub(super) stage: usize,
    pub(super) action: usize,
    pub(super) start: Timestamp,
    pub(super) last_update: Timestamp,
    pub(super) status: Status,
    pub(super) failure: Option<Failure>,
}

/// Why an attempt failed.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) code: String,
    pub(super) message: String,
}

impl Pipeline {
    pub(super) fn new(now: Timestamp, region: &str, declaration: PipelineDeclaration) -> Self {
        let stages = declaration
            .stages
            .iter()
            .map(|_| StageRecord::default())
            .collect();
        Self {
            region: region.to_owned(),
            declaration,
            created: now,
            tags: BTreeMap::new(),
            executions: Vec::new(),
            stages,
            attempts: Vec::new(),
        }
    }

    pub(super) fn action(&self, attempt: &Attempt) -> &ActionDeclaration {
        &self.declaration.stages[attempt.stage].actions[attempt.action]
    }

    pub(super) fn execution(&self, id: &str) -> Option<&Execution> {
        self.executions.iter().find(|execution| execution.id == id)
    }

    pub(super) fn stage_name(&self, stage: usize) -> &str {
        &self.declaration.stages[stage].name
    }

    /// The newest attempt of each action of a stage in one execution, by the action's place.
    pub(super) fn newest(&self, stage: usize, execution_id: &str) -> BTreeMap<usize, &Attempt> {
        let of_stage = self
            .attempts
            .iter()
            .filter(|a| a.stage == stage && a.execution_id == execution_id);
        of_stage.map(|attempt| (attempt.action, attempt)).collect()
    }
}
