//! RollbackStage: a new execution runs one stage again, with what an older one brought (user guide, "Rolling back a stage").
//! The refusals are in the words of real CodePipeline.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::engine::Beginning;
use super::execution::{Execution, Trigger};
use super::pipeline::Pipeline;
use super::status::Status;
use super::{CodePipeline, rules};
use crate::constraints::Constraints;
use crate::context::Context;
use crate::service_error::ServiceError;

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Input {
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_pipeline_execution_id: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    pipeline_execution_id: String,
}

impl CodePipeline {
    pub(crate) fn rollback_stage(
        &mut self,
        context: &mut Context<'_>,
        input: Input,
    ) -> Result<Output, ServiceError> {
        let mut c = Constraints::default();
        rules::stage_of_execution(
            &mut c,
            (input.pipeline_name.as_ref(), input.stage_name.as_ref()),
            (
                "targetPipelineExecutionId",
                input.target_pipeline_execution_id.as_ref(),
            ),
        );
        c.finish()?;
        let name = input.pipeline_name.unwrap_or_default();
        let stage_name = input.stage_name.unwrap_or_default();
        let target = input.target_pipeline_execution_id.unwrap_or_default();
        let pipeline = self.pipeline_in(context.region, &name)?;
        let stage = pipeline.stage_named(&stage_name)?;
        check(pipeline, stage, &stage_name, &target)?;
        let user = format!("arn:aws:iam::{}:user/sandbox", crate::ACCOUNT_ID);
        let beginning = Beginning {
            trigger: Trigger {
                kind: "ManualRollback",
                detail: json!({"AwsUserArn": user}).to_string(),
            },
            rollback: Some((stage, target)),
            ..Beginning::by("ManualRollback")
        };
        Ok(Output {
            pipeline_execution_id: self.begin(&mut context.turn, &name, beginning),
        })
    }
}

fn check(
    pipeline: &Pipeline,
    stage: usize,
    stage_name: &str,
    target: &str,
) -> Result<(), ServiceError> {
    let name = pipeline.name();
    let Some(execution) = pipeline.execution(target) else {
        let message = format!(
            "Target Pipeline Execution with id '{target}' does not exist in pipeline with name '{name}'"
        );
        return Err(ServiceError::new(
            "PipelineExecutionNotFoundException",
            message,
        ));
    };
    let unable =
        |message: String| Err(ServiceError::new("UnableToRollbackStageException", message));
    if execution.declaration.version != pipeline.declaration().version {
        let message =
            format!("Pipeline '{name}' has been updated since the rollback request was made.");
        return Err(ServiceError::new(
            "PipelineExecutionOutdatedException",
            message,
        ));
    }
    let completed = execution
        .runs
        .get(&stage)
        .is_some_and(|run| run.status == Status::Succeeded);
    if execution.is_rollback() || !completed {
        return unable(format!(
            "Target Pipeline Execution with id '{target}' has not completed in stage with name '{stage_name}'"
        ));
    }
    let is_in_it = |execution: &Execution| {
        let mut runs = execution.runs.iter();
        runs.any(|(place, run)| {
            execution.declaration.stages[*place].name == stage_name && run.status.is_going_on()
        })
    };
    let in_progress = pipeline.executions.iter().any(is_in_it);
    if in_progress {
        return unable(format!(
            "Pipeline '{name}' cannot start rollback since stage {stage_name} is in progress."
        ));
    }
    Ok(())
}
