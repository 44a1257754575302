//! Words a decision for CodePipeline. Every limit of PutJobSuccessResult and PutJobFailureResult (CodePipeline
//! API reference) is held here by construction, and no text is ever empty.

mod failure_message;
mod headline;
mod incident_lines;
mod limits;
mod note;
mod output_variables;
mod remarks;

use std::fmt;

use serde::Serialize;
use time::UtcDateTime;

use crate::decision::{Decision, Fail, Invalid, Obstacle, Pass};
use crate::event::Event;
use crate::policy::Policy;
use crate::reading::UnknownCause;
use crate::region::Region;
use crate::text::one_line;

pub use limits::cut;
pub use note::Note;

/// A decision and what it rests on, ready to be worded.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// What was decided.
    pub decision: &'a Decision,
    /// The policy in force. `None` when it is not valid.
    pub policy: Option<&'a Policy>,
    /// Matching open events that do not block because AWS has not updated them for long.
    pub stale: &'a [Event],
    /// What else people should know.
    pub notes: &'a [Note],
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
    /// For PutJobSuccessResult with a continuation token: the action stays in progress, and goes on with another job.
    #[serde(rename = "in-progress")]
    InProgress {
        /// As for a success.
        summary: String,
        /// `continuationToken`, at most 2,048 characters.
        continuation_token: String,
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
    /// AWS Health, or the state of a hold, could not be read.
    Unknown,
    /// The policy is not valid.
    Invalid,
}

/// What follows the marker of a hold that a person ended by stopping the execution.
pub(crate) const STOPPED: &str = "stopped by a person";

impl Marker {
    /// The marker that a failure's text begins with.
    pub fn of(message: &str) -> Option<Self> {
        [Self::Blocked, Self::Unknown, Self::Invalid]
            .into_iter()
            .find(|marker| message.starts_with(&marker.to_string()))
    }

    /// Whether a failure's text is that of a hold that a person ended.
    pub fn is_stopped_by_a_person(message: &str) -> bool {
        Self::of(message).is_some_and(|marker| {
            let rest = message
                .strip_prefix(&marker.to_string())
                .unwrap_or_default();
            rest.trim_start().starts_with(STOPPED)
        })
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
    /// Nothing that matches stands in the way.
    Clear,
    /// Incidents, of which the policy only warns.
    Warned,
    /// A person let it pass.
    Overridden,
    /// A rollback, which passes in spite of what was found.
    Rollback,
    /// Nothing was checked, and the policy lets that pass.
    Unknown,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clear => "clear",
            Self::Warned => "warned",
            Self::Overridden => "overridden",
            Self::Rollback => "rollback",
            Self::Unknown => "unknown",
        })
    }
}

impl Report<'_> {
    /// What CodePipeline is told.
    pub fn job_result(&self) -> JobResult {
        match self.decision {
            Decision::Pass(pass) => JobResult::Success {
                summary: self.summary(),
                output_variables: output_variables::of(self, verdict(pass)),
            },
            Decision::Hold(hold) => JobResult::InProgress {
                summary: self.summary(),
                continuation_token: hold.state.to_token(),
            },
            Decision::Fail(fail) => JobResult::Failure {
                failure_type: failure_type(fail),
                message: failure_message::of(self, fail),
            },
        }
    }

    /// What was decided and why, in a line. A failure's begins with the marker.
    pub fn headline(&self) -> String {
        one_line(&headline::of(self))
    }

    /// What a failure, or a hold that fails, has to say beyond its headline: a line each.
    pub fn details(&self) -> Vec<String> {
        failure_message::details(self)
    }

    /// What stands in the way, in a line.
    pub(crate) fn obstacle_text(&self, obstacle: &Obstacle) -> String {
        headline::obstacle_text(self, obstacle)
    }

    /// What happens next after a failure.
    pub fn next(&self) -> Option<String> {
        match self.decision {
            Decision::Fail(fail) => Some(failure_message::next(self, fail)),
            Decision::Pass(_) | Decision::Hold(_) => None,
        }
    }

    /// The stable reason code of the decision.
    pub fn reason(&self) -> &'static str {
        match (self.decision, self.decision.obstacle()) {
            (Decision::Pass(Pass::Clear), _) => "health.clear",
            (Decision::Pass(Pass::Overridden(..)), _) => "override.active",
            (Decision::Pass(Pass::Rollback(_)), _) => "rollback",
            (Decision::Pass(Pass::Warned(_)), _) => "health.incident",
            (Decision::Pass(Pass::Unknown(unread)), _) => unread.cause.code(),
            (_, Some(obstacle)) => obstacle.code(),
            (Decision::Hold(_) | Decision::Fail(_), None) => "",
        }
    }

    fn summary(&self) -> String {
        cut(self.headline(), limits::SUMMARY_BYTES)
    }

    pub(crate) fn regions(&self) -> &[Region] {
        self.policy
            .map(|policy| &*policy.regions)
            .unwrap_or_default()
    }

    fn region_names(&self) -> String {
        let names: Vec<&str> = self.regions().iter().map(Region::as_str).collect();
        names.join(", ")
    }
}

impl Obstacle {
    /// The stable reason code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Incident(_) => "health.incident",
            Self::Unknown(unread) => unread.cause.code(),
            Self::Invalid(invalid) => invalid.code(),
        }
    }
}

fn verdict(pass: &Pass) -> Verdict {
    match pass {
        Pass::Clear => Verdict::Clear,
        Pass::Overridden(..) => Verdict::Overridden,
        Pass::Rollback(_) => Verdict::Rollback,
        Pass::Warned(_) => Verdict::Warned,
        Pass::Unknown(_) => Verdict::Unknown,
    }
}

fn marker(obstacle: &Obstacle) -> Marker {
    match obstacle {
        Obstacle::Incident(_) => Marker::Blocked,
        // The retry starts the hold anew: nothing is wrong with the action.
        Obstacle::Unknown(_) | Obstacle::Invalid(Invalid::Token(_)) => Marker::Unknown,
        Obstacle::Invalid(Invalid::Policy(_)) => Marker::Invalid,
    }
}

fn failure_type(fail: &Fail) -> FailureType {
    match &fail.obstacle {
        Obstacle::Incident(_) => FailureType::JobFailed,
        Obstacle::Invalid(Invalid::Policy(_)) => FailureType::ConfigurationError,
        Obstacle::Invalid(Invalid::Token(_)) => FailureType::SystemUnavailable,
        Obstacle::Unknown(unread) => match unread.cause {
            UnknownCause::NoSupportPlan => FailureType::ConfigurationError,
            UnknownCause::AccessDenied => FailureType::PermissionError,
            UnknownCause::Throttled
            | UnknownCause::Unavailable
            | UnknownCause::TimedOut
            | UnknownCause::TooManyPages
            | UnknownCause::Internal => FailureType::SystemUnavailable,
        },
    }
}

#[cfg(test)]
mod tests;
