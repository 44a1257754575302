//! The domain of health-gate: whether a deployment may go on, given what AWS Health says.
//!
//! A [`Policy`] says what counts, a [`Reading`] is what AWS Health answered, an [`Assessment`] is what the reading
//! means under the policy, [`decide`] turns its [`Finding`] into a [`Decision`], and a [`Report`] words the decision for
//! CodePipeline.
//!
//! Nothing here does I/O, waits, reads the environment or asks what time it is: all of that is handed in as
//! values. That is why the decision cannot fail.
//!
//! ```
//! use health_gate::{
//!     AccountPolicy, Assessment, Case, Circumstances, Decision, Event, EventStatus, JobResult, Reading, Region, Report, decide,
//! };
//! use time::UtcDateTime;
//!
//! let own_region: Region = "eu-west-1".parse()?;
//! let account = AccountPolicy::default();
//! let policy = account.for_action(Some(r#"{"regions": ["us-east-1"]}"#), &own_region)?;
//! let now = UtcDateTime::from_unix_timestamp(1_795_420_800)?;
//!
//! let mut event = Event::new("arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/1", "EC2", "AWS_EC2_OPERATIONAL_ISSUE");
//! event.region = Some("us-east-1".to_owned());
//! event.status = Some(EventStatus::Open);
//! let Assessment { finding, stale, .. } = Assessment::of(&policy, &Reading::known(vec![event]), now);
//!
//! let case = Case::Found { policy: &policy, finding, hold: None };
//! let decision = decide(case, &Circumstances::default(), now);
//! assert!(matches!(decision, Decision::Fail(_)));
//!
//! let report = Report { decision: &decision, policy: Some(&policy), stale: &stale, notes: &[], checked_at: now };
//! let JobResult::Failure { message, .. } = report.job_result() else { unreachable!() };
//! assert!(message.starts_with("health-gate blocked: 1 open AWS Health issue in us-east-1"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod backtest;
mod decision;
mod event;
mod finding;
mod gate_functions;
mod gate_state;
mod hold;
mod instant;
mod notification;
mod override_tag;
mod pipeline_context;
mod pipeline_definition;
mod policy;
mod reading;
mod region;
mod report;
mod retry_outcome;
mod ruling;
mod signal;
mod stage;
mod stopped_stage;
mod text;
mod wildcard;

pub use backtest::{
    Backtest, BlockedSpan, BlockingEvent, EventEnd, Group, QuietPeriod, RuleEffect, Tally, Window,
    grouped, hours_and_minutes,
};
pub use decision::{
    Case, Circumstances, Decision, Ending, Fail, Hold, Invalid, Obstacle, Pass, decide,
};
pub use event::{Event, EventCategory, EventScope, EventStatus, Phase};
pub use finding::{Assessment, Finding, Incident, Incidents};
pub use gate_functions::GateFunctions;
pub use gate_state::{Bystander, GateState, Next};
pub use hold::{HoldState, TokenError};
pub use instant::{rfc3339, to_the_minute};
pub use notification::{Notification, RetriedStage, plural};
pub use override_tag::{OVERRIDE_TAG, Override, OverrideError};
pub use pipeline_context::PipelineContext;
pub use pipeline_definition::{
    ActionDefinition, Advice, AdviceCode, GateNames, OnFailure, OnFailureResult,
    PipelineDefinition, Place, Recognition, Severity, StageDefinition, Text, UserParameters,
    advise,
};
#[cfg(feature = "schema")]
pub use policy::policy_schema;
pub use policy::{
    AccountPolicy, EventArn, Filter, OnIncident, OnRollback, OnUnknown, Policy, PolicyError,
    PolicyOrigin, PolicyProblem, Retry, Service, Span, ValueKind,
};
pub use reading::{Query, Reading, UnknownCause, Unread};
pub use region::{InvalidRegion, Region};
pub use report::{FailureType, JobResult, Marker, Note, Report, Verdict, cut};
pub use retry_outcome::{RetryOutcome, Settlement};
pub use ruling::Ruling;
pub use signal::Signal;
pub use stage::{
    ActionAttempt, ActionExecution, ActionStatus, ExecutionType, PipelineExecution, StageState,
    StageStatus,
};
pub use stopped_stage::{Asker, RetryRules, StoppedStage};
pub use text::{escaped, is_invisible, one_line, one_short_line, shown};
pub use wildcard::{Wildcard, Wildcards};
