//! Stops and updates: what ends an execution from outside.

use std::time::Duration;

use aws_sandbox::codepipeline::ExecutionMode;
use serde_json::json;

use super::retries::two_gates;
use crate::releases::{Releases, shop};

const SUPERSEDED: ExecutionMode = ExecutionMode::Superseded;

/// Stop and wait: what has begun ends, nothing more begins ("Stop a pipeline execution").
#[tokio::test(start_paused = true)]
async fn stop_and_wait_lets_actions_end() {
    let releases = Releases::new(SUPERSEDED);
    let execution = releases.start().await;
    let stop =
        json!({"pipelineName": "shop", "pipelineExecutionId": execution, "reason": "a freeze"});
    releases.call("StopPipelineExecution", stop.clone());
    assert_eq!(releases.shown("Prod").1, "Stopping");
    releases.pass(Duration::from_secs(1)).await;
    assert_eq!(releases.status(&execution), "Stopping");
    assert!(
        releases
            .refused("StopPipelineExecution", stop.clone())
            .starts_with("DuplicatedStopRequestException")
    );
    releases.succeed(&releases.job()).await;
    assert_eq!(releases.shown("Prod").1, "Stopped");
    let shown = releases.execution(&execution);
    assert_eq!(
        (&shown["status"], &shown["statusSummary"]),
        (&json!("Stopped"), &json!("a freeze"))
    );
    assert_eq!(releases.rows(&execution)[0], "Prod/Gate Succeeded");
    assert!(
        releases
            .refused("StopPipelineExecution", stop)
            .starts_with("PipelineExecutionNotStoppableException")
    );
}

/// Stop and abandon: nobody waits for what has begun, and the stage unlocks; a stopped stage can be retried (same page, "Retry a
/// failed stage").
#[tokio::test(start_paused = true)]
async fn stop_and_abandon_unlocks_the_stage() {
    let releases = Releases::new(SUPERSEDED);
    let first = releases.start().await;
    let job = releases.job();
    releases.call(
        "StopPipelineExecution",
        json!({"pipelineName": "shop", "pipelineExecutionId": first, "abandon": true}),
    );
    assert_eq!(releases.action("Prod", "Gate")["status"], "Abandoned");
    assert_eq!(releases.status(&first), "InProgress");
    releases.pass(Duration::from_secs(1)).await;
    assert_eq!(releases.status(&first), "Stopped");
    // A late result is taken, and changes nothing (seen with real CodePipeline).
    releases.succeed(&job).await;
    assert_eq!(releases.action("Prod", "Gate")["status"], "Abandoned");
    releases
        .retry(&first, "ALL_ACTIONS")
        .expect("a stopped stage can be retried");
    releases.pass(Duration::from_secs(10)).await;
    assert_eq!(releases.action("Prod", "Gate")["status"], "InProgress");
}

/// An execution that waits can be stopped ("Stop a pipeline execution").
#[tokio::test(start_paused = true)]
async fn a_waiting_execution_can_be_stopped() {
    let releases = Releases::new(ExecutionMode::Queued);
    let _first = releases.start().await;
    let second = releases.start().await;
    releases.call(
        "StopPipelineExecution",
        json!({"pipelineName": "shop", "pipelineExecutionId": second}),
    );
    assert_eq!(releases.status(&second), "Stopped");
    assert_eq!(releases.stage("Prod")["inboundExecutions"], json!([]));
}

/// An update cancels what is going on, and what waits ("Edit a pipeline"); executions in PARALLEL mode go on.
#[tokio::test(start_paused = true)]
async fn an_update_cancels_what_goes_on() {
    for (mode, expected) in [
        (SUPERSEDED, "Cancelled"),
        (ExecutionMode::Queued, "Cancelled"),
        (ExecutionMode::Parallel, "InProgress"),
    ] {
        let releases = Releases::new(mode);
        let executions = [releases.start().await, releases.start().await];
        releases.call("UpdatePipeline", json!({"pipeline": shop(mode)}));
        releases.pass(Duration::from_secs(2)).await;
        for execution in &executions {
            assert_eq!(releases.status(execution), expected, "{mode:?}");
        }
        if mode == SUPERSEDED {
            let summary = releases.execution(&executions[0])["statusSummary"].clone();
            assert_eq!(summary, "Pipeline definition was updated");
            releases.start().await;
            assert_eq!(releases.shown("Prod").1, "InProgress");
        }
    }
}

/// A stop and a retry that meet leave no lock behind: what is stopped can be retried, and what is retried can be stopped ("Stop a
/// pipeline execution", "Retry a failed stage").
#[tokio::test(start_paused = true)]
async fn stops_and_retries_that_meet_leave_no_lock() {
    let stop = |execution: &str, abandon: bool| json!({"pipelineName": "shop", "pipelineExecutionId": execution, "abandon": abandon});
    // A retry before the execution shows that it was stopped.
    let releases = Releases::new(SUPERSEDED);
    let execution = releases.start().await;
    releases.call("StopPipelineExecution", stop(&execution, true));
    releases
        .retry(&execution, "ALL_ACTIONS")
        .expect("it is stopped");
    releases.pass(Duration::from_secs(10)).await;
    assert_eq!(releases.status(&execution), "InProgress");
    assert_eq!(releases.action("Prod", "Gate")["status"], "InProgress");

    // A stop before the retry's actions begin, while another action goes on, and when none does.
    for (abandon, sibling) in [(false, true), (true, true), (false, false), (true, false)] {
        let releases = Releases::of(two_gates());
        let execution = releases.start().await;
        let (a, b) = (releases.job(), releases.job());
        if !sibling {
            releases.succeed(&b).await;
        }
        releases.fail(&a).await;
        releases
            .retry(&execution, "FAILED_ACTIONS")
            .expect("A has failed");
        releases.call("StopPipelineExecution", stop(&execution, abandon));
        if sibling && !abandon {
            assert_eq!(releases.shown("Prod").1, "Stopping");
            releases.succeed(&b).await;
        }
        releases.pass(Duration::from_secs(20)).await;
        let context = format!("abandon {abandon}, sibling {sibling}");
        assert_eq!(releases.shown("Prod").1, "Stopped", "{context}");
        assert_eq!(releases.status(&execution), "Stopped", "{context}");
        assert!(
            releases.invocation().is_none(),
            "{context}: the retry was dropped"
        );
        releases
            .retry(&execution, "FAILED_ACTIONS")
            .expect("what was stopped can be retried");
        releases.pass(Duration::from_secs(10)).await;
        assert_eq!(
            releases.action("Prod", "A")["status"],
            "InProgress",
            "{context}"
        );
        let next = releases.start().await;
        assert_eq!(
            releases.stage("Prod")["inboundExecution"]["pipelineExecutionId"],
            *next,
            "{context}"
        );
    }
}

/// Executions in PARALLEL mode go on after an update, also one that waits in front of a stage that is gone.
#[tokio::test(start_paused = true)]
async fn nobody_waits_for_ever_in_front_of_a_stage_that_is_gone() {
    let releases = Releases::new(ExecutionMode::Parallel);
    let transition = json!({"pipelineName": "shop", "stageName": "After", "transitionType": "Inbound", "reason": "no"});
    releases.call("DisableStageTransition", transition);
    let execution = releases.start().await;
    releases.succeed(&releases.job()).await;
    releases.pass(Duration::from_mins(1)).await;
    assert_eq!(releases.status(&execution), "InProgress");
    let mut pipeline = shop(ExecutionMode::Parallel);
    pipeline.stages.truncate(2);
    releases.call("UpdatePipeline", json!({"pipeline": pipeline}));
    releases.pass(Duration::from_mins(1)).await;
    assert_eq!(releases.status(&execution), "Succeeded");
}
