//! Lets stopped stages go on: AWS Health is read once for all of them, and each is decided by its own policies.

use std::cell::Cell;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use futures_util::stream::{self, StreamExt};
use health_gate::{OVERRIDE_TAG, Override, Query, Reading, RetryOutcome, Settlement, StoppedStage};
use health_gate_aws::{HealthReading, PipelineRef, read_health, retry_stage, tag_value};

use crate::IN_FLIGHT;
use crate::account::StageOutcome;
use crate::look::{Observer, Seen};
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
            let settled = tokio::time::timeout(
                self.time.left(),
                self.settle_stage(&seen.pipeline, stage, &mut tag),
            );
            let settled = if self.time.left().is_zero() {
                None
            } else {
                settled.await.ok()
            };
            let settled = settled
                .unwrap_or_else(|| RetryOutcome::Busy.since("no time was left in this invocation"));
            outcomes.push(StageOutcome {
                stage: Some(stage.stage.clone()),
                pipeline_execution_id: Some(stage.pipeline_execution_id.clone()),
                ..StageOutcome::of_pipeline(&seen.pipeline.name, settled)
            });
        }
        outcomes
    }

    async fn settle_stage(
        &self,
        pipeline: &PipelineRef,
        stage: &StoppedStage,
        tag: &mut Option<Tag>,
    ) -> Settlement {
        match self.judge(pipeline, stage, tag).await {
            Ok(why) => match self.retry(pipeline, stage).await {
                Ok(()) => RetryOutcome::Retried.since(why),
                Err(settled) => settled,
            },
            Err(settled) => settled,
        }
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
        let Err(refused) = judge(None) else {
            return judge(None);
        };
        let tag = match tag {
            Some(tag) => tag,
            None => tag.insert(self.tag(pipeline).await),
        };
        match tag {
            Tag::Override(overridden) => judge(Some(overridden)),
            Tag::None => Err(refused),
            Tag::Unusable(note) => Err(refused.outcome.since(format!("{}; {note}", refused.why))),
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
            Err(why) => Tag::Unusable(format!("its override could not be read: {why}")),
        }
    }

    /// Retries the stage if it still is as it was. If CodePipeline has no time for it, a few times, and each time only after another look: an
    /// attempt whose answer got lost may have been accepted.
    async fn retry(&self, pipeline: &PipelineRef, stage: &StoppedStage) -> Result<(), Settlement> {
        let clients = self.observer.clients;
        let asked = Cell::new(false);
        let attempt = || async {
            let looked = self.observer.look_again(pipeline, stage).await;
            looked.map_err(|settled| {
                if settled.outcome == RetryOutcome::MovedOn && asked.get() {
                    return settled.outcome.since(
                        "the stage goes on: CodePipeline took a retry of this invocation that it had not answered, or somebody else's",
                    );
                }
                settled
            })?;
            asked.set(true);
            let id = &stage.pipeline_execution_id;
            let retried = retry_stage(clients, &pipeline.name, &stage.stage, id).await;
            retried.map_err(Settlement::from)
        };
        let back_off = ExponentialBuilder::new()
            .with_min_delay(FIRST_BACK_OFF)
            .with_max_times(TRIES - 1)
            .with_jitter();
        attempt
            .retry(back_off)
            .when(|settled: &Settlement| settled.outcome == RetryOutcome::Busy)
            .await
    }
}

/// What a pipeline's tag says.
#[derive(Debug)]
enum Tag {
    None,
    Override(Override),
    /// It is no override, or could not be read.
    Unusable(String),
}
