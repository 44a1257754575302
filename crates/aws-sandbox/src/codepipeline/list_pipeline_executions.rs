//! ListPipelineExecutions: the executions of a pipeline, newest first.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::get_pipeline_execution::{common, source_revisions};
use super::page::{Asked, Scope};
use super::{CodePipeline, NAME};
use crate::constraints::Constraints;
use crate::context::Context;
use crate::service_error::ServiceError;

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Input {
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_results: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<Filter>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Filter {
    #[serde(skip_serializing_if = "Option::is_none")]
    succeeded_in_stage: Option<SucceededInStage>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SucceededInStage {
    #[serde(skip_serializing_if = "Option::is_none")]
    stage_name: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    pipeline_execution_summaries: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl CodePipeline {
    pub(crate) fn list_pipeline_executions(
        &self,
        context: &Context<'_>,
        input: Input,
    ) -> Result<Output, ServiceError> {
        let stage = input
            .filter
            .and_then(|filter| filter.succeeded_in_stage?.stage_name);
        let page = Asked {
            size: input.max_results,
            token: input.next_token.as_deref(),
        };
        let mut c = Constraints::default();
        super::name(&mut c, "pipelineName", input.pipeline_name.as_ref());
        page.validate(&mut c, 100);
        let path = "filter.succeededInStage.stageName";
        c.text(path, stage.as_ref(), 1..=100);
        c.pattern(path, stage.as_ref(), NAME);
        c.finish()?;
        let pipeline =
            self.pipeline_in(context.region, &input.pipeline_name.unwrap_or_default())?;
        let newest_first = pipeline.executions.iter().rev();
        let all = newest_first.filter(|execution| {
            stage
                .as_ref()
                .is_none_or(|name| execution.has_succeeded_in(name))
        });
        let all = all.map(|execution| {
            let mut summary = common(execution);
            summary["startTime"] = json!(execution.started);
            summary["lastUpdateTime"] = json!(execution.updated);
            summary["sourceRevisions"] = source_revisions(pipeline, execution);
            if let Some(reason) = &execution.stop_reason {
                summary["stopTrigger"] = json!({"reason": reason});
            }
            summary
        });
        let (pipeline_execution_summaries, next_token) =
            page.of(all.collect(), 100, &Scope::default())?;
        Ok(Output {
            pipeline_execution_summaries,
            next_token,
        })
    }
}
