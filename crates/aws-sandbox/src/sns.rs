//! SNS: what is published, and how a subscribed function gets it.

mod publish;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::ACCOUNT_ID;
use crate::ids::Ids;
use crate::timestamp::Timestamp;

/// The state of SNS.
#[derive(Debug, Default)]
pub struct Sns {
    topics: BTreeSet<String>,
    published: Vec<Published>,
}

/// A message that was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// When.
    pub at: Timestamp,
    /// The topic's ARN.
    pub topic_arn: String,
    /// `Subject`.
    pub subject: Option<String>,
    /// `Message`, as it stands: for `MessageStructure` `json`, an object with a text a protocol.
    pub message: String,
}

impl Sns {
    /// Creates a topic and returns its ARN.
    pub fn create_topic(&mut self, region: &str, name: &str) -> String {
        let arn = format!("arn:aws:sns:{region}:{ACCOUNT_ID}:{name}");
        self.topics.insert(arn.clone());
        arn
    }

    /// What was published, oldest first.
    pub fn published(&self) -> &[Published] {
        &self.published
    }
}

/// The event with which SNS invokes a function, one record a message (Lambda developer guide, "Invoking Lambda functions
/// with Amazon SNS notifications").
pub(crate) fn notification(ids: &mut Ids, now: Timestamp, region: &str, message: &str) -> Value {
    let topic = format!("arn:aws:sns:{region}:{ACCOUNT_ID}:health-gate-signals");
    json!({"Records": [{
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": format!("{topic}:{}", ids.uuid()),
        "Sns": {
            "Type": "Notification",
            "MessageId": ids.uuid(),
            "TopicArn": topic,
            "Subject": null,
            "Message": message,
            "Timestamp": now.rfc3339(),
            "SignatureVersion": "1",
            "Signature": "EXAMPLE",
            "SigningCertUrl": "EXAMPLE",
            "UnsubscribeUrl": "EXAMPLE",
            "MessageAttributes": {},
        },
    }]})
}
