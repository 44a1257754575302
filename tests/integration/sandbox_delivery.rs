//! How a message reaches a function, and what becomes of an invocation: SNS, Lambda.

use std::time::Duration;

use aws_sandbox::World;
use aws_sandbox::codepipeline::{ActionDeclaration, ExecutionMode};
use aws_sandbox::lambda::Invocation;
use aws_sandbox::sns::Disturbance;
use serde_json::{Value, json};

use crate::in_world::START;
use crate::listener::{LISTENER, heard, subscribe};
use crate::releases::{REGION, Releases, shop};

/// A filter policy on the body lets through what looks like it (SNS developer guide, "Message filtering scope").
#[tokio::test(start_paused = true)]
async fn a_subscription_s_filter_looks_at_the_body() {
    let world = World::new(START, 5);
    let topic = world.with(|sandbox, now| {
        let topic = sandbox.sns.create_topic(REGION, "filtered");
        subscribe(
            sandbox,
            now,
            &topic,
            Some(json!({"source": [{"prefix": "aws."}], "detail": {"state": ["FAILED"]}})),
        );
        topic
    });
    for message in [
        json!({"source": "aws.health", "detail": {"state": "FAILED"}}),
        json!({"source": "aws.health", "detail": {"state": "STARTED"}}),
        json!({"source": "mine", "detail": {"state": "FAILED"}}),
        json!("no object"),
    ] {
        world.with(|sandbox, now| sandbox.publish(now, &topic, &message));
    }
    assert_eq!(
        heard(&world),
        [json!({"source": "aws.health", "detail": {"state": "FAILED"}})]
    );
}

/// SNS delivers at least once, in no order, and tries again when Lambda cannot take a message.
#[tokio::test(start_paused = true)]
async fn deliveries_can_be_doubled_late_retried_and_lost() {
    for (disturbance, at_once, later) in [
        (Disturbance::Twice, vec![1, 1, 2], vec![]),
        (Disturbance::Late(Duration::from_secs(5)), vec![2], vec![1]),
        // Three tries at once, two a second apart, the next after two more.
        (Disturbance::Retried(6), vec![2], vec![1]),
        (Disturbance::Retried(3), vec![2, 1], vec![]),
        (Disturbance::Lost, vec![2], vec![]),
    ] {
        let world = World::new(START, 5);
        world.with(|sandbox, now| {
            let topic = sandbox.sns.create_topic(REGION, "disturbed");
            subscribe(sandbox, now, &topic, None);
            sandbox.sns.disturb(disturbance, 0..1);
            for number in [1, 2] {
                sandbox.publish(now, &topic, &json!(number));
            }
        });
        world.sleep(Duration::ZERO).await;
        assert_eq!(json!(heard(&world)), json!(at_once), "{disturbance:?}");
        world.sleep(Duration::from_secs(5)).await;
        assert_eq!(json!(heard(&world)), json!(later), "{disturbance:?}");
    }
}

/// What a function fails is tried again after one and two minutes more, and then is a dead letter (Lambda developer guide, "How
/// Lambda handles errors and retries with asynchronous invocation").
#[tokio::test(start_paused = true)]
async fn a_failed_invocation_is_tried_twice_more() {
    let world = World::new(START, 5);
    world.with(|sandbox, _| sandbox.invoke(REGION, LISTENER, json!({"number": 1})));
    let run = async |result: Result<Value, Value>| {
        world
            .play(Duration::from_mins(10), async |_| result.clone())
            .await;
    };
    run(Err(json!({"errorType": "No"}))).await;
    world.with(|sandbox, _| {
        let seconds = sandbox
            .lambda
            .finished()
            .iter()
            .map(|done| (done.began.as_millis() - START.as_millis()) / 1_000);
        assert_eq!(seconds.collect::<Vec<_>>(), [0, 60, 180]);
        assert_eq!(
            sandbox.lambda.dead_letters(LISTENER),
            [&json!({"number": 1})]
        );
        sandbox.invoke(REGION, LISTENER, json!({"number": 2}));
    });
    run(Ok(json!("done"))).await;
    world.with(|sandbox, _| {
        assert_eq!(sandbox.lambda.finished().len(), 4);
        // People see the same over HTTP.
        let request = http::Request::get("/sandbox/state")
            .body(Default::default())
            .expect("a request");
        let aws_sandbox::Answer::Now(response) = sandbox.handle(START, &request) else {
            panic!("answered at once")
        };
        let state: Value = serde_json::from_slice(response.body()).expect("JSON");
        let arn = "arn:aws:lambda:us-east-1:111122223333:function:listener";
        assert_eq!(state["deadLetters"], json!({arn: [{"number": 1}]}));
        assert_eq!(state["invocations"][2]["retries"], 2);
        assert_eq!(state["invocations"][3]["returned"], "done");
        assert_eq!(sandbox.lambda.dead_letters(LISTENER).len(), 1);
    });
}

/// A function that takes too long is ended at its deadline, whatever it is doing (same guide, "Configure Lambda function timeout").
#[tokio::test(start_paused = true)]
async fn a_function_is_ended_at_its_deadline() {
    let world = World::new(START, 5);
    world.with(|sandbox, _| {
        sandbox.lambda.timeout = Duration::from_secs(3);
        sandbox.invoke(REGION, LISTENER, json!({}));
    });
    world
        .play(Duration::from_secs(30), async |_| {
            tokio::time::sleep(Duration::from_secs(20)).await;
            Ok(Value::Null)
        })
        .await;
    world.with(|sandbox, _| {
        let done = &sandbox.lambda.finished()[0];
        let error = done.result.as_ref().expect_err("it was ended");
        assert_eq!(error["errorType"], "Sandbox.Timedout");
        assert!((3_000..3_010).contains(&(done.at.as_millis() - done.began.as_millis())));
    });
}

/// What a pipeline does meanwhile goes on while a function runs.
#[tokio::test(start_paused = true)]
async fn the_world_goes_on_while_a_function_runs() {
    let mut pipeline = shop(ExecutionMode::Superseded);
    pipeline.stages[1].actions[1] = ActionDeclaration::deploy("Deploy", "website");
    let releases = Releases::of(pipeline);
    let execution = releases.start().await;
    releases
        .world
        .play(Duration::from_secs(40), async |_| {
            tokio::time::sleep(Duration::from_secs(25)).await;
            assert_eq!(releases.rows(&execution)[0], "Prod/Deploy Succeeded");
            Ok(Value::Null)
        })
        .await;
    assert_eq!(
        releases
            .world
            .with(|sandbox, _| sandbox.lambda.finished().len()),
        1
    );
}

/// The deadline of a try is not that of the next one, although both have the event's id.
#[tokio::test(start_paused = true)]
async fn a_try_is_not_ended_at_the_deadline_of_the_one_before() {
    let world = World::new(START, 5);
    world.with(|sandbox, _| {
        sandbox.lambda.timeout = Duration::from_secs(66);
        sandbox.invoke(REGION, LISTENER, json!({}));
    });
    let tries = std::cell::Cell::new(0);
    world
        .play(Duration::from_mins(10), async |_| {
            tries.set(tries.get() + 1);
            if tries.get() == 1 {
                return Err(json!({"errorType": "No"}));
            }
            tokio::time::sleep(Duration::from_secs(30)).await;
            Ok(json!("done"))
        })
        .await;
    world.with(|sandbox, _| {
        let results: Vec<bool> = sandbox
            .lambda
            .finished()
            .iter()
            .map(|done| done.result.is_ok())
            .collect();
        assert_eq!(results, [false, true]);
    });
}

/// A function that was deleted gets nothing more, not even what it has failed before.
#[tokio::test(start_paused = true)]
async fn a_deleted_function_is_not_tried_again() {
    let world = World::new(START, 5);
    world.with(|sandbox, _| sandbox.invoke(REGION, LISTENER, json!({})));
    let fail = async |_: &Invocation| Err(json!({"errorType": "No"}));
    world.play(Duration::from_secs(1), fail).await;
    world.with(|sandbox, now| {
        sandbox.lambda.delete_function(now, REGION, LISTENER);
    });
    world.play(Duration::from_mins(10), fail).await;
    assert_eq!(world.with(|sandbox, _| sandbox.lambda.finished().len()), 1);
}

/// The same function in two regions is two functions.
#[tokio::test(start_paused = true)]
async fn a_function_is_of_its_region() {
    let world = World::new(START, 5);
    world.with(|sandbox, now| {
        sandbox.lambda.delete_function(now, "us-west-2", LISTENER);
        sandbox.invoke("us-west-2", LISTENER, json!({}));
        sandbox.invoke(REGION, LISTENER, json!({}));
        let invocation = sandbox.lambda.take(now, LISTENER).expect("one exists");
        assert!(
            invocation
                .function_arn
                .starts_with("arn:aws:lambda:us-east-1:")
        );
        assert!(sandbox.lambda.take(now, LISTENER).is_none());
    });
}

/// Subscribing again is the same subscription (SNS API reference, "Subscribe").
#[tokio::test(start_paused = true)]
async fn a_function_is_subscribed_once() {
    let world = World::new(START, 5);
    world.with(|sandbox, now| {
        let topic = sandbox.sns.create_topic(REGION, "once");
        subscribe(sandbox, now, &topic, None);
        subscribe(sandbox, now, &topic, None);
        sandbox.connect_signals(now, REGION, LISTENER);
        sandbox.connect_signals(now, REGION, LISTENER);
        sandbox.publish(now, &topic, &json!(1));
        sandbox.publish_signal(now, REGION, &json!({"source": "health-gate"}));
    });
    assert_eq!(heard(&world), [json!(1), json!({"source": "health-gate"})]);
}
