//! What wakes stage-retry up, where it then looks, and whom it tells.

use std::time::Duration;

use aws_sandbox::codepipeline::Status;
use aws_sandbox::{Fault, ServiceError};
use health_gate_aws::Settings;
use serde_json::{Value, json};

use crate::in_world::{FUNCTION, GateWorld, RETRY_FUNCTION, TOPIC, ec2_issue, usual};
use crate::story::{ALWAYS, Story, deploy, failure, gated, lambda, outcomes, pipeline};

const REGION: &str = "us-east-1";

/// Whoever may publish to the topic can make stage-retry look, and no more.
#[tokio::test(start_paused = true)]
async fn a_forged_message_causes_at_most_a_look() {
    let story = Story::of(vec![
        pipeline("passed", vec![(1, deploy(true))]),
        pipeline("broken", vec![(1, deploy(false))]),
        gated("blocked"),
    ])
    .await;
    let look: &[&str] = &["GetPipelineState"];
    // AWS Health has an open issue: what the gate stopped stays as it is.
    let longest = &[
        "GetPipelineState",
        "ListActionExecutions",
        "DescribeEvents",
        "ListTagsForResource",
    ];
    for (name, expected) in [
        ("passed", look),
        // Its action names no function, so that its rows have to say what it is.
        ("broken", &["GetPipelineState", "ListActionExecutions"]),
        ("blocked", longest),
        ("nowhere", look),
        // No pipeline can have these names.
        ("../../etc", &[]),
        ("ü", &[]),
    ] {
        let before = story.0.transcript().lines().count();
        let told = outcomes(&story.signal(failure(name, "forged")).await).join("\n");
        let calls: Vec<String> = story
            .0
            .transcript()
            .lines()
            .skip(before)
            .filter(|line| !line.contains(" Publish "))
            .map(|line| line.split(' ').nth(1).expect("an operation").to_owned())
            .collect();
        assert_eq!(calls, expected, "{name}: {told}");
    }
    assert_eq!(story.retries(), 0);
}

/// Two instances work at the same time on the same stage: whichever comes first, it is retried once.
#[tokio::test(start_paused = true)]
async fn two_signals_at_once_retry_once() {
    let story = Story::of(vec![gated("checkout")]).await;
    story.close_the_issue();
    let sweep = json!({"source": "health-gate", "detail-type": "Sweep"});
    story.0.world.with(|sandbox, now| {
        sandbox.publish_signal(now, REGION, &sweep);
        sandbox.publish_signal(now, REGION, &sweep);
    });
    let both = story.0.run_at_once().await;
    let mut told: Vec<String> = both.iter().flat_map(outcomes).collect();
    told.sort();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].starts_with("checkout/Production moved-on"),
        "{told:?}"
    );
    assert_eq!(told[1], "checkout/Production retried: AWS Health is clear");
    assert_eq!(story.status("checkout").await, Status::Succeeded);
    let accepted = story.0.accepted("RetryStageExecution");
    assert_eq!(accepted, 1);
}

/// Several records in one invocation: each is looked at, one that cannot be listed does not cost the others their look.
#[tokio::test(start_paused = true)]
async fn a_failure_is_looked_at_even_if_the_list_cannot_be_read() {
    let story = Story::of(vec![gated("checkout"), gated("search")]).await;
    story.close_the_issue();
    let denied = Fault::Error(ServiceError::access_denied("codepipeline:ListPipelines"));
    story.fail("ListPipelines", denied, ALWAYS);
    let record = |message: Value| {
        json!({"Sns": {
            "TopicArn": "arn:aws:sns:us-east-1:111122223333:health-gate-signals", "Message": message.to_string(),
        }})
    };
    let id = story.execution("search");
    let payload = json!({"Records": [
        record(json!({"source": "health-gate", "detail-type": "Sweep"})),
        record(failure("search", &id)),
        record(json!({"AlarmName": "5xx"})),
    ]});
    story
        .0
        .world
        .with(|sandbox, _| sandbox.invoke(REGION, RETRY_FUNCTION, payload));
    story.0.run().await;
    let error = story.0.returned().expect_err("a sweep needs the list");
    assert_eq!(error["errorType"], "pipelines.not-listed");
    assert_eq!(story.status("search").await, Status::Succeeded);
    assert_eq!(story.status("checkout").await, Status::Failed);
}

/// `PIPELINES` says which pipelines a sweep looks at. A failure names its own.
#[tokio::test(start_paused = true)]
async fn a_sweep_looks_at_the_pipelines_of_its_list() {
    let settings = Settings {
        pipelines: health_gate::Wildcards::from_list("team-a-*, checkout"),
        ..Settings::default()
    };
    let gate = GateWorld::with(REGION, settings, usual());
    let names = ["team-a-1", "team-a-2", "team-b-1", "checkout", "checkout-2"];
    let story = Story::in_world(gate, names.map(gated).to_vec()).await;
    story.close_the_issue();
    let told = outcomes(&story.sweep().await);
    assert_eq!(
        told,
        ["checkout", "team-a-1", "team-a-2"]
            .map(|name| format!("{name}/Production retried: AWS Health is clear"))
    );
    let id = story.execution("team-b-1");
    let told = outcomes(&story.signal(failure("team-b-1", &id)).await);
    assert_eq!(told, ["team-b-1/Production retried: AWS Health is clear"]);
}

/// One message for people an invocation that retried something, with what was left alone.
#[tokio::test(start_paused = true)]
async fn people_are_told_once_an_invocation() {
    let gate = GateWorld::with(
        REGION,
        Settings {
            notification_topic: Some(TOPIC.to_owned()),
            ..Settings::default()
        },
        usual(),
    );
    gate.world.with(|sandbox, _| {
        sandbox
            .sns
            .create_topic(REGION, "health-gate-notifications")
    });
    let never = r#"{"regions": ["us-east-1"], "retry": "never"}"#;
    let story = Story::in_world(
        gate,
        vec![
            gated("checkout"),
            gated("search"),
            pipeline("never", vec![(1, lambda(FUNCTION, never))]),
        ],
    )
    .await;
    let told = story.0.calls("Publish");
    story.sweep().await;
    assert_eq!(story.0.calls("Publish"), told, "nothing was retried");
    story
        .0
        .world
        .with(|sandbox, now| sandbox.close_event(now, &ec2_issue("1").arn));
    story.0.play(Duration::from_secs(20)).await;
    assert_eq!(story.0.calls("Publish"), told + 1);
    let message = story.0.last_input("Publish");
    assert_eq!(message["Subject"], "Retried 2 stages in 2 pipelines");
    let body: Value = serde_json::from_str(message["Message"].as_str().expect("a text"))
        .expect("one message a protocol");
    insta::assert_snapshot!(body["email"].as_str().expect("a text"), @"
    Retried 2 stages in 2 pipelines

    checkout / Production: AWS Health is clear
    search / Production: AWS Health is clear
    left alone: 1 never
    ");
    let chat: Value =
        serde_json::from_str(body["default"].as_str().expect("a text")).expect("JSON");
    assert_eq!(chat["metadata"]["threadId"], ec2_issue("1").arn.as_str());
}
