//! Which functions are the gate's.

use crate::wildcard::Wildcards;

/// The functions whose failed actions are this gate's: names, in which `*` is any run of characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateFunctions(Wildcards);

impl GateFunctions {
    /// Reads a comma-separated list.
    pub fn from_list(text: &str) -> Self {
        Self(Wildcards::from_list(text))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the function is one of them. An action may name it with ARN prefix and qualifier.
    pub(crate) fn contains(&self, function: &str) -> bool {
        let name = match function.split_once(":function:") {
            Some((_, name)) => name,
            None => function,
        };
        self.0.matches(name.split(':').next().unwrap_or(name))
    }
}
