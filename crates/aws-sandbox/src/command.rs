//! What can be done to the sandbox from outside, beside calling it as AWS: the same commands over HTTP, in a scenario, and by
//! programs that have the sandbox in themselves.

mod check;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::codepipeline::ExecutionMode;
use crate::duration;
use crate::eventbridge::NotificationRule;

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
        /// The region.
        #[serde(default = "usual_region")]
        region: String,
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
        /// The region.
        #[serde(default = "usual_region")]
        region: String,
    },
}

/// An issue of AWS Health.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Issue {
    /// `EC2`.
    pub(crate) service: String,
    /// The impacted region, or `global`.
    #[serde(default = "usual_region")]
    pub(crate) region: String,
    /// Tells it apart from others of the same service and region.
    pub(crate) name: String,
    /// In how many messages EventBridge gets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pages: Option<u32>,
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
    /// What was asked is done later, and then answered.
    Slow,
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
