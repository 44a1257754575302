//! Plans that are no random ones: releases run into an issue, and go out when that is over, while one of the functions dies.

use std::time::Duration;

use aws_sandbox::codepipeline::ExecutionMode;
use health_gate_aws::LogFormat;

use super::deed::{Deed, Function, Interruption};
use super::incident::Incident;
use super::pipeline::Pipeline;
use super::policy::{AccountPolicy, Policy, Regions};
use super::{LookUp, Plan};

pub(super) const HOME: Regions = Regions {
    home: "eu-west-1",
    other: "eu-central-1",
};
/// When the issue ends, in a scene.
pub(crate) const ISSUE_ENDS: Duration = Duration::from_mins(4);

impl Plan {
    /// The plan. The next invocation of the function after `dies` is the one that dies.
    pub(crate) fn scene(
        mode: ExecutionMode,
        rules: &[(&'static str, &'static str)],
        names: &[&'static str],
        (dies, function): (Duration, Function),
        interruption: Interruption,
    ) -> Self {
        let release = |number| (Duration::from_secs(1), Deed::Release(number));
        let issue = Incident::of_ec2(HOME, Duration::ZERO, ISSUE_ENDS);
        let write = |version| Deed::Write {
            incident: 0,
            version,
        };
        let deeds = [(Duration::ZERO, write(0))]
            .into_iter()
            .chain((0..names.len()).map(release))
            .chain([(dies, Deed::Interrupt(function, interruption))])
            .chain([(ISSUE_ENDS, write(1))])
            .collect();
        Self::calm("wherever", mode, rules, names, (vec![issue], deeds))
    }

    /// A world in which nothing happens but this. The name is that of its test.
    pub(super) fn calm(
        test: &str,
        mode: ExecutionMode,
        rules: &[(&'static str, &'static str)],
        names: &[&'static str],
        (incidents, mut deeds): (Vec<Incident>, Vec<(Duration, Deed)>),
    ) -> Self {
        let pipeline =
            |name: &&'static str| Pipeline::of_gate(name, mode, Policy::of_rules(HOME, rules));
        deeds.sort_by_key(|(at, _)| *at);
        Self {
            seed: 0,
            again: format!("cargo test --workspace --locked --test simulation -- {test}"),
            regions: HOME,
            account_policy: AccountPolicy::default(),
            log_format: LogFormat::Json,
            pace: 5.0,
            gates: "pipeline-gate",
            scanned: None,
            retries_at_once: 1,
            look_up: LookUp::Honest(Duration::ZERO),
            notified_of: None,
            lag: Duration::ZERO,
            page: 100,
            pipelines: names.iter().map(pipeline).collect(),
            incidents,
            deeds,
            incidents_end: true,
        }
    }
}
