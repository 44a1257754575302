//! What has happened to pipelines: every change of a status is written down as it is made.

use super::CodePipeline;
use super::pipeline::Status;
use crate::timestamp::Timestamp;

/// Something that happened to a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// When.
    pub at: Timestamp,
    /// The pipeline's name.
    pub pipeline: String,
    /// What it happened to.
    pub part: Part,
    /// The status that it has now.
    pub status: Status,
}

/// A part of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The execution as a whole.
    Execution,
    /// A stage, by its name.
    Stage(String),
    /// An action, by its stage's and its own name.
    Action(String, String),
}

impl CodePipeline {
    pub(super) fn set_stage(
        &mut self,
        now: Timestamp,
        pipeline: &str,
        stage: usize,
        status: Status,
    ) {
        let Some(record) = self.pipelines.get_mut(pipeline) else {
            return;
        };
        if let Some((_, shown)) = &mut record.stages[stage].latest {
            *shown = status;
        }
        let name = record.stage_name(stage).to_owned();
        self.happened(now, pipeline, Part::Stage(name), status);
    }

    pub(super) fn set_execution(
        &mut self,
        now: Timestamp,
        pipeline: &str,
        execution_id: &str,
        status: Status,
    ) {
        let Some(record) = self.pipelines.get_mut(pipeline) else {
            return;
        };
        for execution in record
            .executions
            .iter_mut()
            .filter(|execution| execution.id == execution_id)
        {
            execution.status = status;
        }
        self.happened(now, pipeline, Part::Execution, status);
    }

    pub(super) fn happened(&mut self, at: Timestamp, pipeline: &str, part: Part, status: Status) {
        self.history.push(Happening {
            at,
            pipeline: pipeline.to_owned(),
            part,
            status,
        });
    }
}
