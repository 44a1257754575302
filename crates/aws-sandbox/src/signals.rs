//! The way of signals: what happened in CodePipeline and AWS Health, over EventBridge and a topic of SNS, to a function.

use serde_json::{Value, json};

use crate::ACCOUNT_ID;
use crate::sandbox::Sandbox;
use crate::timestamp::Timestamp;

/// The topic's name.
const TOPIC: &str = "health-gate-signals";

pub(crate) fn topic_arn(region: &str) -> String {
    format!("arn:aws:sns:{region}:{ACCOUNT_ID}:{TOPIC}")
}

impl Sandbox {
    /// Subscribes a function to the topic of signals of a region, and brings failed Lambda actions of CodePipeline and closed
    /// issues of AWS Health there, as a stack of health-gate does.
    pub fn connect_signals(&mut self, now: Timestamp, region: &str, function: &str) {
        let topic = self.sns.create_topic(region, TOPIC);
        let filter = json!({"source": ["aws.codepipeline", "aws.health", "health-gate"]});
        let subscription = json!({
            "TopicArn": topic,
            "Protocol": "lambda",
            "Endpoint": format!("arn:aws:lambda:{region}:{ACCOUNT_ID}:function:{function}"),
            "Attributes": {"FilterPolicy": filter.to_string(), "FilterPolicyScope": "MessageBody"},
        });
        self.call(now, "SNS", "Subscribe", region, &subscription)
            .expect("the topic is there");
        let failed_action = json!({
            "source": ["aws.codepipeline"],
            "detail-type": ["CodePipeline Action Execution State Change"],
            "detail": {"state": ["FAILED"], "type": {"category": ["Invoke"], "provider": ["Lambda"]}},
        });
        let closed_issue = json!({
            "source": ["aws.health"],
            "detail": {"eventTypeCategory": ["issue"], "statusCode": ["closed"]},
        });
        for pattern in [failed_action, closed_issue] {
            self.eventbridge
                .put_rule(region, &pattern, &topic)
                .expect("the pattern is one");
        }
    }

    /// Publishes a message to the topic of signals of a region.
    pub fn publish_signal(&mut self, now: Timestamp, region: &str, message: &Value) {
        self.publish(now, &topic_arn(region), message);
    }
}
