//! SNS, as far as a subscribed function sees it (Lambda developer guide, "Invoking Lambda functions with Amazon SNS
//! notifications").

use serde_json::{Value, json};

use crate::ACCOUNT_ID;
use crate::ids::Ids;
use crate::timestamp::Timestamp;

/// The event with which SNS invokes a function: one record a message.
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
