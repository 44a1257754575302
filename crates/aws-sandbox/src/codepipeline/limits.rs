//! The constraints that the service's model has for the structure of a pipeline.

use super::NAME;
use super::declaration::{ActionDeclaration, ArtifactStore, PipelineDeclaration};
use crate::constraints::Constraints;
use crate::service_error::ServiceError;

const ROLE: &str = r"arn:aws(-[\w]+)*:iam::[0-9]{12}:role/.*";
const VARIABLE: &str = r"[A-Za-z0-9@\-_]+";
const WORD: &str = r"[0-9A-Za-z_-]+";

/// Refuses what breaks a constraint, all of it in one error.
pub(super) fn check(pipeline: &PipelineDeclaration) -> Result<(), ServiceError> {
    let mut c = Constraints::default();
    let c = &mut c;
    text(c, "pipeline.name", &pipeline.name, 1..=100, NAME);
    text(c, "pipeline.roleArn", &pipeline.role_arn, 0..=1_024, ROLE);
    if let Some(store) = &pipeline.artifact_store {
        check_store(c, "pipeline.artifactStore", store);
    }
    for (region, store) in pipeline.artifact_stores.iter().flatten() {
        check_store(
            c,
            &format!("pipeline.artifactStores.{region}.member"),
            store,
        );
    }
    for (s, stage) in pipeline.stages.iter().enumerate() {
        let path = format!("pipeline.stages.{}.member", s + 1);
        text(c, &format!("{path}.name"), &stage.name, 1..=100, NAME);
        for (a, action) in stage.actions.iter().enumerate() {
            check_action(c, &format!("{path}.actions.{}.member", a + 1), action);
        }
    }
    c.range("pipeline.version", Some(pipeline.version), 1..=i64::MAX);
    c.one_of(
        "pipeline.pipelineType",
        Some(&pipeline.pipeline_type),
        &["V1", "V2"],
    );
    c.length("pipeline.variables", Some(pipeline.variables.len()), 0..=50);
    for (v, variable) in pipeline.variables.iter().enumerate() {
        let path = format!("pipeline.variables.{}.member", v + 1);
        text(
            c,
            &format!("{path}.name"),
            &variable.name,
            1..=128,
            VARIABLE,
        );
        c.text(
            &format!("{path}.defaultValue"),
            variable.default_value.as_ref(),
            1..=1_000,
        );
        c.text(
            &format!("{path}.description"),
            variable.description.as_ref(),
            0..=200,
        );
    }
    std::mem::take(c).finish()
}

fn text(
    c: &mut Constraints,
    path: &str,
    text: &String,
    length: std::ops::RangeInclusive<usize>,
    pattern: &str,
) {
    c.text(path, Some(text), length);
    c.pattern(path, Some(text), pattern);
}

fn check_store(c: &mut Constraints, path: &str, store: &ArtifactStore) {
    c.one_of(&format!("{path}.type"), Some(&store.r#type), &["S3"]);
    text(
        c,
        &format!("{path}.location"),
        &store.location,
        3..=63,
        r"[a-zA-Z0-9\-\.]+",
    );
    if let Some(key) = &store.encryption_key {
        c.text(&format!("{path}.encryptionKey.id"), Some(&key.id), 1..=400);
        c.one_of(
            &format!("{path}.encryptionKey.type"),
            Some(&key.r#type),
            &["KMS"],
        );
    }
}

fn check_action(c: &mut Constraints, path: &str, action: &ActionDeclaration) {
    text(c, &format!("{path}.name"), &action.name, 1..=100, NAME);
    let id = &action.action_type_id;
    let categories = [
        "Source", "Build", "Deploy", "Test", "Invoke", "Approval", "Compute",
    ];
    c.one_of(
        &format!("{path}.actionTypeId.category"),
        Some(&id.category),
        &categories,
    );
    let owners = ["AWS", "ThirdParty", "Custom"];
    c.one_of(
        &format!("{path}.actionTypeId.owner"),
        Some(&id.owner),
        &owners,
    );
    text(
        c,
        &format!("{path}.actionTypeId.provider"),
        &id.provider,
        1..=35,
        WORD,
    );
    text(
        c,
        &format!("{path}.actionTypeId.version"),
        &id.version,
        1..=9,
        WORD,
    );
    c.range(
        &format!("{path}.runOrder"),
        Some(action.run_order.into()),
        1..=999,
    );
    for (key, value) in &action.configuration {
        c.text(
            &format!("{path}.configuration.{key}.key"),
            Some(key),
            1..=50,
        );
        c.text(
            &format!("{path}.configuration.{key}.member"),
            Some(value),
            1..=1_000,
        );
    }
    for (list, artifacts) in [
        ("outputArtifacts", &action.output_artifacts),
        ("inputArtifacts", &action.input_artifacts),
    ] {
        for (n, artifact) in artifacts.iter().enumerate() {
            let path = format!("{path}.{list}.{}.member.name", n + 1);
            text(c, &path, &artifact.name, 1..=100, r"[a-zA-Z0-9_\-]+");
        }
    }
    if let Some(role) = &action.role_arn {
        text(c, &format!("{path}.roleArn"), role, 0..=1_024, ROLE);
    }
    c.text(&format!("{path}.region"), action.region.as_ref(), 4..=30);
    if let Some(namespace) = &action.namespace {
        text(
            c,
            &format!("{path}.namespace"),
            namespace,
            1..=100,
            VARIABLE,
        );
    }
    c.range(
        &format!("{path}.timeoutInMinutes"),
        action.timeout_in_minutes,
        5..=86_400,
    );
}
