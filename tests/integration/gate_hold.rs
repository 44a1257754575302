//! A hold, from its first round to its end: each round is a new job, and what is known of the hold is in its token.

use std::time::Duration;

use aws_sandbox::codepipeline::{JobResult, Status};
use aws_sandbox::{Fault, ServiceError};
use health_gate_aws::Settings;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::in_world::{FUNCTION, GateWorld, TOPIC, ec2_issue, usual};
use crate::story::{ALWAYS, deploy, lambda, pipeline};

/// A world with an open issue, in which a release waits in front of its deployment.
async fn held(policy: &Value) -> GateWorld {
    let settings = Settings {
        notification_topic: Some(TOPIC.to_owned()),
        ..Settings::default()
    };
    let gate = GateWorld::with("us-east-1", settings, usual());
    gate.put_event(ec2_issue("1"));
    let action = lambda(FUNCTION, &policy.to_string());
    gate.world.with(|sandbox, now| {
        sandbox
            .sns
            .create_topic("us-east-1", "health-gate-notifications");
        sandbox.create_pipeline(
            now,
            "us-east-1",
            pipeline("checkout", vec![(1, action), (2, deploy(true))]),
        );
        sandbox
            .start_execution(now, "checkout")
            .expect("nothing is going on");
    });
    gate.play(Duration::from_secs(10)).await;
    gate
}

fn status(gate: &GateWorld) -> Option<Status> {
    gate.world
        .with(|sandbox, _| sandbox.codepipeline.newest_execution("checkout"))
}

/// What the gate told CodePipeline, a line a round.
fn rounds(gate: &GateWorld) -> Vec<String> {
    gate.world.with(|sandbox, _| {
        let jobs = sandbox.lambda.finished().iter().filter_map(|done| {
            let id = done.invocation.payload["CodePipeline.job"]["id"].as_str()?;
            sandbox.codepipeline.job(id)?.result.clone()
        });
        jobs.map(|result| match result {
            JobResult::Success {
                continuation_token: Some(_),
                ..
            } => "hold".to_owned(),
            JobResult::Success {
                output_variables, ..
            } => format!("success {}", output_variables["Verdict"]),
            JobResult::Failure { message, .. } => {
                message.lines().next().unwrap_or_default().to_owned()
            }
        })
        .collect()
    })
}

fn subjects(gate: &GateWorld) -> Vec<String> {
    gate.world.with(|sandbox, _| {
        let published = sandbox.sns.published().iter();
        published
            .map(|message| message.subject.clone().unwrap_or_default())
            .collect()
    })
}

fn hold() -> Value {
    json!({"regions": ["us-east-1"], "onIncident": "hold"})
}

#[tokio::test(start_paused = true)]
async fn a_hold_waits_for_the_end_of_the_incident_and_reads_once_a_minute() {
    let gate = held(&hold()).await;
    gate.play(Duration::from_mins(30)).await;
    assert_eq!(status(&gate), Some(Status::InProgress));
    let (rounds_so_far, readings) = (rounds(&gate).len(), gate.calls("DescribeEvents"));
    assert!(
        rounds(&gate).iter().all(|round| round == "hold"),
        "{:?}",
        rounds(&gate)
    );
    assert!(
        rounds_so_far > 50,
        "CodePipeline comes back about every 28 s: {rounds_so_far}"
    );
    assert!(
        (18..=30).contains(&readings),
        "{readings} readings in half an hour"
    );

    gate.world
        .with(|sandbox, now| sandbox.health.close_event(now, &ec2_issue("1").arn));
    gate.play(Duration::from_mins(5)).await;
    assert_eq!(status(&gate), Some(Status::Succeeded));
    assert_eq!(
        rounds(&gate).last().map(String::as_str),
        Some("success clear")
    );
    assert_eq!(
        subjects(&gate),
        [
            "Deployment held: checkout / Production",
            "Hold ended, deployment goes on: checkout / Production"
        ]
    );
}

/// A round soon after a reading asks nobody anything, and gives its token back as it was.
#[tokio::test(start_paused = true)]
async fn a_round_soon_after_a_reading_reads_nothing() {
    let gate = held(&hold()).await;
    gate.play(Duration::from_secs(30)).await;
    let calls = gate.transcript();
    let tokens: Vec<&str> = calls
        .lines()
        .filter_map(|line| line.split_once("\"continuationToken\":\""))
        .map(|(_, rest)| rest.split(",\"executionDetails").next().unwrap_or_default())
        .collect();
    assert_eq!(tokens.len(), 2, "{calls}");
    assert_eq!(tokens[0], tokens[1]);
    // So that the round's log line and metrics are of a pipeline.
    assert!(
        tokens[0].contains(r#"\"pipeline\":\"checkout\""#),
        "{}",
        tokens[0]
    );
    let names: Vec<&str> = calls
        .lines()
        .filter_map(|line| line.split(' ').nth(1))
        .collect();
    assert_eq!(
        names,
        [
            "GetJobDetails",
            "DescribeEvents",
            "GetPipelineState",
            "ListTagsForResource",
            "Publish",
            "PutJobSuccessResult",
            "PutJobSuccessResult"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_hold_runs_out() {
    let mut policy = hold();
    policy["maxHold"] = json!("1h");
    let gate = held(&policy).await;
    gate.play(Duration::from_mins(59)).await;
    assert_eq!(status(&gate), Some(Status::InProgress));
    gate.play(Duration::from_mins(3)).await;
    assert_eq!(status(&gate), Some(Status::Failed));
    assert_snapshot!(rounds(&gate).last().expect("a round"), @"health-gate blocked: held since 2026-11-23 09:00 UTC and `maxHold` is 1h: 1 open AWS Health issue in us-east-1");
    assert_eq!(subjects(&gate).len(), 2, "{:?}", subjects(&gate));
}

/// One unread AWS Health, or ten minutes of it, does not end a hold.
#[tokio::test(start_paused = true)]
async fn a_hold_outlives_unknown_readings() {
    let gate = held(&hold()).await;
    gate.world.with(|sandbox, _| {
        sandbox.fail(
            "DescribeEvents",
            Fault::Error(ServiceError::throttling()),
            0..30,
        )
    });
    gate.play(Duration::from_mins(10)).await;
    assert_eq!(status(&gate), Some(Status::InProgress));
    gate.world.with(|sandbox, now| {
        sandbox.fail("DescribeEvents", Fault::Silence, 0..0);
        sandbox.health.close_event(now, &ec2_issue("1").arn)
    });
    gate.play(Duration::from_mins(5)).await;
    assert_eq!(status(&gate), Some(Status::Succeeded));
}

#[tokio::test(start_paused = true)]
async fn a_person_who_stops_the_execution_ends_its_hold() {
    let mut policy = hold();
    policy["checkEvery"] = json!("0s");
    let gate = held(&policy).await;
    gate.world.with(|sandbox, now| {
        let execution = sandbox.codepipeline.newest_execution_id("checkout");
        sandbox
            .stop_execution(now, "checkout", &execution.expect("it is going on"))
            .expect("it can be stopped");
    });
    gate.play(Duration::from_mins(1)).await;
    assert_eq!(status(&gate), Some(Status::Stopped));
    assert_snapshot!(rounds(&gate).join("\n"), @"
    hold
    health-gate blocked: stopped by a person, during: 1 open AWS Health issue in us-east-1
    ");
    assert_eq!(
        subjects(&gate)[1..],
        ["Hold ended, deployment stopped by a person: checkout / Production"]
    );
}

/// A round whose event comes again when its actions have been abandoned: there is no hold to tell people of.
#[tokio::test(start_paused = true)]
async fn an_event_that_comes_again_after_a_stop_begins_no_hold() {
    let gate = held(&hold()).await;
    let told = subjects(&gate);
    gate.world.with(|sandbox, now| {
        let execution = sandbox.codepipeline.newest_execution_id("checkout");
        let stop =
            json!({"pipelineName": "checkout", "pipelineExecutionId": execution, "abandon": true});
        sandbox
            .call(
                now,
                "CodePipeline",
                "StopPipelineExecution",
                "us-east-1",
                &stop,
            )
            .expect("it can be stopped");
    });
    gate.play(Duration::from_mins(1)).await;
    assert_eq!(status(&gate), Some(Status::Stopped));
    gate.world.with(|sandbox, _| {
        let first = sandbox.lambda.finished()[0].invocation.payload.clone();
        sandbox.invoke("us-east-1", FUNCTION, first);
    });
    gate.play(Duration::from_mins(1)).await;
    assert_eq!(
        gate.calls("GetPipelineState"),
        2,
        "the event was not handled"
    );
    let stopped = "Deployment stopped by a person: checkout / Production".to_owned();
    assert_eq!(subjects(&gate), [told, vec![stopped]].concat());
}

#[tokio::test(start_paused = true)]
async fn an_override_ends_a_hold() {
    let gate = held(&hold()).await;
    gate.world.with(|sandbox, _| {
        sandbox.codepipeline.tag(
            "checkout",
            "health-gate:override",
            "until=2026-11-23T18:00Z by=alice reason=INC-42",
        )
    });
    gate.play(Duration::from_mins(3)).await;
    assert_eq!(status(&gate), Some(Status::Succeeded));
    assert_eq!(
        rounds(&gate).last().map(String::as_str),
        Some("success overridden")
    );
    assert_eq!(
        subjects(&gate)[1..],
        ["Hold ended, override used, deployment goes on: checkout / Production"]
    );
}

/// The token says whether people know: until they do, each reading tells them.
#[tokio::test(start_paused = true)]
async fn people_are_told_of_a_hold_as_soon_as_they_can_be() {
    let settings = Settings {
        notification_topic: Some(TOPIC.to_owned()),
        ..Settings::default()
    };
    let gate = GateWorld::with("us-east-1", settings, usual());
    gate.put_event(ec2_issue("1"));
    gate.world.with(|sandbox, _| {
        sandbox
            .sns
            .create_topic("us-east-1", "health-gate-notifications");
        sandbox.fail("Publish", Fault::NoConnection("connection refused"), 0..2);
    });
    gate.job(&hold().to_string()).await;
    assert_eq!(subjects(&gate).len(), 0);
    gate.play(Duration::from_mins(10)).await;
    assert_eq!(subjects(&gate), ["Deployment held: sandbox / Deploy"]);
}

#[tokio::test(start_paused = true)]
async fn a_token_of_somebody_else_fails_the_job_and_shows_it() {
    for (token, message) in [
        (
            json!("{\"previous_job_id\": \"1\"}"),
            "health-gate unknown: the continuation token is not one of this gate: `{\"previous_job_id\": \"1\"}`; accepted: what the gate itself gave to CodePipeline in the round before",
        ),
        (
            json!("{\"v\": 2}"),
            "health-gate unknown: the continuation token has version 2; this gate reads version 1",
        ),
        (
            json!({"v": 1}),
            "health-gate unknown: the continuation token is not one of this gate: an object; accepted: what the gate itself gave to CodePipeline in the round before",
        ),
    ] {
        let gate = GateWorld::new("us-east-1");
        let id = "66666666-aaaa-4666-8666-666666666666";
        let event = json!({"CodePipeline.job": {"id": id, "data": {"continuationToken": token}}});
        gate.world
            .with(|sandbox, now| sandbox.submit_job_event(now, "us-east-1", FUNCTION, event));
        gate.run().await;
        assert_eq!(rounds(&gate), [message]);
        assert_eq!(gate.calls("DescribeEvents"), 0);
    }
}

/// Nothing that AWS does for a day makes an action hold longer than its policy says.
#[tokio::test(start_paused = true)]
async fn a_hold_ends_even_if_nothing_can_ever_be_read() {
    let gate = held(&hold()).await;
    gate.world.with(|sandbox, _| {
        for operation in ["DescribeEvents", "GetJobDetails", "Publish"] {
            sandbox.fail(operation, Fault::Silence, ALWAYS);
        }
    });
    gate.play(Duration::from_hours(5)).await;
    assert_eq!(status(&gate), Some(Status::Failed));
    assert_snapshot!(rounds(&gate).last().expect("a round"), @"health-gate unknown: held since 2026-11-23 09:00 UTC and `maxHold` is 4h: AWS Health did not answer in time: request has timed out: operation attempt timeout (single attempt) occurred after 5s (and at the other endpoint, us-east-2: the gate waited 12.0 s)");
}
