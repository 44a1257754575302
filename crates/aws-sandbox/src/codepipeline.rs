//! CodePipeline: jobs of Lambda actions, from the event that starts one to the result that ends it.

mod job;
mod job_details;
mod put_job_failure_result;
mod put_job_success_result;

use std::collections::{BTreeMap, BTreeSet};

pub use job::{Job, JobResult, NewJob};

use crate::service_error::ServiceError;
use crate::timestamp::Timestamp;

/// The state of CodePipeline.
#[derive(Debug, Default)]
pub struct CodePipeline {
    jobs: BTreeMap<String, Job>,
    /// Actions that go on with a new job, by the time at which they do and the job that asked for it.
    continuations: BTreeSet<(Timestamp, String)>,
}

impl CodePipeline {
    /// A job by its id.
    pub fn job(&self, id: &str) -> Option<&Job> {
        self.jobs.get(id)
    }

    /// All jobs, by id.
    pub fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values()
    }

    pub(crate) fn next_continuation(&self) -> Option<Timestamp> {
        self.continuations.first().map(|(at, _)| *at)
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
}
