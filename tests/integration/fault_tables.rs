//! What a job comes to when AWS fails: three tables, each fault a row. CONTRIBUTING.md names the command that prints them.
#![expect(clippy::print_stdout, reason = "the tables are for reading")]

use std::time::Duration;

use aws_sandbox::codepipeline::{JobResult, NewJob};
use aws_sandbox::{Fault, ServiceError};
use health_gate_aws::{CnameLookUp, Settings};
use insta::assert_snapshot;
use serde_json::json;

use crate::in_world::{FUNCTION, GateWorld, TOPIC, ec2_issue, usual};
use crate::stage_retry::{ALWAYS, WHILE, gated};

const REFUSED: Fault = Fault::NoConnection("connection refused");
const RESET: Fault = Fault::NoConnection("connection reset by peer");
const UNRESOLVED: Fault =
    Fault::NoConnection("failed to lookup address information: Name or service not known");

fn internal_failure() -> Fault {
    Fault::Error(ServiceError::internal_failure())
}

fn throttling() -> Fault {
    Fault::Error(ServiceError::throttling())
}

fn denied(action: &str) -> Fault {
    Fault::Error(ServiceError::access_denied(action))
}

fn unavailable() -> Fault {
    let mut error = ServiceError::new("ServiceUnavailable", "down");
    error.status = "503".parse().expect("a status");
    Fault::Error(error)
}

/// Plays one job of a pipeline, and says what came of it.
async fn row(name: &str, gate: GateWorld, operation: &str) -> String {
    start(&gate);
    gate.play(WHILE).await;
    outcome(name, &gate, operation)
}

fn start(gate: &GateWorld) {
    gate.world.with(|sandbox, now| {
        sandbox.create_pipeline(now, "us-east-1", gated("checkout"));
        sandbox.sns.create_topic("us-east-1", "people");
        sandbox
            .start_execution(now, "checkout")
            .expect("nothing is going on");
    });
}

fn outcome(name: &str, gate: &GateWorld, operation: &str) -> String {
    let (results, ended, returned) = gate.world.with(|sandbox, _| {
        let finished: Vec<_> = sandbox
            .lambda
            .finished()
            .iter()
            .filter(|done| done.invocation.function == FUNCTION)
            .collect();
        let results: Vec<JobResult> = finished
            .iter()
            .filter_map(|done| done.invocation.payload["CodePipeline.job"]["id"].as_str())
            .filter_map(|id| sandbox.codepipeline.job(id)?.result.clone())
            .collect();
        let first = finished.first().expect("the gate ran");
        (
            results,
            first.at.as_millis() - first.began.as_millis(),
            first.result.clone(),
        )
    });
    assert!(
        results.len() <= 1,
        "{name}: exactly one final result: {results:?}"
    );
    assert!(
        ended < 30_000,
        "{name}: it ends before Lambda's deadline: {ended} ms"
    );
    let result = match (&results[..], returned) {
        (
            [
                JobResult::Success {
                    output_variables, ..
                },
            ],
            Ok(_),
        ) => format!("success {}", output_variables["Verdict"]),
        ([JobResult::Failure { failure_type, .. }], Ok(_)) => failure_type.clone(),
        ([_], Err(error)) => format!("answered; {}", error["errorType"].as_str().unwrap_or("-")),
        (_, result) => match result {
            Err(error) => format!("none; {}", error["errorType"].as_str().unwrap_or("-")),
            Ok(_) => "none".to_owned(),
        },
    };
    let seconds = ended as f64 / 1_000.0;
    format!(
        "{name:<38} {result:<28} {:>5} {seconds:>6.2} s",
        gate.calls(operation)
    )
}

fn head(operation: &str) -> String {
    format!(
        "{:<38} {:<28} {:>5} {:>8}",
        operation, "result", "calls", "time"
    )
}

fn world() -> GateWorld {
    GateWorld::with(
        "us-east-1",
        Settings {
            notification_topic: Some(TOPIC.to_owned()),
            ..Settings::default()
        },
        usual(),
    )
}

fn failing(operation: &str, fault: Fault) -> GateWorld {
    let gate = world();
    gate.world
        .with(|sandbox, _| sandbox.fail(operation, fault, ALWAYS));
    gate
}

#[tokio::test(start_paused = true)]
async fn faults_of_aws_health() {
    let mut table = vec![head("DescribeEvents")];
    for (name, fault) in [
        ("throttled", throttling()),
        ("HTTP 500", internal_failure()),
        ("HTTP 503", unavailable()),
        ("connection refused", REFUSED),
        ("connection reset", RESET),
        ("no such host", UNRESOLVED),
        ("answers after 4 s", Fault::Late(Duration::from_secs(4))),
        ("answers after 6 s", Fault::Late(Duration::from_secs(6))),
        ("silent", Fault::Silence),
        ("broken CBOR", Fault::Garbage),
        ("access denied", denied("health:DescribeEvents")),
        (
            "no support plan",
            Fault::Error(ServiceError::subscription_required()),
        ),
    ] {
        table.push(row(name, failing("DescribeEvents", fault), "DescribeEvents").await);
    }
    for (name, fault) in [
        ("us-east-1 silent", Fault::Silence),
        ("us-east-1 HTTP 500", internal_failure()),
        ("us-east-1 throttled", throttling()),
    ] {
        let gate = world();
        gate.world
            .with(|sandbox, _| sandbox.fail_in("us-east-1", "DescribeEvents", fault, ALWAYS));
        table.push(row(name, gate, "DescribeEvents").await);
    }
    let silent_name_server = CnameLookUp::with(async |_| std::future::pending().await);
    table.push(
        row(
            "look-up silent",
            GateWorld::with("us-east-1", Settings::default(), silent_name_server),
            "DescribeEvents",
        )
        .await,
    );
    let panicking = CnameLookUp::with(async |_| panic!("a defect of ours"));
    table.push(
        row(
            "panic in the gate",
            GateWorld::with("us-east-1", Settings::default(), panicking),
            "DescribeEvents",
        )
        .await,
    );
    println!("{}\n", table.join("\n"));
    assert_snapshot!(table.join("\n"), @"
    DescribeEvents                         result                       calls     time
    throttled                              SystemUnavailable                3   0.38 s
    HTTP 500                               SystemUnavailable                6   0.94 s
    HTTP 503                               SystemUnavailable                6   0.94 s
    connection refused                     SystemUnavailable                6   0.94 s
    connection reset                       SystemUnavailable                6   0.94 s
    no such host                           SystemUnavailable                6   0.94 s
    answers after 4 s                      success clear                    1   4.04 s
    answers after 6 s                      SystemUnavailable                4  17.06 s
    silent                                 SystemUnavailable                4  17.06 s
    broken CBOR                            SystemUnavailable                1   0.08 s
    access denied                          PermissionError                  1   0.08 s
    no support plan                        ConfigurationError               1   0.08 s
    us-east-1 silent                       success clear                    3   8.54 s
    us-east-1 HTTP 500                     success clear                    4   0.36 s
    us-east-1 throttled                    SystemUnavailable                3   0.38 s
    look-up silent                         success clear                    1   0.32 s
    panic in the gate                      SystemUnavailable                0   0.02 s
    ");
}

#[tokio::test(start_paused = true)]
async fn faults_of_the_supporting_calls() {
    let mut table = vec![head("during an incident")];
    for operation in [
        "GetJobDetails",
        "ListTagsForResource",
        "GetPipelineState",
        "Publish",
    ] {
        for (name, fault) in [
            ("throttled", throttling()),
            ("HTTP 500", internal_failure()),
            ("connection refused", REFUSED),
            ("silent", Fault::Silence),
            ("garbage", Fault::Garbage),
            ("access denied", denied("it")),
        ] {
            let gate = failing(operation, fault);
            gate.put_event(ec2_issue("1"));
            table.push(row(&format!("{operation} {name}"), gate, operation).await);
        }
    }
    println!("{}\n", table.join("\n"));
    assert_snapshot!(table.join("\n"), @"
    during an incident                     result                       calls     time
    GetJobDetails throttled                JobFailed                        5   1.08 s
    GetJobDetails HTTP 500                 JobFailed                        5   1.08 s
    GetJobDetails connection refused       JobFailed                        5   1.08 s
    GetJobDetails silent                   JobFailed                        1   3.04 s
    GetJobDetails garbage                  JobFailed                        1   0.06 s
    GetJobDetails access denied            JobFailed                        1   0.06 s
    ListTagsForResource throttled          JobFailed                        5   3.01 s
    ListTagsForResource HTTP 500           JobFailed                        5   3.01 s
    ListTagsForResource connection refused JobFailed                        5   3.01 s
    ListTagsForResource silent             JobFailed                        1   3.06 s
    ListTagsForResource garbage            JobFailed                        1   0.08 s
    ListTagsForResource access denied      JobFailed                        1   0.08 s
    GetPipelineState throttled             JobFailed                        5   3.01 s
    GetPipelineState HTTP 500              JobFailed                        5   3.01 s
    GetPipelineState connection refused    JobFailed                        5   3.01 s
    GetPipelineState silent                JobFailed                        1   3.06 s
    GetPipelineState garbage               JobFailed                        1   0.08 s
    GetPipelineState access denied         JobFailed                        1   0.08 s
    Publish throttled                      JobFailed                        2   0.31 s
    Publish HTTP 500                       JobFailed                        2   0.31 s
    Publish connection refused             JobFailed                        2   0.31 s
    Publish silent                         JobFailed                        1   2.06 s
    Publish garbage                        JobFailed                        1   0.08 s
    Publish access denied                  JobFailed                        1   0.08 s
    ");
}

#[tokio::test(start_paused = true)]
async fn faults_of_the_answer() {
    let mut table = vec![head("PutJobSuccessResult")];
    let once = 0..1;
    for (name, fault, calls) in [
        ("throttled once", throttling(), once.clone()),
        ("throttled", throttling(), ALWAYS),
        ("HTTP 500 once", internal_failure(), once.clone()),
        ("HTTP 500", internal_failure(), ALWAYS),
        ("connection refused once", REFUSED, once.clone()),
        ("connection refused", REFUSED, ALWAYS),
        (
            "access denied",
            denied("codepipeline:PutJobSuccessResult"),
            ALWAYS,
        ),
        ("silent once", Fault::Silence, once.clone()),
        ("silent", Fault::Silence, ALWAYS),
        ("cut after it was accepted", Fault::Cut, once.clone()),
        ("always cut after it was accepted", Fault::Cut, ALWAYS),
        (
            "answers after 4 s",
            Fault::Late(Duration::from_secs(4)),
            ALWAYS,
        ),
        ("garbage", Fault::Garbage, ALWAYS),
    ] {
        let gate = world();
        gate.world
            .with(|sandbox, _| sandbox.fail("PutJobSuccessResult", fault, calls));
        table.push(row(name, gate, "PutJobSuccessResult").await);
    }
    let gate = world();
    let id = gate.world.with(|sandbox, now| {
        let id = sandbox.start_job(now, "us-east-1", FUNCTION, NewJob::default());
        let answer =
            json!({"jobId": id, "failureDetails": {"type": "JobFailed", "message": "by hand"}});
        sandbox.call(
            now,
            "CodePipeline_20150709.PutJobFailureResult",
            "us-east-1",
            &answer,
        );
        id
    });
    gate.run().await;
    table.push(outcome(
        "already answered otherwise",
        &gate,
        "PutJobSuccessResult",
    ));
    let gate = world();
    let event = json!({"CodePipeline.job": {"id": id, "data": {}}});
    gate.world
        .with(|sandbox, _| sandbox.invoke("us-east-1", FUNCTION, event));
    gate.run().await;
    table.push(outcome("unknown job", &gate, "PutJobSuccessResult"));
    println!("{}\n", table.join("\n"));
    assert_snapshot!(table.join("\n"), @"
    PutJobSuccessResult                    result                       calls     time
    throttled once                         success clear                    2   0.17 s
    throttled                              none; job.undelivered            5   2.55 s
    HTTP 500 once                          success clear                    2   0.17 s
    HTTP 500                               none; job.undelivered            5   2.55 s
    connection refused once                success clear                    2   0.17 s
    connection refused                     none; job.undelivered            5   2.55 s
    access denied                          none; job.undelivered            1   0.04 s
    silent once                            success clear                    2   3.15 s
    silent                                 none; job.undelivered            5  17.45 s
    cut after it was accepted              success clear                    2   0.17 s
    always cut after it was accepted       answered; job.undelivered        5   2.55 s
    answers after 4 s                      answered; job.undelivered        5  17.45 s
    garbage                                none; job.undelivered            1   0.04 s
    already answered otherwise             JobFailed                        1   0.04 s
    unknown job                            none; job.not-found              1   0.06 s
    ");
}

/// A table is worth nothing if the world it is played in is not healthy.
#[tokio::test(start_paused = true)]
async fn without_a_fault_everything_is_called_once() {
    let gate = world();
    gate.put_event(ec2_issue("1"));
    let row = row("healthy", gate, "PutJobFailureResult").await;
    assert_snapshot!(row, @"healthy                                JobFailed                        1   0.08 s");
}
