//! Publish (SNS API reference), over awsQuery. Message attributes, and messages to anything but a topic, are not played. The
//! errors are in the words that were recorded from AWS.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Published, Sns};
use crate::context::Context;
use crate::service_error::ServiceError;
use crate::turn::Turn;

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
    message_id: String,
}

impl Sns {
    pub(crate) fn publish(
        &mut self,
        context: &mut Context<'_>,
        input: Input,
    ) -> Result<Output, ServiceError> {
        let topic_arn = topic_arn(input.topic_arn, context.region)?;
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
        let for_functions = match input.message_structure.as_deref() {
            None => message.clone(),
            Some("json") => for_functions(&message)?,
            Some(_) => return Err(invalid("MessageStructure")),
        };
        if !self.topics.contains_key(&topic_arn) {
            return Err(not_found());
        }
        let subject = input.subject;
        let message_id = context.turn.ids.uuid();
        self.deliver(
            &mut context.turn,
            &topic_arn,
            &message_id,
            subject.as_deref(),
            &for_functions,
        );
        self.published.push(Published {
            at: context.turn.now,
            topic_arn,
            subject,
            message,
        });
        Ok(Output { message_id })
    }

    /// A service publishes a message. To a topic that does not exist nothing comes, and nothing complains.
    pub(crate) fn publish_for_service(
        &mut self,
        turn: &mut Turn<'_>,
        topic_arn: &str,
        message: &str,
    ) {
        let message_id = turn.ids.uuid();
        self.deliver(turn, topic_arn, &message_id, None, message);
    }
}

/// The text of a message with `MessageStructure` `json` that functions get.
fn for_functions(message: &str) -> Result<String, ServiceError> {
    let texts = match serde_json::from_str::<Value>(message) {
        Ok(Value::Object(texts)) if texts.values().all(Value::is_string) => texts,
        Ok(_) | Err(_) => {
            return Err(invalid(
                "Message Structure - JSON message body failed to parse",
            ));
        }
    };
    let Some(default) = texts.get("default") else {
        return Err(invalid(
            "Message Structure - No default entry in JSON message body",
        ));
    };
    let text = texts.get("lambda").unwrap_or(default);
    Ok(text.as_str().unwrap_or_default().to_owned())
}

/// The ARN of a topic in this region.
pub(super) fn topic_arn(arn: Option<String>, region: &str) -> Result<String, ServiceError> {
    let arn = arn.unwrap_or_default();
    let elements: Vec<&str> = arn.split(':').collect();
    if elements.len() < 6 {
        return Err(invalid(&format!(
            "TopicArn Reason: An ARN must have at least 6 elements, not {}",
            elements.len()
        )));
    }
    if elements[3] != region {
        return Err(invalid("TopicArn"));
    }
    Ok(arn)
}

pub(super) fn invalid(what: &str) -> ServiceError {
    ServiceError::new("InvalidParameter", format!("Invalid parameter: {what}"))
}

pub(super) fn not_found() -> ServiceError {
    let mut error = ServiceError::new("NotFound", "Topic does not exist");
    error.status = StatusCode::NOT_FOUND;
    error
}
