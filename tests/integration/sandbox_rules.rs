//! The documented rules of CodePipeline that the sandbox plays. Each test states its rule and the page of the user guide
//! that it comes from.

use std::time::Duration;

use aws_sandbox::codepipeline::{
    ActionDeclaration, Deployment, ExecutionMode, PipelineDeclaration, StageDeclaration,
};
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

/// "The outbound transition of a stage": the same as the inbound one of the next stage ("Stop or start stage transitions").
#[tokio::test(start_paused = true)]
async fn an_outbound_transition_is_the_next_stage_s_inbound_one() {
    let releases = Releases::new(SUPERSEDED);
    let transition = json!({"pipelineName": "shop", "stageName": "Source", "transitionType": "Outbound", "reason": "no"});
    releases.call("DisableStageTransition", transition);
    releases.start().await;
    assert_eq!(releases.stage("Prod")["latestExecution"], Value::Null);
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
fn two_gates() -> PipelineDeclaration {
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

/// A job without a reply for 20 minutes fails its action; each continuation starts the 20 minutes anew ("Quotas in AWS
/// CodePipeline").
#[tokio::test(start_paused = true)]
async fn a_job_waits_twenty_minutes_for_its_reply() {
    let releases = Releases::new(SUPERSEDED);
    let execution = releases.start().await;
    releases.pass(Duration::from_mins(19)).await;
    releases.hold(&releases.job()).await;
    releases.pass(Duration::from_mins(19)).await;
    assert_eq!(releases.shown("Prod").1, "InProgress");
    releases.pass(Duration::from_mins(2)).await;
    assert_eq!(releases.status(&execution), "Failed");
    let error = releases.action("Prod", "Gate")["errorDetails"].clone();
    assert!(
        error["message"].as_str().is_some_and(|text| text
            .starts_with("The AWS Lambda function pipeline-gate failed to return a result.")),
        "{error}"
    );
}

/// A Lambda action ends after 24 hours, however often it replies ("Quotas in AWS CodePipeline").
#[tokio::test(start_paused = true)]
async fn a_lambda_action_ends_after_a_day() {
    let releases = Releases::new(SUPERSEDED);
    let execution = releases.start().await;
    let mut rounds = 0;
    while let Some(invocation) = releases.invocation() {
        rounds += 1;
        assert!(rounds < 4_000, "it goes on for longer than a day");
        let job = &invocation.payload["CodePipeline.job"]["id"];
        releases.hold(job.as_str().expect("an id")).await;
    }
    // A round about every 29 seconds, and none after the end.
    assert!((2_900..3_000).contains(&rounds), "{rounds} rounds");
    assert_eq!(releases.status(&execution), "Failed");
    let rows = releases.call("ListActionExecutions", json!({"pipelineName": "shop"}));
    let row = &rows["actionExecutionDetails"][0];
    let seconds = |name: &str| row[name].as_f64().expect("a time");
    assert_eq!(seconds("lastUpdateTime") - seconds("startTime"), 86_400.0);
}

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

/// Output variables of an action are values for later ones; one that does not exist fails the action ("Variables reference").
#[tokio::test(start_paused = true)]
async fn output_variables_are_resolved_in_later_actions() {
    let mut pipeline = shop(SUPERSEDED);
    let gate = ActionDeclaration::lambda(
        "Gate",
        FUNCTION,
        Some(r##"{"regions":["#{variables.Region}"]}"##),
    );
    let mut deploy = ActionDeclaration::deploy("Deploy", "website-#{gate.Colour}").run_order(2);
    deploy.configuration.insert(
        "ObjectKey".to_owned(),
        "#{codepipeline.PipelineExecutionId}".to_owned(),
    );
    pipeline.stages[1].actions = vec![gate.namespace("gate"), deploy];
    pipeline.variables = vec![
        serde_json::from_value(json!({"name": "Region", "defaultValue": "eu-west-1"}))
            .expect("a variable"),
    ];
    let releases = Releases::of(pipeline);
    releases.world.with(|sandbox, _| {
        let deployment = Deployment {
            takes: Duration::from_secs(1),
            fails: Some("full".to_owned()),
        };
        sandbox
            .codepipeline
            .set_deployment("website-green", deployment);
    });
    let execution = releases.start().await;
    let invocation = releases.invocation().expect("the gate is asked");
    let job = &invocation.payload["CodePipeline.job"];
    assert_eq!(
        job["data"]["actionConfiguration"]["configuration"]["UserParameters"],
        r#"{"regions":["eu-west-1"]}"#
    );
    let input = json!({"jobId": job["id"], "outputVariables": {"Colour": "green"}});
    releases.call("PutJobSuccessResult", input);
    releases.pass(Duration::from_secs(40)).await;
    assert_eq!(releases.rows(&execution)[0], "Prod/Deploy Failed");
    let rows = releases.call("ListActionExecutions", json!({"pipelineName": "shop"}));
    let input = &rows["actionExecutionDetails"][0]["input"];
    assert_eq!(
        input["configuration"]["BucketName"],
        "website-#{gate.Colour}"
    );
    assert_eq!(
        input["resolvedConfiguration"]["BucketName"],
        "website-green"
    );
    assert_eq!(input["resolvedConfiguration"]["ObjectKey"], *execution);

    let execution = releases.start().await;
    releases.succeed(&releases.job()).await;
    assert_eq!(releases.rows(&execution)[0], "Prod/Deploy Failed");
    let error = releases.action("Prod", "Deploy")["errorDetails"]["message"].clone();
    assert!(
        error.as_str().is_some_and(
            |text| text.contains("variables could not be resolved: Action name=Deploy")
        ),
        "{error}"
    );
}

/// A job belongs to the region of its action, and no other takes its result ("Invoke a Lambda function in a pipeline").
#[tokio::test(start_paused = true)]
async fn an_action_in_another_region_is_answered_there() {
    let mut pipeline = shop(SUPERSEDED);
    pipeline.stages[1].actions[0].region = Some("eu-west-1".to_owned());
    let releases = Releases::of(pipeline);
    releases.start().await;
    let invocation = releases.invocation().expect("the gate is asked");
    assert!(
        invocation
            .function_arn
            .starts_with("arn:aws:lambda:eu-west-1:")
    );
    let input = json!({"jobId": invocation.payload["CodePipeline.job"]["id"]});
    assert!(
        releases
            .refused("PutJobSuccessResult", input.clone())
            .starts_with("JobNotFoundException")
    );
    releases
        .world
        .with(|sandbox, now| {
            sandbox.call(
                now,
                "CodePipeline",
                "PutJobSuccessResult",
                "eu-west-1",
                &input,
            )
        })
        .expect("this is its region");
}

/// A function that does not exist fails the action at once, and has no external id (seen with real CodePipeline).
#[tokio::test(start_paused = true)]
async fn a_missing_function_fails_its_action() {
    let releases = Releases::new(SUPERSEDED);
    releases
        .world
        .with(|sandbox, now| sandbox.lambda.delete_function(now, "us-east-1", FUNCTION));
    let execution = releases.start().await;
    releases.pass(Duration::from_secs(5)).await;
    assert_eq!(releases.status(&execution), "Failed");
    let shown = releases.action("Prod", "Gate");
    assert_eq!(
        shown["errorDetails"],
        json!({"code": "ConfigurationError", "message": "The AWS Lambda function pipeline-gate does not exist."})
    );
    assert_eq!(shown["externalExecutionId"], Value::Null);
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

/// Producers come before their consumers: in an earlier stage or run order; and a namespace is one action's ("Variables reference").
#[tokio::test(start_paused = true)]
async fn what_runs_together_does_not_refer_to_each_other() {
    let releases = Releases::new(SUPERSEDED);
    let update = |change: &dyn Fn(&mut PipelineDeclaration)| {
        let mut pipeline = shop(SUPERSEDED);
        pipeline.stages[1].actions[0].namespace = Some("gate".to_owned());
        let parameters = "#{gate.Verdict}".to_owned();
        pipeline.stages[1].actions[1]
            .configuration
            .insert("ObjectKey".to_owned(), parameters);
        change(&mut pipeline);
        releases.try_call("UpdatePipeline", json!({"pipeline": pipeline}))
    };
    update(&|_| {}).expect("the gate runs before the deployment");
    let together = update(&|pipeline| pipeline.stages[1].actions[1].run_order = 1);
    assert_eq!(
        together.expect_err("they run together").code,
        "InvalidActionDeclarationException"
    );
    let twice =
        update(&|pipeline| pipeline.stages[2].actions[0].namespace = Some("gate".to_owned()));
    assert_eq!(
        twice.expect_err("it is used").code,
        "InvalidActionDeclarationException"
    );
}

/// An operation that takes so many calls a second throttles the others; and a page that nobody gave is none.
#[tokio::test(start_paused = true)]
async fn calls_are_throttled_by_rate() {
    let releases = Releases::new(SUPERSEDED);
    releases
        .world
        .with(|sandbox, _| sandbox.limit("GetPipeline", 3));
    let client = aws_sdk_codepipeline::Client::from_conf(
        aws_sdk_codepipeline::config::Builder::from(&releases.world.sdk_config("us-east-1"))
            .retry_config(aws_sdk_codepipeline::config::retry::RetryConfig::disabled())
            .build(),
    );
    let calls = async || {
        let mut taken = 0;
        for _ in 0..5 {
            taken += usize::from(client.get_pipeline().name("shop").send().await.is_ok());
        }
        taken
    };
    assert_eq!(calls().await, 3);
    releases.pass(Duration::from_secs(1)).await;
    assert_eq!(calls().await, 3);
    let beyond = json!({"pipelineName": "shop", "nextToken": "page_18446744073709551615_any_All"});
    let rows = releases.call("ListActionExecutions", beyond);
    assert_eq!(rows["actionExecutionDetails"], json!([]));
}
