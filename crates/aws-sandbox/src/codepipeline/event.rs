//! What CodePipeline tells EventBridge (user guide, "Monitoring CodePipeline events"). Numbers are floats, but for the
//! type's version; what is not known is left out. So real CodePipeline was seen to send them.

use serde_json::{Map, Value, json};

use super::execution::{Artifact, StageRun};
use super::pipeline::Pipeline;
use super::place::Place;
use super::status::Status;
use crate::ACCOUNT_ID;
use crate::turn::{Event, Turn};

/// The kinds of state change, as `detail-type` has them.
pub(crate) const ACTION: &str = "CodePipeline Action Execution State Change";
pub(crate) const STAGE: &str = "CodePipeline Stage Execution State Change";
pub(crate) const PIPELINE: &str = "CodePipeline Pipeline Execution State Change";

fn envelope(
    turn: &mut Turn<'_>,
    pipeline: &Pipeline,
    detail_type: &str,
    detail: Value,
    additional: Value,
) -> Event {
    let event = json!({
        "version": "0",
        "id": turn.ids.uuid(),
        "detail-type": detail_type,
        "source": "aws.codepipeline",
        "account": ACCOUNT_ID,
        "time": turn.now.rfc3339_seconds(),
        "region": pipeline.region,
        "resources": [pipeline.arn()],
        "detail": without_nulls(detail),
    });
    Event { event, additional }
}

fn without_nulls(value: Value) -> Value {
    let Value::Object(members) = value else {
        return value;
    };
    let kept = members.into_iter().filter(|(_, value)| !value.is_null());
    kept.map(|(name, value)| (name, without_nulls(value)))
        .collect::<Map<_, _>>()
        .into()
}

/// The status of an attempt has changed.
pub(super) fn of_action(turn: &mut Turn<'_>, pipeline: &Pipeline, attempt: usize) -> Event {
    let attempt = &pipeline.attempts[attempt];
    let execution = pipeline.known(&attempt.place.execution);
    let has_ended = matches!(attempt.status, Status::Succeeded | Status::Failed);
    let result = has_ended.then(|| {
        let failure = attempt.failure.as_ref();
        json!({
            "external-execution-url": attempt.external_url(),
            "external-execution-summary": failure.map(|failure| failure.message.clone()).or(attempt.success_summary()),
            "external-execution-id": attempt.external_id(),
            "error-code": failure.map(|failure| &failure.code),
        })
    });
    let id = &attempt.declaration.action_type_id;
    let of = |list: &[(String, Artifact)], wanted| {
        (attempt.status == wanted && !list.is_empty()).then(|| artifacts(list))
    };
    let detail = json!({
        "pipeline": pipeline.name(),
        "execution-id": execution.id,
        "start-time": (!matches!(attempt.status, Status::Abandoned | Status::Cancelled))
            .then(|| attempt.start.rfc3339()),
        "stage": attempt.stage,
        "execution-result": result,
        "input-artifacts": of(&attempt.inputs, Status::InProgress),
        "output-artifacts": of(&attempt.outputs, Status::Succeeded),
        "action-execution-id": attempt.id,
        "action": attempt.declaration.name,
        "state": attempt.status.as_event_state(),
        "region": attempt.region,
        "type": {"owner": id.owner, "provider": id.provider, "category": id.category, "version": id.version},
        "version": attempt.version as f64,
        "pipeline-execution-attempt": execution.attempt(),
    });
    let additional = match &attempt.failure {
        Some(failure) => json!({"additionalInformation": failure.message}),
        None => json!({}),
    };
    envelope(turn, pipeline, ACTION, detail, additional)
}

fn artifacts(list: &[(String, Artifact)]) -> Value {
    let list = list.iter().map(|(name, artifact)| {
        json!({"name": name, "s3location": {"bucket": artifact.bucket, "key": artifact.key}})
    });
    list.collect()
}

/// The status of a stage has changed. Its attempts are counted from zero until the first retry of the execution.
pub(super) fn of_stage(turn: &mut Turn<'_>, pipeline: &Pipeline, place: &Place) -> Event {
    let execution = pipeline.known(&place.execution);
    let run = &execution.runs[&place.stage];
    let detail = json!({
        "pipeline": pipeline.name(),
        "execution-id": execution.id,
        "stage-last-retry-attempt-time": run.last_retry.map(|at| at.rfc3339()),
        "start-time": run.entered.rfc3339(),
        "stage": pipeline.stage_name(place),
        "state": state(run.status, run.last_retry.is_some()),
        "version": execution.declaration.version as f64,
        "pipeline-execution-attempt": execution.stage_attempt(),
    });
    let additional = if run.status == Status::Failed {
        failed_actions(pipeline, run)
    } else {
        json!({})
    };
    envelope(turn, pipeline, STAGE, detail, additional)
}

/// The status of an execution has changed.
pub(super) fn of_execution(turn: &mut Turn<'_>, pipeline: &Pipeline, execution_id: &str) -> Event {
    let execution = pipeline.known(execution_id);
    let state = state(execution.status, execution.retries > 0);
    let trigger = &execution.trigger;
    let detail = json!({
        "pipeline": pipeline.name(),
        "execution-id": execution.id,
        "execution-trigger": (state == "STARTED").then(|| json!({"trigger-type": trigger.kind, "trigger-detail": trigger.detail})),
        "stop-execution-comments": (state == "STOPPING").then_some(execution.stop_reason.as_ref()),
        "start-time": execution.started.rfc3339(),
        "last-retry-attempt-time": execution.last_retry.map(|at| at.rfc3339()),
        "state": state,
        "version": execution.declaration.version as f64,
        "pipeline-execution-attempt": execution.attempt(),
    });
    let failed = execution
        .runs
        .iter()
        .find(|(_, run)| run.status == Status::Failed);
    let additional = match failed.filter(|_| execution.status == Status::Failed) {
        Some((stage, run)) => {
            let mut additional = failed_actions(pipeline, run);
            additional["failedStage"] = json!(execution.declaration.stages[*stage].name);
            additional
        }
        None => json!({}),
    };
    envelope(turn, pipeline, PIPELINE, detail, additional)
}

/// Why a stage failed, as notifications tell it.
fn failed_actions(pipeline: &Pipeline, run: &StageRun) -> Value {
    let attempts = run.current.values().map(|n| &pipeline.attempts[*n]);
    let failed = attempts.filter_map(|attempt| {
        let failure = attempt.failure.as_ref()?;
        Some(json!({"action": attempt.declaration.name, "additionalInformation": failure.message}))
    });
    let failed: Vec<Value> = failed.collect();
    json!({"failedActionCount": failed.len(), "failedActions": failed})
}

fn state(status: Status, was_retried: bool) -> &'static str {
    if status == Status::InProgress && was_retried {
        "RESUMED"
    } else {
        status.as_event_state()
    }
}
