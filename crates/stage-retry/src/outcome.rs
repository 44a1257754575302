//! What became of the stages that an invocation looked at.

use health_gate::RetryOutcome;
use health_gate_aws::Refusal;
use serde::Serialize;

/// What became of a stage, or of a pipeline that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StageOutcome {
    /// The pipeline's name.
    pub pipeline: String,
    /// The stage's name; `None` if it is about the whole pipeline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// What became of it.
    pub outcome: RetryOutcome,
    /// Why, for people.
    pub why: String,
}

impl StageOutcome {
    pub(crate) fn of_pipeline(pipeline: &str, refusal: Refusal) -> Self {
        let Refusal { outcome, why } = refusal;
        Self {
            pipeline: pipeline.to_owned(),
            stage: None,
            outcome,
            why,
        }
    }

    pub(crate) fn of_stage(pipeline: &str, stage: &str, refusal: Refusal) -> Self {
        Self {
            stage: Some(stage.to_owned()),
            ..Self::of_pipeline(pipeline, refusal)
        }
    }
}

/// What the closing line says to people.
pub(crate) fn summary(outcomes: &[StageOutcome]) -> String {
    if outcomes.is_empty() {
        return "no stage is stopped by the gate".to_owned();
    }
    let texts = outcomes.iter().map(
        |StageOutcome {
             pipeline,
             stage,
             outcome,
             why,
         }| {
            let stage = stage
                .as_ref()
                .map(|stage| format!(" stage {stage}"))
                .unwrap_or_default();
            format!("pipeline {pipeline}{stage}: {}: {why}", outcome.as_str())
        },
    );
    texts.collect::<Vec<_>>().join("; ")
}
