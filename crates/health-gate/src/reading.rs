//! What AWS Health answered, or why it could not be read. A page that was not read makes a reading unknown,
//! never clear.

use std::fmt;

use crate::event::Event;

/// One reading of AWS Health for a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// Every page of every request that the policy needs was read.
    Known(Vec<Event>),
    /// At least one page was not read.
    Unknown {
        /// The events of the pages that were read. An incident among them is an incident all the same.
        seen: Vec<Event>,
        /// Why the rest is missing.
        unread: Unread,
    },
}

impl Reading {
    /// The events that were read.
    pub fn events(&self) -> &[Event] {
        match self {
            Self::Known(events) | Self::Unknown { seen: events, .. } => events,
        }
    }
}

/// Why AWS Health could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The kind of failure, on which the decision rests.
    pub cause: UnknownCause,
    /// What the failing call said, for people. May be empty.
    pub detail: String,
}

/// The kinds of failure to read AWS Health.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownCause {
    /// The account has no support plan that includes the AWS Health API (`SubscriptionRequiredException`).
    NoSupportPlan,
    /// IAM, or an expired or missing credential, refuses `health:DescribeEvents`.
    AccessDenied,
    /// AWS Health asked to be called less often, and kept asking.
    Throttled,
    /// The endpoint could not be reached or answered with an error of its own.
    Unavailable,
    /// No answer within the time that the invocation has.
    TimedOut,
    /// More pages than the gate reads for one request.
    TooManyPages,
}

impl UnknownCause {
    /// The stable reason code for logs and alarms.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoSupportPlan => "health.no-support-plan",
            Self::AccessDenied => "health.access-denied",
            Self::Throttled => "health.throttled",
            Self::Unavailable => "health.unavailable",
            Self::TimedOut => "health.timed-out",
            Self::TooManyPages => "health.too-many-pages",
        }
    }
}

impl fmt::Display for UnknownCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSupportPlan => {
                "this account has no support plan that includes the AWS Health API"
            }
            Self::AccessDenied => "access to the AWS Health API is denied",
            Self::Throttled => "AWS Health throttled the gate",
            Self::Unavailable => "AWS Health is unavailable",
            Self::TimedOut => "AWS Health did not answer in time",
            Self::TooManyPages => "AWS Health has more pages of events than the gate reads",
        })
    }
}
