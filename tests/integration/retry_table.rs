//! The table of outcomes through the real program: pipelines come into their state in virtual time, up to now, and then the
//! unmodified program works on them over HTTP.

use std::time::Duration;

use aws_sandbox::codepipeline::{ExecutionMode, PipelineDeclaration};
use aws_sandbox::{Fault, HttpServer, Sandbox, ServiceError, Timestamp};
use health_gate_aws::Settings;
use serde_json::json;

use crate::event_files;
use crate::function_process::{serve_sandbox, start};
use crate::in_world::{
    FUNCTION, GateWorld, RETRY_FUNCTION, ec2_issue, ec2_issue_at, real_now, usual,
};
use crate::program::patiently;
use crate::retry_process::{retries, signal};
use crate::story::two_stages;
use crate::story::{ALWAYS, Story, WHILE, deploy, gated, lambda, pipeline};

const REGION: &str = "us-east-1";

/// A story that began so long ago, and has lasted for [`WHILE`].
pub(crate) async fn story(ago: Duration, pipelines: Vec<PipelineDeclaration>) -> Story {
    let millis = i64::try_from(ago.as_millis()).expect("not so long");
    let start = Timestamp::from_millis(real_now().as_millis() - millis);
    let gate = GateWorld::at(start, REGION, Settings::default(), usual());
    Story::in_world(gate, pipelines).await
}

/// From virtual time into real time: the story goes on behind HTTP.
pub(crate) async fn serve(story: Story) -> HttpServer {
    let sandbox = story
        .0
        .world
        .with(|sandbox, _| std::mem::replace(sandbox, Sandbox::new(0)));
    tokio::time::resume();
    serve_sandbox(sandbox).await
}

/// What the program makes of a story at a sweep, and how many retries CodePipeline was asked for.
async fn swept(story: Story) -> (Vec<String>, usize) {
    let server = serve(story).await;
    let before = retries(&server);
    let program = start(&server, RETRY_FUNCTION, &[]);
    let outcomes = signal(&server, "sns-sweep.json").await;
    program.kill().await;
    (outcomes, retries(&server) - before)
}

pub(crate) async fn closed(ago: Duration, pipelines: Vec<PipelineDeclaration>) -> Story {
    let story = story(ago, pipelines).await;
    story.close_the_issue();
    story
}

async fn refused(operation: &str, code: &str) -> (Vec<String>, usize) {
    let story = closed(WHILE, vec![gated("checkout")]).await;
    let refused = Fault::Error(ServiceError::new(code, "refused"));
    story.fail(operation, refused, ALWAYS);
    swept(story).await
}

fn is(outcome: &str, retries: usize) -> (Vec<String>, usize) {
    (vec![format!("checkout/Production {outcome}")], retries)
}

#[tokio::test(start_paused = true)]
async fn retried() {
    assert_eq!(
        swept(closed(WHILE, vec![gated("checkout")]).await).await,
        is("retried", 1)
    );
}

#[tokio::test(start_paused = true)]
async fn blocked() {
    assert_eq!(
        swept(story(WHILE, vec![gated("checkout")]).await).await,
        is("blocked", 0)
    );
}

#[tokio::test(start_paused = true)]
async fn unknown() {
    assert_eq!(
        refused("DescribeEvents", "AccessDeniedException").await,
        is("unknown", 0)
    );
}

#[tokio::test(start_paused = true)]
async fn mixed() {
    let actions = vec![(1, lambda(FUNCTION, "us-east-1")), (1, deploy(false))];
    let story = closed(WHILE, vec![pipeline("checkout", actions)]).await;
    assert_eq!(swept(story).await, is("mixed", 0));
}

#[tokio::test(start_paused = true)]
async fn waiting() {
    let story = closed(WHILE + Duration::from_mins(1), vec![gated("checkout")]).await;
    story.sweep().await;
    let now = story.0.world.now();
    story.0.put_event(ec2_issue_at(now, "2"));
    story.0.play(Duration::from_secs(50)).await;
    story
        .0
        .world
        .with(|sandbox, now| sandbox.health.close_event(now, &ec2_issue("2").arn));
    assert_eq!(swept(story).await, is("waiting", 0));
}

#[tokio::test(start_paused = true)]
async fn expired() {
    let story = closed(Duration::from_hours(25), vec![gated("checkout")]).await;
    assert_eq!(swept(story).await, is("expired", 0));
}

#[tokio::test(start_paused = true)]
async fn never() {
    let never = r#"{"regions": ["us-east-1"], "retry": "never"}"#;
    let story = closed(
        WHILE,
        vec![pipeline("checkout", vec![(1, lambda(FUNCTION, never))])],
    )
    .await;
    assert_eq!(swept(story).await, is("never", 0));
}

#[tokio::test(start_paused = true)]
async fn frozen() {
    let pipelines = vec![two_stages("checkout", ExecutionMode::Superseded)];
    let story = closed(WHILE, pipelines).await;
    story.call(
        "DisableStageTransition",
        json!({"pipelineName": "checkout", "stageName": "Production", "transitionType": "Inbound", "reason": "x"}),
    );
    assert_eq!(swept(story).await, is("frozen", 0));
}

#[tokio::test(start_paused = true)]
async fn moved_on() {
    let pipelines = vec![two_stages("checkout", ExecutionMode::Superseded)];
    let story = closed(WHILE, pipelines).await;
    let mut declaration = story.call("GetPipeline", json!({"name": "checkout"}))["pipeline"].take();
    declaration["stages"][1]["actions"][1]["configuration"]["BucketName"] = json!("another");
    story.call("UpdatePipeline", json!({"pipeline": declaration}));
    assert_eq!(swept(story).await, is("moved-on", 1));
}

#[tokio::test(start_paused = true)]
async fn superseded() {
    assert_eq!(
        refused("RetryStageExecution", "NotLatestPipelineExecutionException").await,
        is("superseded", 1)
    );
}

/// In real time this takes some ten seconds: those of the back-off.
#[tokio::test(start_paused = true)]
async fn busy() {
    assert_eq!(
        refused("RetryStageExecution", "ConflictException").await,
        is("busy", 4)
    );
}

#[tokio::test(start_paused = true)]
async fn gone() {
    assert_eq!(
        refused("RetryStageExecution", "StageNotFoundException").await,
        is("gone", 1)
    );
}

#[tokio::test(start_paused = true)]
async fn denied() {
    assert_eq!(
        refused("RetryStageExecution", "AccessDeniedException").await,
        is("denied", 1)
    );
}

/// The gate has passed, and a deployment failed: beside it, and after it.
#[tokio::test(start_paused = true)]
async fn a_failed_deployment_is_left_alone() {
    for run_order in [1, 2] {
        let actions = vec![
            (1, lambda(FUNCTION, "ap-south-1")),
            (run_order, deploy(false)),
        ];
        let story = closed(WHILE, vec![pipeline("checkout", actions)]).await;
        assert_eq!(swept(story).await, (vec![], 0));
        tokio::time::pause();
    }
}

/// Somebody else's function has failed, and says what the gate says.
#[tokio::test(start_paused = true)]
async fn a_foreign_function_is_left_alone() {
    let foreign = pipeline("checkout", vec![(1, lambda("smoke-test", "us-east-1"))]);
    assert_eq!(swept(closed(WHILE, vec![foreign]).await).await, (vec![], 0));
}

/// The message says that `checkout` has failed. It has not, or not by the gate: it is looked at, and nothing else happens.
#[tokio::test(start_paused = true)]
async fn a_forged_message_causes_at_most_a_look() {
    for (action, calls) in [
        (deploy(true), 1),
        // Its action names no function, so that its rows have to say what it is.
        (deploy(false), 2),
    ] {
        let story = closed(WHILE, vec![pipeline("checkout", vec![(1, action)])]).await;
        let before = story.0.transcript().lines().count();
        let server = serve(story).await;
        let program = start(&server, RETRY_FUNCTION, &[]);
        for file in [
            "sns-codepipeline-action-failed.json",
            "sns-notification-stage-failed.json",
        ] {
            assert_eq!(signal(&server, file).await, [""; 0]);
        }
        program.kill().await;
        let after = server.look(|sandbox| {
            let calls = sandbox.transcript.calls().iter();
            calls.filter(|call| call.service != "Lambda").count()
        });
        assert_eq!((after - before, retries(&server)), (2 * calls, 0));
        tokio::time::pause();
    }
}

#[tokio::test(start_paused = true)]
async fn a_newer_execution_in_the_stage_is_left_alone() {
    let story = closed(WHILE, vec![gated("checkout")]).await;
    story.release("checkout");
    assert_eq!(swept(story).await, (vec![], 0));
}

/// Two instances of the function work on the same stage.
#[tokio::test(start_paused = true)]
async fn two_signals_at_once_retry_once() {
    let server = serve(closed(WHILE, vec![gated("checkout")]).await).await;
    server.with(|sandbox, _| {
        for _ in 0..2 {
            sandbox.invoke(REGION, RETRY_FUNCTION, event_files::read("sns-sweep.json"));
        }
    });
    let finished = server.look(|sandbox| sandbox.lambda.finished().len());
    let instances = [
        start(&server, RETRY_FUNCTION, &[]),
        start(&server, RETRY_FUNCTION, &[]),
    ];
    patiently(
        server.wait_for(|sandbox| (sandbox.lambda.finished().len() == finished + 2).then_some(())),
    )
    .await;
    assert_eq!(accepted_retries(&server), 1);
    for instance in instances {
        instance.kill().await;
    }
}

/// CodePipeline has taken the retry, and the function ends before it knows. Whatever comes next finds the stage in progress.
#[tokio::test(start_paused = true)]
async fn a_function_that_is_killed_after_its_retry_retries_nothing_twice() {
    let story = closed(WHILE, vec![gated("checkout")]).await;
    story.fail("RetryStageExecution", Fault::Late(WHILE), 0..1);
    let server = serve(story).await;
    let killed = start(&server, RETRY_FUNCTION, &[]);
    server.with(|sandbox, _| {
        sandbox.invoke(REGION, RETRY_FUNCTION, event_files::read("sns-sweep.json"));
    });
    patiently(server.wait_for(|sandbox| {
        sandbox
            .transcript
            .of("RetryStageExecution")
            .next()
            .map(drop)
    }))
    .await;
    killed.kill().await;
    let next = start(&server, RETRY_FUNCTION, &[]);
    for _ in 0..2 {
        assert_eq!(signal(&server, "sns-sweep.json").await, [""; 0]);
    }
    assert_eq!(accepted_retries(&server), 1);
    next.kill().await;
}

fn accepted_retries(server: &HttpServer) -> usize {
    server.look(|sandbox| {
        let calls = sandbox.transcript.of("RetryStageExecution");
        calls
            .filter(|call| matches!(call.outcome, aws_sandbox::Outcome::Output(_)))
            .count()
    })
}
