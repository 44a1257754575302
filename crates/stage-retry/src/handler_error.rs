//! What Lambda is told when the work could not be done.

use health_gate_aws::Refusal;
use lambda_runtime::Diagnostic;

/// The invocation could not look at all the pipelines that it should have looked at. Lambda runs it again.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// A sweep needs the list of pipelines.
    #[error(
        "the pipelines could not be listed: {0}; stage-retry needs `codepipeline:ListPipelines`"
    )]
    PipelinesNotListed(#[from] Refusal),
}

impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        Self {
            error_type: "pipelines.not-listed".to_owned(),
            error_message: error.to_string(),
        }
    }
}
