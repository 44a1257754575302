//! One attempt of an action: an action execution.

use std::collections::BTreeMap;

use super::declaration::{ActionDeclaration, ActionKind};
use super::execution::Artifact;
use super::place::Place;
use super::status::Status;
use crate::timestamp::Timestamp;

/// One attempt of an action.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) id: String,
    pub(super) place: Place,
    pub(super) stage: String,
    /// The action's place in its stage.
    pub(super) action: usize,
    /// As declared.
    pub(super) declaration: ActionDeclaration,
    /// Its configuration with the variables replaced.
    pub(super) resolved: BTreeMap<String, String>,
    /// Where it runs.
    pub(super) region: String,
    pub(super) version: i64,
    pub(super) start: Timestamp,
    pub(super) last_update: Timestamp,
    pub(super) status: Status,
    pub(super) failure: Option<Failure>,
    /// The function could be invoked, or the deployment begin: something outside knows of it.
    pub(super) is_external: bool,
    pub(super) output_variables: BTreeMap<String, String>,
    pub(super) inputs: Vec<(String, Artifact)>,
    pub(super) outputs: Vec<(String, Artifact)>,
}

/// Why an attempt failed.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    /// `JobFailed`.
    pub(super) code: String,
    pub(super) message: String,
}

impl Failure {
    pub(super) fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
        }
    }
}

impl Attempt {
    pub(super) fn kind(&self) -> ActionKind {
        self.declaration
            .kind()
            .expect("only actions of known kinds run")
    }

    /// What the action is called outside: a Lambda action's function, always (seen with real CodePipeline).
    pub(super) fn external_id(&self) -> Option<String> {
        let value = |key: &str| self.resolved.get(key).map_or("", String::as_str);
        match self.kind() {
            _ if !self.is_external => None,
            ActionKind::Lambda => Some(value("FunctionName").to_owned()),
            ActionKind::Deploy if self.status == Status::Succeeded => {
                Some(format!("{}/{}", value("BucketName"), value("ObjectKey")))
            }
            ActionKind::Deploy | ActionKind::Source => None,
        }
    }

    /// Where the console shows it.
    pub(super) fn external_url(&self) -> Option<String> {
        let function = self
            .external_id()
            .filter(|_| self.kind() == ActionKind::Lambda)?;
        Some(format!(
            "https://console.aws.amazon.com/cloudwatch/home?region={}#logStream:group=%252Faws%252Flambda%252F{function}",
            self.region
        ))
    }

    /// What is said of a success.
    pub(super) fn success_summary(&self) -> Option<String> {
        match self.kind() {
            _ if self.status != Status::Succeeded => None,
            ActionKind::Deploy => Some("Deployment Succeeded".to_owned()),
            ActionKind::Source => self.revision().map(|id| revision_summary(&id)),
            ActionKind::Lambda => None,
        }
    }

    /// The revision that a source action brought.
    pub(super) fn revision(&self) -> Option<String> {
        self.output_variables.get("VersionId").cloned()
    }
}

pub(super) fn revision_summary(revision: &str) -> String {
    format!("Amazon S3 version id: {revision}")
}
