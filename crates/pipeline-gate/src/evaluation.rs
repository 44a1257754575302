//! From a job to a decision: the policy, the reading of AWS Health, and what the pipeline itself says.

use futures_util::FutureExt;
use health_gate::{
    AccountPolicy, Assessment, Case, Circumstances, Decision, Event, ExecutionType, Fail,
    HoldState, Invalid, JobResult, Note, OVERRIDE_TAG, Obstacle, Override, PipelineContext, Policy,
    Query, Reading, Report, StageState, StageStatus, UnknownCause, Unread, decide,
};
use health_gate_aws::{
    Clients, HealthReading, JobEvent, JobId, PipelineRef, job_details, pipeline_state, read_health,
    tag_value,
};
use time::UtcDateTime;

use crate::caught::caught;
use crate::pending::{Pending, in_time};
use crate::time_budget::TimeBudget;

/// A job, and what its invocation has.
pub(crate) struct Job<'a> {
    pub(crate) clients: &'a Clients,
    pub(crate) account_policy: &'a AccountPolicy,
    pub(crate) event: &'a JobEvent,
    pub(crate) id: &'a JobId,
    pub(crate) function_arn: &'a str,
    pub(crate) time: &'a TimeBudget,
}

/// Which pipeline a job belongs to, as far as it is known.
pub(crate) type PendingContext<'a> = Pending<'a, Result<PipelineContext, String>>;

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
#[derive(Debug, Clone)]
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
            ending: None,
            rollback: false,
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
    Invalid(Option<Policy>, Option<HoldState>, Invalid),
    Valid(Policy, Option<HoldState>),
}

impl Job<'_> {
    /// Comes to a decision. Always: what cannot be read is part of it. A pass may not wait for `context`.
    pub(crate) async fn evaluate<'a>(&'a self, context: &mut PendingContext<'a>) -> Round {
        let now = self.clients.clock.now();
        match self.input(now) {
            Input::Valid(policy, Some(hold)) if hold.is_fresh(&policy, now) => Round::Waits {
                policy: Box::new(policy),
                hold,
            },
            Input::Valid(policy, hold) => {
                *context = Pending::new(self.context().boxed());
                Round::Decided(Box::new(Box::pin(self.check(policy, hold, context)).await))
            }
            Input::Invalid(policy, previous, invalid) => {
                *context = Pending::new(self.context().boxed());
                let case = Case::Invalid(invalid);
                let decision = decide(case.clone(), &Circumstances::default(), now);
                let mut evaluation = Evaluation::new(decision, now);
                evaluation.policy = policy;
                evaluation.previous = previous;
                Round::Decided(Box::new(self.settle(case, context, evaluation).await))
            }
        }
    }

    fn input(&self, now: UtcDateTime) -> Input {
        let policy = self
            .event
            .user_parameters()
            .and_then(|text| self.account_policy.for_action(text, &self.clients.region));
        let token = self.event.continuation_token();
        let hold =
            token.and_then(|token| token.map(|token| HoldState::read(token, now)).transpose());
        match (policy, hold) {
            (Ok(policy), Ok(hold)) => Input::Valid(policy, hold),
            (Ok(policy), Err(error)) => Input::Invalid(Some(policy), None, error.into()),
            (Err(error), hold) => Input::Invalid(None, hold.ok().flatten(), error.into()),
        }
    }

    /// Reads AWS Health, and beside it which pipeline the job belongs to.
    async fn check(
        &self,
        policy: Policy,
        hold: Option<HoldState>,
        context: &mut PendingContext<'_>,
    ) -> Evaluation {
        let query = Query::of([&policy], self.clients.clock.now());
        let health = context
            .beside(read_health(self.clients, &query, self.time.reading()).boxed())
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
            .then(|| Note::MayBeBehind(health.endpoint.clone()));
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
        let settled = self.settle(case, context, evaluation).await;
        Evaluation {
            policy: Some(policy),
            ..settled
        }
    }

    /// A decision that is no pass is made again with what the pipeline says. A pass waits for nothing.
    async fn settle(
        &self,
        case: Case<'_>,
        context: &mut PendingContext<'_>,
        mut found: Evaluation,
    ) -> Evaluation {
        if found.decision.passes() {
            found.context = context.so_far().and_then(Result::ok);
            return found;
        }
        let context = context.get().await;
        match context.unwrap_or_else(|| Err("it was not asked for".to_owned())) {
            Ok(context) => {
                let account = self.event.account_id();
                let pipeline =
                    PipelineRef::of_job(&context, self.function_arn, account, &self.clients.region);
                self.read_circumstances(&context, &pipeline, &mut found)
                    .await;
                found.decision = decide(case, &found.circumstances, found.checked_at);
                if let Decision::Hold(hold) = &mut found.decision {
                    hold.state.pipeline = Some(context.pipeline.clone());
                }
                found.context = Some(context);
            }
            Err(why) => found.notes.push(Note::PipelineUnread(why)),
        }
        found
    }

    /// A pass may have been decided before it was known which pipeline it is of, a defect of ours without. The job has its answer:
    /// now there is time to wait for it, or to ask again.
    pub(crate) async fn complete_context(
        &self,
        context: &mut PendingContext<'_>,
        evaluation: &mut Evaluation,
    ) {
        let is_tried = |note: &Note| matches!(note, Note::PipelineUnread(_));
        if evaluation.context.is_none() && !evaluation.notes.iter().any(is_tried) {
            let read = async {
                match context.get().await {
                    Some(Ok(context)) => Ok(context),
                    Some(Err(_)) | None => job_details(self.clients, self.id).await,
                }
            };
            evaluation.context = in_time(self.time.notification(), read).await.ok();
        }
    }

    /// Goes on while the answer is on its way, which a defect of ours must not stop.
    async fn context(&self) -> Result<PipelineContext, String> {
        let read = in_time(self.time.supporting(), job_details(self.clients, self.id));
        caught(read.boxed()).await.unwrap_or_else(Err)
    }

    /// The pipeline's override and the state of the job's own stage, side by side.
    async fn read_circumstances(
        &self,
        context: &PipelineContext,
        pipeline: &PipelineRef,
        found: &mut Evaluation,
    ) {
        let budget = self.time.supporting();
        let (tag, stages) = tokio::join!(
            in_time(budget, tag_value(self.clients, pipeline, OVERRIDE_TAG)),
            in_time(budget, stages(self.clients, pipeline)),
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
                    found.circumstances.rollback = stage.execution_type == ExecutionType::Rollback;
                    found.circumstances.stopping =
                        matches!(stage.status, StageStatus::Stopping | StageStatus::Stopped);
                }
            }
            Err(why) => found.notes.push(Note::StageUnread(why)),
        }
    }
}

async fn stages(clients: &Clients, pipeline: &PipelineRef) -> Result<Vec<StageState>, String> {
    let stages = pipeline_state(clients, pipeline)
        .await
        .map_err(|refusal| refusal.why)?;
    // In PARALLEL mode there is none to see.
    Ok(stages.unwrap_or_default())
}

impl Round {
    /// The gate itself failed after all, saying `detail`. What is known of the pipeline stays known.
    pub(crate) fn fail_itself(&mut self, detail: String, now: UtcDateTime) {
        let failed = Evaluation::of_panic(detail, now);
        *self = Self::Decided(Box::new(
            match std::mem::replace(self, Self::Decided(Box::new(failed.clone()))) {
                Self::Waits { policy, hold } => Evaluation {
                    policy: Some(*policy),
                    previous: Some(hold),
                    ..failed
                },
                Self::Decided(known) => Evaluation {
                    decision: failed.decision,
                    notes: Vec::new(),
                    stale: Vec::new(),
                    ..*known
                },
            },
        ));
    }

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
