//! GetJobDetails: which pipeline a job belongs to. The answer carries artifact credentials too; nothing of them is kept.

use aws_sdk_codepipeline::types;
use health_gate::PipelineContext;

use crate::clients::Clients;
use crate::job_event::JobId;
use crate::sdk_error::text;

/// Reads where a job belongs.
///
/// # Errors
/// Why that is not known, for people.
pub async fn job_details(clients: &Clients, job_id: &JobId) -> Result<PipelineContext, String> {
    let request = clients
        .codepipeline
        .get_job_details()
        .job_id(job_id.as_str());
    let output = request.send().await.map_err(|error| text(&error))?;
    let context = output
        .job_details
        .and_then(|details| details.data?.pipeline_context);
    context
        .and_then(pipeline_context)
        .ok_or_else(|| "GetJobDetails names no pipeline".to_owned())
}

fn pipeline_context(context: types::PipelineContext) -> Option<PipelineContext> {
    Some(PipelineContext {
        pipeline: context.pipeline_name.filter(|name| !name.is_empty())?,
        pipeline_arn: context.pipeline_arn,
        pipeline_execution_id: context.pipeline_execution_id,
        stage: context.stage.and_then(|stage| stage.name),
        action: context.action.and_then(|action| action.name),
    })
}
