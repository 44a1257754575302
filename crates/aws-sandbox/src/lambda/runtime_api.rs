//! Lambda's Runtime API (developer guide, "Using the Lambda runtime API"), one base path a function:
//! `AWS_LAMBDA_RUNTIME_API=http://HOST:PORT/lambda/FUNCTION`, or `…/lambda/REGION/FUNCTION` for one region only.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::{Invocation, Lambda, function_arn};
use crate::answer::Answer;
use crate::service_error::ServiceError;
use crate::timestamp::Timestamp;
use crate::transcript::{Call, Outcome};

const VERSION: &str = "/2018-06-01/runtime/";

impl Lambda {
    /// Takes a request of the Runtime API. `None` if it is none. A finished invocation is a call for the transcript.
    pub(crate) fn handle(
        &mut self,
        now: Timestamp,
        request: &Request<Bytes>,
    ) -> Option<(Answer, Option<Call>)> {
        let path = request.uri().path().strip_prefix("/lambda/")?;
        let (function, path) = path.split_once(VERSION)?;
        let path: Vec<&str> = path.split('/').collect();
        let body = || json_of(request.body());
        let (response, call) = match (request.method(), path.as_slice()) {
            (&Method::GET, ["invocation", "next"]) => match self.take_at(now, function) {
                None => return Some((Answer::Later, None)),
                Some(invocation) => (next(&invocation), None),
            },
            (&Method::POST, ["invocation", request_id, "response"]) => {
                self.finished_by_request(now, "response", request_id, Ok(body()))
            }
            (&Method::POST, ["invocation", request_id, "error"]) => {
                self.finished_by_request(now, "error", request_id, Err(body()))
            }
            (&Method::POST, ["init", "error"]) => {
                (accepted(), Some(call(now, "init/error", body(), None)))
            }
            _ => {
                let body =
                    json!({"errorType": "UnknownPath", "errorMessage": request.uri().path()});
                (status(StatusCode::NOT_FOUND, &body), None)
            }
        };
        Some((Answer::Now(response), call))
    }

    /// The next invocation of `pipeline-gate`, in any region, or of `us-west-2/pipeline-gate`.
    fn take_at(&mut self, now: Timestamp, function: &str) -> Option<Invocation> {
        match function.split_once('/') {
            None => self.take(now, function),
            Some((region, name)) => self.take_of(now, &function_arn(region, name)),
        }
    }

    fn finished_by_request(
        &mut self,
        now: Timestamp,
        operation: &str,
        request_id: &str,
        result: Result<Value, Value>,
    ) -> (Response<Bytes>, Option<Call>) {
        let (Ok(input) | Err(input)) = result.clone();
        if self.finish(now, request_id, result) {
            return (accepted(), Some(call(now, operation, input, None)));
        }
        let error = ServiceError::new(
            "InvalidRequestID",
            format!("no invocation {request_id} is running"),
        );
        let body = json!({"errorType": error.code, "errorMessage": error.message});
        (
            status(StatusCode::BAD_REQUEST, &body),
            Some(call(now, operation, input, Some(error))),
        )
    }
}

fn call(at: Timestamp, operation: &str, input: Value, error: Option<ServiceError>) -> Call {
    Call {
        at,
        service: "Lambda",
        operation: operation.to_owned(),
        region: String::new(),
        caller: None,
        input,
        outcome: error.map_or(Outcome::Output(Value::Null), Outcome::Error),
        fault: None,
    }
}

fn next(invocation: &Invocation) -> Response<Bytes> {
    let deadline = invocation.deadline.map_or(0, Timestamp::as_millis);
    Response::builder()
        .header("content-type", "application/json")
        .header("lambda-runtime-aws-request-id", &invocation.request_id)
        .header("lambda-runtime-deadline-ms", deadline)
        .header(
            "lambda-runtime-invoked-function-arn",
            &invocation.function_arn,
        )
        .body(Bytes::from(invocation.payload.to_string()))
        .expect("ids and ARNs are visible ASCII")
}

fn accepted() -> Response<Bytes> {
    status(StatusCode::ACCEPTED, &json!({"status": "OK"}))
}

fn status(status: StatusCode, body: &Value) -> Response<Bytes> {
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Bytes::from(body.to_string()))
        .expect("the header is valid")
}

/// A function may return anything; what is no JSON is kept as text.
fn json_of(body: &Bytes) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| json!(String::from_utf8_lossy(body)))
}
