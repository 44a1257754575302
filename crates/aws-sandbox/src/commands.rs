//! What each command does.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::codepipeline::{ActionDeclaration, Deployment, PipelineDeclaration, StageDeclaration};
use crate::command::{Command, DisturbanceName, FaultName};
use crate::duration;
use crate::faults::{Fault, Garbage};
use crate::health::Event;
use crate::lambda::Program;
use crate::sandbox::Sandbox;
use crate::service::action_of;
use crate::service_error::ServiceError;
use crate::signals;
use crate::sns::Disturbance;
use crate::timestamp::Timestamp;

impl Sandbox {
    /// Does something, and says what came of it.
    ///
    /// # Errors
    /// What is wrong with the command, or what the service refuses the call with.
    pub fn command(&mut self, now: Timestamp, command: Command) -> Result<Value, ServiceError> {
        command.check(&self.programs)?;
        let done = json!({});
        match command {
            Command::Call {
                service,
                operation,
                region,
                input,
            } => {
                let input = if input.is_null() { json!({}) } else { input };
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
                let declaration = PipelineDeclaration::new(&name, stages).in_mode(mode);
                self.codepipeline.check(&declaration, &region)?;
                self.create_pipeline(now, &region, declaration);
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
            } => {
                self.check_topic(&topic_arn)?;
                self.eventbridge
                    .put_rule(&region, &pattern, &topic_arn)
                    .map_err(refused)?;
            }
            Command::NotificationRule(rule) => {
                self.check_topic(&rule.topic_arn)?;
                self.eventbridge
                    .put_notification_rule(rule)
                    .map_err(refused)?;
            }
            Command::ConnectSignals { region, function } => {
                self.connect_signals(now, &region, &function)
            }
            Command::Signal { region, message } => {
                self.check_topic(&signals::topic_arn(&region))?;
                self.publish_signal(now, &region, &message);
            }
            Command::CreateFunction {
                function,
                region,
                runs,
                environment,
                timeout,
            } => {
                let program = Program {
                    command: self.programs.get(&runs).cloned().unwrap_or_default(),
                    environment: environment.into_iter().collect(),
                };
                self.lambda
                    .create_function(now, &region, &function, timeout, Some(program));
            }
            Command::DeleteFunction { function, region } => {
                self.lambda.delete_function(now, &region, &function);
            }
        }
        Ok(done)
    }

    fn event(&self, arn: &str) -> Result<Event, ServiceError> {
        let event = self.health.event(arn).cloned();
        event.ok_or_else(|| refused(format!("there is no event {arn}")))
    }

    fn check_topic(&self, arn: &str) -> Result<(), ServiceError> {
        if self.sns.has_topic(arn) {
            return Ok(());
        }
        Err(refused(format!("there is no topic `{arn}`")))
    }
}

impl FaultName {
    fn of(self, operation: &str, by: Option<Duration>) -> Result<Fault, ServiceError> {
        Ok(match self {
            Self::Throttle => Fault::Error(ServiceError::throttling()),
            Self::Deny => {
                let prefix = action_of(operation).map_or("", |(prefix, _)| prefix);
                Fault::Error(ServiceError::access_denied(&format!(
                    "{prefix}:{operation}"
                )))
            }
            Self::InternalFailure => Fault::Error(ServiceError::internal_failure()),
            Self::SubscriptionRequired => Fault::Error(ServiceError::subscription_required()),
            Self::Garbage => Fault::Garbage(Garbage::Bytes),
            Self::Cut => Fault::Cut,
            Self::Silence => Fault::Silence,
            Self::Slow => {
                Fault::Slow(by.ok_or_else(|| refused("`slow` needs `by`: how much later"))?)
            }
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
        Value::String(mut text) => {
            while let Some((before, rest)) = text.split_once(BEGIN) {
                let (ahead, after) = rest
                    .split_once('}')
                    .ok_or_else(|| format!("`{BEGIN}` without `}}`: {text}"))?;
                let time = (now + duration::parse(ahead)?).rfc3339_seconds();
                text = format!("{before}{}Z{after}", &time[..16]);
            }
            Value::String(text)
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
pub(crate) fn changed<T: Serialize + for<'de> Deserialize<'de>>(
    settings: &T,
    changes: Map<String, Value>,
) -> Result<T, ServiceError> {
    let mut all = serde_json::to_value(settings).expect("settings have string keys");
    if let Some(all) = all.as_object_mut() {
        all.extend(changes);
    }
    serde_json::from_value(all).map_err(|error| refused(error.to_string()))
}

pub(crate) fn refused(why: impl Into<String>) -> ServiceError {
    ServiceError::new("SandboxCommandRefused", why)
}
