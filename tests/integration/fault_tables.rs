//! What a job comes to when AWS fails: three tables, each fault a row. CONTRIBUTING.md names the command that prints them.
#![expect(clippy::print_stdout, reason = "the tables are for reading")]

use std::time::Duration;

use aws_sandbox::codepipeline::{JobResult, NewJob};
use aws_sandbox::lambda::Finished;
use aws_sandbox::{Call, Fault, Garbage, Outcome, ServiceError};
use health_gate::AccountPolicy;
use health_gate_aws::{CnameLookUp, Settings};
use insta::assert_snapshot;
use serde_json::json;

use crate::in_world::{FUNCTION, GateWorld, TOPIC, ec2_issue, usual};
use crate::story::{ALWAYS, WHILE, gated};

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

/// An answer of somebody who is not AWS.
fn garbage(kind: Garbage) -> Fault {
    Fault::Garbage(kind)
}

fn unavailable() -> Fault {
    let mut error = ServiceError::new("ServiceUnavailable", "down");
    error.status = "503".parse().expect("a status");
    Fault::Error(error)
}

/// Plays one job of a pipeline, and says what came of it.
async fn row(name: &str, gate: GateWorld, operation: &str) -> String {
    start(&gate);
    // Less than the minute after which Lambda runs a failed invocation again.
    gate.play(Duration::from_secs(50)).await;
    outcome(name, &gate, operation).await
}

fn start(gate: &GateWorld) {
    gate.world.with(|sandbox, now| {
        sandbox.create_pipeline(now, "us-east-1", gated("checkout"));
        sandbox
            .sns
            .create_topic("us-east-1", "health-gate-notifications");
        sandbox
            .start_execution(now, "checkout")
            .expect("nothing is going on");
    });
}

/// What the first job of the gate came to. If its invocation failed, Lambda runs it again when the fault is over.
async fn outcome(name: &str, gate: &GateWorld, operation: &str) -> String {
    let calls = gate.calls(operation);
    let first = gate.world.with(|sandbox, _| {
        let mut finished = sandbox.lambda.finished().iter();
        let first = finished.find(|done| done.invocation.function == FUNCTION);
        first.expect("the gate ran").clone()
    });
    let took = first.at.as_millis() - first.began.as_millis();
    assert!(
        took < 30_000,
        "{name}: it ends before Lambda's deadline: {took} ms"
    );
    let mut result = final_result(name, gate, &first);
    if let Err(error) = &first.result {
        result.push_str(&format!("; {}", error["errorType"].as_str().unwrap_or("-")));
        gate.world.with(|sandbox, _| {
            for operation in ["PutJobSuccessResult", "PutJobFailureResult"] {
                sandbox.fail(operation, Fault::Silence, 0..0);
            }
        });
        gate.play(WHILE).await;
        result.push_str(&format!("; again: {}", final_result(name, gate, &first)));
    }
    let seconds = took as f64 / 1_000.0;
    format!("{name:<38} {calls:>5} {seconds:>6.2} s   {result}")
}

/// The one result of a job, if it has one: a second one, which CodePipeline may accept if it is the same, is no other.
fn final_result(name: &str, gate: &GateWorld, finished: &Finished) -> String {
    let id = &finished.invocation.payload["CodePipeline.job"]["id"];
    gate.world.with(|sandbox, _| {
        let is_accepted = |call: &&Call| {
            call.operation.starts_with("PutJob")
                && call.input["jobId"] == *id
                && matches!(call.outcome, Outcome::Output(_))
        };
        let accepted = sandbox.transcript.calls().iter().filter(is_accepted);
        let mut results: Vec<String> = accepted.map(|call| call.input.to_string()).collect();
        results.dedup();
        assert!(
            results.len() <= 1,
            "{name}: at most one result: {results:?}"
        );
        let job = id.as_str().and_then(|id| sandbox.codepipeline.job(id));
        match job.and_then(|job| job.result.as_ref()) {
            None => "none".to_owned(),
            Some(JobResult::Success {
                continuation_token: Some(_),
                ..
            }) => "in progress".to_owned(),
            Some(JobResult::Success {
                output_variables, ..
            }) => format!("success {}", output_variables["Verdict"]),
            Some(JobResult::Failure { failure_type, .. }) => failure_type.clone(),
        }
    })
}

fn head(operation: &str) -> String {
    format!("{operation:<38} {:>5} {:>8}   result", "calls", "time")
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
        ("not of AWS: garbage", garbage(Garbage::Bytes)),
        ("not of AWS: broken answer", garbage(Garbage::Beginning)),
        (
            "not of AWS: wrong content type",
            garbage(Garbage::OtherType),
        ),
        ("not of AWS: page of HTML", garbage(Garbage::Page)),
        ("not of AWS: empty answer", garbage(Garbage::Empty)),
        ("not of AWS: endless answer", garbage(Garbage::Endless)),
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
    DescribeEvents                         calls     time   result
    throttled                                  5   1.94 s   SystemUnavailable
    HTTP 500                                  10   2.91 s   SystemUnavailable
    HTTP 503                                  10   2.91 s   SystemUnavailable
    connection refused                        10   2.91 s   SystemUnavailable
    connection reset                          10   2.91 s   SystemUnavailable
    no such host                              10   2.91 s   SystemUnavailable
    answers after 4 s                          1   4.04 s   success clear
    answers after 6 s                          2  11.04 s   success clear
    silent                                     2  17.06 s   SystemUnavailable
    not of AWS: garbage                        1   0.08 s   SystemUnavailable
    not of AWS: broken answer                  1   0.08 s   SystemUnavailable
    not of AWS: wrong content type             1   0.08 s   SystemUnavailable
    not of AWS: page of HTML                   1   0.08 s   SystemUnavailable
    not of AWS: empty answer                   1   0.08 s   SystemUnavailable
    not of AWS: endless answer                 5   2.58 s   SystemUnavailable
    access denied                              1   0.08 s   PermissionError
    no support plan                            1   0.08 s   ConfigurationError
    us-east-1 silent                           2   5.04 s   success clear
    us-east-1 HTTP 500                         6   1.92 s   success clear
    us-east-1 throttled                        5   1.94 s   SystemUnavailable
    look-up silent                             1   0.32 s   success clear
    panic in the gate                          0   0.04 s   SystemUnavailable
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
            ("garbage", garbage(Garbage::Bytes)),
            ("access denied", denied("it")),
        ] {
            let gate = failing(operation, fault);
            gate.put_event(ec2_issue("1"));
            table.push(row(&format!("{operation} {name}"), gate, operation).await);
        }
    }
    // A hold tells people before the answer: the only call that is not needed for it and stands before it.
    for (name, fault) in [
        ("throttled", throttling()),
        ("silent", Fault::Silence),
        ("access denied", denied("sns:Publish")),
    ] {
        let settings = Settings {
            notification_topic: Some(TOPIC.to_owned()),
            account_policy: AccountPolicy::new(Some(r#"{"onIncident": "hold"}"#.to_owned())),
            ..Settings::default()
        };
        let gate = GateWorld::with("us-east-1", settings, usual());
        gate.put_event(ec2_issue("1"));
        gate.world
            .with(|sandbox, _| sandbox.fail("Publish", fault, 0..2));
        start(&gate);
        gate.play(Duration::from_secs(20)).await;
        table.push(outcome(&format!("Publish {name}, a hold"), &gate, "Publish").await);
    }
    println!("{}\n", table.join("\n"));
    assert_snapshot!(table.join("\n"), @"
    during an incident                     calls     time   result
    GetJobDetails throttled                    5   1.92 s   JobFailed
    GetJobDetails HTTP 500                     5   1.92 s   JobFailed
    GetJobDetails connection refused           5   1.92 s   JobFailed
    GetJobDetails silent                       1   3.04 s   JobFailed
    GetJobDetails garbage                      1   0.06 s   JobFailed
    GetJobDetails access denied                1   0.06 s   JobFailed
    ListTagsForResource throttled              4   3.06 s   JobFailed
    ListTagsForResource HTTP 500               4   3.06 s   JobFailed
    ListTagsForResource connection refused     4   3.06 s   JobFailed
    ListTagsForResource silent                 1   3.06 s   JobFailed
    ListTagsForResource garbage                1   0.08 s   JobFailed
    ListTagsForResource access denied          1   0.08 s   JobFailed
    GetPipelineState throttled                 4   3.06 s   JobFailed
    GetPipelineState HTTP 500                  4   3.06 s   JobFailed
    GetPipelineState connection refused        4   3.06 s   JobFailed
    GetPipelineState silent                    1   3.06 s   JobFailed
    GetPipelineState garbage                   1   0.08 s   JobFailed
    GetPipelineState access denied             1   0.08 s   JobFailed
    Publish throttled                          2   0.31 s   JobFailed
    Publish HTTP 500                           2   0.31 s   JobFailed
    Publish connection refused                 2   0.31 s   JobFailed
    Publish silent                             1   2.06 s   JobFailed
    Publish garbage                            1   0.08 s   JobFailed
    Publish access denied                      1   0.08 s   JobFailed
    Publish throttled, a hold                  2   0.31 s   in progress
    Publish silent, a hold                     1   2.06 s   in progress
    Publish access denied, a hold              1   0.08 s   in progress
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
        ("not of AWS: garbage", garbage(Garbage::Bytes), ALWAYS),
        (
            "not of AWS: broken answer",
            garbage(Garbage::Beginning),
            ALWAYS,
        ),
        (
            "not of AWS: wrong content type",
            garbage(Garbage::OtherType),
            ALWAYS,
        ),
        ("not of AWS: page of HTML", garbage(Garbage::Page), ALWAYS),
        ("not of AWS: empty answer", garbage(Garbage::Empty), ALWAYS),
        (
            "not of AWS: endless answer",
            garbage(Garbage::Endless),
            ALWAYS,
        ),
        (
            "refused for what it says",
            Fault::Error(ServiceError::new(
                "OutputVariablesSizeExceededException",
                "too much",
            )),
            ALWAYS,
        ),
    ] {
        let gate = world();
        gate.world
            .with(|sandbox, _| sandbox.fail("PutJobSuccessResult", fault, calls));
        table.push(row(name, gate, "PutJobSuccessResult").await);
    }
    for (name, fault, calls) in [
        ("a failure: HTTP 500 once", internal_failure(), once.clone()),
        ("a failure: HTTP 500", internal_failure(), ALWAYS),
        (
            "a failure: cut after it was accepted",
            Fault::Cut,
            once.clone(),
        ),
    ] {
        let gate = world();
        gate.put_event(ec2_issue("1"));
        gate.world
            .with(|sandbox, _| sandbox.fail("PutJobFailureResult", fault, calls));
        table.push(row(name, gate, "PutJobFailureResult").await);
    }
    let gate = world();
    let id = gate.world.with(|sandbox, now| {
        let id = sandbox.start_job(now, "us-east-1", FUNCTION, NewJob::default());
        let answer =
            json!({"jobId": id, "failureDetails": {"type": "JobFailed", "message": "by hand"}});
        sandbox
            .call(
                now,
                "CodePipeline",
                "PutJobFailureResult",
                "us-east-1",
                &answer,
            )
            .expect("the job is open");
        id
    });
    gate.run().await;
    table.push(outcome("already answered otherwise", &gate, "PutJobSuccessResult").await);
    let gate = world();
    let event = json!({"CodePipeline.job": {"id": id, "data": {}}});
    gate.world
        .with(|sandbox, _| sandbox.invoke("us-east-1", FUNCTION, event));
    gate.run().await;
    table.push(outcome("unknown job", &gate, "PutJobSuccessResult").await);
    println!("{}\n", table.join("\n"));
    assert_snapshot!(table.join("\n"), @"
    PutJobSuccessResult                    calls     time   result
    throttled once                             2   0.49 s   success clear
    throttled                                  9  24.77 s   none; job.undelivered; again: success clear
    HTTP 500 once                              2   0.49 s   success clear
    HTTP 500                                   9  24.77 s   none; job.undelivered; again: success clear
    connection refused once                    2   0.49 s   success clear
    connection refused                         9  24.77 s   none; job.undelivered; again: success clear
    access denied                              1   0.04 s   none; job.undelivered; again: success clear
    silent once                                2   3.47 s   success clear
    silent                                     6  27.75 s   none; job.undelivered; again: success clear
    cut after it was accepted                  2   0.49 s   success clear
    always cut after it was accepted           9  24.77 s   success clear; job.undelivered; again: success clear
    answers after 4 s                          6  27.75 s   success clear; job.undelivered; again: success clear
    not of AWS: garbage                        9  24.77 s   none; job.undelivered; again: success clear
    not of AWS: broken answer                  9  24.77 s   none; job.undelivered; again: success clear
    not of AWS: wrong content type             9  24.77 s   none; job.undelivered; again: success clear
    not of AWS: page of HTML                   9  24.77 s   none; job.undelivered; again: success clear
    not of AWS: empty answer                   9  24.77 s   none; job.undelivered; again: success clear
    not of AWS: endless answer                 9  24.90 s   none; job.undelivered; again: success clear
    refused for what it says                   1   0.08 s   SystemUnavailable
    a failure: HTTP 500 once                   2   0.56 s   JobFailed
    a failure: HTTP 500                        9  24.77 s   none; job.undelivered; again: JobFailed
    a failure: cut after it was accepted       2   0.56 s   JobFailed
    already answered otherwise                 1   0.04 s   JobFailed
    unknown job                                1   0.06 s   none; job.not-found; again: none
    ");
}

/// A table is worth nothing if the world it is played in is not healthy.
#[tokio::test(start_paused = true)]
async fn without_a_fault_everything_is_called_once() {
    let gate = world();
    gate.put_event(ec2_issue("1"));
    let row = row("healthy", gate, "PutJobFailureResult").await;
    assert_snapshot!(row, @"healthy                                    1   0.08 s   JobFailed");
}
