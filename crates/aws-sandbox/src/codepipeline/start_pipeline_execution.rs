//! StartPipelineExecution: a release begins.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::CodePipeline;
use super::declaration::ExecutionMode;
use super::engine::Beginning;
use super::pipeline::Pipeline;
use crate::constraints::Constraints;
use crate::context::Context;
use crate::service_error::ServiceError;

/// The most executions of a pipeline in QUEUED or PARALLEL mode at once (user guide, "Quotas in AWS CodePipeline").
const MOST_AT_ONCE: usize = 50;

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Input {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variables: Option<Vec<Variable>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_request_token: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    source_revisions: Vec<SourceRevision>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Variable {
    name: String,
    value: String,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SourceRevision {
    action_name: String,
    revision_type: String,
    revision_value: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    pipeline_execution_id: String,
}

impl CodePipeline {
    pub(crate) fn start_pipeline_execution(
        &mut self,
        context: &mut Context<'_>,
        input: Input,
    ) -> Result<Output, ServiceError> {
        validate(&input)?;
        let name = input.name.clone().unwrap_or_default();
        let pipeline = self.pipeline_in(context.region, &name)?;
        // The same token is the same request (seen with real CodePipeline).
        let known = input.client_request_token.as_ref().and_then(|token| {
            let mut executions = pipeline.executions.iter();
            executions.find(|execution| execution.client_token.as_ref() == Some(token))
        });
        if let Some(known) = known {
            return Ok(Output {
                pipeline_execution_id: known.id.clone(),
            });
        }
        room_for_one_more(pipeline, None)?;
        check(pipeline, &input)?;
        let pairs = |list: Vec<(String, String)>| list.into_iter().collect::<BTreeMap<_, _>>();
        let variables = input.variables.unwrap_or_default().into_iter();
        let revisions = input.source_revisions.into_iter();
        let beginning = Beginning {
            client_token: input.client_request_token,
            variables: pairs(variables.map(|given| (given.name, given.value)).collect()),
            revisions: pairs(
                revisions
                    .map(|given| (given.action_name, given.revision_value))
                    .collect(),
            ),
            ..Beginning::by("StartPipelineExecution")
        };
        Ok(Output {
            pipeline_execution_id: self.begin(&mut context.turn, &name, beginning),
        })
    }
}

/// Refuses one more execution than there may be, beside the one that is meant.
pub(super) fn room_for_one_more(
    pipeline: &Pipeline,
    beside: Option<&String>,
) -> Result<(), ServiceError> {
    let others = pipeline
        .executions
        .iter()
        .filter(|execution| Some(&execution.id) != beside);
    let going_on = others.filter(|execution| execution.status.is_going_on());
    if pipeline.mode() == ExecutionMode::Superseded || going_on.count() < MOST_AT_ONCE {
        return Ok(());
    }
    let message = format!(
        "The pipeline '{}' has reached the limit of {MOST_AT_ONCE} concurrent executions.",
        pipeline.name()
    );
    Err(ServiceError::new(
        "ConcurrentPipelineExecutionsLimitExceededException",
        message,
    ))
}

/// Refuses variables and revisions that the pipeline has no place for. Its sources are objects of S3.
fn check(pipeline: &Pipeline, input: &Input) -> Result<(), ServiceError> {
    let refuse = |message: String| Err(ServiceError::new("ValidationException", message));
    let declaration = pipeline.declaration();
    for given in input.variables.iter().flatten() {
        if !declaration
            .variables
            .iter()
            .any(|declared| declared.name == given.name)
        {
            return refuse(format!(
                "The pipeline '{}' has no variable '{}'",
                pipeline.name(),
                given.name
            ));
        }
    }
    let sources = declaration.stages.first().map(|stage| &stage.actions);
    for given in &input.source_revisions {
        let mut actions = sources.into_iter().flatten();
        if !actions.any(|action| action.name == given.action_name) {
            return refuse(format!(
                "The pipeline '{}' has no source action '{}'",
                pipeline.name(),
                given.action_name
            ));
        }
        if given.revision_type != "S3_OBJECT_VERSION_ID" {
            return refuse(format!(
                "The source action '{}' takes revisions of type S3_OBJECT_VERSION_ID, and not {}",
                given.action_name, given.revision_type
            ));
        }
    }
    Ok(())
}

fn validate(input: &Input) -> Result<(), ServiceError> {
    let mut c = Constraints::default();
    super::name(&mut c, "name", input.name.as_ref());
    let token = input.client_request_token.as_ref();
    c.text("clientRequestToken", token, 1..=128);
    c.pattern("clientRequestToken", token, "^[a-zA-Z0-9-]+$");
    c.length("variables", input.variables.as_ref().map(Vec::len), 1..=50);
    for (n, variable) in input.variables.iter().flatten().enumerate() {
        let path = format!("variables.{}.member", n + 1);
        c.text(&format!("{path}.name"), Some(&variable.name), 1..=128);
        c.pattern(
            &format!("{path}.name"),
            Some(&variable.name),
            r"[A-Za-z0-9@\-_]+",
        );
        c.text(&format!("{path}.value"), Some(&variable.value), 1..=1_000);
    }
    let revisions = Some(input.source_revisions.len());
    c.length("sourceRevisions", revisions, 0..=50);
    for (n, revision) in input.source_revisions.iter().enumerate() {
        let path = format!("sourceRevisions.{}.member", n + 1);
        super::name(
            &mut c,
            &format!("{path}.actionName"),
            Some(&revision.action_name),
        );
        let types = [
            "COMMIT_ID",
            "IMAGE_DIGEST",
            "S3_OBJECT_VERSION_ID",
            "S3_OBJECT_KEY",
        ];
        c.one_of(
            &format!("{path}.revisionType"),
            Some(&revision.revision_type),
            &types,
        );
        c.text(
            &format!("{path}.revisionValue"),
            Some(&revision.revision_value),
            1..=1_500,
        );
    }
    c.finish()
}
