//! GetPipelineState: the stages of a pipeline.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the SDK's enums are non-exhaustive: a wildcard is required"
)]

use aws_sdk_codepipeline::types::{self, ActionExecutionStatus, StageExecutionStatus};
use health_gate::{ActionAttempt, ActionStatus, ExecutionType, StageState, StageStatus};

use crate::clients::Clients;
use crate::describe_events::utc;
use crate::pipeline_ref::PipelineRef;
use crate::refusal::Refusal;

/// Reads the stages of a pipeline. Stages that no execution has entered yet are left out. `None`: the pipeline shows no state,
/// as those in PARALLEL mode.
///
/// # Errors
/// [`Refusal`] if they could not be read.
pub async fn pipeline_state(
    clients: &Clients,
    pipeline: &PipelineRef,
) -> Result<Option<Vec<StageState>>, Refusal> {
    clients.pace.turn().await;
    let request = clients
        .codepipeline
        .get_pipeline_state()
        .name(&pipeline.name);
    let output = request
        .customize()
        .config_override(pipeline.config())
        .send()
        .await?;
    // CodePipeline sends an empty list then: an answer without one is not its answer.
    let stages = output
        .stage_states
        .ok_or_else(|| Refusal::no_answer("the answer has no list of stages"))?;
    let shows_state = !stages.is_empty();
    Ok(shows_state.then(|| stages.into_iter().filter_map(stage).collect()))
}

fn stage(stage: types::StageState) -> Option<StageState> {
    let latest = stage.latest_execution?;
    Some(StageState {
        name: stage.stage_name?,
        pipeline_execution_id: latest.pipeline_execution_id,
        status: match latest.status {
            StageExecutionStatus::InProgress => StageStatus::InProgress,
            StageExecutionStatus::Stopping => StageStatus::Stopping,
            StageExecutionStatus::Stopped => StageStatus::Stopped,
            StageExecutionStatus::Failed => StageStatus::Failed,
            _ => StageStatus::Other,
        },
        execution_type: execution_type(latest.r#type.as_ref()),
        transition_enabled: stage
            .inbound_transition_state
            .is_none_or(|transition| transition.enabled),
        actions: stage
            .action_states
            .unwrap_or_default()
            .into_iter()
            .filter_map(attempt)
            .collect(),
    })
}

pub(crate) fn execution_type(kind: Option<&types::ExecutionType>) -> ExecutionType {
    match kind {
        // Absent for normal executions.
        None | Some(types::ExecutionType::Standard) => ExecutionType::Standard,
        Some(types::ExecutionType::Rollback) => ExecutionType::Rollback,
        Some(_) => ExecutionType::Other,
    }
}

/// The state does not say what kind of action it is; a Lambda action's external id is its function's name.
fn attempt(action: types::ActionState) -> Option<ActionAttempt> {
    let latest = action.latest_execution?;
    let (error_code, message) = latest
        .error_details
        .map_or((None, None), |error| (error.code, error.message));
    Some(ActionAttempt {
        action_execution_id: latest.action_execution_id?,
        status: action_status(latest.status.as_ref()),
        last_status_change: latest.last_status_change.and_then(utc),
        function: latest.external_execution_id,
        error_code,
        message,
    })
}

pub(crate) fn action_status(status: Option<&ActionExecutionStatus>) -> ActionStatus {
    match status {
        Some(ActionExecutionStatus::Succeeded) => ActionStatus::Succeeded,
        Some(ActionExecutionStatus::Failed) => ActionStatus::Failed,
        Some(ActionExecutionStatus::Abandoned) => ActionStatus::Abandoned,
        _ => ActionStatus::Other,
    }
}
