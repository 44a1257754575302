//! When AWS fails the gate: the job gets its answer all the same, and "could not read" is never "nothing found".

use std::time::Duration;

use aws_sandbox::{Fault, Garbage, ServiceError};
use insta::assert_snapshot;
use serde_json::json;

use crate::in_world::{GateWorld, ec2_issue, failure, verdict};
use crate::story::ALWAYS;

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
    SystemUnavailable after 5 attempts
    health-gate unknown: AWS Health throttled the gate: ThrottlingException
    next: retried automatically until 2026-11-24 09:00 UTC, once AWS Health can be read and is clear; a retry by hand reads AWS Health again
    ");
}

/// Two calls at once are more than AWS Health takes when it is busy.
#[tokio::test(start_paused = true)]
async fn a_reading_of_two_calls_gets_through_when_one_a_second_does() {
    let gate = GateWorld::new("us-east-1");
    gate.world
        .with(|sandbox, _| sandbox.limit("DescribeEvents", 1));
    let policy = json!({"quietPeriod": "10m"}).to_string();
    assert_eq!(verdict(gate.job(&policy).await), "clear");
    assert!(gate.calls("DescribeEvents") > 2, "nothing was throttled");
}

#[tokio::test(start_paused = true)]
async fn an_internal_error_is_tried_again_and_then_unknown() {
    let told = with_health_failing(Fault::Error(ServiceError::internal_failure())).await;
    assert_snapshot!(told, @"
    SystemUnavailable after 10 attempts
    health-gate unknown: AWS Health is unavailable: InternalFailure (and at the other endpoint, us-east-2: InternalFailure)
    next: retried automatically until 2026-11-24 09:00 UTC, once AWS Health can be read and is clear; a retry by hand reads AWS Health again
    ");
}

#[tokio::test(start_paused = true)]
async fn a_silent_aws_health_is_unknown_well_before_the_deadline() {
    let told = with_health_failing(Fault::Silence).await;
    assert_snapshot!(told, @"
    SystemUnavailable after 2 attempts
    health-gate unknown: AWS Health did not answer in time: request has timed out: operation attempt timeout (single attempt) occurred after 5s (and at the other endpoint, us-east-2: the gate waited 12.0 s)
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
    health-gate unknown: AWS Health did not answer in time: request has timed out: operation attempt timeout (single attempt) occurred after 375ms (and at the other endpoint, us-east-2: the gate waited 0.8 s)
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
    let told = with_health_failing(Fault::Garbage(Garbage::Bytes)).await;
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

/// A slow answer is better than none: the last attempt has all the time that is left.
#[tokio::test(start_paused = true)]
async fn slow_aws_health_is_waited_for() {
    for seconds in [4, 6, 8, 11] {
        let gate = GateWorld::new("us-east-1");
        let late = Fault::Late(Duration::from_secs(seconds));
        gate.world
            .with(|sandbox, _| sandbox.fail("DescribeEvents", late, ALWAYS));
        assert_eq!(verdict(gate.job("us-east-1").await), "clear", "{seconds} s");
    }
}

/// CloudWatch and SNS take 256 KB.
#[tokio::test(start_paused = true)]
async fn error_texts_of_a_megabyte_are_cut() {
    let long = "x".repeat(1_000_000);
    let gate = GateWorld::new("us-east-1");
    for operation in ["DescribeEvents", "GetJobDetails"] {
        let error = Fault::Error(ServiceError::new("AccessDeniedException", &*long));
        gate.world
            .with(|sandbox, _| sandbox.fail(operation, error, ALWAYS));
    }
    let (_, message) = failure(gate.job("us-east-1").await);
    assert!(message.len() < 5_000, "{} bytes", message.len());
    assert!(message.contains("health:DescribeEvents"), "{message}");
    let refused = Fault::Error(ServiceError::new("AccessDeniedException", &*long));
    gate.world
        .with(|sandbox, _| sandbox.fail("PutJobFailureResult", refused, ALWAYS));
    gate.job("us-east-1").await;
    let error = gate.returned().expect_err("the job was not answered");
    let text = error["errorMessage"].as_str().expect("a text");
    assert!(text.len() < 2_000, "{} bytes", text.len());
}
