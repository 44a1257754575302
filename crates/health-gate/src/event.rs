//! An AWS Health event as the gate understands it: the members of DescribeEvents' answer that a decision or a
//! report needs.
//!
//! Every member of the answer is optional in the API's model. An absent region, status or category counts as
//! the one that was asked for, so that a gap in an answer can never make the gate looser.

use serde::Serialize;
use time::UtcDateTime;

/// One event of AWS Health (API reference: `Event`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// Identifies the event: `arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/…`. Empty if AWS Health
    /// left it out.
    pub arn: String,
    /// AWS Health's code of the service, `EC2`.
    pub service: Option<String>,
    /// What kind of event, `AWS_EC2_OPERATIONAL_ISSUE`.
    pub type_code: Option<String>,
    /// Issue, scheduled change or account notification.
    pub category: Option<EventCategory>,
    /// The impacted region, or `global`. Whatever AWS writes: a name that our syntax does not know is kept.
    pub region: Option<String>,
    /// Open, closed or upcoming.
    pub status: Option<EventStatus>,
    /// Whether the event is public or about this account.
    pub scope: Option<EventScope>,
    /// When the impact began.
    pub start_time: Option<UtcDateTime>,
    /// When it ended. May have passed while the status still says open.
    pub end_time: Option<UtcDateTime>,
    /// When AWS last wrote to the event.
    pub last_updated_time: Option<UtcDateTime>,
}

/// `eventTypeCategory`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum EventCategory {
    /// `issue`: something is not working.
    Issue,
    /// `scheduledChange`: maintenance to come.
    ScheduledChange,
    /// `accountNotification`: news about the account.
    AccountNotification,
    /// A category that this version does not know. No policy names it.
    #[cfg_attr(feature = "schema", schemars(skip))]
    Other,
}

/// `statusCode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventStatus {
    /// `open`: going on.
    Open,
    /// `closed`: over.
    Closed,
    /// `upcoming`: not begun.
    Upcoming,
    /// A status that this version does not know. It counts as open: an event that cannot be
    /// understood is not one that is over.
    Other,
}

/// `eventScopeCode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EventScope {
    /// `PUBLIC`: shown on the public status page, whether or not this account is affected.
    Public,
    /// `ACCOUNT_SPECIFIC`: this account is affected.
    AccountSpecific,
    /// `NONE`: neither.
    None,
    /// A scope that this version does not know. No policy names it.
    #[cfg_attr(feature = "schema", schemars(skip))]
    Other,
}

/// Where an event stands at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Going on.
    Open,
    /// Over, since then if that is known.
    Closed(Option<UtcDateTime>),
    /// Not begun.
    NotBegun,
}

impl Event {
    /// An event of which nothing else is known yet.
    pub fn new(
        arn: impl Into<String>,
        service: impl Into<String>,
        type_code: impl Into<String>,
    ) -> Self {
        Self {
            arn: arn.into(),
            service: Some(service.into()),
            type_code: Some(type_code.into()),
            category: None,
            region: None,
            status: None,
            scope: None,
            start_time: None,
            end_time: None,
            last_updated_time: None,
        }
    }

    /// Where the event stands at `now`. AWS leaves some resolved events open: one whose end has passed is over (the
    /// sample in the user guide's "AWS Health events EventBridge schema" is such an event). An event is over since
    /// the later of its end and its last update.
    pub fn phase(&self, now: UtcDateTime) -> Phase {
        match self.status {
            Some(EventStatus::Open | EventStatus::Other) | None
                if self.end_time.is_none_or(|end| end > now) =>
            {
                Phase::Open
            }
            Some(EventStatus::Open | EventStatus::Closed | EventStatus::Other) | None => {
                Phase::Closed(self.end_time.max(self.last_updated_time))
            }
            Some(EventStatus::Upcoming) => Phase::NotBegun,
        }
    }

    /// The last sign of life, by which people look for the newest event first.
    pub fn last_seen(&self) -> Option<UtcDateTime> {
        self.last_updated_time.or(self.start_time)
    }

    /// Where a person reads about the event. `None` in partitions whose console address is not known.
    pub fn link(&self) -> Option<String> {
        if !self.arn.starts_with("arn:aws:") {
            return None;
        }
        Some(match self.scope {
            Some(EventScope::Public) => format!(
                "https://health.aws.amazon.com/health/status?eventID={}",
                self.arn
            ),
            Some(EventScope::AccountSpecific | EventScope::None | EventScope::Other) | None => {
                "https://health.aws.amazon.com/health/home#/account/dashboard/open-issues"
                    .to_owned()
            }
        })
    }
}
