//! Stages: locks, modes, transitions, starts.

use std::time::Duration;

use aws_sandbox::codepipeline::{ActionDeclaration, ExecutionMode, StageDeclaration};
use serde_json::{Value, json};

use crate::in_world::FUNCTION;
use crate::releases::{Releases, shop};

const SUPERSEDED: ExecutionMode = ExecutionMode::Superseded;

/// A stage is locked while an execution is in it; the next one waits in front ("How pipeline executions work").
#[tokio::test(start_paused = true)]
async fn a_stage_is_locked_while_an_execution_is_in_it() {
    let releases = Releases::new(SUPERSEDED);
    let first = releases.start().await;
    let second = releases.start().await;
    assert_eq!(
        releases.shown("Prod"),
        (first.clone(), "InProgress".to_owned())
    );
    let stage = releases.stage("Prod");
    assert_eq!(stage["inboundExecution"]["pipelineExecutionId"], *second);
    assert_eq!(stage["inboundExecutions"], json!([]));

    releases.succeed(&releases.job()).await;
    // The lock holds for all actions of the stage.
    assert_eq!(releases.shown("Prod").0, first);
    releases.pass(Duration::from_secs(20)).await;
    assert_eq!(releases.shown("Prod").0, second);
    assert_eq!(releases.shown("After"), (first, "InProgress".to_owned()));
}

/// In SUPERSEDED mode a newer execution takes the place of one that waits in front of a stage, and not of one in a stage ("How
/// pipeline executions work").
#[tokio::test(start_paused = true)]
async fn a_waiting_execution_is_superseded_by_a_newer_one() {
    let releases = Releases::new(SUPERSEDED);
    let first = releases.start().await;
    let second = releases.start().await;
    let third = releases.start().await;
    let statuses = [&first, &second, &third].map(|id| releases.status(id));
    assert_eq!(statuses, ["InProgress", "Superseded", "InProgress"]);
    assert_eq!(releases.execution(&second)["statusSummary"], Value::Null);
    releases.succeed(&releases.job()).await;
    releases.pass(Duration::from_secs(20)).await;
    assert_eq!(releases.shown("Prod").0, third);
}

/// A stage unlocks when its execution fails, and the next one enters ("How pipeline executions work").
#[tokio::test(start_paused = true)]
async fn a_failure_unlocks_the_stage() {
    let releases = Releases::new(SUPERSEDED);
    let first = releases.start().await;
    let second = releases.start().await;
    releases.fail(&releases.job()).await;
    assert_eq!(releases.status(&first), "Failed");
    assert_eq!(releases.shown("Prod"), (second, "InProgress".to_owned()));
}

/// In QUEUED mode executions wait in the order in which they came, and none is superseded ("Set or change the pipeline
/// execution mode").
#[tokio::test(start_paused = true)]
async fn queued_executions_go_first_in_first_out() {
    let releases = Releases::new(ExecutionMode::Queued);
    let executions = [
        releases.start().await,
        releases.start().await,
        releases.start().await,
    ];
    let waiting = releases.stage("Prod")["inboundExecutions"].clone();
    let waiting: Vec<&Value> = waiting
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["pipelineExecutionId"])
        .collect();
    assert_eq!(waiting, [&json!(executions[1]), &json!(executions[2])]);
    for execution in &executions {
        assert_eq!(releases.shown("Prod").0, *execution);
        releases.fail(&releases.job()).await;
        assert_eq!(releases.status(execution), "Failed");
    }
}

/// In PARALLEL mode executions do not wait for each other, and the pipeline has no state ("Set or change the pipeline execution
/// mode").
#[tokio::test(start_paused = true)]
async fn parallel_executions_do_not_meet() {
    let releases = Releases::new(ExecutionMode::Parallel);
    let executions = [releases.start().await, releases.start().await];
    let state = releases.call("GetPipelineState", json!({"name": "shop"}));
    assert_eq!(state["stageStates"], json!([]));
    let jobs = [releases.job(), releases.job()];
    releases.fail(&jobs[1]).await;
    releases.succeed(&jobs[0]).await;
    releases.pass(Duration::from_mins(1)).await;
    let statuses = executions.each_ref().map(|id| releases.status(id));
    assert_eq!(statuses, ["Succeeded", "Failed"]);
    releases
        .retry(&executions[1], "FAILED_ACTIONS")
        .expect("it is accepted");
    releases.pass(Duration::from_secs(10)).await;
    releases.succeed(&releases.job()).await;
    releases.pass(Duration::from_mins(1)).await;
    assert_eq!(releases.status(&executions[1]), "Succeeded");
}

/// At most 50 executions of a pipeline in QUEUED or PARALLEL mode go on at once ("Quotas in AWS CodePipeline").
#[tokio::test(start_paused = true)]
async fn fifty_executions_are_the_most() {
    for mode in [ExecutionMode::Queued, ExecutionMode::Parallel] {
        let releases = Releases::new(mode);
        let first = releases.start().await;
        releases.fail(&releases.job()).await;
        for _ in 0..50 {
            releases.call("StartPipelineExecution", json!({"name": "shop"}));
        }
        let refused = releases.refused("StartPipelineExecution", json!({"name": "shop"}));
        assert!(
            refused.starts_with("ConcurrentPipelineExecutionsLimitExceededException: "),
            "{refused}"
        );
        if mode == ExecutionMode::Parallel {
            let refused = releases
                .retry(&first, "FAILED_ACTIONS")
                .expect_err("there are 50");
            assert_eq!(
                refused.code,
                "ConcurrentPipelineExecutionsLimitExceededException"
            );
        }
    }
}

/// While a transition is disabled nobody enters; of those that wait, the newest enters when it is enabled ("Stop or start stage
/// transitions").
#[tokio::test(start_paused = true)]
async fn a_disabled_transition_holds_executions_back() {
    let releases = Releases::new(SUPERSEDED);
    let transition =
        json!({"pipelineName": "shop", "stageName": "Prod", "transitionType": "Inbound"});
    let mut disable = transition.clone();
    disable["reason"] = json!("not before Monday");
    releases.call("DisableStageTransition", disable);
    let first = releases.start().await;
    let second = releases.start().await;
    assert_eq!(releases.stage("Prod")["latestExecution"], Value::Null);
    let shown = releases.stage("Prod")["inboundTransitionState"].clone();
    assert_eq!(shown["enabled"], false);
    assert_eq!(shown["disabledReason"], "not before Monday");
    releases.call("EnableStageTransition", transition);
    assert_eq!(releases.shown("Prod").0, second);
    assert_eq!(releases.status(&first), "Superseded");
    assert_eq!(
        releases.stage("Prod")["inboundTransitionState"],
        json!({"enabled": true})
    );
}

/// "The outbound transition of a stage": the same as the inbound one of the next stage ("Stop or start stage transitions").
#[tokio::test(start_paused = true)]
async fn an_outbound_transition_is_the_next_stage_s_inbound_one() {
    let releases = Releases::new(SUPERSEDED);
    let transition = json!({"pipelineName": "shop", "stageName": "Source", "transitionType": "Outbound", "reason": "no"});
    releases.call("DisableStageTransition", transition);
    releases.start().await;
    assert_eq!(releases.stage("Prod")["latestExecution"], Value::Null);
}

/// `succeededInStage` goes by the stage's name, in whichever version it was (API reference, "SucceededInStageFilter").
#[tokio::test(start_paused = true)]
async fn executions_are_filtered_by_the_name_of_a_stage() {
    let releases = Releases::new(SUPERSEDED);
    releases.start().await;
    releases.succeed(&releases.job()).await;
    releases.pass(Duration::from_mins(1)).await;
    let mut pipeline = shop(SUPERSEDED);
    let between = StageDeclaration::new("Between", vec![ActionDeclaration::deploy("Deploy", "b")]);
    pipeline.stages.insert(1, between);
    releases.call("UpdatePipeline", json!({"pipeline": pipeline}));
    let succeeded = |stage: &str| {
        let filter = json!({"succeededInStage": {"stageName": stage}});
        let output = releases.call(
            "ListPipelineExecutions",
            json!({"pipelineName": "shop", "filter": filter}),
        );
        output["pipelineExecutionSummaries"]
            .as_array()
            .expect("a list")
            .len()
    };
    assert_eq!(
        ["Source", "Between", "Prod", "After"].map(succeeded),
        [1, 0, 1, 1]
    );
}

/// What an execution is started with has to have its place in the pipeline ("Start a pipeline manually").
#[tokio::test(start_paused = true)]
async fn a_start_with_a_slip_is_refused() {
    let releases = Releases::new(SUPERSEDED);
    for (member, value) in [
        ("variables", json!([{"name": "Nowhere", "value": "x"}])),
        (
            "sourceRevisions",
            json!([{"actionName": "Nowhere", "revisionType": "S3_OBJECT_VERSION_ID", "revisionValue": "x"}]),
        ),
        (
            "sourceRevisions",
            json!([{"actionName": "Source", "revisionType": "COMMIT_ID", "revisionValue": "x"}]),
        ),
    ] {
        let refused = releases.refused(
            "StartPipelineExecution",
            json!({"name": "shop", member: value}),
        );
        assert!(refused.starts_with("ValidationException: "), "{refused}");
    }
    let revision = json!([{"actionName": "Source", "revisionType": "S3_OBJECT_VERSION_ID", "revisionValue": "v7"}]);
    let output = releases.call(
        "StartPipelineExecution",
        json!({"name": "shop", "sourceRevisions": revision}),
    );
    releases.pass(Duration::from_secs(2)).await;
    let shown = releases.execution(output["pipelineExecutionId"].as_str().expect("an id"));
    assert_eq!(shown["artifactRevisions"][0]["revisionId"], "v7");
    assert_eq!(
        releases.invocation().expect("the gate is asked").function,
        FUNCTION
    );
}
