//! RetryStageExecution: a failed stage goes on with the actions that failed.

use serde::{Deserialize, Serialize};

use super::pipeline::Status;
use super::put_job_success_result::UUID;
use super::{CodePipeline, pipeline_name};
use crate::calls::Context;
use crate::constraints::Constraints;
use crate::service_error::ServiceError;

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Input {
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_execution_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_mode: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    pipeline_execution_id: String,
}

impl CodePipeline {
    pub(crate) fn retry_stage_execution(
        &mut self,
        context: &Context<'_>,
        input: Input,
    ) -> Result<Output, ServiceError> {
        validate(&input)?;
        let name = input.pipeline_name.unwrap_or_default();
        let stage_name = input.stage_name.unwrap_or_default();
        let execution_id = input.pipeline_execution_id.unwrap_or_default();
        let pipeline = self.pipeline_in(context.region, &name)?;
        let Some(stage) =
            (0..pipeline.stages.len()).find(|stage| pipeline.stage_name(*stage) == stage_name)
        else {
            let message =
                format!("Pipeline '{name}' does not have a stage with name '{stage_name}'");
            return Err(ServiceError::new("StageNotFoundException", message));
        };
        match &pipeline.stages[stage].latest {
            Some((latest, Status::Failed)) if *latest == execution_id => {}
            Some((latest, Status::Failed)) if *latest != execution_id => {
                let message = format!(
                    "A later execution has failed in the stage named {stage_name} in the {name} pipeline."
                );
                return Err(ServiceError::new(
                    "NotLatestPipelineExecutionException",
                    message,
                ));
            }
            Some(_) | None => {
                let message = format!(
                    "The stage named {stage_name} in the {name} pipeline can't be retried now. Either it contains no \
                     failed actions, the execution '{execution_id}' is already superseded, or the pipeline definition \
                     has changed since the action(s) failed."
                );
                return Err(ServiceError::new("StageNotRetryableException", message));
            }
        }
        self.retry(context.now, &name, stage, &execution_id);
        Ok(Output {
            pipeline_execution_id: execution_id,
        })
    }
}

/// ALL_ACTIONS exists in AWS and not here: nothing of ours asks for it.
fn validate(input: &Input) -> Result<(), ServiceError> {
    let mut c = Constraints::default();
    pipeline_name(&mut c, "pipelineName", input.pipeline_name.as_ref());
    pipeline_name(&mut c, "stageName", input.stage_name.as_ref());
    c.required("pipelineExecutionId", input.pipeline_execution_id.as_ref());
    c.pattern(
        "pipelineExecutionId",
        input.pipeline_execution_id.as_ref(),
        UUID,
    );
    c.required("retryMode", input.retry_mode.as_ref());
    c.one_of("retryMode", input.retry_mode.as_ref(), &["FAILED_ACTIONS"]);
    c.finish()
}
