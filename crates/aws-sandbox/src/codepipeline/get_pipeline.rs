//! GetPipeline: a version of a pipeline as it is declared.

use serde::{Deserialize, Serialize};

use super::CodePipeline;
use super::declaration::PipelineDeclaration;
use crate::ACCOUNT_ID;
use crate::constraints::Constraints;
use crate::context::Context;
use crate::service_error::ServiceError;
use crate::timestamp::Timestamp;

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<i64>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Output {
    pipeline: PipelineDeclaration,
    metadata: Metadata,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    pipeline_arn: String,
    created: Timestamp,
    updated: Timestamp,
}

impl CodePipeline {
    pub(crate) fn pipeline(
        &self,
        context: &Context<'_>,
        input: Input,
    ) -> Result<Output, ServiceError> {
        let mut c = Constraints::default();
        super::name(&mut c, "name", input.name.as_ref());
        c.range("version", input.version, 1..=i64::MAX);
        c.finish()?;
        let name = input.name.unwrap_or_default();
        let found = self
            .pipelines
            .get(&name)
            .filter(|found| found.region == context.region);
        // This operation has words of its own for it (seen with real CodePipeline).
        let record = found.ok_or_else(|| {
            let message =
                format!("Account '{ACCOUNT_ID}' does not have a pipeline with name '{name}'");
            ServiceError::new("PipelineNotFoundException", message)
        })?;
        let version = match input.version {
            None => record.versions.last(),
            Some(version) => record.versions.iter().find(|of| of.version == version),
        };
        let version = version.ok_or_else(|| {
            let message = format!(
                "Pipeline '{name}' does not have a version {}",
                input.version.unwrap_or_default()
            );
            ServiceError::new("PipelineVersionNotFoundException", message)
        })?;
        let mut pipeline = (**version).clone();
        pipeline.name_types();
        Ok(Output {
            pipeline,
            metadata: Metadata {
                pipeline_arn: record.arn(),
                created: record.created,
                updated: record.updated,
            },
        })
    }
}
