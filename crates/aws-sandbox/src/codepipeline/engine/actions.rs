//! Attempts of actions: they begin, end, and make their stage go on.

use std::sync::Arc;

use super::{Ending, Step};
use crate::codepipeline::attempt::{Attempt, Failure};
use crate::codepipeline::declaration::{ActionDeclaration, ActionKind};
use crate::codepipeline::execution::Artifact;
use crate::codepipeline::job::NewJob;
use crate::codepipeline::pipeline::Pipeline;
use crate::codepipeline::place::Place;
use crate::codepipeline::status::Status;
use crate::codepipeline::{CodePipeline, variables};
use crate::ids::Ids;
use crate::turn::Turn;

impl CodePipeline {
    /// Begins the actions of one run order.
    pub(super) fn run_order(&mut self, turn: &mut Turn<'_>, place: &Place, order: Option<u32>) {
        let execution = self.record(&place.pipeline).known(&place.execution);
        let declaration = Arc::clone(&execution.declaration);
        let actions = declaration.stages[place.stage].actions.iter();
        let actions: Vec<usize> = actions
            .enumerate()
            .filter(|(_, action)| Some(action.run_order) == order)
            .map(|(n, _)| n)
            .collect();
        for action in actions {
            self.begin_attempt(turn, place, action);
        }
    }

    /// A retry that was accepted begins, if nobody has stopped it meanwhile: of the actions that it repeats, those of the first run
    /// order.
    pub(super) fn run_again(
        &mut self,
        turn: &mut Turn<'_>,
        place: &Place,
        actions: &[usize],
        number: u32,
    ) {
        let record = self.record(&place.pipeline);
        let declaration = Arc::clone(&record.known(&place.execution).declaration);
        let run = record.run_mut(place);
        if !run.retry_is_due || run.manual_retries != number {
            return;
        }
        run.retry_is_due = false;
        run.current.retain(|action, _| !actions.contains(action));
        let order = |action: &usize| declaration.stages[place.stage].actions[*action].run_order;
        let first = actions.iter().map(order).min();
        for &action in actions.iter().filter(|action| Some(order(action)) == first) {
            self.begin_attempt(turn, place, action);
        }
    }

    fn begin_attempt(&mut self, turn: &mut Turn<'_>, place: &Place, action: usize) {
        let delays = self.delays;
        let record = self.record(&place.pipeline);
        let execution = record.known(&place.execution);
        let declaration = execution.declaration.stages[place.stage].actions[action].clone();
        let resolved = variables::resolve(record, execution, &declaration);
        let region = declaration
            .region
            .clone()
            .unwrap_or_else(|| record.region.clone());
        let id = turn.ids.uuid();
        let attempt = Attempt {
            id: id.clone(),
            place: place.clone(),
            stage: record.stage_name(place).to_owned(),
            action,
            inputs: inputs(record, place, &declaration),
            outputs: outputs(record, place, &declaration, turn.ids),
            resolved: resolved.clone().unwrap_or_default(),
            region,
            version: execution.declaration.version,
            start: turn.now,
            last_update: turn.now,
            status: Status::InProgress,
            failure: None,
            is_external: resolved.is_ok(),
            output_variables: Default::default(),
            declaration,
        };
        let (kind, name) = (attempt.kind(), attempt.declaration.name.clone());
        let bucket = attempt
            .resolved
            .get("BucketName")
            .cloned()
            .unwrap_or_default();
        let number = record.attempts.len();
        record.attempts.push(attempt);
        let run = record.run_mut(place);
        run.current.insert(action, number);
        run.shown.insert(action, number);
        let source = source_revision(record, place, &name, turn.ids);
        self.tell_action(turn, &place.pipeline, number);

        let pipeline = place.pipeline.clone();
        let (takes, ending) = match (resolved, kind) {
            (Err(unresolved), _) => (
                std::time::Duration::ZERO,
                Ending::Failure(Failure::new("ConfigurationError", unresolved)),
            ),
            (Ok(_), ActionKind::Source) => (delays.source, Ending::Success(source)),
            (Ok(_), ActionKind::Deploy) => {
                let planned = self.deployments.get(&bucket);
                let failure = planned.and_then(|planned| planned.fails.clone());
                let ending = failure.map_or(Ending::Success(Vec::new()), |message| {
                    Ending::Failure(Failure::new("JobFailed", message))
                });
                (
                    planned.map_or(delays.deployment, |planned| planned.takes),
                    ending,
                )
            }
            (Ok(_), ActionKind::Lambda) => {
                self.start_job_of(turn, &pipeline, number);
                let failure = Failure::new(
                    "JobFailed",
                    format!(
                        "The action {name} did not end within {} seconds.",
                        delays.action_limit.as_secs()
                    ),
                );
                (delays.action_limit, Ending::Failure(failure))
            }
        };
        let step = Step::End {
            pipeline,
            attempt_id: id,
            ending,
        };
        self.schedule(turn.now + takes, step);
    }

    fn start_job_of(&mut self, turn: &mut Turn<'_>, pipeline: &str, number: usize) {
        let attempt = &self.record(pipeline).attempts[number];
        let job = NewJob::of(attempt);
        let (region, function) = (
            attempt.region.clone(),
            attempt.external_id().unwrap_or_default(),
        );
        self.start_job(turn, &region, &function, job);
    }

    /// An attempt ends, if it has not ended yet.
    pub(super) fn end(
        &mut self,
        turn: &mut Turn<'_>,
        pipeline: &str,
        attempt_id: &str,
        ending: Ending,
    ) {
        let record = self.record(pipeline);
        let open =
            |attempt: &Attempt| attempt.id == attempt_id && attempt.status == Status::InProgress;
        let Some(number) = record.attempts.iter().position(open) else {
            return;
        };
        let attempt = &mut record.attempts[number];
        attempt.last_update = turn.now;
        match ending {
            Ending::Success(variables) => {
                attempt.status = Status::Succeeded;
                attempt.output_variables = variables.into_iter().collect();
                let outputs = attempt.outputs.clone();
                let place = attempt.place.clone();
                record.known_mut(&place.execution).artifacts.extend(outputs);
            }
            Ending::Failure(failure) => {
                attempt.status = Status::Failed;
                attempt.failure = Some(failure);
            }
        }
        let place = record.attempts[number].place.clone();
        self.tell_action(turn, pipeline, number);
        self.settle(turn, &place);
    }

    /// Something in a stage has ended: the stage waits, stops, fails a little later, or goes on.
    pub(in crate::codepipeline) fn settle(&mut self, turn: &mut Turn<'_>, place: &Place) {
        let record = self.record(&place.pipeline);
        let execution = record.known(&place.execution);
        let Some(run) = execution.runs.get(&place.stage) else {
            return;
        };
        let current: Vec<&Attempt> = run.current.values().map(|n| &record.attempts[*n]).collect();
        let any = |status| current.iter().any(|attempt| attempt.status == status);
        if !run.status.is_going_on() || run.retry_is_due || any(Status::InProgress) {
            return;
        }
        let is_stopping = run.status == Status::Stopping;
        let has_failed = any(Status::Failed);
        let orders = current.iter().map(|attempt| attempt.declaration.run_order);
        let reached = orders.max();
        let actions = &execution.declaration.stages[place.stage].actions;
        let orders = actions.iter().map(|action| action.run_order);
        let next = orders.filter(|order| Some(*order) > reached).min();
        if is_stopping {
            self.end_stage(turn, place, Status::Stopped);
        } else if has_failed {
            let at = turn.now + self.delays.stage_failure;
            self.schedule(at, Step::FailStage(place.clone()));
        } else if next.is_some() {
            self.run_order(turn, place, next);
        } else {
            self.go_on(turn, place);
        }
    }

    /// A stage fails, unless a retry came first, or somebody stopped it meanwhile.
    pub(super) fn fail_stage(&mut self, turn: &mut Turn<'_>, place: &Place) {
        let record = self.record(&place.pipeline);
        let Some(run) = record.run(place) else { return };
        let mut current = run.current.values().map(|n| record.attempts[*n].status);
        if run.status == Status::InProgress
            && !run.retry_is_due
            && current.all(|status| !status.is_going_on())
        {
            self.end_stage(turn, place, Status::Failed);
        }
    }

    /// An execution ends in a stage, badly.
    pub(in crate::codepipeline) fn end_stage(
        &mut self,
        turn: &mut Turn<'_>,
        place: &Place,
        status: Status,
    ) {
        // A retry that was accepted meanwhile has nothing left to repeat.
        self.record(&place.pipeline).run_mut(place).retry_is_due = false;
        self.set_stage(turn, place, status);
        if status == Status::Stopped {
            self.show_stop(turn, &place.pipeline, &place.execution, Status::Stopped);
        } else {
            self.set_execution(turn, &place.pipeline, &place.execution, status);
        }
        self.release(turn, place);
    }
}

fn inputs(record: &Pipeline, place: &Place, action: &ActionDeclaration) -> Vec<(String, Artifact)> {
    let artifacts = &record.known(&place.execution).artifacts;
    let names = action.input_artifacts.iter().map(|artifact| &artifact.name);
    names
        .filter_map(|name| Some((name.clone(), artifacts.get(name)?.clone())))
        .collect()
}

/// Where its artifacts will be: the key begins as real CodePipeline's do.
fn outputs(
    record: &Pipeline,
    place: &Place,
    action: &ActionDeclaration,
    ids: &mut Ids,
) -> Vec<(String, Artifact)> {
    let declaration = &record.known(&place.execution).declaration;
    let region = action.region.as_ref().unwrap_or(&record.region);
    let bucket = declaration
        .store(region)
        .map_or("artifacts", |store| &store.location);
    let start = |text: &str, length| text.chars().take(length).collect::<String>();
    let names = action
        .output_artifacts
        .iter()
        .map(|artifact| &artifact.name);
    names
        .map(|name| {
            let artifact = Artifact {
                bucket: bucket.to_owned(),
                key: format!(
                    "{}/{}/{}",
                    start(&declaration.name, 20),
                    start(name, 10),
                    start(&ids.uuid(), 7)
                ),
                revision: None,
            };
            (name.clone(), artifact)
        })
        .collect()
}

/// The output variables of a source action: the revision that the execution was started with, or a new one.
fn source_revision(
    record: &mut Pipeline,
    place: &Place,
    action: &str,
    ids: &mut Ids,
) -> Vec<(String, String)> {
    let attempt = record.attempts.last().expect("it has just begun");
    if attempt.kind() != ActionKind::Source {
        return Vec::new();
    }
    let configured = |key: &str| attempt.resolved.get(key).cloned().unwrap_or_default();
    let (bucket, key) = (configured("S3Bucket"), configured("S3ObjectKey"));
    let revisions = &mut record.known_mut(&place.execution).revisions;
    let revision = revisions
        .entry(action.to_owned())
        .or_insert_with(|| ids.uuid().replace('-', ""))
        .clone();
    let attempt = record.attempts.last_mut().expect("it has just begun");
    for (_, artifact) in &mut attempt.outputs {
        artifact.revision = Some(revision.clone());
    }
    let variable = |name: &str, value: String| (name.to_owned(), value);
    vec![
        variable("BucketName", bucket),
        variable("ETag", ids.uuid().replace('-', "")),
        variable("ObjectKey", key),
        variable("VersionId", revision),
    ]
}
