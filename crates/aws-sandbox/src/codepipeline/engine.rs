//! The release engine: what makes executions go on. Everything that takes time in CodePipeline is a step on the
//! agenda; the state machine does the steps that are due, and nothing happens between them.

use std::time::Duration;

use super::event;
use super::history::Part;
use super::pipeline::{
    ActionKind, Attempt, Execution, Failure, Pipeline, PipelineDeclaration, StageRecord, Status,
};
use super::{CodePipeline, Effect, JobContext, JobResult, NewJob};
use crate::ids::Ids;
use crate::timestamp::Timestamp;

/// How long CodePipeline takes for what it does by itself. The defaults are what was seen with AWS; tests with real
/// processes shorten them.
#[derive(Debug, Clone, Copy)]
pub struct Delays {
    /// From a job's result to its effect on the action.
    pub result: Duration,
    /// From a continuation token to the next job.
    pub continuation: Duration,
    /// From an accepted retry to the new attempts. Until then the state shows the old ones.
    pub retry: Duration,
}

impl Default for Delays {
    fn default() -> Self {
        Self {
            result: Duration::from_secs(30),
            continuation: Duration::from_secs(28),
            retry: Duration::from_secs(8),
        }
    }
}

/// What an execution is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Standard,
    Rollback,
}

/// Something that happens by itself.
#[derive(Debug)]
pub(super) enum Step {
    /// An action goes on with a new job.
    Continue { job_id: String },
    /// An attempt of an action ends.
    End {
        pipeline: String,
        attempt_id: String,
        failure: Option<Failure>,
    },
    /// The failed actions of a stage run again.
    RunAgain {
        pipeline: String,
        stage: usize,
        execution_id: String,
    },
}

impl CodePipeline {
    pub(super) fn schedule(&mut self, at: Timestamp, step: Step) {
        self.scheduled += 1;
        self.agenda.insert((at, self.scheduled), step);
    }

    /// When the next step is due.
    pub(crate) fn next_step(&self) -> Option<Timestamp> {
        self.agenda.keys().next().map(|(at, _)| *at)
    }

    /// Does the next step that is due. `None` if there is none.
    pub(crate) fn step(&mut self, ids: &mut Ids, now: Timestamp) -> Option<Vec<Effect>> {
        self.next_step().filter(|at| *at <= now)?;
        let (_, step) = self.agenda.pop_first()?;
        Some(match step {
            Step::Continue { job_id } => self.continue_job(ids, &job_id).into_iter().collect(),
            Step::End {
                pipeline,
                attempt_id,
                failure,
            } => self.end(ids, now, &pipeline, &attempt_id, failure),
            Step::RunAgain {
                pipeline,
                stage,
                execution_id,
            } => {
                let failed = self.failed_actions(&pipeline, stage, &execution_id);
                self.run_actions(ids, now, &pipeline, stage, &execution_id, &failed)
            }
        })
    }

    /// Creates a pipeline, or replaces the one with the same name.
    pub(crate) fn create_pipeline(
        &mut self,
        now: Timestamp,
        region: &str,
        declaration: PipelineDeclaration,
    ) {
        self.pipelines.insert(
            declaration.name.clone(),
            Pipeline::new(now, region, declaration),
        );
    }

    /// Begins an execution, if no other is going on.
    pub(crate) fn start_execution(
        &mut self,
        ids: &mut Ids,
        now: Timestamp,
        pipeline: &str,
    ) -> Option<(String, Vec<Effect>)> {
        self.begin(ids, now, pipeline, 0, Kind::Standard)
    }

    /// Begins an execution of one stage alone, if no other is going on.
    pub(crate) fn start_rollback(
        &mut self,
        ids: &mut Ids,
        now: Timestamp,
        pipeline: &str,
        stage: &str,
    ) -> Option<(String, Vec<Effect>)> {
        let stages = &self.pipelines.get(pipeline)?.declaration.stages;
        let stage = stages
            .iter()
            .position(|declaration| declaration.name == stage)?;
        self.begin(ids, now, pipeline, stage, Kind::Rollback)
    }

    fn begin(
        &mut self,
        ids: &mut Ids,
        now: Timestamp,
        pipeline: &str,
        stage: usize,
        kind: Kind,
    ) -> Option<(String, Vec<Effect>)> {
        let record = self.pipelines.get_mut(pipeline)?;
        let goes_on = |execution: &Execution| {
            matches!(execution.status, Status::InProgress | Status::Stopping)
        };
        if record.executions.iter().any(goes_on) {
            return None;
        }
        let id = ids.uuid();
        record.executions.push(Execution {
            id: id.clone(),
            status: Status::InProgress,
            is_rollback: kind == Kind::Rollback,
        });
        self.happened(now, pipeline, Part::Execution, Status::InProgress);
        let effects = self.enter(ids, now, pipeline, stage, &id);
        Some((id, effects))
    }

    /// A person stops what is going on: no further action begins.
    pub(crate) fn stop_execution(&mut self, now: Timestamp, pipeline: &str) {
        let Some(record) = self.pipelines.get(pipeline) else {
            return;
        };
        let Some(execution) = record
            .executions
            .iter()
            .find(|execution| execution.status == Status::InProgress)
        else {
            return;
        };
        let id = execution.id.clone();
        let in_progress = Some((id.clone(), Status::InProgress));
        let stage = record
            .stages
            .iter()
            .position(|stage| stage.latest == in_progress);
        self.set_execution(now, pipeline, &id, Status::Stopping);
        if let Some(stage) = stage {
            self.set_stage(now, pipeline, stage, Status::Stopping);
        }
    }

    fn enter(
        &mut self,
        ids: &mut Ids,
        now: Timestamp,
        pipeline: &str,
        stage: usize,
        execution_id: &str,
    ) -> Vec<Effect> {
        let Some(record) = self.pipelines.get_mut(pipeline) else {
            return Vec::new();
        };
        let Some(entered) = record.stages.get_mut(stage) else {
            self.set_execution(now, pipeline, execution_id, Status::Succeeded);
            return Vec::new();
        };
        *entered = StageRecord {
            latest: Some((execution_id.to_owned(), Status::InProgress)),
            ..StageRecord::default()
        };
        let orders = record.declaration.stages[stage]
            .actions
            .iter()
            .map(|action| action.run_order);
        let first = orders.min();
        self.set_stage(now, pipeline, stage, Status::InProgress);
        self.run_order(ids, now, pipeline, stage, execution_id, first)
    }

    fn run_order(
        &mut self,
        ids: &mut Ids,
        now: Timestamp,
        pipeline: &str,
        stage: usize,
        execution_id: &str,
        run_order: Option<u32>,
    ) -> Vec<Effect> {
        let Some(record) = self.pipelines.get(pipeline) else {
            return Vec::new();
        };
        let actions = record.declaration.stages[stage].actions.iter().enumerate();
        let actions: Vec<usize> = actions
            .filter(|(_, action)| Some(action.run_order) == run_order)
            .map(|(n, _)| n)
            .collect();
        self.run_actions(ids, now, pipeline, stage, execution_id, &actions)
    }

    /// Starts an attempt of each of these actions.
    fn run_actions(
        &mut self,
        ids: &mut Ids,
        now: Timestamp,
        pipeline: &str,
        stage: usize,
        execution_id: &str,
        actions: &[usize],
    ) -> Vec<Effect> {
        let mut effects = Vec::new();
        for &action in actions {
            let Some(record) = self.pipelines.get_mut(pipeline) else {
                break;
            };
            let attempt = Attempt {
                id: ids.uuid(),
                execution_id: execution_id.to_owned(),
                stage,
                action,
                start: now,
                last_update: now,
                status: Status::InProgress,
                failure: None,
            };
            let attempt_id = attempt.id.clone();
            let declaration = record.action(&attempt).clone();
            let context = JobContext {
                pipeline: pipeline.to_owned(),
                pipeline_execution_id: execution_id.to_owned(),
                stage: record.stage_name(stage).to_owned(),
                action: declaration.name.clone(),
                action_execution_id: attempt_id.clone(),
            };
            record.stages[stage]
                .shown
                .insert(action, record.attempts.len());
            record.attempts.push(attempt);
            let region = record.region.clone();
            let part = Part::Action(context.stage.clone(), context.action.clone());
            self.happened(now, pipeline, part, Status::InProgress);
            match declaration.kind {
                ActionKind::Lambda {
                    function,
                    user_parameters,
                } => {
                    let job = NewJob {
                        user_parameters,
                        context: Some(context),
                    };
                    let (_, effect) = self.start_job(ids, now, &region, &function, job);
                    effects.push(effect);
                }
                ActionKind::Deploy { takes, succeeds } => {
                    let failure = (!succeeds).then(|| Failure {
                        code: "JobFailed".to_owned(),
                        message: "the deployment failed".to_owned(),
                    });
                    self.schedule(
                        now + takes,
                        Step::End {
                            pipeline: pipeline.to_owned(),
                            attempt_id,
                            failure,
                        },
                    );
                }
            }
        }
        effects
    }

    /// A job has its final result: its action ends when CodePipeline looks at it next.
    pub(super) fn end_later(&mut self, now: Timestamp, job_id: &str) {
        let Some(job) = self.jobs.get(job_id) else {
            return;
        };
        let failure = match &job.result {
            Some(JobResult::Failure {
                failure_type,
                message,
            }) => Some(Failure {
                code: failure_type.clone(),
                message: message.clone(),
            }),
            Some(JobResult::Success { .. }) | None => None,
        };
        let (pipeline, attempt_id) = (
            job.context.pipeline.clone(),
            job.context.action_execution_id.clone(),
        );
        self.schedule(
            now + self.delays.result,
            Step::End {
                pipeline,
                attempt_id,
                failure,
            },
        );
    }

    fn end(
        &mut self,
        ids: &mut Ids,
        now: Timestamp,
        pipeline: &str,
        attempt_id: &str,
        failure: Option<Failure>,
    ) -> Vec<Effect> {
        let Some(record) = self.pipelines.get_mut(pipeline) else {
            return Vec::new();
        };
        let open = |attempt: &&mut Attempt| {
            attempt.id == attempt_id && attempt.status == Status::InProgress
        };
        let Some(attempt) = record.attempts.iter_mut().find(open) else {
            return Vec::new();
        };
        attempt.last_update = now;
        attempt.status = if failure.is_some() {
            Status::Failed
        } else {
            Status::Succeeded
        };
        attempt.failure = failure;
        let attempt = attempt.clone();

        let (stage, action) = (
            record.stage_name(attempt.stage),
            record.action(&attempt).name.clone(),
        );
        let part = Part::Action(stage.to_owned(), action);
        let mut effects = Vec::new();
        if attempt.status == Status::Failed {
            let message = event::action_failed(now, record, &attempt);
            effects.push(Effect::Signal {
                region: record.region.clone(),
                message,
            });
        }
        self.happened(now, pipeline, part, attempt.status);
        effects.extend(self.go_on(ids, now, pipeline, attempt.stage, &attempt.execution_id));
        effects
    }

    /// Something in the stage has ended: the stage fails, waits, or goes on.
    fn go_on(
        &mut self,
        ids: &mut Ids,
        now: Timestamp,
        pipeline: &str,
        stage: usize,
        execution_id: &str,
    ) -> Vec<Effect> {
        let Some(record) = self.pipelines.get_mut(pipeline) else {
            return Vec::new();
        };
        let newest = record.newest(stage, execution_id);
        if newest
            .values()
            .any(|attempt| attempt.status == Status::InProgress)
        {
            return Vec::new();
        }
        let failed = newest
            .values()
            .any(|attempt| attempt.status == Status::Failed);
        let reached = newest
            .values()
            .map(|attempt| record.action(attempt).run_order)
            .max();
        let actions = &record.declaration.stages[stage].actions;
        let next = actions
            .iter()
            .map(|action| action.run_order)
            .filter(|order| Some(*order) > reached)
            .min();
        let (is_rollback, is_stopping) = record
            .execution(execution_id)
            .map(|execution| (execution.is_rollback, execution.status == Status::Stopping))
            .unwrap_or_default();
        if is_stopping {
            self.set_stage(now, pipeline, stage, Status::Stopped);
            self.set_execution(now, pipeline, execution_id, Status::Stopped);
            Vec::new()
        } else if failed {
            self.set_stage(now, pipeline, stage, Status::Failed);
            self.set_execution(now, pipeline, execution_id, Status::Failed);
            Vec::new()
        } else if next.is_some() {
            self.run_order(ids, now, pipeline, stage, execution_id, next)
        } else {
            self.set_stage(now, pipeline, stage, Status::Succeeded);
            if is_rollback {
                self.set_execution(now, pipeline, execution_id, Status::Succeeded);
                return Vec::new();
            }
            self.enter(ids, now, pipeline, stage + 1, execution_id)
        }
    }

    fn failed_actions(&self, pipeline: &str, stage: usize, execution_id: &str) -> Vec<usize> {
        let Some(record) = self.pipelines.get(pipeline) else {
            return Vec::new();
        };
        let newest = record.newest(stage, execution_id);
        newest
            .into_iter()
            .filter(|(_, attempt)| attempt.status == Status::Failed)
            .map(|(action, _)| action)
            .collect()
    }

    /// A stage that failed goes on: in progress at once, its failed actions run again a little later.
    pub(super) fn retry(
        &mut self,
        now: Timestamp,
        pipeline: &str,
        stage: usize,
        execution_id: &str,
    ) {
        self.set_stage(now, pipeline, stage, Status::InProgress);
        self.set_execution(now, pipeline, execution_id, Status::InProgress);
        if let Some(record) = self.pipelines.get_mut(pipeline) {
            record.stages[stage].manual_retries += 1;
        }
        let step = Step::RunAgain {
            pipeline: pipeline.to_owned(),
            stage,
            execution_id: execution_id.to_owned(),
        };
        self.schedule(now + self.delays.retry, step);
    }
}
