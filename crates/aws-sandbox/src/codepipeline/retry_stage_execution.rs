//! RetryStageExecution: a stage goes on with the actions that failed, or from its beginning (user guide, "Retry a failed
//! stage or failed actions in a stage").

use std::collections::BTreeSet;

use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::declaration::ExecutionMode;
use super::engine::Step;
use super::pipeline::Pipeline;
use super::place::Place;
use super::start_pipeline_execution::room_for_one_more;
use super::status::Status;
use super::{CodePipeline, rules};
use crate::constraints::Constraints;
use crate::context::Context;
use crate::service_error::ServiceError;

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Input {
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_execution_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_mode: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    pipeline_execution_id: String,
}

impl CodePipeline {
    pub(crate) fn retry_stage_execution(
        &mut self,
        context: &mut Context<'_>,
        input: Input,
    ) -> Result<Output, ServiceError> {
        validate(&input)?;
        let name = input.pipeline_name.unwrap_or_default();
        let stage_name = input.stage_name.unwrap_or_default();
        let id = input.pipeline_execution_id.unwrap_or_default();
        let pipeline = self.pipeline_in(context.region, &name)?;
        let place = Place {
            stage: pipeline.stage_named(&stage_name)?,
            pipeline: name.clone(),
            execution: id.clone(),
        };
        let all = input.retry_mode.as_deref() == Some("ALL_ACTIONS");
        let actions = actions_to_retry(pipeline, &place, &stage_name, all)?;
        self.retry(context, &place, actions);
        Ok(Output {
            pipeline_execution_id: id,
        })
    }

    /// The stage is in progress at once; its actions run again a little later, and meanwhile the state shows the old
    /// attempts and then none (seen with real CodePipeline).
    fn retry(&mut self, context: &mut Context<'_>, place: &Place, actions: BTreeSet<usize>) {
        let turn = &mut context.turn;
        let record = self.record(&place.pipeline);
        let mode = record.mode();
        let run = record.run_mut(place);

        run.manual_retries += 1;
        run.last_retry = Some(turn.now);
        run.retry_is_due = true;
        let number = run.manual_retries;
        let shown: Vec<usize> = run
            .shown
            .keys()
            .copied()
            .filter(|action| actions.contains(action))
            .collect();
        let execution = record.known_mut(&place.execution);
        execution.retries += 1;
        execution.last_retry = Some(turn.now);
        execution.status_summary = None;
        execution.stop_reason = None;
        if mode != ExecutionMode::Parallel {
            record.slot_mut(place).holder = Some(place.execution.clone());
        }
        self.set_stage(turn, place, Status::InProgress);
        self.set_execution(turn, &place.pipeline, &place.execution, Status::InProgress);
        let now = turn.now;
        self.schedule(
            now + self.delays.retry_clears,
            Step::Forget(place.clone(), shown),
        );
        self.schedule(
            now + self.delays.retry,
            Step::RunAgain(place.clone(), actions.into_iter().collect(), number),
        );
    }
}

/// The actions that a retry runs again, by their place in the stage.
///
/// # Errors
/// Those of the API reference. The text of StageNotRetryableException is real CodePipeline's; those of the others are not known.
fn actions_to_retry(
    pipeline: &Pipeline,
    place: &Place,
    stage_name: &str,
    all: bool,
) -> Result<BTreeSet<usize>, ServiceError> {
    let (name, id) = (pipeline.name(), &place.execution);
    let refused = || {
        let message = format!(
            "The stage named {stage_name} in the {name} pipeline can't be retried now. Either it contains no failed \
             actions, the execution '{id}' is already superseded, or the pipeline definition has changed since the \
             action(s) failed."
        );
        Err(ServiceError::new("StageNotRetryableException", message))
    };
    let Some(execution) = pipeline.execution(id) else {
        return refused();
    };
    let latest = pipeline
        .slots
        .get(stage_name)
        .and_then(|slot| slot.latest.as_ref());
    if let Some(later) = latest.filter(|later| *later != id) {
        let stage = Place {
            execution: later.clone(),
            ..place.clone()
        };
        if pipeline
            .run(&stage)
            .is_some_and(|run| run.status == Status::Failed)
        {
            let message = format!(
                "The stage named {stage_name} in the {name} pipeline has failed in a later execution than '{id}'."
            );
            return Err(ServiceError::new(
                "NotLatestPipelineExecutionException",
                message,
            ));
        }
        return refused();
    }
    let is_outdated = execution.declaration.version != pipeline.declaration().version;
    let Some(run) = execution.runs.get(&place.stage).filter(|_| !is_outdated) else {
        return refused();
    };
    if run.retry_is_due {
        let message = format!(
            "The pipeline {name} is busy: another retry of the stage {stage_name} has been accepted. Try again later."
        );
        let mut error = ServiceError::new("ConflictException", message);
        error.status = StatusCode::CONFLICT;
        return Err(error);
    }
    let current = run
        .current
        .iter()
        .map(|(action, n)| (*action, pipeline.attempts[*n].status));
    let current: Vec<(usize, Status)> = current.collect();
    let is_over = |status| matches!(status, Status::Failed | Status::Abandoned);
    let failed = current.iter().filter(|(_, status)| is_over(*status));
    let failed: BTreeSet<usize> = failed.map(|(action, _)| *action).collect();
    let in_progress = current
        .iter()
        .any(|(_, status)| *status == Status::InProgress);
    let may_go_on = match run.status {
        Status::Failed | Status::InProgress => !failed.is_empty(),
        // A stage that was stopped between its actions can be retried as a whole.
        Status::Stopped => all || !failed.is_empty(),
        Status::Succeeded
        | Status::Stopping
        | Status::Abandoned
        | Status::Cancelled
        | Status::Superseded => false,
    };
    if !may_go_on || (all && in_progress) {
        return refused();
    }
    room_for_one_more(pipeline, Some(id))?;
    if all {
        Ok((0..execution.declaration.stages[place.stage].actions.len()).collect())
    } else {
        Ok(failed)
    }
}

fn validate(input: &Input) -> Result<(), ServiceError> {
    let mut c = Constraints::default();
    rules::stage_of_execution(
        &mut c,
        (input.pipeline_name.as_ref(), input.stage_name.as_ref()),
        ("pipelineExecutionId", input.pipeline_execution_id.as_ref()),
    );
    let modes = ["FAILED_ACTIONS", "ALL_ACTIONS"];
    c.required("retryMode", input.retry_mode.as_ref());
    c.one_of("retryMode", input.retry_mode.as_ref(), &modes);
    c.finish()
}
