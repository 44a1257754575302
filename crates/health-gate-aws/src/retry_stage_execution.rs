//! RetryStageExecution: lets a failed stage go on with the actions that failed.

use aws_sdk_codepipeline::config::Builder as Config;
use aws_sdk_codepipeline::types::StageRetryMode;
use aws_smithy_types::retry::RetryConfig;

use crate::clients::Clients;
use crate::refusal::Refusal;

/// Retries the failed actions of a stage, at once: the caller has waited for its turn ([`Clients::turn`]). It takes 3 s at most.
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
    // Sent once: an attempt whose answer got lost may have been accepted, and another one would come without a look.
    let once = Config::new().retry_config(RetryConfig::disabled());
    Refusal::unless_done(request.customize().config_override(once).send().await)
}
