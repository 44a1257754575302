//! From a job to a decision: the policy, the reading of AWS Health, and what the pipeline itself says.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use health_gate::{
    Assessment, Case, Circumstances, Decision, Event, Fail, HoldState, Invalid, JobResult, Note,
    OVERRIDE_TAG, Obstacle, Override, PipelineContext, Policy, Query, Reading, Report, StageState,
    StageStatus, UnknownCause, Unread, decide,
};
use health_gate_aws::{
    Clients, HealthReading, JobEvent, JobId, PipelineRef, describe_events, job_details,
    pipeline_state, tag_value,
};
use time::UtcDateTime;

use crate::handler::PipelineGate;
use crate::time_budget::TimeBudget;

/// A job, and what its invocation knows without asking.
pub(crate) struct Job<'a> {
    pub(crate) event: &'a JobEvent,
    pub(crate) id: &'a JobId,
    pub(crate) function_arn: &'a str,
    pub(crate) time: &'a TimeBudget,
}

/// What a round of a job came to.
pub(crate) enum Round {
    /// The last reading of the hold is fresh: nothing was read, the hold goes on as it was.
    Waits {
        policy: Box<Policy>,
        hold: HoldState,
    },
    /// A decision.
    Decided(Box<Evaluation>),
}

/// A decision and everything that it was made from.
pub(crate) struct Evaluation {
    pub(crate) policy: Option<Policy>,
    pub(crate) previous: Option<HoldState>,
    pub(crate) health: Option<HealthReading>,
    pub(crate) matched: usize,
    pub(crate) stale: Vec<Event>,
    pub(crate) context: Option<PipelineContext>,
    pub(crate) circumstances: Circumstances,
    pub(crate) notes: Vec<Note>,
    pub(crate) decision: Decision,
    pub(crate) checked_at: UtcDateTime,
}

impl Evaluation {
    /// A decision, made at `now` from nothing that was read.
    fn new(decision: Decision, now: UtcDateTime) -> Self {
        Self {
            policy: None,
            previous: None,
            health: None,
            matched: 0,
            stale: Vec::new(),
            context: None,
            circumstances: Circumstances::default(),
            notes: Vec::new(),
            decision,
            checked_at: now,
        }
    }

    /// The gate itself failed, saying `detail`. The job fails, whatever its policy says.
    pub(crate) fn of_panic(detail: String, now: UtcDateTime) -> Self {
        let obstacle = Obstacle::Unknown(Unread {
            cause: UnknownCause::Internal,
            detail,
        });
        let fail = Fail {
            obstacle,
            hold: None,
        };
        Self::new(Decision::Fail(fail), now)
    }

    pub(crate) fn report(&self) -> Report<'_> {
        Report {
            decision: &self.decision,
            policy: self.policy.as_ref(),
            stale: &self.stale,
            notes: &self.notes,
            checked_at: self.checked_at,
        }
    }

    pub(crate) fn reading(&self) -> Option<&Reading> {
        self.health.as_ref().map(|health| &health.reading)
    }
}

/// What can be judged, and what it rests on.
enum Input {
    Invalid(Option<Policy>, Invalid),
    Valid(Policy, Option<HoldState>),
}

impl PipelineGate {
    /// Comes to a decision. Always: what cannot be read is part of it.
    pub(crate) async fn evaluate(&self, job: &Job<'_>) -> Round {
        let now = self.clients.clock.now();
        match self.input(job.event, now) {
            Input::Valid(policy, Some(hold)) if hold.is_fresh(&policy, now) => Round::Waits {
                policy: Box::new(policy),
                hold,
            },
            Input::Valid(policy, hold) => {
                Round::Decided(Box::new(Box::pin(self.check(job, policy, hold)).await))
            }
            Input::Invalid(policy, invalid) => {
                let context = Pending::new(self.context(job).boxed());
                let case = Case::Invalid(invalid);
                let decision = decide(case.clone(), &Circumstances::default(), now);
                let mut evaluation = Evaluation::new(decision, now);
                evaluation.policy = policy;
                Round::Decided(Box::new(self.settle(job, case, context, evaluation).await))
            }
        }
    }

    fn input(&self, event: &JobEvent, now: UtcDateTime) -> Input {
        let policy = event
            .user_parameters()
            .and_then(|text| self.account_policy.for_action(text, &self.clients.region));
        let policy = match policy {
            Ok(policy) => policy,
            Err(error) => return Input::Invalid(None, error.into()),
        };
        let token = event.continuation_token();
        match token.and_then(|token| token.map(|token| HoldState::read(token, now)).transpose()) {
            Ok(hold) => Input::Valid(policy, hold),
            Err(error) => Input::Invalid(Some(policy), error.into()),
        }
    }

    /// Reads AWS Health, and beside it which pipeline the job belongs to.
    async fn check(&self, job: &Job<'_>, policy: Policy, hold: Option<HoldState>) -> Evaluation {
        let query = Query::of([&policy], self.clients.clock.now());
        let mut context = Pending::new(self.context(job).boxed());
        let health = context
            .beside(describe_events(&self.clients, &query, job.time.reading()).boxed())
            .await;
        let now = self.clients.clock.now();
        let Assessment {
            finding,
            stale,
            matched,
        } = Assessment::of(&policy, &health.reading, now);
        let behind = health
            .reading
            .may_be_behind
            .then(|| Note::MayBeBehind(health.endpoint.to_string()));
        let case = Case::Found {
            policy: &policy,
            finding,
            hold: hold.clone(),
        };
        let decision = decide(case.clone(), &Circumstances::default(), now);
        let evaluation = Evaluation {
            previous: hold,
            matched,
            stale,
            notes: behind.into_iter().collect(),
            health: Some(health),
            ..Evaluation::new(decision, now)
        };
        let settled = self.settle(job, case, context, evaluation).await;
        Evaluation {
            policy: Some(policy),
            ..settled
        }
    }

    /// A decision that is no pass is made again with what the pipeline says. A pass waits for nothing.
    async fn settle(
        &self,
        job: &Job<'_>,
        case: Case<'_>,
        context: Pending<'_, Result<PipelineContext, String>>,
        mut found: Evaluation,
    ) -> Evaluation {
        if found.decision.passes() {
            found.context = context.value.and_then(Result::ok);
            return found;
        }
        match context.get().await {
            Ok(context) => {
                let account = job.event.account_id();
                let pipeline =
                    PipelineRef::of_job(&context, job.function_arn, account, &self.clients.region);
                self.read_circumstances(job, &context, &pipeline, &mut found)
                    .await;
                found.decision = decide(case, &found.circumstances, found.checked_at);
                found.context = Some(context);
            }
            Err(why) => found.notes.push(Note::PipelineUnread(why)),
        }
        found
    }

    async fn context(&self, job: &Job<'_>) -> Result<PipelineContext, String> {
        in_time(job.time.supporting(), job_details(&self.clients, job.id)).await
    }

    /// The pipeline's override and the state of the job's own stage, side by side.
    async fn read_circumstances(
        &self,
        job: &Job<'_>,
        context: &PipelineContext,
        pipeline: &PipelineRef,
        found: &mut Evaluation,
    ) {
        let budget = job.time.supporting();
        let (tag, stages) = tokio::join!(
            in_time(budget, tag_value(&self.clients, pipeline, OVERRIDE_TAG)),
            in_time(budget, stages(&self.clients, pipeline)),
        );
        match tag.map(|tag| tag.map(|value| Override::read(&value, found.checked_at))) {
            Ok(Some(Ok(overridden))) => found.circumstances.overridden = Some(overridden),
            Ok(Some(Err(error))) => found.notes.push(Note::OverrideIgnored(error)),
            Ok(None) => {}
            Err(why) => found.notes.push(Note::OverrideUnread(why)),
        }
        match stages {
            Ok(stages) => {
                if let Some(stage) = context.own_stage(&stages) {
                    found.circumstances.rollback = stage.rollback;
                    found.circumstances.stopping = stage.status == StageStatus::Stopping;
                }
            }
            Err(why) => found.notes.push(Note::StageUnread(why)),
        }
    }
}

async fn stages(clients: &Clients, pipeline: &PipelineRef) -> Result<Vec<StageState>, String> {
    pipeline_state(clients, pipeline)
        .await
        .map_err(|refusal| refusal.why)
}

/// Something that is read beside something else, and perhaps not needed in the end.
struct Pending<'a, T> {
    reading: BoxFuture<'a, T>,
    value: Option<T>,
}

impl<'a, T> Pending<'a, T> {
    fn new(reading: BoxFuture<'a, T>) -> Self {
        Self {
            reading,
            value: None,
        }
    }

    /// Goes on reading while `other` does its work, and no longer.
    async fn beside<O>(&mut self, mut other: BoxFuture<'_, O>) -> O {
        loop {
            tokio::select! {
                biased;
                value = &mut self.reading, if self.value.is_none() => self.value = Some(value),
                done = &mut other => return done,
            }
        }
    }

    async fn get(self) -> T {
        match self.value {
            Some(value) => value,
            None => self.reading.await,
        }
    }
}

/// What could not be read in time was not read.
async fn in_time<T>(
    budget: Duration,
    read: impl Future<Output = Result<T, String>>,
) -> Result<T, String> {
    match tokio::time::timeout(budget, read).await {
        Ok(read) => read,
        Err(_) => Err(format!("no answer within {:.1} s", budget.as_secs_f64())),
    }
}

impl Round {
    /// What CodePipeline is told.
    pub(crate) fn job_result(&self) -> JobResult {
        match self {
            Self::Decided(evaluation) => evaluation.report().job_result(),
            Self::Waits { policy, hold, .. } => JobResult::InProgress {
                summary: hold.waiting(policy),
                continuation_token: hold.to_token(),
            },
        }
    }
}
