//! What is left when nothing goes wrong any more: nothing that should have gone on.

use std::collections::BTreeSet;

use aws_sandbox::codepipeline::ExecutionMode;
use aws_sandbox::{Timestamp, World};
use serde_json::{Value, json};

use super::retries::{Place, Stop, millis, stops};
use super::{Checked, Checks, Invariant};
use crate::plan::{Pipeline, Plan};
use crate::truth::Truth;

impl Checks {
    /// Nothing goes wrong any more, and a sweep that began at `swept` has looked at all pipelines.
    pub(crate) fn rest(
        &mut self,
        world: &World,
        truth: &Truth,
        plan: &Plan,
        swept: Timestamp,
    ) -> Checked {
        let (swept, now) = (swept.as_millis(), world.now().as_millis());
        let scanned = |pipeline: &&Pipeline| plan.is_scanned(pipeline.name);
        for pipeline in plan.pipelines.iter().filter(scanned) {
            for (stage, execution) in failed_stages(world, plan, pipeline) {
                let place = Place {
                    pipeline: pipeline.name,
                    stage: &stage,
                    execution: &execution,
                };
                let stops =
                    |at| stops(world, truth, plan, place, (swept, at, at)).unwrap_or_default();
                let before = stops(swept);
                let asked = truth.asked(swept, plan.finds_the_active_endpoint());
                let may_go_on = |stop: &Stop<'_>| {
                    let policy = stop.policy;
                    policy.is_valid && !truth.was_blocked(policy, &[asked], swept, now)
                };
                let may_all_go_on = !before.is_empty()
                    && (truth.stayed_overridden(pipeline.name, swept, now)
                        || before.iter().all(may_go_on));
                let broken = (may_all_go_on && before == stops(now)).then(|| {
                    format!(
                        "{} / {stage} was left alone, and nothing stands in its way any more",
                        pipeline.name
                    )
                });
                self.hold(Invariant::GoesOn, may_all_go_on, world.now(), broken)?;
            }
        }
        Ok(())
    }
}

/// The longest that a round takes which nobody answers, until CodePipeline gives it up.
const UNANSWERED: i64 = 21 * 60_000;

impl Checks {
    /// No action of a gate goes on for longer than its policy holds and a round takes.
    pub(super) fn every_hold_has_ended(&mut self, world: &World, plan: &Plan) -> Checked {
        let now = world.now().as_millis();
        for pipeline in &plan.pipelines {
            let rows = action_rows(world, plan, pipeline);
            for row in rows.iter().filter(|row| row["status"] == "InProgress") {
                let name = |member: &str| row[member].as_str().unwrap_or_default();
                let policy = plan.policy(pipeline.name, name("stageName"), name("actionName"));
                let age = now - millis(&row["startTime"]);
                let longest = policy.map_or(0, |policy| policy.millis("maxHold")) + UNANSWERED;
                let broken = (policy.is_some() && age > longest).then(|| {
                    format!(
                        "{} / {} / {} has gone on for {} s",
                        pipeline.name,
                        name("stageName"),
                        name("actionName"),
                        age / 1_000
                    )
                });
                self.hold(Invariant::HoldsEnd, false, world.now(), broken)?;
            }
        }
        Ok(())
    }
}

/// The newest attempts of actions in a pipeline.
pub(crate) fn action_rows(world: &World, plan: &Plan, pipeline: &Pipeline) -> Vec<Value> {
    let input = json!({"pipelineName": pipeline.name});
    let rows = call(world, plan, "ListActionExecutions", &input);
    let rows = rows["actionExecutionDetails"].as_array();
    rows.cloned().unwrap_or_default()
}

/// What CodePipeline says to anybody who asks.
fn call(world: &World, plan: &Plan, operation: &str, input: &Value) -> Value {
    let home = plan.regions.home;
    world
        .with(|sandbox, now| sandbox.call(now, "CodePipeline", operation, home, input))
        .unwrap_or_default()
}

/// The stages that have failed, with their executions; of a stage that others have entered since, only the newest can be retried.
pub(super) fn failed_stages(
    world: &World,
    plan: &Plan,
    pipeline: &Pipeline,
) -> BTreeSet<(String, String)> {
    let call = |operation: &str, input: Value| call(world, plan, operation, &input);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    if pipeline.mode != ExecutionMode::Parallel {
        let state = call("GetPipelineState", json!({"name": pipeline.name}));
        let stages = state["stageStates"].as_array().into_iter().flatten();
        let failed = stages.filter(|stage| stage["latestExecution"]["status"] == "Failed");
        return failed
            .map(|stage| {
                (
                    text(&stage["stageName"]),
                    text(&stage["latestExecution"]["pipelineExecutionId"]),
                )
            })
            .collect();
    }
    let executions = call(
        "ListPipelineExecutions",
        json!({"pipelineName": pipeline.name}),
    );
    let executions = executions["pipelineExecutionSummaries"]
        .as_array()
        .into_iter()
        .flatten();
    let failed = executions.filter(|execution| execution["status"] == "Failed");
    let mut stages = BTreeSet::new();
    for execution in failed.map(|execution| text(&execution["pipelineExecutionId"])) {
        let rows = call(
            "ListActionExecutions",
            json!({"pipelineName": pipeline.name, "filter": {"pipelineExecutionId": execution}}),
        );
        let newest = rows["actionExecutionDetails"]
            .as_array()
            .and_then(|rows| rows.first())
            .map(|row| text(&row["stageName"]));
        stages.extend(newest.map(|stage| (stage, execution)));
    }
    stages
}
