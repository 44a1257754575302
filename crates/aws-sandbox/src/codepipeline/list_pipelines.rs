//! ListPipelines.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::CodePipeline;
use super::page::{Asked, Scope};
use crate::constraints::Constraints;
use crate::context::Context;
use crate::service_error::ServiceError;

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Input {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_results: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    pipelines: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl CodePipeline {
    pub(crate) fn list_pipelines(
        &self,
        context: &Context<'_>,
        input: Input,
    ) -> Result<Output, ServiceError> {
        let page = Asked {
            size: input.max_results,
            token: input.next_token.as_deref(),
        };
        let mut c = Constraints::default();
        page.validate(&mut c, 1_000);
        c.finish()?;
        let pipelines = self
            .pipelines
            .values()
            .filter(|pipeline| pipeline.region == context.region);
        let all = pipelines.map(|pipeline| {
            let declaration = pipeline.declaration();
            json!({
                "name": declaration.name,
                "version": declaration.version,
                "pipelineType": declaration.pipeline_type,
                "executionMode": declaration.execution_mode.as_str(),
                "created": pipeline.created,
                "updated": pipeline.updated,
            })
        });
        let (pipelines, next_token) = page.of(all.collect(), 1_000, &Scope::default())?;
        Ok(Output {
            pipelines,
            next_token,
        })
    }
}
