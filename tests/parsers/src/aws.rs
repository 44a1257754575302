//! What AWS hands to the functions.

use health_gate::Signal;
use health_gate_aws::{JobEvent, SnsEvent};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{NOW, assert_one_line, own_region};

/// An event of CodePipeline, as the Lambda runtime reads it: what follows the value is not looked at.
pub(crate) fn job_event(input: &[u8]) {
    let event = JobEvent::deserialize(&mut serde_json::Deserializer::from_slice(input));
    let event = event.expect("no event is refused");
    let Ok(whole) = Value::deserialize(&mut serde_json::Deserializer::from_slice(input)) else {
        return;
    };
    let text = |place: &str| {
        whole
            .pointer(&format!("/CodePipeline.job{place}"))
            .and_then(Value::as_str)
    };
    // Of what can be read as a whole, the texts are what everybody reads.
    if let Some(id) = text("/id").filter(|id| !id.is_empty()) {
        assert_eq!(event.job_id().as_ref().map(|id| id.as_str()), Some(id));
    }
    if let Some(account) = text("/accountId") {
        assert_eq!(event.account_id(), Some(account));
    }
    if let Some(parameters) = text("/data/actionConfiguration/configuration/UserParameters") {
        assert_eq!(event.user_parameters(), Ok(Some(parameters)));
    }
    if let Some(token) = text("/data/continuationToken") {
        assert_eq!(event.continuation_token(), Ok(Some(token)));
    }
    // An event with credentials is not held with them.
    let mut with_credentials = whole;
    if let Some(data) = with_credentials
        .pointer_mut("/CodePipeline.job/data")
        .and_then(Value::as_object_mut)
    {
        const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        data.insert(
            "artifactCredentials".to_owned(),
            json!({"secretAccessKey": SECRET, "id": SECRET}),
        );
        let event: JobEvent =
            serde_json::from_value(with_credentials).expect("no event is refused");
        assert!(!format!("{event:?}").contains(SECRET));
    }
}

/// A message of SNS: the input is the text that somebody published. Each event has one signal at least.
pub(crate) fn sns_message(input: &[u8]) {
    let topic = "arn:aws:sns:us-east-1:111122223333:health-gate-signals";
    let published = json!({"Records": [{"Sns": {"TopicArn": topic, "Message": String::from_utf8_lossy(input)}}]});
    let as_event = serde_json::from_slice::<SnsEvent>(input).ok();
    let published: SnsEvent = serde_json::from_value(published).expect("any JSON");
    for event in as_event.into_iter().chain([published]) {
        let signals = event.signals(&own_region(), NOW);
        assert!(!signals.is_empty());
        for signal in signals {
            match signal {
                Signal::Ignored { why } => assert_one_line(&why, 900),
                Signal::Failure { pipeline, .. } => assert_one_line(&pipeline, 100),
                Signal::IncidentClosed { .. } | Signal::Sweep => {}
            }
        }
    }
}
