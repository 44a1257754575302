//! What has happened to pipelines: every change of a status is written down as it is made, and told to EventBridge.

use super::place::Place;
use super::status::Status;
use super::{CodePipeline, event};
use crate::timestamp::Timestamp;
use crate::turn::{Effect, Turn};

/// Something that happened to a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// When.
    pub at: Timestamp,
    /// The pipeline's name.
    pub pipeline: String,
    /// The execution's id.
    pub execution: String,
    /// What it happened to.
    pub part: Part,
    /// The status that it has now.
    pub status: Status,
    /// It goes on after a retry.
    pub resumed: bool,
}

/// A part of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The execution as a whole.
    Execution,
    /// A stage, by its name.
    Stage(String),
    /// An action, by its stage's and its own name.
    Action(String, String),
}

impl CodePipeline {
    pub(super) fn set_stage(&mut self, turn: &mut Turn<'_>, place: &Place, status: Status) {
        let record = self.record(&place.pipeline);
        record.run_mut(place).status = status;
        let name = record.stage_name(place).to_owned();
        let event = event::of_stage(turn, record, place);
        turn.effects.push(Effect::Event(event));
        let resumed = status == Status::InProgress && record.run_mut(place).last_retry.is_some();
        self.happened(
            turn,
            &place.pipeline,
            &place.execution,
            Part::Stage(name),
            status,
            resumed,
        );
    }

    pub(super) fn set_execution(
        &mut self,
        turn: &mut Turn<'_>,
        pipeline: &str,
        execution_id: &str,
        status: Status,
    ) {
        let record = self.record(pipeline);
        let execution = record.known_mut(execution_id);
        execution.status = status;
        execution.updated = turn.now;
        let resumed = status == Status::InProgress && execution.retries > 0;
        let event = event::of_execution(turn, record, execution_id);
        turn.effects.push(Effect::Event(event));
        self.happened(
            turn,
            pipeline,
            execution_id,
            Part::Execution,
            status,
            resumed,
        );
    }

    /// The status of an attempt has changed.
    pub(super) fn tell_action(&mut self, turn: &mut Turn<'_>, pipeline: &str, attempt: usize) {
        let record = self.record(pipeline);
        let event = event::of_action(turn, record, attempt);
        turn.effects.push(Effect::Event(event));
        let attempt = &record.attempts[attempt];
        let part = Part::Action(attempt.stage.clone(), attempt.declaration.name.clone());
        let (execution, status) = (attempt.place.execution.clone(), attempt.status);
        record.known_mut(&execution).updated = turn.now;
        self.happened(turn, pipeline, &execution, part, status, false);
    }

    fn happened(
        &mut self,
        turn: &Turn<'_>,
        pipeline: &str,
        execution: &str,
        part: Part,
        status: Status,
        resumed: bool,
    ) {
        self.history.push(Happening {
            at: turn.now,
            pipeline: pipeline.to_owned(),
            execution: execution.to_owned(),
            part,
            status,
            resumed,
        });
    }
}
