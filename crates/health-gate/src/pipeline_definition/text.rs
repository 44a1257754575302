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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_shown_as_it_stands_there_and_known_only_if_all_of_it_is() {
        for (text, shown, known) in [
            (Text::Known("a".to_owned()), "a", Some("a")),
            (Text::Partly("${A}-b".to_owned()), "${A}-b", None),
            (Text::Open("!Ref A".to_owned()), "!Ref A", None),
            (
                Text::NotText {
                    found: "a list",
                    as_text: Some("a,b".to_owned()),
                },
                "a list",
                None,
            ),
        ] {
            assert_eq!((text.to_string().as_str(), text.known()), (shown, known));
        }
    }
}
