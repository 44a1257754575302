//! ListPipelines.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{CodePipeline, page};
use crate::calls::Context;
use crate::constraints::Constraints;
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
        let mut c = Constraints::default();
        c.range("maxResults", input.max_results, 1..=1_000);
        c.text("nextToken", input.next_token.as_ref(), 1..=2_048);
        c.finish()?;
        let pipelines = self
            .pipelines
            .values()
            .filter(|pipeline| pipeline.region == context.region);
        let all: Vec<Value> = pipelines
            .map(|pipeline| {
                json!({
                    "name": pipeline.declaration.name,
                    "version": 1,
                    "pipelineType": "V2",
                    "executionMode": "SUPERSEDED",
                    "created": pipeline.created,
                    "updated": pipeline.created,
                })
            })
            .collect();
        let (pipelines, next_token) = page(
            all,
            input.max_results.unwrap_or(1_000),
            input.next_token.as_deref(),
        )?;
        Ok(Output {
            pipelines,
            next_token,
        })
    }
}
