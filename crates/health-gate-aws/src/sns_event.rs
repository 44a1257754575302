//! The event with which SNS invokes a function (Lambda developer guide, "Invoking Lambda functions with Amazon SNS
//! notifications").

use health_gate::{Region, Signal};
use serde::Deserialize;
use serde_json::Value;
use time::UtcDateTime;

use crate::signal_message::signal;

/// An event of SNS. In practice it has one record; the documentation does not promise it. What is no event of SNS has one
/// that says nothing: an event that the Lambda runtime cannot parse would only come again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct SnsEvent(Value);

impl SnsEvent {
    /// What each message says to a function in this region, at `now`. Its account is the topic's: no message can change that.
    pub fn signals(&self, region: &Region, now: UtcDateTime) -> Vec<Signal> {
        let read = |sns: &Value| {
            let (Some(topic_arn), Some(message)) = (text(sns, "TopicArn"), text(sns, "Message"))
            else {
                return Signal::Ignored {
                    why: "it is no message of SNS".to_owned(),
                };
            };
            let account = topic_arn.split(':').nth(4).unwrap_or_default();
            signal(message, account, region, now)
        };
        match self.notifications().as_slice() {
            [] => vec![read(&Value::Null)],
            notifications => notifications.iter().copied().map(read).collect(),
        }
    }

    /// The ARN of the topic.
    pub fn topic_arn(&self) -> Option<&str> {
        self.notifications()
            .into_iter()
            .find_map(|sns| text(sns, "TopicArn"))
    }

    fn notifications(&self) -> Vec<&Value> {
        let records = self.0.get("Records").and_then(Value::as_array);
        let records = records.into_iter().flatten();
        records
            .map(|record| record.get("Sns").unwrap_or(&Value::Null))
            .collect()
    }
}

fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name)?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use time::macros::utc_datetime;

    fn signals(event: Value) -> Vec<Signal> {
        let event: SnsEvent = serde_json::from_value(event).expect("any JSON");
        let region = "us-east-1".parse().expect("a region");
        event.signals(&region, utc_datetime!(2026-11-23 09:00:00))
    }

    fn record(message: &str) -> Value {
        json!({"EventSource": "aws:sns", "Sns": {
            "Subject": null, "TopicArn": "arn:aws:sns:us-east-1:111122223333:health-gate-signals", "Message": message,
        }})
    }

    #[test]
    fn every_record_is_a_signal() {
        let sweep = r#"{"source":"health-gate","detail-type":"Sweep"}"#;
        let event =
            json!({"Records": [record(sweep), record("hello"), {"Sns": {}}, record(sweep)]});
        let signals = signals(event);
        assert_eq!([&signals[0], &signals[3]], [&Signal::Sweep, &Signal::Sweep]);
        for ignored in &signals[1..3] {
            assert!(matches!(ignored, Signal::Ignored { .. }), "{ignored:?}");
        }
    }

    #[test]
    fn what_is_no_event_of_sns_is_one_signal_that_is_ignored() {
        for event in [
            Value::Null,
            json!({}),
            json!([]),
            json!({"Records": []}),
            json!({"Records": [{"s3": {}}]}),
            json!({"source": "health-gate", "detail-type": "Sweep"}),
        ] {
            let signals = signals(event.clone());
            assert!(
                matches!(signals.as_slice(), [Signal::Ignored { .. }]),
                "{event} {signals:?}"
            );
        }
    }
}
