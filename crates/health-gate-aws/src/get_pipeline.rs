//! GetPipeline: how a pipeline is defined.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the SDK's enums are non-exhaustive: a wildcard is required"
)]

use aws_sdk_codepipeline::types;
use health_gate::{
    ActionDefinition, OnFailure, OnFailureResult, PipelineDefinition, Place, StageDefinition, Text,
    UserParameters,
};

use crate::clients::Clients;
use crate::pipeline_ref::PipelineRef;
use crate::refusal::Refusal;

/// Reads the definition of a pipeline of the clients' region, and its ARN.
///
/// # Errors
/// [`Refusal`] if it could not be read.
pub async fn pipeline_definition(
    clients: &Clients,
    name: &str,
) -> Result<(PipelineRef, PipelineDefinition), Refusal> {
    clients.pace.turn().await;
    let output = clients
        .codepipeline
        .get_pipeline()
        .name(name)
        .send()
        .await?;
    let pipeline = output
        .pipeline
        .ok_or_else(|| Refusal::no_answer("the answer has no pipeline"))?;
    let reference = PipelineRef {
        name: name.to_owned(),
        region: clients.region.clone(),
        arn: output.metadata.and_then(|metadata| metadata.pipeline_arn),
    };
    Ok((reference, definition(pipeline)))
}

fn place(path: String) -> Place {
    Place { path, line: None }
}

/// Paths are those of the AWS CLI's output.
fn definition(pipeline: types::PipelineDeclaration) -> PipelineDefinition {
    let stages = pipeline.stages.into_iter().enumerate();
    PipelineDefinition {
        name: pipeline.name,
        stages: stages
            .map(|(number, declared)| stage(declared, format!("pipeline.stages[{number}]")))
            .collect(),
        place: place("pipeline".to_owned()),
    }
}

fn stage(stage: types::StageDeclaration, at: String) -> StageDefinition {
    let on_failure = stage.on_failure.and_then(|on_failure| on_failure.result);
    let actions = stage.actions.into_iter().enumerate();
    StageDefinition {
        name: stage.name,
        actions: actions
            .map(|(number, declared)| action(declared, format!("{at}.actions[{number}]")))
            .collect(),
        on_failure: on_failure.map(|result| OnFailure {
            result: match result {
                types::Result::Rollback => OnFailureResult::Rollback,
                types::Result::Retry => OnFailureResult::Retry,
                _ => OnFailureResult::Other,
            },
            place: place(format!("{at}.onFailure.result")),
        }),
        place: place(at),
    }
}

fn action(action: types::ActionDeclaration, at: String) -> ActionDefinition {
    let mut configuration = action.configuration.unwrap_or_default();
    let kind = action.action_type_id;
    let parameters = configuration.remove("UserParameters");
    ActionDefinition {
        name: action.name,
        run_order: action
            .run_order
            .and_then(|order| order.try_into().ok())
            .unwrap_or(1),
        category: kind
            .as_ref()
            .map(|kind| kind.category.as_str().to_owned())
            .unwrap_or_default(),
        provider: kind.map(|kind| kind.provider).unwrap_or_default(),
        function: configuration.remove("FunctionName").map(Text::Known),
        user_parameters: parameters
            .map(|text| UserParameters {
                text: Text::Known(text),
                place: place(format!("{at}.configuration.UserParameters")),
            })
            .into_iter()
            .collect(),
        namespace: action.namespace.map(Text::Known),
        region: action.region.map(Text::Known),
        place: place(at),
    }
}
