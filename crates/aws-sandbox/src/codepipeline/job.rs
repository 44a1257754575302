//! A job: one round of a Lambda action.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::CodePipeline;
use super::attempt::{Attempt, Failure};
use super::declaration::{ActionDeclaration, EncryptionKey, PipelineDeclaration, StageDeclaration};
use super::engine::{Ending, Step};
use super::execution::Artifact;
use super::status::Status;
use crate::ACCOUNT_ID;
use crate::lambda::Invoke;
use crate::service_error::ServiceError;
use crate::timestamp::Timestamp;
use crate::turn::{Effect, Turn};

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
    /// Where it belongs: the same for all rounds.
    pub context: JobContext,
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
    /// Where it belongs. A job without a pipeline gets one that nothing runs in.
    pub context: Option<JobContext>,
}

/// The action of a pipeline that a job belongs to.
#[derive(Debug, Clone)]
pub struct JobContext {
    /// The pipeline's name.
    pub pipeline: String,
    /// Identifies the pipeline's execution.
    pub pipeline_execution_id: String,
    /// The stage's name.
    pub stage: String,
    /// The action's name.
    pub action: String,
    /// Identifies the action's attempt.
    pub action_execution_id: String,
}

impl NewJob {
    /// The job of a pipeline's action.
    pub(super) fn of(attempt: &Attempt) -> Self {
        Self {
            user_parameters: attempt.resolved.get("UserParameters").cloned(),
            context: Some(JobContext {
                pipeline: attempt.place.pipeline.clone(),
                pipeline_execution_id: attempt.place.execution.clone(),
                stage: attempt.stage.clone(),
                action: attempt.declaration.name.clone(),
                action_execution_id: attempt.id.clone(),
            }),
        }
    }
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

    fn event(&self) -> Value {
        json!({"CodePipeline.job": {"id": self.id, "accountId": ACCOUNT_ID, "data": self.data}})
    }
}

impl CodePipeline {
    /// A Lambda action starts: there is a new job, and its event is on the way to the function. Returns the job's id.
    pub(crate) fn start_job(
        &mut self,
        turn: &mut Turn<'_>,
        region: &str,
        function: &str,
        job: NewJob,
    ) -> String {
        let mut configuration = json!({"FunctionName": function});
        if let Some(text) = job.user_parameters {
            configuration["UserParameters"] = json!(text);
        }
        let context = job
            .context
            .unwrap_or_else(|| self.context_of_its_own(turn, region, function));
        let attempt = self
            .record(&context.pipeline)
            .attempt_mut(&context.action_execution_id);
        let (inputs, outputs) = match attempt {
            Some(attempt) => (artifacts(&attempt.inputs), artifacts(&attempt.outputs)),
            None => (json!([]), json!([])),
        };
        let mut data = json!({
            "actionConfiguration": {"configuration": configuration},
            "inputArtifacts": inputs,
            "outputArtifacts": outputs,
            "artifactCredentials": credentials(turn.now),
        });
        if let Some(EncryptionKey { id, r#type }) = self.encryption_key(&context.pipeline, region) {
            data["encryptionKey"] = json!({"id": id, "type": r#type});
        }
        let id = turn.ids.uuid();
        let job = Job {
            id: id.clone(),
            region: region.to_owned(),
            function: function.to_owned(),
            context,
            result: None,
            data,
        };
        let event = job.event();
        self.add_job(turn, job, event);
        id
    }

    fn encryption_key(&self, pipeline: &str, region: &str) -> Option<EncryptionKey> {
        let declaration = self.pipelines.get(pipeline)?.declaration();
        declaration.store(region)?.encryption_key.clone()
    }

    /// A Lambda action of no pipeline starts with this event.
    ///
    /// # Panics
    /// If the event has no `CodePipeline.job`.`id`.
    pub(crate) fn submit_job_event(
        &mut self,
        turn: &mut Turn<'_>,
        region: &str,
        function: &str,
        event: Value,
    ) -> String {
        let id = event["CodePipeline.job"]["id"]
            .as_str()
            .expect("a job event has an id")
            .to_owned();
        let job = Job {
            id: id.clone(),
            region: region.to_owned(),
            function: function.to_owned(),
            context: self.context_of_its_own(turn, region, function),
            result: None,
            data: event["CodePipeline.job"]["data"].clone(),
        };
        self.add_job(turn, job, event);
        id
    }

    /// A job that no pipeline has started belongs to the pipeline `sandbox`, whose stage no execution enters.
    fn context_of_its_own(
        &mut self,
        turn: &mut Turn<'_>,
        region: &str,
        function: &str,
    ) -> JobContext {
        let context = JobContext {
            pipeline: "sandbox".to_owned(),
            stage: "Deploy".to_owned(),
            action: "HealthGate".to_owned(),
            action_execution_id: turn.ids.uuid(),
            pipeline_execution_id: turn.ids.uuid(),
        };
        if !self.pipelines.contains_key(&context.pipeline) {
            let action = ActionDeclaration::lambda(&context.action, function, None);
            let stage = StageDeclaration::new(&context.stage, vec![action]);
            let declaration = PipelineDeclaration::new(&context.pipeline, vec![stage]);
            self.create_pipeline(turn.now, region, declaration);
        }
        context
    }

    fn add_job(&mut self, turn: &mut Turn<'_>, job: Job, event: Value) {
        turn.effects.push(Effect::Job {
            job_id: job.id.clone(),
            invoke: Invoke {
                region: job.region.clone(),
                function: job.function.clone(),
                payload: event,
            },
        });
        let step = Step::NoReply {
            job_id: job.id.clone(),
        };
        self.schedule(turn.now + self.delays.no_reply, step);
        self.jobs.insert(job.id.clone(), job);
    }

    /// A job has taken a result: its action goes on, or ends, when CodePipeline looks at it next.
    pub(super) fn after_result(&mut self, now: Timestamp, job_id: &str) {
        let Some(job) = self.jobs.get(job_id) else {
            return;
        };
        let ending = match job.result.clone() {
            None => return,
            Some(JobResult::Success {
                continuation_token: Some(_),
                ..
            }) => {
                let step = Step::Continue {
                    job_id: job_id.to_owned(),
                };
                return self.schedule(now + self.delays.continuation, step);
            }
            Some(JobResult::Success {
                output_variables, ..
            }) => Ending::Success(output_variables.into_iter().collect()),
            Some(JobResult::Failure {
                failure_type,
                message,
            }) => Ending::Failure(Failure::new(&failure_type, message)),
        };
        self.end_job(now + self.delays.result, job_id, ending);
    }

    fn end_job(&mut self, at: Timestamp, job_id: &str, ending: Ending) {
        let context = &self.jobs[job_id].context;
        let step = Step::End {
            pipeline: context.pipeline.clone(),
            attempt_id: context.action_execution_id.clone(),
            ending,
        };
        self.schedule(at, step);
    }

    /// There is no such function: the action fails.
    pub(crate) fn refuse_job(&mut self, now: Timestamp, job_id: &str) {
        let Some(job) = self.jobs.get(job_id) else {
            return;
        };
        let (context, function) = (job.context.clone(), job.function.clone());
        if let Some(attempt) = self
            .record(&context.pipeline)
            .attempt_mut(&context.action_execution_id)
        {
            attempt.is_external = false;
        }
        let message = format!("The AWS Lambda function {function} does not exist.");
        let failure = Failure::new("ConfigurationError", message);
        self.end_job(
            now + self.delays.missing_function,
            job_id,
            Ending::Failure(failure),
        );
    }

    /// A job has waited for its result for long enough: its action fails. The text is that which people report; no
    /// capture shows the code.
    pub(super) fn no_reply(&mut self, turn: &mut Turn<'_>, job_id: &str) {
        let Some(job) = self.jobs.get(job_id).filter(|job| job.in_progress()) else {
            return;
        };
        let message = format!(
            "The AWS Lambda function {} failed to return a result. Check the function to verify that it has permission to \
             call the PutJobSuccessResult action and that it made a call to PutJobSuccessResult.",
            job.function
        );
        self.end_job(
            turn.now,
            job_id,
            Ending::Failure(Failure::new("JobFailed", message)),
        );
    }

    /// The next round of an action: a new job id, the same action execution, fresh credentials.
    pub(super) fn continue_job(&mut self, turn: &mut Turn<'_>, previous: &str) {
        let Some(mut job) = self.jobs.get(previous).cloned() else {
            return;
        };
        let attempt_id = job.context.action_execution_id.clone();
        let attempt = self.record(&job.context.pipeline).attempt_mut(&attempt_id);
        // A job of no execution has no attempt, and goes on all the same.
        if attempt.is_some_and(|attempt| attempt.status != Status::InProgress) {
            return;
        }
        if let Some(JobResult::Success {
            continuation_token, ..
        }) = job.result.take()
        {
            job.data["continuationToken"] = json!(continuation_token);
        }
        job.data["artifactCredentials"] = credentials(turn.now);
        job.id = turn.ids.uuid();
        let event = job.event();
        self.add_job(turn, job, event);
    }
}

fn credentials(now: Timestamp) -> Value {
    let mut credentials = json!({"expirationTime": now.as_millis() + 900_000});
    for (name, value) in ARTIFACT_CREDENTIALS {
        credentials[name] = json!(value);
    }
    credentials
}

/// As the job event has them: the revision of an output is null.
fn artifacts(list: &[(String, Artifact)]) -> Value {
    let list = list.iter().map(|(name, artifact)| {
        json!({
            "name": name,
            "revision": artifact.revision,
            "location": {
                "type": "S3",
                "s3Location": {"bucketName": artifact.bucket, "objectKey": artifact.key},
            },
        })
    });
    list.collect()
}
