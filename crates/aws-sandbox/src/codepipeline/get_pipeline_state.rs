//! GetPipelineState: what each stage and action of a pipeline shows. What has not run has no `latestExecution`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::pipeline::{ActionKind, Attempt, Pipeline, Status};
use super::{CodePipeline, pipeline_name};
use crate::calls::Context;
use crate::constraints::Constraints;
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
    pipeline_version: u32,
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
        pipeline_name(&mut c, "name", input.name.as_ref());
        c.finish()?;
        let pipeline = self.pipeline_in(context.region, &input.name.unwrap_or_default())?;
        Ok(Output {
            pipeline_name: pipeline.declaration.name.clone(),
            pipeline_version: 1,
            created: pipeline.created,
            updated: pipeline.created,
            stage_states: (0..pipeline.stages.len())
                .map(|stage| stage_state(pipeline, stage))
                .collect(),
        })
    }
}

fn stage_state(pipeline: &Pipeline, stage: usize) -> Value {
    let record = &pipeline.stages[stage];
    let actions = pipeline.declaration.stages[stage]
        .actions
        .iter()
        .enumerate()
        .map(|(place, action)| {
            let mut state = json!({"actionName": action.name});
            if let Some(attempt) = record.shown.get(&place) {
                state["latestExecution"] = latest_execution(pipeline, &pipeline.attempts[*attempt]);
            }
            state
        });
    let mut state = json!({
        "stageName": pipeline.stage_name(stage),
        "inboundExecutions": [],
        "inboundTransitionState": {"enabled": true},
        "actionStates": actions.collect::<Vec<_>>(),
    });
    if let Some((execution_id, status)) = &record.latest {
        state["latestExecution"] =
            json!({"pipelineExecutionId": execution_id, "status": status.as_str()});
        // Absent for normal executions.
        if pipeline
            .execution(execution_id)
            .is_some_and(|execution| execution.is_rollback)
        {
            state["latestExecution"]["type"] = json!("ROLLBACK");
        }
    }
    if record.manual_retries > 0 {
        state["retryStageMetadata"] = json!({"manualStageRetryAttempt": record.manual_retries, "latestRetryTrigger": "ManualStageRetry"});
    }
    state
}

/// A Lambda action's external id is its function's name, always; its failure text is in `errorDetails`.
fn latest_execution(pipeline: &Pipeline, attempt: &Attempt) -> Value {
    let mut latest = json!({
        "actionExecutionId": attempt.id,
        "status": attempt.status.as_str(),
        "lastStatusChange": attempt.last_update,
    });
    match &pipeline.action(attempt).kind {
        ActionKind::Lambda { function, .. } => latest["externalExecutionId"] = json!(function),
        ActionKind::Deploy { .. } if attempt.status == Status::Succeeded => {
            latest["summary"] = json!("Deployment Succeeded");
        }
        ActionKind::Deploy { .. } => {}
    }
    if let Some(failure) = &attempt.failure {
        latest["errorDetails"] = json!({"code": failure.code, "message": failure.message});
    }
    latest
}
