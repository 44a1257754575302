//! Reads the pipelines of a file: the answer of `aws codepipeline get-pipeline`, or a CloudFormation template, each in JSON or
//! YAML.
//!
//! What only CloudFormation knows stays open. A file that is not understood is refused with the place; nothing in it is
//! ignored that could hold a gate.

pub(crate) mod checks;
mod cloudformation;
mod intrinsic;
mod json;
mod node;
mod structure;
mod yaml;

use health_gate::{PipelineDefinition, Place};
use serde::Serialize;

use self::intrinsic::Template;
use self::node::{Node, Value};
use self::structure::{Letters, Structure};

/// What a file has to say about pipelines.
#[derive(Debug)]
pub(crate) struct Definitions {
    /// Its pipelines, in the order of the file.
    pub(crate) pipelines: Vec<PipelineDefinition>,
    /// What could hold more of them, or parts of them, and is known to CloudFormation only.
    pub(crate) unread: Vec<Unread>,
}

/// A place that only CloudFormation can read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Unread {
    /// Where it is.
    #[serde(flatten)]
    pub(crate) place: Place,
    /// What stands there.
    pub(crate) written: String,
}

const ACCEPTED: &str = "the output of `aws codepipeline get-pipeline`, or a CloudFormation template with a resource of type AWS::CodePipeline::Pipeline, in JSON or YAML";

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DefinitionError {
    /// There is nothing in it.
    #[error("the file is empty; accepted: {ACCEPTED}")]
    Empty,
    /// Not the format that it begins as.
    #[error("not {format}: {reason} (line {line}, column {column})")]
    Syntax {
        /// `JSON` or `YAML`.
        format: &'static str,
        /// In the words of the parser.
        reason: String,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// Something else than a pipeline or a template.
    #[error("no pipeline in it: it has {found}; accepted: {ACCEPTED}")]
    NoPipeline {
        /// What stands at the top.
        found: String,
    },
    /// Something of the wrong kind.
    #[error("{place}: must be {accepted}, and not {found}")]
    Shape {
        /// Where.
        place: Place,
        /// What stands there.
        found: String,
        /// What belongs there.
        accepted: &'static str,
    },
    /// More actions than a pipeline can have.
    #[error(
        "{place}: more than {} actions, which no pipeline can have",
        structure::MOST_ACTIONS
    )]
    TooManyActions {
        /// The pipeline.
        place: Place,
    },
}

/// Reads all pipelines of a file.
///
/// # Errors
/// [`DefinitionError`] if it is none of the accepted forms.
pub(crate) fn read(text: &str) -> Result<Definitions, DefinitionError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(DefinitionError::Empty);
    }
    let root = if text.trim_start().starts_with(['{', '[']) {
        json::parse(text)?
    } else {
        yaml::parse(text)?
    };
    if root.get("Resources").is_some() {
        return cloudformation::read(&root);
    }
    // With or without what surrounds it in the answer of GetPipeline.
    let pipeline = root.get("pipeline").unwrap_or(&root);
    if pipeline.get("stages").is_none() {
        return Err(DefinitionError::NoPipeline { found: top(&root) });
    }
    let template = Template::default();
    let mut structure = Structure::new(&template, Letters::Lower);
    let pipelines = structure.pipelines(pipeline, "pipeline", &node::place("", pipeline))?;
    Ok(Definitions {
        pipelines,
        unread: structure.unread,
    })
}

/// What stands at the top of a file, for an error.
fn top(root: &Node) -> String {
    match &root.value {
        Value::Map(members) if !members.is_empty() => {
            let keys: Vec<String> = members
                .iter()
                .take(5)
                .map(|(key, _)| format!("`{}`", node::one_line(key)))
                .collect();
            let more = if members.len() > keys.len() {
                ", …"
            } else {
                ""
            };
            format!("the keys {}{more} at the top", keys.join(", "))
        }
        Value::Map(_) | Value::List(_) | Value::Null | Value::Text { .. } => {
            format!("{} at the top", root.kind())
        }
    }
}

#[cfg(test)]
mod tests;
