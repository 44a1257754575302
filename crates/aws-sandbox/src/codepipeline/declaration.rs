//! Pipelines as their owners declare them: the structure of CreatePipeline, UpdatePipeline and GetPipeline.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ACCOUNT_ID;

/// A pipeline: stages one after the other.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PipelineDeclaration {
    /// The pipeline's name.
    pub name: String,
    /// The role that CodePipeline works with. Nothing checks what it may.
    pub role_arn: String,
    /// Where artifacts are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_store: Option<ArtifactStore>,
    /// The same for a pipeline with actions in several regions, by region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_stores: Option<BTreeMap<String, ArtifactStore>>,
    /// Its stages, in order.
    pub stages: Vec<StageDeclaration>,
    /// Counted by CodePipeline, from 1.
    #[serde(default = "first_version")]
    pub version: i64,
    /// What executions do that meet.
    #[serde(default)]
    pub execution_mode: ExecutionMode,
    /// `V2`, or `V1` if it is left out.
    #[serde(default = "v1")]
    pub pipeline_type: String,
    /// The variables that an execution may be started with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<VariableDeclaration>,
}

/// What executions do that meet at a stage (user guide, "Set or change the pipeline execution mode").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ExecutionMode {
    /// The newest of those that wait takes the place of the others.
    #[default]
    Superseded,
    /// They wait in the order in which they came.
    Queued,
    /// They do not meet.
    Parallel,
}

impl ExecutionMode {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Superseded => "SUPERSEDED",
            Self::Queued => "QUEUED",
            Self::Parallel => "PARALLEL",
        }
    }
}

/// A bucket for artifacts.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ArtifactStore {
    /// `S3`.
    pub r#type: String,
    /// The bucket's name.
    pub location: String,
    /// The key that artifacts are encrypted with, if it is not the usual one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption_key: Option<EncryptionKey>,
}

/// A key of KMS.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EncryptionKey {
    /// The key's id or ARN.
    pub id: String,
    /// `KMS`.
    pub r#type: String,
}

/// A variable of a pipeline.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VariableDeclaration {
    /// `#{variables.NAME}`.
    pub name: String,
    /// Its value in an execution that is started without it; without this the variable is required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_value: Option<String>,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A stage: actions of the same run order run together, the next run order after all of them have succeeded.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StageDeclaration {
    /// The stage's name.
    pub name: String,
    /// Its actions.
    pub actions: Vec<ActionDeclaration>,
}

/// An action of a stage.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ActionDeclaration {
    /// The action's name.
    pub name: String,
    /// What it is.
    pub action_type_id: ActionTypeId,
    /// When it runs in its stage, from 1.
    #[serde(default = "first_run_order")]
    pub run_order: u32,
    /// What it does it with. Values may refer to variables: `#{namespace.key}`.
    #[serde(default)]
    pub configuration: BTreeMap<String, String>,
    /// What it makes.
    #[serde(default)]
    pub output_artifacts: Vec<ArtifactName>,
    /// What it needs.
    #[serde(default)]
    pub input_artifacts: Vec<ArtifactName>,
    /// The role that it works with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// Where it runs, if not where the pipeline is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// For approvals only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_in_minutes: Option<i64>,
    /// By which later actions refer to its output variables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// What kind of action it is.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ActionTypeId {
    /// `Source`, `Deploy`, `Invoke`.
    pub category: String,
    /// `AWS`.
    pub owner: String,
    /// `S3`, `Lambda`.
    pub provider: String,
    /// `1`.
    pub version: String,
    /// Real CodePipeline sends this member, which its model does not know, and people send back what they got.
    #[serde(default, rename = "__type", skip_serializing_if = "Option::is_none")]
    pub wire_type: Option<String>,
}

/// An artifact by its name.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ArtifactName {
    /// The name, unique in the pipeline.
    pub name: String,
}

/// The kinds of action that the sandbox plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ActionKind {
    /// Brings a revision.
    Source,
    /// Invokes a function with a job, and ends as the job does.
    Lambda,
    /// Stands for a deployment: takes its time and ends.
    Deploy,
}

fn first_version() -> i64 {
    1
}

fn first_run_order() -> u32 {
    1
}

fn v1() -> String {
    "V1".to_owned()
}

impl PipelineDeclaration {
    /// A V2 pipeline in SUPERSEDED mode.
    pub fn new(name: &str, stages: Vec<StageDeclaration>) -> Self {
        Self {
            name: name.to_owned(),
            role_arn: format!("arn:aws:iam::{ACCOUNT_ID}:role/pipeline"),
            artifact_store: Some(ArtifactStore {
                r#type: "S3".to_owned(),
                location: "artifacts".to_owned(),
                encryption_key: None,
            }),
            artifact_stores: None,
            stages,
            version: 1,
            execution_mode: ExecutionMode::Superseded,
            pipeline_type: "V2".to_owned(),
            variables: Vec::new(),
        }
    }

    /// In another execution mode.
    pub fn in_mode(self, execution_mode: ExecutionMode) -> Self {
        Self {
            execution_mode,
            ..self
        }
    }

    /// The store of a region, or the only one.
    pub(super) fn store(&self, region: &str) -> Option<&ArtifactStore> {
        let of_region = self
            .artifact_stores
            .as_ref()
            .and_then(|all| all.get(region));
        of_region.or(self.artifact_store.as_ref())
    }
}

impl StageDeclaration {
    /// A stage with these actions.
    pub fn new(name: &str, actions: Vec<ActionDeclaration>) -> Self {
        Self {
            name: name.to_owned(),
            actions,
        }
    }
}

impl ActionDeclaration {
    fn new(name: &str, category: &str, provider: &str, configuration: &[(&str, &str)]) -> Self {
        let text = |text: &str| text.to_owned();
        Self {
            name: text(name),
            action_type_id: ActionTypeId {
                category: text(category),
                owner: text("AWS"),
                provider: text(provider),
                version: text("1"),
                wire_type: None,
            },
            run_order: 1,
            configuration: configuration
                .iter()
                .map(|(key, value)| (text(key), text(value)))
                .collect(),
            output_artifacts: Vec::new(),
            input_artifacts: Vec::new(),
            role_arn: None,
            region: None,
            timeout_in_minutes: None,
            namespace: None,
        }
    }

    /// Brings the revision of an object of S3, as the artifact `Source`.
    pub fn source(name: &str) -> Self {
        let configuration = [
            ("S3Bucket", "source"),
            ("S3ObjectKey", "release.zip"),
            ("PollForSourceChanges", "false"),
        ];
        let artifact = ArtifactName {
            name: "Source".to_owned(),
        };
        Self {
            output_artifacts: vec![artifact],
            ..Self::new(name, "Source", "S3", &configuration)
        }
    }

    /// Invokes a function.
    pub fn lambda(name: &str, function: &str, user_parameters: Option<&str>) -> Self {
        let mut action = Self::new(name, "Invoke", "Lambda", &[("FunctionName", function)]);
        if let Some(text) = user_parameters {
            action
                .configuration
                .insert("UserParameters".to_owned(), text.to_owned());
        }
        action
    }

    /// Stands for a deployment to a bucket. How long one takes and how it ends is said of the bucket, with
    /// [`CodePipeline::set_deployment`](super::CodePipeline::set_deployment).
    pub fn deploy(name: &str, bucket: &str) -> Self {
        let configuration = [
            ("BucketName", bucket),
            ("Extract", "false"),
            ("ObjectKey", "deployed"),
        ];
        Self::new(name, "Deploy", "S3", &configuration)
    }

    /// With another run order.
    pub fn run_order(self, run_order: u32) -> Self {
        Self { run_order, ..self }
    }

    /// With a namespace for its output variables.
    pub fn namespace(self, namespace: &str) -> Self {
        Self {
            namespace: Some(namespace.to_owned()),
            ..self
        }
    }

    /// What the sandbox plays it as; `None` if it does not know the type.
    pub(super) fn kind(&self) -> Option<ActionKind> {
        let id = &self.action_type_id;
        match [&*id.category, &*id.owner, &*id.provider, &*id.version] {
            ["Source", "AWS", "S3", "1"] => Some(ActionKind::Source),
            ["Invoke", "AWS", "Lambda", "1"] => Some(ActionKind::Lambda),
            ["Deploy", "AWS", "S3", "1"] => Some(ActionKind::Deploy),
            _ => None,
        }
    }
}
