//! What stage-retry retries, held against CodePipeline's own history and what is true.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aws_sandbox::{Call, Fault, World};
use serde_json::{Value, json};

use super::jobs::is_accepted;
use super::reading::Reading;
use super::{Checked, Checks, Invariant, Look};
use crate::functions::GATE;
use crate::plan::{Plan, Policy};
use crate::truth::Truth;

/// A failed gate that may be lifted if nothing stands in its way.
#[derive(Debug)]
pub(super) struct Stop<'a> {
    /// The attempt of the action.
    pub(super) attempt: String,
    pub(super) policy: &'a Policy,
}

impl PartialEq for Stop<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.attempt == other.attempt
    }
}

/// A stage of an execution.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) pipeline: &'a str,
    pub(super) stage: &'a str,
    pub(super) execution: &'a str,
}

/// Why a stage may not go on whatever AWS Health says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StopError {
    /// CodePipeline does not say what is in it.
    Unread(String),
    Rollback,
    Frozen,
    /// This action has not ended.
    GoesOn(String),
    /// This action has failed, and is no stop of the gate.
    Other(String),
    /// A policy says so.
    Never,
    TooOld,
    HasToWait,
    /// Nothing has failed.
    NoStop,
}

impl fmt::Display for StopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unread(code) => write!(f, "CodePipeline says {code}"),
            Self::Rollback => f.write_str("it is a rollback"),
            Self::Frozen => f.write_str("it is frozen"),
            Self::GoesOn(action) => write!(f, "action {action} goes on"),
            Self::Other(action) => write!(f, "action {action} is no stop of the gate"),
            Self::Never => f.write_str("its policy says never"),
            Self::TooOld => f.write_str("it was stopped too long ago"),
            Self::HasToWait => f.write_str("it has to wait"),
            Self::NoStop => f.write_str("nothing has failed"),
        }
    }
}

/// A time as CodePipeline writes it, in milliseconds.
pub(crate) fn millis(value: &Value) -> i64 {
    (value.as_f64().unwrap_or_default() * 1_000.0).round() as i64
}

/// The failed gates of a stage at the end of a window, if nothing but AWS Health may keep it from going on. How old a stop is was looked
/// at when the window began, and the transition when it was `looked` at for the last time.
///
/// # Errors
/// Each reason why it may not.
pub(super) fn stops<'a>(
    world: &World,
    truth: &Truth,
    plan: &'a Plan,
    place: Place<'_>,
    (from, looked, at): (i64, i64, i64),
) -> Result<Vec<Stop<'a>>, Vec<StopError>> {
    let Place {
        pipeline,
        stage,
        execution,
    } = place;
    let input = json!({"pipelineName": pipeline, "filter": {"pipelineExecutionId": execution}});
    let rows = world.with(|sandbox, now| {
        sandbox.call(
            now,
            "CodePipeline",
            "ListActionExecutions",
            plan.regions.home,
            &input,
        )
    });
    let rows = rows.map_err(|error| vec![StopError::Unread(error.code)])?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows = rows["actionExecutionDetails"]
        .as_array()
        .into_iter()
        .flatten();
    let rows = rows.filter(|row| row["stageName"] == stage && millis(&row["startTime"]) <= at);
    let mut newest: BTreeMap<String, (&Value, u32)> = BTreeMap::new();
    for row in rows {
        newest.entry(text(&row["actionName"])).or_insert((row, 0)).1 += 1;
    }
    let mut errors = Vec::new();
    if truth.is_rollback(execution) {
        errors.push(StopError::Rollback);
    }
    if truth.stayed_frozen((pipeline, stage), looked, at) {
        errors.push(StopError::Frozen);
    }
    let mut stops = Vec::new();
    for (action, (row, attempts)) in newest {
        let ended = millis(&row["lastUpdateTime"]);
        if row["status"] == "InProgress" || ended > at {
            errors.push(StopError::GoesOn(action));
            continue;
        }
        // What a person has abandoned has ended before a person let the stage go on.
        if row["status"] == "Succeeded" || row["status"] == "Abandoned" {
            continue;
        }
        let result = &row["output"]["executionResult"];
        let (message, code) = (
            text(&result["externalExecutionSummary"]),
            text(&result["errorDetails"]["code"]),
        );
        let is_ours = row["input"]["resolvedConfiguration"]["FunctionName"] == GATE;
        let says = |marker: &str| message.starts_with(marker);
        let is_liftable = if says("health-gate blocked:") || says("health-gate unknown:") {
            !message
                .lines()
                .next()
                .is_some_and(|line| line.contains("stopped by a person"))
        } else {
            !says("health-gate") && !["ConfigurationError", "PermissionError"].contains(&&*code)
        };
        if row["status"] != "Failed" || !is_ours || !is_liftable {
            errors.push(StopError::Other(action));
            continue;
        }
        let Some(policy) = plan.policy(pipeline, stage, &action) else {
            errors.push(StopError::Other(action));
            continue;
        };
        if policy.is_valid && policy.says("retry", "never") {
            errors.push(StopError::Never);
        }
        let within = if policy.is_valid {
            policy.millis("retryWithin")
        } else {
            86_400_000
        };
        if from - ended > within {
            errors.push(StopError::TooOld);
        }
        let minutes = if attempts < 2 {
            0
        } else {
            (1 << (attempts - 2).min(5)).min(30)
        };
        if at - ended < minutes * 60_000 {
            errors.push(StopError::HasToWait);
        }
        stops.push(Stop {
            attempt: text(&row["actionExecutionId"]),
            policy,
        });
    }
    if stops.is_empty() {
        errors.push(StopError::NoStop);
    }
    if errors.is_empty() {
        Ok(stops)
    } else {
        Err(errors)
    }
}

impl Checks {
    pub(super) fn retries(&mut self, look: &Look<'_>) -> Checked {
        let reading = Reading::of(look);
        let is_retry = |call: &&Call| call.operation == "RetryStageExecution" && is_accepted(call);
        for call in look.calls.iter().filter(is_retry) {
            self.retry(look, &reading, call)?;
        }
        self.told_of_retries(look)?;
        self.outcomes(look, &reading)
    }

    fn retry(&mut self, look: &Look<'_>, reading: &Reading, call: &Call) -> Checked {
        let (from, at) = (look.ended.began.as_millis(), call.at.as_millis());
        let text = |name: &str| call.input[name].as_str().unwrap_or_default();
        let place = Place {
            pipeline: text("pipelineName"),
            stage: text("stageName"),
            execution: text("pipelineExecutionId"),
        };
        let of = format!("{} / {} was retried", place.pipeline, place.stage);
        let mode = (call.input["retryMode"] != "FAILED_ACTIONS")
            .then(|| format!("{of}, and not only what has failed in it"));
        self.hold(Invariant::OnlyItsStops, false, look.world.now(), mode)?;
        let now = look.world.now();
        // The last look before the retry: a person may be faster.
        let last = |operation: &str| {
            let mut before = look.calls.iter().rev().filter(|made| made.at <= call.at);
            let last = before.find(|made| {
                made.operation == operation
                    && (made.input["name"].is_null() || made.input["name"] == place.pipeline)
            });
            last.map(|made| made.at.as_millis())
        };
        let looked = last("GetPipelineState").unwrap_or(from);
        // One that AWS Health does later may be of the endpoint that was not waited for.
        let read = look.calls.iter().rev().find(|made| {
            made.operation == "DescribeEvents"
                && made.at <= call.at
                && !matches!(made.fault, Some(Fault::Slow(_)))
        });
        let blindly = (read.map(|made| made.at.as_millis()) > Some(looked))
            .then(|| format!("{of}, and nobody has looked at it since AWS Health was read"));
        self.hold(Invariant::OnlyItsStops, false, now, blindly)?;
        let window = (from, looked, at);
        let found = stops(look.world, look.truth, look.plan, place, window);
        let stops = match found {
            Ok(stops) => stops,
            Err(why) => {
                let why = &why[0];
                return self.hold(
                    Invariant::OnlyItsStops,
                    true,
                    now,
                    Some(format!("{of}, but {why}")),
                );
            }
        };
        let again: BTreeSet<&str> = stops
            .iter()
            .map(|stop| &*stop.attempt)
            .filter(|id| self.lifted.contains(*id))
            .collect();
        let again = (!again.is_empty()).then(|| format!("{of} twice for the same stop"));
        self.hold(Invariant::OnlyItsStops, false, now, again)?;
        let is_overridden = look.truth.was_overridden(place.pipeline, from, at);
        for stop in stops.iter().filter(|_| !is_overridden) {
            let complete = reading.complete_at(stop.policy);
            let unread = complete
                .is_empty()
                .then(|| format!("{of}, and AWS Health was not read to its end"));
            self.hold(
                Invariant::UnknownIsNotClear,
                reading.went_wrong,
                now,
                unread,
            )?;
            let blocking = reading.blocked(stop.policy, look, (from, at));
            let blocking = blocking.map(|blocking| format!("blocked by {blocking}"));
            let is_behind = look.plan.finds_the_active_endpoint()
                && !complete
                    .iter()
                    .any(|endpoint| look.truth.was_active(endpoint, from, at));
            let why = if !stop.policy.is_valid {
                Some("its policy cannot be read".to_owned())
            } else if is_behind {
                Some("only the passive endpoint was read".to_owned())
            } else {
                blocking
            };
            self.hold(
                Invariant::OnlyItsStops,
                true,
                now,
                why.map(|why| format!("{of}, but {why}")),
            )?;
        }
        // It might have been left alone.
        self.count(Invariant::GoesOn, true);
        self.lifted
            .extend(stops.into_iter().map(|stop| stop.attempt));
        Ok(())
    }
}
