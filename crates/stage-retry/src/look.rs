//! Looks at a pipeline: which of its stages the gate has stopped.

use std::collections::BTreeSet;
use std::time::Duration;

use health_gate::{
    ActionExecution, ExecutionType, PipelineExecution, RetryOutcome, RetryRules, Settlement,
    StageState, StageStatus, StoppedStage,
};
use health_gate_aws::{
    Clients, PipelineRef, Refusal, action_executions, pipeline_executions, pipeline_state,
};

use crate::account::StageOutcome;
use crate::targets::{Executions, Target};

/// The longest `retryWithin`: what failed before that is left to people whatever its policy says.
const LONGEST: Duration = Duration::from_hours(7 * 24);

/// What a look at a pipeline found.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) pipeline: PipelineRef,
    /// Stages that may go on if AWS Health is clear.
    pub(crate) stopped: Vec<StoppedStage>,
    /// How many calls each of them takes yet: a look and the retry, or the pipeline's tags.
    pub(crate) calls_each: usize,
    /// What is settled already.
    pub(crate) outcomes: Vec<StageOutcome>,
}

/// What looks at pipelines.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Observer<'a> {
    pub(crate) clients: &'a Clients,
    pub(crate) rules: &'a RetryRules,
    /// The ARN of a resource of the pipelines' account.
    pub(crate) beside: Option<&'a str>,
}

impl Observer<'_> {
    /// Looks at a pipeline.
    ///
    /// # Errors
    /// [`Refusal`] if it could not be read at all.
    pub(crate) async fn look(&self, target: &Target) -> Result<Seen, Refusal> {
        let Target {
            pipeline,
            executions,
        } = target;
        let pipeline = PipelineRef::in_region(pipeline, &self.clients.region, self.beside);
        let mut seen = Seen {
            pipeline,
            stopped: Vec::new(),
            calls_each: 2,
            outcomes: Vec::new(),
        };
        match pipeline_state(self.clients, &seen.pipeline).await? {
            Some(stages) => self.look_at_stages(&stages, &mut seen).await,
            None => {
                // A look is three of them.
                seen.calls_each = 4;
                self.look_at_executions(executions, &mut seen).await?;
            }
        }
        Ok(seen)
    }

    async fn look_at_stages(&self, stages: &[StageState], seen: &mut Seen) {
        let gates = &self.rules.gates;
        for stage in stages.iter().filter(|stage| stage.may_be_stopped(gates)) {
            let id = &stage.pipeline_execution_id;
            let name = &seen.pipeline.name;
            let settled = match action_executions(self.clients, name, id).await {
                Ok(rows) => self.judge(stage, &rows),
                Err(refusal) => Err(refusal.into()),
            };
            seen.add(Some(&stage.name), id, settled);
        }
    }

    /// A pipeline without state is in PARALLEL mode: its executions say what has failed. They can be many, and each costs a call: of those
    /// that failures name, only these are looked at.
    async fn look_at_executions(
        &self,
        executions: &Executions,
        seen: &mut Seen,
    ) -> Result<(), Refusal> {
        let now = self.clients.clock.now();
        let is_meant = |execution: &&PipelineExecution| {
            execution.status == StageStatus::Failed
                && execution.execution_type == ExecutionType::Standard
                && execution
                    .last_update_time
                    .is_none_or(|at| now - at <= LONGEST)
                && executions.contains(&execution.id)
        };
        let listed = pipeline_executions(self.clients, &seen.pipeline.name).await?;
        for execution in listed.iter().filter(is_meant) {
            let name = &seen.pipeline.name;
            let rows = match action_executions(self.clients, name, &execution.id).await {
                Ok(rows) => rows,
                Err(refusal) => {
                    seen.add(None, &execution.id, Err(refusal.into()));
                    continue;
                }
            };
            if let Some(stage) = StageState::of_failed_execution(execution, &rows) {
                let settled = self.judge(&stage, &rows);
                seen.add(Some(&stage.name), &execution.id, settled);
            }
        }
        Ok(())
    }

    fn judge(
        &self,
        stage: &StageState,
        rows: &[ActionExecution],
    ) -> Result<Option<StoppedStage>, Settlement> {
        StoppedStage::of(stage, rows, self.rules, self.clients.clock.now())
    }

    /// Looks at a stopped stage once more, since people press Retry too.
    ///
    /// # Errors
    /// Why it must not be retried any more, or that this is not known.
    pub(crate) async fn look_again(
        &self,
        pipeline: &PipelineRef,
        stopped: &StoppedStage,
    ) -> Result<Again, Settlement> {
        let id = &stopped.pipeline_execution_id;
        let stage = match pipeline_state(self.clients, pipeline).await? {
            Some(stages) => {
                let stage = stages.into_iter().find(|stage| stage.name == stopped.stage);
                stage.ok_or_else(|| {
                    RetryOutcome::Gone.because("the pipeline has no such stage any more")
                })?
            }
            None => {
                // The rows first: the list of executions says what has happened since.
                let rows = action_executions(self.clients, &pipeline.name, id).await?;
                let listed = pipeline_executions(self.clients, &pipeline.name).await?;
                let execution = listed.into_iter().find(|execution| execution.id == *id);
                let execution = execution.ok_or_else(moved_on)?;
                if execution.status == StageStatus::InProgress {
                    return Ok(Again::GoesOn);
                }
                StageState::of_failed_execution(&execution, &rows).ok_or_else(moved_on)?
            }
        };
        if stopped.goes_on(&stage) {
            return Ok(Again::GoesOn);
        }
        stage.frozen().map_or(Ok(()), Err)?;
        if stopped.is_still(&stage) {
            Ok(Again::Still)
        } else {
            Err(moved_on())
        }
    }
}

/// What another look at a stopped stage shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// It is as it was.
    Still,
    /// Its execution goes on in it.
    GoesOn,
}

impl Seen {
    fn add(
        &mut self,
        stage: Option<&String>,
        execution: &str,
        settled: Result<Option<StoppedStage>, Settlement>,
    ) {
        match settled {
            Ok(stopped) => self.stopped.extend(stopped),
            Err(settled) => self.outcomes.push(StageOutcome {
                stage: stage.cloned(),
                pipeline_execution_id: Some(execution.to_owned()),
                ..StageOutcome::of_pipeline(&self.pipeline.name, settled)
            }),
        }
    }
}

pub(crate) fn moved_on() -> Settlement {
    RetryOutcome::MovedOn.because("the stage has changed meanwhile")
}

/// The pipelines of outcomes that are about a whole pipeline, which could not be read for now.
pub(crate) fn unread_pipelines(outcomes: &[StageOutcome]) -> BTreeSet<&str> {
    let is_unread = |outcome: &&StageOutcome| {
        outcome.pipeline_execution_id.is_none() && outcome.settled.outcome == RetryOutcome::Busy
    };
    let unread = outcomes.iter().filter(is_unread);
    unread.map(|outcome| &*outcome.pipeline).collect()
}
