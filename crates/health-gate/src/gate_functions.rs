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
    pub(crate) fn contains(&self, function: &str) -> bool {
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
