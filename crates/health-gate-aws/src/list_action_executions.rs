//! ListActionExecutions: all attempts of the actions of an execution, with their resolved configurations.

use aws_sdk_codepipeline::types::{self, ActionCategory, ActionExecutionFilter};
use health_gate::{ActionAttempt, ActionExecution};

use crate::clients::Clients;
use crate::describe_events::utc;
use crate::get_pipeline_state::action_status;
use crate::refusal::{Refusal, endless};

/// An execution has at most 1,000 actions, a page takes a hundred, and what is retried has more attempts.
const PAGES: usize = 50;
/// The most that one page takes.
const NEWEST: i32 = 100;

/// Reads the attempts of all actions of an execution, all pages: what is missing could be what failed.
///
/// # Errors
/// [`Refusal`] if a page could not be read.
pub async fn action_executions(
    clients: &Clients,
    pipeline: &str,
    pipeline_execution_id: &str,
) -> Result<Vec<ActionExecution>, Refusal> {
    let filter = ActionExecutionFilter::builder()
        .pipeline_execution_id(pipeline_execution_id)
        .build();
    let request = clients
        .codepipeline
        .list_action_executions()
        .pipeline_name(pipeline)
        .filter(filter);
    let mut executions = Vec::new();
    let mut token = None;
    for _ in 0..PAGES {
        clients.pace.turn().await;
        let page = request.clone().set_next_token(token).send().await?;
        executions.extend(rows(page.action_execution_details)?.map(execution));
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(executions);
        }
    }
    Err(endless("ListActionExecutions", PAGES))
}

/// Reads the newest hundred attempts of actions in a pipeline, of whichever executions.
///
/// # Errors
/// [`Refusal`] if they could not be read.
pub async fn newest_action_executions(
    clients: &Clients,
    pipeline: &str,
) -> Result<Vec<ActionExecution>, Refusal> {
    clients.pace.turn().await;
    let page = clients
        .codepipeline
        .list_action_executions()
        .pipeline_name(pipeline)
        .max_results(NEWEST)
        .send()
        .await?;
    Ok(rows(page.action_execution_details)?
        .map(execution)
        .collect())
}

fn rows(
    rows: Option<Vec<types::ActionExecutionDetail>>,
) -> Result<impl Iterator<Item = types::ActionExecutionDetail>, Refusal> {
    rows.map(Vec::into_iter)
        .ok_or_else(|| Refusal::no_answer("the answer has no list of action executions"))
}

fn execution(row: types::ActionExecutionDetail) -> ActionExecution {
    let input = row
        .input
        .unwrap_or_else(|| types::ActionExecutionInput::builder().build());
    let (result, variables) = row.output.map_or((None, None), |output| {
        (output.execution_result, output.output_variables)
    });
    let is_lambda = input
        .action_type_id
        .is_some_and(|kind| kind.category == ActionCategory::Invoke && kind.provider == "Lambda");
    let resolved = input
        .resolved_configuration
        .filter(|resolved| !resolved.is_empty());
    let mut configuration = resolved.or(input.configuration).unwrap_or_default();
    ActionExecution {
        pipeline_execution_id: row.pipeline_execution_id.unwrap_or_default(),
        output_variables: variables.unwrap_or_default().into_iter().collect(),
        stage: row.stage_name.unwrap_or_default(),
        action: row.action_name.unwrap_or_default(),
        attempt: ActionAttempt {
            action_execution_id: row.action_execution_id.unwrap_or_default(),
            status: action_status(row.status.as_ref()),
            last_status_change: row.last_update_time.and_then(utc),
            function: configuration.remove("FunctionName").filter(|_| is_lambda),
            error_code: result
                .as_ref()
                .and_then(|result| result.error_details.clone()?.code),
            // Here the text of a failed job is the summary; only GetPipelineState has it in the error.
            message: result.and_then(|result| result.external_execution_summary),
        },
        user_parameters: configuration.remove("UserParameters"),
        region: input.region,
        start_time: row.start_time.and_then(utc),
    }
}
