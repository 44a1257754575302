//! The way of signals: what happened in CodePipeline and AWS Health, over EventBridge and a topic of SNS, to a function.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::ACCOUNT_ID;
use crate::sandbox::Sandbox;
use crate::timestamp::Timestamp;

/// The topic's name.
const TOPIC: &str = "health-gate-signals";
/// What `template.yaml` lets through, word for word: `tests/template/check` compares them.
const OF_THE_TEMPLATE: &str = include_str!("signals.json");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signals {
    filter_policy: Value,
    /// By their logical ids.
    rules: BTreeMap<String, Value>,
}

pub(crate) fn topic_arn(region: &str) -> String {
    format!("arn:aws:sns:{region}:{ACCOUNT_ID}:{TOPIC}")
}

impl Sandbox {
    /// Subscribes a function to the topic of signals of a region, and brings there what a stack of health-gate does: failed Lambda
    /// actions of CodePipeline, and issues of AWS Health that are closed or have an end.
    pub fn connect_signals(&mut self, now: Timestamp, region: &str, function: &str) {
        let signals: Signals = serde_json::from_str(OF_THE_TEMPLATE).expect("the file is ours");
        let topic = self.sns.create_topic(region, TOPIC);
        let subscription = json!({
            "TopicArn": topic,
            "Protocol": "lambda",
            "Endpoint": format!("arn:aws:lambda:{region}:{ACCOUNT_ID}:function:{function}"),
            "Attributes": {"FilterPolicy": signals.filter_policy.to_string(), "FilterPolicyScope": "MessageBody"},
        });
        self.call(now, "SNS", "Subscribe", region, &subscription)
            .expect("the topic is there");
        for pattern in signals.rules.values() {
            self.eventbridge
                .put_rule(region, pattern, &topic)
                .expect("the pattern is one");
        }
    }

    /// Publishes a message to the topic of signals of a region.
    pub fn publish_signal(&mut self, now: Timestamp, region: &str, message: &Value) {
        self.publish(now, &topic_arn(region), message);
    }
}
