//! Looks at a pipeline: which of its stages the gate has stopped.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a stage that is not stopped by the gate has three outcomes"
)]

use health_gate::{RetryOutcome, StageState, StoppedStage};
use health_gate_aws::{PipelineRef, Refusal, action_executions, pipeline_state};

use crate::handler::StageRetry;
use crate::outcome::StageOutcome;

/// What a look at pipelines found.
#[derive(Debug, Default)]
pub(crate) struct Look {
    /// Stages that may go on if AWS Health is clear, with their pipelines.
    pub(crate) stopped: Vec<(String, StoppedStage)>,
    /// What is settled already.
    pub(crate) outcomes: Vec<StageOutcome>,
}

impl Look {
    /// Looks at one more pipeline. Its trouble is an outcome of its own and no error: others are looked at all the same.
    pub(crate) async fn at(&mut self, function: &StageRetry, pipeline: &str) {
        let reference = PipelineRef::in_region(pipeline, &function.clients.region);
        let stages = match pipeline_state(&function.clients, &reference).await {
            Ok(stages) => stages,
            Err(refusal) => {
                return self
                    .outcomes
                    .push(StageOutcome::of_pipeline(pipeline, refusal));
            }
        };
        for stage in stages
            .iter()
            .filter(|stage| stage.may_be_stopped(&function.gates))
        {
            match look_at_stage(function, pipeline, stage).await {
                Ok(stopped) => self.stopped.push((pipeline.to_owned(), stopped)),
                Err(refusal) => {
                    self.outcomes
                        .push(StageOutcome::of_stage(pipeline, &stage.name, refusal))
                }
            }
        }
    }
}

async fn look_at_stage(
    function: &StageRetry,
    pipeline: &str,
    stage: &StageState,
) -> Result<StoppedStage, Refusal> {
    if !stage.transition_enabled {
        return Err(frozen());
    }
    let StageRetry {
        clients,
        gates,
        account_policy,
    } = function;
    let rows =
        action_executions(clients, pipeline, &stage.pipeline_execution_id, &stage.name).await?;
    let stopped = StoppedStage::of(
        stage,
        &rows,
        gates,
        account_policy,
        &clients.region,
        clients.clock.now(),
    );
    stopped.map_err(|outcome| {
        let why = match outcome {
            RetryOutcome::Busy => "an action of the stage has not ended",
            RetryOutcome::Expired => "the gate stopped it longer ago than the policy's `retryWithin`; it is left to people",
            RetryOutcome::Never => "the policy's `retry` is `never`; it is left to people",
            _ => "something else than the gate has failed in the stage",
        };
        Refusal {
            outcome,
            why: why.to_owned(),
        }
    })
}

pub(crate) fn frozen() -> Refusal {
    Refusal {
        outcome: RetryOutcome::Frozen,
        why: "the stage's inbound transition is disabled".to_owned(),
    }
}
