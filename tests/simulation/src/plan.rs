//! What a seed stands for: a world, and everything that will be done to it and when. All of it is chosen before anything
//! happens, so that a part of it can be left out and the rest be the same.

mod deed;
mod incident;
mod pipeline;
mod policy;
mod scene;

use std::time::Duration;

use fastrand::Rng;
use health_gate_aws::LogFormat;

pub(crate) use deed::{Deed, Function, Interruption, Moment, OPERATIONS, OverrideTag};
pub(crate) use incident::{Incident, Version};
pub(crate) use pipeline::{BROKEN, Pipeline, Work};
pub(crate) use policy::{AccountPolicy, Policy, Regions};

/// How AWS Health's active endpoint is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LookUp {
    /// The name server says which it is.
    Honest,
    /// It says nothing.
    Silent,
    /// It fails.
    Fails,
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
    /// Calls of CodePipeline a second.
    pub(crate) pace: f64,
    /// How many invocations of stage-retry may run at a time.
    pub(crate) retries_at_once: usize,
    pub(crate) look_up: LookUp,
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
        let account_policy = AccountPolicy::random(rng);
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
                incidents.push(incident);
            } else {
                deeds.push((at, Deed::random(rng, pipelines.len())));
            }
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
            pace: [0.0, 5.0, 5.0, 1.0][rng.usize(..4)],
            retries_at_once: if rng.u32(..6) == 0 { 2 } else { 1 },
            look_up: match rng.u32(..6) {
                0 => LookUp::Silent,
                1 => LookUp::Fails,
                _ => LookUp::Honest,
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

    /// A pipeline by its name.
    pub(crate) fn pipeline(&self, name: &str) -> Option<&Pipeline> {
        self.pipelines.iter().find(|pipeline| pipeline.name == name)
    }

    /// The policy of a gate's action.
    pub(crate) fn policy(&self, pipeline: &str, stage: &str, action: &str) -> Option<&Policy> {
        match self.pipeline(pipeline)?.work(stage, action)? {
            Work::Gate(policy) => Some(policy),
            Work::Foreign | Work::Deploy { .. } => None,
        }
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
