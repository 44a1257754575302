//! Each row of the table of outcomes. Where the sandbox's CodePipeline comes to it by itself, no answer is made up.

use std::time::Duration;

use aws_sandbox::codepipeline::{ExecutionMode, Status};
use aws_sandbox::{Fault, ServiceError};
use serde_json::{Value, json};

use crate::in_world::{FUNCTION, GateWorld, RETRY_FUNCTION, ec2_issue};
use crate::story::{ALWAYS, Story, deploy, gated, lambda, outcomes, pipeline, two_stages};

const REGION: &str = "us-east-1";

/// A pipeline with an open issue and one without: `retried` and `blocked` beside each other.
#[tokio::test(start_paused = true)]
async fn retried_and_blocked() {
    let story = Story::of(vec![
        gated("checkout"),
        pipeline("search", vec![(1, lambda(FUNCTION, "us-east-1,eu-west-1"))]),
    ])
    .await;
    story.close_the_issue();
    let mut ireland = ec2_issue("2");
    ireland.region = "eu-west-1".to_owned();
    story.0.put_event(ireland);
    assert_eq!(
        outcomes(&story.sweep().await),
        [
            "checkout/Production retried: AWS Health is clear",
            "search/Production blocked: 1 open AWS Health issue in eu-west-1 (arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_2)"
        ]
    );
    // One reading of AWS Health for both.
    assert_eq!(story.0.calls("DescribeEvents"), 2 + 1);
    assert_eq!(story.status("checkout").await, Status::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn unknown() {
    let story = Story::of(vec![gated("checkout")]).await;
    story.close_the_issue();
    let denied = Fault::Error(ServiceError::access_denied("health:DescribeEvents"));
    story.fail("DescribeEvents", denied, ALWAYS);
    let told = outcomes(&story.sweep().await).join("\n");
    assert!(
        told.starts_with("checkout/Production unknown: access to the AWS Health API is denied"),
        "{told}"
    );
    assert_eq!(story.retries(), 0);
}

/// A deployment fails beside a gate that passes, and beside one that does not.
#[tokio::test(start_paused = true)]
async fn mixed() {
    let story = Story::of(vec![
        pipeline(
            "blocked",
            vec![(1, lambda(FUNCTION, "us-east-1")), (1, deploy(false))],
        ),
        pipeline(
            "passed",
            vec![(1, lambda(FUNCTION, "ap-south-1")), (1, deploy(false))],
        ),
    ])
    .await;
    story.close_the_issue();
    assert_eq!(
        outcomes(&story.sweep().await),
        ["blocked/Production mixed: action Action1 has failed too: the deployment failed"]
    );
    assert_eq!(story.retries(), 0);
}

/// The gate stops a retried stage again: the second retry waits for a minute after that failure, the third for two, the fourth for four.
#[tokio::test(start_paused = true)]
async fn waiting() {
    let story = Story::of(vec![gated("checkout")]).await;
    story.close_the_issue();
    let clear = ["checkout/Production retried: AWS Health is clear"];
    assert_eq!(
        outcomes(&story.sweep().await),
        clear,
        "the first never waits"
    );
    for (attempts, minutes) in [(2, 1), (3, 2), (4, 4)] {
        // While the gate checks again, the region is in trouble again.
        story.0.put_event(ec2_issue("2"));
        story.0.play(Duration::from_secs(50)).await;
        story
            .0
            .world
            .with(|sandbox, now| sandbox.health.close_event(now, &ec2_issue("2").arn));
        let rows = json!({"pipelineName": "checkout"});
        let rows = story.call("ListActionExecutions", rows);
        let newest = &rows["actionExecutionDetails"][0];
        assert_eq!(
            (&newest["actionName"], &newest["status"]),
            (&json!("Action0"), &json!("Failed"))
        );
        let failed = newest["lastUpdateTime"].as_f64().expect("seconds");
        let due = Duration::from_secs_f64(failed) + Duration::from_mins(minutes);
        let now = || {
            Duration::from_millis(
                story
                    .0
                    .world
                    .now()
                    .as_millis()
                    .try_into()
                    .expect("after 1970"),
            )
        };
        story.0.play(due - now() - Duration::from_secs(1)).await;
        let told = outcomes(&story.sweep().await).join("\n");
        assert!(
            told.starts_with(&format!("checkout/Production waiting: the gate has failed {attempts} times in this execution: not before")),
            "{told}"
        );
        story.0.play(due - now()).await;
        assert_eq!(outcomes(&story.sweep().await), clear, "{attempts}");
    }
    assert_eq!(story.status("checkout").await, Status::Succeeded);
    assert_eq!(story.retries(), 4);
}

#[tokio::test(start_paused = true)]
async fn expired_and_never() {
    let story = Story::of(vec![
        gated("checkout"),
        pipeline(
            "never",
            vec![(
                1,
                lambda(FUNCTION, r#"{"regions": ["us-east-1"], "retry": "never"}"#),
            )],
        ),
        pipeline(
            "soon",
            vec![(
                1,
                lambda(
                    FUNCTION,
                    r#"{"regions": ["us-east-1"], "retryWithin": "10m"}"#,
                ),
            )],
        ),
    ])
    .await;
    story.close_the_issue();
    story.0.play(Duration::from_mins(6)).await;
    assert_eq!(
        outcomes(&story.sweep().await),
        [
            "checkout/Production retried: AWS Health is clear",
            "never/Production never: its policy's `retry` is `never`: it is left to people",
            "soon/Production expired: the gate stopped it 2026-11-23 09:00 UTC, and its policy's `retryWithin` is 10m: it is left to people"
        ]
    );
    assert_eq!(story.retries(), 1);
}

/// What people froze stays, but what the gate has not stopped is not told of.
#[tokio::test(start_paused = true)]
async fn frozen() {
    let mut broken = two_stages("broken", ExecutionMode::Superseded);
    broken.stages[1] = pipeline("", vec![(1, deploy(false))]).stages.remove(0);
    let story = Story::of(vec![
        two_stages("checkout", ExecutionMode::Superseded),
        broken,
    ])
    .await;
    story.close_the_issue();
    let frozen_too = json!({
        "pipelineName": "broken", "stageName": "Production", "transitionType": "Inbound", "reason": "x",
    });
    story.call("DisableStageTransition", frozen_too);
    let transition = json!({
        "pipelineName": "checkout", "stageName": "Production", "transitionType": "Inbound", "reason": "the week-end",
    });
    story.call("DisableStageTransition", transition.clone());
    assert_eq!(
        outcomes(&story.sweep().await),
        ["checkout/Production frozen: the stage's inbound transition is disabled"]
    );
    let mut enabled = transition;
    enabled.as_object_mut().expect("a map").remove("reason");
    story.call("EnableStageTransition", enabled);
    assert_eq!(
        outcomes(&story.sweep().await),
        ["checkout/Production retried: AWS Health is clear"]
    );
}

/// The definition was changed since: CodePipeline does not retry what is not there any more.
#[tokio::test(start_paused = true)]
async fn moved_on() {
    let story = Story::of(vec![two_stages("checkout", ExecutionMode::Superseded)]).await;
    story.close_the_issue();
    let mut declaration = story.call("GetPipeline", json!({"name": "checkout"}))["pipeline"].take();
    declaration["stages"][1]["actions"][1]["configuration"]["BucketName"] = json!("another");
    story.call("UpdatePipeline", json!({"pipeline": declaration}));
    let told = outcomes(&story.sweep().await).join("\n");
    assert!(
        told.starts_with("checkout/Production moved-on: StageNotRetryableException"),
        "{told}"
    );
}

/// A newer execution fails in the stage while the invocation is between its last look and the retry.
#[tokio::test(start_paused = true)]
async fn superseded() {
    let story = Story::of(vec![gated("checkout")]).await;
    story.close_the_issue();
    let refused = Fault::Error(ServiceError::new(
        "NotLatestPipelineExecutionException",
        "a later execution has failed in the stage",
    ));
    story.fail("RetryStageExecution", refused, 0..1);
    assert_eq!(
        outcomes(&story.sweep().await),
        [
            "checkout/Production superseded: NotLatestPipelineExecutionException: a later execution has failed in the stage"
        ]
    );
}

/// A newer execution has entered the stage: the old one is history, and the new one is in progress.
#[tokio::test(start_paused = true)]
async fn a_newer_execution_in_the_stage_is_left_to_itself() {
    let story = Story::of(vec![gated("checkout")]).await;
    story.close_the_issue();
    story.release("checkout");
    assert_eq!(outcomes(&story.sweep().await), [""; 0]);
    assert_eq!(story.status("checkout").await, Status::Succeeded);
    assert_eq!(outcomes(&story.sweep().await), [""; 0]);
    assert_eq!(story.retries(), 0);
}

/// CodePipeline has no time for a retry: it is tried a few times, each time after another look, and then left to the next sweep.
#[tokio::test(start_paused = true)]
async fn busy() {
    let codes = [
        "ConflictException",
        "ConcurrentPipelineExecutionsLimitExceededException",
        "ThrottlingException",
        "InternalFailure",
    ];
    for code in codes {
        let story = Story::of(vec![gated("checkout")]).await;
        story.close_the_issue();
        let busy = Fault::Error(ServiceError::new(code, "later"));
        story.fail("RetryStageExecution", busy, 0..5);
        let begin = story.0.world.now();
        assert_eq!(
            outcomes(&story.sweep().await),
            [format!("checkout/Production busy: {code}: later")]
        );
        let took = (story.0.world.now().as_millis() - begin.as_millis()) / 1_000;
        assert!((7..=15).contains(&took), "back-off with jitter: {took} s");
        assert_eq!(story.retries(), 4, "{code}");
        assert_eq!(story.0.calls("GetPipelineState"), 1 + 1 + 4);
        // The next sweep's second try is taken.
        assert_eq!(
            outcomes(&story.sweep().await),
            ["checkout/Production retried: AWS Health is clear"]
        );
        assert_eq!(story.status("checkout").await, Status::Succeeded);
        assert_eq!(story.retries(), 6);
    }
}

/// CodePipeline takes the retry and its answer is lost: the look before the second try finds the stage in progress.
#[tokio::test(start_paused = true)]
async fn a_retry_whose_answer_is_lost_is_not_repeated() {
    for lost in [Fault::Cut, Fault::Late(Duration::from_secs(60))] {
        for mode in [ExecutionMode::Superseded, ExecutionMode::Parallel] {
            let story = Story::of(vec![two_stages("checkout", mode)]).await;
            story.close_the_issue();
            story.fail("RetryStageExecution", lost.clone(), 0..1);
            assert_eq!(
                outcomes(&story.sweep().await),
                [
                    "checkout/Production retried: AWS Health is clear, and the stage goes on: the answer to the retry was lost"
                ]
            );
            assert_eq!(story.status("checkout").await, Status::Succeeded);
            assert_eq!(story.retries(), 1);
        }
    }
}

/// A retry that CodePipeline may not answer in time is not asked for.
#[tokio::test(start_paused = true)]
async fn no_retry_begins_that_may_not_end() {
    let story = Story::of(vec![gated("checkout")]).await;
    story.close_the_issue();
    story
        .0
        .world
        .with(|sandbox, _| sandbox.lambda.timeout = Duration::from_secs(3));
    assert_eq!(
        outcomes(&story.sweep().await),
        ["checkout/Production busy: no time was left in this invocation"]
    );
    assert_eq!(story.retries(), 0);
}

/// A function that is short of time tries no more than it has time for, and says what CodePipeline said.
#[tokio::test(start_paused = true)]
async fn busy_for_want_of_time_says_why() {
    let story = Story::of(vec![gated("checkout")]).await;
    story.close_the_issue();
    story.fail(
        "RetryStageExecution",
        Fault::Error(ServiceError::new("ConflictException", "later")),
        ALWAYS,
    );
    story
        .0
        .world
        .with(|sandbox, _| sandbox.lambda.timeout = Duration::from_secs(10));
    assert_eq!(
        outcomes(&story.sweep().await),
        ["checkout/Production busy: ConflictException: later"]
    );
    assert_eq!(story.retries(), 1);
}

#[tokio::test(start_paused = true)]
async fn gone_and_denied() {
    for (operation, code, outcome) in [
        (
            "GetPipelineState",
            "PipelineNotFoundException",
            "checkout/- gone",
        ),
        ("GetPipelineState", "ValidationException", "checkout/- gone"),
        (
            "GetPipelineState",
            "AccessDeniedException",
            "checkout/- denied",
        ),
        (
            "ListActionExecutions",
            "PipelineExecutionNotFoundException",
            "checkout/Production gone",
        ),
        (
            "ListActionExecutions",
            "AccessDeniedException",
            "checkout/Production denied",
        ),
        (
            "RetryStageExecution",
            "StageNotFoundException",
            "checkout/Production gone",
        ),
        (
            "RetryStageExecution",
            "AccessDeniedException",
            "checkout/Production denied",
        ),
    ] {
        let story = Story::of(vec![gated("checkout")]).await;
        story.close_the_issue();
        let refused = Fault::Error(ServiceError::new(code, "refused"));
        story.fail(operation, refused, ALWAYS);
        assert_eq!(
            outcomes(&story.sweep().await),
            [format!("{outcome}: {code}: refused")]
        );
        assert!(story.retries() <= 1, "no refusal for good is tried again");
    }
}

/// The issue is closed, and closed too recently for the policy.
#[tokio::test(start_paused = true)]
async fn a_quiet_period_keeps_a_stage_blocked() {
    let quiet = r#"{"regions": ["us-east-1"], "quietPeriod": "10m"}"#;
    let story = Story::of(vec![pipeline(
        "checkout",
        vec![(1, lambda(FUNCTION, quiet))],
    )])
    .await;
    story.close_the_issue();
    story.0.play(Duration::from_mins(9)).await;
    assert_eq!(
        outcomes(&story.sweep().await),
        [
            "checkout/Production blocked: 1 just closed AWS Health issue in us-east-1 (arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1, quiet period 10m)"
        ]
    );
    story.0.play(Duration::from_mins(1)).await;
    assert_eq!(
        outcomes(&story.sweep().await),
        ["checkout/Production retried: AWS Health is clear"]
    );
}

/// The gate's function returns and has not answered: after 20 minutes CodePipeline fails its action. That is a signal, and AWS Health
/// is clear.
#[tokio::test(start_paused = true)]
async fn a_gate_that_never_answered_is_retried() {
    let gate = GateWorld::new(REGION);
    gate.world.with(|sandbox, now| {
        sandbox.create_pipeline(now, REGION, gated("checkout"));
        sandbox.connect_signals(now, REGION, RETRY_FUNCTION);
        sandbox
            .start_execution(now, "checkout")
            .expect("nothing is going on");
    });
    gate.world.sleep(Duration::from_secs(5)).await;
    gate.world.with(|sandbox, now| {
        let job = sandbox.lambda.take(now, FUNCTION).expect("a job waits");
        sandbox.lambda.finish(now, &job.request_id, Ok(Value::Null));
    });
    let story = Story(gate);
    story.0.play(Duration::from_mins(19)).await;
    assert_eq!(story.retries(), 0);
    assert_eq!(story.status("checkout").await, Status::Succeeded);
    assert_eq!(story.retries(), 1);
}

/// The deployment after the gate is what a person cares about: it runs once, after the retry.
#[tokio::test(start_paused = true)]
async fn a_deployment_that_fails_after_a_retry_is_left_to_people() {
    let story = Story::of(vec![pipeline(
        "checkout",
        vec![(1, lambda(FUNCTION, "us-east-1")), (2, deploy(false))],
    )])
    .await;
    story.close_the_issue();
    assert_eq!(
        outcomes(&story.sweep().await),
        ["checkout/Production retried: AWS Health is clear"]
    );
    assert_eq!(story.status("checkout").await, Status::Failed);
    for _ in 0..3 {
        assert_eq!(outcomes(&story.sweep().await), [""; 0]);
        story.0.play(Duration::from_mins(10)).await;
    }
    assert_eq!(story.retries(), 1);
}
