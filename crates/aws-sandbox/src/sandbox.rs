//! The state machine: a request and the time go in, an answer comes out.

use std::ops::Range;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};

use crate::codepipeline::CodePipeline;
use crate::faults::{Fault, Faults};
use crate::health::Health;
use crate::ids::Ids;
use crate::lambda::Lambda;
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
    /// Who called what.
    pub transcript: Transcript,
    pub(crate) faults: Faults,
    pub(crate) ids: Ids,
}

/// What a driver does with a request.
#[derive(Debug)]
pub enum Answer {
    /// Answer it.
    Now(Response<Bytes>),
    /// Hand it in again when the state has changed: a long poll. Nothing has happened yet.
    Later,
    /// Leave it without an answer.
    Never,
}

impl Sandbox {
    /// An empty AWS. The seed decides the ids.
    pub fn new(seed: u64) -> Self {
        Self {
            health: Health::default(),
            codepipeline: CodePipeline::default(),
            lambda: Lambda::default(),
            transcript: Transcript::default(),
            faults: Faults::default(),
            ids: Ids::new(seed),
        }
    }

    /// Some of the coming calls of `operation` (`DescribeEvents`) end in `fault`: those whose number, counted from
    /// zero and from now on, is in `calls`. Each attempt of a client counts.
    pub fn fail(&mut self, operation: &str, fault: Fault, calls: Range<usize>) {
        self.faults.set(operation, fault, calls);
    }

    /// Takes a request at `now`.
    pub fn handle(&mut self, now: Timestamp, request: &Request<Bytes>) -> Answer {
        let answer = match self.handle_runtime_api(now, request) {
            Some(answer) => answer,
            None => self.handle_service_call(now, request),
        };
        match answer {
            Answer::Now(response) => Answer::Now(self.stamp(now, response)),
            answer @ (Answer::Later | Answer::Never) => answer,
        }
    }

    /// When something happens by itself next. [`Sandbox::wake_up`] is to be called then.
    pub fn next_wake_up(&self) -> Option<Timestamp> {
        self.codepipeline.next_continuation()
    }

    /// Does what is due at `now`.
    pub fn wake_up(&mut self, now: Timestamp) {
        self.continue_jobs(now);
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
