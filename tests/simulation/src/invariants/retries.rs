//! What stage-retry retries, held against CodePipeline's own history and what is true.

use std::collections::{BTreeMap, BTreeSet};

use aws_sandbox::{Call, World};
use serde_json::{Value, json};

use super::jobs::is_accepted;
use super::reading::Reading;
use super::{Checked, Checks, Invariant, Look};
use crate::functions::{Ending, GATE};
use crate::plan::{LookUp, Plan, Policy};
use crate::truth::Truth;

/// Between the last look at a stage and its retry, in milliseconds: a person may be faster.
const LOOK: i64 = 3_000;

/// A failed gate that may be lifted if nothing stands in its way.
pub(super) struct Stop<'a> {
    /// The attempt of the action.
    pub(super) attempt: String,
    pub(super) policy: &'a Policy,
}

/// A stage of an execution.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) pipeline: &'a str,
    pub(super) stage: &'a str,
    pub(super) execution: &'a str,
}

/// The failed gates of a stage at the end of a window, if nothing but AWS Health may keep it from going on. How old a stop is was looked
/// at when the window began.
///
/// # Errors
/// Why it may not.
pub(super) fn stops<'a>(
    world: &World,
    truth: &Truth,
    plan: &'a Plan,
    place: Place<'_>,
    (from, at): (i64, i64),
) -> Result<Vec<Stop<'a>>, String> {
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
    let rows = rows.map_err(|error| error.code)?;
    let millis = |value: &Value| (value.as_f64().unwrap_or_default() * 1_000.0).round() as i64;
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
    if truth.is_rollback(execution) {
        return Err("it is a rollback".to_owned());
    }
    if truth.is_frozen(pipeline, at)
        && truth.is_frozen(pipeline, at - LOOK)
        && stage == "Production"
    {
        return Err("it is frozen".to_owned());
    }
    let mut stops = Vec::new();
    for (action, (row, attempts)) in newest {
        let ended = millis(&row["lastUpdateTime"]);
        if row["status"] == "InProgress" || ended > at {
            return Err(format!("action {action} goes on"));
        }
        if row["status"] == "Succeeded" {
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
            return Err(format!("action {action} is no stop of the gate"));
        }
        let policy = plan
            .policy(pipeline, stage, &action)
            .ok_or("there is no such gate")?;
        if policy.is_valid && policy.says("retry", "never") {
            return Err("its policy says never".to_owned());
        }
        let within = if policy.is_valid {
            policy.millis("retryWithin")
        } else {
            86_400_000
        };
        if from - ended > within {
            return Err("it was stopped too long ago".to_owned());
        }
        let minutes = if attempts < 2 {
            0
        } else {
            (1 << (attempts - 2).min(5)).min(30)
        };
        if at - ended < minutes * 60_000 {
            return Err("it has to wait".to_owned());
        }
        stops.push(Stop {
            attempt: text(&row["actionExecutionId"]),
            policy,
        });
    }
    if stops.is_empty() {
        Err("nothing has failed".to_owned())
    } else {
        Ok(stops)
    }
}

impl Checks {
    pub(super) fn retries(&mut self, look: &Look<'_>) -> Checked {
        let reading = Reading::of(look);
        let is_retry = |call: &&Call| call.operation == "RetryStageExecution" && is_accepted(call);
        for call in look.calls.iter().filter(is_retry) {
            self.retry(look, &reading, call)?;
        }
        // What it found and left alone could have been retried.
        if let Some(Ending::Returned(Ok(account))) = look.ending {
            let stages = account["stages"].as_array().into_iter().flatten();
            for stage in stages.filter(|stage| stage["outcome"] != "retried") {
                self.count(Invariant::OnlyItsStops, true);
                if stage["outcome"] == "unknown" {
                    self.count(Invariant::UnknownIsNotClear, true);
                }
            }
        }
        Ok(())
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
        let found = stops(look.world, look.truth, look.plan, place, (from, at));
        let now = look.world.now();
        let stops = match found {
            Ok(stops) => stops,
            Err(why) => {
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
            let blocking = complete.iter().find_map(|endpoint| {
                let blocking = look
                    .truth
                    .blocked_throughout(stop.policy, endpoint, from, at);
                blocking
                    .first()
                    .map(|incident| format!("{} stands in the way", incident.arn()))
            });
            let is_behind = look.plan.look_up == LookUp::Honest
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
        self.lifted
            .extend(stops.into_iter().map(|stop| stop.attempt));
        Ok(())
    }
}
