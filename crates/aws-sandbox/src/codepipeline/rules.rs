//! What CreatePipeline and UpdatePipeline demand of a pipeline: the model's constraints, and the rules of "CodePipeline
//! pipeline structure reference" that concern what the sandbox plays.

use std::collections::{BTreeMap, BTreeSet};

use super::declaration::{ActionDeclaration, ActionKind, PipelineDeclaration};
use super::variables::{self, CODEPIPELINE, PIPELINE};
use super::{id, limits};
use crate::constraints::Constraints;
use crate::service_error::ServiceError;

/// Refuses what CodePipeline would refuse.
pub(super) fn check(pipeline: &PipelineDeclaration, region: &str) -> Result<(), ServiceError> {
    limits::check(pipeline)?;
    structure(pipeline)?;
    artifacts(pipeline)?;
    let mut namespaces = BTreeSet::from([CODEPIPELINE]);
    if !pipeline.variables.is_empty() {
        namespaces.insert(PIPELINE);
    }
    for stage in &pipeline.stages {
        for group in run_orders(&stage.actions) {
            for action in &group {
                check_action(action, region)?;
                check_references(&stage.name, action, &namespaces)?;
            }
            for namespace in group
                .iter()
                .filter_map(|action| action.namespace.as_deref())
            {
                if !namespaces.insert(namespace) {
                    let message = format!(
                        "The namespace '{namespace}' is used more than once, or is reserved"
                    );
                    return Err(ServiceError::new(
                        "InvalidActionDeclarationException",
                        message,
                    ));
                }
            }
        }
    }
    Ok(())
}

/// The actions of a stage, those that run together in one group.
fn run_orders(actions: &[ActionDeclaration]) -> Vec<Vec<&ActionDeclaration>> {
    let mut groups: BTreeMap<u32, Vec<&ActionDeclaration>> = BTreeMap::new();
    for action in actions {
        groups.entry(action.run_order).or_default().push(action);
    }
    groups.into_values().collect()
}

fn structure(pipeline: &PipelineDeclaration) -> Result<(), ServiceError> {
    let refuse = |message: String| Err(ServiceError::new("InvalidStructureException", message));
    if pipeline.artifact_store.is_some() == pipeline.artifact_stores.is_some() {
        return refuse(
            "A pipeline must have either artifactStore or artifactStores, and not both".to_owned(),
        );
    }
    if pipeline.stages.len() < 2 {
        return refuse(format!(
            "Pipeline should have at least 2 stages, but has {}",
            pipeline.stages.len()
        ));
    }
    let mut names = BTreeSet::new();
    for (s, stage) in pipeline.stages.iter().enumerate() {
        if !names.insert(&stage.name) {
            return refuse(format!(
                "Stage name '{}' is used more than once",
                stage.name
            ));
        }
        if stage.actions.is_empty() {
            return refuse(format!(
                "Stage '{}' should have at least 1 action",
                stage.name
            ));
        }
        let mut actions = BTreeSet::new();
        for action in &stage.actions {
            if !actions.insert(&action.name) {
                return refuse(format!(
                    "Action name '{}' is used more than once in stage '{}'",
                    action.name, stage.name
                ));
            }
            if (action.action_type_id.category == "Source") != (s == 0) {
                return refuse("The first stage, and no other, should have actions of the category Source, and only these".to_owned());
            }
        }
    }
    if pipeline.pipeline_type == "V1" && pipeline.execution_mode != super::ExecutionMode::Superseded
    {
        return refuse(format!(
            "Pipelines of type V1 do not have the execution mode {}",
            pipeline.execution_mode.as_str()
        ));
    }
    Ok(())
}

/// What an action needs, an earlier one has to make, and each artifact is made once.
fn artifacts(pipeline: &PipelineDeclaration) -> Result<(), ServiceError> {
    let refuse = |message: String| {
        Err(ServiceError::new(
            "InvalidActionDeclarationException",
            message,
        ))
    };
    let mut made = BTreeSet::new();
    for group in pipeline
        .stages
        .iter()
        .flat_map(|stage| run_orders(&stage.actions))
    {
        for action in &group {
            for needed in &action.input_artifacts {
                if !made.contains(&needed.name) {
                    return refuse(format!(
                        "Action '{}' needs the artifact '{}', which no earlier action makes",
                        action.name, needed.name
                    ));
                }
            }
        }
        for artifact in group.iter().flat_map(|action| &action.output_artifacts) {
            if !made.insert(artifact.name.clone()) {
                return refuse(format!(
                    "The artifact '{}' is made more than once",
                    artifact.name
                ));
            }
        }
    }
    Ok(())
}

/// The configuration keys that an action must and may have.
fn keys(kind: ActionKind) -> (&'static [&'static str], &'static [&'static str]) {
    match kind {
        ActionKind::Source => (
            &["S3Bucket", "S3ObjectKey"],
            &["PollForSourceChanges", "AllowOverrideForS3ObjectKey"],
        ),
        ActionKind::Lambda => (&["FunctionName"], &["UserParameters"]),
        ActionKind::Deploy => (
            &["BucketName", "Extract"],
            &[
                "ObjectKey",
                "KMSEncryptionKeyARN",
                "CannedACL",
                "CacheControl",
            ],
        ),
    }
}

fn check_action(action: &ActionDeclaration, region: &str) -> Result<(), ServiceError> {
    let refuse = |message: String| {
        Err(ServiceError::new(
            "InvalidActionDeclarationException",
            message,
        ))
    };
    let Some(kind) = action.kind() else {
        let of = &action.action_type_id;
        return refuse(format!(
            "ActionType (Category: '{}', Provider: '{}', Owner: '{}', Version: '{}') in action '{}' is not available in region {}",
            of.category,
            of.provider,
            of.owner,
            of.version,
            action.name,
            action.region.as_deref().unwrap_or(region)
        ));
    };
    if action.timeout_in_minutes.is_some() {
        return refuse(format!(
            "Action '{}' has a timeoutInMinutes, which only approvals have",
            action.name
        ));
    }
    let is_region = |region: &String| {
        region
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    if let Some(region) = action.region.as_ref().filter(|region| !is_region(region)) {
        return refuse(format!(
            "Action '{}' has a region that is none: {region:?}",
            action.name
        ));
    }
    let (required, optional) = keys(kind);
    let has = |key: &&&str| action.configuration.contains_key(**key);
    if let Some(key) = required.iter().find(|key| !has(key)) {
        return refuse(format!(
            "Action configuration for action '{}' is missing required configuration '{key}'",
            action.name
        ));
    }
    let known = |key: &str| required.contains(&key) || optional.contains(&key);
    if let Some(key) = action.configuration.keys().find(|key| !known(key)) {
        return refuse(format!(
            "Action configuration for action '{}' contains unknown configuration '{key}'",
            action.name
        ));
    }
    Ok(())
}

fn check_references(
    stage: &str,
    action: &ActionDeclaration,
    namespaces: &BTreeSet<&str>,
) -> Result<(), ServiceError> {
    let mut unknown = Vec::new();
    for (key, text) in &action.configuration {
        for reference in variables::references(text) {
            if !namespaces.contains(reference.namespace) {
                unknown.push(format!(
                    "StageName=[{stage}], ActionName=[{}], ActionConfigurationKey=[{key}], VariableReferenceText=[{}]",
                    action.name, reference.text
                ));
            }
        }
    }
    if unknown.is_empty() {
        return Ok(());
    }
    let message = format!(
        "Valid format for a pipeline execution variable reference is a namespace and a key separated by a period (.). \
         The following pipeline execution variables are referencing a namespace that does not exist.\n{}",
        unknown.join("\n")
    );
    Err(ServiceError::new(
        "InvalidActionDeclarationException",
        message,
    ))
}

/// The constraints of an operation that names a stage of an execution.
pub(super) fn stage_of_execution(
    c: &mut Constraints,
    (pipeline, stage): (Option<&String>, Option<&String>),
    (execution_path, execution): (&str, Option<&String>),
) {
    super::name(c, "pipelineName", pipeline);
    super::name(c, "stageName", stage);
    id(c, execution_path, execution);
}
