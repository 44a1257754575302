//! `health-gate check --wait`: until nothing stands in the way any more, or time has run out.

use insta::assert_snapshot;

use std::time::Duration;

use crate::command::{CommandLine, told};
use crate::program::patiently;
use crate::terminal::Shown;

const WAIT: [&str; 4] = ["check", "--wait", "--check-every", "1s"];
const MINUTES: Duration = Duration::from_mins(40);

/// Closes the issue when the command has looked twice.
async fn close_after_two_looks(command: &CommandLine, arn: &str) {
    let looked_twice = command
        .server
        .wait_for(|sandbox| (sandbox.transcript.of("DescribeEvents").count() >= 2).then_some(()));
    patiently(looked_twice).await;
    command
        .server
        .with(|sandbox, now| sandbox.health.close_event(now, arn));
}

#[tokio::test]
async fn it_ends_when_the_event_is_closed_and_says_little() {
    let command = CommandLine::new().await;
    let issue = command.put_issue(MINUTES);
    let (ended, ()) = tokio::join!(
        command.run(&WAIT),
        close_after_two_looks(&command, &issue.arn)
    );
    assert_snapshot!(told(&ended), @r"
    clear: no open AWS Health issues in us-east-1, global
    read 0 events of AWS Health for us-east-1, global at hh:mm UTC, endpoint us-east-1, in N ms
    --- standard error
    YYYY-MM-DDThh:mm:ssZ: waiting since YYYY-MM-DD hh:mm UTC for the end of EC2 AWS_EC2_OPERATIONAL_ISSUE us-east-1, at most until YYYY-MM-DD hh:mm UTC
    --- exit code 0
    ");
}

#[tokio::test]
async fn at_a_terminal_a_line_says_what_is_awaited() {
    let command = CommandLine::new().await;
    let issue = command.put_issue(MINUTES);
    let (shown, ()) = tokio::join!(
        command.run_at_terminal(140, &WAIT),
        close_after_two_looks(&command, &issue.arn)
    );
    assert_eq!(shown.code, 0);
    let Shown { raw, .. } = &shown;
    let line = "waiting since YYYY-MM-DD hh:mm UTC, next look at hh:mm:ss UTC, until YYYY-MM-DD hh:mm UTC: for the end of EC2 AWS_EC2_OPERATIONAL_ISSUE us-east-1";
    assert!(shown.flashes().contains(line), "{raw:?}");
    // It is gone afterwards.
    assert_snapshot!(shown.screen(), @r"
    clear: no open AWS Health issues in us-east-1, global
    read 0 events of AWS Health for us-east-1, global at hh:mm UTC, endpoint us-east-1, in N ms
    ");
}

#[tokio::test]
async fn it_runs_out_and_blocks() {
    let command = CommandLine::new().await;
    command.put_issue(MINUTES);
    let ended = command
        .run(&[&WAIT[..], &["--max-hold", "2s"]].concat())
        .await;
    assert_snapshot!(told(&ended), @r"
    blocked: held since YYYY-MM-DD hh:mm UTC and `maxHold` is 2s: 1 open AWS Health issue in us-east-1
      EC2 AWS_EC2_OPERATIONAL_ISSUE us-east-1
        since YYYY-MM-DD hh:mm UTC (40 min), updated YYYY-MM-DD hh:mm UTC
        https://health.aws.amazon.com/health/status?eventID=arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1
    read 1 event of AWS Health for us-east-1, global at hh:mm UTC, endpoint us-east-1, in N ms
    --- standard error
    YYYY-MM-DDThh:mm:ssZ: waiting since YYYY-MM-DD hh:mm UTC for the end of EC2 AWS_EC2_OPERATIONAL_ISSUE us-east-1, at most until YYYY-MM-DD hh:mm UTC
    --- exit code 1
    ");
    // At once, and at the end; how often between depends on the machine.
    assert!(command.calls("DescribeEvents").1 >= 2);
}

#[tokio::test]
async fn warn_is_not_waited_for() {
    let command = CommandLine::new().await;
    command.put_issue(MINUTES);
    let ended = command
        .run(&[&WAIT[..], &["--on-incident", "warn"]].concat())
        .await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert_eq!(command.calls("DescribeEvents"), (1, 1));
}
