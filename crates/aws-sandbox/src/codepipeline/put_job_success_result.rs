//! PutJobSuccessResult: the action succeeded, or is still in progress if there is a continuation token.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{CodePipeline, JobResult, UUID};
use crate::constraints::Constraints;
use crate::context::Context;
use crate::service_error::ServiceError;
use crate::timestamp::Timestamp;

const ALL_VARIABLES_BYTES: usize = 122_880;

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Input {
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    continuation_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    execution_details: Option<ExecutionDetails>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_revision: Option<CurrentRevision>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_variables: Option<BTreeMap<String, String>>,
}

/// Accepted and shown nowhere for Lambda actions, as by real CodePipeline.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ExecutionDetails {
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_execution_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    percent_complete: Option<i64>,
}

/// The same.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CurrentRevision {
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change_identifier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision_summary: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Output {}

impl CodePipeline {
    pub(crate) fn put_job_success_result(
        &mut self,
        context: &mut Context<'_>,
        input: Input,
    ) -> Result<Output, ServiceError> {
        validate(&input)?;
        let id = input.job_id.unwrap_or_default();
        let output_variables = input.output_variables.unwrap_or_default();
        let continuation_token = input.continuation_token;

        let job = self.job_in(context.region, &id)?;
        if continuation_token.is_some() && !output_variables.is_empty() {
            // The job stays open.
            let message = "A job can not contain both a continuation token and output variables.";
            return Err(ServiceError::new("ValidationException", message));
        }
        let first = job.in_progress();
        job.finish(JobResult::Success {
            continuation_token,
            output_variables,
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
    c.text(
        "continuationToken",
        input.continuation_token.as_ref(),
        1..=2_048,
    );
    if let Some(details) = &input.execution_details {
        c.text(
            "executionDetails.summary",
            details.summary.as_ref(),
            1..=2_048,
        );
        c.text(
            "executionDetails.externalExecutionId",
            details.external_execution_id.as_ref(),
            1..=1_500,
        );
        c.range(
            "executionDetails.percentComplete",
            details.percent_complete,
            0..=100,
        );
    }
    if let Some(current) = &input.current_revision {
        let revision = current.revision.as_ref();
        c.required("currentRevision.revision", revision);
        c.text("currentRevision.revision", revision, 1..=1_500);
        let change = current.change_identifier.as_ref();
        c.required("currentRevision.changeIdentifier", change);
        c.text("currentRevision.changeIdentifier", change, 1..=100);
        let summary = current.revision_summary.as_ref();
        c.text("currentRevision.revisionSummary", summary, 1..=2_048);
    }
    let variables = input.output_variables.iter().flatten();
    for (name, _) in variables.clone() {
        c.pattern("outputVariables", Some(name), r"[A-Za-z0-9@\-_]+");
    }
    c.finish()?;
    let bytes: usize = variables
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if bytes > ALL_VARIABLES_BYTES {
        let message = format!(
            "Output variables take {bytes} bytes; at most {ALL_VARIABLES_BYTES} are allowed."
        );
        return Err(ServiceError::new(
            "OutputVariablesSizeExceededException",
            message,
        ));
    }
    Ok(())
}
