//! A stage that nothing but the gate has stopped: what that takes, when it may go on, and when it is still the same.

use time::{Duration, UtcDateTime};

use crate::decision::{Case, Circumstances, Decision, Invalid, Obstacle, Pass, decide};
use crate::finding::Assessment;
use crate::gate_functions::GateFunctions;
use crate::instant::{rfc3339, to_the_minute};
use crate::override_tag::Override;
use crate::policy::{AccountPolicy, Policy, PolicyError, Retry};
use crate::reading::Reading;
use crate::region::Region;
use crate::report::{Report, cut};
use crate::retry_outcome::{RetryOutcome, Settlement};
use crate::stage::{ActionAttempt, ActionExecution, ActionStatus, StageState, StageStatus};
use crate::text::one_line;

/// The first wait between retries.
const FIRST_WAIT: Duration = Duration::minutes(1);
/// The longest one.
const LONGEST_WAIT: Duration = Duration::minutes(30);

/// What is told of why something else has failed.
const REASON_BYTES: usize = 250;

/// By which rules stops of the gate are known.
#[derive(Debug, Clone)]
pub struct RetryRules {
    /// The gate's functions.
    pub gates: GateFunctions,
    /// The policy of the account.
    pub account: AccountPolicy,
    /// What a policy without regions means for an action that names no region of its own.
    pub own_region: Region,
    /// Who asks whether a stage may go on.
    pub asked_by: Asker,
}

/// Who asks whether a stage may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// A message, or a schedule: nobody is there to see what comes of it.
    Signal,
    /// A person, who does not have to wait, and whom a policy leaves its stages to: `retry`, `retryWithin` and the waits between retries
    /// do not count.
    Person,
}

/// A stage that nothing but the gate has stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoppedStage {
    /// The stage's name.
    pub stage: String,
    /// The execution that stopped in it.
    pub pipeline_execution_id: String,
    /// When the execution's first action of the stage began.
    began: Option<UtcDateTime>,
    stops: Vec<Stop>,
}

/// A failed gate action, and the rules by which it failed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stop {
    action_execution_id: String,
    policy: Result<Policy, PolicyError>,
    since: Option<UtcDateTime>,
    /// How often the gate has been tried in this execution.
    attempts: usize,
}

impl StoppedStage {
    /// Looks at the rows of a stage's execution, all attempts. `None`: no stop of the gate is among what failed.
    ///
    /// # Errors
    /// What becomes of a stage that the gate has stopped and that cannot go on, whatever AWS Health says: `mixed` if
    /// anything but the gate has failed in it, `never` and `expired` by its policies, `frozen`, `busy` if an action may fail yet, `waiting`
    /// if the gate has failed before.
    pub fn of(
        stage: &StageState,
        rows: &[ActionExecution],
        rules: &RetryRules,
        now: UtcDateTime,
    ) -> Result<Option<Self>, Settlement> {
        let newest = ActionExecution::newest(rows, &stage.name);
        let failed: Vec<&ActionExecution> = newest
            .iter()
            .copied()
            .filter(|row| row.attempt.status == ActionStatus::Failed)
            .collect();
        let is_stop =
            |row: &&ActionExecution| row.attempt.is_of(&rules.gates) && row.attempt.is_liftable();
        if !failed.iter().any(is_stop) {
            return Ok(None);
        }
        if let Some(other) = failed.iter().find(|row| !is_stop(row)) {
            let ActionAttempt {
                message,
                error_code,
                ..
            } = &other.attempt;
            let reason = message.as_ref().or(error_code.as_ref());
            let reason = reason.and_then(|text| text.lines().next());
            let why = format!(
                "action {} has failed too: {}",
                other.action,
                reason.unwrap_or("it is not known why")
            );
            return Err(RetryOutcome::Mixed.because(cut(one_line(&why), REASON_BYTES)));
        }
        let stops: Vec<Stop> = failed
            .into_iter()
            .map(|row| Stop::of(row, rows, rules))
            .collect();
        let by_itself = rules.asked_by == Asker::Signal;
        for stop in stops.iter().filter(|_| by_itself) {
            stop.is_left_to_people(rules, now)?;
        }
        if let Some(frozen) = stage.frozen() {
            return Err(frozen);
        }
        if let Some(other) = newest
            .iter()
            .find(|row| row.attempt.status == ActionStatus::Other)
        {
            let why = format!("action {} has not ended", other.action);
            return Err(RetryOutcome::Busy.because(why));
        }
        for stop in stops.iter().filter(|_| by_itself) {
            stop.has_waited(now)?;
        }
        Ok(Some(Self {
            stage: stage.name.clone(),
            pipeline_execution_id: stage.pipeline_execution_id.clone(),
            began: rows
                .iter()
                .filter(|row| row.stage == stage.name)
                .filter_map(|row| row.start_time)
                .min(),
            stops,
        }))
    }

    /// The policies that AWS Health has to be read for.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.stops
            .iter()
            .filter_map(|stop| stop.policy.as_ref().ok())
    }

    /// Whether the stage goes on: if each of its failed gates would pass now, without the state of a hold, on a clear reading of the
    /// active endpoint or by an override. Says why it does.
    ///
    /// # Errors
    /// `blocked` or `unknown`, for the first of its gates that would not pass so.
    pub fn judge(
        &self,
        reading: &Reading,
        overridden: Option<&Override>,
        now: UtcDateTime,
    ) -> Result<String, Settlement> {
        if let Some(Override { until, by, reason }) = overridden {
            return Ok(format!(
                "overridden by {by} until {}: {reason}",
                to_the_minute(*until)
            ));
        }
        for stop in &self.stops {
            stop.judge(reading, now)?;
        }
        if reading.may_be_behind {
            let why =
                "AWS Health is clear at the endpoint that is not active, whose data may be behind";
            return Err(RetryOutcome::Unknown.because(why));
        }
        Ok("AWS Health is clear".to_owned())
    }

    /// Whether the stage's execution goes on in it: somebody has retried it.
    pub fn goes_on(&self, stage: &StageState) -> bool {
        stage.status == StageStatus::InProgress
            && stage.pipeline_execution_id == self.pipeline_execution_id
    }

    /// Whether the stage still is as it was when it was looked at: the same execution, failed by
    /// these attempts and no others. An action that has not run in this execution may still show an
    /// older one's failure, which does not count. When people retry all actions, the state shows
    /// only those that have begun anew, and the history shows how the others had failed.
    pub fn is_still(&self, stage: &StageState) -> bool {
        let is_known = |failed: &&ActionAttempt| {
            let mut stops = self.stops.iter();
            stops.any(|stop| stop.action_execution_id == failed.action_execution_id)
        };
        let failed = || {
            let actions = stage.actions.iter();
            actions.filter(|action| {
                action.status == ActionStatus::Failed && !self.is_of_an_older_execution(action)
            })
        };
        stage.status == StageStatus::Failed
            && stage.pipeline_execution_id == self.pipeline_execution_id
            && failed().next().is_some()
            && failed().all(|action| is_known(&action))
    }

    fn is_of_an_older_execution(&self, action: &ActionAttempt) -> bool {
        self.began
            .zip(action.last_status_change)
            .is_some_and(|(began, changed)| changed < began)
    }
}

impl RetryRules {
    /// The policy of a gate's attempt: its parameters as they were resolved, over the account's policy.
    ///
    /// # Errors
    /// As of [`AccountPolicy::for_action`].
    pub fn policy_of(&self, gate: &ActionExecution) -> Result<Policy, PolicyError> {
        let region = gate.region.as_ref().and_then(|region| region.parse().ok());
        let region = region.as_ref().unwrap_or(&self.own_region);
        self.account
            .for_action(gate.user_parameters.as_deref(), region)
    }
}

impl Stop {
    fn of(row: &ActionExecution, rows: &[ActionExecution], rules: &RetryRules) -> Self {
        let is_attempt =
            |other: &&ActionExecution| other.stage == row.stage && other.action == row.action;
        Self {
            action_execution_id: row.attempt.action_execution_id.clone(),
            policy: rules.policy_of(row),
            since: row.attempt.last_status_change,
            attempts: rows.iter().filter(is_attempt).count(),
        }
    }

    fn is_left_to_people(&self, rules: &RetryRules, now: UtcDateTime) -> Result<(), Settlement> {
        // An invalid policy has no rules of its own: the built-in ones leave a stop to people after a day.
        let defaults = Policy::of_region(&rules.own_region);
        let policy = self.policy.as_ref().unwrap_or(&defaults);
        if policy.retry == Retry::Never {
            let why = "its policy's `retry` is `never`: it is left to people";
            return Err(RetryOutcome::Never.because(why));
        }
        let within = policy.retry_within;
        if self
            .since
            .is_none_or(|since| now - since > within.duration())
        {
            let since = self
                .since
                .map_or_else(|| "at an unknown time".to_owned(), to_the_minute);
            let why = format!(
                "the gate stopped it {since}, and its policy's `retryWithin` is {within}: it is left to people"
            );
            return Err(RetryOutcome::Expired.because(why));
        }
        Ok(())
    }

    fn has_waited(&self, now: UtcDateTime) -> Result<(), Settlement> {
        let due = self.since.map(|since| since + wait(self.attempts));
        match due.filter(|due| now < *due) {
            Some(due) => Err(RetryOutcome::Waiting.because(format!(
                "the gate has failed {} times in this execution: not before {}",
                self.attempts,
                rfc3339(due)
            ))),
            None => Ok(()),
        }
    }

    fn judge(&self, reading: &Reading, now: UtcDateTime) -> Result<(), Settlement> {
        let case = match &self.policy {
            Ok(policy) => Case::Found {
                policy,
                finding: Assessment::of(policy, reading, now).finding,
                hold: None,
            },
            Err(error) => Case::Invalid(Invalid::Policy(error.clone())),
        };
        let decision = decide(case, &Circumstances::default(), now);
        // A pass that is no clear one (a warning, an unread AWS Health) lets a job go on and no stopped stage.
        let obstacle = match &decision {
            Decision::Pass(Pass::Clear) => return Ok(()),
            Decision::Pass(Pass::Unknown(unread)) => Obstacle::Unknown(unread.clone()),
            Decision::Pass(Pass::Warned(incidents)) => Obstacle::Incident(incidents.clone()),
            Decision::Pass(Pass::Overridden(_, obstacle) | Pass::Rollback(obstacle)) => {
                obstacle.clone()
            }
            Decision::Hold(hold) => hold.obstacle.clone(),
            Decision::Fail(fail) => fail.obstacle.clone(),
        };
        let outcome = match obstacle {
            Obstacle::Unknown(_) => RetryOutcome::Unknown,
            Obstacle::Incident(_) | Obstacle::Invalid(_) => RetryOutcome::Blocked,
        };
        let report = Report {
            decision: &decision,
            policy: self.policy.as_ref().ok(),
            stale: &[],
            notes: &[],
            checked_at: now,
        };
        let mut why = report.obstacle_text(&obstacle);
        if let Some(first) = obstacle
            .incidents()
            .and_then(|incidents| incidents.list().first())
        {
            why.push_str(&format!(" ({}", first.event.arn));
            if first.closed.is_some() {
                let quiet = report.policy.map(|policy| policy.quiet_period.to_string());
                why.push_str(&format!(", quiet period {}", quiet.unwrap_or_default()));
            }
            why.push(')');
        }
        Err(outcome.because(one_line(&why)))
    }
}

/// How long after the gate's newest failure the next retry has to wait, after so many attempts: nothing after the first, then one
/// minute, twice as long each time, and at most half an hour.
fn wait(attempts: usize) -> Duration {
    let doublings = match attempts {
        ..2 => return Duration::ZERO,
        attempts => u32::try_from(attempts - 2).unwrap_or(u32::MAX),
    };
    let factor = 2_i32.checked_pow(doublings).unwrap_or(i32::MAX);
    FIRST_WAIT.saturating_mul(factor).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests;
