//! GetPipelineExecution.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::CodePipeline;
use super::attempt::revision_summary;
use super::execution::Execution;
use super::pipeline::Pipeline;
use super::status::Status;
use crate::constraints::Constraints;
use crate::context::Context;
use crate::service_error::ServiceError;

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Input {
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_execution_id: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    pipeline_execution: Value,
}

impl CodePipeline {
    pub(crate) fn pipeline_execution(
        &self,
        context: &Context<'_>,
        input: Input,
    ) -> Result<Output, ServiceError> {
        let mut c = Constraints::default();
        super::name(&mut c, "pipelineName", input.pipeline_name.as_ref());
        super::id(
            &mut c,
            "pipelineExecutionId",
            input.pipeline_execution_id.as_ref(),
        );
        c.finish()?;
        let pipeline =
            self.pipeline_in(context.region, &input.pipeline_name.unwrap_or_default())?;
        let id = input.pipeline_execution_id.unwrap_or_default();
        let execution = pipeline.execution_with_id(&id)?;
        let variables = execution.variables.iter();
        let variables =
            variables.map(|(name, value)| json!({"name": name, "resolvedValue": value}));
        let artifacts = execution.artifacts.iter().filter_map(|(name, artifact)| {
            let revision = artifact.revision.as_ref()?;
            Some(json!({"name": name, "revisionId": revision, "revisionSummary": revision_summary(revision)}))
        });
        let mut shown = common(execution);
        shown["pipelineName"] = json!(pipeline.name());
        shown["pipelineVersion"] = json!(execution.declaration.version);
        shown["variables"] = variables.collect();
        shown["artifactRevisions"] = artifacts.collect();
        Ok(Output {
            pipeline_execution: shown,
        })
    }
}

/// What the summary of an execution shows, too. Type and target are there for rollbacks only.
pub(super) fn common(execution: &Execution) -> Value {
    let mut shown = json!({
        "pipelineExecutionId": execution.id,
        "status": execution.status.as_str(),
        "executionMode": execution.declaration.execution_mode.as_str(),
        "trigger": {"triggerType": execution.trigger.kind, "triggerDetail": execution.trigger.detail},
    });
    if let Some(summary) = &execution.status_summary {
        shown["statusSummary"] = json!(summary);
    }
    if let Some(target) = &execution.rollback_of {
        shown["executionType"] = json!("ROLLBACK");
        shown["rollbackMetadata"] = json!({"rollbackTargetPipelineExecutionId": target});
    }
    shown
}

/// The revisions that the source actions of an execution have brought.
pub(super) fn source_revisions(pipeline: &Pipeline, execution: &Execution) -> Value {
    let of = execution.rollback_of.as_ref().unwrap_or(&execution.id);
    let attempts = pipeline.attempts.iter();
    let brought = attempts
        .filter(|attempt| attempt.place.execution == *of && attempt.status == Status::Succeeded);
    let revisions =
        brought.filter(|attempt| attempt.kind() == super::declaration::ActionKind::Source);
    let revisions = revisions.filter_map(|attempt| {
        let revision = attempt.revision()?;
        let summary = revision_summary(&revision);
        Some(json!({"actionName": attempt.declaration.name, "revisionId": revision, "revisionSummary": summary}))
    });
    revisions.collect()
}
