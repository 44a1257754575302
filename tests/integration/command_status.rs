//! `health-gate status`: how each gate stands, and why.

use std::time::Duration;

use aws_sandbox::codepipeline::{ExecutionMode, PipelineDeclaration};
use aws_sandbox::{Fault, HttpServer, ServiceError};
use insta::assert_snapshot;
use serde_json::Value;

use crate::command::{CommandLine, redacted, told};
use crate::command_override::with_pipelines;
use crate::function_process::start;
use crate::in_world::{FUNCTION, ec2_issue_at};
use crate::program::{Program, patiently};
use crate::retry_process::quick;
use crate::retry_table::{serve, story};
use crate::story::{ALWAYS, deploy, gated, lambda, pipeline, two_stages};

/// So long ago that a day is shown with each time, whatever the time of day.
const AGO: Duration = Duration::from_hours(26);

fn under(name: &str, policy: &str) -> PipelineDeclaration {
    pipeline(name, vec![(1, lambda(FUNCTION, policy)), (2, deploy(true))])
}

const REGIONAL: &str = r#"{"regions": ["us-east-1"], "retryWithin": "7d"}"#;

/// Pipelines in every state, of releases that began 26 hours ago, and one that is held since now by the real function.
async fn in_every_state() -> (CommandLine, Program) {
    let mut parallel = two_stages("parallel", ExecutionMode::Parallel);
    parallel.stages[1] = under("", REGIONAL).stages.remove(0);
    let story = story(
        AGO,
        vec![
            under("passed", "ap-south-1"),
            under(
                "warned",
                r#"{"regions": ["us-east-1"], "onIncident": "warn"}"#,
            ),
            under("stopped", REGIONAL),
            under("expired", "us-east-1"),
            under("never", r#"{"regions": ["us-east-1"], "retry": "never"}"#),
            under("overridden", REGIONAL),
            parallel,
        ],
    )
    .await;
    story.release("parallel");
    story.0.play(Duration::from_mins(5)).await;
    let server = serve(story).await;
    let tag = server.with(|sandbox, now| {
        sandbox.create_pipeline(now, "us-east-1", under("never-run", "us-east-1"));
        let website = pipeline("website", vec![(1, deploy(true))]);
        sandbox.create_pipeline(now, "us-east-1", website);
        let until = now + Duration::from_hours(50);
        format!(
            "until={}Z by=alice reason=INC-42 hotfix",
            &until.to_string().replacen(' ', "T", 1)[..16]
        )
    });
    server.with(|sandbox, _| {
        sandbox
            .codepipeline
            .tag("overridden", "health-gate:override", &tag)
    });
    let function = hold(&server).await;
    (CommandLine::of(server), function)
}

/// A release that the real function holds, and goes on holding.
async fn hold(server: &HttpServer) -> Program {
    let function = start(server, FUNCTION, &[]);
    server.with(|sandbox, now| {
        sandbox.codepipeline.delays = quick();
        sandbox.codepipeline.delays.continuation = Duration::from_mins(10);
        let policy = r#"{"regions": ["us-east-1"], "onIncident": "hold"}"#;
        sandbox.create_pipeline(now, "us-east-1", under("held", policy));
        sandbox
            .start_execution(now, "held")
            .expect("nothing is going on");
    });
    let held = server.wait_for(|sandbox| {
        let mut held = sandbox
            .transcript
            .of("PutJobSuccessResult")
            .filter(|call| call.input["continuationToken"].is_string());
        held.next().map(drop)
    });
    patiently(held).await;
    function
}

#[tokio::test(start_paused = true)]
async fn every_gate_is_shown_with_what_comes_next() {
    let (command, function) = in_every_state().await;
    assert_snapshot!("status", told(&command.run(&["status"]).await));
    for columns in [80, 140] {
        let shown = command.run_at_terminal(columns, &["status"]).await;
        assert_eq!(shown.code, 0);
        let screen = shown.screen();
        let wide: Vec<&str> = screen
            .lines()
            .filter(|line| line.chars().count() > columns.into())
            .collect();
        assert_eq!(wide, [""; 0]);
        assert_snapshot!(format!("status-{columns}-columns"), screen);
    }
    let ended = command.run(&["status", "--format", "json"]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let seen: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let gates = seen["gates"].as_array().expect("a list").iter();
    let gates = gates.map(|gate| {
        let until = gate["overriddenUntil"].is_string();
        format!(
            "{} {}{}",
            gate["pipeline"],
            gate["state"],
            if until { " overridden" } else { "" }
        )
    });
    assert_snapshot!(gates.collect::<Vec<_>>().join("\n"), @r#"
    "expired" "stopped"
    "never" "stopped"
    "overridden" "stopped" overridden
    "parallel" "stopped"
    "parallel" "stopped"
    "stopped" "stopped"
    "held" "held"
    "never-run" "not-run"
    "passed" "passed"
    "warned" "passed"
    "#);
    assert_eq!(seen["withoutGate"], serde_json::json!(["website"]));

    let waiting = command
        .run(&["status", "--waiting", "--pipelines", "held,passed,never*"])
        .await;
    assert_snapshot!(told(&waiting), @r"
     PIPELINE  GATE                  STATE    SINCE                 WHY, AND WHAT COMES NEXT
     never     Production / Action0  stopped  YYYY-MM-DD hh:mm UTC  1 open AWS Health issue in us-east-1; never: its policy's `retry` is `never`: it is left to people
     held      Production / Action0  held     hh:mm UTC             1 open AWS Health issue in us-east-1; until YYYY-MM-DD hh:mm UTC at the latest

    2 gates: 1 stopped, 1 held
    --- exit code 0
    ");
    function.kill().await;
}

#[tokio::test(start_paused = true)]
async fn one_gate_as_json() {
    let server = serve(story(AGO, vec![under("checkout", REGIONAL)]).await).await;
    let command = CommandLine::of(server);
    let ended = command.run(&["status", "--format", "json"]).await;
    assert_snapshot!(told(&ended), @r#"
    {
      "checkedAt": "YYYY-MM-DDThh:mm:ssZ",
      "gates": [
        {
          "action": "Action0",
          "note": null,
          "overriddenBy": null,
          "overriddenUntil": null,
          "overrideReason": null,
          "pipeline": "checkout",
          "pipelineExecutionId": "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
          "since": "YYYY-MM-DDThh:mm:ssZ",
          "stage": "Production",
          "state": "stopped",
          "why": "blocked: 1 open AWS Health issue in us-east-1 (arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1); retried when that is over, until YYYY-MM-DD hh:mm UTC"
        }
      ],
      "unread": [],
      "withoutGate": []
    }
    --- exit code 0
    "#);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_said_beside_the_others() {
    let story = story(AGO, vec![under("a", REGIONAL), under("b", REGIONAL)]).await;
    let server = serve(story).await;
    let denied = Fault::Error(ServiceError::access_denied("codepipeline:GetPipelineState"));
    server.with(|sandbox, _| sandbox.fail("GetPipelineState", denied, 0..1));
    let command = CommandLine::of(server);
    let ended = command.run(&["status"]).await;
    assert_eq!(ended.code, Some(2));
    // Which of the two is asked first is not said.
    let said = redacted(&ended.stdout);
    assert!(
        said.contains("could not be read: AccessDeniedException"),
        "{said}"
    );
    assert!(said.contains("1 gate: 1 stopped, 0 held"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_aws_health_is_said_first() {
    let server = serve(story(AGO, vec![under("checkout", REGIONAL)]).await).await;
    let denied = Fault::Error(ServiceError::new("SubscriptionRequiredException", "no"));
    server.with(|sandbox, _| sandbox.fail("DescribeEvents", denied, ALWAYS));
    let command = CommandLine::of(server);
    assert_snapshot!(told(&command.run(&["status"]).await), @"
    AWS Health is not known: this account has no support plan that includes the AWS Health API: SubscriptionRequiredException: no
    The AWS Health API needs a Business Support+, Enterprise Support or Unified Operations plan; the account has none.

     PIPELINE  GATE                  STATE    SINCE                 WHY, AND WHAT COMES NEXT
     checkout  Production / Action0  stopped  YYYY-MM-DD hh:mm UTC  1 open AWS Health issue in us-east-1; unknown: this account has no support plan that includes the AWS Health API: SubscriptionRequiredException: no; retried when that is over, until YYYY-MM-DD hh:mm UTC

    1 gate: 1 stopped, 0 held
    --- exit code 2
    ");
}

#[tokio::test]
async fn no_such_pipeline_says_where_their_names_are() {
    let command = with_pipelines(vec![gated("checkout")]).await;
    assert_snapshot!(told(&command.run(&["status", "--pipelines", "checkout,checkuot"]).await), @r"
    --- standard error
    health-gate: no pipeline in us-east-1 is called checkuot
    `aws codepipeline list-pipelines --region us-east-1` shows their names.
    --- exit code 2
    ");
}

/// The gate stopped a release, and another one has gone through the stage since.
#[tokio::test(start_paused = true)]
async fn a_stop_that_is_over_has_moved_on() {
    let server = serve(story(AGO, vec![under("checkout", REGIONAL)]).await).await;
    server.with(|sandbox, now| {
        sandbox.codepipeline.delays = quick();
        sandbox.health.close_event(now, &ec2_issue_at(now, "1").arn);
        sandbox
            .start_execution(now, "checkout")
            .expect("it may begin");
    });
    let function = start(&server, FUNCTION, &[]);
    let passed = server.wait_for(|sandbox| {
        let newest = sandbox.codepipeline.newest_execution("checkout");
        (newest == Some(aws_sandbox::codepipeline::Status::Succeeded)).then_some(())
    });
    patiently(passed).await;
    let command = CommandLine::of(server);
    assert_snapshot!(told(&command.run(&["status"]).await), @r"
     PIPELINE  GATE                  STATE   SINCE      WHY, AND WHAT COMES NEXT
     checkout  Production / Action0  passed  hh:mm UTC  clear

    1 gate: 0 stopped, 0 held
    --- exit code 0
    ");
    function.kill().await;
}
