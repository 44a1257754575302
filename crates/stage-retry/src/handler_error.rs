//! What Lambda is told when the work could not be done.

use std::fmt;

use health_gate_aws::Refusal;
use lambda_runtime::Diagnostic;

/// The invocation could not look at all the pipelines that it should have looked at. Lambda runs it again.
#[derive(thiserror::Error)]
pub enum HandlerError {
    /// A sweep needs the list of pipelines.
    #[error("the pipelines could not be listed: {0}")]
    PipelinesNotListed(#[from] Refusal),
}

/// The Lambda runtime logs errors so: for people.
impl fmt::Debug for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        Self {
            error_type: "pipelines.not-listed".to_owned(),
            error_message: error.to_string(),
        }
    }
}
