//! Which functions are the gate's.

use crate::wildcard::Wildcards;

/// The functions whose failed actions are this gate's: names, in which `*` is any run of characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateFunctions(Wildcards);

impl GateFunctions {
    /// Reads a comma-separated list. ARN prefix and qualifier of an item do not count.
    pub fn from_list(text: &str) -> Self {
        let names: Vec<&str> = text.split(',').map(|item| name(item.trim())).collect();
        Self(Wildcards::from_list(&names.join(",")))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the function is one of them. An action may name it with ARN prefix and qualifier.
    pub fn contains(&self, function: &str) -> bool {
        self.0.matches(name(function))
    }
}

/// A function's name, without ARN prefix and qualifier.
fn name(function: &str) -> &str {
    let name = match function.split_once(":function:") {
        Some((_, name)) => name,
        None => function,
    };
    name.split(':').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_known_by_its_name_with_or_without_arn_and_qualifier() {
        let gates = GateFunctions::from_list(
            " pipeline-gate:live, arn:aws:lambda:eu-west-1:111122223333:function:other-gate:7, team-* ",
        );
        for (function, is_gate) in [
            ("pipeline-gate", true),
            (
                "arn:aws:lambda:us-east-1:111122223333:function:pipeline-gate:1",
                true,
            ),
            ("other-gate", true),
            ("team-a", true),
            ("smoke-test", false),
            ("", false),
        ] {
            assert_eq!(gates.contains(function), is_gate, "{function}");
        }
        assert!(!gates.is_empty());
        assert!(GateFunctions::from_list(" , ").is_empty());
    }
}
