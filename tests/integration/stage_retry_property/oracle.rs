//! What may be retried, judged anew: from what CodePipeline's history shows, and from what the test itself has done to AWS Health and
//! the transitions.

use std::collections::{BTreeMap, BTreeSet};

use aws_sandbox::Outcome;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Incident, Machine, REGIONS};
use crate::in_world::FUNCTION;

const DAY: i64 = 24 * 3_600_000;

/// What a policy of these pipelines means: regions, quiet period in ms, and whether it is left to people.
fn rules(user_parameters: &str) -> (Vec<&'static str>, i64, bool) {
    let regions = REGIONS
        .into_iter()
        .filter(|region| user_parameters.contains(region));
    let quiet = if user_parameters.contains("quietPeriod") {
        600_000
    } else {
        0
    };
    (regions.collect(), quiet, user_parameters.contains("never"))
}

impl Machine {
    /// All attempts of an execution's stage Production, the newest first.
    fn rows(&self, pipeline: &str, execution: &str) -> Vec<Value> {
        let input = json!({"pipelineName": pipeline, "filter": {"pipelineExecutionId": execution}});
        let rows = self
            .call("ListActionExecutions", input)
            .expect("it has run");
        let rows = rows["actionExecutionDetails"]
            .as_array()
            .expect("a list")
            .clone();
        rows.into_iter()
            .filter(|row| row["stageName"] == "Production")
            .collect()
    }

    /// The failed attempts that stop a stage at some time, if it may be retried then; or else why it may not.
    fn stops(
        &self,
        pipeline: &str,
        execution: &str,
        at: i64,
    ) -> Result<BTreeSet<String>, &'static str> {
        let millis = |value: &Value| (value.as_f64().expect("seconds") * 1_000.0).round() as i64;
        let rows: Vec<Value> = self
            .rows(pipeline, execution)
            .into_iter()
            .filter(|row| millis(&row["startTime"]) <= at)
            .collect();
        let mut newest: BTreeMap<&str, (&Value, usize)> = BTreeMap::new();
        for row in &rows {
            newest
                .entry(row["actionName"].as_str().expect("a name"))
                .or_insert((row, 0))
                .1 += 1;
        }
        let mut stops = BTreeSet::new();
        for (row, attempts) in newest.into_values() {
            let ended = millis(&row["lastUpdateTime"]);
            if row["status"] == "InProgress" || ended > at {
                return Err("an action goes on");
            }
            if row["status"] == "Succeeded" {
                continue;
            }
            let configuration = &row["input"]["resolvedConfiguration"];
            let result = &row["output"]["executionResult"];
            let message = result["externalExecutionSummary"]
                .as_str()
                .unwrap_or_default();
            let code = result["errorDetails"]["code"].as_str().unwrap_or_default();
            let is_liftable = message.starts_with("health-gate blocked:")
                || message.starts_with("health-gate unknown:")
                || !message.starts_with("health-gate")
                    && !["ConfigurationError", "PermissionError"].contains(&code);
            if configuration["FunctionName"] != FUNCTION || !is_liftable {
                return Err("something else has failed");
            }
            let parameters = configuration["UserParameters"].as_str().expect("a policy");
            let (regions, quiet, never) = rules(parameters);
            if never {
                return Err("its policy says never");
            }
            if at - ended > DAY {
                return Err("it was stopped a day ago");
            }
            let minutes = if attempts < 2 {
                0
            } else {
                (1 << (attempts - 2).min(5)).min(30)
            };
            if at - ended < minutes * 60_000 {
                return Err("it has to wait");
            }
            let matters =
                |incident: &&Incident| regions.contains(&incident.region) && incident.opened <= at;
            if self
                .incidents
                .iter()
                .filter(matters)
                .any(|incident| incident.closed.is_none_or(|closed| closed > at - quiet))
            {
                return Err("an incident stands in the way");
            }
            stops.insert(row["actionExecutionId"].as_str().expect("an id").to_owned());
        }
        let is_frozen =
            |span: &(i64, Option<i64>)| span.0 <= at && span.1.is_none_or(|thawed| thawed > at);
        if self
            .frozen
            .get(pipeline)
            .is_some_and(|spans| spans.iter().any(is_frozen))
        {
            return Err("it is frozen");
        }
        if stops.is_empty() {
            return Err("nothing has failed");
        }
        Ok(stops)
    }

    /// Each retry was right when it was made, and no stop was lifted twice.
    pub(super) fn check_retries(&self) -> Result<usize, TestCaseError> {
        let calls = self.gate.world.with(|sandbox, _| {
            let calls = sandbox.transcript.of("RetryStageExecution").cloned();
            calls
                .filter(|call| matches!(call.outcome, Outcome::Output(_)))
                .collect::<Vec<_>>()
        });
        let mut lifted = BTreeSet::new();
        for call in &calls {
            let text = |name: &str| call.input[name].as_str().expect("a text");
            let (pipeline, execution) = (text("pipelineName"), text("pipelineExecutionId"));
            prop_assert_eq!(text("stageName"), "Production");
            let stops = self.stops(pipeline, execution, call.at.as_millis());
            let stops = stops
                .map_err(|why| TestCaseError::fail(format!("{pipeline} was retried, but {why}")))?;
            for stop in stops {
                prop_assert!(lifted.insert(stop), "{} was retried twice", pipeline);
            }
        }
        Ok(calls.len())
    }

    /// Nothing is left that should have been retried.
    pub(super) fn check_rest(&self) -> Result<(), TestCaseError> {
        let now = self.now();
        for pipeline in &self.names {
            let state = self
                .call("GetPipelineState", json!({"name": pipeline}))
                .expect("it exists");
            let stages = state["stageStates"].as_array().expect("a list");
            let production = stages
                .iter()
                .find(|stage| stage["stageName"] == "Production");
            let in_stage =
                production.map(|stage| stage["latestExecution"]["pipelineExecutionId"].clone());
            let executions = self
                .call("ListPipelineExecutions", json!({"pipelineName": pipeline}))
                .expect("it exists");
            for execution in executions["pipelineExecutionSummaries"]
                .as_array()
                .expect("a list")
            {
                let id = &execution["pipelineExecutionId"];
                // But in PARALLEL mode, only the newest in the stage can be retried.
                let is_there = in_stage.as_ref().is_none_or(|newest| newest == id);
                if execution["status"] == "Failed" && is_there {
                    let left = self.stops(pipeline, id.as_str().expect("an id"), now);
                    prop_assert!(left.is_err(), "{} was left alone: {:?}", pipeline, left);
                }
            }
        }
        Ok(())
    }
}
