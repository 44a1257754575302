//! StopPipelineExecution: a person stops a release, and waits for its actions or abandons them (user guide, "Stop a
//! pipeline execution").

use serde::{Deserialize, Serialize};

use super::CodePipeline;
use super::engine::Step;
use super::status::Status;
use crate::constraints::Constraints;
use crate::context::Context;
use crate::service_error::ServiceError;
use crate::turn::Turn;

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Input {
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_execution_id: Option<String>,
    #[serde(default)]
    abandon: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    pipeline_execution_id: String,
}

impl CodePipeline {
    pub(crate) fn stop_pipeline_execution(
        &mut self,
        context: &mut Context<'_>,
        input: Input,
    ) -> Result<Output, ServiceError> {
        let mut c = Constraints::default();
        super::name(&mut c, "pipelineName", input.pipeline_name.as_ref());
        super::id(
            &mut c,
            "pipelineExecutionId",
            input.pipeline_execution_id.as_ref(),
        );
        c.text("reason", input.reason.as_ref(), 0..=200);
        c.finish()?;
        let name = input.pipeline_name.unwrap_or_default();
        let id = input.pipeline_execution_id.unwrap_or_default();
        let turn = &mut context.turn;
        let pipeline = self.pipeline_in(context.region, &name)?;
        let in_progress = pipeline
            .attempts
            .iter()
            .any(|attempt| attempt.place.execution == id && attempt.status == Status::InProgress);
        let retry_is_due = pipeline
            .execution(&id)
            .is_some_and(|execution| execution.runs.values().any(|run| run.retry_is_due));
        let reason = input.reason.filter(|reason| !reason.is_empty());
        if pipeline
            .slots
            .values()
            .any(|slot| slot.waiting.contains(&id))
        {
            // One that waits between stages has nothing to wait for.
            let record = self.record(&name);
            for slot in record.slots.values_mut() {
                slot.waiting.retain(|waiting| *waiting != id);
            }
            record.known_mut(&id).stop_reason = reason;
            self.show_stop(turn, &name, &id, Status::Stopped);
            return Ok(Output {
                pipeline_execution_id: id,
            });
        }
        let place = self
            .stage_of_known(&name, &id)
            .filter(|_| in_progress || retry_is_due);
        let Some(place) = place else {
            let message = format!(
                "The pipeline execution with ID '{id}' in '{name}' can't be stopped now. Either it does not exist in the \
                 pipeline, or the pipeline execution has no action executions in progress."
            );
            return Err(ServiceError::new(
                "PipelineExecutionNotStoppableException",
                message,
            ));
        };
        let is_stopping = self.record(&name).run_mut(&place).status == Status::Stopping;
        if is_stopping && !input.abandon {
            let message = format!(
                "The execution with ID {id} in {name} is already in a stopping state. If you already chose to stop and \
                 wait, you cannot make that request again. You can choose to stop and abandon instead."
            );
            return Err(ServiceError::new("DuplicatedStopRequestException", message));
        }
        self.record(&name).known_mut(&id).stop_reason = reason;
        self.record(&name).run_mut(&place).retry_is_due = false;
        let status = if input.abandon {
            self.abandon_actions(turn, &name, &id, Status::Abandoned);
            self.set_stage(turn, &place, Status::Stopped);
            self.release(turn, &place);
            Status::Stopped
        } else {
            self.set_stage(turn, &place, Status::Stopping);
            // Nothing may be left to wait for.
            self.settle(turn, &place);
            Status::Stopping
        };
        let step = Step::ShowStop {
            pipeline: name,
            execution: id.clone(),
            status,
        };
        self.schedule(turn.now + self.delays.stop, step);
        Ok(Output {
            pipeline_execution_id: id,
        })
    }

    fn stage_of_known(&mut self, pipeline: &str, execution: &str) -> Option<super::place::Place> {
        self.record(pipeline).execution(execution)?;
        self.stage_of(pipeline, execution)
    }

    /// The execution shows what its stage shows already.
    pub(super) fn show_stop(
        &mut self,
        turn: &mut Turn<'_>,
        pipeline: &str,
        execution: &str,
        status: Status,
    ) {
        let stopped = self.record(pipeline).known_mut(execution);
        let is_in_a_stage = stopped.runs.values().any(|run| run.status.is_going_on());
        // A retry may have come first.
        if !stopped.status.is_going_on() || (status == Status::Stopped && is_in_a_stage) {
            return;
        }
        stopped.status_summary.clone_from(&stopped.stop_reason);
        if status == Status::Stopped && stopped.status == Status::InProgress {
            self.set_execution(turn, pipeline, execution, Status::Stopping);
        }
        self.set_execution(turn, pipeline, execution, status);
    }
}
