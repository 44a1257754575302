//! Retries and rollbacks of stages.

use std::time::Duration;

use aws_sandbox::codepipeline::{
    ActionDeclaration, ExecutionMode, PipelineDeclaration, StageDeclaration,
};
use serde_json::{Value, json};

use crate::in_world::FUNCTION;
use crate::releases::{Releases, shop};

const SUPERSEDED: ExecutionMode = ExecutionMode::Superseded;

/// A stage that is retried is inside already: a disabled transition does not hold it ("Stop or start stage transitions").
#[tokio::test(start_paused = true)]
async fn a_retry_passes_a_disabled_transition() {
    let releases = Releases::new(SUPERSEDED);
    let execution = releases.start().await;
    releases.fail(&releases.job()).await;
    let transition = json!({"pipelineName": "shop", "stageName": "Prod", "transitionType": "Inbound", "reason": "no"});
    releases.call("DisableStageTransition", transition);
    releases
        .retry(&execution, "FAILED_ACTIONS")
        .expect("it is accepted");
    releases.pass(Duration::from_secs(10)).await;
    releases.succeed(&releases.job()).await;
    assert_eq!(releases.action("Prod", "Deploy")["status"], "InProgress");
}

/// A newer execution in the stage makes an older one's retry impossible; if it has failed there, too, the refusal says so (API
/// reference, "RetryStageExecution").
#[tokio::test(start_paused = true)]
async fn a_retry_is_refused_when_a_newer_execution_has_entered() {
    let releases = Releases::new(SUPERSEDED);
    let first = releases.start().await;
    releases.fail(&releases.job()).await;
    let second = releases.start().await;
    let code = || {
        releases
            .retry(&first, "FAILED_ACTIONS")
            .expect_err("it is refused")
            .code
    };
    assert_eq!(code(), "StageNotRetryableException");
    releases.fail(&releases.job()).await;
    assert_eq!(code(), "NotLatestPipelineExecutionException");
    releases
        .retry(&second, "FAILED_ACTIONS")
        .expect("it is the latest");
}

/// A pipeline whose definition has changed since is not retried, nor a stage twice at once ("Retry a failed stage or failed
/// actions in a stage").
#[tokio::test(start_paused = true)]
async fn a_retry_is_refused_after_an_update_and_while_another_is_accepted() {
    let releases = Releases::new(SUPERSEDED);
    let execution = releases.start().await;
    releases.fail(&releases.job()).await;
    releases
        .retry(&execution, "FAILED_ACTIONS")
        .expect("it is accepted");
    let again = releases
        .retry(&execution, "FAILED_ACTIONS")
        .expect_err("one is on its way");
    assert_eq!(
        (again.code.as_str(), again.status.as_u16()),
        ("ConflictException", 409)
    );
    releases.pass(Duration::from_secs(10)).await;
    releases.fail(&releases.job()).await;
    releases.call("UpdatePipeline", json!({"pipeline": shop(SUPERSEDED)}));
    let outdated = releases
        .retry(&execution, "FAILED_ACTIONS")
        .expect_err("it was updated");
    assert_eq!(outdated.code, "StageNotRetryableException");
}

/// Prod with two gates beside each other, A and B, and then a deployment.
pub(super) fn two_gates() -> PipelineDeclaration {
    let mut pipeline = shop(SUPERSEDED);
    let gate = |name: &str| ActionDeclaration::lambda(name, FUNCTION, None);
    let deploy = ActionDeclaration::deploy("Deploy", "website").run_order(2);
    pipeline.stages[1] = StageDeclaration::new("Prod", vec![gate("A"), gate("B"), deploy]);
    pipeline
}

/// FAILED_ACTIONS runs what failed again, ALL_ACTIONS everything from the first run order ("Retry a failed stage or failed
/// actions in a stage").
#[tokio::test(start_paused = true)]
async fn a_retry_repeats_the_failed_actions_or_all() {
    for (mode, expected) in [("FAILED_ACTIONS", 1), ("ALL_ACTIONS", 2)] {
        let releases = Releases::of(two_gates());
        let execution = releases.start().await;
        let (a, b) = (releases.job(), releases.job());
        releases.succeed(&a).await;
        releases.fail(&b).await;
        releases.retry(&execution, mode).expect("it is accepted");
        releases.pass(Duration::from_secs(10)).await;
        let again = (0..3).filter_map(|_| releases.invocation()).count();
        assert_eq!(again, expected, "{mode}");
    }
}

/// Failed actions can be retried while others of the stage go on; the whole stage only when none does (same page).
#[tokio::test(start_paused = true)]
async fn failed_actions_can_be_retried_while_others_go_on() {
    let releases = Releases::of(two_gates());
    let execution = releases.start().await;
    let (a, _b) = (releases.job(), releases.job());
    releases.fail(&a).await;
    assert_eq!(releases.shown("Prod").1, "InProgress");
    let refused = releases
        .retry(&execution, "ALL_ACTIONS")
        .expect_err("B goes on");
    assert_eq!(refused.code, "StageNotRetryableException");
    releases
        .retry(&execution, "FAILED_ACTIONS")
        .expect("A has failed");
    releases.pass(Duration::from_secs(10)).await;
    assert_eq!(releases.action("Prod", "A")["status"], "InProgress");
    assert_eq!(
        releases.rows(&execution)[..3],
        ["Prod/A InProgress", "Prod/B InProgress", "Prod/A Failed"]
    );
}

/// A rollback is a new execution of one stage, with the revisions of its target ("Rolling back a stage").
#[tokio::test(start_paused = true)]
async fn a_rollback_runs_one_stage_again() {
    let releases = Releases::new(SUPERSEDED);
    let good = releases.start().await;
    releases.succeed(&releases.job()).await;
    releases.pass(Duration::from_mins(1)).await;
    assert_eq!(releases.status(&good), "Succeeded");
    let bad = releases.start().await;
    let roll_back = |target: &str| json!({"pipelineName": "shop", "stageName": "Prod", "targetPipelineExecutionId": target});
    let refused = releases.refused("RollbackStage", roll_back(&good));
    assert_eq!(
        refused,
        "UnableToRollbackStageException: Pipeline 'shop' cannot start rollback since stage Prod is in progress."
    );
    releases.fail(&releases.job()).await;
    assert!(
        releases
            .refused("RollbackStage", roll_back(&bad))
            .ends_with("has not completed in stage with name 'Prod'")
    );
    let output = releases.call("RollbackStage", roll_back(&good));
    let rollback = output["pipelineExecutionId"]
        .as_str()
        .expect("an id")
        .to_owned();
    assert_eq!(
        releases.stage("Prod")["latestExecution"]["type"],
        "ROLLBACK"
    );
    releases.succeed(&releases.job()).await;
    releases.pass(Duration::from_secs(30)).await;
    let shown = releases.execution(&rollback);
    assert_eq!(shown["status"], "Succeeded");
    assert_eq!(shown["executionType"], "ROLLBACK");
    let artifacts = releases.execution(&good)["artifactRevisions"].clone();
    assert_eq!(shown["artifactRevisions"], artifacts);
    assert_eq!(artifacts[0]["name"], "Source");
    assert_eq!(
        releases.rows(&rollback),
        ["Prod/Deploy Succeeded", "Prod/Gate Succeeded"]
    );
    assert_eq!(releases.shown("After").0, good);
    let summaries = releases.call("ListPipelineExecutions", json!({"pipelineName": "shop"}));
    let revision = |n: usize| {
        summaries["pipelineExecutionSummaries"][n]["sourceRevisions"][0]["revisionId"].clone()
    };
    assert_eq!(
        revision(0),
        revision(2),
        "the rollback has its target's revision"
    );
    assert_ne!(revision(0), revision(1));
}

/// A retry that a stop has dropped does not begin the next one early.
#[tokio::test(start_paused = true)]
async fn a_dropped_retry_does_not_begin_the_next_one() {
    let releases = Releases::new(SUPERSEDED);
    let execution = releases.start().await;
    releases.fail(&releases.job()).await;
    let retry = || {
        releases
            .retry(&execution, "FAILED_ACTIONS")
            .expect("it is accepted")
    };
    retry();
    releases.pass(Duration::from_secs(3)).await;
    releases.call(
        "StopPipelineExecution",
        json!({"pipelineName": "shop", "pipelineExecutionId": execution}),
    );
    releases.pass(Duration::from_secs(2)).await;
    retry();
    releases.pass(Duration::from_secs(6)).await;
    assert!(
        releases.invocation().is_none(),
        "its eight seconds are not over"
    );
    releases.pass(Duration::from_secs(3)).await;
    assert!(releases.invocation().is_some());
}

/// A stage that was stopped between its actions can be retried as a whole (same page); the reason stays although the action ended at
/// once.
#[tokio::test(start_paused = true)]
async fn a_stage_stopped_between_its_actions_can_be_retried() {
    let releases = Releases::new(SUPERSEDED);
    let execution = releases.start().await;
    let job = releases.job();
    releases.call("PutJobSuccessResult", json!({"jobId": job}));
    releases.pass(Duration::from_millis(29_900)).await;
    releases.call(
        "StopPipelineExecution",
        json!({"pipelineName": "shop", "pipelineExecutionId": execution, "reason": "a freeze"}),
    );
    releases.pass(Duration::from_secs(1)).await;
    let shown = releases.execution(&execution);
    assert_eq!(
        (&shown["status"], &shown["statusSummary"]),
        (&json!("Stopped"), &json!("a freeze"))
    );
    let refused = releases
        .retry(&execution, "FAILED_ACTIONS")
        .expect_err("nothing has failed");
    assert_eq!(refused.code, "StageNotRetryableException");
    releases
        .retry(&execution, "ALL_ACTIONS")
        .expect("it was stopped");
    releases.pass(Duration::from_secs(10)).await;
    assert_eq!(releases.action("Prod", "Gate")["status"], "InProgress");
    assert_eq!(releases.execution(&execution)["statusSummary"], Value::Null);
}
