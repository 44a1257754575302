//! The state machine: a request and the time go in, an answer comes out. What one service does to another (a job
//! that invokes a function, an event that becomes a message) is passed on here; no service knows another.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use serde_json::{Value, json};

use crate::agenda::Agenda;
use crate::answer::Answer;
use crate::codec::{Codec, Target};
use crate::codepipeline::{CodePipeline, NewJob, PipelineDeclaration};
use crate::command::Command;
use crate::eventbridge::EventBridge;
use crate::faults::{Fault, Faults};
use crate::health::{Event, Health};
use crate::iam::Iam;
use crate::ids::Ids;
use crate::lambda::{Invoke, Lambda};
use crate::service::service_id;
use crate::service_error::ServiceError;
use crate::sns::Sns;
use crate::timestamp::Timestamp;
use crate::transcript::Transcript;
use crate::turn::{Effect, Turn};

/// The services that do something to each other.
struct Services<'a> {
    health: &'a mut Health,
    codepipeline: &'a mut CodePipeline,
    sns: &'a mut Sns,
    eventbridge: &'a mut EventBridge,
}

/// The whole local AWS. Nothing happens in it but through its methods.
#[derive(Debug)]
pub struct Sandbox {
    /// AWS Health.
    pub health: Health,
    /// CodePipeline.
    pub codepipeline: CodePipeline,
    /// Lambda.
    pub lambda: Lambda,
    /// SNS.
    pub sns: Sns,
    /// EventBridge.
    pub eventbridge: EventBridge,
    /// IAM.
    pub iam: Iam,
    /// Who called what.
    pub transcript: Transcript,
    /// The programs that a function may be created with, by their names: the executable and its arguments.
    pub programs: BTreeMap<String, Vec<String>>,
    pub(crate) scenario: Agenda<Command>,
    pub(crate) faults: Faults,
    pub(crate) ids: Ids,
}

impl Sandbox {
    /// An empty AWS. The seed decides the ids.
    pub fn new(seed: u64) -> Self {
        Self {
            health: Health::default(),
            codepipeline: CodePipeline::default(),
            lambda: Lambda::default(),
            sns: Sns::default(),
            eventbridge: EventBridge::default(),
            iam: Iam::default(),
            transcript: Transcript::default(),
            programs: BTreeMap::new(),
            scenario: Agenda::default(),
            faults: Faults::default(),
            ids: Ids::new(seed),
        }
    }

    /// Some of the coming calls of `operation` (`DescribeEvents`) end in `fault`: those whose number, counted from
    /// zero and from now on, is in `calls`. Each attempt of a client counts.
    pub fn fail(&mut self, operation: &str, fault: Fault, calls: Range<usize>) {
        self.faults.set(operation, None, fault, calls);
    }

    /// From now on an operation takes so many calls a second, and throttles the others.
    pub fn limit(&mut self, operation: &str, calls_a_second: usize) {
        self.faults.limit(operation, calls_a_second);
    }

    /// The same for calls that are signed for one region.
    pub fn fail_in(&mut self, region: &str, operation: &str, fault: Fault, calls: Range<usize>) {
        self.faults.set(operation, Some(region), fault, calls);
    }

    /// Creates a pipeline, or replaces the one with the same name.
    pub fn create_pipeline(
        &mut self,
        now: Timestamp,
        region: &str,
        declaration: PipelineDeclaration,
    ) {
        self.codepipeline.create_pipeline(now, region, declaration);
    }

    /// Begins an execution of a pipeline, as a person does.
    ///
    /// # Errors
    /// What CodePipeline refuses it with.
    pub fn start_execution(
        &mut self,
        now: Timestamp,
        pipeline: &str,
    ) -> Result<String, ServiceError> {
        self.on_pipeline(
            now,
            pipeline,
            "StartPipelineExecution",
            json!({"name": pipeline}),
        )
    }

    /// Begins a rollback of a stage to an older execution, as a person does.
    ///
    /// # Errors
    /// What CodePipeline refuses it with.
    pub fn start_rollback(
        &mut self,
        now: Timestamp,
        pipeline: &str,
        stage: &str,
        target: &str,
    ) -> Result<String, ServiceError> {
        let input = json!({"pipelineName": pipeline, "stageName": stage, "targetPipelineExecutionId": target});
        self.on_pipeline(now, pipeline, "RollbackStage", input)
    }

    /// Stops an execution, as a person does, and waits for its actions to end.
    ///
    /// # Errors
    /// What CodePipeline refuses it with.
    pub fn stop_execution(
        &mut self,
        now: Timestamp,
        pipeline: &str,
        execution: &str,
    ) -> Result<String, ServiceError> {
        let input = json!({"pipelineName": pipeline, "pipelineExecutionId": execution});
        self.on_pipeline(now, pipeline, "StopPipelineExecution", input)
    }

    /// An operation that answers with an execution's id. It is no line of the transcript.
    fn on_pipeline(
        &mut self,
        now: Timestamp,
        pipeline: &str,
        operation: &str,
        input: Value,
    ) -> Result<String, ServiceError> {
        let region = self
            .codepipeline
            .region_of(pipeline)
            .unwrap_or_default()
            .to_owned();
        let output = self.call(now, "CodePipeline", operation, &region, &input)?;
        Ok(output["pipelineExecutionId"]
            .as_str()
            .unwrap_or_default()
            .to_owned())
    }

    /// A Lambda action of no pipeline starts: there is a new job, and its event is on the way to the function.
    /// Returns the job's id.
    pub fn start_job(
        &mut self,
        now: Timestamp,
        region: &str,
        function: &str,
        job: NewJob,
    ) -> String {
        self.turn(now, |sandbox, turn| {
            sandbox.codepipeline.start_job(turn, region, function, job)
        })
    }

    /// The same for an event as it stands: the job that it names exists as if CodePipeline had made it. Returns the
    /// job's id.
    ///
    /// # Panics
    /// If the event has no `CodePipeline.job`.`id`.
    pub fn submit_job_event(
        &mut self,
        now: Timestamp,
        region: &str,
        function: &str,
        event: Value,
    ) -> String {
        self.turn(now, |sandbox, turn| {
            sandbox
                .codepipeline
                .submit_job_event(turn, region, function, event)
        })
    }

    /// Invokes a function asynchronously with any event.
    pub fn invoke(&mut self, region: &str, function: &str, payload: Value) {
        let invoke = Invoke {
            region: region.to_owned(),
            function: function.to_owned(),
            payload,
        };
        self.lambda.invoke(self.ids.uuid(), invoke);
    }

    /// Publishes a message of a service to a topic.
    pub fn publish(&mut self, now: Timestamp, topic_arn: &str, message: &Value) {
        self.turn(now, |sandbox, turn| {
            sandbox
                .sns
                .publish_for_service(turn, topic_arn, &message.to_string());
        });
    }

    /// Writes an event of AWS Health, or a new version of one, and tells EventBridge.
    pub fn open_event(&mut self, now: Timestamp, event: Event) {
        let arn = event.arn.clone();
        self.health.put_event(event);
        self.turn(now, |sandbox, turn| sandbox.health.tell(turn, &arn));
    }

    /// Closes an event of AWS Health, and tells EventBridge.
    pub fn close_event(&mut self, now: Timestamp, arn: &str) {
        self.health.close_event(now, arn);
        self.turn(now, |sandbox, turn| sandbox.health.tell(turn, arn));
    }

    /// Does something in which services may do something to each other.
    fn turn<T>(
        &mut self,
        now: Timestamp,
        work: impl FnOnce(&mut Services<'_>, &mut Turn<'_>) -> T,
    ) -> T {
        let mut turn = Turn::new(now, &mut self.ids);
        let mut services = Services {
            health: &mut self.health,
            codepipeline: &mut self.codepipeline,
            sns: &mut self.sns,
            eventbridge: &mut self.eventbridge,
        };
        let done = work(&mut services, &mut turn);
        let effects = turn.effects;
        self.apply(now, effects);
        done
    }

    /// Makes a call without a client: no fault meets it, and the transcript does not have it. The service is `Health`,
    /// `CodePipeline` or `SNS`.
    ///
    /// # Errors
    /// What the service refuses it with.
    pub fn call(
        &mut self,
        now: Timestamp,
        service: &str,
        operation: &str,
        region: &str,
        input: &Value,
    ) -> Result<Value, ServiceError> {
        let target = Target {
            codec: Codec::Json,
            service: service_id(service).to_owned(),
            operation: operation.to_owned(),
            region: region.to_owned(),
            principal: String::new(),
        };
        self.operate(now, &target, input.to_string().as_bytes())
            .output()
    }

    /// Takes a request at `now`.
    pub fn handle(&mut self, now: Timestamp, request: &Request<Bytes>) -> Answer {
        let answer = if let Some(response) = self.handle_control(now, request) {
            Answer::Now(response)
        } else if let Some((answer, call)) = self.lambda.handle(now, request) {
            call.into_iter()
                .for_each(|call| self.transcript.record(call));
            answer
        } else {
            self.handle_service_call(now, request)
        };
        match answer {
            Answer::Now(response) => Answer::Now(self.stamp(now, response)),
            Answer::After(by, response) => Answer::After(by, self.stamp(now, response)),
            answer @ (Answer::Wait(_)
            | Answer::Later
            | Answer::Foreign(_)
            | Answer::Endless
            | Answer::Broken(_)
            | Answer::Never) => answer,
        }
    }

    /// When something happens by itself next. [`Sandbox::wake_up`] is to be called then.
    pub fn next_wake_up(&self) -> Option<Timestamp> {
        let steps = [
            self.codepipeline.next_step(),
            self.eventbridge.next_step(),
            self.sns.next_step(),
            self.lambda.next_step(),
            self.scenario.next(),
        ];
        steps.into_iter().flatten().min()
    }

    /// Does what is due at `now`.
    pub fn wake_up(&mut self, now: Timestamp) {
        while self.next_wake_up().is_some_and(|at| at <= now) {
            if let Some(command) = self.scenario.take(now) {
                self.play_step(now, command);
            }
            self.lambda.step(now);
            self.turn(now, |services, turn| {
                services.codepipeline.step(turn);
                services.eventbridge.step(turn);
                services.sns.step(turn);
            });
        }
    }

    /// What services do to each other, until nothing more comes of it.
    pub(crate) fn apply(&mut self, now: Timestamp, effects: Vec<Effect>) {
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            let mut turn = Turn::new(now, &mut self.ids);
            match effect {
                Effect::Job { job_id, invoke } => {
                    let request_id = turn.ids.uuid();
                    if !self.lambda.invoke(request_id, invoke) {
                        self.codepipeline.refuse_job(now, &job_id);
                    }
                }
                Effect::Invoke(invoke) => {
                    self.lambda.invoke(turn.ids.uuid(), invoke);
                }
                Effect::Event(event) => {
                    self.eventbridge.tell(&mut turn, event);
                    // What takes no time arrives at once.
                    while self.eventbridge.step(&mut turn) {}
                }
                Effect::Publish { topic_arn, message } => {
                    self.sns
                        .publish_for_service(&mut turn, &topic_arn, &message);
                }
            }
            effects.extend(turn.effects);
        }
    }

    /// The SDKs correct their clocks by the answer's date, so it has to be the sandbox's own.
    fn stamp(&mut self, now: Timestamp, mut response: Response<Bytes>) -> Response<Bytes> {
        let text =
            |text: String| HeaderValue::from_str(&text).expect("dates and ids are visible ASCII");
        let date = text(httpdate::fmt_http_date(now.into()));
        let request_id = text(self.ids.uuid());
        let headers = response.headers_mut();
        headers.insert("date", date);
        headers.insert("x-amzn-requestid", request_id);
        response
    }
}

/// An answer to a request that no service of the sandbox knows.
pub(crate) fn not_found(request: &Request<Bytes>) -> Response<Bytes> {
    let text = format!(
        "{} {} is no request of AWS Health, CodePipeline, SNS, Lambda's Runtime API or the sandbox's own API\n",
        request.method(),
        request.uri().path()
    );
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}
