//! Whether the calls that the functions make would be allowed: each is made with arguments that change nothing, and what AWS
//! refuses tells whether IAM refused it.

use aws_sdk_codepipeline::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_codepipeline::types::{FailureDetails, FailureType, StageRetryMode};
use std::error::Error;

use crate::clients::Clients;
use crate::pipeline_ref::PipelineRef;
use crate::sdk_error::text;

/// A job and an execution that do not exist. CodePipeline makes random ones.
const NO_ID: &str = "00000000-0000-4000-8000-000000000000";
/// A pipeline that does not exist.
const NO_PIPELINE: &str = "health-gate-doctor-no-such-pipeline";

/// A call of CodePipeline or SNS that a function makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbedCall {
    /// Of pipeline-gate.
    GetJobDetails,
    /// Of pipeline-gate.
    PutJobSuccessResult,
    /// Of pipeline-gate.
    PutJobFailureResult,
    /// Of both.
    GetPipelineState,
    /// Of both.
    ListTagsForResource,
    /// Of stage-retry.
    ListPipelines,
    /// Of stage-retry.
    ListActionExecutions,
    /// Of stage-retry.
    ListPipelineExecutions,
    /// Of stage-retry.
    RetryStageExecution,
}

impl ProbedCall {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::GetJobDetails,
        Self::PutJobSuccessResult,
        Self::PutJobFailureResult,
        Self::GetPipelineState,
        Self::ListTagsForResource,
        Self::ListPipelines,
        Self::ListActionExecutions,
        Self::ListPipelineExecutions,
        Self::RetryStageExecution,
    ];

    /// The action of IAM.
    pub fn action(self) -> &'static str {
        match self {
            Self::GetJobDetails => "codepipeline:GetJobDetails",
            Self::PutJobSuccessResult => "codepipeline:PutJobSuccessResult",
            Self::PutJobFailureResult => "codepipeline:PutJobFailureResult",
            Self::GetPipelineState => "codepipeline:GetPipelineState",
            Self::ListTagsForResource => "codepipeline:ListTagsForResource",
            Self::ListPipelines => "codepipeline:ListPipelines",
            Self::ListActionExecutions => "codepipeline:ListActionExecutions",
            Self::ListPipelineExecutions => "codepipeline:ListPipelineExecutions",
            Self::RetryStageExecution => "codepipeline:RetryStageExecution",
        }
    }
}

/// What a probe shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// The call is allowed.
    Allowed,
    /// IAM, or an organisation's policy, refuses it: what AWS said.
    Denied(String),
    /// Nobody knows: what happened instead.
    Unanswered(String),
}

impl Probe {
    fn of<T, E>(outcome: Result<T, SdkError<E>>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let Err(error) = outcome else {
            return Self::Allowed;
        };
        let said = text(&error);
        match error.code() {
            Some(
                "AccessDenied"
                | "AccessDeniedException"
                | "AuthorizationError"
                | "AuthorizationErrorException",
            ) => Self::Denied(said),
            // There is no such thing, or not so: that is said to those who may ask.
            Some(
                "JobNotFoundException"
                | "PipelineNotFoundException"
                | "ResourceNotFoundException"
                | "InvalidArnException"
                | "StageNotFoundException"
                | "ValidationException"
                | "InvalidParameter"
                | "InvalidParameterException",
            ) => Self::Allowed,
            _ => Self::Unanswered(said),
        }
    }
}

/// Makes a call that changes nothing: of a job that does not exist; of this pipeline, for what only reads; of one that does not
/// exist, for what does more.
pub async fn probe(clients: &Clients, call: ProbedCall, pipeline: Option<&PipelineRef>) -> Probe {
    let codepipeline = &clients.codepipeline;
    let name = pipeline.map_or(NO_PIPELINE, |pipeline| &pipeline.name);
    clients.pace.turn().await;
    match call {
        ProbedCall::GetJobDetails => {
            Probe::of(codepipeline.get_job_details().job_id(NO_ID).send().await)
        }
        ProbedCall::PutJobSuccessResult => Probe::of(
            codepipeline
                .put_job_success_result()
                .job_id(NO_ID)
                .send()
                .await,
        ),
        ProbedCall::PutJobFailureResult => {
            let details = FailureDetails::builder()
                .r#type(FailureType::JobFailed)
                .message("health-gate doctor: no such job")
                .build();
            match details {
                Ok(details) => Probe::of(
                    codepipeline
                        .put_job_failure_result()
                        .job_id(NO_ID)
                        .failure_details(details)
                        .send()
                        .await,
                ),
                Err(error) => Probe::Unanswered(error.to_string()),
            }
        }
        ProbedCall::GetPipelineState => {
            Probe::of(codepipeline.get_pipeline_state().name(name).send().await)
        }
        ProbedCall::ListTagsForResource => {
            let Some(arn) = pipeline.and_then(|pipeline| pipeline.arn.as_ref()) else {
                return Probe::Unanswered(
                    "there is no pipeline whose tags could be read".to_owned(),
                );
            };
            let request = codepipeline.list_tags_for_resource().resource_arn(arn);
            Probe::of(request.send().await)
        }
        ProbedCall::ListPipelines => {
            Probe::of(codepipeline.list_pipelines().max_results(1).send().await)
        }
        ProbedCall::ListActionExecutions => {
            let request = codepipeline.list_action_executions().pipeline_name(name);
            Probe::of(request.max_results(1).send().await)
        }
        ProbedCall::ListPipelineExecutions => {
            let request = codepipeline.list_pipeline_executions().pipeline_name(name);
            Probe::of(request.max_results(1).send().await)
        }
        ProbedCall::RetryStageExecution => {
            let request = codepipeline
                .retry_stage_execution()
                .pipeline_name(NO_PIPELINE)
                .stage_name("none")
                .pipeline_execution_id(NO_ID)
                .retry_mode(StageRetryMode::FailedActions);
            Probe::of(request.send().await)
        }
    }
}

/// Whether something could be published to a topic: an empty message is, which SNS refuses to those who may publish.
pub async fn probe_topic(clients: &Clients, topic_arn: &str) -> Probe {
    Probe::of(
        clients
            .sns
            .publish()
            .topic_arn(topic_arn)
            .message("")
            .send()
            .await,
    )
}
