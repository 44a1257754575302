//! A pipeline as its owner defines it: what stands in its stages, and where.
//!
//! The definition may come from CodePipeline itself or from an infrastructure template, which leaves some of its texts
//! open until it is deployed. Nothing here knows a file format; places are handed in.

mod advice;
mod gate_names;
mod text;

use std::fmt;

use serde::Serialize;

pub use advice::{Advice, AdviceCode, Severity, advise};
pub use gate_names::{GateNames, Recognition};
pub use text::Text;

/// The most characters that CodePipeline takes as `UserParameters` (user guide, "Quotas").
pub(crate) const LONGEST_USER_PARAMETERS: usize = 1_000;

/// Where something stands in a definition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The way to it from the top, like `stages[1].actions[0]`.
    pub path: String,
    /// The line of the file, from 1, as far as it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.path.is_empty() {
            "the whole file"
        } else {
            &self.path
        })?;
        match self.line {
            Some(line) => write!(f, " (line {line})"),
            None => Ok(()),
        }
    }
}

/// A pipeline: stages one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineDefinition {
    /// Its name, or what stands in its place.
    pub name: String,
    /// Its stages, in order. Of stages that exclude each other by a condition of a template, all.
    pub stages: Vec<StageDefinition>,
    /// Where it stands.
    pub place: Place,
}

/// A stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageDefinition {
    /// Its name, or what stands in its place.
    pub name: String,
    /// Its actions, in the order of the definition; when each runs is its run order.
    pub actions: Vec<ActionDefinition>,
    /// What CodePipeline does when the stage fails, if it is to do anything.
    pub on_failure: Option<OnFailure>,
    /// Where it stands.
    pub place: Place,
}

/// What CodePipeline does when a stage fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnFailure {
    /// The result that is configured.
    pub result: OnFailureResult,
    /// Where it stands.
    pub place: Place,
}

/// The result of a stage's `onFailure`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailureResult {
    /// The stage goes back to what it had before.
    Rollback,
    /// The stage is retried once, at once.
    Retry,
    /// Any other word, or one that is not known yet.
    Other,
}

/// An action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionDefinition {
    /// Its name, or what stands in its place.
    pub name: String,
    /// When it runs in its stage; actions of the same run order run at the same time. 1 if it is left out.
    pub run_order: u32,
    /// The category of its type, like `Deploy`, or what stands in its place.
    pub category: String,
    /// The provider of its type, like `Lambda`, or what stands in its place.
    pub provider: String,
    /// The function that it invokes.
    pub function: Option<Text>,
    /// What it hands to the function; more than one where a condition of a template decides.
    pub user_parameters: Vec<UserParameters>,
    /// The namespace of its output variables.
    pub namespace: Option<Text>,
    /// The region that it runs in, if that is not the pipeline's.
    pub region: Option<Text>,
    /// Where it stands.
    pub place: Place,
}

impl ActionDefinition {
    /// Whether it invokes a function.
    pub fn invokes_lambda(&self) -> bool {
        self.category == "Invoke" && self.provider == "Lambda"
    }

    /// Whether it deploys, as far as its type says so. A build can deploy as well, and nobody sees it.
    fn deploys(&self) -> bool {
        self.category == "Deploy"
    }

    /// Whether it waits for a person.
    fn is_approval(&self) -> bool {
        self.category == "Approval"
    }
}

/// The `UserParameters` of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserParameters {
    /// What stands there.
    pub text: Text,
    /// Where it stands.
    pub place: Place,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_shown_with_its_line_if_that_is_known() {
        let place = |line| Place {
            path: "stages[0]".to_owned(),
            line,
        };
        assert_eq!(place(None).to_string(), "stages[0]");
        assert_eq!(place(Some(7)).to_string(), "stages[0] (line 7)");
    }
}
