//! TagResource and UntagResource: sets a tag of a pipeline, and takes it away. People do that; the functions only read tags.

use aws_sdk_codepipeline::types::Tag;

use crate::clients::Clients;
use crate::pipeline_ref::PipelineRef;
use crate::refusal::Refusal;

/// Sets a tag of a pipeline, in place of one with the same key.
///
/// # Errors
/// [`Refusal`] if CodePipeline did not accept it.
pub async fn tag_pipeline(
    clients: &Clients,
    pipeline: &PipelineRef,
    key: &str,
    value: &str,
) -> Result<(), Refusal> {
    let tag = Tag::builder().key(key).value(value).build();
    let tag = tag.map_err(|_| Refusal::no_answer("a tag needs a key and a value"))?;
    clients.pace.turn().await;
    let request = clients
        .codepipeline
        .tag_resource()
        .resource_arn(arn(pipeline)?)
        .tags(tag)
        .customize()
        .config_override(pipeline.config());
    Refusal::unless_done(request.send().await)
}

/// Takes a tag of a pipeline away. One that it does not have stays so.
///
/// # Errors
/// [`Refusal`] if CodePipeline did not accept it.
pub async fn untag_pipeline(
    clients: &Clients,
    pipeline: &PipelineRef,
    key: &str,
) -> Result<(), Refusal> {
    clients.pace.turn().await;
    let request = clients
        .codepipeline
        .untag_resource()
        .resource_arn(arn(pipeline)?)
        .tag_keys(key)
        .customize()
        .config_override(pipeline.config());
    Refusal::unless_done(request.send().await)
}

fn arn(pipeline: &PipelineRef) -> Result<&str, Refusal> {
    let arn = pipeline.arn.as_deref();
    arn.ok_or_else(|| Refusal::no_answer("the pipeline's ARN is not known"))
}
