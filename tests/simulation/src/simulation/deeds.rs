//! What is done to a world, and what is true from then on.

use std::time::Duration;

use aws_sandbox::codepipeline::ExecutionMode;
use aws_sandbox::lambda::Invocation;
use aws_sandbox::{ServiceError, Timestamp};
use serde_json::{Value, json};

use super::Simulation;
use crate::functions::RETRY;
use crate::plan::{Deed, OverrideTag, Version};

impl Simulation {
    /// Calls an operation of CodePipeline, as a person does.
    fn call(&self, operation: &str, input: Value) -> Result<Value, ServiceError> {
        self.world
            .with(|sandbox, now| sandbox.call(now, "CodePipeline", operation, self.region, &input))
    }

    pub(super) fn act(&mut self, deed: &Deed) {
        let now = self.world.now();
        let done = self.done(now, deed);
        self.timeline.deed(now, &self.plan, deed, done.err());
        self.checks.deed(deed);
    }

    fn done(&mut self, now: Timestamp, deed: &Deed) -> Result<(), ServiceError> {
        let name = |pipeline: &usize| self.plan.pipelines[*pipeline].name;
        match deed {
            Deed::Write { incident, version } => {
                let version = self.plan.incidents[*incident].versions[*version];
                self.write(now, *incident, version);
            }
            Deed::Release(pipeline) => {
                self.call("StartPipelineExecution", json!({"name": name(pipeline)}))?;
            }
            Deed::Retry { pipeline, all } => {
                let mode = if *all {
                    "ALL_ACTIONS"
                } else {
                    "FAILED_ACTIONS"
                };
                let id = self.newest_execution(name(pipeline));
                let input = json!({"pipelineName": name(pipeline), "stageName": "Production", "pipelineExecutionId": id, "retryMode": mode});
                self.call("RetryStageExecution", input)?;
                self.truth.resume(now, &id.unwrap_or_default());
            }
            Deed::Stop { pipeline, abandon } => {
                let id = self.newest_execution(name(pipeline));
                let input = json!({"pipelineName": name(pipeline), "pipelineExecutionId": id, "abandon": abandon});
                self.call("StopPipelineExecution", input)?;
                self.truth.stop(now, id.unwrap_or_default(), *abandon);
            }
            Deed::RollBack(pipeline) => {
                let name = name(pipeline);
                let target = self
                    .world
                    .with(|sandbox, _| sandbox.codepipeline.last_success(name, "Production"));
                let input = json!({"pipelineName": name, "stageName": "Production", "targetPipelineExecutionId": target});
                let begun = self.call("RollbackStage", input)?;
                let id = begun["pipelineExecutionId"].as_str().expect("an id");
                self.truth.roll_back(id.to_owned());
            }
            Deed::Freeze(pipeline) => {
                let (name, mode) = (name(pipeline), self.plan.pipelines[*pipeline].mode);
                // CodePipeline shows no transition of a pipeline in PARALLEL mode.
                if mode == ExecutionMode::Parallel {
                    return Ok(());
                }
                let input = json!({"pipelineName": name, "stageName": "Production", "transitionType": "Inbound", "reason": "the week-end"});
                self.call("DisableStageTransition", input)?;
                self.truth.freeze(now, name);
            }
            Deed::Thaw(pipeline) => self.thaw(now, name(pipeline))?,
            Deed::Override(pipeline, tag) => {
                let name = name(pipeline);
                let (value, until) = override_tag(now, *tag);
                let tags = json!([{"key": "health-gate:override", "value": value}]);
                self.call(
                    "TagResource",
                    json!({"resourceArn": self.arn(name), "tags": tags}),
                )?;
                self.truth.set_override(now, name, until);
            }
            Deed::RemoveOverride(pipeline) => {
                let name = name(pipeline);
                let input =
                    json!({"resourceArn": self.arn(name), "tagKeys": ["health-gate:override"]});
                self.call("UntagResource", input)?;
                self.truth.set_override(now, name, None);
            }
            Deed::Sweep => self.signal(&json!({"source": "health-gate", "detail-type": "Sweep"})),
            Deed::Rumour(pipeline) => {
                let id = self.newest_execution(name(pipeline));
                self.signal(&json!({
                    "source": "aws.codepipeline", "detail-type": "CodePipeline Action Execution State Change",
                    "account": aws_sandbox::ACCOUNT_ID, "region": self.region,
                    "detail": {"pipeline": name(pipeline), "execution-id": id, "state": "FAILED"},
                }));
            }
            Deed::Noise => self.world.with(|sandbox, _| {
                sandbox.invoke(
                    self.region,
                    RETRY,
                    json!({"Records": [{"Sns": {"Message": "hello"}}, 7]}),
                );
            }),
            Deed::Redeliver(function) => self.redeliver(function.name()),
            Deed::Fail {
                operation,
                region,
                fault,
                calls,
            } => self.world.with(|sandbox, _| match region {
                Some(region) => sandbox.fail_in(region, operation, fault.clone(), 0..*calls),
                None => sandbox.fail(operation, fault.clone(), 0..*calls),
            }),
            Deed::Limit {
                operation,
                calls_a_second,
            } => {
                self.world
                    .with(|sandbox, _| sandbox.limit(operation, *calls_a_second));
            }
            Deed::Disturb {
                disturbance,
                deliveries,
            } => {
                self.world
                    .with(|sandbox, _| sandbox.sns.disturb(*disturbance, 0..*deliveries));
            }
            Deed::Interrupt(function, interruption) => {
                self.interruptions.insert(*function, *interruption);
            }
            Deed::TimeOut(timeout) => self
                .world
                .with(|sandbox, _| sandbox.lambda.timeout = *timeout),
            Deed::FailOver(endpoint) => {
                self.world
                    .with(|sandbox, _| (*endpoint).clone_into(&mut sandbox.health.active));
                self.truth.fail_over(now, endpoint);
            }
        }
        Ok(())
    }

    pub(super) fn write(&mut self, now: Timestamp, incident: usize, version: Version) {
        let event = self.plan.incidents[incident].event(version, now);
        self.world
            .with(|sandbox, now| sandbox.open_event(now, event));
        self.truth.write(now, incident, version);
    }

    pub(super) fn thaw(
        &mut self,
        now: Timestamp,
        pipeline: &'static str,
    ) -> Result<(), ServiceError> {
        let input = json!({"pipelineName": pipeline, "stageName": "Production", "transitionType": "Inbound"});
        self.call("EnableStageTransition", input)?;
        self.truth.thaw(now, pipeline);
        Ok(())
    }

    fn redeliver(&self, function: &str) {
        let mut running = self.handles.values().map(|begun| &begun.ended.invocation);
        let of_function = |invocation: &&Invocation| invocation.function == function;
        let payload = running
            .rfind(of_function)
            .map(|invocation| invocation.payload.clone());
        self.world.with(|sandbox, _| {
            let finished = sandbox
                .lambda
                .finished()
                .iter()
                .rev()
                .map(|finished| &finished.invocation);
            let payload = payload.or_else(|| {
                finished
                    .into_iter()
                    .find(of_function)
                    .map(|invocation| invocation.payload.clone())
            });
            if let Some(payload) = payload {
                sandbox.invoke(self.region, function, payload);
            }
        });
    }

    fn newest_execution(&self, pipeline: &str) -> Option<String> {
        self.world
            .with(|sandbox, _| sandbox.codepipeline.newest_execution_id(pipeline))
    }

    fn arn(&self, pipeline: &str) -> String {
        format!(
            "arn:aws:codepipeline:{}:{}:{pipeline}",
            self.region,
            aws_sandbox::ACCOUNT_ID
        )
    }

    pub(super) fn signal(&self, message: &Value) {
        self.world
            .with(|sandbox, now| sandbox.publish_signal(now, self.region, message));
    }
}

/// A tag, and until when it is an override.
fn override_tag(now: Timestamp, tag: OverrideTag) -> (String, Option<Timestamp>) {
    let minute = |after: Duration| {
        let at = (now + after).as_millis() / 60_000 * 60_000;
        Timestamp::from_millis(at)
    };
    let value = |until: Timestamp| {
        format!(
            "until={}Z by=alice reason=INC-42 hotfix",
            &until.rfc3339()[..16]
        )
    };
    match tag {
        OverrideTag::Minutes(minutes) => {
            let until = minute(Duration::from_mins(minutes.into()));
            (value(until), Some(until))
        }
        OverrideTag::Expired => (
            value(Timestamp::from_millis(now.as_millis() - 3_600_000)),
            None,
        ),
        OverrideTag::Malformed => ("until tomorrow, says alice".to_owned(), None),
        OverrideTag::TooLong => (value(minute(Duration::from_hours(24 * 30))), None),
    }
}
