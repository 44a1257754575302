//! How a gate stands, for people who look: what its newest attempt came to, why, and what has to happen before it goes on.
//!
//! CodePipeline shows no reason while an action is held, so that the reason is what the gate's policy makes of AWS Health now.

use time::UtcDateTime;

use crate::decision::{Case, Circumstances, Decision, decide};
use crate::finding::Assessment;
use crate::hold::HoldState;
use crate::instant::to_the_minute;
use crate::override_tag::Override;
use crate::reading::Reading;
use crate::report::{Marker, Report};
use crate::retry_outcome::Settlement;
use crate::stage::{ActionExecution, ActionStatus, ExecutionType, StageState, StageStatus};
use crate::stopped_stage::{RetryRules, StoppedStage};
use crate::text::one_line;

/// How a gate stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateState {
    /// It let a deployment go on.
    Passed {
        /// When.
        at: Option<UtcDateTime>,
        /// How, as its output variable says.
        verdict: Option<String>,
    },
    /// It is at work, or waits no longer: its next round passes.
    Running {
        /// Since when.
        since: Option<UtcDateTime>,
    },
    /// It holds a deployment.
    Held {
        /// Since when.
        since: Option<UtcDateTime>,
        /// When it fails if nothing changes.
        until: Option<UtcDateTime>,
        /// What it waits for.
        why: String,
    },
    /// It stopped a deployment.
    Stopped {
        /// Since when.
        since: Option<UtcDateTime>,
        /// What it said.
        why: String,
        /// What comes next.
        next: Next,
    },
    /// A person stopped the execution, and abandoned it.
    Abandoned {
        /// When.
        at: Option<UtcDateTime>,
    },
}

/// What comes after a stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// stage-retry lets it go on when it looks next, for this reason.
    GoesOn(String),
    /// stage-retry leaves it alone until AWS Health is clear, by the gate's own policy at most until then.
    Awaits(Settlement, Option<UtcDateTime>),
    /// stage-retry leaves it alone for now, or for ever.
    Waits(Settlement),
    /// The stage goes on already, or another execution is in it.
    Over,
    /// stage-retry leaves it to people: this is why.
    People(&'static str),
}

/// Somebody who looks at gates without being one.
#[derive(Debug, Clone, Copy)]
pub struct Bystander<'a> {
    /// By which rules stops are known, and judged.
    pub rules: &'a RetryRules,
    /// What AWS Health says, for the policies of all gates that are looked at.
    pub reading: &'a Reading,
    /// The override that is in force.
    pub overridden: Option<&'a Override>,
    /// Now.
    pub now: UtcDateTime,
}

impl Bystander<'_> {
    /// How the gate of an attempt stands. `stage` is what the pipeline shows of its stage, and `rows` are all attempts of the execution.
    pub fn sees(
        &self,
        gate: &ActionExecution,
        stage: Option<&StageState>,
        rows: &[ActionExecution],
    ) -> GateState {
        match gate.attempt.status {
            ActionStatus::Succeeded => GateState::Passed {
                at: gate.attempt.last_status_change,
                verdict: gate.output_variables.get("Verdict").cloned(),
            },
            ActionStatus::Abandoned => GateState::Abandoned {
                at: gate.attempt.last_status_change,
            },
            ActionStatus::Other => self.goes_on(gate),
            ActionStatus::Failed => GateState::Stopped {
                since: gate.attempt.last_status_change,
                why: why(gate),
                next: self.next(gate, stage, rows),
            },
        }
    }

    /// What an attempt that has not ended waits for.
    fn goes_on(&self, gate: &ActionExecution) -> GateState {
        let since = gate.start_time;
        let policy = match self.rules.policy_of(gate) {
            Ok(policy) => policy,
            Err(error) => {
                return GateState::Held {
                    since,
                    until: None,
                    why: one_line(&error.to_string()),
                };
            }
        };
        let hold = HoldState::begin(since.unwrap_or(self.now));
        let case = Case::Found {
            policy: &policy,
            finding: Assessment::of(&policy, self.reading, self.now).finding,
            hold: Some(hold),
        };
        let circumstances = Circumstances {
            overridden: self.overridden.cloned(),
            ..Circumstances::default()
        };
        let decision = decide(case, &circumstances, self.now);
        let report = Report {
            decision: &decision,
            policy: Some(&policy),
            stale: &[],
            notes: &[],
            checked_at: self.now,
        };
        let until = match &decision {
            Decision::Pass(_) => return GateState::Running { since },
            Decision::Hold(hold) => Some(hold.until),
            // It has run out: its next round says so.
            Decision::Fail(_) => Some(self.now),
        };
        let why = decision
            .obstacle()
            .map(|obstacle| report.obstacle_text(obstacle));
        GateState::Held {
            since,
            until,
            why: one_line(&why.unwrap_or_default()),
        }
    }

    fn next(
        &self,
        gate: &ActionExecution,
        stage: Option<&StageState>,
        rows: &[ActionExecution],
    ) -> Next {
        let Some(stage) =
            stage.filter(|stage| stage.pipeline_execution_id == gate.pipeline_execution_id)
        else {
            return Next::Over;
        };
        match (stage.status, stage.execution_type) {
            (StageStatus::Failed, ExecutionType::Standard) => {}
            (StageStatus::Failed, ExecutionType::Rollback | ExecutionType::Other) => {
                return Next::People("it is a rollback");
            }
            _ => return Next::Over,
        }
        match StoppedStage::of(stage, rows, self.rules, self.now) {
            Ok(Some(stopped)) => match stopped.judge(self.reading, self.overridden, self.now) {
                Ok(why) => Next::GoesOn(why),
                Err(settled) => Next::Awaits(settled, self.retried_until(gate)),
            },
            Ok(None) => Next::People(match Marker::of(message(gate)) {
                Some(Marker::Invalid) => "its policy is not valid",
                Some(_) => "a person stopped the execution",
                None => "the gate's function failed before it could say anything",
            }),
            Err(settled) => Next::Waits(settled),
        }
    }
}

impl Bystander<'_> {
    /// Until when the gate's policy lets its stop be retried.
    fn retried_until(&self, gate: &ActionExecution) -> Option<UtcDateTime> {
        let policy = self.rules.policy_of(gate).ok()?;
        Some(gate.attempt.last_status_change? + policy.retry_within.duration())
    }
}

fn message(gate: &ActionExecution) -> &str {
    gate.attempt.message.as_deref().unwrap_or_default()
}

/// What a failed gate said first, without the marker.
fn why(gate: &ActionExecution) -> String {
    let first = message(gate).lines().next().unwrap_or_default();
    let marker = Marker::of(first).map(|marker| marker.to_string());
    let text = marker
        .and_then(|marker| first.strip_prefix(&marker))
        .unwrap_or(first)
        .trim();
    let code = gate.attempt.error_code.as_deref();
    one_line(match (text, code) {
        ("", Some(code)) => code,
        ("", None) => "it never answered",
        (text, _) => text,
    })
}

impl GateState {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Passed { .. } => "passed",
            Self::Running { .. } => "running",
            Self::Held { .. } => "held",
            Self::Stopped {
                next: Next::Over, ..
            } => "moved-on",
            Self::Stopped { .. } => "stopped",
            Self::Abandoned { .. } => "abandoned",
        }
    }

    /// Since when it is so.
    pub fn since(&self) -> Option<UtcDateTime> {
        match self {
            Self::Passed { at, .. } | Self::Abandoned { at } => *at,
            Self::Running { since } | Self::Held { since, .. } | Self::Stopped { since, .. } => {
                *since
            }
        }
    }

    /// Why, and what is awaited.
    pub fn explanation(&self) -> String {
        match self {
            Self::Passed { verdict, .. } => verdict.clone().unwrap_or_default(),
            Self::Running { .. } => "nothing stands in its way".to_owned(),
            Self::Held { until, why, .. } => match until {
                Some(until) => format!("{why}; until {} at the latest", to_the_minute(*until)),
                None => why.clone(),
            },
            Self::Stopped { why, next, .. } => {
                let next = next.to_string();
                if next.contains(why) {
                    next
                } else {
                    format!("{why}; {next}")
                }
            }
            Self::Abandoned { .. } => "a person stopped the execution".to_owned(),
        }
    }
}

impl std::fmt::Display for Next {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::GoesOn(why) => write!(f, "goes on at the next sweep: {why}"),
            Self::Awaits(Settlement { outcome, why }, until) => {
                write!(f, "{}: {why}; retried when that is over", outcome.as_str())?;
                match until {
                    Some(until) => write!(f, ", until {}", to_the_minute(*until)),
                    None => Ok(()),
                }
            }
            Self::Waits(Settlement { outcome, why }) => write!(f, "{}: {why}", outcome.as_str()),
            Self::Over => f.write_str("the stage has gone on since"),
            Self::People(why) => write!(f, "left to people: {why}"),
        }
    }
}

#[cfg(test)]
mod tests;
