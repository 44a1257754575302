//! Executions at the stages: they begin, wait, enter and leave (user guide, "How pipeline executions work").

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::codepipeline::CodePipeline;
use crate::codepipeline::declaration::ExecutionMode;
use crate::codepipeline::execution::{Execution, StageRun, Trigger};
use crate::codepipeline::place::Place;
use crate::codepipeline::status::Status;
use crate::turn::Turn;

/// What an execution begins with.
#[derive(Debug)]
pub(in crate::codepipeline) struct Beginning {
    pub(in crate::codepipeline) trigger: Trigger,
    pub(in crate::codepipeline) client_token: Option<String>,
    pub(in crate::codepipeline) variables: BTreeMap<String, String>,
    pub(in crate::codepipeline) revisions: BTreeMap<String, String>,
    /// The stage that runs alone, and the execution whose revisions and variables it runs with.
    pub(in crate::codepipeline) rollback: Option<(usize, String)>,
}

impl Beginning {
    /// What starts by a call of a person.
    pub(in crate::codepipeline) fn by(kind: &'static str) -> Self {
        Self {
            trigger: Trigger {
                kind,
                detail: format!("arn:aws:iam::{}:user/sandbox", crate::ACCOUNT_ID),
            },
            client_token: None,
            variables: BTreeMap::new(),
            revisions: BTreeMap::new(),
            rollback: None,
        }
    }

    pub(in crate::codepipeline) fn by_creation() -> Self {
        Self::by("CreatePipeline")
    }
}

impl CodePipeline {
    /// Begins an execution and returns its id.
    pub(in crate::codepipeline) fn begin(
        &mut self,
        turn: &mut Turn<'_>,
        pipeline: &str,
        beginning: Beginning,
    ) -> String {
        let record = self.record(pipeline);
        let declaration = Arc::clone(record.declaration());
        let mut variables = BTreeMap::new();
        let mut missing = Vec::new();
        for declared in &declaration.variables {
            let given = beginning.variables.get(&declared.name);
            match given.or(declared.default_value.as_ref()) {
                Some(value) => {
                    variables.insert(declared.name.clone(), value.clone());
                }
                None => missing.push(declared.name.as_str()),
            }
        }
        let place = Place {
            pipeline: pipeline.to_owned(),
            execution: turn.ids.uuid(),
            stage: beginning.rollback.as_ref().map_or(0, |(stage, _)| *stage),
        };
        let failure = (!missing.is_empty()).then(|| {
            format!(
                "Values for required variables haven't been provided: {}",
                missing.join(", ")
            )
        });
        let mut execution = Execution {
            id: place.execution.clone(),
            declaration,
            status: Status::InProgress,
            status_summary: None,
            rollback_of: None,
            trigger: beginning.trigger,
            started: turn.now,
            updated: turn.now,
            client_token: beginning.client_token,
            variables,
            revisions: beginning.revisions,
            artifacts: BTreeMap::new(),
            runs: BTreeMap::new(),
            last_retry: None,
            retries: 0,
            stop_reason: None,
        };
        let is_rollback = beginning.rollback.is_some();
        if let Some((_, target)) = beginning.rollback {
            let of = record.known(&target);
            execution.variables.clone_from(&of.variables);
            execution.revisions.clone_from(&of.revisions);
            execution.artifacts.clone_from(&of.artifacts);
            execution.rollback_of = Some(target);
        }
        record.executions.push(execution);
        let id = place.execution.clone();
        self.set_execution(turn, pipeline, &id, Status::InProgress);
        match failure {
            // A rollback has the variables of its target.
            Some(summary) if !is_rollback => {
                self.record(pipeline).known_mut(&id).status_summary = Some(summary);
                self.set_execution(turn, pipeline, &id, Status::Failed);
            }
            _ if is_rollback => self.enter(turn, &place),
            _ => self.arrive(turn, &place),
        }
        id
    }

    /// An execution has come to a stage: it enters, or waits until it may.
    fn arrive(&mut self, turn: &mut Turn<'_>, place: &Place) {
        let record = self.record(&place.pipeline);
        let mode = record.known(&place.execution).declaration.execution_mode;
        let slot = record.slot_mut(place);
        if mode == ExecutionMode::Parallel && slot.disabled.is_none() {
            return self.enter(turn, place);
        }
        slot.waiting.push(place.execution.clone());
        // "If an execution waits to enter a locked stage, a more recent execution supersedes it."
        if mode == ExecutionMode::Superseded && slot.waiting.len() > 1 {
            let waiting: BTreeSet<String> = slot.waiting.iter().cloned().collect();
            let newest = record.executions.iter().rev();
            let newest = newest
                .map(|execution| &execution.id)
                .find(|id| waiting.contains(*id))
                .cloned();
            let slot = record.slot_mut(place);
            let (kept, superseded) = std::mem::take(&mut slot.waiting)
                .into_iter()
                .partition(|id| Some(id) == newest.as_ref());
            slot.waiting = kept;
            let superseded: Vec<String> = superseded;
            for id in superseded {
                self.set_execution(turn, &place.pipeline, &id, Status::Superseded);
            }
        }
        let stage = self.record(&place.pipeline).stage_name(place).to_owned();
        self.admit(turn, &place.pipeline, &stage);
    }

    /// Lets those in who wait at a stage, as far as there is room.
    pub(in crate::codepipeline) fn admit(
        &mut self,
        turn: &mut Turn<'_>,
        pipeline: &str,
        stage: &str,
    ) {
        loop {
            let record = self.record(pipeline);
            let slot = record.slots.entry(stage.to_owned()).or_default();
            if slot.disabled.is_some() || slot.holder.is_some() || slot.waiting.is_empty() {
                return;
            }
            let execution = slot.waiting.remove(0);
            let stages = &record.known(&execution).declaration.stages;
            let stage = stages
                .iter()
                .position(|declared| declared.name == stage)
                .expect("an execution waits at a stage of its own version");
            let place = Place {
                pipeline: pipeline.to_owned(),
                execution,
                stage,
            };
            self.enter(turn, &place);
        }
    }

    fn enter(&mut self, turn: &mut Turn<'_>, place: &Place) {
        let record = self.record(&place.pipeline);
        let execution = record.known_mut(&place.execution);
        let declaration = Arc::clone(&execution.declaration);
        let run = StageRun {
            status: Status::InProgress,
            entered: turn.now,
            manual_retries: 0,
            last_retry: None,
            retry_is_due: false,
            current: BTreeMap::new(),
            shown: BTreeMap::new(),
        };
        execution.runs.insert(place.stage, run);
        if declaration.execution_mode != ExecutionMode::Parallel {
            let slot = record.slot_mut(place);
            slot.holder = Some(place.execution.clone());
            slot.latest = Some(place.execution.clone());
        }
        self.set_stage(turn, place, Status::InProgress);
        let orders = declaration.stages[place.stage].actions.iter();
        let first = orders.map(|action| action.run_order).min();
        self.run_order(turn, place, first);
    }

    /// An execution is done with a stage: the next one may enter.
    pub(in crate::codepipeline) fn release(&mut self, turn: &mut Turn<'_>, place: &Place) {
        let record = self.record(&place.pipeline);
        let stage = record.stage_name(place).to_owned();
        let slot = record.slot_mut(place);
        if slot.holder.as_ref() == Some(&place.execution) {
            slot.holder = None;
        }
        self.admit(turn, &place.pipeline, &stage);
    }

    /// An execution has succeeded in a stage: it goes to the next one, or has succeeded.
    pub(super) fn go_on(&mut self, turn: &mut Turn<'_>, place: &Place) {
        self.set_stage(turn, place, Status::Succeeded);
        let execution = self.record(&place.pipeline).known(&place.execution);
        let next = place.stage + 1;
        if next == execution.declaration.stages.len() || execution.is_rollback() {
            self.set_execution(turn, &place.pipeline, &place.execution, Status::Succeeded);
        } else {
            let next = Place {
                stage: next,
                ..place.clone()
            };
            self.arrive(turn, &next);
        }
        self.release(turn, place);
    }
}
