//! Where the signals say to look.

use std::collections::{BTreeMap, BTreeSet};

use health_gate::{Signal, Wildcards};
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
    /// Each pipeline once: first those that a failure names, then the others, from a place on that differs from sweep to sweep. What
    /// one sweep does not reach is not what the next one does not reach.
    pub(crate) list: Vec<Target>,
    pub(crate) ignored: usize,
    /// The event of AWS Health that is over, if one of them says so.
    pub(crate) closed_event: Option<String>,
    /// Why not all pipelines are in the list.
    pub(crate) not_listed: Option<Refusal>,
}

impl Targets {
    pub(crate) async fn of(signals: &[Signal], clients: &Clients, pipelines: &Wildcards) -> Self {
        let mut targets = Self::default();
        let mut named: BTreeMap<&str, Executions> = BTreeMap::new();
        let mut all = false;
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
                    all = true;
                    targets.closed_event = targets.closed_event.or_else(|| event.clone());
                }
                Signal::Sweep => all = true,
                Signal::Ignored { why } => {
                    targets.ignored += 1;
                    tracing::info!(why, "a message is ignored: {why}");
                }
            }
        }
        let mut others = Vec::new();
        if all {
            match list_pipelines(clients).await {
                Ok(listed) => others = listed,
                Err(refusal) => targets.not_listed = Some(refusal),
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
        let places = others.len().max(1);
        others.rotate_left(somewhere(clients) % places);
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

/// A number that the time decides.
fn somewhere(clients: &Clients) -> usize {
    /// The golden ratio's: consecutive seconds give places far from one another.
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let now = clients.clock.now().unix_timestamp().unsigned_abs();
    usize::try_from(now.wrapping_mul(FACTOR) >> 33).unwrap_or_default()
}
