//! A pipeline: what it is declared to do, who holds and who waits for its stages, and all that ran in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::attempt::Attempt;
use super::declaration::{ExecutionMode, PipelineDeclaration};
use super::execution::{Execution, StageRun};
use super::place::Place;
use crate::timestamp::Timestamp;

/// A pipeline and its history.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub(super) region: String,
    /// Every version, oldest first; the last one counts.
    pub(super) versions: Vec<Arc<PipelineDeclaration>>,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) tags: BTreeMap<String, String>,
    /// Oldest first.
    pub(super) executions: Vec<Execution>,
    /// By the stage's name, since stages keep what they show when the pipeline is updated.
    pub(super) slots: BTreeMap<String, Slot>,
    /// Every attempt of every action, oldest first.
    pub(super) attempts: Vec<Attempt>,
}

/// A stage as a place that one execution holds and others wait for.
#[derive(Debug, Default)]
pub(super) struct Slot {
    /// The execution that is in it: no other may enter.
    pub(super) holder: Option<String>,
    /// Those that wait to enter, first come first.
    pub(super) waiting: Vec<String>,
    /// The execution that entered last: the one that it shows.
    pub(super) latest: Option<String>,
    /// Set while the transition into it is disabled.
    pub(super) disabled: Option<Disabled>,
}

/// Why nobody enters a stage.
#[derive(Debug)]
pub(super) struct Disabled {
    pub(super) reason: String,
    pub(super) at: Timestamp,
}

impl Pipeline {
    pub(super) fn new(now: Timestamp, region: &str, declaration: PipelineDeclaration) -> Self {
        Self {
            region: region.to_owned(),
            versions: vec![Arc::new(declaration)],
            created: now,
            updated: now,
            tags: BTreeMap::new(),
            executions: Vec::new(),
            slots: BTreeMap::new(),
            attempts: Vec::new(),
        }
    }

    /// The version that counts.
    pub(super) fn declaration(&self) -> &Arc<PipelineDeclaration> {
        self.versions.last().expect("a pipeline has a version")
    }

    pub(super) fn name(&self) -> &str {
        &self.declaration().name
    }

    pub(super) fn mode(&self) -> ExecutionMode {
        self.declaration().execution_mode
    }

    pub(super) fn arn(&self) -> String {
        format!(
            "arn:aws:codepipeline:{}:{}:{}",
            self.region,
            crate::ACCOUNT_ID,
            self.name()
        )
    }

    pub(super) fn stage_index(&self, name: &str) -> Option<usize> {
        let mut stages = self.declaration().stages.iter();
        stages.position(|stage| stage.name == name)
    }

    pub(super) fn execution(&self, id: &str) -> Option<&Execution> {
        self.executions.iter().find(|execution| execution.id == id)
    }

    /// An execution that the engine knows to exist.
    pub(super) fn known(&self, id: &str) -> &Execution {
        self.execution(id).expect("executions are never deleted")
    }

    pub(super) fn known_mut(&mut self, id: &str) -> &mut Execution {
        let mut executions = self.executions.iter_mut();
        executions
            .find(|execution| execution.id == id)
            .expect("executions are never deleted")
    }

    /// What an execution did in a stage that it has entered.
    pub(super) fn run(&self, place: &Place) -> Option<&StageRun> {
        self.execution(&place.execution)?.runs.get(&place.stage)
    }

    pub(super) fn run_mut(&mut self, place: &Place) -> &mut StageRun {
        let runs = &mut self.known_mut(&place.execution).runs;
        runs.get_mut(&place.stage)
            .expect("the execution has entered the stage")
    }

    pub(super) fn attempt_mut(&mut self, id: &str) -> Option<&mut Attempt> {
        self.attempts.iter_mut().find(|attempt| attempt.id == id)
    }

    /// The name of the stage in the execution's own version.
    pub(super) fn stage_name(&self, place: &Place) -> &str {
        &self.known(&place.execution).declaration.stages[place.stage].name
    }

    pub(super) fn slot_mut(&mut self, place: &Place) -> &mut Slot {
        let name = self.stage_name(place).to_owned();
        self.slots.entry(name).or_default()
    }
}
