//! When AWS fails the gate: the job gets its answer all the same, and "could not read" is never "nothing found".

use std::time::Duration;

use aws_sandbox::{Fault, ServiceError};
use health_gate_aws::Settings;
use insta::assert_snapshot;
use serde_json::json;

use crate::in_world::{FUNCTION, GateWorld, TOPIC, ec2_issue, failure, usual, verdict};

const ALWAYS: std::ops::Range<usize> = 0..usize::MAX;

/// One job while DescribeEvents fails: what CodePipeline is told, and after how many attempts.
async fn with_health_failing(fault: Fault) -> String {
    let gate = GateWorld::new("us-east-1");
    gate.world
        .with(|sandbox, _| sandbox.fail("DescribeEvents", fault, ALWAYS));
    let (failure_type, message) = failure(gate.job("us-east-1").await);
    assert_eq!(gate.calls("PutJobFailureResult"), 1);
    assert!(
        gate.time_left() >= Duration::from_secs(10),
        "{:?} left",
        gate.time_left()
    );
    format!(
        "{failure_type} after {} attempts\n{message}",
        gate.calls("DescribeEvents")
    )
}

#[tokio::test(start_paused = true)]
async fn no_support_plan_is_a_configuration_error() {
    let told = with_health_failing(Fault::Error(ServiceError::subscription_required())).await;
    assert_snapshot!(told, @"
    ConfigurationError after 1 attempts
    health-gate unknown: this account has no support plan that includes the AWS Health API: SubscriptionRequiredException: The AWS Health API is only available to accounts with a Business, Enterprise On-Ramp or Enterprise Support plan.
    next: the AWS Health API needs a Business Support+, Enterprise Support or Unified Operations plan; without one this gate cannot work in this account; retried automatically until 2026-11-24 09:00 UTC, once AWS Health can be read and is clear; a retry by hand reads AWS Health again
    ");
}

#[tokio::test(start_paused = true)]
async fn denied_access_is_a_permission_error() {
    let told = with_health_failing(Fault::Error(ServiceError::access_denied(
        "health:DescribeEvents",
    )))
    .await;
    assert_snapshot!(told, @"
    PermissionError after 1 attempts
    health-gate unknown: access to the AWS Health API is denied: AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/sandbox is not authorized to perform: health:DescribeEvents on resource: *
    next: check the role and the credentials of the gate's function, which needs `health:DescribeEvents` on `*`; retried automatically until 2026-11-24 09:00 UTC, once AWS Health can be read and is clear; a retry by hand reads AWS Health again
    ");
}

#[tokio::test(start_paused = true)]
async fn throttling_is_tried_again_and_then_unknown() {
    let told = with_health_failing(Fault::Error(ServiceError::throttling())).await;
    assert_snapshot!(told, @"
    SystemUnavailable after 3 attempts
    health-gate unknown: AWS Health throttled the gate: ThrottlingException
    next: retried automatically until 2026-11-24 09:00 UTC, once AWS Health can be read and is clear; a retry by hand reads AWS Health again
    ");
}

#[tokio::test(start_paused = true)]
async fn an_internal_error_is_tried_again_and_then_unknown() {
    let told = with_health_failing(Fault::Error(ServiceError::internal_failure())).await;
    assert_snapshot!(told, @"
    SystemUnavailable after 6 attempts
    health-gate unknown: AWS Health is unavailable: InternalFailure (and at the other endpoint, us-east-2: InternalFailure)
    next: retried automatically until 2026-11-24 09:00 UTC, once AWS Health can be read and is clear; a retry by hand reads AWS Health again
    ");
}

#[tokio::test(start_paused = true)]
async fn a_silent_aws_health_is_unknown_well_before_the_deadline() {
    let told = with_health_failing(Fault::Silence).await;
    assert_snapshot!(told, @"
    SystemUnavailable after 4 attempts
    health-gate unknown: AWS Health did not answer in time: the gate waited 8.5 s (and at the other endpoint, us-east-2: the gate waited 8.5 s)
    next: retried automatically until 2026-11-24 09:00 UTC, once AWS Health can be read and is clear; a retry by hand reads AWS Health again
    ");
}

/// Three seconds are what a function has whose time-out nobody set.
#[tokio::test(start_paused = true)]
async fn a_silent_aws_health_leaves_a_short_invocation_half_its_time_to_answer() {
    let gate = GateWorld::new("us-east-1");
    gate.world.with(|sandbox, _| {
        sandbox.lambda.timeout = Duration::from_secs(3);
        sandbox.fail("DescribeEvents", Fault::Silence, ALWAYS);
    });
    let (failure_type, message) = failure(gate.job("us-east-1").await);
    assert_eq!(failure_type, "SystemUnavailable");
    assert_snapshot!(message, @"
    health-gate unknown: AWS Health did not answer in time: the gate waited 0.6 s (and at the other endpoint, us-east-2: the gate waited 0.6 s)
    next: retried automatically until 2026-11-24 09:00 UTC, once AWS Health can be read and is clear; a retry by hand reads AWS Health again
    ");
    assert!(
        gate.time_left() >= Duration::from_millis(1_400),
        "{:?} left",
        gate.time_left()
    );
}

#[tokio::test(start_paused = true)]
async fn garbage_is_unknown() {
    let told = with_health_failing(Fault::Garbage).await;
    assert_snapshot!(told, @"
    SystemUnavailable after 1 attempts
    health-gate unknown: AWS Health is unavailable: HTTP 200, not an answer of AWS: service error: unhandled error: unexpected type break at position 0: expected map
    next: retried automatically until 2026-11-24 09:00 UTC, once AWS Health can be read and is clear; a retry by hand reads AWS Health again
    ");
}

#[tokio::test(start_paused = true)]
async fn one_throttled_attempt_changes_nothing() {
    let gate = GateWorld::new("us-east-1");
    gate.world.with(|sandbox, _| {
        sandbox.fail(
            "DescribeEvents",
            Fault::Error(ServiceError::throttling()),
            0..1,
        )
    });
    assert_eq!(verdict(gate.job("us-east-1").await), "clear");
    assert_eq!(gate.calls("DescribeEvents"), 2);
}

#[tokio::test(start_paused = true)]
async fn an_incident_on_the_pages_that_were_read_is_an_incident() {
    let gate = GateWorld::new("us-east-1");
    for number in 0..101 {
        gate.put_event(ec2_issue(&number.to_string()));
    }
    let denied = Fault::Error(ServiceError::access_denied("health:DescribeEvents"));
    gate.world
        .with(|sandbox, _| sandbox.fail("DescribeEvents", denied, 1..2));
    let (failure_type, message) = failure(gate.job("us-east-1").await);
    assert_eq!(failure_type, "JobFailed");
    let is_shown = |line: &&str| !line.starts_with("EC2");
    let head: Vec<&str> = message.lines().filter(is_shown).take(3).collect();
    assert_snapshot!(head.join("\n"), @"
    health-gate blocked: 100 open AWS Health issues in us-east-1
    and 82 more
    there may be more, access to the AWS Health API is denied: AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/sandbox is not authorized to perform: health:DescribeEvents on resource: *
    ");
}

/// A page that names itself as the next one: the SDK takes that for the end unless told otherwise.
#[tokio::test(start_paused = true)]
async fn a_page_that_repeats_for_ever_is_unknown_and_not_clear() {
    let gate = GateWorld::new("us-east-1");
    let page = Fault::Output(json!({"events": [], "nextToken": "again"}));
    gate.world
        .with(|sandbox, _| sandbox.fail("DescribeEvents", page, ALWAYS));
    let (failure_type, message) = failure(gate.job("us-east-1").await);
    assert_eq!(failure_type, "SystemUnavailable");
    assert!(
        message.starts_with("health-gate unknown: AWS Health has more pages"),
        "{message}"
    );
}

/// What an event leaves out counts as what was asked for, and two events without an ARN are two.
#[tokio::test(start_paused = true)]
async fn events_without_members_block() {
    let gate = GateWorld::new("us-east-1");
    let events = Fault::Output(json!({"events": [{}, {"service": "EC2"}]}));
    gate.world
        .with(|sandbox, _| sandbox.fail("DescribeEvents", events, 0..1));
    let (failure_type, message) = failure(gate.job("us-east-1").await);
    assert_eq!(failure_type, "JobFailed");
    assert_snapshot!(message, @"
    health-gate blocked: 2 open AWS Health issues in us-east-1
    unknown unknown
    EC2 unknown
    next: retried automatically until 2026-11-24 09:00 UTC, once AWS Health shows these events as closed; a retry by hand reads AWS Health again
    ");
}

/// AWS Health has been seen to return others than those that were asked for.
#[tokio::test(start_paused = true)]
async fn events_that_were_not_asked_for_do_not_block() {
    let gate = GateWorld::new("us-east-1");
    let elsewhere = json!({"arn": "1", "region": "eu-west-1", "statusCode": "open", "eventTypeCategory": "issue"});
    let closed = json!({"arn": "2", "region": "us-east-1", "statusCode": "closed", "eventTypeCategory": "issue"});
    let planned = json!({"arn": "3", "region": "us-east-1", "statusCode": "open", "eventTypeCategory": "scheduledChange"});
    let events = Fault::Output(json!({"events": [elsewhere, closed, planned]}));
    gate.world
        .with(|sandbox, _| sandbox.fail("DescribeEvents", events, 0..1));
    assert_eq!(verdict(gate.job("us-east-1").await), "clear");
}

/// The second of two requests fails, the first found nothing: that is not "nothing found".
#[tokio::test(start_paused = true)]
async fn a_chunk_that_was_not_read_is_unknown_and_not_clear() {
    let gate = GateWorld::new("us-east-1");
    let denied = Fault::Error(ServiceError::access_denied("health:DescribeEvents"));
    gate.world
        .with(|sandbox, _| sandbox.fail("DescribeEvents", denied, 1..2));
    let regions: Vec<String> = (1..=12).map(|n| format!("eu-west-{n}")).collect();
    let (failure_type, message) = failure(gate.job(&regions.join(",")).await);
    assert_eq!(failure_type, "PermissionError");
    assert!(message.starts_with("health-gate unknown: "), "{message}");
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

/// Who answered the job has told people; a result whose fate is not known is told again rather than never.
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
    for (fault, told) in [(cut, 1), (denied, 1), (answered, 0), (unknown, 0)] {
        let settings = Settings {
            notification_topic: Some(TOPIC.to_owned()),
            ..Settings::default()
        };
        let gate = GateWorld::with("us-east-1", settings, usual());
        gate.put_event(ec2_issue("1"));
        gate.world.with(|sandbox, _| {
            sandbox.sns.create_topic("us-east-1", "people");
            sandbox.fail("PutJobFailureResult", fault.clone(), ALWAYS);
        });
        gate.job("us-east-1").await;
        let published = gate.world.with(|sandbox, _| sandbox.sns.published().len());
        assert_eq!(published, told, "{fault:?}");
    }
}

/// An answer without a list of events is no answer of AWS Health: nothing was read.
#[tokio::test(start_paused = true)]
async fn an_answer_without_events_is_unknown_and_not_clear() {
    for output in [
        json!({}),
        json!({"events": null}),
        json!({"message": "hello"}),
    ] {
        let told = with_health_failing(Fault::Output(output.clone())).await;
        assert!(
            told.contains(
                "health-gate unknown: AWS Health is unavailable: the answer has no list of events"
            ),
            "{output}: {told}"
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
