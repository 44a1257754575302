//! What a failed call of CodePipeline means for the stage or the pipeline that it was about.

use std::error::Error;

use aws_sdk_codepipeline::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_codepipeline::operation::RequestId;
use health_gate::{RetryOutcome, Settlement};

use crate::sdk_error::{NOT_OF_AWS, is_of_aws, text};

/// CodePipeline did not do what it was asked, or could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Refusal {
    /// What that means for the stage or the pipeline.
    pub outcome: RetryOutcome,
    /// What the call said, for people.
    pub why: String,
    /// CodePipeline said so itself. Else nobody knows whether it has done what it was asked.
    pub is_answer: bool,
}

impl Refusal {
    /// What CodePipeline was told to do it has done, if it has answered itself.
    pub(crate) fn unless_done<T, E>(answer: Result<T, SdkError<E>>) -> Result<(), Self>
    where
        T: RequestId,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let is_done = answer.map(|answer| is_of_aws(&answer))?;
        is_done
            .then_some(())
            .ok_or_else(|| Self::no_answer(NOT_OF_AWS))
    }

    /// What came is not what CodePipeline says.
    pub(crate) fn no_answer(why: &str) -> Self {
        Self {
            outcome: RetryOutcome::Busy,
            why: why.to_owned(),
            is_answer: false,
        }
    }
}

/// Classifies by the error's code (API reference, "RetryStageExecution" and "Common errors"). What is not known is left
/// to the next sweep.
impl<E> From<SdkError<E>> for Refusal
where
    E: ProvideErrorMetadata + Error + 'static,
{
    fn from(error: SdkError<E>) -> Self {
        let outcome = match error.code().unwrap_or_default() {
            "StageNotRetryableException" => RetryOutcome::MovedOn,
            "NotLatestPipelineExecutionException" => RetryOutcome::Superseded,
            "PipelineNotFoundException"
            | "StageNotFoundException"
            | "PipelineExecutionNotFoundException"
            // A name that no pipeline can have.
            | "ValidationException" => RetryOutcome::Gone,
            "AccessDenied" | "AccessDeniedException" => RetryOutcome::Denied,
            _ => RetryOutcome::Busy,
        };
        // An error of its own (5xx) is no word on what was done before it.
        let status = error
            .raw_response()
            .map(|response| response.status().as_u16());
        Self {
            outcome,
            why: text(&error),
            is_answer: error.code().is_some() && status.is_some_and(|status| status < 500),
        }
    }
}

impl From<Refusal> for Settlement {
    fn from(Refusal { outcome, why, .. }: Refusal) -> Self {
        outcome.because(why)
    }
}

/// The pages of a list do not end. What is missing of it is unknown, and nothing may be decided without it.
pub(crate) fn endless(operation: &str, pages: usize) -> Refusal {
    Refusal {
        outcome: RetryOutcome::Busy,
        why: format!("{operation} has more than {pages} pages"),
        is_answer: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_codepipeline::error::ErrorMetadata;
    use aws_sdk_codepipeline::operation::retry_stage_execution::RetryStageExecutionError;
    use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
    use aws_smithy_types::body::SdkBody;

    fn refusal(status: u16, code: &str) -> Refusal {
        let metadata = ErrorMetadata::builder().code(code).build();
        let status = status.try_into().expect("a status");
        SdkError::service_error(
            RetryStageExecutionError::generic(metadata),
            HttpResponse::new(status, SdkBody::empty()),
        )
        .into()
    }

    /// What CodePipeline refuses it has not done; after an error of its own, or no answer, nobody knows.
    #[test]
    fn only_a_refusal_is_an_answer() {
        for (status, code, is_answer) in [
            (409, "ConflictException", true),
            (400, "ThrottlingException", true),
            (500, "InternalFailure", false),
            (503, "ServiceUnavailable", false),
        ] {
            let refusal = refusal(status, code);
            assert_eq!(
                (refusal.is_answer, refusal.outcome),
                (is_answer, RetryOutcome::Busy),
                "{code}"
            );
        }
        let lost: Refusal = SdkError::<RetryStageExecutionError>::timeout_error("no answer").into();
        assert!(!lost.is_answer);
    }
}
