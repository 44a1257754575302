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
    /// over, is not it (yet). A job whose event comes once more may be of an execution that was stopped meanwhile.
    pub fn own_stage<'s>(&self, stages: &'s [StageState]) -> Option<&'s StageState> {
        let stage = stages
            .iter()
            .find(|state| Some(&state.name) == self.stage.as_ref())?;
        let is_own = |unless_known: bool| {
            let id = self.pipeline_execution_id.as_ref();
            id.map_or(unless_known, |id| *id == stage.pipeline_execution_id)
        };
        match stage.status {
            StageStatus::InProgress | StageStatus::Stopping => is_own(true),
            StageStatus::Stopped => is_own(false),
            StageStatus::Failed | StageStatus::Other => false,
        }
        .then_some(stage)
    }

    /// `checkout / Production`, for people.
    pub fn place(&self) -> String {
        match &self.stage {
            Some(stage) => format!("{} / {stage}", self.pipeline),
            None => self.pipeline.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::ExecutionType;

    #[test]
    fn the_own_stage_is_one_in_which_the_own_execution_goes_on() {
        let context = |execution: Option<&str>| PipelineContext {
            pipeline: "checkout".to_owned(),
            pipeline_arn: None,
            pipeline_execution_id: execution.map(str::to_owned),
            stage: Some("Production".to_owned()),
            action: None,
        };
        let stage = |name: &str, status| StageState {
            name: name.to_owned(),
            pipeline_execution_id: "mine".to_owned(),
            status,
            execution_type: ExecutionType::Rollback,
            transition_enabled: true,
            actions: Vec::new(),
        };
        for (execution, name, status, is_own) in [
            (Some("mine"), "Production", StageStatus::InProgress, true),
            (Some("mine"), "Production", StageStatus::Stopping, true),
            (None, "Production", StageStatus::InProgress, true),
            (
                Some("another"),
                "Production",
                StageStatus::InProgress,
                false,
            ),
            (Some("mine"), "Staging", StageStatus::InProgress, false),
            (Some("mine"), "Production", StageStatus::Stopped, true),
            (Some("another"), "Production", StageStatus::Stopped, false),
            // What it shows is over: the job is of an execution that it does not show yet.
            (None, "Production", StageStatus::Stopped, false),
            (None, "Production", StageStatus::Failed, false),
            (None, "Production", StageStatus::Other, false),
        ] {
            let found = context(execution)
                .own_stage(&[stage(name, status)])
                .is_some();
            assert_eq!(found, is_own, "{execution:?} {name} {status:?}");
        }
    }
}
