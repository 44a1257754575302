//! Why an invocation fails.

use health_gate_aws::PutJobResultError;
use lambda_runtime::Diagnostic;

/// The invocation could not answer its job. Lambda then runs it again.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// The event is of no job, so there is nothing to answer.
    #[error(
        "the event names no job: `CodePipeline.job`.`id` is missing; accepted: the event with which CodePipeline \
         invokes a function (a sample is `events/codepipeline-job.json`)"
    )]
    NoJob,
    /// The job did not get its answer.
    #[error(transparent)]
    NotAnswered(#[from] PutJobResultError),
}

impl HandlerError {
    /// The stable reason code for logs and alarms.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoJob => "event.no-job",
            Self::NotAnswered(PutJobResultError::JobNotFound { .. }) => "job.not-found",
            Self::NotAnswered(PutJobResultError::Refused { .. }) => "job.refused",
            Self::NotAnswered(PutJobResultError::Undelivered { .. }) => "job.undelivered",
        }
    }
}

impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        Self {
            error_type: error.code().to_owned(),
            error_message: error.to_string(),
        }
    }
}
