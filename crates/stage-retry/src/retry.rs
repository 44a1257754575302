//! Lets stopped stages go on: AWS Health is read once for all of them, and each is decided by its own policies.

use std::cell::Cell;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use futures_util::stream::{self, StreamExt};
use health_gate::{OVERRIDE_TAG, Override, Query, Reading, RetryOutcome, Settlement, StoppedStage};
use health_gate_aws::{HealthReading, PipelineRef, read_health, retry_stage, tag_value};

use crate::IN_FLIGHT;
use crate::account::StageOutcome;
use crate::look::{Again, Observer, Seen, moved_on};
use crate::time_budget::TimeBudget;

/// How often a retry is tried that CodePipeline has no time for: after about one, two and four seconds.
const TRIES: usize = 4;
const FIRST_BACK_OFF: Duration = Duration::from_secs(1);

/// Reads AWS Health for all stopped stages.
pub(crate) async fn read_for(
    stopped: &[Seen],
    observer: Observer<'_>,
    time: &TimeBudget,
) -> HealthReading {
    let policies = stopped
        .iter()
        .flat_map(|seen| &seen.stopped)
        .flat_map(StoppedStage::policies);
    let query = Query::of(policies, observer.clients.clock.now());
    read_health(observer.clients, &query, time.reading()).await
}

/// What lets stages go on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retries<'a> {
    pub(crate) observer: Observer<'a>,
    pub(crate) reading: &'a Reading,
    pub(crate) time: &'a TimeBudget,
    /// Set when an override could not be read.
    pub(crate) override_unread: &'a Cell<bool>,
}

impl Retries<'_> {
    /// Settles all stopped stages, those first that a clear reading lets go on.
    pub(crate) async fn settle(&self, mut stopped: Vec<Seen>) -> Vec<StageOutcome> {
        let now = self.observer.clients.clock.now();
        stopped.sort_by_cached_key(|seen| {
            !seen
                .stopped
                .iter()
                .any(|stage| stage.judge(self.reading, None, now).is_ok())
        });
        let pipelines = stopped.iter().map(|seen| self.settle_pipeline(seen));
        let outcomes = stream::iter(pipelines).buffer_unordered(IN_FLIGHT);
        outcomes.collect::<Vec<_>>().await.concat()
    }

    /// One stage after the other, so that a pipeline is not asked for two retries at once.
    async fn settle_pipeline(&self, seen: &Seen) -> Vec<StageOutcome> {
        let mut tag = None;
        let mut outcomes = Vec::new();
        for stage in &seen.stopped {
            let pipeline = &seen.pipeline;
            let judged = self
                .in_time(self.judge(pipeline, stage, &mut tag))
                .await
                .and_then(std::convert::identity);
            let settled = match judged {
                Ok(why) => match self.retry(pipeline, stage).await {
                    Ok(None) => RetryOutcome::Retried.because(why),
                    Ok(Some(more)) => RetryOutcome::Retried.because(format!("{why}, {more}")),
                    Err(settled) => settled,
                },
                Err(settled) => settled,
            };
            outcomes.push(StageOutcome {
                stage: Some(stage.stage.clone()),
                pipeline_execution_id: Some(stage.pipeline_execution_id.clone()),
                ..StageOutcome::of_pipeline(&pipeline.name, settled)
            });
        }
        outcomes
    }

    /// Does something that can be left half done, as long as there is time.
    async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, Settlement> {
        let left = self.time.left();
        if left.is_zero() {
            return Err(no_time());
        }
        let done = tokio::time::timeout(left, work).await;
        done.map_err(|_| no_time())
    }

    /// Whether the stage goes on, and why. The pipeline's override is read, once, if it would not without.
    async fn judge(
        &self,
        pipeline: &PipelineRef,
        stage: &StoppedStage,
        tag: &mut Option<Tag>,
    ) -> Result<String, Settlement> {
        let clients = self.observer.clients;
        let judge = |overridden| stage.judge(self.reading, overridden, clients.clock.now());
        let refused = match judge(None) {
            Ok(why) => return Ok(why),
            Err(refused) => refused,
        };
        let tag = match tag {
            Some(tag) => tag,
            None => tag.insert(self.tag(pipeline).await),
        };
        match tag {
            Tag::Override(overridden) => judge(Some(overridden)),
            Tag::None => Err(refused),
            Tag::Unusable(note) => Err(refused.outcome.because(format!("{}; {note}", refused.why))),
        }
    }

    async fn tag(&self, pipeline: &PipelineRef) -> Tag {
        let clients = self.observer.clients;
        match tag_value(clients, pipeline, OVERRIDE_TAG).await {
            Ok(None) => Tag::None,
            Ok(Some(value)) => match Override::read(&value, clients.clock.now()) {
                Ok(overridden) => Tag::Override(overridden),
                Err(error) => Tag::Unusable(format!("its override is ignored: {error}")),
            },
            Err(why) => {
                self.override_unread.set(true);
                Tag::Unusable(format!("its override could not be read: {why}"))
            }
        }
    }

    /// Retries the stage if it still is as it was. If CodePipeline has no time for it, a few times, and each time only after another look: a
    /// try whose answer got lost may have been accepted. Says what else there is to say.
    async fn retry(
        &self,
        pipeline: &PipelineRef,
        stage: &StoppedStage,
    ) -> Result<Option<&'static str>, Settlement> {
        let clients = self.observer.clients;
        // Nobody knows whether CodePipeline took an earlier try.
        let unanswered = Cell::new(false);
        let attempt = || async {
            let again = self
                .in_time(self.observer.look_again(pipeline, stage))
                .await??;
            if again == Again::GoesOn {
                return if unanswered.get() {
                    Ok(Some(
                        "and the stage goes on: the answer to the retry was lost",
                    ))
                } else {
                    Err(moved_on())
                };
            }
            self.in_time(clients.turn()).await?;
            if !self.time.has_time_for_a_retry() {
                return Err(no_time());
            }
            let id = &stage.pipeline_execution_id;
            let retried = retry_stage(clients, &pipeline.name, &stage.stage, id).await;
            retried.map(|()| None).map_err(|refusal| {
                unanswered.set(unanswered.get() || !refusal.is_answer);
                Settlement::from(refusal)
            })
        };
        let back_off = ExponentialBuilder::new()
            .with_min_delay(FIRST_BACK_OFF)
            .with_max_times(TRIES - 1)
            .with_jitter();
        attempt
            .retry(back_off)
            .when(|settled: &Settlement| {
                settled.outcome == RetryOutcome::Busy && self.time.has_time_to_try_again()
            })
            .await
    }
}

fn no_time() -> Settlement {
    RetryOutcome::Busy.because("no time was left in this invocation")
}

/// What a pipeline's tag says.
#[derive(Debug)]
enum Tag {
    None,
    Override(Override),
    /// It is no override, or could not be read.
    Unusable(String),
}
