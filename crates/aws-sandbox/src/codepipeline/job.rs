//! A job: one round of a Lambda action.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::CodePipeline;
use crate::ACCOUNT_ID;
use crate::ids::Ids;
use crate::lambda::Invoke;
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
    /// A Lambda action starts. Returns the new job's id and its event.
    pub(crate) fn start_job(
        &mut self,
        ids: &mut Ids,
        now: Timestamp,
        region: &str,
        function: &str,
        job: NewJob,
    ) -> (String, Invoke) {
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
        let id = ids.uuid();
        let event = event(&id, &data);
        self.submit_job_event(ids, region, function, event)
    }

    /// A Lambda action starts with this event.
    ///
    /// # Panics
    /// If the event has no `CodePipeline.job`.`id`.
    pub(crate) fn submit_job_event(
        &mut self,
        ids: &mut Ids,
        region: &str,
        function: &str,
        event: Value,
    ) -> (String, Invoke) {
        let id = event["CodePipeline.job"]["id"]
            .as_str()
            .expect("a job event has an id")
            .to_owned();
        let job = Job {
            id: id.clone(),
            region: region.to_owned(),
            function: function.to_owned(),
            action_execution_id: ids.uuid(),
            pipeline_execution_id: ids.uuid(),
            result: None,
            data: event["CodePipeline.job"]["data"].clone(),
        };
        (id, self.add_job(job, event))
    }

    fn add_job(&mut self, job: Job, event: Value) -> Invoke {
        let invoke = Invoke {
            region: job.region.clone(),
            function: job.function.clone(),
            payload: event,
        };
        self.jobs.insert(job.id.clone(), job);
        invoke
    }

    pub(super) fn continue_later(&mut self, now: Timestamp, job_id: &str) {
        self.continuations
            .insert((now + CONTINUATION_DELAY, job_id.to_owned()));
    }

    /// The next round of an action whose time has come, if there is one: a new job id, the same action execution.
    pub(crate) fn continue_job(&mut self, ids: &mut Ids, now: Timestamp) -> Option<Invoke> {
        self.next_continuation().filter(|at| *at <= now)?;
        let (_, previous) = self.continuations.pop_first()?;
        let mut job = self.jobs.get(&previous)?.clone();
        if let Some(JobResult::Success {
            continuation_token, ..
        }) = job.result.take()
        {
            job.data["continuationToken"] = json!(continuation_token);
        }
        job.id = ids.uuid();
        let event = event(&job.id, &job.data);
        Some(self.add_job(job, event))
    }
}

fn event(id: &str, data: &Value) -> Value {
    json!({"CodePipeline.job": {"id": id, "accountId": ACCOUNT_ID, "data": data}})
}
