//! Calls of the services: which operation is meant, its input and output, its faults and its record.

use bytes::Bytes;
use http::{Request, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::answer::Answer;
use crate::codec::Target;
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
    NoConnection(&'static str),
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
        let fault = self.faults.take(&target.operation, &target.region);
        let without = |result| Done {
            input: input_of(&target, request.body()),
            result,
        };
        let Done { input, result } = match fault.clone() {
            None | Some(Fault::Cut | Fault::Late(_)) => self.operate(now, &target, request.body()),
            Some(Fault::Error(error)) => without(Err(error)),
            Some(Fault::Output(output)) => without(Ok(Reply::Output(
                target.codec.encode(&target.operation, &output),
                output,
            ))),
            Some(Fault::Garbage) => without(Ok(Reply::Garbage)),
            Some(Fault::Silence) => without(Ok(Reply::Silence)),
            Some(Fault::NoConnection(why)) => without(Ok(Reply::NoConnection(why))),
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
            Ok(Reply::NoConnection(why)) => {
                call.outcome = Outcome::NoConnection(why);
                Answer::Broken(why)
            }
            Err(error) => {
                let response = target.codec.respond_error(&error);
                call.outcome = Outcome::Error(error);
                Answer::Now(response)
            }
        };
        self.transcript.record(call);
        match (fault, answer) {
            (Some(Fault::Cut), _) => Answer::Broken("connection reset by peer"),
            (Some(Fault::Late(by)), Answer::Now(response)) => Answer::After(by, response),
            (_, answer) => answer,
        }
    }

    /// The operations that exist.
    fn operate(&mut self, now: Timestamp, target: &Target, body: &[u8]) -> Done {
        let context = Context {
            now,
            region: &target.region,
        };
        match (target.service.as_str(), target.operation.as_str()) {
            ("AWSHealth_20160804", "DescribeEvents") => run(target, body, |input| {
                self.health.describe_events(&context, input)
            }),
            ("CodePipeline_20150709", "GetJobDetails") => run(target, body, |input| {
                self.codepipeline.job_details(&context, input)
            }),
            ("CodePipeline_20150709", "GetPipelineState") => run(target, body, |input| {
                self.codepipeline.pipeline_state(&context, input)
            }),
            ("CodePipeline_20150709", "ListActionExecutions") => run(target, body, |input| {
                self.codepipeline.list_action_executions(&context, input)
            }),
            ("CodePipeline_20150709", "ListPipelines") => run(target, body, |input| {
                self.codepipeline.list_pipelines(&context, input)
            }),
            ("CodePipeline_20150709", "RetryStageExecution") => run(target, body, |input| {
                self.codepipeline.retry_stage_execution(&context, input)
            }),
            ("CodePipeline_20150709", "TagResource") => run(target, body, |input| {
                self.codepipeline.tag_resource(&context, input)
            }),
            ("CodePipeline_20150709", "UntagResource") => run(target, body, |input| {
                self.codepipeline.untag_resource(&context, input)
            }),
            ("CodePipeline_20150709", "ListTagsForResource") => run(target, body, |input| {
                self.codepipeline.list_tags_for_resource(&context, input)
            }),
            ("SNS", "Publish") => {
                let message_id = self.ids.uuid();
                run(target, body, |input| {
                    self.sns.publish(&context, message_id, input)
                })
            }
            ("CodePipeline_20150709", "PutJobFailureResult") => run(target, body, |input| {
                self.codepipeline.put_job_failure_result(&context, input)
            }),
            ("CodePipeline_20150709", "PutJobSuccessResult") => run(target, body, |input| {
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
    target: &Target,
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
    match target.codec.decode::<I>(body) {
        Err(error) => Done {
            input: Value::Null,
            result: Err(error),
        },
        Ok(input) => {
            let recorded = json(serde_json::to_value(&input));
            let result = operation(input).map(|output| {
                Reply::Output(
                    target.codec.encode(&target.operation, &output),
                    json(serde_json::to_value(&output)),
                )
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
        "SNS" => "SNS",
        _ => "unknown service",
    }
}

#[cfg(test)]
mod tests;
