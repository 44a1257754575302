//! Which actions of a definition are gates.

use super::{ActionDefinition, Text};
use crate::gate_functions::GateFunctions;
use crate::wildcard::Wildcards;

/// By which names a gate is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateNames {
    /// Names of functions.
    pub functions: GateFunctions,
    /// Names of actions. They count where a template leaves open which function an action invokes.
    pub actions: Wildcards,
}

/// Whether an action is a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recognition {
    /// It is.
    Gate,
    /// It is something else.
    Other,
    /// It invokes a function that is not known yet, and nothing suggests that it is the gate's.
    NotKnown,
}

impl GateNames {
    /// Whether the action is a gate. A function that is not known yet is the gate's if a word of what stands in the template is
    /// the name of one (`!ImportValue pipeline-gate`), or if the action's name is one of a gate's.
    pub fn recognize(&self, action: &ActionDefinition) -> Recognition {
        if !action.invokes_lambda() {
            return Recognition::Other;
        }
        let written = match &action.function {
            Some(Text::Known(function)) if self.functions.contains(function) => {
                return Recognition::Gate;
            }
            Some(Text::Known(_) | Text::NotText { .. }) | None => return Recognition::Other,
            Some(Text::Partly(written) | Text::Open(written)) => written,
        };
        if self.suggests_gate(written) || self.actions.matches(&action.name) {
            Recognition::Gate
        } else {
            Recognition::NotKnown
        }
    }

    fn suggests_gate(&self, written: &str) -> bool {
        written
            .split(|c: char| !c.is_alphanumeric() && c != '-' && c != '_')
            .map(|word| word.trim_matches(['-', '_']))
            .any(|word| self.functions.contains(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline_definition::Place;

    fn recognize(function: Option<Text>, action: &str) -> Recognition {
        recognize_of_provider("Lambda", function, action)
    }

    fn recognize_of_provider(provider: &str, function: Option<Text>, action: &str) -> Recognition {
        let names = GateNames {
            functions: GateFunctions::from_list("pipeline-gate,PipelineGate*,our_gate"),
            actions: Wildcards::from_list("*Gate"),
        };
        names.recognize(&ActionDefinition {
            name: action.to_owned(),
            run_order: 1,
            category: "Invoke".to_owned(),
            provider: provider.to_owned(),
            function,
            user_parameters: Vec::new(),
            namespace: None,
            region: None,
            place: Place {
                path: String::new(),
                line: None,
            },
        })
    }

    #[test]
    fn a_known_function_decides_alone() {
        let known = |name: &str| Some(Text::Known(name.to_owned()));
        for (function, recognition) in [
            (known("pipeline-gate"), Recognition::Gate),
            (
                known("arn:aws:lambda:us-east-1:111122223333:function:pipeline-gate:live"),
                Recognition::Gate,
            ),
            (known("smoke-test"), Recognition::Other),
            (None, Recognition::Other),
            (
                Some(Text::NotText {
                    found: "a list",
                    as_text: None,
                }),
                Recognition::Other,
            ),
        ] {
            assert_eq!(
                recognize(function.clone(), "HealthGate"),
                recognition,
                "{function:?}"
            );
        }
    }

    #[test]
    fn what_invokes_no_lambda_function_is_no_gate() {
        let gate = Some(Text::Known("pipeline-gate".to_owned()));
        let recognition = recognize_of_provider("StepFunctions", gate, "HealthGate");
        assert_eq!(recognition, Recognition::Other);
    }

    #[test]
    fn an_open_function_is_the_gate_s_if_a_word_or_the_action_s_name_says_so() {
        let open = |text: &str| Some(Text::Open(text.to_owned()));
        let partly = |text: &str| Some(Text::Partly(text.to_owned()));
        for (function, action, recognition) in [
            (open("!ImportValue pipeline-gate"), "X", Recognition::Gate),
            (
                open("!GetAtt PipelineGateFunction.Arn"),
                "X",
                Recognition::Gate,
            ),
            (partly("${Prefix}-pipeline-gate"), "X", Recognition::Gate),
            (open("!Ref Function"), "HealthGate", Recognition::Gate),
            (open("!ImportValue our_gate"), "X", Recognition::Gate),
            (open("!Ref Function"), "X", Recognition::NotKnown),
            (partly("${Prefix}-smoke-test"), "X", Recognition::NotKnown),
        ] {
            assert_eq!(
                recognize(function.clone(), action),
                recognition,
                "{function:?} {action}"
            );
        }
    }
}
