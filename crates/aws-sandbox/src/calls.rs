//! Calls of the services: which operation is meant, its input and output, its faults and its record.

use bytes::Bytes;
use http::{Request, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::answer::Answer;
use crate::codec::{Codec, Target};
use crate::faults::Fault;
use crate::sandbox::{Sandbox, not_found};
use crate::service_error::ServiceError;
use crate::timestamp::Timestamp;
use crate::transcript::{Call, Outcome};

/// An operation of the sandbox's AWS.
pub(crate) struct Context<'a> {
    pub(crate) now: Timestamp,
    pub(crate) region: &'a str,
}

/// What an operation did.
struct Done {
    /// Its input, for the transcript.
    input: Value,
    result: Result<Reply, ServiceError>,
}

/// What a service sends back, if it is no error.
enum Reply {
    /// An output: on the wire, and for the transcript.
    Output(Vec<u8>, Value),
    Garbage,
    Silence,
}

fn result_of(fault: Fault, codec: Codec) -> Result<Reply, ServiceError> {
    match fault {
        Fault::Error(error) => Err(error),
        Fault::Output(output) => Ok(Reply::Output(codec.encode(&output), output)),
        Fault::Garbage => Ok(Reply::Garbage),
        Fault::Silence => Ok(Reply::Silence),
    }
}

/// The input of a call that its operation does not see.
fn input_of(target: &Target, body: &[u8]) -> Value {
    target.codec.decode(body).unwrap_or_default()
}

impl Sandbox {
    pub(crate) fn handle_service_call(
        &mut self,
        now: Timestamp,
        request: &Request<Bytes>,
    ) -> Answer {
        let target = match Target::of(request) {
            None => return Answer::Now(not_found(request)),
            Some(Err((codec, error))) => return Answer::Now(codec.respond_error(&error)),
            Some(Ok(target)) => target,
        };
        let mut call = Call {
            at: now,
            service: service_name(&target.service),
            operation: target.operation.clone(),
            region: target.region.clone(),
            input: Value::Null,
            outcome: Outcome::Silence,
        };
        let Done { input, result } = match self.faults.take(&target.operation) {
            None => self.operate(now, &target, request.body()),
            Some(fault) => Done {
                input: input_of(&target, request.body()),
                result: result_of(fault, target.codec),
            },
        };
        call.input = input;
        let answer = match result {
            Ok(Reply::Output(body, output)) => {
                call.outcome = Outcome::Output(output);
                Answer::Now(target.codec.respond(StatusCode::OK, body))
            }
            Ok(Reply::Garbage) => {
                call.outcome = Outcome::Garbage;
                Answer::Now(
                    target
                        .codec
                        .respond(StatusCode::OK, b"\xff<garbage".to_vec()),
                )
            }
            Ok(Reply::Silence) => Answer::Never,
            Err(error) => {
                let response = target.codec.respond_error(&error);
                call.outcome = Outcome::Error(error);
                Answer::Now(response)
            }
        };
        self.transcript.record(call);
        answer
    }

    /// The operations that exist.
    fn operate(&mut self, now: Timestamp, target: &Target, body: &[u8]) -> Done {
        let context = Context {
            now,
            region: &target.region,
        };
        let codec = target.codec;
        match (target.service.as_str(), target.operation.as_str()) {
            ("AWSHealth_20160804", "DescribeEvents") => run(codec, body, |input| {
                self.health.describe_events(&context, input)
            }),
            ("CodePipeline_20150709", "GetJobDetails") => run(codec, body, |input| {
                self.codepipeline.job_details(&context, input)
            }),
            ("CodePipeline_20150709", "GetPipelineState") => run(codec, body, |input| {
                self.codepipeline.pipeline_state(&context, input)
            }),
            ("CodePipeline_20150709", "ListActionExecutions") => run(codec, body, |input| {
                self.codepipeline.list_action_executions(&context, input)
            }),
            ("CodePipeline_20150709", "ListPipelines") => run(codec, body, |input| {
                self.codepipeline.list_pipelines(&context, input)
            }),
            ("CodePipeline_20150709", "RetryStageExecution") => run(codec, body, |input| {
                self.codepipeline.retry_stage_execution(&context, input)
            }),
            ("CodePipeline_20150709", "PutJobFailureResult") => run(codec, body, |input| {
                self.codepipeline.put_job_failure_result(&context, input)
            }),
            ("CodePipeline_20150709", "PutJobSuccessResult") => run(codec, body, |input| {
                self.codepipeline.put_job_success_result(&context, input)
            }),
            (service, operation) => Done {
                input: Value::Null,
                result: Err(ServiceError::unknown_operation(service, operation)),
            },
        }
    }
}

fn run<I, O>(
    codec: Codec,
    body: &[u8],
    operation: impl FnOnce(I) -> Result<O, ServiceError>,
) -> Done
where
    I: DeserializeOwned + Serialize,
    O: Serialize,
{
    let json = |value: Result<Value, serde_json::Error>| {
        value.expect("inputs and outputs have string keys")
    };
    match codec.decode::<I>(body) {
        Err(error) => Done {
            input: Value::Null,
            result: Err(error),
        },
        Ok(input) => {
            let recorded = json(serde_json::to_value(&input));
            let result = operation(input).map(|output| {
                Reply::Output(codec.encode(&output), json(serde_json::to_value(&output)))
            });
            Done {
                input: recorded,
                result,
            }
        }
    }
}

fn service_name(service: &str) -> &'static str {
    match service {
        "AWSHealth_20160804" => "Health",
        "CodePipeline_20150709" => "CodePipeline",
        _ => "unknown service",
    }
}

#[cfg(test)]
mod tests;
