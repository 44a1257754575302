//! The environment variables that we read ourselves, all of them. What the SDK reads (credentials, region,
//! `AWS_ENDPOINT_URL…`) it reads itself.

use health_gate::{AccountPolicy, GateFunctions, Wildcards};

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
    /// `PIPELINES`: which pipelines a sweep looks at, names with commas between them, `*` allowed. Absent means all.
    pub pipelines: Wildcards,
    /// `PACE`: calls of CodePipeline a second, 0 for as many as there are. Absent means 5.
    pub pace: Result<f64, PaceError>,
    /// `NOTIFICATION_TOPIC_ARN`: where people are told. Absent means that they are not.
    pub notification_topic: Option<String>,
}

/// `PACE` is not a pace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "PACE is `{0}`; accepted: calls of CodePipeline a second, a number from 0.1 to 1000, or 0 for as many as there are"
)]
pub struct PaceError(String);

/// Fast enough for the thousand pipelines of a region between two sweeps, slow enough for everybody else. AWS publishes no limit.
const PACE: f64 = 5.0;

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
            pipelines: all_pipelines(),
            pace: Ok(PACE),
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
            pipelines: variable("PIPELINES")
                .map_or_else(all_pipelines, |list| Wildcards::from_list(&list)),
            pace: variable("PACE").map_or(Ok(PACE), |text| pace(&text)),
            account_policy: AccountPolicy::new(variable("HEALTH_GATE_POLICY")),
            notification_topic: variable("NOTIFICATION_TOPIC_ARN"),
            log_level: variable("AWS_LAMBDA_LOG_LEVEL").or_else(|| variable("RUST_LOG")),
        }
    }
}

fn all_pipelines() -> Wildcards {
    Wildcards::from_list("*")
}

fn pace(text: &str) -> Result<f64, PaceError> {
    let pace = text.trim().parse().ok();
    pace.filter(|pace| *pace == 0.0 || (0.1..=1_000.0).contains(pace))
        .ok_or_else(|| PaceError(text.to_owned()))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
fn variable(name: &str) -> Option<String> {
    // What is no text is a text that is not valid, and not nothing.
    std::env::var_os(name)
        .map(|value| value.to_string_lossy().into_owned())
        .filter(|value| !value.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_calls_a_second() {
        for (text, calls) in [
            ("0", 0.0),
            ("5", 5.0),
            (" 0.5 ", 0.5),
            ("1000", 1_000.0),
            ("0.1", 0.1),
        ] {
            assert_eq!(pace(text), Ok(calls), "{text}");
        }
        for text in ["fast", "-1", "0.01", "1001", "NaN", "inf", "5/s", "1,5"] {
            assert_eq!(pace(text), Err(PaceError(text.to_owned())));
        }
    }
}
