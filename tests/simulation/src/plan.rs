//! What a seed stands for: a world, and everything that will be done to it and when. All of it is chosen before anything
//! happens, so that a part of it can be left out and the rest be the same.

mod deed;
mod incident;
mod kept;
mod pipeline;
mod policy;
mod scene;

use std::fmt;
use std::time::Duration;

use aws_sandbox::Timestamp;
use aws_sandbox::eventbridge::DetailType;
use fastrand::Rng;
use health_gate_aws::LogFormat;

pub(crate) use deed::{
    Deed, FAULTS, Function, Idle, Interruption, Moment, OPERATIONS, OWN_ERRORS, OverrideTag, Target,
};
pub(crate) use incident::{Incident, Version};
pub(crate) use pipeline::{BROKEN, Pipeline};
pub(crate) use policy::{AccountPolicy, LABELS, Policy, Regions};
pub(crate) use scene::ISSUE_ENDS;

/// When a world begins: 2026-11-23 09:00:00 UTC.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_795_424_400_000);

/// How AWS Health's active endpoint is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LookUp {
    /// The name server says which it is, after so long.
    Honest(Duration),
    /// It says nothing.
    Silent,
    /// It fails.
    Fails,
}

impl fmt::Display for LookUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Honest(after) => write!(f, "answered after {} ms", after.as_millis()),
            Self::Silent => f.write_str("never answered"),
            Self::Fails => f.write_str("refused"),
        }
    }
}

/// A world, and what will be done to it.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// The command that plays it.
    pub(crate) again: String,
    pub(crate) regions: Regions,
    pub(crate) account_policy: AccountPolicy,
    pub(crate) log_format: LogFormat,
    /// `GATE_FUNCTION_NAME`.
    pub(crate) gates: &'static str,
    /// `PIPELINES`, and the names of those that it stands for.
    pub(crate) scanned: Option<(&'static str, &'static [&'static str])>,
    /// Calls of CodePipeline a second.
    pub(crate) pace: f64,
    /// How many invocations of stage-retry may run at a time.
    pub(crate) retries_at_once: usize,
    pub(crate) look_up: LookUp,
    /// What each pipeline's owner is told by a notification rule, and how much: of this, on the topic of signals.
    pub(crate) notified_of: Option<(&'static str, DetailType)>,
    /// How far behind AWS Health's passive endpoint is.
    pub(crate) lag: Duration,
    /// The most events on a page of AWS Health.
    pub(crate) page: usize,
    pub(crate) pipelines: Vec<Pipeline>,
    pub(crate) incidents: Vec<Incident>,
    /// In the order in which they are done, with the time since the world began.
    pub(crate) deeds: Vec<(Duration, Deed)>,
    /// Incidents that are still open when all is done end then.
    pub(crate) incidents_end: bool,
}

impl Plan {
    /// What a seed stands for.
    pub(crate) fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let rng = &mut rng;
        let regions = if rng.bool() {
            Regions {
                home: "us-east-1",
                other: "us-west-2",
            }
        } else {
            Regions {
                home: "eu-west-1",
                other: "eu-central-1",
            }
        };
        let account_policy = AccountPolicy::random(rng, regions);
        let names = ["checkout", "billing", "search"];
        let pipelines: Vec<Pipeline> = names[..=rng.usize(..names.len())]
            .iter()
            .map(|name| Pipeline::random(rng, name, regions, &account_policy))
            .collect();
        let times = times(rng);
        let mut incidents = Vec::new();
        let mut deeds = Vec::new();
        for at in times {
            if rng.u32(..4) == 0 && incidents.len() < 4 {
                let incident = Incident::random(rng, regions, incidents.len(), at);
                for (number, version) in incident.versions.iter().enumerate() {
                    deeds.push((
                        version.at,
                        Deed::Write {
                            incident: incidents.len(),
                            version: number,
                        },
                    ));
                }
                let over = incident
                    .versions
                    .iter()
                    .find(|version| version.status == "closed");
                if let Some(over) = over.filter(|_| rng.bool()) {
                    deeds.extend(Deed::meddling_with_a_look(rng, pipelines.len(), over.at));
                }
                incidents.push(incident);
            } else {
                let deed = Deed::random(rng, pipelines.len());
                // What is stopped may be asked for once more.
                let again = matches!(deed, Deed::Stop { .. }) && rng.bool();
                if let Deed::Release(pipeline) = deed
                    && rng.u32(..8) == 0
                {
                    deeds.extend(Deed::meddling_with_a_release(rng, pipeline, at));
                }
                deeds.push((at, deed));
                if again {
                    let soon = at + Duration::from_secs(5);
                    deeds.push((soon, Deed::Redeliver(Function::PipelineGate)));
                }
            }
        }
        if rng.u32(..4) > 0 {
            let at = deeds[rng.usize(..deeds.len())].0;
            deeds.push((at, Deed::fault_of(rng, seed)));
        }
        // In the order in which they were chosen, if at the same time.
        deeds.sort_by_key(|(at, _)| *at);
        Self {
            seed,
            again: format!("cargo run --locked --package simulation -- --seed {seed}"),
            regions,
            // Never another level: by its levels one world would decide which random numbers the SDK draws in another, on another thread.
            log_format: match rng.u32(..12) {
                0 | 1 => LogFormat::Text,
                _ => LogFormat::Json,
            },
            gates: ["pipeline-gate", "pipeline-*", "other-gate, pipeline-gate"][rng.usize(..3)],
            scanned: match rng.u32(..12) {
                0 => Some(("check*, search", &["checkout", "search"])),
                1 => Some(("billing", &["billing"])),
                _ => None,
            },
            pace: [0.0, 5.0, 5.0, 1.0][rng.usize(..4)],
            retries_at_once: if rng.u32(..6) == 0 { 2 } else { 1 },
            look_up: match rng.u32(..6) {
                0 => LookUp::Silent,
                1 => LookUp::Fails,
                _ => {
                    let millis = [0, 0, 20, 290][rng.usize(..4)];
                    LookUp::Honest(Duration::from_millis(millis))
                }
            },
            notified_of: match rng.u32(..8) {
                0 => Some(("action-execution-failed", DetailType::Basic)),
                1 => Some(("stage-execution-failed", DetailType::Full)),
                2 => Some(("pipeline-execution-failed", DetailType::Full)),
                _ => None,
            },
            lag: Duration::from_secs([0, 60, 3_600][rng.usize(..3)]),
            page: if rng.bool() { 1 } else { 100 },
            incidents_end: rng.u32(..6) > 0,
            account_policy,
            pipelines,
            incidents,
            deeds,
        }
    }

    /// The names of a pipeline and its stage.
    pub(crate) fn names(&self, target: Target) -> (&'static str, &'static str) {
        let pipeline = &self.pipelines[target.pipeline];
        let last = pipeline.stages.len() - 1;
        (pipeline.name, pipeline.stages[target.stage.min(last)].0)
    }

    /// The names of all pipelines and their stages.
    pub(crate) fn stages(&self) -> Vec<(&'static str, &'static str)> {
        let of = |pipeline: &Pipeline| {
            let name = pipeline.name;
            let stages = pipeline.stages.iter().map(|(stage, _)| *stage);
            stages.map(|stage| (name, stage)).collect::<Vec<_>>()
        };
        self.pipelines.iter().flat_map(of).collect()
    }

    /// Whether `PIPELINES` stands for a pipeline.
    pub(crate) fn is_scanned(&self, pipeline: &str) -> bool {
        self.scanned
            .is_none_or(|(_, names)| names.contains(&pipeline))
    }

    /// Whether the name server says which endpoint is the active one.
    pub(crate) fn finds_the_active_endpoint(&self) -> bool {
        matches!(self.look_up, LookUp::Honest(_))
    }

    /// A pipeline by its name.
    pub(crate) fn pipeline(&self, name: &str) -> Option<&Pipeline> {
        self.pipelines.iter().find(|pipeline| pipeline.name == name)
    }

    /// The policy of a gate's action.
    pub(crate) fn policy(&self, pipeline: &str, stage: &str, action: &str) -> Option<&Policy> {
        self.pipeline(pipeline)?.action(stage, action)?.policy()
    }

    /// How many things are done.
    pub(crate) fn len(&self) -> usize {
        self.deeds.len()
    }

    /// Without one of the things.
    pub(crate) fn without(&self, deed: usize) -> Self {
        let mut plan = self.clone();
        plan.deeds.remove(deed);
        plan
    }
}

/// When something is done: in bursts, with pauses between them that something may come of.
fn times(rng: &mut Rng) -> Vec<Duration> {
    const PAUSES: [u64; 14] = [0, 1, 3, 8, 20, 30, 45, 60, 70, 130, 300, 700, 1_900, 40_000];
    let mut at = Duration::ZERO;
    let pause = |rng: &mut Rng| Duration::from_secs(PAUSES[rng.usize(..PAUSES.len())]);
    (0..rng.usize(6..30))
        .map(|_| {
            let now = at;
            at += pause(rng);
            now
        })
        .collect()
}
