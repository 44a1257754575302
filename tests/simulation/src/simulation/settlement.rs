//! The end of a world: nothing goes wrong any more, and what was stopped has to go on.

use std::time::Duration;

use aws_sandbox::Fault;
use aws_sandbox::lambda::Invocation;
use aws_sandbox::sns::Disturbance;
use serde_json::{Value, json};

use super::Simulation;
use crate::functions::RETRY;
use crate::invariants::{Checks, Violation};
use crate::plan::{OPERATIONS, Version};
use crate::truth::ENDPOINTS;

/// Before the first sweep: sooner than anything is too old to be retried.
const FIRST_SWEEP: Duration = Duration::from_mins(1);
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
                for endpoint in ENDPOINTS {
                    sandbox.fail_in(endpoint, operation, Fault::Silence, 0..0);
                }
                sandbox.limit(operation, usize::MAX);
            }
            sandbox.sns.disturb(Disturbance::Lost, 0..0);
            sandbox.lambda.timeout = Duration::from_mins(5);
        });
        for stage in self.plan.stages() {
            // It may not be frozen.
            let _ = self.thaw(now, stage);
        }
        if self.plan.incidents_end {
            for incident in self.truth.unfinished() {
                let version = Version {
                    at: Duration::ZERO,
                    status: "closed",
                    end: Some(0),
                };
                self.write(now, incident, version);
            }
        }
        for number in 0..MOST_SWEEPS {
            let pause = if number == 0 {
                FIRST_SWEEP
            } else {
                BETWEEN_SWEEPS
            };
            self.live_until(self.world.now() + pause).await?;
            let before = self
                .world
                .with(|sandbox, _| sandbox.lambda.finished().len());
            let swept = self.world.now();
            self.signal(&json!({"source": "health-gate", "detail-type": "Sweep"}));
            self.live_until(self.world.now() + Duration::from_mins(6))
                .await?;
            let account = self.world.with(|sandbox, _| {
                let done = sandbox.lambda.finished().iter().skip(before);
                let mut sweeps = done.filter(|done| is_sweep(&done.invocation));
                sweeps.find_map(|done| done.result.clone().ok())
            });
            self.check()?;
            let Some(account) = account.filter(|account| account["unread"] == 0) else {
                continue;
            };
            self.checks
                .rest(&self.world, &self.truth, &self.plan, swept)?;
            // What has failed just before the first sweep may not be answered yet, and an endpoint may be behind.
            let has_caught_up = swept > now + self.plan.lag;
            if number > 0 && has_caught_up && nothing_is_left(&account) {
                return self.checks.at_the_end(&self.world, &self.plan);
            }
        }
        Err(Checks::no_end(self.world.now()))
    }
}

fn is_sweep(invocation: &Invocation) -> bool {
    let message = invocation.payload["Records"][0]["Sns"]["Message"].as_str();
    invocation.function == RETRY && message.is_some_and(|message| message.contains("Sweep"))
}

/// Whether a sweep has found nothing that another one might go on with.
fn nothing_is_left(account: &Value) -> bool {
    let is_left = |stage: &Value| {
        matches!(
            stage["outcome"].as_str(),
            Some("retried" | "waiting" | "busy" | "unknown")
        )
    };
    let mut stages = account["stages"].as_array().into_iter().flatten();
    !stages.any(is_left)
}
