//! Publish (SNS API reference), over awsQuery. Message attributes, and messages to anything but a topic, are not played.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Published, Sns};
use crate::calls::Context;
use crate::service_error::ServiceError;

/// The most bytes of a message.
const MESSAGE_BYTES: usize = 262_144;

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Input {
    #[serde(skip_serializing_if = "Option::is_none")]
    topic_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_structure: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    publish_result: PublishResult,
    response_metadata: ResponseMetadata,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct PublishResult {
    message_id: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ResponseMetadata {
    request_id: String,
}

impl Sns {
    pub(crate) fn publish(
        &mut self,
        context: &Context<'_>,
        message_id: String,
        input: Input,
    ) -> Result<Output, ServiceError> {
        let invalid = |what: &str| {
            ServiceError::new("InvalidParameter", format!("Invalid parameter: {what}"))
        };
        let topic_arn = input.topic_arn.ok_or_else(|| {
            invalid("TopicArn or TargetArn Reason: no value for required parameter")
        })?;
        if topic_arn.split(':').nth(3) != Some(context.region) {
            return Err(invalid("TopicArn"));
        }
        let message = input
            .message
            .filter(|message| !message.is_empty())
            .ok_or_else(|| invalid("Empty message"))?;
        if message.len() > MESSAGE_BYTES {
            return Err(invalid("Message too long"));
        }
        let is_subject = |text: &String| {
            (1..100).contains(&text.len())
                && text.bytes().all(|b| (b' '..=b'~').contains(&b))
                && !text.starts_with(' ')
        };
        if !input.subject.as_ref().is_none_or(is_subject) {
            return Err(invalid("Subject"));
        }
        match input.message_structure.as_deref() {
            None => {}
            Some("json") => match serde_json::from_str::<Value>(&message) {
                Ok(Value::Object(texts)) if !texts.values().all(Value::is_string) => {
                    return Err(invalid(
                        "Message Structure - JSON message body failed to parse",
                    ));
                }
                Ok(Value::Object(texts)) if texts.contains_key("default") => {}
                Ok(Value::Object(_)) => {
                    return Err(invalid(
                        "Message Structure - No default entry in JSON message body",
                    ));
                }
                Ok(_) | Err(_) => {
                    return Err(invalid(
                        "Message Structure - JSON message body failed to parse",
                    ));
                }
            },
            Some(_) => return Err(invalid("MessageStructure")),
        }
        if !self.topics.contains(&topic_arn) {
            let mut error = ServiceError::new("NotFound", "Topic does not exist");
            error.status = http::StatusCode::NOT_FOUND;
            return Err(error);
        }
        self.published.push(Published {
            at: context.now,
            topic_arn,
            subject: input.subject,
            message,
        });
        Ok(Output {
            publish_result: PublishResult {
                message_id: message_id.clone(),
            },
            response_metadata: ResponseMetadata {
                request_id: message_id,
            },
        })
    }
}
