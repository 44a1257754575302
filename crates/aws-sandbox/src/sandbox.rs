//! The state machine: a request and the time go in, an answer comes out. What one service does to another (a job
//! that invokes a function, an event that becomes a message) is passed on here; no service knows another.

use std::ops::Range;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use serde_json::Value;

use crate::answer::Answer;
use crate::codepipeline::{CodePipeline, Effect, NewJob, PipelineDeclaration};
use crate::faults::{Fault, Faults};
use crate::health::Health;
use crate::ids::Ids;
use crate::lambda::{Invoke, Lambda};
use crate::sns::{self, Sns};
use crate::timestamp::Timestamp;
use crate::transcript::Transcript;

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
    /// The functions that are subscribed to the topic of signals. CodePipeline's events reach them over EventBridge
    /// and SNS.
    pub signals_to: Vec<String>,
    /// Who called what.
    pub transcript: Transcript,
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
            signals_to: Vec::new(),
            transcript: Transcript::default(),
            faults: Faults::default(),
            ids: Ids::new(seed),
        }
    }

    /// Some of the coming calls of `operation` (`DescribeEvents`) end in `fault`: those whose number, counted from
    /// zero and from now on, is in `calls`. Each attempt of a client counts.
    pub fn fail(&mut self, operation: &str, fault: Fault, calls: Range<usize>) {
        self.faults.set(operation, None, fault, calls);
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

    /// Begins an execution of a pipeline and returns its id. `None` if there is no such pipeline, or if an execution
    /// of it is going on.
    pub fn start_execution(&mut self, now: Timestamp, pipeline: &str) -> Option<String> {
        let (id, effects) = self
            .codepipeline
            .start_execution(&mut self.ids, now, pipeline)?;
        self.apply(now, effects);
        Some(id)
    }

    /// Begins a rollback of a stage: an execution of this stage alone. Returns its id; `None` if there is no such stage, or
    /// if an execution is in it.
    pub fn start_rollback(
        &mut self,
        now: Timestamp,
        pipeline: &str,
        stage: &str,
    ) -> Option<String> {
        let (id, effects) =
            self.codepipeline
                .start_rollback(&mut self.ids, now, pipeline, stage)?;
        self.apply(now, effects);
        Some(id)
    }

    /// A person stops the execution that is going on, and waits for its actions to end.
    pub fn stop_execution(&mut self, now: Timestamp, pipeline: &str) {
        self.codepipeline.stop_execution(now, pipeline);
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
        let ids = &mut self.ids;
        let (id, effect) = self.codepipeline.start_job(ids, now, region, function, job);
        self.apply(now, [effect]);
        id
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
        let ids = &mut self.ids;
        let (id, effect) = self
            .codepipeline
            .submit_job_event(ids, now, region, function, event);
        self.apply(now, [effect]);
        id
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

    /// Sends a message to the topic of signals: each subscribed function gets it in an event of its own.
    pub fn publish_signal(&mut self, now: Timestamp, region: &str, message: &Value) {
        for function in self.signals_to.clone() {
            let payload = sns::notification(&mut self.ids, now, region, &message.to_string());
            self.invoke(region, &function, payload);
        }
    }

    /// Makes a call of awsJson1.1, for those who have no SDK: `target` is `Service_Version.Operation`.
    ///
    /// # Panics
    /// If the target or the region cannot stand in a header.
    pub fn call(&mut self, now: Timestamp, target: &str, region: &str, input: &Value) -> Answer {
        let service = if target.starts_with("AWSHealth") {
            "health"
        } else {
            "codepipeline"
        };
        let request = Request::post("/")
            .header("x-amz-target", target)
            .header(
                "authorization",
                format!("Credential=sandbox/0/{region}/{service}/aws4_request"),
            )
            .body(Bytes::from(input.to_string()))
            .expect("a target and a region are visible ASCII");
        self.handle(now, &request)
    }

    /// Takes a request at `now`.
    pub fn handle(&mut self, now: Timestamp, request: &Request<Bytes>) -> Answer {
        let answer = match self.lambda.handle(now, request) {
            Some((answer, call)) => {
                call.into_iter()
                    .for_each(|call| self.transcript.record(call));
                answer
            }
            None => self.handle_service_call(now, request),
        };
        match answer {
            Answer::Now(response) => Answer::Now(self.stamp(now, response)),
            Answer::After(by, response) => Answer::After(by, self.stamp(now, response)),
            answer @ (Answer::Later | Answer::Broken(_) | Answer::Never) => answer,
        }
    }

    /// When something happens by itself next. [`Sandbox::wake_up`] is to be called then.
    pub fn next_wake_up(&self) -> Option<Timestamp> {
        self.codepipeline.next_step()
    }

    /// Does what is due at `now`.
    pub fn wake_up(&mut self, now: Timestamp) {
        while let Some(effects) = self.codepipeline.step(&mut self.ids, now) {
            self.apply(now, effects);
        }
    }

    fn apply(&mut self, now: Timestamp, effects: impl IntoIterator<Item = Effect>) {
        for effect in effects {
            match effect {
                Effect::Invoke(invoke) => self.lambda.invoke(self.ids.uuid(), invoke),
                Effect::Signal { region, message } => self.publish_signal(now, &region, &message),
            }
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
        "{} {} is no request of AWS Health, CodePipeline or Lambda's Runtime API\n",
        request.method(),
        request.uri().path()
    );
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}
