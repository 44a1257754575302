//! GetPipelineState: what each stage and action of a pipeline shows. What has not run has no `latestExecution`; in PARALLEL
//! mode there is nothing to show.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::CodePipeline;
use super::attempt::Attempt;
use super::declaration::{ActionDeclaration, ActionKind, ExecutionMode};
use super::pipeline::{Pipeline, Slot};
use crate::constraints::Constraints;
use crate::context::Context;
use crate::service_error::ServiceError;
use crate::timestamp::Timestamp;

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    pipeline_name: String,
    pipeline_version: i64,
    created: Timestamp,
    updated: Timestamp,
    stage_states: Vec<Value>,
}

impl CodePipeline {
    pub(crate) fn pipeline_state(
        &self,
        context: &Context<'_>,
        input: Input,
    ) -> Result<Output, ServiceError> {
        let mut c = Constraints::default();
        super::name(&mut c, "name", input.name.as_ref());
        c.finish()?;
        let pipeline = self.pipeline_in(context.region, &input.name.unwrap_or_default())?;
        let stages = match pipeline.mode() {
            ExecutionMode::Parallel => 0,
            ExecutionMode::Superseded | ExecutionMode::Queued => {
                pipeline.declaration().stages.len()
            }
        };
        Ok(Output {
            pipeline_name: pipeline.name().to_owned(),
            pipeline_version: pipeline.declaration().version,
            created: pipeline.created,
            updated: pipeline.updated,
            stage_states: (0..stages)
                .map(|stage| stage_state(pipeline, stage))
                .collect(),
        })
    }
}

fn stage_state(pipeline: &Pipeline, stage: usize) -> Value {
    let declaration = &pipeline.declaration().stages[stage];
    let nobody = Slot::default();
    let slot = pipeline.slots.get(&declaration.name).unwrap_or(&nobody);
    let latest = slot.latest.as_ref().and_then(|id| {
        let execution = pipeline.execution(id)?;
        let named = |stage: &usize| execution.declaration.stages[*stage].name == declaration.name;
        let (_, run) = execution.runs.iter().find(|(stage, _)| named(stage))?;
        Some((execution, run))
    });
    let shown = |action: &ActionDeclaration| {
        let (_, run) = latest?;
        let mut attempts = run.shown.values().map(|n| &pipeline.attempts[*n]);
        attempts.find(|attempt| attempt.declaration.name == action.name)
    };
    let actions = declaration.actions.iter().map(|action| {
        let mut state = json!({"actionName": action.name});
        if let Some(url) = entity_url(pipeline, action) {
            state["entityUrl"] = json!(url);
        }
        if let Some(attempt) = shown(action) {
            state["latestExecution"] = latest_execution(attempt);
        }
        state
    });
    let mut state = json!({
        "stageName": declaration.name,
        "inboundExecutions": [],
        "inboundTransitionState": transition(slot),
        "actionStates": actions.collect::<Vec<_>>(),
    });
    let inbound = |id: &String| json!({"pipelineExecutionId": id, "status": pipeline.known(id).status.as_str()});
    match pipeline.mode() {
        // Seen with real CodePipeline: the one that waits, while the list is empty.
        ExecutionMode::Superseded => {
            if let Some(id) = slot.waiting.first() {
                state["inboundExecution"] = inbound(id);
            }
        }
        ExecutionMode::Queued | ExecutionMode::Parallel => {
            state["inboundExecutions"] = slot.waiting.iter().map(inbound).collect();
        }
    }
    if let Some((execution, run)) = latest {
        state["latestExecution"] =
            json!({"pipelineExecutionId": execution.id, "status": run.status.as_str()});
        // Absent for normal executions.
        if execution.is_rollback() {
            state["latestExecution"]["type"] = json!("ROLLBACK");
        }
        if run.manual_retries > 0 {
            state["retryStageMetadata"] = json!({"manualStageRetryAttempt": run.manual_retries, "latestRetryTrigger": "ManualStageRetry"});
        }
    }
    state
}

fn transition(slot: &Slot) -> Value {
    match &slot.disabled {
        None => json!({"enabled": true}),
        Some(disabled) => json!({
            "enabled": false,
            "disabledReason": disabled.reason,
            "lastChangedAt": disabled.at,
            "lastChangedBy": format!("arn:aws:iam::{}:user/sandbox", crate::ACCOUNT_ID),
        }),
    }
}

/// Where the console shows what the action works on.
fn entity_url(pipeline: &Pipeline, action: &ActionDeclaration) -> Option<String> {
    let region = action.region.as_ref().unwrap_or(&pipeline.region);
    let value = |key: &str| action.configuration.get(key).map_or("", String::as_str);
    let rest = match action.kind()? {
        ActionKind::Lambda => format!(
            "lambda/home?region={region}#/functions/{}",
            value("FunctionName")
        ),
        ActionKind::Source => format!("s3/home?region={region}#"),
        ActionKind::Deploy => format!("s3/buckets/{}", value("BucketName")),
    };
    Some(format!("https://console.aws.amazon.com/{rest}"))
}

/// A failure's text is in `errorDetails`; a success of a Lambda action has no text at all.
fn latest_execution(attempt: &Attempt) -> Value {
    let mut latest = json!({
        "actionExecutionId": attempt.id,
        "status": attempt.status.as_action_str(),
        "lastStatusChange": attempt.last_update,
    });
    let optional = [
        ("externalExecutionId", attempt.external_id()),
        ("externalExecutionUrl", attempt.external_url()),
        ("summary", attempt.success_summary()),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            latest[name] = json!(value);
        }
    }
    if let Some(failure) = &attempt.failure {
        latest["errorDetails"] = json!({"code": failure.code, "message": failure.message});
    }
    latest
}
