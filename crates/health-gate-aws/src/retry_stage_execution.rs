//! RetryStageExecution: lets a failed stage go on with the actions that failed.

use aws_sdk_codepipeline::types::StageRetryMode;

use crate::clients::Clients;
use crate::refusal::Refusal;

/// Retries the failed actions of a stage.
///
/// # Errors
/// [`Refusal`] if CodePipeline did not accept it.
pub async fn retry_stage(
    clients: &Clients,
    pipeline: &str,
    stage: &str,
    pipeline_execution_id: &str,
) -> Result<(), Refusal> {
    let request = clients
        .codepipeline
        .retry_stage_execution()
        .pipeline_name(pipeline)
        .stage_name(stage)
        .pipeline_execution_id(pipeline_execution_id)
        .retry_mode(StageRetryMode::FailedActions);
    Ok(request.send().await.map(drop)?)
}
