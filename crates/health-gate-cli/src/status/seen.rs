//! What CodePipeline shows of the gates of a pipeline, and what AWS Health says to those that have not passed.

use std::collections::BTreeSet;

use health_gate::{
    ActionExecution, ActionStatus, OVERRIDE_TAG, Override, PipelineExecution, Policy, Query,
    Reading, RetryRules, StageState,
};
use health_gate_aws::{
    Clients, Refusal, action_executions, newest_action_executions, pipeline_executions,
    pipeline_state, read_health, tag_value,
};
use time::{Duration, UtcDateTime};

use crate::look::PATIENCE;
use crate::pipelines::{Pipeline, Selection};
use crate::progress;

/// No policy lets a stop be retried for longer.
const LONGEST_RETRY: Duration = Duration::days(7);

/// What was read about a pipeline.
pub(super) struct Seen<'p> {
    pub(super) pipeline: &'p Pipeline,
    /// In PARALLEL mode, those in which executions have failed.
    pub(super) stages: Vec<StageState>,
    /// In PARALLEL mode: executions that failed before are not shown.
    failed_since: Option<UtcDateTime>,
    /// The newest attempts, and all of the executions in which a gate failed.
    pub(super) rows: Vec<ActionExecution>,
    pub(super) overridden: Option<Override>,
    /// What is wrong with its override.
    pub(super) note: Option<String>,
}

/// Looks at a pipeline.
///
/// # Errors
/// Why it could not be read, for people.
pub(super) async fn look<'p>(
    clients: &Clients,
    pipeline: &'p Pipeline,
    selection: &Selection,
) -> Result<Seen<'p>, String> {
    let name = &pipeline.at.name;
    let why = |refusal: Refusal| refusal.why;
    let shown = pipeline_state(clients, &pipeline.at).await.map_err(why)?;
    // One in PARALLEL mode shows no state.
    let failed_since = shown.is_none().then(|| clients.clock.now() - LONGEST_RETRY);
    let mut rows = newest_action_executions(clients, name).await.map_err(why)?;
    // Of an execution that failed, all attempts count, and the newest hundred may not be all.
    let failed: BTreeSet<String> = pipeline
        .gates(&selection.gates)
        .flat_map(|(stage, gate)| newest(&rows, stage, &gate.name, failed_since))
        .filter(|row| row.attempt.status == ActionStatus::Failed)
        .map(|row| row.pipeline_execution_id.clone())
        .collect();
    for id in &failed {
        let all = action_executions(clients, name, id).await.map_err(why)?;
        rows.retain(|row| row.pipeline_execution_id != *id);
        rows.extend(all);
    }
    let stages = match shown {
        Some(stages) => stages,
        None if failed.is_empty() => Vec::new(),
        None => {
            let executions = pipeline_executions(clients, name).await.map_err(why)?;
            let of_gates = executions
                .iter()
                .filter(|execution| failed.contains(&execution.id));
            let stage = |execution: &PipelineExecution| {
                StageState::of_failed_execution(execution, &of_execution(&rows, &execution.id))
            };
            of_gates.filter_map(stage).collect()
        }
    };
    let mut seen = Seen {
        pipeline,
        stages,
        failed_since,
        rows,
        overridden: None,
        note: None,
    };
    match tag_value(clients, &pipeline.at, OVERRIDE_TAG).await {
        Ok(None) => {}
        Ok(Some(value)) => match Override::read(&value, clients.clock.now()) {
            Ok(overridden) => seen.overridden = Some(overridden),
            Err(error) => seen.note = Some(format!("its override is ignored: {error}")),
        },
        Err(why) => seen.note = Some(format!("its override could not be read: {why}")),
    }
    Ok(seen)
}

fn of_execution(rows: &[ActionExecution], id: &str) -> Vec<ActionExecution> {
    let of_execution = rows.iter().filter(|row| row.pipeline_execution_id == id);
    of_execution.cloned().collect()
}

impl Seen<'_> {
    /// The attempts of a gate that people want to see.
    pub(super) fn newest(&self, stage: &str, action: &str) -> Vec<&ActionExecution> {
        newest(&self.rows, stage, action, self.failed_since)
    }

    /// All attempts of an execution's actions that were read.
    pub(super) fn of_execution(&self, id: &str) -> Vec<ActionExecution> {
        of_execution(&self.rows, id)
    }
}

/// The newest attempt of a gate; where several executions are in a stage at once, that of each which goes on, or in PARALLEL mode has
/// failed since then.
fn newest<'r>(
    rows: &'r [ActionExecution],
    stage: &str,
    action: &str,
    failed_since: Option<UtcDateTime>,
) -> Vec<&'r ActionExecution> {
    let mut of_gate: Vec<&ActionExecution> = rows
        .iter()
        .filter(|row| row.stage == stage && row.action == action)
        .collect();
    of_gate.sort_by_key(|row| std::cmp::Reverse(row.start_time));
    let mut executions = BTreeSet::new();
    of_gate.retain(|row| executions.insert(&row.pipeline_execution_id));
    let matters = |row: &&ActionExecution| match row.attempt.status {
        ActionStatus::Other => true,
        ActionStatus::Failed => failed_since.is_some_and(|since| row.start_time >= Some(since)),
        ActionStatus::Succeeded | ActionStatus::Abandoned => false,
    };
    let first = of_gate.first().copied();
    let others = of_gate.into_iter().skip(1).filter(matters);
    first.into_iter().chain(others).collect()
}

/// Reads AWS Health once, for the gates that have not passed.
pub(super) async fn read_for(clients: &Clients, seen: &[Seen<'_>], rules: &RetryRules) -> Reading {
    let waits = |row: &&ActionExecution| {
        matches!(
            row.attempt.status,
            ActionStatus::Other | ActionStatus::Failed
        )
    };
    let rows = seen.iter().flat_map(|seen| &seen.rows).filter(waits);
    let gates = rows.filter(|row| {
        let function = row.attempt.function.as_deref();
        function.is_some_and(|function| rules.gates.contains(function))
    });
    let policies: Vec<Policy> = gates.filter_map(|row| rules.policy_of(row).ok()).collect();
    if policies.is_empty() {
        return Reading::known(Vec::new());
    }
    let spinner = progress::spinner("reading AWS Health");
    let query = Query::of(&policies, clients.clock.now());
    let health = read_health(clients, &query, PATIENCE).await;
    drop(spinner);
    health.reading
}
