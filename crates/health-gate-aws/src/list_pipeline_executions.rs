//! ListPipelineExecutions: the newest executions of a pipeline, for one that shows no state.

use aws_sdk_codepipeline::types::{self, PipelineExecutionStatus};
use health_gate::{PipelineExecution, StageStatus};

use crate::clients::Clients;
use crate::describe_events::utc;
use crate::get_pipeline_state::execution_type;
use crate::refusal::Refusal;

/// As many as a page takes.
const NEWEST: i32 = 100;

/// Reads the newest executions of a pipeline, a page.
///
/// # Errors
/// [`Refusal`] if they could not be read.
pub async fn pipeline_executions(
    clients: &Clients,
    pipeline: &str,
) -> Result<Vec<PipelineExecution>, Refusal> {
    clients.pace.turn().await;
    let page = clients
        .codepipeline
        .list_pipeline_executions()
        .pipeline_name(pipeline)
        .max_results(NEWEST)
        .send()
        .await?;
    let summaries = page
        .pipeline_execution_summaries
        .ok_or_else(|| Refusal::no_answer("the answer has no list of executions"))?;
    Ok(summaries.into_iter().filter_map(execution).collect())
}

fn execution(summary: types::PipelineExecutionSummary) -> Option<PipelineExecution> {
    Some(PipelineExecution {
        id: summary.pipeline_execution_id?,
        status: match summary.status {
            Some(PipelineExecutionStatus::InProgress) => StageStatus::InProgress,
            Some(PipelineExecutionStatus::Stopping) => StageStatus::Stopping,
            Some(PipelineExecutionStatus::Stopped) => StageStatus::Stopped,
            Some(PipelineExecutionStatus::Failed) => StageStatus::Failed,
            _ => StageStatus::Other,
        },
        execution_type: execution_type(summary.execution_type.as_ref()),
        last_update_time: summary.last_update_time.and_then(utc),
    })
}
