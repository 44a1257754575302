//! ListActionExecutions: the newest attempt of each action of an execution, with its resolved configuration.

use aws_sdk_codepipeline::error::SdkError;
use aws_sdk_codepipeline::operation::list_action_executions::ListActionExecutionsError;
use aws_sdk_codepipeline::types::{
    self, ActionCategory, ActionExecutionFilter, LatestInPipelineExecutionFilter, StartTimeRange,
};
use health_gate::{ActionAttempt, ActionExecution};

use crate::clients::Clients;
use crate::describe_events::utc;
use crate::get_pipeline_state::action_status;
use crate::refusal::{Refusal, endless};

/// An execution has at most 1,000 actions, and a page takes a hundred.
const PAGES: usize = 20;

/// Reads the newest attempts of a stage's actions in one execution, all pages: what is missing could be what failed.
///
/// # Errors
/// [`Refusal`] if a page could not be read.
pub async fn action_executions(
    clients: &Clients,
    pipeline: &str,
    pipeline_execution_id: &str,
    stage: &str,
) -> Result<Vec<ActionExecution>, Refusal> {
    let latest = LatestInPipelineExecutionFilter::builder()
        .pipeline_execution_id(pipeline_execution_id)
        .start_time_range(StartTimeRange::Latest)
        .build()
        .map_err(SdkError::<ListActionExecutionsError>::construction_failure)?;
    let filter = ActionExecutionFilter::builder()
        .latest_in_pipeline_execution(latest)
        .build();
    let request = clients
        .codepipeline
        .list_action_executions()
        .pipeline_name(pipeline)
        .filter(filter);
    let mut executions = Vec::new();
    let mut token = None;
    for _ in 0..PAGES {
        let page = request.clone().set_next_token(token).send().await?;
        let rows = page
            .action_execution_details
            .unwrap_or_default()
            .into_iter();
        executions.extend(
            rows.filter(|row| row.stage_name.as_deref() == Some(stage))
                .map(execution),
        );
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(executions);
        }
    }
    Err(endless("ListActionExecutions", PAGES))
}

fn execution(row: types::ActionExecutionDetail) -> ActionExecution {
    let input = row
        .input
        .unwrap_or_else(|| types::ActionExecutionInput::builder().build());
    let result = row.output.and_then(|output| output.execution_result);
    let is_lambda = input
        .action_type_id
        .is_some_and(|kind| kind.category == ActionCategory::Invoke && kind.provider == "Lambda");
    let resolved = input
        .resolved_configuration
        .filter(|resolved| !resolved.is_empty());
    let mut configuration = resolved.or(input.configuration).unwrap_or_default();
    ActionExecution {
        attempt: ActionAttempt {
            action_execution_id: row.action_execution_id.unwrap_or_default(),
            status: action_status(row.status.as_ref()),
            function: configuration.remove("FunctionName").filter(|_| is_lambda),
            error_code: result
                .as_ref()
                .and_then(|result| result.error_details.clone()?.code),
            // Here the text of a failed job is the summary; only GetPipelineState has it in the error.
            message: result.and_then(|result| result.external_execution_summary),
        },
        user_parameters: configuration.remove("UserParameters"),
        region: input.region,
        last_update_time: row.last_update_time.and_then(utc),
    }
}
