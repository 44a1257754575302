//! Plans that once failed, written out, so that they stay what they are when the generator changes.

use std::time::Duration;

use aws_sandbox::Fault;
use aws_sandbox::codepipeline::ExecutionMode;
use serde_json::json;

use super::Plan;
use super::deed::{Deed, Function, Target};
use super::incident::Incident;
use super::pipeline::Pipeline;
use super::scene::{HOME, ISSUE_ENDS};

const HOLD: &[(&str, &str)] = &[("onIncident", "hold"), ("maxHold", "1m")];
const QUIET: &[(&str, &str)] = &[("quietPeriod", "2m")];

const RELEASE: Deed = Deed::Release(0);
/// A person stops what was released last.
const STOP: Deed = Deed::Stop {
    pipeline: 0,
    abandon: true,
};

impl Plan {
    /// AWS Health takes one call a second, and a reading needs two.
    pub(crate) fn throttled() -> Self {
        let limit = Deed::Limit {
            operation: "DescribeEvents",
            calls_a_second: 1,
        };
        // Nothing goes wrong any more after the last deed.
        let deeds = vec![(0, limit), (1, RELEASE), (60, Deed::Sweep)];
        Self::written("throttled", QUIET, None, deeds)
    }

    /// The event of a job comes once more when a person has stopped the execution that the gate holds, and has abandoned its actions.
    pub(crate) fn stopped() -> Self {
        let again = Deed::Redeliver(Function::PipelineGate);
        let deeds = vec![(1, RELEASE), (20, STOP), (60, again)];
        Self::written("stopped", HOLD, Some(0), deeds)
    }

    /// A person abandons a deployment, and retries the whole stage when an issue is open: the gate stops it before the deployment begins
    /// anew.
    pub(crate) fn abandoned() -> Self {
        let target = Target {
            pipeline: 0,
            stage: 0,
        };
        let retry = Deed::Retry { target, all: true };
        let deeds = vec![(1, RELEASE), (40, STOP), (60, retry)];
        Self::written("abandoned", &[], Some(50), deeds)
    }

    /// The second gate of a stage stops it, and a person retries all: now the first one does.
    pub(crate) fn retried_whole() -> Self {
        let target = Target {
            pipeline: 0,
            stage: 0,
        };
        let retry = Deed::Retry { target, all: true };
        let deeds = vec![(1, RELEASE), (100, retry)];
        let mut plan = Self::written("retried_whole", &[], Some(20), deeds);
        let pipelines = plan.pipelines.into_iter();
        plan.pipelines = pipelines.map(Pipeline::with_a_second_gate).collect();
        plan
    }

    /// An issue opens again between the two calls of a reading.
    pub(crate) fn reopened() -> Self {
        let late = Deed::Fail {
            operation: "DescribeEvents",
            region: None,
            fault: Fault::Late(Duration::from_secs(4)),
            calls: 1,
        };
        let write = |version| Deed::Write {
            incident: 0,
            version,
        };
        let deeds = vec![(30, write(1)), (40, late), (40, RELEASE), (43, write(2))];
        let mut plan = Self::written("reopened", QUIET, Some(0), deeds);
        let versions = &mut plan.incidents[0].versions;
        versions.push(versions[0]);
        plan
    }

    /// CodePipeline says nothing of the stages of a pipeline that a person has frozen.
    pub(crate) fn without_stages() -> Self {
        let target = Target {
            pipeline: 0,
            stage: 0,
        };
        let nothing = Deed::Fail {
            operation: "GetPipelineState",
            region: None,
            fault: Fault::Output(json!({})),
            calls: 12,
        };
        let after = ISSUE_ENDS.as_secs() + 30;
        let freeze = (100, Deed::Freeze(target));
        let deeds = vec![(1, RELEASE), freeze, (200, nothing), (after, Deed::Sweep)];
        Self::written("without_stages", &[], Some(0), deeds)
    }

    /// This is done, after so many seconds each, and an issue opens after so many.
    fn written(
        name: &str,
        rules: &[(&'static str, &'static str)],
        issue: Option<u64>,
        deeds: Vec<(u64, Deed)>,
    ) -> Self {
        let seconds = Duration::from_secs;
        let mut deeds: Vec<_> = deeds
            .into_iter()
            .map(|(after, deed)| (seconds(after), deed))
            .collect();
        let mut incidents = Vec::new();
        if let Some(opens) = issue.map(seconds) {
            incidents.push(Incident::of_ec2(HOME, opens, ISSUE_ENDS));
            let write = |version| Deed::Write {
                incident: 0,
                version,
            };
            deeds.extend([(opens, write(0)), (ISSUE_ENDS, write(1))]);
        }
        Self::calm(
            &format!("what_once_failed::{name}"),
            ExecutionMode::Superseded,
            rules,
            &["checkout"],
            (incidents, deeds),
        )
    }
}
