//! A plan that is no random one: releases run into an issue, and go out when that is over, while one of the functions dies.

use std::time::Duration;

use aws_sandbox::codepipeline::ExecutionMode;
use health_gate_aws::LogFormat;

use super::deed::{Deed, Function, Interruption};
use super::incident::Incident;
use super::pipeline::Pipeline;
use super::policy::{AccountPolicy, Policy, Regions};
use super::{LookUp, Plan};

const HOME: Regions = Regions {
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
        let pipeline =
            |name: &&'static str| Pipeline::of_gate(name, mode, Policy::of_rules(HOME, rules));
        let release = |number| (Duration::from_secs(1), Deed::Release(number));
        let issue = Incident::of_ec2(HOME, Duration::ZERO, ISSUE_ENDS);
        let write = |version| Deed::Write {
            incident: 0,
            version,
        };
        Self {
            seed: 0,
            again: "cargo test --workspace --locked --test simulation -- wherever".to_owned(),
            regions: HOME,
            account_policy: AccountPolicy::default(),
            log_format: LogFormat::Json,
            pace: 5.0,
            gates: "pipeline-gate",
            scanned: None,
            retries_at_once: 1,
            look_up: LookUp::Honest(Duration::ZERO),
            lag: Duration::ZERO,
            page: 100,
            pipelines: names.iter().map(pipeline).collect(),
            incidents: vec![issue],
            deeds: [(Duration::ZERO, write(0))]
                .into_iter()
                .chain((0..names.len()).map(release))
                .chain([(dies, Deed::Interrupt(function, interruption))])
                .chain([(ISSUE_ENDS, write(1))])
                .collect(),
            incidents_end: true,
        }
        .in_order()
    }

    fn in_order(mut self) -> Self {
        self.deeds.sort_by_key(|(at, _)| *at);
        self
    }
}
