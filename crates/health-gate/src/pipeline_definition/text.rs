//! A text in a definition, as far as it is known before the definition is deployed.

use std::fmt;

/// What stands where a definition takes a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    /// The text.
    Known(String),
    /// The text, but for names like `${Stage}` in it, which stand for what only the deployment knows.
    Partly(String),
    /// Only the deployment knows it. What stands in the template instead, like `!ImportValue gate`.
    Open(String),
    /// Something else than a text, which no deployment takes.
    NotText {
        /// What it is, like `an object`.
        found: &'static str,
        /// The same as a text, if it can be one.
        as_text: Option<String>,
    },
}

impl Text {
    /// The text, if all of it is known.
    pub fn known(&self) -> Option<&str> {
        match self {
            Self::Known(text) => Some(text),
            Self::Partly(_) | Self::Open(_) | Self::NotText { .. } => None,
        }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Known(text) | Self::Partly(text) | Self::Open(text) => text,
            Self::NotText { found, .. } => found,
        })
    }
}
