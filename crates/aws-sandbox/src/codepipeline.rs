//! CodePipeline: pipelines whose executions run, and the jobs of their Lambda actions.

mod attempt;
mod create_pipeline;
mod declaration;
mod engine;
pub(crate) mod event;
mod execution;
mod get_pipeline;
mod get_pipeline_execution;
mod get_pipeline_state;
mod history;
mod job;
mod job_details;
mod limits;
mod list_action_executions;
mod list_pipeline_executions;
mod list_pipelines;
mod page;
mod pipeline;
mod place;
mod put_job_failure_result;
mod put_job_success_result;
mod retry_stage_execution;
mod rollback_stage;
mod rules;
mod start_pipeline_execution;
mod status;
mod stop_pipeline_execution;
mod tags;
mod transition;
mod update_pipeline;
mod variables;

use std::collections::BTreeMap;

pub use declaration::{
    ActionDeclaration, ActionTypeId, ArtifactName, ArtifactStore, EncryptionKey, ExecutionMode,
    PipelineDeclaration, StageDeclaration, VariableDeclaration,
};
pub use engine::{Delays, Deployment};
pub use history::{Happening, Part};
pub use job::{Job, JobContext, JobResult, NewJob};
pub use status::Status;

use crate::agenda::Agenda;
use crate::constraints::Constraints;
use crate::service_error::ServiceError;
use crate::timestamp::Timestamp;
use engine::Step;
use pipeline::Pipeline;

/// The form of every id.
const UUID: &str = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
/// The form of the names of pipelines, stages and actions.
const NAME: &str = r"[A-Za-z0-9.@\-_]+";

/// The state of CodePipeline.
#[derive(Debug, Default)]
pub struct CodePipeline {
    /// How long it takes for what it does by itself.
    pub delays: Delays,
    /// By bucket.
    deployments: BTreeMap<String, Deployment>,
    jobs: BTreeMap<String, Job>,
    pipelines: BTreeMap<String, Pipeline>,
    history: Vec<Happening>,
    agenda: Agenda<Step>,
}

impl CodePipeline {
    /// A job by its id.
    pub fn job(&self, id: &str) -> Option<&Job> {
        self.jobs.get(id)
    }

    /// What has happened to all pipelines, oldest first.
    pub fn history(&self) -> &[Happening] {
        &self.history
    }

    /// The status of a pipeline's newest execution.
    pub fn newest_execution(&self, pipeline: &str) -> Option<Status> {
        self.pipelines
            .get(pipeline)?
            .executions
            .last()
            .map(|execution| execution.status)
    }

    /// The region of a pipeline.
    pub(crate) fn region_of(&self, pipeline: &str) -> Option<&str> {
        self.pipelines
            .get(pipeline)
            .map(|known| known.region.as_str())
    }

    /// From now on deployments to a bucket go like this.
    pub fn set_deployment(&mut self, bucket: &str, deployment: Deployment) {
        self.deployments.insert(bucket.to_owned(), deployment);
    }

    /// The newest execution that has succeeded in a stage: what it can be rolled back to.
    pub fn last_success(&self, pipeline: &str, stage: &str) -> Option<String> {
        let executions = &self.pipelines.get(pipeline)?.executions;
        let succeeded = |execution: &&execution::Execution| {
            !execution.is_rollback() && execution.has_succeeded_in(stage)
        };
        let newest = executions.iter().rev().find(succeeded)?;
        Some(newest.id.clone())
    }

    /// The id of a pipeline's newest execution.
    pub fn newest_execution_id(&self, pipeline: &str) -> Option<String> {
        let newest = self.pipelines.get(pipeline)?.executions.last()?;
        Some(newest.id.clone())
    }

    /// Creates a pipeline, or replaces the one with the same name and all that goes on in it. Unlike with the operation nothing
    /// is checked, so that
    /// it may be shorter than CodePipeline allows, and no execution begins.
    ///
    /// # Panics
    /// If an action is of a type that the sandbox does not play.
    pub(crate) fn create_pipeline(
        &mut self,
        now: Timestamp,
        region: &str,
        declaration: PipelineDeclaration,
    ) {
        let mut actions = declaration.stages.iter().flat_map(|stage| &stage.actions);
        assert!(
            actions.all(|action| action.kind().is_some()),
            "every action is of a type that the sandbox plays"
        );
        let name = declaration.name.clone();
        self.agenda.retain(|step| step.pipeline() != Some(&name));
        self.jobs.retain(|_, job| job.context.pipeline != name);
        self.pipelines
            .insert(name, Pipeline::new(now, region, declaration));
    }

    /// Refuses a pipeline that CreatePipeline would refuse.
    pub(crate) fn check(
        &self,
        pipeline: &PipelineDeclaration,
        region: &str,
    ) -> Result<(), ServiceError> {
        rules::check(pipeline, region)?;
        if !self.pipelines.contains_key(&pipeline.name) {
            return Ok(());
        }
        let message = format!(
            "A pipeline with the name '{}' already exists in account '{}'",
            pipeline.name,
            crate::ACCOUNT_ID
        );
        Err(ServiceError::new("PipelineNameInUseException", message))
    }

    /// A job of this region: to another region it does not exist (seen with real CodePipeline).
    fn job_in(&mut self, region: &str, id: &str) -> Result<&mut Job, ServiceError> {
        self.jobs
            .get_mut(id)
            .filter(|job| job.region == region)
            .ok_or_else(|| {
                ServiceError::new(
                    "JobNotFoundException",
                    format!("Job with id '{id}' does not exist"),
                )
            })
    }

    fn pipeline_in(&self, region: &str, name: &str) -> Result<&Pipeline, ServiceError> {
        self.pipelines.get(name).filter(|pipeline| pipeline.region == region).ok_or_else(|| {
            let message = format!(
                "The account with AWS account ID '{}' does not include a pipeline named '{name}'",
                crate::ACCOUNT_ID
            );
            ServiceError::new("PipelineNotFoundException", message)
        })
    }
}

impl Pipeline {
    /// A stage of the version that counts.
    fn stage_named(&self, stage: &str) -> Result<usize, ServiceError> {
        self.stage_index(stage).ok_or_else(|| {
            let message = format!(
                "Pipeline '{}' does not have a stage with name '{stage}'",
                self.name()
            );
            ServiceError::new("StageNotFoundException", message)
        })
    }

    fn execution_with_id(&self, id: &str) -> Result<&execution::Execution, ServiceError> {
        self.execution(id).ok_or_else(|| {
            let message = format!(
                "Pipeline Execution with id '{id}' does not exist in pipeline with name '{}'",
                self.name()
            );
            ServiceError::new("PipelineExecutionNotFoundException", message)
        })
    }
}

/// The constraints of the names of pipelines, stages and actions.
fn name(c: &mut Constraints, path: &str, name: Option<&String>) {
    c.required(path, name);
    c.text(path, name, 1..=100);
    c.pattern(path, name, NAME);
}

/// The constraints of ids.
fn id(c: &mut Constraints, path: &str, id: Option<&String>) {
    c.required(path, id);
    c.pattern(path, id, UUID);
}
