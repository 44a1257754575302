//! The control API, over HTTP: `POST /sandbox/commands` does what a scenario does, `GET /sandbox/state` shows what no operation
//! of AWS shows.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use crate::command::Command;
use crate::sandbox::Sandbox;
use crate::timestamp::Timestamp;

impl Sandbox {
    /// Takes a request of the control API. `None` if it is none.
    pub(crate) fn handle_control(
        &mut self,
        now: Timestamp,
        request: &Request<Bytes>,
    ) -> Option<Response<Bytes>> {
        let path = request.uri().path().strip_prefix("/sandbox/")?;
        Some(match (request.method(), path) {
            (&Method::POST, "commands") => match self.commands(now, request.body()) {
                Ok(results) => answer(StatusCode::OK, &json!({"results": results})),
                Err((why, results)) => {
                    let body = json!({"error": why, "results": results});
                    answer(StatusCode::BAD_REQUEST, &body)
                }
            },
            (&Method::GET, "state") => answer(StatusCode::OK, &self.state()),
            _ => {
                let error = "the control API has POST /sandbox/commands and GET /sandbox/state";
                answer(StatusCode::NOT_FOUND, &json!({"error": error}))
            }
        })
    }

    /// One command, or a list of them. The first that is refused ends it; what the others before it came to is told, too.
    fn commands(
        &mut self,
        now: Timestamp,
        body: &[u8],
    ) -> Result<Vec<Value>, (String, Vec<Value>)> {
        let commands = read_commands(body).map_err(|why| (why, Vec::new()))?;
        let mut results = Vec::new();
        for (n, command) in commands.into_iter().enumerate() {
            match self.command(now, command) {
                Ok(result) => results.push(result),
                Err(error) => {
                    let message = error.message.unwrap_or_default();
                    let why = format!("command {}: {}: {message}", n + 1, error.code);
                    return Err((why, results));
                }
            }
        }
        Ok(results)
    }

    fn state(&self) -> Value {
        let invocations = self.lambda.finished().iter().map(|done| {
            json!({
                "function": done.invocation.function,
                "requestId": done.invocation.request_id,
                "began": done.began,
                "ended": done.at,
                "retries": done.invocation.retries,
                "returned": done.result.as_ref().ok(),
                "failed": done.result.as_ref().err(),
            })
        });
        let published = self.sns.published().iter().map(|message| {
            json!({
                "at": message.at,
                "topicArn": message.topic_arn,
                "subject": message.subject,
                "message": message.message,
            })
        });
        json!({
            "deadLetters": self.lambda.all_dead_letters(),
            "invocations": invocations.collect::<Vec<_>>(),
            "logs": self.lambda.logs(),
            "published": published.collect::<Vec<_>>(),
        })
    }
}

/// Nothing is done if one of them cannot be read.
fn read_commands(body: &[u8]) -> Result<Vec<Command>, String> {
    let body: Value =
        serde_json::from_slice(body).map_err(|error| format!("the body is not JSON: {error}"))?;
    let commands = if let Value::Array(commands) = body {
        commands
    } else {
        vec![body]
    };
    let read = |(n, command): (usize, Value)| {
        serde_json::from_value::<Command>(command)
            .map_err(|error| format!("command {}: {error}", n + 1))
    };
    commands.into_iter().enumerate().map(read).collect()
}

fn answer(status: StatusCode, body: &Value) -> Response<Bytes> {
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Bytes::from(body.to_string()))
        .expect("the header is valid")
}
