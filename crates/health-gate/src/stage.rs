//! A stage of a pipeline that has failed, and whether it was this gate that stopped it.
//!
//! CodePipeline's state of a stage shows the newest attempt of each action, but an action that has not run in this
//! execution still shows an older one. The rows of the execution's own actions are exact: they decide.

use serde::Serialize;
use time::UtcDateTime;

use crate::decision::{Case, Circumstances, Decision, Invalid, Pass, decide};
use crate::finding::Assessment;
use crate::policy::{AccountPolicy, Policy, PolicyError, Retry};
use crate::reading::Reading;
use crate::region::Region;
use crate::report::Marker;
use crate::wildcard::Wildcard;

/// A stage as GetPipelineState shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageState {
    /// The stage's name.
    pub name: String,
    /// The execution that was in the stage last.
    pub pipeline_execution_id: String,
    /// How far that execution has come in the stage.
    pub status: StageStatus,
    /// What kind of execution that is.
    pub execution_type: ExecutionType,
    /// Whether executions may enter the stage. People disable the transition to freeze what comes after it.
    pub transition_enabled: bool,
    /// The newest attempt of each action that has run, of this execution or an older one.
    pub actions: Vec<ActionAttempt>,
}

/// The status of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageStatus {
    /// An execution is in it.
    InProgress,
    /// A person is stopping the execution that is in it.
    Stopping,
    /// The execution failed in it.
    Failed,
    /// It has succeeded, was stopped, or has a status that this version does not know.
    Other,
}

/// The kind of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionType {
    /// A release.
    Standard,
    /// One stage with what an older execution brought.
    Rollback,
    /// A kind that this version does not know: neither let through nor retried.
    Other,
}

/// One attempt of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionAttempt {
    /// Identifies the attempt.
    pub action_execution_id: String,
    /// How far it has come.
    pub status: ActionStatus,
    /// The function that a Lambda action invokes; `None` for other actions.
    pub function: Option<String>,
    /// The code of its failure, `JobFailed`.
    pub error_code: Option<String>,
    /// The text of its failure.
    pub message: Option<String>,
}

/// The status of an attempt of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionStatus {
    /// It has succeeded.
    Succeeded,
    /// It has failed.
    Failed,
    /// It goes on, was abandoned, or has a status that this version does not know: it may fail yet.
    Other,
}

/// The newest attempt of an action of a stage, from the list of the execution's actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionExecution {
    /// The attempt.
    pub attempt: ActionAttempt,
    /// The action's `UserParameters`, with variables resolved.
    pub user_parameters: Option<String>,
    /// The region that the action runs in.
    pub region: Option<String>,
    /// When its status changed last.
    pub last_update_time: Option<UtcDateTime>,
}

/// The functions whose failed actions are this gate's: names, in which `*` is any run of characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateFunctions(Vec<Wildcard>);

impl GateFunctions {
    /// Reads a comma-separated list.
    pub fn from_list(text: &str) -> Self {
        Self(
            text.split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty())
                .map(Wildcard::new)
                .collect(),
        )
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the function is one of them. An action may name it with ARN prefix and qualifier.
    fn contains(&self, function: &str) -> bool {
        let name = match function.split_once(":function:") {
            Some((_, name)) => name,
            None => function,
        };
        let name = name.split(':').next().unwrap_or(name);
        self.0.iter().any(|pattern| pattern.matches(name))
    }
}

impl ActionAttempt {
    /// Whether this is a stop of the gate that may be lifted: its marker says so, or it has no marker because the
    /// function never answered. A message of the gate about an invalid policy stays so whatever AWS Health says.
    fn is_stop(&self, gates: &GateFunctions) -> bool {
        let of_gate = self
            .function
            .as_deref()
            .is_some_and(|function| gates.contains(function));
        let message = self.message.as_deref().unwrap_or_default();
        let liftable = match Marker::of(message) {
            Some(Marker::Blocked | Marker::Unknown) => !Marker::is_stopped_by_a_person(message),
            Some(Marker::Invalid) => false,
            // Without a code it is not known why it failed.
            None => self
                .error_code
                .as_deref()
                .is_some_and(|code| !["ConfigurationError", "PermissionError"].contains(&code)),
        };
        self.status == ActionStatus::Failed && of_gate && liftable
    }
}

impl StageState {
    /// Whether it is worth a look at the rows of the execution: the stage failed in a normal execution, and at
    /// least one of its actions looks like a stop of the gate.
    pub fn may_be_stopped(&self, gates: &GateFunctions) -> bool {
        self.status == StageStatus::Failed
            && self.execution_type == ExecutionType::Standard
            && self.actions.iter().any(|action| action.is_stop(gates))
    }
}

/// A stage that nothing but the gate has stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoppedStage {
    /// The stage's name.
    pub stage: String,
    /// The execution that stopped in it.
    pub pipeline_execution_id: String,
    stops: Vec<Stop>,
}

/// A failed gate action, and the rules by which it failed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stop {
    action_execution_id: String,
    policy: Result<Policy, PolicyError>,
    since: Option<UtcDateTime>,
}

impl Stop {
    fn of(row: &ActionExecution, account: &AccountPolicy, own_region: &Region) -> Self {
        let region = row.region.as_ref().and_then(|region| region.parse().ok());
        let region = region.as_ref().unwrap_or(own_region);
        Self {
            action_execution_id: row.attempt.action_execution_id.clone(),
            policy: account.for_action(row.user_parameters.as_deref(), region),
            since: row.last_update_time,
        }
    }
}

impl StoppedStage {
    /// Looks at the rows of a stage's execution.
    ///
    /// A policy without regions means the region that the action runs in, or else `own_region`.
    ///
    /// # Errors
    /// [`RetryOutcome::Mixed`] if anything but the gate has failed in it, [`RetryOutcome::Busy`] if an action may fail
    /// yet, [`RetryOutcome::Never`] if a policy leaves retries to people, [`RetryOutcome::Expired`] if the gate stopped it
    /// longer ago than a policy allows.
    pub fn of(
        stage: &StageState,
        rows: &[ActionExecution],
        gates: &GateFunctions,
        account: &AccountPolicy,
        own_region: &Region,
        now: UtcDateTime,
    ) -> Result<Self, RetryOutcome> {
        let failed: Vec<&ActionExecution> = rows
            .iter()
            .filter(|row| row.attempt.status == ActionStatus::Failed)
            .collect();
        if failed.is_empty() || !failed.iter().all(|row| row.attempt.is_stop(gates)) {
            return Err(RetryOutcome::Mixed);
        }
        if rows
            .iter()
            .any(|row| row.attempt.status == ActionStatus::Other)
        {
            return Err(RetryOutcome::Busy);
        }
        let stops: Vec<Stop> = failed
            .into_iter()
            .map(|row| Stop::of(row, account, own_region))
            .collect();
        // An invalid policy has no rules of its own: the built-in ones leave a stop to people after a day.
        let defaults = Policy::of_region(own_region);
        for stop in &stops {
            let policy = stop.policy.as_ref().unwrap_or(&defaults);
            if policy.retry == Retry::Never {
                return Err(RetryOutcome::Never);
            }
            if stop
                .since
                .is_none_or(|since| now - since > policy.retry_within.duration())
            {
                return Err(RetryOutcome::Expired);
            }
        }
        Ok(Self {
            stage: stage.name.clone(),
            pipeline_execution_id: stage.pipeline_execution_id.clone(),
            stops,
        })
    }

    /// The policies that AWS Health has to be read for.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.stops
            .iter()
            .filter_map(|stop| stop.policy.as_ref().ok())
    }

    /// What the gate would decide now, without the state of a hold: a pass only if it is a clear one for each of the stage's
    /// failed gate actions, else the first that is none.
    pub fn decide(&self, reading: &Reading, now: UtcDateTime) -> Decision {
        let decisions = self.stops.iter().map(|stop| {
            let case = match &stop.policy {
                Ok(policy) => Case::Found {
                    policy,
                    finding: Assessment::of(policy, reading, now).finding,
                    hold: None,
                },
                Err(error) => Case::Invalid(Invalid::Policy(error.clone())),
            };
            decide(case, &Circumstances::default(), now)
        });
        let mut decided = Decision::Pass(Pass::Clear);
        for decision in decisions {
            if matches!(decided, Decision::Pass(Pass::Clear)) {
                decided = decision;
            }
        }
        decided
    }

    /// Whether the stage still is as it was when it was looked at: the same execution, failed by the same attempts.
    pub fn is_still(&self, stage: &StageState) -> bool {
        let shows = |stop: &Stop| {
            stage.actions.iter().any(|action| {
                action.status == ActionStatus::Failed
                    && action.action_execution_id == stop.action_execution_id
            })
        };
        stage.status == StageStatus::Failed
            && stage.pipeline_execution_id == self.pipeline_execution_id
            && self.stops.iter().all(shows)
    }
}

/// What became of a stage that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RetryOutcome {
    /// CodePipeline accepted the retry.
    Retried,
    /// The gate would stop it again.
    Blocked,
    /// AWS Health could not be read.
    Unknown,
    /// Something else in the stage failed too.
    Mixed,
    /// The gate stopped it so long ago that it is left to people.
    Expired,
    /// The policy leaves retries to people.
    Never,
    /// The stage's inbound transition is disabled: people froze it.
    Frozen,
    /// The stage has changed meanwhile, or cannot be retried.
    MovedOn,
    /// A newer execution has failed in the stage.
    Superseded,
    /// CodePipeline is busy, throttles, or failed: left to the next sweep.
    Busy,
    /// The pipeline or the stage does not exist any more.
    Gone,
    /// IAM refuses the call.
    Denied,
}

impl RetryOutcome {
    /// The word for logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retried => "retried",
            Self::Blocked => "blocked",
            Self::Unknown => "unknown",
            Self::Mixed => "mixed",
            Self::Expired => "expired",
            Self::Never => "never",
            Self::Frozen => "frozen",
            Self::MovedOn => "moved-on",
            Self::Superseded => "superseded",
            Self::Busy => "busy",
            Self::Gone => "gone",
            Self::Denied => "denied",
        }
    }
}

#[cfg(test)]
mod tests;
