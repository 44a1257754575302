//! The answer to CodePipeline, and what people are told of it: a job gets its result, and only one.

use std::time::Duration;

use aws_sandbox::{Fault, ServiceError};
use health_gate_aws::Settings;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::in_world::{FUNCTION, GateWorld, TOPIC, ec2_issue, failure, usual, verdict};
use crate::story::ALWAYS;

/// A gate that tells people.
fn telling() -> GateWorld {
    let settings = Settings {
        notification_topic: Some(TOPIC.to_owned()),
        ..Settings::default()
    };
    let gate = GateWorld::with("us-east-1", settings, usual());
    gate.world.with(|sandbox, _| {
        sandbox
            .sns
            .create_topic("us-east-1", "health-gate-notifications")
    });
    gate
}

/// The subjects of what was published, and the threads.
fn published(gate: &GateWorld) -> Vec<(String, String)> {
    gate.world.with(|sandbox, _| {
        let messages = sandbox.sns.published().iter().map(|message| {
            let texts: Value = serde_json::from_str(&message.message).expect("a text a protocol");
            let chat = texts["default"].as_str().expect("a message for chats");
            let chat: Value = serde_json::from_str(chat).expect("JSON");
            let thread = chat["metadata"]["threadId"].as_str().expect("a thread");
            (
                message.subject.clone().unwrap_or_default(),
                thread.to_owned(),
            )
        });
        messages.collect()
    })
}

#[tokio::test(start_paused = true)]
async fn the_answer_is_tried_again_until_it_is_taken() {
    let gate = GateWorld::new("us-east-1");
    gate.world.with(|sandbox, _| {
        sandbox.fail(
            "PutJobSuccessResult",
            Fault::Error(ServiceError::internal_failure()),
            0..4,
        )
    });
    assert_eq!(verdict(gate.job("us-east-1").await), "clear");
    assert_eq!(gate.calls("PutJobSuccessResult"), 5);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_takes_fails_the_invocation() {
    let gate = GateWorld::new("us-east-1");
    let denied = Fault::Error(ServiceError::access_denied(
        "codepipeline:PutJobSuccessResult",
    ));
    gate.world
        .with(|sandbox, _| sandbox.fail("PutJobSuccessResult", denied, ALWAYS));
    assert_eq!(gate.job("us-east-1").await, None);
    let error = gate.returned().expect_err("the job was not answered");
    assert_eq!(error["errorType"], "job.undelivered");
    assert!(
        error["errorMessage"]
            .as_str()
            .is_some_and(|text| text
                .contains("is not authorized to perform: codepipeline:PutJobSuccessResult")),
        "{error}"
    );
}

/// The invocation says what went wrong before Lambda ends it, and has tried more than once.
#[tokio::test(start_paused = true)]
async fn a_silent_codepipeline_fails_the_invocation_before_its_deadline() {
    for timeout in [3, 15, 30] {
        let gate = GateWorld::new("us-east-1");
        gate.world.with(|sandbox, _| {
            sandbox.lambda.timeout = Duration::from_secs(timeout);
            sandbox.fail("DescribeEvents", Fault::Silence, ALWAYS);
            sandbox.fail("PutJobFailureResult", Fault::Silence, ALWAYS);
        });
        assert_eq!(gate.job("us-east-1").await, None);
        let error = gate.returned().expect_err("the job was not answered");
        assert_eq!(
            error["errorType"], "job.undelivered",
            "{timeout} s: {error}"
        );
        assert!(gate.calls("PutJobFailureResult") >= 2, "{timeout} s");
    }
}

/// Lambda may deliver an event twice, and AWS Health may answer differently the second time.
#[tokio::test(start_paused = true)]
async fn a_job_that_is_answered_already_is_no_error() {
    let gate = GateWorld::new("us-east-1");
    let first = gate.job("us-east-1").await;
    let (id, event) = gate.world.with(|sandbox, _| {
        let invocation = &sandbox.lambda.finished()[0].invocation;
        (
            invocation.payload["CodePipeline.job"]["id"]
                .as_str()
                .expect("a job")
                .to_owned(),
            invocation.payload.clone(),
        )
    });
    gate.put_event(ec2_issue("1"));
    gate.world
        .with(|sandbox, _| sandbox.invoke("us-east-1", FUNCTION, event));
    gate.run().await;
    assert!(gate.returned().is_ok(), "{:?}", gate.returned());
    assert_eq!(
        gate.world.with(|sandbox, _| sandbox
            .codepipeline
            .job(&id)
            .and_then(|job| job.result.clone())),
        first
    );
}

/// A cross-region action whose gate answers in the wrong region looks like this.
#[tokio::test(start_paused = true)]
async fn a_job_of_another_region_fails_the_invocation_and_says_where_it_asked() {
    let gate = GateWorld::new("us-east-1");
    let event =
        json!({"CodePipeline.job": {"id": "66666666-aaaa-4666-8666-666666666666", "data": {}}});
    gate.world
        .with(|sandbox, now| sandbox.submit_job_event(now, "eu-west-1", FUNCTION, event));
    gate.run().await;
    let error = gate.returned().expect_err("the job is not here");
    assert_eq!(error["errorType"], "job.not-found");
    assert_snapshot!(error["errorMessage"].as_str().expect("a text"), @"CodePipeline in us-east-1 has no job 66666666-aaaa-4666-8666-666666666666: the job is of another region, or its event was made up");
}

/// People are told before the job is answered, whatever comes of the answer: once or more, but
/// never not.
#[tokio::test(start_paused = true)]
async fn people_are_told_once_or_more_but_never_not() {
    let cut = Fault::Cut;
    let denied = Fault::Error(ServiceError::access_denied(
        "codepipeline:PutJobFailureResult",
    ));
    let answered = Fault::Error(ServiceError::new(
        "InvalidJobStateException",
        "Job has already terminated",
    ));
    let unknown = Fault::Error(ServiceError::new(
        "JobNotFoundException",
        "Job does not exist",
    ));
    for fault in [cut, denied, answered, unknown] {
        let gate = telling();
        gate.put_event(ec2_issue("1"));
        gate.world.with(|sandbox, _| {
            sandbox.fail("PutJobFailureResult", fault.clone(), ALWAYS);
        });
        gate.job("us-east-1").await;
        let published = gate.world.with(|sandbox, _| sandbox.sns.published().len());
        assert_eq!(published, 1, "{fault:?}");
        let operations = gate.operations();
        let place = |name: &str| operations.iter().position(|operation| operation == name);
        assert!(
            place("Publish") < place("PutJobFailureResult"),
            "{operations:?}"
        );
    }
}

/// A result that CodePipeline does not accept, for whatever reason, must not leave the job without one.
#[tokio::test(start_paused = true)]
async fn a_refused_result_is_replaced_by_one_that_is_accepted() {
    let gate = GateWorld::new("us-east-1");
    let refusal = ServiceError::new("OutputVariablesSizeExceededException", "too much");
    gate.world.with(|sandbox, _| {
        sandbox.fail("PutJobSuccessResult", Fault::Error(refusal), ALWAYS);
    });
    let (failure_type, message) = failure(gate.job("us-east-1").await);
    assert_eq!(failure_type, "SystemUnavailable");
    assert_snapshot!(message, @"
    health-gate unknown: the gate itself failed, a defect of health-gate: CodePipeline refused the result of the job
    next: retried automatically until 2026-11-24 09:00 UTC, once AWS Health can be read and is clear; a retry by hand reads AWS Health again
    ");
    assert_eq!(gate.calls("PutJobSuccessResult"), 1);
    let told = gate.returned().expect("the job was answered");
    assert_eq!(told["result"], "failure");
}

/// An event that somebody made up: there is no such job, whatever it is told.
#[tokio::test(start_paused = true)]
async fn a_malformed_job_id_fails_the_invocation() {
    let gate = GateWorld::new("us-east-1");
    let event = json!({"CodePipeline.job": {"id": "not-a-uuid", "data": {}}});
    gate.world
        .with(|sandbox, _| sandbox.invoke("us-east-1", FUNCTION, event));
    gate.run().await;
    let error = gate.returned().expect_err("there is no such job");
    assert_eq!(error["errorType"], "job.refused");
}

/// In a mass incident everything is throttled, for hours. What is spent on it is not taken from the answer.
#[tokio::test(start_paused = true)]
async fn supporting_calls_never_use_up_the_answer_s_retries() {
    let gate = GateWorld::new("us-east-1");
    gate.put_event(ec2_issue("1"));
    gate.world.with(|sandbox, _| {
        for operation in ["GetJobDetails", "ListTagsForResource", "GetPipelineState"] {
            sandbox.fail(operation, Fault::Error(ServiceError::throttling()), ALWAYS);
        }
    });
    for _ in 0..60 {
        failure(gate.job("us-east-1").await);
    }
    let failed = Fault::Error(ServiceError::internal_failure());
    gate.world
        .with(|sandbox, _| sandbox.fail("PutJobFailureResult", failed, 0..2));
    assert_eq!(failure(gate.job("us-east-1").await).0, "JobFailed");
}

/// People heard that it is held, and it is not: they hear that, too.
#[tokio::test(start_paused = true)]
async fn a_refused_hold_is_told_as_the_failure_that_it_became() {
    let gate = telling();
    gate.put_event(ec2_issue("1"));
    let refusal = ServiceError::new("ValidationException", "1 validation error detected");
    gate.world
        .with(|sandbox, _| sandbox.fail("PutJobSuccessResult", Fault::Error(refusal), ALWAYS));
    let (failure_type, _) = failure(gate.job(r#"{"onIncident": "hold"}"#).await);
    assert_eq!(failure_type, "SystemUnavailable");
    let subjects: Vec<String> = published(&gate)
        .into_iter()
        .map(|(subject, _)| subject)
        .collect();
    assert_eq!(
        subjects,
        [
            "Deployment held: sandbox / Deploy",
            "Deployment stopped, the gate itself failed: sandbox / Deploy"
        ]
    );
}

/// Three hundred jobs that one incident stops are one conversation.
#[tokio::test(start_paused = true)]
async fn three_hundred_blocks_of_one_incident_share_a_thread() {
    let gate = telling();
    gate.put_event(ec2_issue("1"));
    for _ in 0..300 {
        failure(gate.job("us-east-1").await);
    }
    let threads: Vec<String> = published(&gate)
        .into_iter()
        .map(|(_, thread)| thread)
        .collect();
    assert_eq!(threads, vec![ec2_issue("1").arn; 300]);
}
