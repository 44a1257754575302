//! `health-gate status`: all gates of all pipelines, and what each waits for.

use std::io::Write;

use anyhow::Result;
use clap::Args;
use futures_util::stream::{self, StreamExt as _};
use health_gate::{
    ActionExecution, ActionStatus, Asker, Bystander, GateState, OVERRIDE_TAG, Override,
    PipelineExecution, Policy, Query, Reading, RetryRules, StageState, rfc3339,
};
use health_gate_aws::{
    Clients, action_executions, newest_action_executions, pipeline_executions, pipeline_state,
    read_health, tag_value,
};
use serde::Serialize;
use time::{Duration, UtcDateTime};

use crate::event_view::plain;
use crate::exit_code::ExitCode;
use crate::look::{PATIENCE, advice};
use crate::output::{
    BAD, Format, FormatArgument, QUIET, WARNING, clock, print_json, print_table, styled, table,
};
use crate::pipelines::{self, Found, IN_FLIGHT, Pipeline, Selection, Unread};
use crate::progress;
use crate::session::{AwsArguments, Session, run as run_async};

/// No policy lets a stop be retried for longer.
const LONGEST_RETRY: Duration = Duration::days(7);

/// The arguments of `health-gate status`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Show only gates that hold or stop a deployment.
    #[arg(long)]
    waiting: bool,
    #[command(flatten)]
    format: FormatArgument,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    aws: AwsArguments,
}

/// What was read about a pipeline.
struct Seen<'p> {
    pipeline: &'p Pipeline,
    stages: Vec<StageState>,
    /// In PARALLEL mode: executions that failed before are not shown.
    failed_since: Option<UtcDateTime>,
    /// The newest attempts, and all of the executions in which a gate failed.
    rows: Vec<ActionExecution>,
    overridden: Option<Override>,
    /// What is wrong with its override.
    note: Option<String>,
}

/// A gate, and how it stands.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    pipeline: String,
    stage: String,
    action: String,
    pipeline_execution_id: Option<String>,
    /// `passed`, `running`, `held`, `stopped`, `moved-on` (it was stopped, and the stage has gone on since), `abandoned`, or `not-run`.
    state: &'static str,
    since: Option<String>,
    why: String,
    overridden_until: Option<String>,
    overridden_by: Option<String>,
    override_reason: Option<String>,
    note: Option<String>,
    #[serde(skip)]
    since_time: Option<UtcDateTime>,
    #[serde(skip)]
    overridden: Option<Override>,
}

/// Shows all gates.
pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode> {
    run_async(async {
        let session = Session::open(&arguments.aws).await?;
        let clients = &session.clients;
        let Found {
            gated,
            ungated,
            mut unread,
        } = pipelines::find(clients, &arguments.selection).await?;
        let bar = progress::steps(gated.len(), "looking at gates");
        let looks = gated.iter().map(async |pipeline| {
            let seen = look(clients, pipeline, &arguments.selection).await;
            bar.step();
            (pipeline, seen)
        });
        let looks: Vec<_> = stream::iter(looks).buffered(IN_FLIGHT).collect().await;
        drop(bar);
        let mut seen = Vec::new();
        for (pipeline, look) in looks {
            match look {
                Ok(look) => seen.push(look),
                Err(why) => unread.push(Unread {
                    pipeline: pipeline.at.name.clone(),
                    why,
                }),
            }
        }
        let rules = RetryRules {
            gates: arguments.selection.gates.functions(),
            account: session.account_policy.clone(),
            own_region: clients.region.clone(),
            asked_by: Asker::Signal,
        };
        let reading = read_for(clients, &seen, &rules).await;
        let now = clients.clock.now();
        let mut lines = Vec::new();
        for seen in &seen {
            lines.extend(seen.lines(&arguments.selection, &rules, &reading, now));
        }
        lines.retain(|line| !arguments.waiting || matches!(line.state, "held" | "stopped"));
        // What waits comes first.
        lines.sort_by_key(|line| match line.state {
            "stopped" => 0,
            "held" => 1,
            "running" => 2,
            _ => 3,
        });
        match arguments.format.format {
            Format::Json => print_json(
                out,
                &serde_json::json!({
                    "checkedAt": rfc3339(now),
                    "gates": lines,
                    "withoutGate": ungated.iter().map(|pipeline| &pipeline.at.name).collect::<Vec<_>>(),
                    "unread": unread.iter().map(|unread| serde_json::json!({"pipeline": unread.pipeline, "why": unread.why})).collect::<Vec<_>>(),
                }),
            )?,
            Format::Text => print(&lines, &ungated, &unread, &reading, now, out)?,
        }
        Ok(if unread.is_empty() && reading.unread.is_none() {
            ExitCode::Pass
        } else {
            ExitCode::Error
        })
    })
}

async fn look<'p>(
    clients: &Clients,
    pipeline: &'p Pipeline,
    selection: &Selection,
) -> Result<Seen<'p>, String> {
    let name = &pipeline.at.name;
    let why = |refusal: health_gate_aws::Refusal| refusal.why;
    let shown = pipeline_state(clients, &pipeline.at).await.map_err(why)?;
    // One in PARALLEL mode shows no state.
    let failed_since = shown.is_none().then(|| clients.clock.now() - LONGEST_RETRY);
    let mut rows = newest_action_executions(clients, name).await.map_err(why)?;
    // Of an execution that failed, all attempts count, and the newest hundred may not be all.
    let failed: Vec<String> = pipeline
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
                let of_execution = of_execution(&rows, &execution.id);
                StageState::of_failed_execution(execution, &of_execution)
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
    let mut executions = std::collections::BTreeSet::new();
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
async fn read_for(clients: &Clients, seen: &[Seen<'_>], rules: &RetryRules) -> Reading {
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

impl Seen<'_> {
    fn lines(
        &self,
        selection: &Selection,
        rules: &RetryRules,
        reading: &Reading,
        now: UtcDateTime,
    ) -> Vec<Line> {
        let bystander = Bystander {
            rules,
            reading,
            overridden: self.overridden.as_ref(),
            now,
        };
        let mut lines = Vec::new();
        for (stage, gate) in self.pipeline.gates(&selection.gates) {
            let attempts = newest(&self.rows, stage, &gate.name, self.failed_since);
            if attempts.is_empty() {
                lines.push(self.line(stage, &gate.name, None, None));
            }
            for attempt in attempts {
                let id = &attempt.pipeline_execution_id;
                let of_execution = of_execution(&self.rows, id);
                let shown = self
                    .stages
                    .iter()
                    .find(|shown| shown.name == stage && shown.pipeline_execution_id == *id);
                let state = bystander.sees(attempt, shown, &of_execution);
                lines.push(self.line(stage, &gate.name, Some(id), Some(&state)));
            }
        }
        lines
    }

    fn line(
        &self,
        stage: &str,
        action: &str,
        execution: Option<&String>,
        state: Option<&GateState>,
    ) -> Line {
        let since = state.and_then(GateState::since);
        let overridden = self.overridden.as_ref();
        Line {
            pipeline: self.pipeline.at.name.clone(),
            stage: stage.to_owned(),
            action: action.to_owned(),
            pipeline_execution_id: execution.cloned(),
            state: state.map_or("not-run", GateState::word),
            since: since.map(rfc3339),
            why: state.map(GateState::explanation).unwrap_or_default(),
            overridden_until: overridden.map(|overridden| rfc3339(overridden.until)),
            overridden_by: overridden.map(|overridden| overridden.by.clone()),
            override_reason: overridden.map(|overridden| overridden.reason.clone()),
            note: self.note.clone(),
            since_time: since,
            overridden: self.overridden.clone(),
        }
    }
}

fn print(
    lines: &[Line],
    ungated: &[Pipeline],
    unread: &[Unread],
    reading: &Reading,
    now: UtcDateTime,
    out: &mut impl Write,
) -> Result<()> {
    if let Some(why) = &reading.unread {
        let text = format!("AWS Health is not known: {}: {}", why.cause, why.detail);
        writeln!(out, "{}\n{}\n", styled(BAD, text), advice(why.cause))?;
    }
    if !lines.is_empty() {
        let mut rows = table(&[
            "pipeline",
            "gate",
            "state",
            "since",
            "why, and what comes next",
        ]);
        for line in lines {
            let mut why = vec![plain(&line.why)];
            if let Some(overridden) = &line.overridden {
                why.push(format!(
                    "overridden until {} by {}: {}",
                    clock(overridden.until, now),
                    plain(&overridden.by),
                    plain(&overridden.reason)
                ));
            }
            why.extend(line.note.as_deref().map(plain));
            why.retain(|text| !text.is_empty());
            rows.add_row([
                line.pipeline.clone(),
                format!("{} / {}", line.stage, line.action),
                line.state.to_owned(),
                line.since_time.map(|at| clock(at, now)).unwrap_or_default(),
                why.join("; "),
            ]);
        }
        print_table(out, &rows)?;
        writeln!(out)?;
    }
    let count = |state: &str| lines.iter().filter(|line| line.state == state).count();
    let without = match ungated.len() {
        0 => String::new(),
        count => format!(
            "; {} without a gate",
            health_gate::plural(count, "pipeline")
        ),
    };
    let summary = format!(
        "{}: {} stopped, {} held{without}",
        health_gate::plural(lines.len(), "gate"),
        count("stopped"),
        count("held")
    );
    writeln!(out, "{}", styled(QUIET, summary))?;
    for Unread { pipeline, why } in unread {
        let text = format!("{pipeline} could not be read: {}", plain(why));
        writeln!(out, "{}", styled(WARNING, text))?;
    }
    Ok(())
}
