//! ListTagsForResource: the tags of a pipeline.

use crate::clients::Clients;
use crate::pipeline_ref::PipelineRef;
use crate::sdk_error::text;

/// A resource has at most 50 tags, and a page takes a hundred.
const PAGES: usize = 5;

/// The value of a pipeline's tag, if it has it.
///
/// # Errors
/// Why that is not known, for people.
pub async fn tag_value(
    clients: &Clients,
    pipeline: &PipelineRef,
    key: &str,
) -> Result<Option<String>, String> {
    let arn = pipeline
        .arn
        .as_ref()
        .ok_or("neither the pipeline's ARN nor its account is known")?;
    let request = clients
        .codepipeline
        .list_tags_for_resource()
        .resource_arn(arn);
    let mut token = None;
    for _ in 0..PAGES {
        clients.pace.turn().await;
        let page = request
            .clone()
            .set_next_token(token)
            .customize()
            .config_override(pipeline.config());
        let page = page.send().await.map_err(|error| text(&error))?;
        let found = page
            .tags
            .unwrap_or_default()
            .into_iter()
            .find(|tag| tag.key == key);
        if let Some(tag) = found {
            return Ok(Some(tag.value));
        }
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(None);
        }
    }
    Err(format!("ListTagsForResource has more than {PAGES} pages"))
}
