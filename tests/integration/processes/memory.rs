//! The programs with the 128 MB of Lambda's smallest function, of address space and not only of what is resident: huge events, huge
//! readings, and thousands of messages through one environment.

use aws_sandbox::codepipeline::{JobResult, Status};
use aws_sandbox::health::Event;
use aws_sandbox::{Fault, Garbage, HttpServer, Outcome};
use serde_json::{Value, json};

use crate::event_files;
use crate::function_process::{program_of, serve, start_by};
use crate::in_world::{FUNCTION, RETRY_FUNCTION, TOPIC, ec2_issue_at, real_now};
use crate::program::{Program, patiently};
use crate::retry_process::quick;
use crate::story::{ALWAYS, gated};

const MEGABYTE: usize = 1_024 * 1_024;
const LIMIT: usize = 128 * MEGABYTE;

fn start(server: &HttpServer, function: &str, more: &[(&str, &str)]) -> Program {
    let limit = format!("--as={LIMIT}");
    start_by(
        &["/usr/bin/prlimit", &limit, program_of(function)],
        server,
        function,
        more,
    )
}

/// Hands an event to a function and waits until it has been handled, at the first try.
async fn handle(server: &HttpServer, function: &str, event: Value) -> Value {
    let finished = server.with(|sandbox, _| {
        sandbox.invoke("us-east-1", function, event);
        sandbox.lambda.finished().len()
    });
    let result =
        server.wait_for(|sandbox| Some(sandbox.lambda.finished().get(finished)?.result.clone()));
    patiently(result).await.expect("it is handled")
}

fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / MEGABYTE as f64
}

fn job_result(server: &HttpServer) -> JobResult {
    let id = event_files::read("codepipeline-job.json")["CodePipeline.job"]["id"].clone();
    let id = id.as_str().expect("an id");
    server
        .look(|sandbox| {
            sandbox
                .codepipeline
                .job(id)
                .and_then(|job| job.result.clone())
        })
        .expect("the job is answered")
}

async fn answer(server: &HttpServer, event: Value) -> JobResult {
    server.with(|sandbox, now| sandbox.submit_job_event(now, "us-east-1", FUNCTION, event));
    let ended = server.wait_for(|sandbox| {
        sandbox
            .lambda
            .finished()
            .last()
            .map(|done| done.result.clone())
    });
    patiently(ended).await.expect("it is handled");
    job_result(server)
}

fn parameters(event: &mut Value) -> &mut Value {
    &mut event["CodePipeline.job"]["data"]["actionConfiguration"]["configuration"]["UserParameters"]
}

/// Nearly as many events as the gate reads, of two requests, each about as long as AWS allows.
#[tokio::test]
async fn ten_megabytes_of_events_are_one_answer() {
    const EVENTS: usize = 4_900;
    let server = serve().await;
    let now = real_now();
    let mut bytes = 0;
    server.with(|sandbox, _| {
        for status in ["open", "closed"] {
            for number in 0..EVENTS {
                let mut event =
                    ec2_issue_at(now, &format!("{status}{number}_{}", "x".repeat(1_400)));
                status.clone_into(&mut event.status_code);
                bytes += serde_json::to_string::<Event>(&event).expect("JSON").len();
                sandbox.health.put_event(event);
            }
        }
    });
    let program = start(&server, FUNCTION, &[]);
    let mut event = event_files::read("codepipeline-job.json");
    *parameters(&mut event) = r#"{"regions": ["us-east-1"], "quietPeriod": "1h"}"#.into();
    let result = answer(&server, event).await;
    let JobResult::Failure { message, .. } = result else {
        panic!("{result:?}")
    };
    assert!(
        message.starts_with("health-gate blocked: 4900 open and 4900 just closed "),
        "{message}"
    );
    assert!(
        message.len() <= 5_000 && message.contains("\nand 979"),
        "{message}"
    );
    assert!(bytes >= 10 * MEGABYTE, "{bytes} bytes");
    println!(
        "a reading of {:.1} MB: {:.1} MB at most of 128 MB",
        megabytes(bytes),
        megabytes(program.peak_memory())
    );
    program.kill().await;
}

/// Lambda takes no larger event of an asynchronous invocation than 1 MB.
#[tokio::test]
async fn a_job_event_of_a_megabyte_is_answered() {
    for (what, expected) in [
        ("artifacts", "clear"),
        ("parameters", "invalid"),
        ("token", "unknown"),
        ("depth", "clear"),
    ] {
        let server = serve().await;
        let program = start(&server, FUNCTION, &[]);
        let mut event = event_files::read("codepipeline-job.json");
        let long = "x".repeat(MEGABYTE);
        let data = &mut event["CodePipeline.job"]["data"];
        match what {
            "artifacts" => data["inputArtifacts"] = json!([{"name": long}]),
            "token" => data["continuationToken"] = long.into(),
            "depth" => {
                data["inputArtifacts"] = (0..100).fold(json!([long]), |inner, _| json!([inner]))
            }
            _ => *parameters(&mut event) = long.into(),
        }
        let result = answer(&server, event).await;
        let said = match &result {
            JobResult::Success {
                output_variables, ..
            } => output_variables["Verdict"].clone(),
            JobResult::Failure { message, .. } => {
                assert!(message.len() <= 5_000, "{} bytes", message.len());
                message
                    .strip_prefix("health-gate ")
                    .expect("a marker")
                    .split(':')
                    .next()
                    .expect("a word")
                    .to_owned()
            }
        };
        assert_eq!(said, expected, "{what}");
        println!(
            "a job event of 1 MB ({what}): {:.1} MB at most of 128 MB",
            megabytes(program.peak_memory())
        );
        program.kill().await;
    }
}

/// Each service in turn answers without an end.
#[tokio::test]
async fn an_endless_answer_is_no_answer() {
    for (operation, expected) in [
        ("DescribeEvents", "health-gate unknown: "),
        ("GetJobDetails", "health-gate blocked: "),
        ("ListTagsForResource", "health-gate blocked: "),
        ("GetPipelineState", "health-gate blocked: "),
        ("Publish", "health-gate blocked: "),
    ] {
        let server = serve().await;
        server.with(|sandbox, now| {
            sandbox.health.put_event(ec2_issue_at(now, "1"));
            sandbox
                .sns
                .create_topic("us-east-1", "health-gate-notifications");
            sandbox.fail(operation, Fault::Garbage(Garbage::Endless), ALWAYS);
        });
        let program = start(&server, FUNCTION, &[("NOTIFICATION_TOPIC_ARN", TOPIC)]);
        let result = answer(&server, event_files::read("codepipeline-job.json")).await;
        let JobResult::Failure { message, .. } = result else {
            panic!("{operation}: {result:?}")
        };
        assert!(message.starts_with(expected), "{operation}: {message}");
        println!(
            "an answer of {operation} without an end: {:.1} MB at most of 128 MB",
            megabytes(program.peak_memory())
        );
        program.kill().await;
    }
}

fn record(message: &Value) -> Value {
    json!({"EventSource": "aws:sns", "Sns": {"TopicArn": "arn:aws:sns:us-east-1:111122223333:health-gate-signals", "Message": message.to_string()}})
}

/// Failures of pipelines that there are not, sweeps over stages that the gate has stopped, messages of others.
#[tokio::test]
async fn ten_thousand_records_leave_nothing_behind() {
    const INVOCATIONS: usize = 500;
    const RECORDS: usize = 20;
    let server = serve().await;
    server.with(|sandbox, now| {
        sandbox.health.put_event(ec2_issue_at(now, "1"));
        sandbox.codepipeline.delays = quick();
    });
    let gate = start(&server, FUNCTION, &[]);
    for name in ["checkout", "billing", "search"] {
        server.with(|sandbox, now| {
            sandbox.create_pipeline(now, "us-east-1", gated(name));
            sandbox
                .start_execution(now, name)
                .expect("nothing is going on");
        });
        let stopped = server.wait_for(|sandbox| {
            let status = sandbox.codepipeline.newest_execution(name);
            (status == Some(Status::Failed)).then_some(())
        });
        patiently(stopped).await;
    }
    gate.kill().await;
    let program = start(
        &server,
        RETRY_FUNCTION,
        &[("PACE", "0"), ("AWS_LAMBDA_LOG_FORMAT", "JSON")],
    );
    let failure =
        &event_files::read("sns-codepipeline-action-failed.json")["Records"][0]["Sns"]["Message"];
    let failure: Value = serde_json::from_str(failure.as_str().expect("text")).expect("JSON");
    let mut early = 0;
    for invocation in 0..INVOCATIONS {
        let records = (0..RECORDS).map(|number| match number {
            0 => {
                let mut failure = failure.clone();
                failure["detail"]["pipeline"] = format!("gone-{invocation}").into();
                record(&failure)
            }
            1 if invocation % 10 == 0 => record(&json!({"source": "health-gate", "detail-type": "Sweep"})),
            _ => record(&json!({"source": format!("somebody-{invocation}-{number}"), "detail": "x".repeat(200)})),
        });
        let event = json!({"Records": records.collect::<Vec<_>>()});
        handle(&server, RETRY_FUNCTION, event).await;
        if invocation == INVOCATIONS / 10 {
            early = program.peak_memory();
        }
    }
    let late = program.peak_memory();
    println!(
        "{} records through one environment: {:.1} MB after a tenth of them, {:.1} MB after all",
        INVOCATIONS * RECORDS,
        megabytes(early),
        megabytes(late)
    );
    assert!(late < early + MEGABYTE, "it grows: {early} to {late}");
    let looks = server.look(|sandbox| sandbox.transcript.of("ListActionExecutions").count());
    assert!(
        looks >= 3 * INVOCATIONS / 10,
        "{looks} stopped stages looked at"
    );
    program.kill().await;
}

/// The same of the gate: jobs that pass, and jobs with a policy that is none.
#[tokio::test]
async fn a_thousand_jobs_leave_nothing_behind() {
    const JOBS: usize = 1_000;
    let server = serve().await;
    let program = start(&server, FUNCTION, &[]);
    let mut event = event_files::read("codepipeline-job.json");
    let mut early = 0;
    for number in 0..JOBS {
        event["CodePipeline.job"]["id"] = format!("11111111-aaaa-4111-8111-{number:012}").into();
        *parameters(&mut event) = if number % 2 == 0 { "us-east-1" } else { "{" }.into();
        let finished = server.with(|sandbox, now| {
            sandbox.submit_job_event(now, "us-east-1", FUNCTION, event.clone());
            sandbox.lambda.finished().len()
        });
        let result = server
            .wait_for(|sandbox| Some(sandbox.lambda.finished().get(finished)?.result.clone()));
        patiently(result).await.expect("it is handled");
        if number == JOBS / 10 {
            early = program.peak_memory();
        }
    }
    let late = program.peak_memory();
    println!(
        "{JOBS} jobs through one environment: {:.1} MB after a tenth of them, {:.1} MB after all",
        megabytes(early),
        megabytes(late)
    );
    assert!(late < early + MEGABYTE, "it grows: {early} to {late}");
    let answered = server.look(|sandbox| {
        let calls = sandbox
            .transcript
            .calls()
            .iter()
            .filter(|call| call.operation.starts_with("PutJob"));
        calls
            .filter(|call| matches!(call.outcome, Outcome::Output(_)))
            .count()
    });
    assert_eq!(answered, JOBS);
    program.kill().await;
}
