//! One invocation: a job event in, a job result out.

use std::time::Duration;

use futures_util::FutureExt;
use health_gate::{AccountPolicy, Decision, JobResult, Notification};
use health_gate_aws::{
    Clients, Delivery, JobEvent, JobId, PutJobResultError, Settings, publish, put_job_result,
};
use lambda_runtime::LambdaEvent;

use crate::caught::caught;
use crate::closing::Closing;
use crate::evaluation::{Evaluation, Job, PendingContext, Round};
use crate::handler_error::HandlerError;
use crate::pending::Pending;
use crate::time_budget::TimeBudget;

/// The function: its clients, and what was set for the whole account.
#[derive(Debug, Clone)]
pub struct PipelineGate {
    clients: Clients,
    account_policy: AccountPolicy,
    notification_topic: Option<String>,
}

impl PipelineGate {
    /// Makes the function.
    pub fn new(clients: Clients, settings: &Settings) -> Self {
        Self {
            clients,
            account_policy: settings.account_policy.clone(),
            notification_topic: settings.notification_topic.clone(),
        }
    }

    /// Answers the job of an event and returns the answer, which Lambda ignores and `sam local invoke` shows.
    ///
    /// A job without a result blocks its stage for 20 minutes (CodePipeline quotas). From the moment that the job's id
    /// is known, every path through this function therefore ends in a result: a panic before the result is on its way, too. A
    /// panic after that fails the invocation, and Lambda runs it again.
    ///
    /// # Errors
    /// [`HandlerError`] when there is no job, or when CodePipeline did not take the result.
    pub async fn handle(&self, event: LambdaEvent<JobEvent>) -> Result<JobResult, HandlerError> {
        let (event, context) = event.into_parts();
        let Some(job_id) = event.job_id() else {
            let error = HandlerError::NoJob;
            tracing::error!(reason = error.code(), "{error}");
            return Err(error);
        };
        let begin = self.clients.clock.now();
        let clock = &self.clients.clock;
        let time = TimeBudget::new(clock, clock.deadline(context.deadline()));
        let job = Job {
            clients: &self.clients,
            account_policy: &self.account_policy,
            event: &event,
            id: &job_id,
            function_arn: &context.invoked_function_arn,
            time: &time,
        };

        // A defect of ours must not let the job hang.
        let mut context = Pending::default();
        let prepared = caught(self.prepare(&job, &mut context)).boxed().await;
        let mut failed_itself = prepared.is_err();
        let (mut round, result, mut notified) = match prepared {
            Ok(prepared) => prepared,
            Err(panic) => {
                // What has panicked is not polled again.
                context = Pending::default();
                let now = self.clients.clock.now();
                let round = Round::Decided(Box::new(Evaluation::of_panic(panic, now)));
                let result = round.job_result();
                (round, result, None)
            }
        };
        let put = put_job_result(&self.clients, &job_id, &result, time.answer()).boxed();
        let delivery = context.beside(put).await;
        let (result, delivery) = match delivery {
            Err(error @ PutJobResultError::Refused { .. }) => {
                failed_itself = true;
                self.replace(&job_id, &mut round, &result, &error, &time)
                    .boxed()
                    .await
            }
            delivery => (result, delivery),
        };
        if let Round::Decided(evaluation) = &mut round {
            job.complete_context(&mut context, evaluation).await;
            if failed_itself {
                notified = self.tell(evaluation, time.notification()).await;
            }
        }
        let closing = Closing {
            job_id: &job_id,
            round: &round,
            result: &result,
            notified: notified.as_ref(),
            begin,
        };
        closing.close(&self.clients, delivery)?;
        Ok(result)
    }

    /// Answers the job whose result CodePipeline has refused. The round becomes one that failed and
    /// says so plainly: the job must
    /// not hang.
    async fn replace(
        &self,
        job_id: &JobId,
        round: &mut Round,
        result: &JobResult,
        error: &PutJobResultError,
        time: &TimeBudget,
    ) -> (JobResult, Result<Delivery, PutJobResultError>) {
        tracing::error!(reason = "job.refused", ?result, "{error}");
        round.fail_itself(
            "CodePipeline refused the result of the job".to_owned(),
            self.clients.clock.now(),
        );
        let plain = round.job_result();
        let delivery = put_job_result(&self.clients, job_id, &plain, time.answer()).await;
        (plain, delivery)
    }

    /// Everything before the answer.
    async fn prepare<'a>(
        &self,
        job: &'a Job<'_>,
        context: &mut PendingContext<'a>,
    ) -> (Round, JobResult, Option<Result<(), String>>) {
        let mut round = job.evaluate(context).await;
        let notified = self.announce(&mut round, job.time).await;
        let result = round.job_result();
        (round, result, notified)
    }

    /// Tells people before the job is answered. An invocation that is killed after its answer runs
    /// again, finds the job answered and cannot know what people heard; one that is killed before
    /// tells them twice. A hold's token says whether they were told.
    async fn announce(&self, round: &mut Round, time: &TimeBudget) -> Option<Result<(), String>> {
        let Round::Decided(evaluation) = round else {
            return None;
        };
        let told = self.tell(evaluation, time.early_notification()).await?;
        if let Decision::Hold(hold) = &mut evaluation.decision {
            hold.state.notified |= told.is_ok();
        }
        Some(told)
    }

    /// Tells people, if there is something to tell and somebody to tell it to. Its failure changes nothing else.
    async fn tell(&self, evaluation: &Evaluation, budget: Duration) -> Option<Result<(), String>> {
        let topic = self.notification_topic.as_ref()?;
        let report = evaluation.report();
        let notification = Notification::of(
            &report,
            evaluation.context.as_ref(),
            evaluation.previous.as_ref(),
        )?;
        let told = match tokio::time::timeout(budget, publish(&self.clients, topic, &notification))
            .boxed()
            .await
        {
            Ok(told) => told,
            Err(_) => Err(format!(
                "SNS did not answer within {:.1} s",
                budget.as_secs_f64()
            )),
        };
        if let Err(why) = &told {
            tracing::warn!(topic, why, "people could not be told");
        }
        Some(told)
    }
}
