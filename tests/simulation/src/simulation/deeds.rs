//! What is done to a world, and what is true from then on.

use std::time::Duration;

use aws_sandbox::codepipeline::ExecutionMode;
use aws_sandbox::lambda::Invocation;
use aws_sandbox::{ServiceError, Timestamp};
use serde_json::{Value, json};

use super::{Simulation, arn};
use crate::functions::RETRY;
use crate::invariants::IDLE;
use crate::plan::{Deed, Idle, OverrideTag, Version};

impl Simulation {
    /// Calls an operation of CodePipeline, as a person does.
    fn call(&self, operation: &str, input: Value) -> Result<Value, ServiceError> {
        self.world
            .with(|sandbox, now| sandbox.call(now, "CodePipeline", operation, self.region, &input))
    }

    pub(super) fn act(&mut self, deed: &Deed) {
        let now = self.world.now();
        let done = self.done(now, deed);
        self.checks.deed(deed, done.is_err());
        self.timeline.deed(now, &self.plan, deed, done.err());
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
            Deed::Retry { target, all } => {
                let mode = if *all {
                    "ALL_ACTIONS"
                } else {
                    "FAILED_ACTIONS"
                };
                let (pipeline, stage) = self.plan.names(*target);
                let id = self.newest_execution(pipeline);
                let input = json!({"pipelineName": pipeline, "stageName": stage, "pipelineExecutionId": id, "retryMode": mode});
                self.call("RetryStageExecution", input)?;
                self.truth.resume(now, &id.unwrap_or_default());
            }
            Deed::Stop { pipeline, abandon } => {
                let id = self.newest_execution(name(pipeline));
                let input = json!({"pipelineName": name(pipeline), "pipelineExecutionId": id, "abandon": abandon});
                self.call("StopPipelineExecution", input)?;
                self.truth.stop(now, id.unwrap_or_default());
            }
            Deed::RollBack(target) => {
                let (name, stage) = self.plan.names(*target);
                let target = self
                    .world
                    .with(|sandbox, _| sandbox.codepipeline.last_success(name, stage));
                let input = json!({"pipelineName": name, "stageName": stage, "targetPipelineExecutionId": target});
                let begun = self.call("RollbackStage", input)?;
                let id = begun["pipelineExecutionId"].as_str().expect("an id");
                self.truth.roll_back(id.to_owned());
            }
            Deed::Freeze(target) => {
                let (pipeline, stage) = self.plan.names(*target);
                // CodePipeline shows no transition of a pipeline in PARALLEL mode.
                if self.plan.pipelines[target.pipeline].mode == ExecutionMode::Parallel {
                    return Err(ServiceError::new("nobody would see it", ""));
                }
                let input = json!({"pipelineName": pipeline, "stageName": stage, "transitionType": "Inbound", "reason": "the week-end"});
                self.call("DisableStageTransition", input)?;
                self.truth.freeze(now, (pipeline, stage));
            }
            Deed::Thaw(target) => self.thaw(now, self.plan.names(*target))?,
            Deed::Override(pipeline, tag) => {
                let name = name(pipeline);
                let (value, until) = override_tag(now, *tag);
                let tags = json!([{"key": "health-gate:override", "value": value}]);
                self.call(
                    "TagResource",
                    json!({"resourceArn": arn(self.region, name), "tags": tags}),
                )?;
                self.truth.set_override(now, name, until);
            }
            Deed::RemoveOverride(pipeline) => {
                let name = name(pipeline);
                let input = json!({"resourceArn": arn(self.region, name), "tagKeys": ["health-gate:override"]});
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
            Deed::Idle(idle) => match self.idle_message(*idle) {
                Some(message) => self.signal(&message),
                None => self.world.with(|sandbox, _| {
                    let event = json!({"Records": [{"Sns": {"Message": "hello"}}, 7]});
                    sandbox.invoke(self.region, RETRY, event);
                }),
            },
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
        (pipeline, stage): (&'static str, &'static str),
    ) -> Result<(), ServiceError> {
        let input =
            json!({"pipelineName": pipeline, "stageName": stage, "transitionType": "Inbound"});
        self.call("EnableStageTransition", input)?;
        self.truth.thaw(now, (pipeline, stage));
        Ok(())
    }

    /// A message that says nothing of which stage-retry has to do anything; `None`: what is no message at all.
    fn idle_message(&self, idle: Idle) -> Option<Value> {
        let incident = |account: &str, status: &str, backup: bool, page: u32| {
            json!({
                "id": IDLE, "source": "aws.health", "detail-type": "AWS Health Event", "account": account, "region": self.region,
                "detail": {
                    "eventArn": "arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_7",
                    "service": "EC2", "eventTypeCode": "AWS_EC2_OPERATIONAL_ISSUE", "eventTypeCategory": "issue",
                    "eventScopeCode": "PUBLIC", "statusCode": status, "backupEvent": backup.to_string(),
                    "page": page.to_string(), "totalPages": "2",
                },
            })
        };
        let pipeline = |region: &str, state: &str| {
            json!({
                "id": IDLE, "source": "aws.codepipeline", "detail-type": "CodePipeline Action Execution State Change",
                "account": aws_sandbox::ACCOUNT_ID, "region": region,
                "detail": {"pipeline": "checkout", "execution-id": "8a7f5c1e-0000-4000-8000-000000000000", "state": state},
            })
        };
        let own = aws_sandbox::ACCOUNT_ID;
        match idle {
            Idle::Unknown => None,
            Idle::Open => Some(incident(own, "open", false, 1)),
            Idle::Backup => Some(incident(own, "closed", true, 1)),
            Idle::FurtherPage => Some(incident(own, "closed", false, 2)),
            Idle::OtherAccount => Some(incident("999999999999", "closed", false, 1)),
            Idle::OtherRegion => Some(pipeline(self.plan.regions.other, "FAILED")),
            Idle::Success => Some(pipeline(self.region, "SUCCEEDED")),
        }
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
