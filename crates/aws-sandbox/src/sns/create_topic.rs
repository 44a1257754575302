//! CreateTopic (SNS API reference), over awsQuery.

use serde::{Deserialize, Serialize};

use super::Sns;
use crate::context::Context;
use crate::service_error::ServiceError;

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Input {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    topic_arn: String,
}

impl Sns {
    pub(crate) fn create_topic_by_call(
        &mut self,
        context: &mut Context<'_>,
        input: Input,
    ) -> Result<Output, ServiceError> {
        let name = input.name.unwrap_or_default();
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if !(1..=256).contains(&name.len()) || !name.chars().all(is_name) {
            return Err(super::publish::invalid("Topic Name"));
        }
        Ok(Output {
            topic_arn: self.create_topic(context.region, &name),
        })
    }
}
