//! A job: one round of a Lambda action.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::CodePipeline;
use crate::ACCOUNT_ID;
use crate::sandbox::Sandbox;
use crate::service_error::ServiceError;
use crate::timestamp::Timestamp;

/// How long after a continuation token the function is invoked again. Real CodePipeline took 27.8 s.
const CONTINUATION_DELAY: Duration = Duration::from_secs(28);

/// The credentials of AWS's documentation, which look like live ones and open nothing.
const ARTIFACT_CREDENTIALS: [(&str, &str); 3] = [
    ("accessKeyId", "AKIAIOSFODNN7EXAMPLE"),
    (
        "secretAccessKey",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    ),
    ("sessionToken", "IQoJb3JpZ2luX2VjEXAMPLETOKEN"),
];

/// A job and its state.
#[derive(Debug, Clone)]
pub struct Job {
    /// Identifies this round.
    pub id: String,
    /// The region in which the function runs: the only one that takes the job's result.
    pub region: String,
    /// The function that the action invokes.
    pub function: String,
    /// Identifies the action's execution: the same for all rounds.
    pub action_execution_id: String,
    /// Identifies the pipeline's execution.
    pub pipeline_execution_id: String,
    /// The result, once there is one.
    pub result: Option<JobResult>,
    /// `data` of the job event.
    pub(crate) data: Value,
}

/// The result that a job was given.
#[derive(Debug, Clone, PartialEq)]
pub enum JobResult {
    /// The action succeeded, or goes on in another round if there is a token.
    Success {
        /// `continuationToken`.
        continuation_token: Option<String>,
        /// `outputVariables`.
        output_variables: BTreeMap<String, String>,
    },
    /// The action failed.
    Failure {
        /// `failureDetails.type`.
        failure_type: String,
        /// `failureDetails.message`.
        message: String,
    },
}

/// What there is to say about a new job.
#[derive(Debug, Clone, Default)]
pub struct NewJob {
    /// The action's `UserParameters`, if it has any.
    pub user_parameters: Option<String>,
}

impl Job {
    pub(super) fn in_progress(&self) -> bool {
        self.result.is_none()
    }

    /// Takes a result, by the rules seen with real CodePipeline: an identical repeat is accepted, the same kind
    /// with another content and the other kind are refused, each with its own text.
    pub(super) fn finish(&mut self, result: JobResult) -> Result<(), ServiceError> {
        let id = &self.id;
        let refusal = match (&self.result, &result) {
            (None, _) => {
                self.result = Some(result);
                return Ok(());
            }
            (Some(known), new) if known == new => return Ok(()),
            (Some(JobResult::Success { .. }), JobResult::Success { .. })
            | (Some(JobResult::Failure { .. }), JobResult::Failure { .. }) => format!(
                "The status of job with id {id} is already set to the desired value. It cannot be updated with the \
                 same status, but different result or output variables."
            ),
            (Some(_), _) => format!("Job with id {id} has already terminated"),
        };
        Err(ServiceError::new("InvalidJobStateException", refusal))
    }
}

impl CodePipeline {
    pub(super) fn continue_later(&mut self, now: Timestamp, job_id: &str) {
        self.continuations
            .insert((now + CONTINUATION_DELAY, job_id.to_owned()));
    }
}

impl Sandbox {
    /// A Lambda action starts: there is a new job, and its event is on the way to the function. Returns the job's id.
    pub fn start_job(
        &mut self,
        now: Timestamp,
        region: &str,
        function: &str,
        job: NewJob,
    ) -> String {
        let mut configuration = json!({"FunctionName": function});
        if let Some(text) = job.user_parameters {
            configuration["UserParameters"] = json!(text);
        }
        let mut credentials = json!({"expirationTime": now.as_millis() + 900_000});
        for (name, value) in ARTIFACT_CREDENTIALS {
            credentials[name] = json!(value);
        }
        let data = json!({
            "actionConfiguration": {"configuration": configuration},
            "inputArtifacts": [],
            "outputArtifacts": [],
            "artifactCredentials": credentials,
        });
        let id = self.ids.uuid();
        let event = json!({"CodePipeline.job": {"id": id, "accountId": ACCOUNT_ID, "data": data}});
        self.submit_job_event(region, function, event)
    }

    /// The same for an event as it stands, of which `id` and `data` are taken: the job exists as if CodePipeline
    /// had made it. Returns the job's id.
    ///
    /// # Panics
    /// If the event has no `CodePipeline.job`.`id`.
    pub fn submit_job_event(&mut self, region: &str, function: &str, event: Value) -> String {
        let job = &event["CodePipeline.job"];
        let job = Job {
            id: job["id"]
                .as_str()
                .expect("a job event has an id")
                .to_owned(),
            region: region.to_owned(),
            function: function.to_owned(),
            action_execution_id: self.ids.uuid(),
            pipeline_execution_id: self.ids.uuid(),
            result: None,
            data: job["data"].clone(),
        };
        self.add_job(job, event)
    }

    fn add_job(&mut self, job: Job, event: Value) -> String {
        let id = job.id.clone();
        self.invoke(&job.region, &job.function, event);
        self.codepipeline.jobs.insert(id.clone(), job);
        id
    }

    /// Starts the next round of the actions whose time has come: a new job id, the same action execution.
    pub(crate) fn continue_jobs(&mut self, now: Timestamp) {
        while self
            .codepipeline
            .next_continuation()
            .is_some_and(|at| at <= now)
        {
            let Some((_, previous)) = self.codepipeline.continuations.pop_first() else {
                return;
            };
            let Some(mut job) = self.codepipeline.jobs.get(&previous).cloned() else {
                continue;
            };
            if let Some(JobResult::Success {
                continuation_token, ..
            }) = job.result.take()
            {
                job.data["continuationToken"] = json!(continuation_token);
            }
            job.id = self.ids.uuid();
            let event = json!({"CodePipeline.job": {"id": job.id, "accountId": ACCOUNT_ID, "data": job.data}});
            self.add_job(job, event);
        }
    }
}
