//! The end of a world: nothing goes wrong any more, and what was stopped has to go on.

use std::time::Duration;

use aws_sandbox::Fault;
use aws_sandbox::sns::Disturbance;
use serde_json::{Value, json};

use super::Simulation;
use crate::functions::RETRY;
use crate::invariants::{Checks, Violation};
use crate::plan::{OPERATIONS, Version};

/// Longer than any wait between retries, and than the 20 minutes of a job that was never answered.
const BETWEEN_SWEEPS: Duration = Duration::from_mins(31);
/// As many sweeps are enough for what is left when nothing goes wrong any more.
const MOST_SWEEPS: usize = 14;

impl Simulation {
    /// Nothing goes wrong any more, people let go, most incidents end; and sweeps come until one has nothing left to do.
    pub(super) async fn settle(&mut self) -> Result<(), Violation> {
        let now = self.world.now();
        self.timeline.settles(now);
        self.interruptions.clear();
        self.world.with(|sandbox, _| {
            for operation in OPERATIONS {
                sandbox.fail(operation, Fault::Silence, 0..0);
                sandbox.fail_in("us-east-1", operation, Fault::Silence, 0..0);
                sandbox.limit(operation, usize::MAX);
            }
            sandbox.sns.disturb(Disturbance::Lost, 0..0);
            sandbox.lambda.timeout = Duration::from_mins(5);
        });
        for pipeline in self
            .plan
            .pipelines
            .iter()
            .map(|pipeline| pipeline.name)
            .collect::<Vec<_>>()
        {
            // It may not be frozen.
            let _ = self.thaw(now, pipeline);
        }
        if self.plan.incidents_end {
            for incident in self.truth.unfinished() {
                let version = Version {
                    at: Duration::ZERO,
                    status: "closed",
                    has_end: true,
                };
                self.write(now, incident, version);
            }
        }
        for _ in 0..MOST_SWEEPS {
            self.live_until(self.world.now() + BETWEEN_SWEEPS).await?;
            let before = self
                .world
                .with(|sandbox, _| sandbox.lambda.finished().len());
            let swept = self.world.now();
            self.signal(&json!({"source": "health-gate", "detail-type": "Sweep"}));
            self.live_until(self.world.now() + Duration::from_mins(6))
                .await?;
            let account = self.world.with(|sandbox, _| {
                let done = sandbox.lambda.finished().iter().skip(before);
                done.filter(|done| done.invocation.function == RETRY)
                    .find_map(|done| done.result.clone().ok())
            });
            self.check()?;
            if account.is_some_and(|account| nothing_is_left(&account)) {
                return self
                    .checks
                    .at_the_end(&self.world, &self.truth, &self.plan, swept);
            }
        }
        Err(Checks::no_end(self.world.now()))
    }
}

/// Whether a sweep has found nothing that another one might go on with.
fn nothing_is_left(account: &Value) -> bool {
    let is_left = |stage: &Value| {
        matches!(
            stage["outcome"].as_str(),
            Some("retried" | "waiting" | "busy" | "unknown")
        )
    };
    account["unread"] == 0
        && !account["stages"]
            .as_array()
            .is_some_and(|stages| stages.iter().any(is_left))
}
