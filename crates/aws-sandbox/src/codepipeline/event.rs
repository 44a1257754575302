//! What CodePipeline tells EventBridge (user guide, "Monitoring CodePipeline events").

use serde_json::{Value, json};

use super::pipeline::{ActionKind, Attempt, Pipeline};
use crate::ACCOUNT_ID;
use crate::timestamp::Timestamp;

/// An action has failed. Numbers are floats, but for the type's version, as AWS sends them.
pub(super) fn action_failed(now: Timestamp, pipeline: &Pipeline, attempt: &Attempt) -> Value {
    let name = &pipeline.declaration.name;
    let region = &pipeline.region;
    let action = pipeline.action(attempt);
    let (category, provider, external_id) = match &action.kind {
        ActionKind::Lambda { function, .. } => ("Invoke", "Lambda", Some(function)),
        ActionKind::Deploy { .. } => ("Deploy", "S3", None),
    };
    let failure = attempt.failure.as_ref();
    json!({
        "version": "0",
        "id": attempt.id,
        "detail-type": "CodePipeline Action Execution State Change",
        "source": "aws.codepipeline",
        "account": ACCOUNT_ID,
        "time": now.rfc3339(),
        "region": region,
        "resources": [format!("arn:aws:codepipeline:{region}:{ACCOUNT_ID}:{name}")],
        "detail": {
            "pipeline": name,
            "execution-id": attempt.execution_id,
            "start-time": attempt.start.rfc3339(),
            "stage": pipeline.stage_name(attempt.stage),
            "execution-result": {
                "external-execution-summary": failure.map(|failure| &failure.message),
                "external-execution-id": external_id,
                "error-code": failure.map(|failure| &failure.code),
            },
            "action-execution-id": attempt.id,
            "action": action.name,
            "state": "FAILED",
            "region": region,
            "type": {"owner": "AWS", "provider": provider, "category": category, "version": "1"},
            "version": 1.0,
            "pipeline-execution-attempt": 1.0,
        },
    })
}
