//! What AWS Health answered, or why it could not be read. A page that was not read makes a reading unknown,
//! never clear.

use std::fmt;

use time::UtcDateTime;

use crate::event::{Event, EventCategory};
use crate::policy::Policy;
use crate::region::Region;

/// What has to be read of AWS Health, so that some policies can be judged by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The regions of all policies, each once.
    pub regions: Vec<Region>,
    /// The categories of all policies, each once.
    pub categories: Vec<EventCategory>,
    /// Closed events are needed too, if AWS wrote to them at this time or later: a policy has a quiet period.
    pub closed_since: Option<UtcDateTime>,
}

impl Query {
    /// What these policies need at `now`.
    pub fn of<'p>(policies: impl IntoIterator<Item = &'p Policy>, now: UtcDateTime) -> Self {
        let mut query = Self {
            regions: Vec::new(),
            categories: Vec::new(),
            closed_since: None,
        };
        for policy in policies {
            for region in &policy.regions {
                if !query.regions.contains(region) {
                    query.regions.push(region.clone());
                }
            }
            for category in &policy.categories {
                if !query.categories.contains(category) {
                    query.categories.push(*category);
                }
            }
            if !policy.quiet_period.is_zero() {
                let since = now - policy.quiet_period.duration();
                query.closed_since =
                    Some(query.closed_since.map_or(since, |other| other.min(since)));
            }
        }
        query
    }
}

/// One reading of AWS Health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The events of the pages that were read.
    pub events: Vec<Event>,
    /// Why pages are missing. `None`: every page of every request was read, the reading is known.
    pub unread: Option<Unread>,
    /// It is of an endpoint that is not the active one, whose events are only eventually the same.
    pub may_be_behind: bool,
}

impl Reading {
    /// A complete reading of the active endpoint.
    pub fn known(events: Vec<Event>) -> Self {
        Self {
            events,
            unread: None,
            may_be_behind: false,
        }
    }

    /// A reading that lacks pages.
    pub fn unknown(seen: Vec<Event>, unread: Unread) -> Self {
        Self {
            events: seen,
            unread: Some(unread),
            may_be_behind: false,
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
    /// The gate itself failed before it knew.
    Internal,
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
            Self::Internal => "gate.internal",
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
            Self::Internal => "the gate itself failed, a defect of health-gate",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::AccountPolicy;
    use time::macros::utc_datetime;

    const NOW: UtcDateTime = utc_datetime!(2026-11-23 09:00:00);

    /// One reading serves all policies: each region and category is asked for once, and the longest quiet period.
    #[test]
    fn a_query_is_what_all_policies_need() {
        let policies = [
            r#"{"regions": ["eu-west-1", "global"]}"#,
            r#"{"regions": ["global", "us-east-1"], "categories": ["scheduledChange", "issue"], "quietPeriod": "10m"}"#,
            r#"{"regions": ["eu-west-1"], "quietPeriod": "2h"}"#,
            r#"{"regions": ["eu-west-1"], "quietPeriod": "5m"}"#,
        ];
        let own_region = "us-east-1".parse().expect("a region");
        let policies = policies.map(|policy| {
            let policy = AccountPolicy::default().for_action(Some(policy), &own_region);
            policy.expect("a valid policy")
        });
        let query = Query::of(&policies, NOW);
        let regions: Vec<&str> = query.regions.iter().map(Region::as_str).collect();
        assert_eq!(regions, ["eu-west-1", "global", "us-east-1"]);
        let categories = [EventCategory::Issue, EventCategory::ScheduledChange];
        assert_eq!(query.categories, categories);
        assert_eq!(query.closed_since, Some(utc_datetime!(2026-11-23 07:00:00)));
        assert_eq!(Query::of(&policies[..1], NOW).closed_since, None);
    }
}
