//! Looks at a pipeline: which of its stages the gate has stopped.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a stage that is not stopped by the gate has three outcomes"
)]

use health_gate::{GateFunctions, RetryOutcome, StageState, StoppedStage};
use health_gate_aws::{Clients, Refusal, action_executions, pipeline_state};

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
    pub(crate) async fn at(&mut self, clients: &Clients, gates: &GateFunctions, pipeline: &str) {
        let stages = match pipeline_state(clients, pipeline).await {
            Ok(stages) => stages,
            Err(refusal) => {
                return self
                    .outcomes
                    .push(StageOutcome::of_pipeline(pipeline, refusal));
            }
        };
        for stage in stages.iter().filter(|stage| stage.may_be_stopped(gates)) {
            match look_at_stage(clients, gates, pipeline, stage).await {
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
    clients: &Clients,
    gates: &GateFunctions,
    pipeline: &str,
    stage: &StageState,
) -> Result<StoppedStage, Refusal> {
    if !stage.transition_enabled {
        return Err(frozen());
    }
    let rows =
        action_executions(clients, pipeline, &stage.pipeline_execution_id, &stage.name).await?;
    StoppedStage::of(stage, &rows, gates, &clients.region, clients.clock.now()).map_err(|outcome| {
        let why = match outcome {
            RetryOutcome::Busy => "an action of the stage has not ended",
            RetryOutcome::Expired => "the gate stopped it more than 24 h ago; it is left to people",
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
