//! Words a decision for CodePipeline. Every limit of PutJobSuccessResult and PutJobFailureResult (CodePipeline
//! API reference) is held here by construction, and no text is ever empty.

mod failure_message;
mod limits;
mod output_variables;

use std::fmt;

use serde::Serialize;
use time::UtcDateTime;

use crate::decision::{Block, Decision, Pass};
use crate::reading::UnknownCause;
use crate::region::Region;

/// A decision and what it rests on, ready to be worded.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// What was decided.
    pub decision: &'a Decision,
    /// The regions that were checked. Empty when there was no valid policy.
    pub regions: &'a [Region],
    /// When AWS Health was read, or would have been.
    pub checked_at: UtcDateTime,
}

/// The result of a CodePipeline job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(
    tag = "result",
    rename_all = "lowercase",
    rename_all_fields = "camelCase"
)]
pub enum JobResult {
    /// For PutJobSuccessResult: the action succeeds.
    Success {
        /// `executionDetails.summary`, at most 2,048 bytes. CodePipeline shows it nowhere for Lambda actions.
        summary: String,
        /// `outputVariables`, always the same names, each value 1 to 900 bytes.
        output_variables: std::collections::BTreeMap<&'static str, String>,
    },
    /// For PutJobFailureResult: the action fails.
    Failure {
        /// `failureDetails.type`.
        #[serde(rename = "type")]
        failure_type: FailureType,
        /// `failureDetails.message`, at most 5,000 bytes. Its first line starts with the [`Marker`].
        message: String,
    },
}

/// The values of `failureDetails.type` that the gate uses. CodePipeline shows them as the error's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum FailureType {
    /// The gate did its work and stops the deployment.
    JobFailed,
    /// A person must change the policy or the support plan.
    ConfigurationError,
    /// A person must change IAM.
    PermissionError,
    /// AWS Health could not be read.
    SystemUnavailable,
}

impl FailureType {
    /// The value on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::JobFailed => "JobFailed",
            Self::ConfigurationError => "ConfigurationError",
            Self::PermissionError => "PermissionError",
            Self::SystemUnavailable => "SystemUnavailable",
        }
    }
}

/// How a failure message begins, and how the gate's failures are known again in a pipeline's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// Open events match the policy.
    Blocked,
    /// AWS Health could not be read.
    Unknown,
    /// The policy is not valid.
    Invalid,
}

impl Marker {
    /// The marker that a failure's text begins with.
    pub fn of(message: &str) -> Option<Self> {
        [Self::Blocked, Self::Unknown, Self::Invalid]
            .into_iter()
            .find(|marker| message.starts_with(&marker.to_string()))
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Blocked => "health-gate blocked:",
            Self::Unknown => "health-gate unknown:",
            Self::Invalid => "health-gate invalid:",
        })
    }
}

/// The output variable `Verdict`: how a job passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing that matches is open.
    Clear,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clear => "clear",
        })
    }
}

impl Report<'_> {
    /// What CodePipeline is told.
    pub fn job_result(&self) -> JobResult {
        match self.decision {
            Decision::Pass(Pass::Clear) => JobResult::Success {
                summary: limits::cut(
                    format!("no open AWS Health issues in {}", self.region_names()),
                    limits::SUMMARY_BYTES,
                ),
                output_variables: output_variables::of(self, Verdict::Clear),
            },
            Decision::Fail(block) => JobResult::Failure {
                failure_type: failure_type(block),
                message: failure_message::of(self, block),
            },
        }
    }

    fn region_names(&self) -> String {
        self.regions
            .iter()
            .map(Region::as_str)
            .collect::<Vec<_>>()
            .join(", ")
    }
}

fn failure_type(block: &Block) -> FailureType {
    match block {
        Block::Blocked(_) => FailureType::JobFailed,
        Block::Invalid(_) => FailureType::ConfigurationError,
        Block::Unknown(unread) => match unread.cause {
            UnknownCause::NoSupportPlan => FailureType::ConfigurationError,
            UnknownCause::AccessDenied => FailureType::PermissionError,
            UnknownCause::Throttled
            | UnknownCause::Unavailable
            | UnknownCause::TimedOut
            | UnknownCause::TooManyPages => FailureType::SystemUnavailable,
        },
    }
}

#[cfg(test)]
mod tests;
