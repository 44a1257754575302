//! Both programs, unmodified, and a pipeline that runs: the whole card in real time, with CodePipeline's waits shortened.

use std::time::Duration;

use aws_sandbox::HttpServer;
use aws_sandbox::codepipeline::{ActionDeclaration, Delays, PipelineDeclaration, Status};
use serde_json::Value;

use crate::event_files;
use crate::function_process::{program_of, serve, start};
use crate::in_world::{FUNCTION, RETRY_FUNCTION, ec2_issue, ec2_issue_at};
use crate::program::{Ended, Program, patiently};
use crate::story::{break_deployments, deploy, lambda, pipeline};

const SOON: Duration = Duration::from_millis(1);

fn gate() -> ActionDeclaration {
    lambda(FUNCTION, "us-east-1")
}

/// CodePipeline waits for nothing.
pub(crate) fn quick() -> Delays {
    Delays {
        creation: SOON,
        source: SOON,
        deployment: SOON,
        result: SOON,
        continuation: SOON,
        stage_failure: SOON,
        retry_clears: Duration::ZERO,
        retry: SOON,
        stop: SOON,
        ..Delays::default()
    }
}

/// Runs an execution of a pipeline until it has ended.
async fn release(server: &HttpServer, pipeline: PipelineDeclaration) -> Status {
    let name = pipeline.name.clone();
    server.with(|sandbox, now| {
        sandbox.codepipeline.delays = quick();
        break_deployments(sandbox, SOON);
        sandbox.create_pipeline(now, "us-east-1", pipeline);
        sandbox
            .start_execution(now, &name)
            .expect("nothing is going on");
    });
    end(server, &name).await
}

async fn end(server: &HttpServer, pipeline: &str) -> Status {
    let ended = server.wait_for(|sandbox| {
        sandbox
            .codepipeline
            .newest_execution(pipeline)
            .filter(|status| *status != Status::InProgress)
    });
    patiently(ended).await
}

/// Sends an event of a file to stage-retry and returns the outcomes that it returns.
pub(crate) async fn signal(server: &HttpServer, file: &str) -> Vec<String> {
    let finished = server.with(|sandbox, _| {
        sandbox.invoke("us-east-1", RETRY_FUNCTION, event_files::read(file));
        sandbox.lambda.finished().len()
    });
    let result = server.wait_for(|sandbox| {
        let new = sandbox.lambda.finished().iter().skip(finished);
        new.filter(|done| done.invocation.function == RETRY_FUNCTION)
            .map(|done| done.result.clone())
            .next()
    });
    let outcomes = patiently(result)
        .await
        .expect("stage-retry handles every message");
    let text = |outcome: &Value| {
        let text = |name: &str| outcome[name].as_str().unwrap_or("-").to_owned();
        format!("{}/{} {}", text("pipeline"), text("stage"), text("outcome"))
    };
    outcomes["stages"]
        .as_array()
        .expect("a list")
        .iter()
        .map(text)
        .collect()
}

pub(crate) fn retries(server: &HttpServer) -> usize {
    server.with(|sandbox, _| sandbox.transcript.of("RetryStageExecution").count())
}

#[tokio::test]
async fn a_stopped_release_goes_out_once_the_issue_is_closed() {
    let server = serve().await;
    server.with(|sandbox, now| sandbox.health.put_event(ec2_issue_at(now, "1")));
    let (pipeline_gate, stage_retry) = (
        start(&server, FUNCTION, &[]),
        start(&server, RETRY_FUNCTION, &[]),
    );
    assert_eq!(
        release(
            &server,
            pipeline("checkout", vec![(1, gate()), (2, deploy(true))])
        )
        .await,
        Status::Failed
    );
    assert_eq!(
        signal(&server, "sns-codepipeline-action-failed.json").await,
        ["checkout/Production blocked"]
    );
    server.with(|sandbox, now| sandbox.health.close_event(now, &ec2_issue("1").arn));
    assert_eq!(
        signal(&server, "sns-sweep.json").await,
        ["checkout/Production retried"]
    );
    assert_eq!(end(&server, "checkout").await, Status::Succeeded);
    assert_eq!(retries(&server), 1);
    pipeline_gate.kill().await;
    let Ended { stdout, .. } = stage_retry.kill().await;
    assert!(
        stdout.contains("checkout / Production: retried: AWS Health is clear"),
        "{stdout}"
    );
}

#[tokio::test]
async fn nothing_is_retried_that_the_gate_has_not_stopped() {
    let server = serve().await;
    let programs = [
        start(&server, FUNCTION, &[]),
        start(&server, RETRY_FUNCTION, &[]),
    ];
    // The gate passes, and the deployment beside it fails.
    assert_eq!(
        release(
            &server,
            pipeline("checkout", vec![(1, gate()), (1, deploy(false))])
        )
        .await,
        Status::Failed
    );
    assert_eq!(
        signal(&server, "sns-codepipeline-action-failed.json").await,
        [""; 0]
    );
    assert_eq!(signal(&server, "sns-sweep.json").await, [""; 0]);
    // The gate fails too: the stage is stopped by both.
    server.with(|sandbox, now| sandbox.health.put_event(ec2_issue_at(now, "1")));
    assert_eq!(
        release(
            &server,
            pipeline("checkout", vec![(1, gate()), (1, deploy(false))])
        )
        .await,
        Status::Failed
    );
    server.with(|sandbox, now| sandbox.health.close_event(now, &ec2_issue("1").arn));
    assert_eq!(
        signal(&server, "sns-codepipeline-action-failed.json").await,
        ["checkout/Production mixed"]
    );
    assert_eq!(retries(&server), 0);
    for program in programs {
        program.kill().await;
    }
}

/// A Lambda action of somebody else has failed, and says what the gate says.
#[tokio::test]
async fn a_foreign_lambda_action_is_left_alone() {
    let server = serve().await;
    let foreign = Program::start(
        program_of(FUNCTION),
        &[],
        &[
            (
                "AWS_LAMBDA_RUNTIME_API",
                format!("http://{}/lambda/smoke-test", server.address()).as_str(),
            ),
            ("AWS_LAMBDA_FUNCTION_NAME", "smoke-test"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            (
                "AWS_ENDPOINT_URL",
                format!("http://{}", server.address()).as_str(),
            ),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "AKIDPROCESS"),
            ("AWS_SECRET_ACCESS_KEY", "process"),
        ],
    );
    server.with(|sandbox, now| sandbox.health.put_event(ec2_issue_at(now, "1")));
    let smoke_test = ActionDeclaration::lambda("", "smoke-test", None);
    assert_eq!(
        release(&server, pipeline("checkout", vec![(1, smoke_test)])).await,
        Status::Failed
    );
    server.with(|sandbox, now| sandbox.health.close_event(now, &ec2_issue("1").arn));
    let stage_retry = start(&server, RETRY_FUNCTION, &[]);
    assert_eq!(signal(&server, "sns-sweep.json").await, [""; 0]);
    assert_eq!(retries(&server), 0);
    foreign.kill().await;
    stage_retry.kill().await;
}

#[tokio::test]
async fn an_unknown_message_is_ignored_with_a_line() {
    let server = serve().await;
    let stage_retry = start(&server, RETRY_FUNCTION, &[]);
    assert_eq!(signal(&server, "sns-unknown.json").await, [""; 0]);
    let services = server.with(|sandbox, _| {
        sandbox
            .transcript
            .calls()
            .iter()
            .filter(|call| call.service != "Lambda")
            .count()
    });
    assert_eq!(services, 0);
    let Ended { stdout, .. } = stage_retry.kill().await;
    assert!(
        stdout.contains("a message is ignored: no known kind of message"),
        "{stdout}"
    );
    assert!(stdout.contains(r#""SignalsIgnored":1"#), "{stdout}");
}

#[tokio::test]
async fn without_a_gate_the_program_says_what_to_set() {
    let program = Program::start(
        program_of(RETRY_FUNCTION),
        &[],
        &[("AWS_REGION", "us-east-1")],
    );
    let Ended { code, stdout, .. } = program.end().await;
    assert_eq!(code, Some(1));
    assert!(
        stdout.contains("stage-retry cannot run: GATE_FUNCTION_NAME is not set"),
        "{stdout}"
    );
}

/// A slip of a list must not make a sweep of some pipelines one of all.
#[tokio::test]
async fn with_a_list_of_no_pipelines_the_program_says_what_is_accepted() {
    let program = Program::start(
        program_of(RETRY_FUNCTION),
        &[],
        &[
            ("AWS_REGION", "us-east-1"),
            ("GATE_FUNCTION_NAME", FUNCTION),
            ("PIPELINES", " ,"),
        ],
    );
    let Ended { code, stdout, .. } = program.end().await;
    assert_eq!(code, Some(1));
    assert!(
        stdout.contains("stage-retry cannot run: PIPELINES names no pipeline; accepted: names"),
        "{stdout}"
    );
}

#[tokio::test]
async fn with_a_pace_that_is_none_the_program_says_what_is_accepted() {
    let program = Program::start(
        program_of(RETRY_FUNCTION),
        &[],
        &[
            ("AWS_REGION", "us-east-1"),
            ("GATE_FUNCTION_NAME", FUNCTION),
            ("PACE", "fast"),
        ],
    );
    let Ended { code, stdout, .. } = program.end().await;
    assert_eq!(code, Some(1));
    assert!(
        stdout.contains(
            "stage-retry cannot run: PACE is `fast`; accepted: calls of CodePipeline a second"
        ),
        "{stdout}"
    );
}
