//! Lambda's Runtime API (developer guide, "Using the Lambda runtime API"), one base path a function:
//! `AWS_LAMBDA_RUNTIME_API=http://HOST:PORT/lambda/FUNCTION`.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::Invocation;
use crate::sandbox::{Answer, Sandbox};
use crate::service_error::ServiceError;
use crate::timestamp::Timestamp;
use crate::transcript::{Call, Outcome};

const VERSION: &str = "2018-06-01/runtime";

impl Sandbox {
    /// Takes a request of the Runtime API. `None` if it is none.
    pub(crate) fn handle_runtime_api(
        &mut self,
        now: Timestamp,
        request: &Request<Bytes>,
    ) -> Option<Answer> {
        let (function, path) = request
            .uri()
            .path()
            .strip_prefix("/lambda/")?
            .split_once('/')?;
        let path: Vec<&str> = path
            .strip_prefix(VERSION)?
            .trim_start_matches('/')
            .split('/')
            .collect();
        let answer = match (request.method(), path.as_slice()) {
            (&Method::GET, ["invocation", "next"]) => match self.lambda.take(now, function) {
                None => return Some(Answer::Later),
                Some(invocation) => next(&invocation),
            },
            (&Method::POST, ["invocation", request_id, "response"]) => {
                self.invocation_finished(now, "response", request_id, Ok(json_of(request.body())))
            }
            (&Method::POST, ["invocation", request_id, "error"]) => {
                self.invocation_finished(now, "error", request_id, Err(json_of(request.body())))
            }
            (&Method::POST, ["init", "error"]) => {
                self.record_function(
                    now,
                    "init/error",
                    json_of(request.body()),
                    Outcome::Output(Value::Null),
                );
                accepted()
            }
            _ => status(
                StatusCode::NOT_FOUND,
                &json!({"errorType": "UnknownPath", "errorMessage": request.uri().path()}),
            ),
        };
        Some(Answer::Now(answer))
    }

    fn invocation_finished(
        &mut self,
        now: Timestamp,
        operation: &str,
        request_id: &str,
        result: Result<Value, Value>,
    ) -> Response<Bytes> {
        let input = match &result {
            Ok(value) | Err(value) => value.clone(),
        };
        if self.lambda.finish(request_id, result) {
            self.record_function(now, operation, input, Outcome::Output(Value::Null));
            accepted()
        } else {
            let error = ServiceError::new(
                "InvalidRequestID",
                format!("no invocation {request_id} is running"),
            );
            let body = json!({"errorType": error.code, "errorMessage": error.message});
            self.record_function(now, operation, input, Outcome::Error(error));
            status(StatusCode::BAD_REQUEST, &body)
        }
    }

    fn record_function(&mut self, at: Timestamp, operation: &str, input: Value, outcome: Outcome) {
        let operation = operation.to_owned();
        self.transcript.record(Call {
            at,
            service: "Lambda",
            operation,
            region: String::new(),
            input,
            outcome,
        });
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
