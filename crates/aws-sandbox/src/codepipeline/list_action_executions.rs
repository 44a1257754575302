//! ListActionExecutions: the attempts of a pipeline's actions, newest first.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::attempt::Attempt;
use super::execution::Artifact;
use super::page::{Asked, Scope};
use super::status::Status;
use super::{CodePipeline, UUID};
use crate::constraints::Constraints;
use crate::context::Context;
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

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Filter {
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_execution_id: Option<String>,
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
        let filter = input.filter.unwrap_or_default();
        let plain = filter.pipeline_execution_id.as_deref();
        let latest = filter.latest_in_pipeline_execution.as_ref();
        let of_latest = latest.and_then(|latest| latest.pipeline_execution_id.as_deref());
        let exists = |id: &str| pipeline.execution(id).is_some();
        match (plain, of_latest) {
            (Some(id), _) => {
                pipeline.execution_with_id(id)?;
            }
            // So real CodePipeline words it.
            (None, Some(id)) if !exists(id) => {
                pipeline.execution_with_id("null")?;
            }
            (None, _) => {}
        }
        let id = of_latest.or(plain);
        let nothing = plain.is_some() && of_latest.is_some() && plain != of_latest;
        let range = latest.and_then(|latest| latest.start_time_range.as_deref());

        let mut seen = BTreeSet::new();
        let rows = pipeline.attempts.iter().rev();
        let rows =
            rows.filter(|attempt| !nothing && id.is_none_or(|id| attempt.place.execution == id));
        let rows: Vec<Value> = rows
            .filter(|attempt| {
                seen.insert((attempt.place.stage, attempt.action)) || range != Some("Latest")
            })
            .map(row)
            .collect();
        let page = Asked {
            size: input.max_results,
            token: input.next_token.as_deref(),
        };
        let scope = Scope {
            execution: id,
            range,
        };
        let (action_execution_details, next_token) = page.of(rows, 100, &scope)?;
        Ok(Output {
            action_execution_details,
            next_token,
        })
    }
}

fn validate(input: &Input) -> Result<(), ServiceError> {
    let mut c = Constraints::default();
    super::name(&mut c, "pipelineName", input.pipeline_name.as_ref());
    let page = Asked {
        size: input.max_results,
        token: input.next_token.as_deref(),
    };
    page.validate(&mut c, 100);
    let filter = input.filter.as_ref();
    let plain = filter.and_then(|filter| filter.pipeline_execution_id.as_ref());
    c.pattern("filter.pipelineExecutionId", plain, UUID);
    if let Some(latest) = filter.and_then(|filter| filter.latest_in_pipeline_execution.as_ref()) {
        let path = "filter.latestInPipelineExecution";
        let of = format!("{path}.pipelineExecutionId");
        super::id(&mut c, &of, latest.pipeline_execution_id.as_ref());
        let of = format!("{path}.startTimeRange");
        c.required(&of, latest.start_time_range.as_ref());
        c.one_of(&of, latest.start_time_range.as_ref(), &["All", "Latest"]);
    }
    c.finish()
}

/// A failed job's text is the summary here; `errorDetails` has the code alone. An attempt in progress, or abandoned, has no
/// result.
fn row(attempt: &Attempt) -> Value {
    let action = &attempt.declaration;
    let of = &action.action_type_id;
    let mut output = json!({"outputArtifacts": [], "outputVariables": attempt.output_variables});
    if attempt.status == Status::Succeeded {
        output["outputArtifacts"] = artifacts(&attempt.outputs);
    }
    if matches!(attempt.status, Status::Succeeded | Status::Failed) {
        let mut result = json!({});
        let failure = attempt.failure.as_ref();
        let optional = [
            ("externalExecutionId", attempt.external_id()),
            ("externalExecutionUrl", attempt.external_url()),
            (
                "externalExecutionSummary",
                failure
                    .map(|failure| failure.message.clone())
                    .or(attempt.success_summary()),
            ),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                result[name] = json!(value);
            }
        }
        if let Some(failure) = failure {
            result["errorDetails"] = json!({"code": failure.code});
        }
        output["executionResult"] = result;
    }
    let mut input = json!({
        "actionTypeId": {"__type": "ActionTypeId", "category": of.category, "owner": of.owner, "provider": of.provider, "version": of.version},
        "configuration": action.configuration,
        "resolvedConfiguration": attempt.resolved,
        "region": attempt.region,
        "inputArtifacts": artifacts(&attempt.inputs),
    });
    for (name, value) in [
        ("namespace", &action.namespace),
        ("roleArn", &action.role_arn),
    ] {
        if let Some(value) = value {
            input[name] = json!(value);
        }
    }
    json!({
        "actionExecutionId": attempt.id,
        "actionName": action.name,
        "stageName": attempt.stage,
        "pipelineExecutionId": attempt.place.execution,
        "pipelineVersion": attempt.version,
        "startTime": attempt.start,
        "lastUpdateTime": attempt.last_update,
        "status": attempt.status.as_action_str(),
        "input": input,
        "output": output,
    })
}

fn artifacts(list: &[(String, Artifact)]) -> Value {
    let list = list.iter().map(|(name, artifact)| {
        json!({"name": name, "s3location": {"bucket": artifact.bucket, "key": artifact.key}})
    });
    list.collect()
}
