//! A plan that is no random one: a release runs into an issue, and goes out when that is over, while one of the functions dies.

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
const ISSUE_ENDS: Duration = Duration::from_mins(4);

impl Plan {
    /// The plan. The gate dies in its first round, or stage-retry when the issue is over.
    pub(crate) fn scene(
        mode: ExecutionMode,
        rules: &[(&'static str, &'static str)],
        function: Function,
        interruption: Interruption,
    ) -> Self {
        let policy = Policy::of_rules(HOME, rules);
        let issue = Incident::of_ec2(HOME, Duration::ZERO, ISSUE_ENDS);
        let dies = match function {
            Function::PipelineGate => Duration::ZERO,
            // Its first invocation, by the gate's failure, has nothing to retry.
            Function::StageRetry => ISSUE_ENDS,
        };
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
            retries_at_once: 1,
            look_up: LookUp::Honest,
            lag: Duration::ZERO,
            page: 100,
            pipelines: vec![Pipeline::of_gate("checkout", mode, policy)],
            incidents: vec![issue],
            deeds: vec![
                (Duration::ZERO, write(0)),
                (dies.min(Duration::from_secs(1)), Deed::Release(0)),
                (dies, Deed::Interrupt(function, interruption)),
                (ISSUE_ENDS, write(1)),
            ],
            incidents_end: true,
        }
    }
}
