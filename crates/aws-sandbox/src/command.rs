//! What can be done to the sandbox from outside, beside calling it as AWS: the same commands over HTTP, in a scenario, and by
//! programs that have the sandbox in themselves.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::codepipeline::{
    ActionDeclaration, Deployment, ExecutionMode, PipelineDeclaration, StageDeclaration,
};
use crate::duration;
use crate::eventbridge::NotificationRule;
use crate::faults::Fault;
use crate::health::Event;
use crate::lambda::Program;
use crate::sandbox::Sandbox;
use crate::service_error::ServiceError;
use crate::sns::Disturbance;
use crate::timestamp::Timestamp;

/// One thing to do, named by `do`: `{"do": "delete-function", "function": "pipeline-gate"}`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(
    tag = "do",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub enum Command {
    /// Calls an operation of a service (`Health`, `CodePipeline`, `SNS`), as somebody would whom nothing goes wrong for.
    Call {
        /// The service.
        service: String,
        /// The operation.
        operation: String,
        /// The region.
        #[serde(default = "usual_region")]
        region: String,
        /// Its input, in the API's own words. In a text, `{now+90m}` is the time in so long: `2026-11-23T18:00Z`.
        #[serde(default)]
        input: Value,
    },
    /// Creates a pipeline of the usual shape: a source, then the stage `Production` with the action `HealthGate` on the function
    /// `pipeline-gate`, and after it the action `Deploy` to the bucket `website`. Nothing begins.
    Pipeline {
        /// The pipeline's name.
        name: String,
        /// The region.
        #[serde(default = "usual_region")]
        region: String,
        /// The gate's `UserParameters`: text, or an object.
        #[serde(default)]
        policy: Value,
        /// The execution mode.
        #[serde(default)]
        mode: ExecutionMode,
    },
    /// Begins an execution of a pipeline.
    Release {
        /// The pipeline's name.
        pipeline: String,
    },
    /// Opens an issue of AWS Health.
    OpenEvent(Issue),
    /// Writes to an issue of AWS Health, which stays open.
    UpdateEvent {
        /// The event's ARN.
        arn: String,
    },
    /// Closes an issue of AWS Health.
    CloseEvent {
        /// The event's ARN.
        arn: String,
    },
    /// Changes how AWS Health's endpoints work.
    Health {
        /// The region whose endpoint is the active one from now on.
        #[serde(skip_serializing_if = "Option::is_none")]
        active: Option<String>,
        /// How far behind the passive one is.
        #[serde(
            default,
            with = "duration::option",
            skip_serializing_if = "Option::is_none"
        )]
        replication_lag: Option<Duration>,
    },
    /// The next calls of an operation go wrong.
    Fault {
        /// The operation.
        operation: String,
        /// Only the calls that are signed for this region.
        #[serde(skip_serializing_if = "Option::is_none")]
        region: Option<String>,
        /// How.
        fault: FaultName,
        /// How many calls; all, if it is left out; none to end it.
        #[serde(skip_serializing_if = "Option::is_none")]
        times: Option<usize>,
        /// How much later the answer comes, of the fault `late`.
        #[serde(
            default,
            with = "duration::option",
            skip_serializing_if = "Option::is_none"
        )]
        by: Option<Duration>,
    },
    /// An operation takes so many calls a second, and throttles the others.
    Limit {
        /// The operation.
        operation: String,
        /// How many.
        calls_a_second: usize,
    },
    /// Deployments to a bucket go like this.
    Deployment {
        /// The bucket's name.
        bucket: String,
        /// How long one takes.
        #[serde(with = "duration")]
        takes: Duration,
        /// What it fails with, if it does.
        #[serde(skip_serializing_if = "Option::is_none")]
        fails: Option<String>,
    },
    /// Changes how long CodePipeline takes for what it does; see [`Delays`](crate::codepipeline::Delays).
    Delays(Map<String, Value>),
    /// Changes how long events take; see [`EventDelays`](crate::eventbridge::EventDelays).
    EventDelays(Map<String, Value>),
    /// What happens to the next messages of SNS.
    Disturb {
        /// What.
        disturbance: DisturbanceName,
        /// How many messages.
        deliveries: usize,
        /// How much later, of `late`.
        #[serde(
            default,
            with = "duration::option",
            skip_serializing_if = "Option::is_none"
        )]
        by: Option<Duration>,
        /// How often Lambda cannot take it, of `retried`.
        #[serde(skip_serializing_if = "Option::is_none")]
        times: Option<u32>,
    },
    /// Events of a region that look like the pattern go to a topic.
    Rule {
        /// The region.
        #[serde(default = "usual_region")]
        region: String,
        /// An event pattern of EventBridge.
        pattern: Value,
        /// The topic.
        topic_arn: String,
    },
    /// Events of a pipeline go to a topic, in the shape of notifications.
    NotificationRule(NotificationRule),
    /// Connects a function to the signals of a region, as a stack of health-gate does.
    ConnectSignals {
        /// The region.
        #[serde(default = "usual_region")]
        region: String,
        /// The function.
        function: String,
    },
    /// Publishes a message to the topic of signals of a region.
    Signal {
        /// The region.
        #[serde(default = "usual_region")]
        region: String,
        /// The message.
        message: Value,
    },
    /// A function is a program that the sandbox starts when it is invoked.
    CreateFunction {
        /// The function's name.
        function: String,
        /// Which program: one of those that whoever runs the sandbox has allowed.
        runs: String,
        /// Its environment.
        #[serde(default)]
        environment: BTreeMap<String, String>,
        /// How long an invocation may take.
        #[serde(default = "usual_timeout", with = "duration")]
        timeout: Duration,
    },
    /// There is no such function any more.
    DeleteFunction {
        /// The function's name.
        function: String,
    },
}

/// An issue of AWS Health.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Issue {
    /// `EC2`.
    service: String,
    /// The impacted region, or `global`.
    #[serde(default = "usual_region")]
    region: String,
    /// Tells it apart from others of the same service and region.
    name: String,
    /// In how many messages EventBridge gets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pages: Option<u32>,
}

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultName {
    /// ThrottlingException.
    Throttle,
    /// AccessDeniedException.
    Deny,
    /// InternalFailure, with status 500.
    InternalFailure,
    /// SubscriptionRequiredException.
    SubscriptionRequired,
    /// Bytes that mean nothing.
    Garbage,
    /// The connection ends before the answer; what was asked is done.
    Cut,
    /// No answer.
    Silence,
    /// The answer comes later; what was asked is done at once.
    Late,
}

/// What happens to a message.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DisturbanceName {
    /// It comes twice.
    Twice,
    /// It comes later.
    Late,
    /// Lambda cannot take it at first.
    Retried,
    /// It does not come.
    Lost,
}

fn usual_region() -> String {
    "us-east-1".to_owned()
}

fn usual_timeout() -> Duration {
    Duration::from_secs(30)
}

impl Command {
    /// What it does, for a time line: `open-event`.
    pub(crate) fn name(&self) -> String {
        let value = serde_json::to_value(self).expect("commands have string keys");
        value["do"].as_str().unwrap_or_default().to_owned()
    }
}

impl Sandbox {
    /// Does something, and says what came of it.
    ///
    /// # Errors
    /// What is wrong with the command, or what the service refuses the call with.
    pub fn command(&mut self, now: Timestamp, command: Command) -> Result<Value, ServiceError> {
        let done = json!({});
        match command {
            Command::Call {
                service,
                operation,
                region,
                input,
            } => {
                let input = with_times(now, input).map_err(refused)?;
                return self.call(now, &service, &operation, &region, &input);
            }
            Command::Pipeline {
                name,
                region,
                policy,
                mode,
            } => {
                let policy = match policy {
                    Value::Null => None,
                    Value::String(text) => Some(text),
                    policy @ (Value::Object(_)
                    | Value::Array(_)
                    | Value::Bool(_)
                    | Value::Number(_)) => Some(policy.to_string()),
                };
                let gate =
                    ActionDeclaration::lambda("HealthGate", "pipeline-gate", policy.as_deref());
                let deploy = ActionDeclaration::deploy("Deploy", "website").run_order(2);
                let stages = vec![
                    StageDeclaration::new("Source", vec![ActionDeclaration::source("Source")]),
                    StageDeclaration::new("Production", vec![gate, deploy]),
                ];
                self.create_pipeline(
                    now,
                    &region,
                    PipelineDeclaration::new(&name, stages).in_mode(mode),
                );
            }
            Command::Release { pipeline } => {
                let id = self.start_execution(now, &pipeline)?;
                return Ok(json!({"pipelineExecutionId": id}));
            }
            Command::OpenEvent(issue) => {
                let event =
                    Event::operational_issue(&issue.service, &issue.region, &issue.name, now);
                let arn = event.arn.clone();
                if let Some(pages) = issue.pages {
                    self.health.split_event(&arn, pages);
                }
                self.open_event(now, event);
                return Ok(json!({"arn": arn}));
            }
            Command::UpdateEvent { arn } => {
                let mut event = self.event(&arn)?;
                event.last_updated_time = now;
                self.open_event(now, event);
            }
            Command::CloseEvent { arn } => {
                self.event(&arn)?;
                self.close_event(now, &arn);
            }
            Command::Health {
                active,
                replication_lag,
            } => {
                let health = &mut self.health;
                health.active = active.unwrap_or(std::mem::take(&mut health.active));
                health.replication_lag = replication_lag.unwrap_or(health.replication_lag);
            }
            Command::Fault {
                operation,
                region,
                fault,
                times,
                by,
            } => {
                let fault = fault.of(&operation, by)?;
                let calls = 0..times.unwrap_or(usize::MAX);
                match region {
                    Some(region) => self.fail_in(&region, &operation, fault, calls),
                    None => self.fail(&operation, fault, calls),
                }
            }
            Command::Limit {
                operation,
                calls_a_second,
            } => self.limit(&operation, calls_a_second),
            Command::Deployment {
                bucket,
                takes,
                fails,
            } => self
                .codepipeline
                .set_deployment(&bucket, Deployment { takes, fails }),
            Command::Delays(changes) => {
                self.codepipeline.delays = changed(&self.codepipeline.delays, changes)?
            }
            Command::EventDelays(changes) => {
                self.eventbridge.delays = changed(&self.eventbridge.delays, changes)?
            }
            Command::Disturb {
                disturbance,
                deliveries,
                by,
                times,
            } => self.sns.disturb(disturbance.of(by, times)?, 0..deliveries),
            Command::Rule {
                region,
                pattern,
                topic_arn,
            } => self
                .eventbridge
                .put_rule(&region, &pattern, &topic_arn)
                .map_err(refused)?,
            Command::NotificationRule(rule) => self.eventbridge.put_notification_rule(rule),
            Command::ConnectSignals { region, function } => {
                self.connect_signals(now, &region, &function)
            }
            Command::Signal { region, message } => self.publish_signal(now, &region, &message),
            Command::CreateFunction {
                function,
                runs,
                environment,
                timeout,
            } => {
                let program = Program {
                    command: self.program(&runs)?,
                    environment: environment.into_iter().collect(),
                };
                self.lambda
                    .create_function(&function, timeout, Some(program));
            }
            Command::DeleteFunction { function } => self.lambda.delete_function(&function),
        }
        Ok(done)
    }

    fn event(&self, arn: &str) -> Result<Event, ServiceError> {
        let event = self.health.event(arn).cloned();
        event.ok_or_else(|| refused(format!("there is no event {arn}")))
    }

    fn program(&self, name: &str) -> Result<Vec<String>, ServiceError> {
        self.programs.get(name).cloned().ok_or_else(|| {
            let known: Vec<&str> = self.programs.keys().map(String::as_str).collect();
            refused(format!(
                "no program `{name}` can be run; there are: {}",
                known.join(", ")
            ))
        })
    }
}

impl FaultName {
    fn of(self, operation: &str, by: Option<Duration>) -> Result<Fault, ServiceError> {
        Ok(match self {
            Self::Throttle => Fault::Error(ServiceError::throttling()),
            Self::Deny => Fault::Error(ServiceError::access_denied(operation)),
            Self::InternalFailure => Fault::Error(ServiceError::internal_failure()),
            Self::SubscriptionRequired => Fault::Error(ServiceError::subscription_required()),
            Self::Garbage => Fault::Garbage,
            Self::Cut => Fault::Cut,
            Self::Silence => Fault::Silence,
            Self::Late => {
                Fault::Late(by.ok_or_else(|| refused("`late` needs `by`: how much later"))?)
            }
        })
    }
}

impl DisturbanceName {
    fn of(self, by: Option<Duration>, times: Option<u32>) -> Result<Disturbance, ServiceError> {
        Ok(match self {
            Self::Twice => Disturbance::Twice,
            Self::Lost => Disturbance::Lost,
            Self::Late => {
                Disturbance::Late(by.ok_or_else(|| refused("`late` needs `by`: how much later"))?)
            }
            Self::Retried => Disturbance::Retried(
                times.ok_or_else(|| refused("`retried` needs `times`: how often"))?,
            ),
        })
    }
}

/// The same input with the times that its texts name.
fn with_times(now: Timestamp, input: Value) -> Result<Value, String> {
    const BEGIN: &str = "{now+";
    Ok(match input {
        Value::String(text) => {
            let Some((before, rest)) = text.split_once(BEGIN) else {
                return Ok(Value::String(text));
            };
            let (ahead, after) = rest
                .split_once('}')
                .ok_or_else(|| format!("`{BEGIN}` without `}}`: {text}"))?;
            let time = (now + duration::parse(ahead)?).rfc3339_seconds();
            Value::String(format!("{before}{}Z{after}", &time[..16]))
        }
        Value::Array(items) => {
            let items = items.into_iter().map(|item| with_times(now, item));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        Value::Object(members) => {
            let members = members
                .into_iter()
                .map(|(name, value)| Ok((name, with_times(now, value)?)));
            Value::Object(members.collect::<Result<_, String>>()?)
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other,
    })
}

/// Some of the settings, changed; the others as they were.
fn changed<T: Serialize + for<'de> Deserialize<'de>>(
    settings: &T,
    changes: Map<String, Value>,
) -> Result<T, ServiceError> {
    let mut all = serde_json::to_value(settings).expect("settings have string keys");
    if let Some(all) = all.as_object_mut() {
        all.extend(changes);
    }
    serde_json::from_value(all).map_err(|error| refused(error.to_string()))
}

fn refused(why: impl Into<String>) -> ServiceError {
    ServiceError::new("SandboxCommandRefused", why)
}
