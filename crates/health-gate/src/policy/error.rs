//! What is wrong with a policy: where, which key, which value, and what is accepted instead.

use std::fmt;

/// Why a policy is refused. Its text names where it stands, the key, the value and what is accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin}: {problem}")]
pub struct PolicyError {
    /// Where the policy stands.
    pub origin: PolicyOrigin,
    /// What is wrong with it.
    pub problem: PolicyProblem,
}

impl PolicyError {
    /// The stable reason code for logs and alarms.
    pub fn code(&self) -> &'static str {
        self.problem.code()
    }
}

/// Where a policy stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyOrigin {
    /// The action's configuration.
    UserParameters,
    /// The environment variable `HEALTH_GATE_POLICY` of the functions.
    Account,
    /// The option `--policy` of the command.
    PolicyOption,
    /// The options of the command that are keys of a policy.
    KeyOptions,
}

impl fmt::Display for PolicyOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UserParameters => "UserParameters",
            Self::Account => "HEALTH_GATE_POLICY",
            Self::PolicyOption => "--policy",
            Self::KeyOptions => "options",
        })
    }
}

/// What is wrong with a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyProblem {
    /// The value in the job event is no string.
    #[error(
        "must be a string, and not {found}; accepted: a string with one JSON object, or a comma-separated list of regions"
    )]
    NotAString {
        /// What stands there, like `an object`.
        found: &'static str,
    },
    /// A list or a string at the top, where an object belongs; for the account's policy, anything else too.
    #[error("must be one JSON object: {value}; accepted: {accepted}")]
    NotAnObject {
        /// The text, shortened.
        value: String,
        /// The right form.
        accepted: String,
    },
    /// Not JSON, although it begins like an object.
    #[error("not valid JSON: {reason}{}{}; accepted: one object, like `{{\"regions\": [\"us-east-1\"]}}`", near_text(.near), hint_text(.hint))]
    Syntax {
        /// Where and what, in the words of the JSON parser.
        reason: String,
        /// The text around the place.
        near: String,
        /// What was probably meant.
        hint: Option<String>,
    },
    /// A key that no policy has.
    #[error("unknown key: {key}{}; accepted: {}", hint_text(&nearest_hint(.nearest)), .accepted)]
    UnknownKey {
        /// The key, shortened.
        key: String,
        /// The key that was probably meant.
        nearest: Option<&'static str>,
        /// The keys that there are.
        accepted: String,
    },
    /// The same key twice. Which of them counts would be a guess.
    #[error("key given more than once: `{key}`; accepted: each key at most once")]
    RepeatedKey {
        /// The key.
        key: &'static str,
    },
    /// A value of the wrong JSON type.
    #[error("wrong type for `{key}`: {value}{}; accepted: {accepted}", hint_text(.hint))]
    WrongType {
        /// The key.
        key: &'static str,
        /// The value, shortened.
        value: String,
        /// The form that the key takes.
        accepted: String,
        /// What was probably meant.
        hint: Option<String>,
    },
    /// A list without items: whether it means "nothing" or "everything" would be a guess.
    #[error("empty list for `{key}`; accepted: {accepted}; leave the key out for its default")]
    EmptyList {
        /// The key.
        key: &'static str,
        /// The form that the key takes.
        accepted: String,
    },
    /// A text that is not what the key takes.
    #[error("not {kind} in `{key}`: {value}{}; accepted: {accepted}", hint_text(.hint))]
    InvalidValue {
        /// What the key takes.
        kind: ValueKind,
        /// The key.
        key: &'static str,
        /// The text, shortened.
        value: String,
        /// The form that the key takes.
        accepted: String,
        /// What was probably meant.
        hint: Option<String>,
    },
    /// A duration that is too short or too long.
    #[error("out of range for `{key}`: {value}; accepted: {accepted}")]
    OutOfRange {
        /// The key.
        key: &'static str,
        /// The text, shortened.
        value: String,
        /// The form that the key takes.
        accepted: String,
    },
    /// Two commas in a row, or one at the start.
    #[error(
        "empty item in the comma-separated list: {value}; accepted: a region name like `us-east-1`, or `global`, between the commas"
    )]
    EmptyItem {
        /// The whole text, shortened.
        value: String,
    },
}

impl PolicyProblem {
    fn code(&self) -> &'static str {
        match self {
            Self::NotAString { .. } => "policy.not-a-string",
            Self::NotAnObject { .. } => "policy.not-an-object",
            Self::Syntax { .. } => "policy.syntax",
            Self::UnknownKey { .. } => "policy.unknown-key",
            Self::RepeatedKey { .. } => "policy.repeated-key",
            Self::WrongType { .. } => "policy.wrong-type",
            Self::EmptyList { .. } => "policy.empty-list",
            Self::InvalidValue { kind, .. } => kind.code(),
            Self::OutOfRange { .. } => "policy.out-of-range",
            Self::EmptyItem { .. } => "policy.empty-item",
        }
    }
}

/// What a text in a policy is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// `us-east-1`.
    Region,
    /// `EC2`.
    Service,
    /// `AWS_EC2_*`.
    EventTypeCode,
    /// `arn:aws:health:…`.
    EventArn,
    /// `4h`.
    Duration,
    /// One of a few words.
    Word,
}

impl ValueKind {
    fn code(self) -> &'static str {
        match self {
            Self::Region => "policy.invalid-region",
            Self::Service => "policy.invalid-service",
            Self::EventTypeCode => "policy.invalid-event-type-code",
            Self::EventArn => "policy.invalid-event-arn",
            Self::Duration => "policy.invalid-duration",
            Self::Word => "policy.invalid-word",
        }
    }
}

impl fmt::Display for ValueKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Region => "a region name",
            Self::Service => "a service code",
            Self::EventTypeCode => "an event type code",
            Self::EventArn => "the ARN of an event",
            Self::Duration => "a duration",
            Self::Word => "a known word",
        })
    }
}

fn nearest_hint(nearest: &Option<&'static str>) -> Option<String> {
    nearest.map(|key| format!("did you mean `{key}`?"))
}

fn near_text(near: &str) -> String {
    if near.is_empty() {
        String::new()
    } else {
        format!(", near {near}")
    }
}

fn hint_text(hint: &Option<String>) -> String {
    hint.as_ref()
        .map(|hint| format!(" ({hint})"))
        .unwrap_or_default()
}
