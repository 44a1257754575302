//! One invocation: a job event in, a job result out.

use std::time::Duration;

use health_gate::{
    Block, Decision, Finding, JobResult, Pass, Policy, PolicyError, Region, Report, decide,
};
use health_gate_aws::{
    Clients, Delivery, JobEvent, JobId, PutJobResultError, describe_events, put_job_result,
};
use lambda_runtime::{Diagnostic, LambdaEvent};
use time::UtcDateTime;

/// What is kept for the answer to CodePipeline, with its retries. Never more than half of what an invocation has.
const ANSWER_RESERVE: Duration = Duration::from_secs(10);
/// What is kept for the closing line and the way back to Lambda.
const CLOSING_RESERVE: Duration = Duration::from_millis(250);

/// The invocation could not answer its job. Lambda then runs it again.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// The event is of no job, so there is nothing to answer.
    #[error(
        "the event names no job: `CodePipeline.job`.`id` is missing; accepted: the event with which CodePipeline \
         invokes a function (a sample is `events/codepipeline-job.json`)"
    )]
    NoJob,
    /// The job did not get its answer.
    #[error(transparent)]
    NotAnswered(#[from] PutJobResultError),
}

impl HandlerError {
    /// The stable reason code for logs and alarms.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoJob => "event.no-job",
            Self::NotAnswered(PutJobResultError::JobNotFound { .. }) => "job.not-found",
            Self::NotAnswered(PutJobResultError::Undelivered { .. }) => "job.undelivered",
        }
    }
}

impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        Self {
            error_type: error.code().to_owned(),
            error_message: error.to_string(),
        }
    }
}

/// Answers the job of an event and returns the answer, which Lambda ignores and `sam local invoke` shows.
///
/// A job without a result blocks its stage for 20 minutes (CodePipeline quotas). From the moment that the job's id
/// is known, every path through this function therefore ends in a result.
///
/// # Errors
/// [`HandlerError`] when there is no job, or when CodePipeline did not take the result.
pub async fn handle(
    event: LambdaEvent<JobEvent>,
    clients: &Clients,
) -> Result<JobResult, HandlerError> {
    let (event, context) = event.into_parts();
    let Some(job_id) = event.job_id() else {
        let error = HandlerError::NoJob;
        tracing::error!(reason = error.code(), "{error}");
        return Err(error);
    };

    let left = clients.clock.until(context.deadline());
    let budget = left.saturating_sub(ANSWER_RESERVE.min(left / 2));
    let evaluation = evaluate(&event, clients, budget).await;
    let result = evaluation.report().job_result();
    let budget = clients
        .clock
        .until(context.deadline())
        .saturating_sub(CLOSING_RESERVE);
    answer(clients, &job_id, &evaluation, result, budget).await
}

/// A decision and what it was made from.
struct Evaluation {
    regions: Vec<Region>,
    events_read: usize,
    checked_at: UtcDateTime,
    decision: Decision,
}

impl Evaluation {
    fn report(&self) -> Report<'_> {
        Report {
            decision: &self.decision,
            regions: &self.regions,
            checked_at: self.checked_at,
        }
    }
}

async fn evaluate(event: &JobEvent, clients: &Clients, budget: Duration) -> Evaluation {
    let policy = match policy(event, clients) {
        Ok(policy) => policy,
        Err(error) => {
            let checked_at = clients.clock.now();
            return Evaluation {
                regions: Vec::new(),
                events_read: 0,
                checked_at,
                decision: decide(Finding::Invalid(error)),
            };
        }
    };
    let reading = describe_events(clients, &policy.regions, budget).await;
    let checked_at = clients.clock.now();
    let decision = decide(Finding::of(&policy, &reading, checked_at));
    Evaluation {
        regions: policy.regions,
        events_read: reading.events().len(),
        checked_at,
        decision,
    }
}

fn policy(event: &JobEvent, clients: &Clients) -> Result<Policy, PolicyError> {
    Policy::from_user_parameters(event.user_parameters()?, &clients.region)
}

/// Delivers the result and writes the invocation's one closing line.
async fn answer(
    clients: &Clients,
    job_id: &JobId,
    evaluation: &Evaluation,
    result: JobResult,
    budget: Duration,
) -> Result<JobResult, HandlerError> {
    let delivery = put_job_result(clients, job_id, &result, budget).await;
    let (decision, reason, incidents) = match &evaluation.decision {
        Decision::Pass(Pass::Clear) => ("pass", "health.clear", 0),
        Decision::Fail(Block::Blocked(incidents)) => {
            ("fail", "health.incident", incidents.events().len())
        }
        Decision::Fail(Block::Unknown(unread)) => ("fail", unread.cause.code(), 0),
        Decision::Fail(Block::Invalid(error)) => ("fail", error.code(), 0),
    };
    let job_id = job_id.as_str();
    let regions = evaluation
        .regions
        .iter()
        .map(Region::as_str)
        .collect::<Vec<_>>()
        .join(",");
    let events_read = evaluation.events_read;
    let report = match &result {
        JobResult::Success { summary, .. } => summary.as_str(),
        JobResult::Failure { message, .. } => message.as_str(),
    };
    let headline = report.lines().next().unwrap_or_default();
    match delivery {
        Ok(delivery) => {
            let (delivery, headline) = match delivery {
                Delivery::Accepted => ("accepted", headline.to_owned()),
                Delivery::AlreadyAnswered => (
                    "already-answered",
                    format!("the job has its result already; not told again: {headline}"),
                ),
            };
            tracing::info!(
                jobId = job_id,
                decision,
                reason,
                regions,
                eventsRead = events_read,
                incidents,
                delivery,
                report,
                "{headline}"
            );
            Ok(result)
        }
        Err(error) => {
            let error = HandlerError::NotAnswered(error);
            let delivery = error.code();
            tracing::error!(
                jobId = job_id,
                decision,
                reason,
                regions,
                eventsRead = events_read,
                incidents,
                delivery,
                report,
                "{error}"
            );
            Err(error)
        }
    }
}
