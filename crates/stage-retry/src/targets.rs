//! Where the signals say to look.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use health_gate::{RetryOutcome, Signal, Wildcards};
use health_gate_aws::{Clients, Refusal, list_pipelines};

/// A pipeline to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) pipeline: String,
    pub(crate) executions: Executions,
}

/// Which executions of a pipeline in PARALLEL mode are meant. In other modes its stages show all that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Executions {
    All,
    These(BTreeSet<String>),
}

impl Executions {
    pub(crate) fn contains(&self, id: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(ids) => ids.contains(id),
        }
    }

    fn add(&mut self, id: Option<&String>) {
        match (self, id) {
            (Self::All, _) => {}
            (Self::These(ids), Some(id)) => {
                ids.insert(id.clone());
            }
            (all @ Self::These(_), None) => *all = Self::All,
        }
    }
}

/// What the signals of an invocation say.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    /// Each pipeline once: first those that a failure names, then the others, from where the sweep before has ended or from anywhere. What
    /// one sweep does not reach is not what the next one does not reach.
    pub(crate) list: Vec<Target>,
    pub(crate) ignored: usize,
    /// The event of AWS Health that is over, if one of them says so.
    pub(crate) closed_event: Option<String>,
    /// All pipelines are meant.
    pub(crate) is_sweep: bool,
    /// Why not all pipelines are in the list.
    pub(crate) not_listed: Option<Refusal>,
}

impl Targets {
    /// Reads the signals, and the list of pipelines if one of them needs it, within a time. `resume` is where the list begins.
    pub(crate) async fn of(
        signals: &[Signal],
        clients: &Clients,
        pipelines: &Wildcards,
        patience: Duration,
        resume: Option<&str>,
    ) -> Self {
        let mut targets = Self::default();
        let mut named: BTreeMap<&str, Executions> = BTreeMap::new();
        for signal in signals {
            match signal {
                Signal::Failure {
                    pipeline,
                    execution,
                } => named
                    .entry(pipeline)
                    .or_insert_with(|| Executions::These(BTreeSet::new()))
                    .add(execution.as_ref()),
                Signal::IncidentClosed { event } => {
                    targets.is_sweep = true;
                    targets.closed_event = targets.closed_event.or_else(|| event.clone());
                }
                Signal::Sweep => targets.is_sweep = true,
                Signal::Ignored { why } => {
                    targets.ignored += 1;
                    tracing::info!(why, "a message is ignored: {why}");
                }
            }
        }
        let mut others = Vec::new();
        if targets.is_sweep {
            match tokio::time::timeout(patience, list_pipelines(clients)).await {
                Ok(Ok(listed)) => others = listed,
                Ok(Err(refusal)) => targets.not_listed = Some(refusal),
                Err(_) => {
                    let why = format!("no answer within {:.1} s", patience.as_secs_f64());
                    let outcome = RetryOutcome::Busy;
                    let is_answer = false;
                    targets.not_listed = Some(Refusal {
                        outcome,
                        why,
                        is_answer,
                    });
                }
            }
        }
        others.retain(|pipeline| pipelines.matches(pipeline));
        // A sweep looks at the whole pipeline, whichever execution of it a failure names.
        for pipeline in &others {
            if let Some(executions) = named.get_mut(&**pipeline) {
                executions.add(None);
            }
        }
        others.retain(|pipeline| !named.contains_key(&**pipeline));
        let first = match resume {
            Some(name) => others.partition_point(|pipeline| **pipeline < *name),
            None => fastrand::usize(..others.len().max(1)),
        };
        others.rotate_left(first);
        let others = others.into_iter().map(|pipeline| Target {
            pipeline,
            executions: Executions::All,
        });
        let named = named.into_iter().map(|(pipeline, executions)| Target {
            pipeline: pipeline.to_owned(),
            executions,
        });
        targets.list = named.chain(others).collect();
        targets
    }
}
