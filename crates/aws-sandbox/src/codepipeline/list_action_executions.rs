//! ListActionExecutions: the attempts of a pipeline's actions, newest first.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::pipeline::{ActionKind, Attempt, Pipeline, Status};
use super::{CodePipeline, page, pipeline_name};
use crate::calls::Context;
use crate::constraints::Constraints;
use crate::service_error::ServiceError;

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Input {
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<Filter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_results: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Filter {
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_in_pipeline_execution: Option<LatestInPipelineExecution>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LatestInPipelineExecution {
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_execution_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time_range: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    action_execution_details: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl CodePipeline {
    pub(crate) fn list_action_executions(
        &self,
        context: &Context<'_>,
        input: Input,
    ) -> Result<Output, ServiceError> {
        validate(&input)?;
        let name = input.pipeline_name.unwrap_or_default();
        let pipeline = self.pipeline_in(context.region, &name)?;
        let latest = input
            .filter
            .and_then(|filter| filter.latest_in_pipeline_execution);
        let execution_id = latest
            .as_ref()
            .and_then(|latest| latest.pipeline_execution_id.as_ref());
        if let Some(id) = execution_id
            && !pipeline
                .executions
                .iter()
                .any(|execution| execution.id == *id)
        {
            let message = format!(
                "Pipeline Execution with id '{id}' does not exist in pipeline with name '{name}'"
            );
            return Err(ServiceError::new(
                "PipelineExecutionNotFoundException",
                message,
            ));
        }
        let newest_only = latest
            .as_ref()
            .is_some_and(|latest| latest.start_time_range.as_deref() == Some("Latest"));

        let mut seen = BTreeSet::new();
        let of_execution =
            |attempt: &&Attempt| execution_id.is_none_or(|id| attempt.execution_id == *id);
        let rows = pipeline.attempts.iter().rev().filter(of_execution);
        let rows: Vec<Value> = rows
            .filter(|attempt| seen.insert((attempt.stage, attempt.action)) || !newest_only)
            .map(|attempt| row(pipeline, attempt))
            .collect();
        let (action_execution_details, next_token) = page(
            rows,
            input.max_results.unwrap_or(100),
            input.next_token.as_deref(),
        )?;
        Ok(Output {
            action_execution_details,
            next_token,
        })
    }
}

fn validate(input: &Input) -> Result<(), ServiceError> {
    let mut c = Constraints::default();
    pipeline_name(&mut c, "pipelineName", input.pipeline_name.as_ref());
    c.range("maxResults", input.max_results, 1..=100);
    c.text("nextToken", input.next_token.as_ref(), 1..=2_048);
    if let Some(latest) = input
        .filter
        .as_ref()
        .and_then(|filter| filter.latest_in_pipeline_execution.as_ref())
    {
        let path = "filter.latestInPipelineExecution";
        c.required(
            &format!("{path}.pipelineExecutionId"),
            latest.pipeline_execution_id.as_ref(),
        );
        c.required(
            &format!("{path}.startTimeRange"),
            latest.start_time_range.as_ref(),
        );
        c.one_of(
            &format!("{path}.startTimeRange"),
            latest.start_time_range.as_ref(),
            &["All", "Latest"],
        );
    }
    c.finish()
}

/// A failed job's text is the summary here; `errorDetails` has the code alone. An attempt in progress has no result.
fn row(pipeline: &Pipeline, attempt: &Attempt) -> Value {
    let action = pipeline.action(attempt);
    let (category, provider, configuration) = match &action.kind {
        ActionKind::Lambda {
            function,
            user_parameters,
        } => {
            let mut configuration = json!({"FunctionName": function});
            if let Some(text) = user_parameters {
                configuration["UserParameters"] = json!(text);
            }
            ("Invoke", "Lambda", configuration)
        }
        ActionKind::Deploy { .. } => ("Deploy", "S3", json!({})),
    };
    let mut output = json!({"outputArtifacts": [], "outputVariables": {}});
    if attempt.status != Status::InProgress {
        let mut result = json!({});
        if let ActionKind::Lambda { function, .. } = &action.kind {
            result["externalExecutionId"] = json!(function);
        }
        if let Some(failure) = &attempt.failure {
            result["errorDetails"] = json!({"code": failure.code});
            result["externalExecutionSummary"] = json!(failure.message);
        }
        output["executionResult"] = result;
    }
    json!({
        "actionExecutionId": attempt.id,
        "actionName": action.name,
        "stageName": pipeline.stage_name(attempt.stage),
        "pipelineExecutionId": attempt.execution_id,
        "pipelineVersion": 1,
        "startTime": attempt.start,
        "lastUpdateTime": attempt.last_update,
        "status": attempt.status.as_str(),
        "input": {
            "actionTypeId": {"__type": "ActionTypeId", "category": category, "owner": "AWS", "provider": provider, "version": "1"},
            "configuration": configuration,
            "resolvedConfiguration": configuration,
            "region": pipeline.region,
            "inputArtifacts": [],
        },
        "output": output,
    })
}
