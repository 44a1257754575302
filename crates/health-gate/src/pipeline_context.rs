//! Where in CodePipeline a job belongs, and what its pipeline says about it.

use crate::stage::{StageState, StageStatus};

/// The action that a job belongs to, as far as GetJobDetails tells (CodePipeline API reference, `PipelineContext`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineContext {
    /// The pipeline's name.
    pub pipeline: String,
    /// The pipeline's ARN.
    pub pipeline_arn: Option<String>,
    /// Identifies the pipeline's execution.
    pub pipeline_execution_id: Option<String>,
    /// The stage's name.
    pub stage: Option<String>,
    /// The action's name.
    pub action: Option<String>,
}

impl PipelineContext {
    /// The state of the job's own stage. The job runs in it now, so a stage that shows another execution, or one that is
    /// over, is not it (yet).
    pub fn own_stage<'s>(&self, stages: &'s [StageState]) -> Option<&'s StageState> {
        let stage = stages
            .iter()
            .find(|state| Some(&state.name) == self.stage.as_ref())?;
        let is_own = self
            .pipeline_execution_id
            .as_ref()
            .is_none_or(|id| *id == stage.pipeline_execution_id);
        let goes_on = matches!(
            stage.status,
            StageStatus::InProgress | StageStatus::Stopping
        );
        (is_own && goes_on).then_some(stage)
    }

    /// `checkout / Production`, for people.
    pub fn place(&self) -> String {
        match &self.stage {
            Some(stage) => format!("{} / {stage}", self.pipeline),
            None => self.pipeline.clone(),
        }
    }
}
