//! Patterns of events: EventBridge's event patterns and SNS's filter policies on the message body are the same language.

use std::fmt;

use quamina::Quamina;
use serde_json::Value;

/// What an event has to look like.
pub(crate) struct Pattern(Quamina<()>);

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pattern")
    }
}

impl Pattern {
    /// Reads a pattern: `{"source": ["aws.health"]}`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn new(pattern: &Value) -> Result<Self, String> {
        let mut matcher = Quamina::new();
        matcher
            .add_pattern((), &pattern.to_string())
            .map_err(|error| error.to_string())?;
        Ok(Self(matcher))
    }

    /// Whether a message looks like it. One that is no JSON does not.
    pub(crate) fn matches(&self, message: &str) -> bool {
        self.0.has_matches(message.as_bytes()).unwrap_or(false)
    }
}
