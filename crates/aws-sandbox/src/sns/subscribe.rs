//! Subscribe (SNS API reference): a function gets the messages of a topic, those that pass its filter policy. Other protocols,
//! and filters on message attributes, are not played.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Sns;
use super::publish::{invalid, not_found, topic_arn};
use crate::context::Context;
use crate::pattern::Pattern;
use crate::service_error::ServiceError;

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Input {
    #[serde(skip_serializing_if = "Option::is_none")]
    topic_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<String, String>,
    /// A function needs no confirmation, so the ARN is returned anyway.
    #[serde(skip_serializing_if = "Option::is_none")]
    return_subscription_arn: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    subscription_arn: String,
}

/// A function that gets the messages of a topic.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) arn: String,
    pub(super) region: String,
    pub(super) function: String,
    /// As they were given.
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) filter: Option<Pattern>,
}

impl Sns {
    pub(crate) fn subscribe(
        &mut self,
        context: &mut Context<'_>,
        input: Input,
    ) -> Result<Output, ServiceError> {
        let arn = topic_arn(input.topic_arn, context.region)?;
        if input.protocol.as_deref() != Some("lambda") {
            return Err(invalid(&format!(
                "Amazon SNS does not support this protocol string: {}",
                input.protocol.unwrap_or_default()
            )));
        }
        let endpoint = input.endpoint.unwrap_or_default();
        let parts: Vec<&str> = endpoint.split(':').collect();
        let ["arn", "aws", "lambda", region, _, "function", function] = parts[..] else {
            return Err(invalid("Lambda endpoint ARN"));
        };
        let filter = filter(&input.attributes)?;
        let attributes = input.attributes;
        let Some(subscriptions) = self.topics.get_mut(&arn) else {
            return Err(not_found());
        };
        let subscription = Subscription {
            arn: format!("{arn}:{}", context.turn.ids.uuid()),
            region: region.to_owned(),
            function: function.to_owned(),
            attributes,
            filter,
        };
        let mut known = subscriptions.iter();
        let same = |known: &&Subscription| {
            (&known.region, &known.function) == (&subscription.region, &subscription.function)
        };
        if let Some(known) = known.find(same) {
            if known.attributes != subscription.attributes {
                return Err(invalid(
                    "Attributes Reason: Subscription already exists with different attributes",
                ));
            }
            return Ok(Output {
                subscription_arn: known.arn.clone(),
            });
        }
        let subscription_arn = subscription.arn.clone();
        subscriptions.push(subscription);
        Ok(Output { subscription_arn })
    }
}

fn filter(attributes: &BTreeMap<String, String>) -> Result<Option<Pattern>, ServiceError> {
    for name in attributes.keys() {
        if !["FilterPolicy", "FilterPolicyScope"].contains(&name.as_str()) {
            return Err(invalid("AttributeName"));
        }
    }
    let Some(policy) = attributes.get("FilterPolicy") else {
        return Ok(None);
    };
    let refused = |why: String| invalid(&format!("Attributes Reason: FilterPolicy: {why}"));
    if attributes.get("FilterPolicyScope").map(String::as_str) != Some("MessageBody") {
        return Err(refused(
            "the sandbox plays the scope MessageBody only".to_owned(),
        ));
    }
    let policy: Value = serde_json::from_str(policy)
        .map_err(|error| refused(format!("failed to parse JSON. {error}")))?;
    Pattern::new(&policy).map(Some).map_err(refused)
}
