//! What real CodePipeline was seen to do over time, in virtual time with the waits that were seen. Each test names its section of
//! aws-captures. (The shapes of answers and errors, section by section, are in `tests/conformance`.)

use std::time::Duration;

use aws_sandbox::codepipeline::ExecutionMode;
use serde_json::{Value, json};

use crate::releases::Releases;

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A2: a result is picked up by something that looks roughly every 30 s.
#[tokio::test(start_paused = true)]
async fn a2_a_result_takes_effect_about_thirty_seconds_later() {
    let releases = Releases::new(ExecutionMode::Superseded);
    releases.start().await;
    let details = json!({"type": "JobFailed", "message": "no"});
    releases.call(
        "PutJobFailureResult",
        json!({"jobId": releases.job(), "failureDetails": details}),
    );
    releases.pass(millis(29_900)).await;
    assert_eq!(releases.action("Prod", "Gate")["status"], "InProgress");
    releases.pass(millis(200)).await;
    assert_eq!(releases.action("Prod", "Gate")["status"], "Failed");
}

/// A2: rounds are about 28 s apart; the job's id is new, the action execution the same, the token as given, credentials are fresh.
#[tokio::test(start_paused = true)]
async fn a2_a_continuation_makes_a_new_job_after_twenty_eight_seconds() {
    let releases = Releases::new(ExecutionMode::Superseded);
    let execution = releases.start().await;
    let round = || {
        releases
            .invocation()
            .map(|invocation| invocation.payload["CodePipeline.job"].clone())
    };
    let first = round().expect("round 1");
    let action = releases.action("Prod", "Gate")["actionExecutionId"].clone();
    releases.call(
        "PutJobSuccessResult",
        json!({"jobId": first["id"], "continuationToken": "{\"phase\": 2}"}),
    );
    releases.pass(millis(27_900)).await;
    assert_eq!(round(), None);
    releases.pass(millis(200)).await;
    let second = round().expect("round 2");
    assert_ne!(first["id"], second["id"]);
    assert_eq!(second["data"]["continuationToken"], "{\"phase\": 2}");
    assert_eq!(releases.action("Prod", "Gate")["actionExecutionId"], action);
    assert_eq!(
        first["data"]["inputArtifacts"],
        second["data"]["inputArtifacts"]
    );
    let expires = |job: &Value| {
        job["data"]["artifactCredentials"]["expirationTime"]
            .as_i64()
            .expect("epoch milliseconds")
    };
    // The first round was a second old when it was answered.
    assert_eq!(expires(&second) - expires(&first), 29_000);
    // B3: neither a token on the first call, nor a key where the store has none.
    assert!(
        first["data"].get("continuationToken").is_none()
            && first["data"].get("encryptionKey").is_none()
    );
    assert_eq!(
        releases.rows(&execution),
        ["Prod/Gate InProgress", "Source/Source Succeeded"]
    );
}

/// A2: a function that does not exist fails the action after 1.1 s.
#[tokio::test(start_paused = true)]
async fn a2_a_missing_function_fails_after_about_a_second() {
    let releases = Releases::new(ExecutionMode::Superseded);
    releases.world.with(|sandbox, now| {
        sandbox
            .lambda
            .delete_function(now, "us-east-1", "pipeline-gate")
    });
    releases.call("StartPipelineExecution", json!({"name": "shop"}));
    releases.pass(millis(2_000)).await;
    assert_eq!(releases.action("Prod", "Gate")["status"], "InProgress");
    releases.pass(millis(200)).await;
    assert_eq!(
        releases.action("Prod", "Gate")["errorDetails"]["code"],
        "ConfigurationError"
    );
}

/// A3: the text is in `errorDetails` of the state and in the summary of the row, which has the code alone; no summary in the state.
#[tokio::test(start_paused = true)]
async fn a3_where_a_failure_text_shows() {
    let releases = Releases::new(ExecutionMode::Superseded);
    releases.start().await;
    releases.fail(&releases.job()).await;
    let state = releases.action("Prod", "Gate");
    let text = "health-gate blocked: a test";
    assert_eq!(
        state["errorDetails"],
        json!({"code": "JobFailed", "message": text})
    );
    assert_eq!(state.get("summary"), None);
    assert_eq!(state["externalExecutionId"], "pipeline-gate");
    let rows = releases.call(
        "ListActionExecutions",
        json!({"pipelineName": "shop", "maxResults": 1}),
    );
    let result = &rows["actionExecutionDetails"][0]["output"]["executionResult"];
    assert_eq!(result["errorDetails"], json!({"code": "JobFailed"}));
    assert_eq!(result["externalExecutionSummary"], text);
    assert_eq!(result["externalExecutionId"], "pipeline-gate");
}

/// A4: a later stage shows the older execution until the new one enters it; then its actions first show nothing.
#[tokio::test(start_paused = true)]
async fn a4_later_stages_keep_the_older_execution() {
    let releases = Releases::new(ExecutionMode::Superseded);
    assert_eq!(releases.stage("Prod")["latestExecution"], Value::Null);
    let first = releases.start().await;
    assert!(
        releases.action("Prod", "Deploy").is_null(),
        "it has not run"
    );
    releases.succeed(&releases.job()).await;
    releases.pass(millis(60_000)).await;
    let old = releases.action("Prod", "Deploy")["actionExecutionId"].clone();
    releases.call("StartPipelineExecution", json!({"name": "shop"}));
    releases.pass(millis(500)).await;
    assert_eq!(
        releases.shown("Prod").0,
        first,
        "the new one is at the source"
    );
    assert_eq!(releases.action("Prod", "Deploy")["actionExecutionId"], old);
    releases.pass(millis(1_000)).await;
    assert_ne!(releases.shown("Prod").0, first);
    assert!(
        releases.action("Prod", "Deploy").is_null(),
        "the old row is gone"
    );
}

/// A5, B4: after an accepted retry the stage is in progress at once, while the action shows its old attempt; after 6 s it shows none,
/// after 8 s the new one.
#[tokio::test(start_paused = true)]
async fn a5_a_retry_over_time() {
    let releases = Releases::new(ExecutionMode::Superseded);
    let execution = releases.start().await;
    releases.fail(&releases.job()).await;
    let old = releases.action("Prod", "Gate")["actionExecutionId"].clone();
    let accepted = releases
        .retry(&execution, "FAILED_ACTIONS")
        .expect("it is accepted");
    assert_eq!(accepted, json!({"pipelineExecutionId": execution}));
    releases.pass(millis(200)).await;
    assert_eq!(
        releases.shown("Prod"),
        (execution.clone(), "InProgress".to_owned())
    );
    let shown = releases.action("Prod", "Gate");
    assert_eq!(
        (&shown["actionExecutionId"], &shown["status"]),
        (&old, &json!("Failed"))
    );
    assert_eq!(
        releases.stage("Prod")["retryStageMetadata"],
        json!({"manualStageRetryAttempt": 1, "latestRetryTrigger": "ManualStageRetry"})
    );
    releases.pass(millis(5_900)).await;
    assert!(releases.action("Prod", "Gate").is_null());
    releases.pass(millis(2_000)).await;
    let new = releases.action("Prod", "Gate");
    assert_eq!(new["status"], "InProgress");
    assert_ne!(new["actionExecutionId"], old);
    assert_eq!(
        releases.rows(&execution),
        [
            "Prod/Gate InProgress",
            "Prod/Gate Failed",
            "Source/Source Succeeded"
        ]
    );
    // The counter stays after success, and goes with the next execution.
    releases.succeed(&releases.job()).await;
    releases.pass(millis(60_000)).await;
    assert_eq!(
        releases.stage("Prod")["retryStageMetadata"]["manualStageRetryAttempt"],
        1
    );
    releases.start().await;
    assert_eq!(releases.stage("Prod")["retryStageMetadata"], Value::Null);
}

/// A5: between an action's failure and its stage's there is a while in which the stage is still in progress.
#[tokio::test(start_paused = true)]
async fn a5_a_stage_fails_after_its_action() {
    let releases = Releases::new(ExecutionMode::Superseded);
    let execution = releases.start().await;
    let details = json!({"type": "JobFailed", "message": "no"});
    releases.call(
        "PutJobFailureResult",
        json!({"jobId": releases.job(), "failureDetails": details}),
    );
    releases.pass(millis(33_000)).await;
    assert_eq!(releases.action("Prod", "Gate")["status"], "Failed");
    assert_eq!(
        (releases.shown("Prod").1, releases.status(&execution)),
        ("InProgress".to_owned(), "InProgress".to_owned())
    );
    releases.pass(millis(2_000)).await;
    assert_eq!(
        (releases.shown("Prod").1, releases.status(&execution)),
        ("Failed".to_owned(), "Failed".to_owned())
    );
    assert!(
        releases
            .execution(&execution)
            .get("statusSummary")
            .is_none()
    );
}

/// A7: an update cancels about a second later; what has ended keeps its status and its version.
#[tokio::test(start_paused = true)]
async fn a7_an_update_cancels_about_a_second_later() {
    let releases = Releases::new(ExecutionMode::Superseded);
    let failed = releases.start().await;
    releases.fail(&releases.job()).await;
    let execution = releases.start().await;
    let pipeline = crate::releases::shop(ExecutionMode::Superseded);
    releases.call("UpdatePipeline", json!({"pipeline": pipeline}));
    releases.pass(millis(900)).await;
    assert_eq!(releases.status(&execution), "InProgress");
    releases.pass(millis(200)).await;
    assert_eq!(releases.status(&execution), "Cancelled");
    assert_eq!(releases.status(&failed), "Failed");
    assert_eq!(releases.execution(&failed)["pipelineVersion"], 1);
    let state = releases.call("GetPipelineState", json!({"name": "shop"}));
    assert_eq!(state["pipelineVersion"], 2);
}

/// A6: an execution can fail without any row, for want of a variable.
#[tokio::test(start_paused = true)]
async fn a6_a_missing_variable_fails_without_a_row() {
    let mut pipeline = crate::releases::shop(ExecutionMode::Superseded);
    pipeline.variables =
        vec![serde_json::from_value(json!({"name": "Alpha"})).expect("a variable")];
    let releases = Releases::of(pipeline);
    let execution = releases.start().await;
    let shown = releases.execution(&execution);
    assert_eq!(shown["status"], "Failed");
    assert_eq!(
        shown["statusSummary"],
        "Values for required variables haven't been provided: Alpha"
    );
    assert_eq!(releases.rows(&execution), [""; 0]);
}

/// A2: a function that returns without giving a result leaves its action in progress.
#[tokio::test(start_paused = true)]
async fn a2_a_return_without_a_result_changes_nothing() {
    let releases = Releases::new(ExecutionMode::Superseded);
    releases.start().await;
    let _returned = releases.job();
    releases.pass(millis(60_000)).await;
    assert_eq!(releases.action("Prod", "Gate")["status"], "InProgress");
}

/// A4: right after CreatePipeline there is no execution to be seen, and right after a start no revision.
#[tokio::test(start_paused = true)]
async fn a4_what_is_not_there_at_first() {
    let releases = Releases::new(ExecutionMode::Superseded);
    let mut pipeline = crate::releases::shop(ExecutionMode::Superseded);
    pipeline.name = "other".to_owned();
    releases.call("CreatePipeline", json!({"pipeline": pipeline}));
    let executions = || {
        let list = releases.call("ListPipelineExecutions", json!({"pipelineName": "other"}));
        list["pipelineExecutionSummaries"]
            .as_array()
            .expect("a list")
            .clone()
    };
    releases.pass(millis(900)).await;
    assert_eq!(executions(), [Value::Null; 0]);
    let state = releases.call("GetPipelineState", json!({"name": "other"}));
    assert!(state["stageStates"][0].get("latestExecution").is_none());
    releases.pass(millis(200)).await;
    assert_eq!(executions()[0]["trigger"]["triggerType"], "CreatePipeline");

    let output = releases.call("StartPipelineExecution", json!({"name": "shop"}));
    let execution = output["pipelineExecutionId"].as_str().expect("an id");
    assert_eq!(
        releases.execution(execution)["artifactRevisions"],
        json!([])
    );
    releases.pass(millis(1_100)).await;
    assert_eq!(
        releases.execution(execution)["artifactRevisions"][0]["name"],
        "Source"
    );
}
