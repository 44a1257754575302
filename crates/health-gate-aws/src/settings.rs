//! The environment variables that we read ourselves, all of them. What the SDK reads (credentials, region,
//! `AWS_ENDPOINT_URL…`) it reads itself.

use health_gate::{AccountPolicy, GateFunctions};

/// The settings of a function, from its environment.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `AWS_LAMBDA_LOG_FORMAT`: `JSON`, or else text. Lambda sets it from the function's logging configuration.
    pub log_format: LogFormat,
    /// `AWS_LAMBDA_LOG_LEVEL`, else `RUST_LOG`: a level, or a list of `target=level`. Absent means INFO.
    pub log_level: Option<String>,
    /// `GATE_FUNCTION_NAME`: whose failed actions are the gate's, names with commas between them, `*` allowed.
    pub gates: GateFunctions,
    /// `HEALTH_GATE_POLICY`: the default policy of the account, one JSON object.
    pub account_policy: AccountPolicy,
    /// `NOTIFICATION_TOPIC_ARN`: where people are told. Absent means that they are not.
    pub notification_topic: Option<String>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line, as Lambda's JSON log format has it.
    Json,
    /// Text, for a terminal.
    Text,
}

/// Of a function whose environment has none of the variables.
impl Default for Settings {
    fn default() -> Self {
        Self {
            log_format: LogFormat::Text,
            log_level: None,
            gates: GateFunctions::from_list(""),
            account_policy: AccountPolicy::default(),
            notification_topic: None,
        }
    }
}

impl Settings {
    /// Reads the environment.
    pub fn from_env() -> Self {
        Self {
            log_format: match variable("AWS_LAMBDA_LOG_FORMAT") {
                Some(format) if format.eq_ignore_ascii_case("json") => LogFormat::Json,
                Some(_) | None => LogFormat::Text,
            },
            gates: GateFunctions::from_list(&variable("GATE_FUNCTION_NAME").unwrap_or_default()),
            account_policy: AccountPolicy::new(variable("HEALTH_GATE_POLICY")),
            notification_topic: variable("NOTIFICATION_TOPIC_ARN"),
            log_level: variable("AWS_LAMBDA_LOG_LEVEL").or_else(|| variable("RUST_LOG")),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name)
        .ok()
        .filter(|value| !value.trim().is_empty())
}
