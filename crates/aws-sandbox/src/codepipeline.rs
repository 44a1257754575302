//! CodePipeline: pipelines whose executions run, and the jobs of their Lambda actions.

mod engine;
mod event;
mod get_pipeline_state;
mod history;
mod job;
mod job_details;
mod list_action_executions;
mod list_pipelines;
mod pipeline;
mod put_job_failure_result;
mod put_job_success_result;
mod retry_stage_execution;
mod tags;

use std::collections::BTreeMap;

use serde_json::Value;

pub use engine::Delays;
pub use history::{Happening, Part};
pub use job::{Job, JobContext, JobResult, NewJob};
pub use pipeline::{ActionDeclaration, ActionKind, PipelineDeclaration, StageDeclaration, Status};

use crate::constraints::Constraints;
use crate::lambda::Invoke;
use crate::service_error::ServiceError;
use crate::timestamp::Timestamp;
use engine::Step;
use pipeline::Pipeline;

/// The state of CodePipeline.
#[derive(Debug, Default)]
pub struct CodePipeline {
    /// How long it takes for what it does by itself.
    pub delays: Delays,
    jobs: BTreeMap<String, Job>,
    pipelines: BTreeMap<String, Pipeline>,
    history: Vec<Happening>,
    agenda: BTreeMap<(Timestamp, u64), Step>,
    scheduled: u64,
}

/// What CodePipeline does to the rest of AWS.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Invokes a function.
    Invoke(Invoke),
    /// Sends an event to EventBridge.
    Signal { region: String, message: Value },
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

/// The constraints of the names of pipelines and stages.
fn pipeline_name(c: &mut Constraints, path: &str, name: Option<&String>) {
    c.required(path, name);
    c.text(path, name, 1..=100);
    c.pattern(path, name, r"[A-Za-z0-9.@\-_]+");
}

/// One page of a list, and the token of the next one.
fn page(
    mut all: Vec<Value>,
    size: i64,
    token: Option<&str>,
) -> Result<(Vec<Value>, Option<String>), ServiceError> {
    let begin = match token {
        None => 0,
        Some(token) => token.strip_prefix("page-").and_then(|begin| begin.parse().ok()).ok_or_else(|| {
            let message = format!("The nextToken value '{token}' is not valid. Specify a valid nextToken value, and then try again.");
            ServiceError::new("InvalidNextTokenException", message)
        })?,
    };
    let end = all
        .len()
        .min(begin + usize::try_from(size).unwrap_or_default());
    let next = (end < all.len()).then(|| format!("page-{end}"));
    Ok((all.drain(begin.min(end)..end).collect(), next))
}
