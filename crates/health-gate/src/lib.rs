//! The domain of health-gate: whether a deployment may go on, given what AWS Health says.
//!
//! A [`Policy`] says what counts, a [`Reading`] is what AWS Health answered, a [`Finding`] is what the reading
//! means under the policy, [`decide`] turns it into a [`Decision`], and a [`Report`] words the decision for
//! CodePipeline.
//!
//! Nothing here does I/O, waits, reads the environment or asks what time it is: all of that is handed in as
//! values. That is why the decision cannot fail.
//!
//! ```
//! use health_gate::{Decision, Event, EventStatus, Finding, JobResult, Policy, Reading, Region, Report, decide};
//! use time::UtcDateTime;
//!
//! let own_region: Region = "eu-west-1".parse()?;
//! let policy = Policy::from_user_parameters(Some(r#"{"regions": ["us-east-1"]}"#), &own_region)?;
//! let now = UtcDateTime::from_unix_timestamp(1_795_420_800)?;
//!
//! let mut event = Event::new("arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/1", "EC2", "AWS_EC2_OPERATIONAL_ISSUE");
//! event.region = Some("us-east-1".to_owned());
//! event.status = Some(EventStatus::Open);
//! let reading = Reading::Known(vec![event]);
//!
//! let decision = decide(Finding::of(&policy, &reading, now));
//! assert!(matches!(decision, Decision::Fail(_)));
//!
//! let report = Report { decision: &decision, regions: &policy.regions, checked_at: now };
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

mod decision;
mod event;
mod finding;
mod instant;
mod policy;
mod reading;
mod region;
mod report;
mod signal;
mod stage;
mod user_parameters;

pub use decision::{Block, Decision, Pass, decide};
pub use event::{Event, EventCategory, EventScope, EventStatus};
pub use finding::{Finding, Incidents};
pub use policy::Policy;
pub use reading::{Reading, UnknownCause, Unread};
pub use region::{InvalidRegion, Region};
pub use report::{FailureType, JobResult, Marker, Report, Verdict};
pub use signal::Signal;
pub use stage::{
    ActionAttempt, ActionExecution, ActionStatus, GateFunctions, RetryOutcome, StageState,
    StoppedStage,
};
pub use user_parameters::PolicyError;
