//! A function that listens to a topic, in the hands of a test.

use aws_sandbox::lambda::Invocation;
use aws_sandbox::{Sandbox, Timestamp, World};
use serde_json::{Value, json};

use crate::releases::REGION;

/// The function that listens.
pub(crate) const LISTENER: &str = "listener";

/// Everything of this source reaches the listener.
pub(crate) fn listen(world: &World, pattern: Value) {
    world.with(|sandbox, now| {
        let topic = sandbox.sns.create_topic(REGION, "events");
        sandbox
            .eventbridge
            .put_rule(REGION, &pattern, &topic)
            .expect("a pattern");
        subscribe(sandbox, now, &topic, None);
    });
}

pub(crate) fn subscribe(sandbox: &mut Sandbox, now: Timestamp, topic: &str, filter: Option<Value>) {
    let mut input = json!({
        "TopicArn": topic,
        "Protocol": "lambda",
        "Endpoint": format!("arn:aws:lambda:{REGION}:111122223333:function:{LISTENER}"),
    });
    if let Some(filter) = filter {
        input["Attributes"] =
            json!({"FilterPolicy": filter.to_string(), "FilterPolicyScope": "MessageBody"});
    }
    sandbox
        .call(now, "SNS", "Subscribe", REGION, &input)
        .expect("the topic is there");
}

/// The messages that wait for the listener, oldest first.
pub(crate) fn heard(world: &World) -> Vec<Value> {
    let take = || world.with(|sandbox, now| sandbox.lambda.take(now, LISTENER));
    std::iter::from_fn(take)
        .map(|invocation| message(&invocation))
        .collect()
}

fn message(invocation: &Invocation) -> Value {
    let text = invocation.payload["Records"][0]["Sns"]["Message"].as_str();
    serde_json::from_str(text.expect("a text")).expect("JSON")
}
