//! Calls of the services: which operation is meant, its input and output, its faults and its record.

use bytes::Bytes;
use http::{Request, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::ACCOUNT_ID;
use crate::answer::{Answer, has_waited};
use crate::codec::Target;
use crate::codepipeline::CodePipeline;
use crate::context::Context;
use crate::faults::{Fault, Garbage};
use crate::health::Health;
use crate::iam::action_and_resource;
use crate::sandbox::{Sandbox, not_found};
use crate::service::service_name;
use crate::service_error::ServiceError;
use crate::sns::Sns;
use crate::timestamp::Timestamp;
use crate::transcript::{Call, Outcome};
use crate::turn::Turn;

/// What an operation did.
pub(crate) struct Done {
    /// Its input, for the transcript.
    input: Value,
    result: Result<Reply, ServiceError>,
}

impl Done {
    /// The output as JSON.
    pub(crate) fn output(self) -> Result<Value, ServiceError> {
        self.result.map(|reply| match reply {
            Reply::Output(_, output) => output,
            Reply::Garbage(_) | Reply::Silence | Reply::NoConnection(_) => Value::Null,
        })
    }
}

/// What a service sends back, if it is no error.
#[derive(Debug)]
enum Reply {
    /// An output: on the wire, and for the transcript.
    Output(Vec<u8>, Value),
    Garbage(Garbage),
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
            caller: caller(request),
            input: Value::Null,
            outcome: Outcome::Silence,
            fault: None,
        };
        let fault = match has_waited(request) {
            Some(by) => Some(Fault::Slow(by)),
            None => match self.faults.take(now, &target.operation, &target.region) {
                Some(Fault::Slow(by)) => return Answer::Wait(by),
                fault => fault,
            },
        };
        call.fault.clone_from(&fault);
        let without = |result| Done {
            input: input_of(&target, request.body()),
            result,
        };
        let Done { input, result } = match fault.clone() {
            None | Some(Fault::Cut | Fault::Late(_) | Fault::Slow(_)) => {
                match self.authorize(&target, request.body()) {
                    Ok(()) => self.operate(now, &target, request.body()),
                    Err(refused) => without(Err(refused)),
                }
            }
            Some(Fault::Error(error)) => without(Err(error)),
            Some(Fault::Output(output)) => without(Ok(Reply::Output(
                target.codec.encode(&target.operation, &output),
                output,
            ))),
            Some(Fault::Garbage(garbage)) => without(Ok(Reply::Garbage(garbage))),
            Some(Fault::Silence) => without(Ok(Reply::Silence)),
            Some(Fault::NoConnection(why)) => without(Ok(Reply::NoConnection(why))),
        };
        call.input = input;
        let answer = match result {
            Ok(Reply::Output(body, output)) => {
                call.outcome = Outcome::Output(output);
                Answer::Now(target.codec.respond(StatusCode::OK, body))
            }
            Ok(Reply::Garbage(garbage)) => {
                call.outcome = Outcome::Garbage;
                target.codec.garbage(garbage)
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

    /// Whether who signed a call may make it.
    fn authorize(&mut self, target: &Target, body: &[u8]) -> Result<(), ServiceError> {
        let (who, region) = (target.principal.as_str(), target.region.as_str());
        if !self.iam.has_role(who) {
            return Ok(());
        }
        let input = input_of(target, body);
        let Some((action, resource)) = action_and_resource(&target.operation, region, &input)
        else {
            return Ok(());
        };
        self.iam
            .check(who, &action, &resource, None)
            .map_err(|denied| denied.of_service(&target.service))?;
        let key = (action == "sns:Publish").then(|| self.sns.key_of(&resource));
        if let Some(key) = key.flatten() {
            // SNS makes a data key in the name of who publishes, or takes the one that it has made before.
            let via = format!("sns.{region}.amazonaws.com");
            for action in ["kms:GenerateDataKey", "kms:Decrypt"] {
                self.iam
                    .check(who, action, key, Some(&via))
                    .map_err(|_| ServiceError::no_access_to_key())?;
            }
        }
        Ok(())
    }

    /// A line that a function wrote: Lambda brings it to the function's log group in the function's name, or loses it.
    pub(crate) fn log(&mut self, region: &str, function: &str, line: &str) {
        let stream = format!(
            "arn:aws:logs:{region}:{ACCOUNT_ID}:log-group:/aws/lambda/{function}:log-stream:1"
        );
        let may = ["logs:CreateLogStream", "logs:PutLogEvents"]
            .map(|action| self.iam.check(function, action, &stream, None).is_ok());
        if may == [true; 2] {
            self.lambda.log(function, line);
        }
    }

    /// The operations that exist.
    pub(crate) fn operate(&mut self, now: Timestamp, target: &Target, body: &[u8]) -> Done {
        let mut context = Context {
            turn: Turn::new(now, &mut self.ids),
            region: &target.region,
        };
        let call = Operation {
            target,
            body,
            context: &mut context,
        };
        let done = match target.service.as_str() {
            "AWSHealth_20160804" => health_operation(&mut self.health, call),
            "CodePipeline_20150709" => codepipeline_operation(&mut self.codepipeline, call),
            "SNS" => sns_operation(&mut self.sns, call),
            _ => call.unknown(),
        };
        let effects = context.turn.effects;
        self.apply(now, effects);
        done
    }
}

fn health_operation(health: &mut Health, call: Operation<'_, '_>) -> Done {
    match call.target.operation.as_str() {
        "DescribeEvents" => call.run(|c, input| health.describe_events(c, input)),
        _ => call.unknown(),
    }
}

fn sns_operation(sns: &mut Sns, call: Operation<'_, '_>) -> Done {
    match call.target.operation.as_str() {
        "CreateTopic" => call.run(|c, input| sns.create_topic_by_call(c, input)),
        "Subscribe" => call.run(|c, input| sns.subscribe(c, input)),
        "Publish" => call.run(|c, input| sns.publish(c, input)),
        _ => call.unknown(),
    }
}

fn codepipeline_operation(codepipeline: &mut CodePipeline, call: Operation<'_, '_>) -> Done {
    match call.target.operation.as_str() {
        "CreatePipeline" => call.run(|c, input| codepipeline.create_pipeline_by_call(c, input)),
        "DisableStageTransition" => {
            call.run(|c, input| codepipeline.disable_stage_transition(c, input))
        }
        "EnableStageTransition" => {
            call.run(|c, input| codepipeline.enable_stage_transition(c, input))
        }
        "GetJobDetails" => call.run(|c, input| codepipeline.job_details(c, input)),
        "GetPipeline" => call.run(|c, input| codepipeline.pipeline(c, input)),
        "GetPipelineExecution" => call.run(|c, input| codepipeline.pipeline_execution(c, input)),
        "GetPipelineState" => call.run(|c, input| codepipeline.pipeline_state(c, input)),
        "ListActionExecutions" => {
            call.run(|c, input| codepipeline.list_action_executions(c, input))
        }
        "ListPipelineExecutions" => {
            call.run(|c, input| codepipeline.list_pipeline_executions(c, input))
        }
        "ListPipelines" => call.run(|c, input| codepipeline.list_pipelines(c, input)),
        "ListTagsForResource" => call.run(|c, input| codepipeline.list_tags_for_resource(c, input)),
        "PutJobFailureResult" => call.run(|c, input| codepipeline.put_job_failure_result(c, input)),
        "PutJobSuccessResult" => call.run(|c, input| codepipeline.put_job_success_result(c, input)),
        "RetryStageExecution" => call.run(|c, input| codepipeline.retry_stage_execution(c, input)),
        "RollbackStage" => call.run(|c, input| codepipeline.rollback_stage(c, input)),
        "StartPipelineExecution" => {
            call.run(|c, input| codepipeline.start_pipeline_execution(c, input))
        }
        "StopPipelineExecution" => {
            call.run(|c, input| codepipeline.stop_pipeline_execution(c, input))
        }
        "TagResource" => call.run(|c, input| codepipeline.tag_resource(c, input)),
        "UntagResource" => call.run(|c, input| codepipeline.untag_resource(c, input)),
        "UpdatePipeline" => call.run(|c, input| codepipeline.update_pipeline(c, input)),
        _ => call.unknown(),
    }
}

/// A call of an operation.
struct Operation<'a, 'c> {
    target: &'a Target,
    body: &'a [u8],
    context: &'a mut Context<'c>,
}

impl<'c> Operation<'_, 'c> {
    fn unknown(self) -> Done {
        let Target {
            service, operation, ..
        } = self.target;
        Done {
            input: Value::Null,
            result: Err(ServiceError::unknown_operation(service, operation)),
        }
    }

    fn run<I, O>(
        self,
        operation: impl FnOnce(&mut Context<'c>, I) -> Result<O, ServiceError>,
    ) -> Done
    where
        I: DeserializeOwned + Serialize,
        O: Serialize,
    {
        let json = |value: Result<Value, serde_json::Error>| {
            value.expect("inputs and outputs have string keys")
        };
        let target = self.target;
        match target.codec.decode::<I>(self.body) {
            Err(error) => Done {
                input: Value::Null,
                result: Err(error),
            },
            Ok(input) => {
                let recorded = json(serde_json::to_value(&input));
                let result = operation(self.context, input).map(|output| {
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
}

/// `app/pipeline-gate` of the user agent (`AWS_SDK_UA_APP_ID`).
fn caller(request: &Request<Bytes>) -> Option<String> {
    let agent = request.headers().get("user-agent")?.to_str().ok()?;
    let app = agent
        .split(' ')
        .find_map(|part| part.strip_prefix("app/"))?;
    Some(app.to_owned())
}

#[cfg(test)]
mod tests;
