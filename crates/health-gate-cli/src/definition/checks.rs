//! Checks every gate of a file's pipelines: its policy, as the gate itself reads it, and its place.

mod holes;

use health_gate::{
    AccountPolicy, ActionDefinition, Advice, GateNames, PipelineDefinition, Place, Policy,
    PolicyError, PolicyOrigin, PolicyProblem, Recognition, Region, Severity, StageDefinition, Text,
    advise, one_line,
};
use serde::Serialize;

use super::{Definitions, Unread};

/// What was found in a file.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Checked {
    /// Its pipelines, in the order of the file.
    pub(crate) pipelines: Vec<CheckedPipeline>,
    /// What only CloudFormation can read, and so was not checked.
    pub(crate) unread: Vec<Unread>,
}

/// What was found in a pipeline.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CheckedPipeline {
    /// Its name, or what stands in its place.
    pub(crate) name: String,
    /// Where it stands.
    #[serde(flatten)]
    pub(crate) place: Place,
    /// Its gates with their policies.
    pub(crate) gates: Vec<CheckedGate>,
    /// Actions that may be gates.
    pub(crate) not_known: Vec<NotKnown>,
    /// What is wrong with where the gates are.
    pub(crate) advice: Vec<Advice>,
}

/// A gate. One whose `UserParameters` a condition decides is there with each of them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CheckedGate {
    /// The stage that it is in.
    pub(crate) stage: String,
    /// The action's name.
    pub(crate) action: String,
    /// The function that it invokes, or what stands in its place.
    pub(crate) function: String,
    /// Where its `UserParameters` stand; without any, the action.
    #[serde(flatten)]
    pub(crate) place: Place,
    /// What they are.
    #[serde(flatten)]
    pub(crate) policy: PolicyCheck,
}

/// What the `UserParameters` of a gate are.
#[derive(Debug, Serialize)]
#[serde(
    tag = "status",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub(crate) enum PolicyCheck {
    /// A policy.
    Valid {
        /// All of it, with defaults.
        policy: Box<Policy>,
    },
    /// No policy: the gate would fail each job.
    Invalid {
        /// The stable reason code.
        code: &'static str,
        /// What is wrong and what is accepted.
        problem: String,
        /// What to write instead.
        #[serde(skip_serializing_if = "Option::is_none")]
        remedy: Option<String>,
    },
    /// Not known yet. What is known of it is right.
    NotChecked {
        /// Why.
        reason: &'static str,
    },
}

/// An action that may be a gate.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NotKnown {
    /// The stage that it is in.
    pub(crate) stage: String,
    /// The action's name.
    pub(crate) action: String,
    /// What stands in the place of the function's name.
    pub(crate) function: String,
    /// Where the action stands.
    #[serde(flatten)]
    pub(crate) place: Place,
}

impl Checked {
    /// Whether anything keeps a gate from doing what it is for.
    pub(crate) fn has_errors(&self) -> bool {
        self.pipelines.iter().any(|pipeline| {
            let invalid = |gate: &CheckedGate| matches!(gate.policy, PolicyCheck::Invalid { .. });
            pipeline.gates.iter().any(invalid)
                || pipeline
                    .advice
                    .iter()
                    .any(|advice| advice.severity == Severity::Error)
        })
    }
}

/// How gates are known, and what their policies begin with.
#[derive(Debug)]
pub(crate) struct Checks<'a> {
    /// By which names a gate is known.
    pub(crate) names: &'a GateNames,
    /// The policy of the account.
    pub(crate) account: &'a AccountPolicy,
    /// The region of the pipelines.
    pub(crate) region: &'a Region,
}

impl Checks<'_> {
    /// Checks all pipelines of a file.
    pub(crate) fn of(&self, definitions: Definitions) -> Checked {
        let pipelines = definitions.pipelines.iter();
        Checked {
            pipelines: pipelines.map(|pipeline| self.pipeline(pipeline)).collect(),
            unread: definitions.unread,
        }
    }

    /// Checks one pipeline.
    pub(crate) fn pipeline(&self, pipeline: &PipelineDefinition) -> CheckedPipeline {
        let mut checked = CheckedPipeline {
            name: pipeline.name.clone(),
            place: pipeline.place.clone(),
            gates: Vec::new(),
            not_known: Vec::new(),
            advice: advise(pipeline, self.names),
        };
        for stage in &pipeline.stages {
            for action in &stage.actions {
                match self.names.recognize(action) {
                    Recognition::Gate => self.gate(stage, action, &mut checked.gates),
                    Recognition::NotKnown => checked.not_known.push(NotKnown {
                        stage: stage.name.clone(),
                        action: action.name.clone(),
                        function: function(action),
                        place: action.place.clone(),
                    }),
                    Recognition::Other => {}
                }
            }
        }
        checked
    }

    fn gate(&self, stage: &StageDefinition, gate: &ActionDefinition, gates: &mut Vec<CheckedGate>) {
        let region = gate
            .region
            .as_ref()
            .and_then(Text::known)
            .and_then(|region| region.parse().ok());
        let region = region.as_ref().unwrap_or(self.region);
        let mut add = |place: &Place, policy| {
            gates.push(CheckedGate {
                stage: stage.name.clone(),
                action: gate.name.clone(),
                function: function(gate),
                place: place.clone(),
                policy,
            });
        };
        let without_any = self.account.for_action(None, region);
        if gate.user_parameters.is_empty() {
            add(&gate.place, without_any.clone().into());
        }
        for given in &gate.user_parameters {
            let policy = match &without_any {
                Ok(_) => self.policy(&given.text, region),
                Err(of_account) => of_account.clone().into(),
            };
            add(&given.place, policy);
        }
    }

    fn policy(&self, text: &Text, region: &Region) -> PolicyCheck {
        let read = |text: &str| self.account.for_action(Some(text), region);
        match text {
            Text::Known(text) => holes::check(text, &holes::VARIABLES, read),
            Text::Partly(text) => holes::check(text, &holes::NAMES_AND_VARIABLES, read),
            Text::Open(_) => PolicyCheck::NotChecked {
                reason: "known only when the template is deployed",
            },
            Text::NotText { found, as_text } => PolicyCheck::not_text(found, as_text.as_deref()),
        }
    }
}

impl PolicyCheck {
    fn not_text(found: &'static str, as_text: Option<&str>) -> Self {
        let error = PolicyError {
            origin: PolicyOrigin::UserParameters,
            problem: PolicyProblem::NotAString { found },
        };
        let remedy = match as_text {
            Some(text) => format!("UserParameters: '{}'", text.replace('\'', "''")),
            None => "UserParameters: '{\"regions\": [\"us-east-1\", \"global\"]}'".to_owned(),
        };
        Self::Invalid {
            code: error.code(),
            problem: error.to_string(),
            remedy: Some(one_line(&format!("write it as one text: {remedy}"))),
        }
    }
}

impl From<PolicyError> for PolicyCheck {
    fn from(error: PolicyError) -> Self {
        Self::Invalid {
            code: error.code(),
            problem: error.to_string(),
            remedy: None,
        }
    }
}

impl From<Result<Policy, PolicyError>> for PolicyCheck {
    fn from(read: Result<Policy, PolicyError>) -> Self {
        match read {
            Ok(policy) => Self::Valid {
                policy: Box::new(policy),
            },
            Err(error) => error.into(),
        }
    }
}

/// The function that an action invokes, as far as it is known.
fn function(action: &ActionDefinition) -> String {
    action
        .function
        .as_ref()
        .map(Text::to_string)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
