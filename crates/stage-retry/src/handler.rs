//! One invocation: signals in, retried stages out.

use std::collections::BTreeSet;
use std::time::Duration;

use health_gate::{
    AccountPolicy, Decision, GateFunctions, Obstacle, Pass, Query, RetryOutcome, Signal,
    StoppedStage,
};
use health_gate_aws::{
    Clients, HealthReading, PipelineRef, Refusal, Settings, SnsEvent, list_pipelines,
    pipeline_state, read_health, retry_stage,
};
use lambda_runtime::{Context, Diagnostic, LambdaEvent};

use crate::look::{Look, frozen};
use crate::outcome::{StageOutcome, summary};

/// What is kept for a retry that has begun, the closing line and the way back to Lambda.
const CLOSING_RESERVE: Duration = Duration::from_secs(1);

/// The function: its clients, and whose failed actions are the gate's.
#[derive(Debug)]
pub struct StageRetry {
    pub(crate) clients: Clients,
    pub(crate) gates: GateFunctions,
    pub(crate) account_policy: AccountPolicy,
}

/// The function was not told which gate is its own.
#[derive(Debug, thiserror::Error)]
#[error(
    "GATE_FUNCTION_NAME is not set; accepted: the names of the gate's functions with commas between them, `*` allowed"
)]
pub struct NoGate;

/// The invocation could not look for stopped stages at all. Lambda runs it again.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// A sweep needs the list of pipelines.
    #[error(
        "the pipelines could not be listed: {0}; stage-retry needs `codepipeline:ListPipelines`"
    )]
    PipelinesNotListed(#[from] Refusal),
}

impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        Self {
            error_type: "pipelines.not-listed".to_owned(),
            error_message: error.to_string(),
        }
    }
}

impl StageRetry {
    /// Makes the function.
    ///
    /// # Errors
    /// [`NoGate`] without a gate: then every failed Lambda action would have to be left alone, and nobody would
    /// notice that nothing is ever retried.
    pub fn new(clients: Clients, settings: &Settings) -> Result<Self, NoGate> {
        if settings.gates.is_empty() {
            return Err(NoGate);
        }
        Ok(Self {
            clients,
            gates: settings.gates.clone(),
            account_policy: settings.account_policy.clone(),
        })
    }

    /// Handles an event of SNS and returns what became of each stopped stage, which Lambda ignores and
    /// `sam local invoke` shows.
    ///
    /// # Errors
    /// [`HandlerError`] when the invocation could not look for stopped stages at all.
    pub async fn handle(
        &self,
        event: LambdaEvent<SnsEvent>,
    ) -> Result<Vec<StageOutcome>, HandlerError> {
        let (event, context) = event.into_parts();
        let pipelines = self.pipelines(&event.signals(&self.clients.region)).await?;
        // Half the time is kept for what the look finds; the next sweep reaches the rest.
        let looking = self.clients.clock.until(context.deadline()) / 2;
        let mut look = Look::default();
        let mut unread = 0;
        for pipeline in &pipelines {
            if self.clients.clock.until(context.deadline()) > looking {
                look.at(self, pipeline).await;
            } else {
                unread += 1;
            }
        }
        let Look {
            stopped,
            mut outcomes,
        } = look;
        outcomes.extend(self.go_on(&stopped, &context).await);

        let text = serde_json::to_string(&outcomes).unwrap_or_default();
        let retried = outcomes
            .iter()
            .filter(|outcome| outcome.outcome == RetryOutcome::Retried)
            .count();
        tracing::info!(
            pipelines = pipelines.len(),
            unread,
            retried,
            outcomes = text,
            "{}",
            summary(&outcomes)
        );
        Ok(outcomes)
    }

    /// Where the signals say to look. Each pipeline once.
    async fn pipelines(&self, signals: &[Signal]) -> Result<BTreeSet<String>, HandlerError> {
        let mut pipelines = BTreeSet::new();
        for signal in signals {
            match signal {
                Signal::Failure { pipeline } => {
                    pipelines.insert(pipeline.clone());
                }
                Signal::Sweep => {
                    let listed = list_pipelines(&self.clients)
                        .await
                        .map_err(HandlerError::from);
                    pipelines.extend(listed.inspect_err(|error| tracing::error!("{error}"))?);
                }
                Signal::Ignored { why } => tracing::info!(why, "a message is ignored"),
            }
        }
        Ok(pipelines)
    }

    /// Reads AWS Health once for all stopped stages, and lets those go on that the gate would pass.
    async fn go_on(
        &self,
        stopped: &[(String, StoppedStage)],
        context: &Context,
    ) -> Vec<StageOutcome> {
        if stopped.is_empty() {
            return Vec::new();
        }
        let policies = stopped.iter().flat_map(|(_, stage)| stage.policies());
        let query = Query::of(policies, self.clients.clock.now());
        let budget = self.clients.clock.until(context.deadline()) / 2;
        let HealthReading {
            reading, endpoint, ..
        } = read_health(&self.clients, &query, budget).await;
        let mut outcomes = Vec::new();
        for (pipeline, stage) in stopped {
            let now = self.clients.clock.now();
            if self.clients.clock.until(context.deadline()) < CLOSING_RESERVE {
                let why = "no time was left in this invocation".to_owned();
                outcomes.push(StageOutcome::of_stage(
                    pipeline,
                    &stage.stage,
                    Refusal {
                        outcome: RetryOutcome::Busy,
                        why,
                    },
                ));
                continue;
            }
            let refusal = match stage.decide(&reading, now) {
                Decision::Pass(Pass::Clear) if reading.may_be_behind => Refusal {
                    outcome: RetryOutcome::Unknown,
                    why: format!(
                        "AWS Health was read at its endpoint in {endpoint}, which may be behind"
                    ),
                },
                Decision::Pass(Pass::Clear) => self
                    .retry(pipeline, stage)
                    .await
                    .err()
                    .unwrap_or_else(retried),
                decision @ (Decision::Pass(_) | Decision::Hold(_) | Decision::Fail(_)) => {
                    still_blocked(&decision)
                }
            };
            outcomes.push(StageOutcome::of_stage(pipeline, &stage.stage, refusal));
        }
        outcomes
    }

    /// Looks once more, since people press Retry too, and retries the stage if it still is as it was.
    async fn retry(&self, pipeline: &str, stage: &StoppedStage) -> Result<(), Refusal> {
        let refuse = |outcome, why: &str| {
            Err(Refusal {
                outcome,
                why: why.to_owned(),
            })
        };
        let reference = PipelineRef::in_region(pipeline, &self.clients.region);
        let stages = pipeline_state(&self.clients, &reference).await?;
        match stages.iter().find(|state| state.name == stage.stage) {
            None => refuse(
                RetryOutcome::Gone,
                "the pipeline has no such stage any more",
            ),
            Some(state) if !state.transition_enabled => Err(frozen()),
            Some(state) if !stage.is_still(state) => {
                refuse(RetryOutcome::MovedOn, "the stage has changed meanwhile")
            }
            Some(_) => {
                retry_stage(
                    &self.clients,
                    pipeline,
                    &stage.stage,
                    &stage.pipeline_execution_id,
                )
                .await
            }
        }
    }
}

fn retried() -> Refusal {
    Refusal {
        outcome: RetryOutcome::Retried,
        why: "AWS Health is clear, its failed actions run again".to_owned(),
    }
}

/// A pass that is no clear one (a warning, an unread AWS Health) lets a job go on and no stopped stage.
fn still_blocked(decision: &Decision) -> Refusal {
    let unknown = |unread: &health_gate::Unread| {
        (
            RetryOutcome::Unknown,
            format!("{}: {}", unread.cause, unread.detail),
        )
    };
    let (outcome, why) = match (decision, decision.obstacle()) {
        (Decision::Pass(Pass::Unknown(unread)), _) | (_, Some(Obstacle::Unknown(unread))) => {
            unknown(unread)
        }
        (_, Some(Obstacle::Invalid(error))) => (RetryOutcome::Blocked, error.to_string()),
        (_, Some(Obstacle::Incident(_)) | None) => {
            let why = match decision
                .incidents()
                .map_or(0, |incidents| incidents.list().len())
            {
                1 => "a matching AWS Health issue stands in the way".to_owned(),
                count => format!("{count} matching AWS Health issues stand in the way"),
            };
            (RetryOutcome::Blocked, why)
        }
    };
    Refusal { outcome, why }
}
