//! TagResource, UntagResource and ListTagsForResource, for pipelines.

use serde::{Deserialize, Serialize};

use super::CodePipeline;
use super::page::{Asked, Scope};
use crate::constraints::Constraints;
use crate::context::Context;
use crate::service_error::ServiceError;

/// The most tags of a resource.
pub(super) const MOST_TAGS: usize = 50;

/// A tag.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tag {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<String>,
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
        resource_arn(&mut c, input.resource_arn.as_ref());
        c.required("tags", input.tags.as_ref());
        check(&mut c, input.tags.as_deref().unwrap_or_default());
        c.finish()?;
        reserved(input.tags.as_deref().unwrap_or_default())?;
        let tags = self.tags_of(context, &input.resource_arn.unwrap_or_default())?;
        let mut tagged = tags.clone();
        tagged.extend(
            input
                .tags
                .into_iter()
                .flatten()
                .map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())),
        );
        if tagged.len() > MOST_TAGS {
            return Err(too_many());
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
        resource_arn(&mut c, input.resource_arn.as_ref());
        c.required("tagKeys", input.tag_keys.as_ref());
        for (n, key) in input.tag_keys.iter().flatten().enumerate() {
            c.text(&format!("tagKeys.{}.member", n + 1), Some(key), 1..=128);
        }
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
        resource_arn(&mut c, input.resource_arn.as_ref());
        let page = Asked {
            size: input.max_results,
            token: input.next_token.as_deref(),
        };
        page.validate(&mut c, 100);
        c.finish()?;
        let tags = self.tags_of(context, &input.resource_arn.unwrap_or_default())?;
        let tags = tags
            .iter()
            .map(|(key, value)| serde_json::json!({"key": key, "value": value}))
            .collect();
        let (tags, next_token) = page.of(tags, 100, &Scope::default())?;
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

/// Keys that begin so are AWS's own.
fn reserved(tags: &[Tag]) -> Result<(), ServiceError> {
    let is_reserved = |tag: &&Tag| {
        tag.key
            .as_deref()
            .is_some_and(|key| key.starts_with("aws:"))
    };
    match tags.iter().find(is_reserved) {
        None => Ok(()),
        Some(_) => Err(ServiceError::new(
            "InvalidTagsException",
            "Tag keys cannot start with aws:, which is reserved for AWS use.",
        )),
    }
}

pub(super) fn too_many() -> ServiceError {
    ServiceError::new(
        "TooManyTagsException",
        "The tags limit for a resource has been exceeded.",
    )
}

fn resource_arn(c: &mut Constraints, arn: Option<&String>) {
    c.required("resourceArn", arn);
    c.pattern(
        "resourceArn",
        arn,
        r"arn:aws(-[\w]+)*:codepipeline:.+:[0-9]{12}:.+",
    );
}

/// The constraints of tags.
pub(super) fn check(c: &mut Constraints, tags: &[Tag]) {
    for (n, tag) in tags.iter().enumerate() {
        let path = format!("tags.{}.member", n + 1);
        c.required(&format!("{path}.key"), tag.key.as_ref());
        c.text(&format!("{path}.key"), tag.key.as_ref(), 1..=128);
        c.required(&format!("{path}.value"), tag.value.as_ref());
        c.text(&format!("{path}.value"), tag.value.as_ref(), 0..=256);
    }
}
