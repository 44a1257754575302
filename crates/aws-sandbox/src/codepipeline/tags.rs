//! TagResource, UntagResource and ListTagsForResource, for pipelines.

use serde::{Deserialize, Serialize};

use super::{CodePipeline, page};
use crate::calls::Context;
use crate::constraints::Constraints;
use crate::service_error::ServiceError;

/// The most tags of a resource.
const MOST_TAGS: usize = 50;

/// A tag.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Tag {
    key: String,
    value: String,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TagInput {
    resource_arn: Option<String>,
    tags: Option<Vec<Tag>>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UntagInput {
    resource_arn: Option<String>,
    tag_keys: Option<Vec<String>>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListInput {
    resource_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_results: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Empty {}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListOutput {
    tags: Vec<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl CodePipeline {
    /// Tags a pipeline. One that does not exist stays so.
    pub fn tag(&mut self, pipeline: &str, key: &str, value: &str) {
        if let Some(record) = self.pipelines.get_mut(pipeline) {
            record.tags.insert(key.to_owned(), value.to_owned());
        }
    }

    pub(crate) fn tag_resource(
        &mut self,
        context: &Context<'_>,
        input: TagInput,
    ) -> Result<Empty, ServiceError> {
        let mut c = Constraints::default();
        c.required("resourceArn", input.resource_arn.as_ref());
        c.required("tags", input.tags.as_ref());
        for (n, tag) in input.tags.iter().flatten().enumerate() {
            c.text(
                &format!("tags.{}.member.key", n + 1),
                Some(&tag.key),
                1..=128,
            );
            c.text(
                &format!("tags.{}.member.value", n + 1),
                Some(&tag.value),
                0..=256,
            );
        }
        c.finish()?;
        let tags = self.tags_of(context, &input.resource_arn.unwrap_or_default())?;
        let mut tagged = tags.clone();
        tagged.extend(
            input
                .tags
                .into_iter()
                .flatten()
                .map(|tag| (tag.key, tag.value)),
        );
        if tagged.len() > MOST_TAGS {
            return Err(ServiceError::new(
                "TooManyTagsException",
                "The tags limit for a resource has been exceeded.",
            ));
        }
        *tags = tagged;
        Ok(Empty {})
    }

    pub(crate) fn untag_resource(
        &mut self,
        context: &Context<'_>,
        input: UntagInput,
    ) -> Result<Empty, ServiceError> {
        let mut c = Constraints::default();
        c.required("resourceArn", input.resource_arn.as_ref());
        c.required("tagKeys", input.tag_keys.as_ref());
        c.finish()?;
        let tags = self.tags_of(context, &input.resource_arn.unwrap_or_default())?;
        tags.retain(|key, _| !input.tag_keys.iter().flatten().any(|gone| gone == key));
        Ok(Empty {})
    }

    pub(crate) fn list_tags_for_resource(
        &mut self,
        context: &Context<'_>,
        input: ListInput,
    ) -> Result<ListOutput, ServiceError> {
        let mut c = Constraints::default();
        c.required("resourceArn", input.resource_arn.as_ref());
        c.range("maxResults", input.max_results, 1..=100);
        c.text("nextToken", input.next_token.as_ref(), 1..=2_048);
        c.finish()?;
        let tags = self.tags_of(context, &input.resource_arn.unwrap_or_default())?;
        let tags = tags
            .iter()
            .map(|(key, value)| serde_json::json!({"key": key, "value": value}))
            .collect();
        let (tags, next_token) = page(
            tags,
            input.max_results.unwrap_or(100),
            input.next_token.as_deref(),
        )?;
        Ok(ListOutput { tags, next_token })
    }

    fn tags_of(
        &mut self,
        context: &Context<'_>,
        arn: &str,
    ) -> Result<&mut std::collections::BTreeMap<String, String>, ServiceError> {
        let parts: Vec<&str> = arn.split(':').collect();
        let [_, _, "codepipeline", region, account, name] = parts[..] else {
            return Err(ServiceError::new(
                "InvalidArnException",
                format!("The resource ARN '{arn}' is not valid."),
            ));
        };
        let found = self.pipelines.get_mut(name);
        let found = found.filter(|pipeline| {
            pipeline.region == region && region == context.region && account == crate::ACCOUNT_ID
        });
        found.map(|pipeline| &mut pipeline.tags).ok_or_else(|| {
            ServiceError::new(
                "ResourceNotFoundException",
                format!("The resource '{arn}' was not found."),
            )
        })
    }
}
