//! `health-gate check`: what it says of AWS Health, and its exit code.

use std::time::Duration;

use aws_sandbox::health::Event;
use aws_sandbox::{Fault, Garbage, ServiceError};
use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::Value;

use crate::command::{CommandLine, before, redacted, told};
use crate::in_world::ec2_issue_at;
use crate::story::ALWAYS;

const MINUTES: Duration = Duration::from_mins(40);

/// With an issue, and one that AWS has not written to for four days.
async fn in_trouble() -> CommandLine {
    let command = CommandLine::new().await;
    command.put_issue(MINUTES);
    let stale = command.server.with(|_, now| {
        let start = before(now, Duration::from_hours(96));
        Event::operational_issue("RDS", "us-east-1", "old", start)
    });
    command.put_event(stale);
    command
}

#[tokio::test]
async fn without_events_a_deployment_may_go_on() {
    let command = CommandLine::new().await;
    assert_snapshot!(told(&command.run(&["check"]).await), @r"
    clear: no open AWS Health issues in us-east-1, global
    read 0 events of AWS Health for us-east-1, global at hh:mm UTC, endpoint us-east-1, in N ms
    --- exit code 0
    ");
}

#[tokio::test]
async fn an_incident_blocks_and_a_stale_one_is_told() {
    let command = in_trouble().await;
    assert_snapshot!(told(&command.run(&["check"]).await), @r"
    blocked: 1 open AWS Health issue in us-east-1
      EC2 AWS_EC2_OPERATIONAL_ISSUE us-east-1
        since YYYY-MM-DD hh:mm UTC (40 min), updated YYYY-MM-DD hh:mm UTC
        https://health.aws.amazon.com/health/status?eventID=arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1
    not updated for 72h, and so not counted: RDS AWS_RDS_OPERATIONAL_ISSUE us-east-1
    read 2 events of AWS Health for us-east-1, global at hh:mm UTC, endpoint us-east-1, in N ms
    --- exit code 1
    ");
}

#[tokio::test]
async fn warn_passes_and_says_what_of() {
    let command = in_trouble().await;
    assert_snapshot!(told(&command.run(&["check", "--on-incident", "warn"]).await), @r"
    passed with a warning: 1 open AWS Health issue in us-east-1; note: not updated for 72h and so not counted: RDS AWS_RDS_OPERATIONAL_ISSUE in us-east-1 (arn:aws:health:us-east-1::event/RDS/AWS_RDS_OPERATIONAL_ISSUE/AWS_RDS_OPERATIONAL_ISSUE_old)
      EC2 AWS_EC2_OPERATIONAL_ISSUE us-east-1
        since YYYY-MM-DD hh:mm UTC (40 min), updated YYYY-MM-DD hh:mm UTC
        https://health.aws.amazon.com/health/status?eventID=arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1
    not updated for 72h, and so not counted: RDS AWS_RDS_OPERATIONAL_ISSUE us-east-1
    read 2 events of AWS Health for us-east-1, global at hh:mm UTC, endpoint us-east-1, in N ms
    --- exit code 0
    ");
}

/// Without `--wait` there is nobody who holds.
#[tokio::test]
async fn a_hold_blocks() {
    let command = in_trouble().await;
    assert_snapshot!(told(&command.run(&["check", "--on-incident", "hold"]).await), @r"
    blocked: held since YYYY-MM-DD hh:mm UTC, until YYYY-MM-DD hh:mm UTC at the latest: 1 open AWS Health issue in us-east-1; note: not updated for 72h and so not counted: RDS AWS_RDS_OPERATIONAL_ISSUE in us-east-1 (arn:aws:health:us-east-1::event/RDS/AWS_RDS_OPERATIONAL_ISSUE/AWS_RDS_OPERATIONAL_ISSUE_old)
      EC2 AWS_EC2_OPERATIONAL_ISSUE us-east-1
        since YYYY-MM-DD hh:mm UTC (40 min), updated YYYY-MM-DD hh:mm UTC
        https://health.aws.amazon.com/health/status?eventID=arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1
    not updated for 72h, and so not counted: RDS AWS_RDS_OPERATIONAL_ISSUE us-east-1
    read 2 events of AWS Health for us-east-1, global at hh:mm UTC, endpoint us-east-1, in N ms
    --- exit code 1
    ");
}

#[tokio::test]
async fn a_quiet_period_blocks_after_the_end() {
    let command = CommandLine::new().await;
    let issue = command.put_issue(MINUTES);
    command.server.with(|sandbox, now| {
        sandbox
            .health
            .close_event(before(now, Duration::from_mins(3)), &issue.arn)
    });
    assert_snapshot!(told(&command.run(&["check", "--quiet-period", "10m"]).await), @r"
    blocked: 1 just closed AWS Health issue in us-east-1
      EC2 AWS_EC2_OPERATIONAL_ISSUE us-east-1
        since YYYY-MM-DD hh:mm UTC (40 min), updated YYYY-MM-DD hh:mm UTC, closed 3 min ago, which is in the quiet period
        https://health.aws.amazon.com/health/status?eventID=arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1
    read 1 event of AWS Health for us-east-1, global at hh:mm UTC, endpoint us-east-1, in N ms
    --- exit code 1
    ");
    assert_eq!(command.run(&["check"]).await.code, Some(0));
}

#[tokio::test]
async fn json_has_what_text_has() {
    let command = in_trouble().await;
    let ended = command.run(&["check", "--format", "json"]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), ""));
    let look: Value =
        serde_json::from_str(&redacted(&ended.stdout).replace(": N", ": 0")).expect("JSON");
    assert_json_snapshot!("check-incident", look);

    let command = CommandLine::new().await;
    let ended = command.run(&["check", "--format", "json"]).await;
    let look: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(ended.code, Some(0));
    assert_eq!(
        (&look["decision"], &look["incidents"], &look["unread"]),
        (&"pass".into(), &Value::Array(vec![]), &Value::Null)
    );
}

/// What is said of an AWS Health that could not be read.
async fn unread(fault: Fault, arguments: &[&str]) -> String {
    let command = CommandLine::new().await;
    command
        .server
        .with(|sandbox, _| sandbox.fail("DescribeEvents", fault, ALWAYS));
    told(&command.run(&[&["check"], arguments].concat()).await)
}

fn error(code: &str) -> Fault {
    Fault::Error(ServiceError::new(code, "no"))
}

#[tokio::test]
async fn json_of_an_unreadable_aws_health_says_why() {
    let command = CommandLine::new().await;
    let denied = error("AccessDeniedException");
    command
        .server
        .with(|sandbox, _| sandbox.fail("DescribeEvents", denied, ALWAYS));
    let ended = command.run(&["check", "--format", "json"]).await;
    let look: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(
        (
            ended.code,
            &look["decision"],
            &look["reason"],
            &look["unread"]
        ),
        (
            Some(2),
            &"fail".into(),
            &"health.access-denied".into(),
            &"access to the AWS Health API is denied: AccessDeniedException: no".into()
        )
    );
}

#[tokio::test]
async fn without_a_support_plan_it_says_which_ones_there_are() {
    let refused = unread(error("SubscriptionRequiredException"), &[]).await;
    assert_snapshot!(refused, @r"
    unknown: this account has no support plan that includes the AWS Health API: SubscriptionRequiredException: no
    The AWS Health API needs a Business Support+, Enterprise Support or Unified Operations plan; the account has none.
    read 0 events of AWS Health for us-east-1, global at hh:mm UTC, endpoint us-east-1, in N ms
    --- exit code 2
    ");
}

#[tokio::test]
async fn access_denied_says_what_is_needed() {
    assert_snapshot!(unread(error("AccessDeniedException"), &[]).await, @r"
    unknown: access to the AWS Health API is denied: AccessDeniedException: no
    These credentials need `health:DescribeEvents` on `*`; `aws sts get-caller-identity` says whose they are.
    read 0 events of AWS Health for us-east-1, global at hh:mm UTC, endpoint us-east-1, in N ms
    --- exit code 2
    ");
}

#[tokio::test]
async fn throttling_says_when_to_try_again() {
    assert_snapshot!(unread(Fault::Error(ServiceError::throttling()), &[]).await, @r"
    unknown: AWS Health throttled the gate: ThrottlingException
    Try again in a minute: AWS Health is being asked too often.
    read 0 events of AWS Health for us-east-1, global at hh:mm UTC, endpoint us-east-1, in N ms
    --- exit code 2
    ");
}

#[tokio::test]
async fn garbage_is_an_unreadable_aws_health() {
    assert_snapshot!(unread(Fault::Garbage(Garbage::Bytes), &[]).await, @r"
    unknown: AWS Health is unavailable: HTTP 200, not an answer of AWS: service error: unhandled error: unexpected type break at position 0: expected map
    See whether its endpoint can be reached from here (health.us-east-1.amazonaws.com, or what AWS_ENDPOINT_URL says).
    read 0 events of AWS Health for us-east-1, global at hh:mm UTC, endpoint us-east-1, in N ms
    --- exit code 2
    ");
}

#[tokio::test]
async fn on_unknown_pass_passes_and_says_so() {
    let passed = unread(error("AccessDeniedException"), &["--on-unknown", "pass"]).await;
    assert_snapshot!(passed, @r"
    passed unchecked: access to the AWS Health API is denied: AccessDeniedException: no
    These credentials need `health:DescribeEvents` on `*`; `aws sts get-caller-identity` says whose they are.
    read 0 events of AWS Health for us-east-1, global at hh:mm UTC, endpoint us-east-1, in N ms
    --- exit code 0
    ");
}

#[tokio::test]
async fn a_terminal_has_colours_unless_somebody_says_no() {
    let command = in_trouble().await;
    let shown = command.run_at_terminal(80, &["check"]).await;
    assert_eq!(shown.code, 1);
    assert_snapshot!(shown.screen(), @r"
    blocked: 1 open AWS Health issue in us-east-1
      EC2 AWS_EC2_OPERATIONAL_ISSUE us-east-1
        since YYYY-MM-DD hh:mm UTC (40 min), updated YYYY-MM-DD hh:mm UTC
        https://health.aws.amazon.com/health/status?eventID=arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1
    not updated for 72h, and so not counted: RDS AWS_RDS_OPERATIONAL_ISSUE us-east-1
    read 2 events of AWS Health for us-east-1, global at hh:mm UTC, endpoint us-east-1, in N ms
    ");
    let coloured = "\u{1b}[1m\u{1b}[31mblocked\u{1b}[0m";
    assert!(shown.raw.contains(coloured), "{:?}", shown.raw);

    let never = command
        .run_at_terminal(80, &["check", "--color", "never"])
        .await;
    assert!(!never.raw.contains("\u{1b}[1m"), "{:?}", never.raw);
    let piped = command.run(&["check", "--color", "always"]).await;
    assert!(piped.stdout.contains(coloured), "{:?}", piped.stdout);

    let command = command.with("NO_COLOR", "1");
    let shown = command.run_at_terminal(80, &["check"]).await;
    assert!(!shown.raw.contains("\u{1b}[1m"), "{:?}", shown.raw);
    let shown = command
        .run_at_terminal(80, &["check", "--color", "always"])
        .await;
    assert!(shown.raw.contains(coloured), "{:?}", shown.raw);
}

/// `health-gate check | head -1`: that nobody reads any more changes nothing about what was found.
#[tokio::test]
async fn a_closed_pipe_leaves_the_exit_code_as_it_is() {
    let command = CommandLine::new().await;
    command
        .server
        .with(|sandbox, now| sandbox.health.put_event(ec2_issue_at(now, "1")));
    for format in ["text", "json"] {
        let ended = command
            .run_with_output_closed(&["check", "--format", format])
            .await;
        assert_eq!(
            (ended.code, ended.stderr.as_str()),
            (Some(1), ""),
            "{format}"
        );
    }
}
