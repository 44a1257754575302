//! Answers a job: PutJobSuccessResult or PutJobFailureResult.

use std::time::Duration;

use aws_sdk_codepipeline::config::Builder as Config;
use aws_sdk_codepipeline::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_codepipeline::operation::RequestId;
use aws_sdk_codepipeline::types::{
    ExecutionDetails, FailureDetails, FailureType as WireFailureType,
};
use aws_smithy_types::timeout::TimeoutConfig;
use backon::{BackoffBuilder, ExponentialBuilder};
use health_gate::{FailureType, JobResult};
use tokio::time::Instant;

use crate::clients::Clients;
use crate::job_event::JobId;
use crate::sdk_error::{NOT_OF_AWS, error_chain, is_of_aws, is_transient, text};

/// CodePipeline answers within a second; an attempt that takes this long is better made again.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(3);
/// The pause after the first attempt. Each later one is twice as long, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// How CodePipeline took a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It is the job's result now (or was already: an identical repeat is accepted).
    Accepted,
    /// The job has another result, or is over for another reason. Lambda may deliver an event twice, so this is
    /// no error.
    AlreadyAnswered,
}

/// CodePipeline did not take the result: the job still waits for one.
#[derive(Debug, thiserror::Error)]
pub enum PutJobResultError {
    /// CodePipeline knows no such job here. Results go to the function's own region.
    #[error(
        "CodePipeline in {region} has no job {job_id}: the job is of another region, or its event was made up"
    )]
    JobNotFound {
        /// The job.
        job_id: JobId,
        /// The region that was asked.
        region: String,
    },
    /// CodePipeline does not accept this result, and would not another time. The job still waits for one that it accepts.
    #[error("CodePipeline in {region} refuses the result of job {job_id}: {reason}")]
    Refused {
        /// The job.
        job_id: JobId,
        /// The region that was asked.
        region: String,
        /// What CodePipeline said.
        reason: String,
    },
    /// Anything else.
    #[error(
        "the result of job {job_id} could not be delivered to CodePipeline in {region}: {reason}"
    )]
    Undelivered {
        /// The job.
        job_id: JobId,
        /// The region that was asked.
        region: String,
        /// The failure and what caused it.
        reason: String,
        /// The same attempt may succeed a moment later.
        is_transient: bool,
    },
}

/// Delivers the result of a job. Attempts are spread over the whole of `budget`: a job without its
/// result blocks its stage, and nothing else is left to do with the time.
///
/// # Errors
/// [`PutJobResultError`] when the job still waits for a result, or may do.
pub async fn put_job_result(
    clients: &Clients,
    job_id: &JobId,
    result: &JobResult,
    budget: Duration,
) -> Result<Delivery, PutJobResultError> {
    let end = Instant::now() + budget;
    let mut pauses = ExponentialBuilder::new()
        .with_min_delay(FIRST_PAUSE)
        .with_max_delay(LONGEST_PAUSE)
        .with_jitter()
        .without_max_times()
        .build();
    loop {
        // Never so long that a silent attempt leaves no time for another two.
        let limit = LONGEST_ATTEMPT.min(budget / 3).min(end - Instant::now());
        let outcome = Box::pin(send(clients, job_id, result, attempt(limit))).await;
        let is_transient = matches!(
            outcome,
            Err(PutJobResultError::Undelivered {
                is_transient: true,
                ..
            })
        );
        // The last attempt begins when the time for one is left.
        let left = (end - Instant::now()).saturating_sub(limit);
        if !is_transient || left.is_zero() {
            return outcome;
        }
        let pause = pauses.next().unwrap_or(LONGEST_PAUSE);
        tokio::time::sleep(pause.min(left)).await;
    }
}

/// One attempt, which takes no longer than `limit`.
fn attempt(limit: Duration) -> Config {
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(limit)
        .build();
    Config::new().timeout_config(timeouts)
}

async fn send(
    clients: &Clients,
    job_id: &JobId,
    result: &JobResult,
    attempt: Config,
) -> Result<Delivery, PutJobResultError> {
    let success = |summary: &str| {
        let details = ExecutionDetails::builder().summary(summary).build();
        let request = clients.job_results.put_job_success_result();
        request.job_id(job_id.as_str()).execution_details(details)
    };
    match result {
        JobResult::Success {
            summary,
            output_variables,
        } => {
            let variables = output_variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()));
            let request = success(summary).set_output_variables(Some(variables.collect()));
            let answer = request.customize().config_override(attempt).send().await;
            delivery(clients, job_id, answer)
        }
        // CodePipeline refuses output variables beside a token.
        JobResult::InProgress {
            summary,
            continuation_token,
        } => {
            let request = success(summary).continuation_token(continuation_token);
            let answer = request.customize().config_override(attempt).send().await;
            delivery(clients, job_id, answer)
        }
        JobResult::Failure {
            failure_type,
            message,
        } => {
            let details = FailureDetails::builder()
                .r#type(wire_type(*failure_type))
                .message(message)
                .build();
            let details = details.map_err(|error: BuildError| {
                undelivered(clients, job_id, error_chain(&error), false)
            })?;
            let request = clients
                .job_results
                .put_job_failure_result()
                .job_id(job_id.as_str())
                .failure_details(details);
            let answer = request.customize().config_override(attempt).send().await;
            delivery(clients, job_id, answer)
        }
    }
}

fn delivery<T, E>(
    clients: &Clients,
    job_id: &JobId,
    answer: Result<T, SdkError<E>>,
) -> Result<Delivery, PutJobResultError>
where
    T: RequestId,
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let error = match answer {
        Ok(answer) if is_of_aws(&answer) => return Ok(Delivery::Accepted),
        Ok(_) => return Err(undelivered(clients, job_id, NOT_OF_AWS.to_owned(), true)),
        Err(error) => error,
    };
    match error.code() {
        Some("InvalidJobStateException") => Ok(Delivery::AlreadyAnswered),
        Some("JobNotFoundException") => Err(PutJobResultError::JobNotFound {
            job_id: job_id.clone(),
            region: clients.region.to_string(),
        }),
        Some("ValidationException" | "OutputVariablesSizeExceededException") => {
            Err(PutJobResultError::Refused {
                job_id: job_id.clone(),
                region: clients.region.to_string(),
                reason: text(&error),
            })
        }
        Some(_) | None => Err(undelivered(
            clients,
            job_id,
            text(&error),
            is_transient(&error),
        )),
    }
}

fn undelivered(
    clients: &Clients,
    job_id: &JobId,
    reason: String,
    is_transient: bool,
) -> PutJobResultError {
    PutJobResultError::Undelivered {
        job_id: job_id.clone(),
        region: clients.region.to_string(),
        reason,
        is_transient,
    }
}

fn wire_type(failure_type: FailureType) -> WireFailureType {
    match failure_type {
        FailureType::JobFailed => WireFailureType::JobFailed,
        FailureType::ConfigurationError => WireFailureType::ConfigurationError,
        FailureType::PermissionError => WireFailureType::PermissionError,
        FailureType::SystemUnavailable => WireFailureType::SystemUnavailable,
    }
}
