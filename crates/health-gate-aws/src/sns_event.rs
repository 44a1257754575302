//! The event with which SNS invokes a function (Lambda developer guide, "Invoking Lambda functions with Amazon SNS
//! notifications"), and what its messages say.

use health_gate::{Region, Signal};
use serde::Deserialize;
use serde_json::Value;

/// An event of SNS. In practice it has one record; the documentation does not promise it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SnsEvent {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Record {
    #[serde(rename = "Sns")]
    sns: Notification,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Notification {
    #[serde(rename = "TopicArn")]
    topic_arn: String,
    #[serde(rename = "Message")]
    message: String,
}

impl SnsEvent {
    /// What each message says to a function in this region. Its account is the topic's: no message can change that.
    pub fn signals(&self, region: &Region) -> Vec<Signal> {
        let signal = |Record { sns }: &Record| {
            let account = sns.topic_arn.split(':').nth(4).unwrap_or_default();
            signal(&sns.message, account, region)
        };
        self.records.iter().map(signal).collect()
    }
}

/// Reads only what decides where to look. Nothing is believed of a message but that: the pipelines themselves say
/// what to do.
fn signal(message: &str, account: &str, region: &Region) -> Signal {
    let ignored = |why: String| Signal::Ignored { why };
    let Ok(message) = serde_json::from_str::<Value>(message) else {
        return ignored("the message is not JSON".to_owned());
    };
    let text = |pointer: &str| {
        message
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    match (text("/source"), text("/detail-type")) {
        ("health-gate", "Sweep") => Signal::Sweep,
        ("aws.codepipeline", "CodePipeline Action Execution State Change") => {
            let (state, pipeline) = (text("/detail/state"), text("/detail/pipeline"));
            let (from_account, from_region) = (text("/account"), text("/region"));
            if state != "FAILED" {
                ignored(format!("the action has not failed: {state}"))
            } else if from_account != account || from_region != region.as_str() {
                ignored(format!(
                    "the pipeline is of another account or region: {from_account} {from_region}"
                ))
            } else if pipeline.is_empty() {
                ignored("the event names no pipeline".to_owned())
            } else {
                Signal::Failure {
                    pipeline: pipeline.to_owned(),
                }
            }
        }
        (source, kind) => ignored(format!(
            "no known kind of message: source `{source}`, detail-type `{kind}`"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(message: &str) -> Signal {
        let event = json!({"Records": [{"EventSource": "aws:sns", "Sns": {
            "Subject": null, "TopicArn": "arn:aws:sns:us-east-1:111122223333:health-gate-signals", "Message": message,
        }}]});
        let event: SnsEvent = serde_json::from_value(event).expect("an event of SNS");
        let region = "us-east-1".parse().expect("a region");
        event.signals(&region).remove(0)
    }

    fn failure() -> Value {
        json!({
            "detail-type": "CodePipeline Action Execution State Change",
            "source": "aws.codepipeline",
            "account": "111122223333",
            "region": "us-east-1",
            "detail": {"pipeline": "checkout", "state": "FAILED", "version": 4.0, "type": {"version": "1"}},
        })
    }

    #[test]
    fn a_failed_action_says_which_pipeline_to_look_at() {
        assert_eq!(
            read(&failure().to_string()),
            Signal::Failure {
                pipeline: "checkout".to_owned()
            }
        );
    }

    #[test]
    fn a_sweep_says_to_look_at_all() {
        assert_eq!(
            read(r#"{"source":"health-gate","detail-type":"Sweep"}"#),
            Signal::Sweep
        );
    }

    #[test]
    fn everything_else_is_ignored() {
        let mut messages = vec![
            "".to_owned(),
            "hello".to_owned(),
            "[]".to_owned(),
            "{}".to_owned(),
        ];
        for (pointer, value) in [
            ("/detail/state", "SUCCEEDED"),
            ("/detail/pipeline", ""),
            ("/account", "444455556666"),
            ("/region", "eu-west-1"),
            ("/source", "aws.codedeploy"),
            (
                "/detail-type",
                "CodePipeline Pipeline Execution State Change",
            ),
        ] {
            let mut message = failure();
            *message.pointer_mut(pointer).expect("a member") = json!(value);
            messages.push(message.to_string());
        }
        for message in messages {
            assert!(
                matches!(read(&message), Signal::Ignored { .. }),
                "{message}"
            );
        }
    }
}
