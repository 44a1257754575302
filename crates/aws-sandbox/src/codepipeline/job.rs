//! A job: one round of a Lambda action.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::engine::Step;
use super::pipeline::{ActionDeclaration, ActionKind, PipelineDeclaration, StageDeclaration};
use super::{CodePipeline, Effect};
use crate::ACCOUNT_ID;
use crate::ids::Ids;
use crate::lambda::Invoke;
use crate::service_error::ServiceError;
use crate::timestamp::Timestamp;

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

impl CodePipeline {
    /// A job that no pipeline has started belongs to the pipeline `sandbox`, whose stage no execution enters.
    fn context_of_its_own(
        &mut self,
        ids: &mut Ids,
        now: Timestamp,
        region: &str,
        function: &str,
    ) -> JobContext {
        let context = JobContext {
            pipeline: "sandbox".to_owned(),
            stage: "Deploy".to_owned(),
            action: "HealthGate".to_owned(),
            action_execution_id: ids.uuid(),
            pipeline_execution_id: ids.uuid(),
        };
        if !self.pipelines.contains_key(&context.pipeline) {
            let kind = ActionKind::Lambda {
                function: function.to_owned(),
                user_parameters: None,
            };
            let action = ActionDeclaration {
                name: context.action.clone(),
                run_order: 1,
                kind,
            };
            let stage = StageDeclaration {
                name: context.stage.clone(),
                actions: vec![action],
            };
            let declaration = PipelineDeclaration {
                name: context.pipeline.clone(),
                stages: vec![stage],
            };
            self.create_pipeline(now, region, declaration);
        }
        context
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
}

impl CodePipeline {
    /// A Lambda action starts. Returns the new job's id and its event's way to the function.
    pub(crate) fn start_job(
        &mut self,
        ids: &mut Ids,
        now: Timestamp,
        region: &str,
        function: &str,
        job: NewJob,
    ) -> (String, Effect) {
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
        let context = job
            .context
            .unwrap_or_else(|| self.context_of_its_own(ids, now, region, function));
        let effect = self.add_job(
            Job {
                id: id.clone(),
                region: region.to_owned(),
                function: function.to_owned(),
                context,
                result: None,
                data,
            },
            event,
        );
        (id, effect)
    }

    /// A Lambda action of no pipeline starts with this event.
    ///
    /// # Panics
    /// If the event has no `CodePipeline.job`.`id`.
    pub(crate) fn submit_job_event(
        &mut self,
        ids: &mut Ids,
        now: Timestamp,
        region: &str,
        function: &str,
        event: Value,
    ) -> (String, Effect) {
        let id = event["CodePipeline.job"]["id"]
            .as_str()
            .expect("a job event has an id")
            .to_owned();
        let job = Job {
            id: id.clone(),
            region: region.to_owned(),
            function: function.to_owned(),
            context: self.context_of_its_own(ids, now, region, function),
            result: None,
            data: event["CodePipeline.job"]["data"].clone(),
        };
        (id, self.add_job(job, event))
    }

    fn add_job(&mut self, job: Job, event: Value) -> Effect {
        let invoke = Invoke {
            region: job.region.clone(),
            function: job.function.clone(),
            payload: event,
        };
        self.jobs.insert(job.id.clone(), job);
        Effect::Invoke(invoke)
    }

    /// A job has taken a result: its action goes on, or ends, a little later.
    pub(super) fn after_result(&mut self, now: Timestamp, job_id: &str) {
        let Some(job) = self.jobs.get(job_id) else {
            return;
        };
        match &job.result {
            Some(JobResult::Success {
                continuation_token: Some(_),
                ..
            }) => {
                let step = Step::Continue {
                    job_id: job_id.to_owned(),
                };
                self.schedule(now + self.delays.continuation, step);
            }
            Some(JobResult::Success { .. } | JobResult::Failure { .. }) | None => {
                self.end_later(now, job_id)
            }
        }
    }

    /// The next round of an action: a new job id, the same action execution.
    pub(super) fn continue_job(&mut self, ids: &mut Ids, previous: &str) -> Option<Effect> {
        let mut job = self.jobs.get(previous)?.clone();
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
