//! The knobs that the tables of the gate do not turn: rates, slowness.

use std::time::Duration;

use aws_sandbox::codepipeline::ExecutionMode;
use aws_sandbox::{Fault, World};
use serde_json::{Value, json};

use crate::in_world::START;
use crate::releases::{REGION, Releases, shop};

/// An operation that takes so many calls a second throttles the others; and a page that nobody gave is none.
#[tokio::test(start_paused = true)]
async fn calls_are_throttled_by_rate() {
    let releases = Releases::new(ExecutionMode::Superseded);
    releases
        .world
        .with(|sandbox, _| sandbox.limit("GetPipeline", 3));
    let client = aws_sdk_codepipeline::Client::from_conf(
        aws_sdk_codepipeline::config::Builder::from(&releases.world.sdk_config("us-east-1"))
            .retry_config(aws_sdk_codepipeline::config::retry::RetryConfig::disabled())
            .build(),
    );
    let calls = async || {
        let mut taken = 0;
        for _ in 0..5 {
            taken += usize::from(client.get_pipeline().name("shop").send().await.is_ok());
        }
        taken
    };
    assert_eq!(calls().await, 3);
    releases.pass(Duration::from_secs(1)).await;
    assert_eq!(calls().await, 3);
    let beyond = json!({"pipelineName": "shop", "nextToken": "page_18446744073709551615_any_All"});
    let rows = releases.call("ListActionExecutions", beyond);
    assert_eq!(rows["actionExecutionDetails"], json!([]));
}

/// A slow service does what it was asked to later, and a late one at once; both answer later.
#[tokio::test(start_paused = true)]
async fn slow_and_late_are_not_the_same() {
    for (fault, done_at_once) in [
        (Fault::Slow(Duration::from_secs(4)), false),
        (Fault::Late(Duration::from_secs(4)), true),
    ] {
        let world = World::new(START, 5);
        let arn = world.with(|sandbox, now| {
            sandbox.create_pipeline(now, REGION, shop(ExecutionMode::Superseded));
            sandbox.fail("TagResource", fault.clone(), 0..1);
            "arn:aws:codepipeline:us-east-1:111122223333:shop"
        });
        let client = aws_sdk_codepipeline::Client::new(&world.sdk_config(REGION));
        let tag = aws_sdk_codepipeline::types::Tag::builder()
            .key("a")
            .value("b")
            .build()
            .expect("complete");
        let tags = |world: &World| {
            let input = json!({"resourceArn": arn});
            let output = world.with(|sandbox, now| {
                sandbox.call(now, "CodePipeline", "ListTagsForResource", REGION, &input)
            });
            output.expect("a list")["tags"]
                .as_array()
                .expect("a list")
                .len()
        };
        let call = client.tag_resource().resource_arn(arn).tags(tag).send();
        let look = async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            tags(&world)
        };
        let (answered, meanwhile) = tokio::join!(call, look);
        answered.expect("it is done in the end");
        assert_eq!(meanwhile == 1, done_at_once, "{fault:?}");
        assert_eq!(tags(&world), 1, "{fault:?}");
        assert!(world.now().as_millis() - START.as_millis() >= 4_000);
    }
}

/// The active endpoint shows everything, the other one what is older than the lag; after a failover the old one keeps what it had
/// (user guide, "Accessing the AWS Health API": the passive endpoint is eventually consistent).
#[tokio::test(start_paused = true)]
async fn a_failover_of_aws_health() {
    let world = World::new(START, 5);
    let command = |command: Value| {
        let command = serde_json::from_value(command).expect("a command");
        world
            .with(|sandbox, now| sandbox.command(now, command))
            .expect("it can be done")
    };
    let open = |name: &str| command(json!({"do": "open-event", "service": "EC2", "name": name}));
    let shown = || {
        ["us-east-1", "us-east-2"].map(|region| {
            let output = world.with(|sandbox, now| {
                sandbox.call(now, "Health", "DescribeEvents", region, &json!({}))
            });
            let events = output.expect("a list")["events"].take();
            events.as_array().expect("a list").len()
        })
    };
    command(json!({"do": "health", "replication-lag": "1h"}));
    open("before");
    assert_eq!(shown(), [1, 0]);
    command(json!({"do": "health", "active": "us-east-2"}));
    assert_eq!(shown(), [1, 1]);
    open("after");
    assert_eq!(shown(), [1, 2]);
    world.sleep(Duration::from_hours(1)).await;
    assert_eq!(shown(), [2, 2]);
}
