//! GetPipelineState: the stages of a pipeline.

use aws_sdk_codepipeline::types::{
    self, ActionExecutionStatus, ExecutionType, StageExecutionStatus,
};
use health_gate::{ActionAttempt, ActionStatus, StageState};

use crate::clients::Clients;
use crate::refusal::Refusal;

/// Reads the stages of a pipeline. Stages that no execution has entered yet are left out.
///
/// # Errors
/// [`Refusal`] if they could not be read.
pub async fn pipeline_state(clients: &Clients, pipeline: &str) -> Result<Vec<StageState>, Refusal> {
    let output = clients
        .codepipeline
        .get_pipeline_state()
        .name(pipeline)
        .send()
        .await?;
    Ok(output
        .stage_states
        .unwrap_or_default()
        .into_iter()
        .filter_map(stage)
        .collect())
}

fn stage(stage: types::StageState) -> Option<StageState> {
    let latest = stage.latest_execution?;
    Some(StageState {
        name: stage.stage_name?,
        pipeline_execution_id: latest.pipeline_execution_id,
        failed: latest.status == StageExecutionStatus::Failed,
        // Absent for normal executions.
        rollback: latest
            .r#type
            .is_some_and(|kind| kind != ExecutionType::Standard),
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

/// The state does not say what kind of action it is; a Lambda action's external id is its function's name.
fn attempt(action: types::ActionState) -> Option<ActionAttempt> {
    let latest = action.latest_execution?;
    let (error_code, message) = latest
        .error_details
        .map_or((None, None), |error| (error.code, error.message));
    Some(ActionAttempt {
        action_execution_id: latest.action_execution_id?,
        status: action_status(latest.status.as_ref()),
        function: latest.external_execution_id,
        error_code,
        message,
    })
}

pub(crate) fn action_status(status: Option<&ActionExecutionStatus>) -> ActionStatus {
    match status {
        Some(ActionExecutionStatus::Succeeded) => ActionStatus::Succeeded,
        Some(ActionExecutionStatus::Failed) => ActionStatus::Failed,
        _ => ActionStatus::Other,
    }
}
