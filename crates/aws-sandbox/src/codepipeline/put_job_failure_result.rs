//! PutJobFailureResult: the action failed.

use serde::{Deserialize, Serialize};

use super::put_job_success_result::Output;
use super::{CodePipeline, JobResult, UUID};
use crate::constraints::Constraints;
use crate::context::Context;
use crate::service_error::ServiceError;

const TYPES: [&str; 6] = [
    "JobFailed",
    "ConfigurationError",
    "PermissionError",
    "RevisionOutOfSync",
    "RevisionUnavailable",
    "SystemUnavailable",
];

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Input {
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_details: Option<FailureDetails>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FailureDetails {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    failure_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// Accepted and replaced by the function's name, as by real CodePipeline.
    #[serde(skip_serializing_if = "Option::is_none")]
    external_execution_id: Option<String>,
}

impl CodePipeline {
    pub(crate) fn put_job_failure_result(
        &mut self,
        context: &mut Context<'_>,
        input: Input,
    ) -> Result<Output, ServiceError> {
        validate(&input)?;
        let id = input.job_id.unwrap_or_default();
        let details = input.failure_details.unwrap_or_default();
        let job = self.job_in(context.region, &id)?;
        let first = job.in_progress();
        job.finish(JobResult::Failure {
            failure_type: details.failure_type.unwrap_or_default(),
            message: details.message.unwrap_or_default(),
        })?;
        if first {
            self.after_result(context.turn.now, &id);
        }
        Ok(Output {})
    }
}

fn validate(input: &Input) -> Result<(), ServiceError> {
    let mut c = Constraints::default();
    c.required("jobId", input.job_id.as_ref());
    c.pattern("jobId", input.job_id.as_ref(), UUID);
    c.required("failureDetails", input.failure_details.as_ref());
    if let Some(details) = &input.failure_details {
        c.required("failureDetails.type", details.failure_type.as_ref());
        c.one_of("failureDetails.type", details.failure_type.as_ref(), &TYPES);
        c.required("failureDetails.message", details.message.as_ref());
        c.text(
            "failureDetails.message",
            details.message.as_ref(),
            1..=5_000,
        );
        c.text(
            "failureDetails.externalExecutionId",
            details.external_execution_id.as_ref(),
            1..=1_500,
        );
    }
    c.finish()
}
