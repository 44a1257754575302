//! What stage-retry leaves alone although the gate has failed in it: stages that are frozen, rolled back, changed, old or
//! not at their end, as CodePipeline's answers show them.

use std::time::Duration;

use aws_sandbox::codepipeline::ExecutionMode;
use aws_sandbox::health::Event;
use aws_sandbox::{Fault, Outcome, ServiceError};
use serde_json::{Value, json};

use crate::in_world::{FUNCTION, GateWorld, RETRY_FUNCTION};
use crate::story::{ALWAYS, Story, WHILE, gated, lambda, outcomes, pipeline};

/// A sweep in which an operation's answers, from the given call on, are not what the sandbox would say but a variation
/// of what it said in a sweep before.
async fn sweep_with(
    operation: &str,
    calls: std::ops::Range<usize>,
    vary: impl Fn(&mut Value),
) -> (Vec<String>, usize) {
    let story = Story::of(vec![gated("checkout")]).await;
    story.sweep().await;
    story.close_the_issue();
    let last = story
        .0
        .world
        .with(|sandbox, _| sandbox.transcript.of(operation).last().cloned());
    let Some(Outcome::Output(mut output)) = last.map(|call| call.outcome) else {
        panic!("{operation} was not called")
    };
    let before = output.clone();
    vary(&mut output);
    assert_ne!(output, before);
    story
        .0
        .world
        .with(|sandbox, _| sandbox.fail(operation, Fault::Output(output), calls));
    (outcomes(&story.sweep().await), story.retries())
}

fn stage_state(output: &mut Value) -> &mut Value {
    &mut output["stageStates"][0]
}

/// People disable a transition to freeze what comes after it, before the look or between the look and the retry.
#[tokio::test(start_paused = true)]
async fn a_frozen_stage_is_left_alone() {
    for calls in [0..2, 1..2] {
        let frozen = |output: &mut Value| {
            stage_state(output)["inboundTransitionState"]["enabled"] = json!(false)
        };
        let (outcomes, retries) = sweep_with("GetPipelineState", calls, frozen).await;
        assert_eq!(
            outcomes,
            ["checkout/Production frozen: the stage's inbound transition is disabled"]
        );
        assert_eq!(retries, 0);
    }
}

/// A pipeline without stages is one in PARALLEL mode, whose transitions nobody sees: an answer that says nothing is not that.
#[tokio::test(start_paused = true)]
async fn an_answer_without_stages_is_no_answer() {
    for (calls, stage) in [(0..9, "-"), (1..9, "Production")] {
        let nothing = |output: &mut Value| *output = json!({});
        let (outcomes, retries) = sweep_with("GetPipelineState", calls, nothing).await;
        assert_eq!(
            outcomes,
            [format!(
                "checkout/{stage} busy: the answer has no list of stages"
            )]
        );
        assert_eq!(retries, 0);
    }
}

/// The same of the other lists: without the rows of its actions nobody knows what has failed in a stage, and without the list of
/// pipelines nobody knows of any.
#[tokio::test(start_paused = true)]
async fn an_answer_without_its_list_is_no_answer() {
    let nothing = |output: &mut Value| *output = json!({});
    let (told, retries) = sweep_with("ListActionExecutions", 0..9, nothing).await;
    assert_eq!(
        told,
        ["checkout/Production busy: the answer has no list of action executions"]
    );
    assert_eq!(retries, 0);

    let story = Story::of(vec![gated("checkout").in_mode(ExecutionMode::Parallel)]).await;
    story.close_the_issue();
    story.0.world.with(|sandbox, _| {
        sandbox.fail("ListPipelineExecutions", Fault::Output(json!({})), 0..9);
    });
    assert_eq!(
        outcomes(&story.sweep().await),
        ["checkout/- busy: the answer has no list of executions"]
    );
    assert_eq!(story.retries(), 0);

    let story = Story::of(vec![gated("checkout")]).await;
    story.close_the_issue();
    story.0.world.with(|sandbox, now| {
        sandbox.fail("ListPipelines", Fault::Output(json!({})), 0..9);
        let sweep = json!({"source": "health-gate", "detail-type": "Sweep"});
        sandbox.publish_signal(now, "us-east-1", &sweep);
    });
    story.0.run().await;
    let error = story.0.returned().expect_err("a sweep needs the list");
    assert_eq!(
        error["errorMessage"],
        "the pipelines could not be listed: the answer has no list of pipelines"
    );
}

/// A person has retried all actions of a stage whose second gate had stopped it, and now the first one has: the state shows nothing
/// of the second.
#[tokio::test(start_paused = true)]
async fn a_stage_in_which_all_was_retried_goes_on() {
    let gates = vec![
        (1, lambda(FUNCTION, r#"{"services": ["LAMBDA"]}"#)),
        (2, lambda(FUNCTION, "us-east-1")),
    ];
    let story = Story::of(vec![pipeline("checkout", gates)]).await;
    let lambda_issue = Event::operational_issue("LAMBDA", "us-east-1", "2", story.0.world.now());
    story.0.put_event(lambda_issue.clone());
    story.0.world.with(|sandbox, now| {
        let id = sandbox.codepipeline.newest_execution_id("checkout");
        let input = json!({"pipelineName": "checkout", "stageName": "Production",
            "pipelineExecutionId": id, "retryMode": "ALL_ACTIONS"});
        sandbox
            .call(
                now,
                "CodePipeline",
                "RetryStageExecution",
                "us-east-1",
                &input,
            )
            .expect("a person retries");
    });
    story.0.play(WHILE).await;
    story.close_the_issue();
    story
        .0
        .world
        .with(|sandbox, now| sandbox.health.close_event(now, &lambda_issue.arn));
    assert_eq!(
        outcomes(&story.sweep().await),
        ["checkout/Production retried: AWS Health is clear"]
    );
}

/// Somebody retried between the look and the retry, and the gate has failed again: another attempt.
#[tokio::test(start_paused = true)]
async fn a_stage_that_has_changed_since_the_look_is_left_alone() {
    let another = |output: &mut Value| {
        stage_state(output)["actionStates"][0]["latestExecution"]["actionExecutionId"] =
            json!("another attempt");
    };
    let (outcomes, retries) = sweep_with("GetPipelineState", 1..2, another).await;
    assert_eq!(
        outcomes,
        ["checkout/Production moved-on: the stage has changed meanwhile"]
    );
    assert_eq!(retries, 0);
}

#[tokio::test(start_paused = true)]
async fn a_rollback_is_left_alone() {
    let rollback =
        |output: &mut Value| stage_state(output)["latestExecution"]["type"] = json!("ROLLBACK");
    assert_eq!(
        sweep_with("GetPipelineState", 0..2, rollback).await,
        (vec![], 0)
    );
}

/// The rows are of all stages of the execution; another stage's do not count.
#[tokio::test(start_paused = true)]
async fn what_failed_in_another_stage_does_not_count() {
    let another_stage = |output: &mut Value| {
        let rows = output["actionExecutionDetails"]
            .as_array_mut()
            .expect("a list");
        let mut row = rows[0].clone();
        row["stageName"] = json!("Staging");
        row["input"]["actionTypeId"]["provider"] = json!("CodeDeploy");
        rows.push(row);
    };
    let (outcomes, retries) = sweep_with("ListActionExecutions", 0..1, another_stage).await;
    assert_eq!(
        outcomes,
        ["checkout/Production retried: AWS Health is clear"]
    );
    assert_eq!(retries, 1);
}

/// An action of another kind that happens to be configured with the gate's name.
#[tokio::test(start_paused = true)]
async fn an_action_that_is_no_lambda_action_is_not_the_gate() {
    let no_lambda = |output: &mut Value| {
        output["actionExecutionDetails"][0]["input"]["actionTypeId"]["category"] = json!("Build");
    };
    let (outcomes, retries) = sweep_with("ListActionExecutions", 0..1, no_lambda).await;
    assert_eq!((outcomes, retries), (vec![], 0));
}

/// Without variables to resolve, CodePipeline may send the resolved configuration as an empty map.
#[tokio::test(start_paused = true)]
async fn an_empty_resolved_configuration_is_none() {
    let empty = |output: &mut Value| {
        output["actionExecutionDetails"][0]["input"]["resolvedConfiguration"] = json!({})
    };
    let (outcomes, retries) = sweep_with("ListActionExecutions", 0..1, empty).await;
    assert_eq!(
        outcomes,
        ["checkout/Production retried: AWS Health is clear"]
    );
    assert_eq!(retries, 1);
}

/// A pipeline's variables stand in the configuration, and their values in the resolved one: the gate judged by these.
#[tokio::test(start_paused = true)]
async fn the_resolved_parameters_are_the_policy() {
    let variable = |output: &mut Value| {
        output["actionExecutionDetails"][0]["input"]["configuration"]["UserParameters"] =
            json!("#{variables.Region}");
    };
    let (outcomes, retries) = sweep_with("ListActionExecutions", 0..1, variable).await;
    assert_eq!(
        outcomes,
        ["checkout/Production retried: AWS Health is clear"]
    );
    assert_eq!(retries, 1);
}

/// The marker counts and not the code: in the rows it stands in the summary.
#[tokio::test(start_paused = true)]
async fn a_stage_stopped_for_want_of_a_support_plan_goes_on_when_there_is_one() {
    let gate = GateWorld::new("us-east-1");
    gate.world.with(|sandbox, now| {
        sandbox.fail(
            "DescribeEvents",
            Fault::Error(ServiceError::subscription_required()),
            0..1,
        );
        sandbox.create_pipeline(now, "us-east-1", gated("checkout"));
        sandbox
            .start_execution(now, "checkout")
            .expect("nothing is going on");
    });
    gate.play(WHILE).await;
    gate.world
        .with(|sandbox, now| sandbox.connect_signals(now, "us-east-1", RETRY_FUNCTION));
    let story = Story(gate);
    assert_eq!(
        outcomes(&story.sweep().await),
        ["checkout/Production retried: AWS Health is clear"]
    );
}

/// A sweep whose list of rows has one more action with this status.
async fn with_an_action_beside(status: &str) -> (Vec<String>, usize) {
    let beside = |output: &mut Value| {
        let rows = output["actionExecutionDetails"]
            .as_array_mut()
            .expect("a list");
        let mut row = rows[0].clone();
        row["actionName"] = json!("Beside");
        row["status"] = json!(status);
        rows.push(row);
    };
    sweep_with("ListActionExecutions", 0..1, beside).await
}

/// The rows may lag behind the state, and an action beside the gate may fail yet.
#[tokio::test(start_paused = true)]
async fn an_action_that_goes_on_holds_the_stage() {
    for status in ["InProgress", "SomethingNew"] {
        let (outcomes, retries) = with_an_action_beside(status).await;
        assert_eq!(
            outcomes,
            ["checkout/Production busy: action Beside has not ended"]
        );
        assert_eq!(retries, 0);
    }
}

/// A person has stopped the execution and retried it later, and what was abandoned has not begun anew when the gate failed.
#[tokio::test(start_paused = true)]
async fn an_action_that_was_abandoned_once_does_not_hold_the_stage() {
    let (outcomes, retries) = with_an_action_beside("Abandoned").await;
    assert_eq!(
        outcomes,
        ["checkout/Production retried: AWS Health is clear"]
    );
    assert_eq!(retries, 1);
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_was_stopped_yesterday_is_left_to_people() {
    let story = Story::of(vec![gated("checkout")]).await;
    story.close_the_issue();
    story.0.play(Duration::from_hours(25)).await;
    assert_eq!(
        outcomes(&story.sweep().await),
        [
            "checkout/Production expired: the gate stopped it 2026-11-23 09:00 UTC, and its policy's `retryWithin` is 24h: it is left to people"
        ]
    );
    assert_eq!(story.retries(), 0);
}

/// A pipeline that is created while the pages are read moves others into the next one.
#[tokio::test(start_paused = true)]
async fn pipeline_listed_twice_is_retried_once() {
    let story = Story::of(vec![gated("checkout")]).await;
    story.close_the_issue();
    let twice = json!({"pipelines": [{"name": "checkout"}, {"name": "checkout"}]});
    story.fail("ListPipelines", Fault::Output(twice), ALWAYS);
    let returned = story.sweep().await;
    assert_eq!(
        outcomes(&returned),
        ["checkout/Production retried: AWS Health is clear"]
    );
    assert_eq!(returned["pipelines"], 1);
}
