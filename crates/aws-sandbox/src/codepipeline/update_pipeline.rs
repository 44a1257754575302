//! UpdatePipeline: a new version; what is going on is cancelled a moment later.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::declaration::{ExecutionMode, PipelineDeclaration};
use super::engine::Step;
use super::execution::Execution;
use super::place::Place;
use super::status::Status;
use super::{CodePipeline, rules};
use crate::context::Context;
use crate::service_error::ServiceError;
use crate::turn::Turn;

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    pipeline: PipelineDeclaration,
}

#[derive(Debug, Serialize)]
pub(crate) struct Output {
    pipeline: PipelineDeclaration,
}

impl CodePipeline {
    pub(crate) fn update_pipeline(
        &mut self,
        context: &mut Context<'_>,
        input: Input,
    ) -> Result<Output, ServiceError> {
        let mut pipeline = input.pipeline;
        rules::check(&pipeline, context.region)?;
        self.pipeline_in(context.region, &pipeline.name)?;
        let now = context.turn.now;
        let record = self.record(&pipeline.name);
        pipeline.version = record.declaration().version + 1;
        pipeline.name_types();
        record.versions.push(Arc::new(pipeline.clone()));
        record.updated = now;
        // Executions in PARALLEL mode go on with the version that they began with.
        let is_cancelled = |execution: &&Execution| {
            execution.status.is_going_on()
                && execution.declaration.execution_mode != ExecutionMode::Parallel
        };
        let going_on = record.executions.iter().filter(is_cancelled);
        let going_on: Vec<String> = going_on.map(|execution| execution.id.clone()).collect();
        for execution in going_on {
            let step = Step::Cancel {
                pipeline: pipeline.name.clone(),
                execution,
            };
            self.schedule(now + self.delays.update, step);
        }
        self.free_removed_stages(&mut context.turn, &pipeline);
        Ok(Output { pipeline })
    }

    /// Nobody waits for ever in front of a stage that is gone: no transition into it can be enabled any more.
    fn free_removed_stages(&mut self, turn: &mut Turn<'_>, pipeline: &PipelineDeclaration) {
        let exists = |name: &String| pipeline.stages.iter().any(|stage| stage.name == *name);
        let slots = &mut self.record(&pipeline.name).slots;
        let gone: Vec<String> = slots.keys().filter(|name| !exists(name)).cloned().collect();
        for stage in gone {
            if let Some(slot) = self.record(&pipeline.name).slots.get_mut(&stage) {
                slot.disabled = None;
            }
            self.admit(turn, &pipeline.name, &stage);
        }
    }

    /// An execution of an older version ends, if it has not ended by itself (seen with real CodePipeline).
    pub(super) fn cancel(&mut self, turn: &mut Turn<'_>, pipeline: &str, execution: &str) {
        let record = self.record(pipeline);
        let cancelled = record.known_mut(execution);
        if !cancelled.status.is_going_on() {
            return;
        }
        cancelled.status_summary = Some("Pipeline definition was updated".to_owned());
        for slot in record.slots.values_mut() {
            slot.waiting.retain(|waiting| waiting != execution);
        }
        self.abandon_actions(turn, pipeline, execution, Status::Cancelled);
        match self.stage_of(pipeline, execution) {
            Some(place) => self.end_stage(turn, &place, Status::Cancelled),
            None => self.set_execution(turn, pipeline, execution, Status::Cancelled),
        }
    }

    /// The stage that an execution is in.
    pub(super) fn stage_of(&mut self, pipeline: &str, execution: &str) -> Option<Place> {
        let runs = &self.record(pipeline).known(execution).runs;
        let (stage, _) = runs.iter().find(|(_, run)| run.status.is_going_on())?;
        Some(Place {
            pipeline: pipeline.to_owned(),
            execution: execution.to_owned(),
            stage: *stage,
        })
    }

    /// The actions of an execution are not waited for. Events say why: a person has abandoned them, or the pipeline was updated.
    pub(super) fn abandon_actions(
        &mut self,
        turn: &mut Turn<'_>,
        pipeline: &str,
        execution: &str,
        why: Status,
    ) {
        let attempts = self.record(pipeline).attempts.iter().enumerate();
        let open = attempts.filter(|(_, attempt)| {
            attempt.place.execution == execution && attempt.status == Status::InProgress
        });
        for number in open.map(|(number, _)| number).collect::<Vec<_>>() {
            let attempt = &mut self.record(pipeline).attempts[number];
            attempt.status = why;
            attempt.last_update = turn.now;
            self.tell_action(turn, pipeline, number);
        }
    }
}
