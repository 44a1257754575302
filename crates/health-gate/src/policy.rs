//! The rules of a gate action: which events of AWS Health count, and what the gate does about them.
//!
//! The built-in defaults stand in [`Policy::of_region`]. Whoever runs the gate changes them for the whole account
//! ([`AccountPolicy`]), and an action's `UserParameters` change them once more, key by key.

mod document;
mod error;
mod form;
mod keys;
mod names;
#[cfg(feature = "schema")]
mod schema;
mod span;
mod words;

use serde::Serialize;

pub use document::AccountPolicy;
pub use error::{PolicyError, PolicyOrigin, PolicyProblem, ValueKind};
pub use names::{EventArn, Service};
#[cfg(feature = "schema")]
pub use schema::policy_schema;
pub use span::Span;

use crate::event::{Event, EventCategory, EventScope};
use crate::region::Region;
use crate::wildcard::Wildcard;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The service under which AWS files its largest outages: it counts beside whatever services a policy names.
const MULTIPLE_SERVICES: &str = "MULTIPLE_SERVICES";

// The comments on the fields are also the descriptions in `policy.schema.json`.
/// The rules of a gate action. Every key may be left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Policy {
    /// Events of exactly these regions count. `global` holds events of services without a region, such as IAM. Default: the gate's own region and `global`.
    pub regions: Vec<Region>,
    /// Events of these services count, by AWS Health's codes, and those of `MULTIPLE_SERVICES`, under which AWS files its largest outages. Default: every service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub services: Option<Vec<Service>>,
    /// Events of these services never count. May name `MULTIPLE_SERVICES`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignore_services: Vec<Service>,
    /// Events of these categories count.
    pub categories: Vec<EventCategory>,
    /// Events of these event type codes count; `*` is any run of characters, case counts. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_type_codes: Option<Vec<Wildcard>>,
    /// Events of these event type codes never count; `*` is any run of characters, case counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignore_event_type_codes: Vec<Wildcard>,
    /// Events of these scopes count: `PUBLIC` is on the public status page, `ACCOUNT_SPECIFIC` is about this account. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<EventScope>>,
    /// Events with these ARNs never count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignore_events: Vec<EventArn>,
    /// An open event that AWS has not updated for this long is reported and does not block. At least 1h.
    pub stale_after: Span<HOUR, { u64::MAX }>,
    /// Pass only when no matching event has closed more recently than this. At most 24h.
    pub quiet_period: Span<0, DAY>,
    /// What to do about an incident: fail the action, hold it, or pass and report what would have blocked.
    pub on_incident: OnIncident,
    /// What to do when AWS Health cannot be read.
    pub on_unknown: OnUnknown,
    /// Whether a rollback passes during an incident.
    pub on_rollback: OnRollback,
    /// A hold that lasts longer fails. From 1s to 23h.
    pub max_hold: Span<1, { 23 * HOUR }>,
    /// While holding, AWS Health is read at most this often. At most 15m.
    pub check_every: Span<0, { 15 * MINUTE }>,
    /// Whether stage-retry may go on with the stage.
    pub retry: Retry,
    /// A stage that was blocked longer ago is left to people. From 10m to 7d.
    pub retry_within: Span<{ 10 * MINUTE }, { 7 * DAY }>,
}

/// What to do about an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum OnIncident {
    /// The action fails at once.
    Fail,
    /// The action stays in progress until the incident is over, at most for `maxHold`.
    Hold,
    /// The action succeeds, and reports what would have blocked.
    Warn,
}

/// What to do when AWS Health cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum OnUnknown {
    /// The action fails at once.
    Fail,
    /// The action stays in progress until AWS Health can be read, at most for `maxHold`.
    Hold,
    /// The action succeeds, and says that nothing was checked.
    Pass,
}

/// Whether the gate stops rollbacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum OnRollback {
    /// A rollback passes; an incident is reported.
    Pass,
    /// A rollback is checked like any other execution.
    Check,
}

/// Whether stage-retry may go on with the stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Retry {
    /// Once AWS Health is clear.
    Auto,
    /// It is left to people.
    Never,
}

impl Policy {
    /// The built-in defaults of a gate in this region.
    pub fn of_region(own_region: &Region) -> Self {
        Self {
            regions: vec![own_region.clone(), Region::global()],
            services: None,
            ignore_services: ["RISK", "ABUSE", "BILLING", "ACCOUNT"]
                .map(Service::known)
                .to_vec(),
            categories: vec![EventCategory::Issue],
            event_type_codes: None,
            ignore_event_type_codes: Vec::new(),
            scopes: None,
            ignore_events: Vec::new(),
            stale_after: const { Span::of(72 * HOUR) },
            quiet_period: const { Span::of(0) },
            on_incident: OnIncident::Fail,
            on_unknown: OnUnknown::Fail,
            on_rollback: OnRollback::Pass,
            max_hold: const { Span::of(4 * HOUR) },
            check_every: const { Span::of(MINUTE) },
            retry: Retry::Auto,
            retry_within: const { Span::of(24 * HOUR) },
        }
    }

    /// Whether an event counts, whatever its status.
    pub fn matches(&self, event: &Event) -> bool {
        self.exclusions(event).next().is_none()
    }

    /// The filters that an event does not pass, in the order of [`Filter::ALL`]; none for an event that counts.
    ///
    /// Region and category are checked although AWS Health was asked for them: it has been seen to return others. A
    /// member that the event lacks passes its filter, so that a gap in an answer never makes the gate looser.
    pub fn exclusions(&self, event: &Event) -> impl Iterator<Item = Filter> {
        Filter::ALL
            .into_iter()
            .filter(|filter| !self.passes(event, *filter))
    }

    fn passes(&self, event: &Event, filter: Filter) -> bool {
        let names_service = |services: &[Service]| {
            event
                .service
                .as_deref()
                .map(|service| services.iter().any(|s| s.as_str() == service))
        };
        let names_code = |patterns: &[Wildcard]| {
            event
                .type_code
                .as_deref()
                .map(|code| patterns.iter().any(|pattern| pattern.matches(code)))
        };
        match filter {
            Filter::Regions => event
                .region
                .as_deref()
                .is_none_or(|region| self.regions.iter().any(|r| r.as_str() == region)),
            Filter::Categories => event
                .category
                .is_none_or(|category| self.categories.contains(&category)),
            Filter::Services => self.services.as_deref().is_none_or(|services| {
                event.service.as_deref() == Some(MULTIPLE_SERVICES)
                    || names_service(services).unwrap_or(true)
            }),
            Filter::IgnoreServices => !names_service(&self.ignore_services).unwrap_or(false),
            Filter::EventTypeCodes => self
                .event_type_codes
                .as_deref()
                .is_none_or(|codes| names_code(codes).unwrap_or(true)),
            Filter::IgnoreEventTypeCodes => {
                !names_code(&self.ignore_event_type_codes).unwrap_or(false)
            }
            Filter::Scopes => self
                .scopes
                .as_ref()
                .zip(event.scope)
                .is_none_or(|(scopes, scope)| scopes.contains(&scope)),
            Filter::IgnoreEvents => !self
                .ignore_events
                .iter()
                .any(|arn| arn.as_str() == event.arn),
        }
    }
}

/// A key of a policy that says which events count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Filter {
    /// `regions`
    Regions,
    /// `categories`
    Categories,
    /// `services`
    Services,
    /// `ignoreServices`
    IgnoreServices,
    /// `eventTypeCodes`
    EventTypeCodes,
    /// `ignoreEventTypeCodes`
    IgnoreEventTypeCodes,
    /// `scopes`
    Scopes,
    /// `ignoreEvents`
    IgnoreEvents,
}

impl Filter {
    /// All of them, those first that AWS Health is asked for.
    pub const ALL: [Self; 8] = [
        Self::Regions,
        Self::Categories,
        Self::Services,
        Self::IgnoreServices,
        Self::EventTypeCodes,
        Self::IgnoreEventTypeCodes,
        Self::Scopes,
        Self::IgnoreEvents,
    ];

    /// The policy's key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Regions => "regions",
            Self::Categories => "categories",
            Self::Services => "services",
            Self::IgnoreServices => "ignoreServices",
            Self::EventTypeCodes => "eventTypeCodes",
            Self::IgnoreEventTypeCodes => "ignoreEventTypeCodes",
            Self::Scopes => "scopes",
            Self::IgnoreEvents => "ignoreEvents",
        }
    }
}

#[cfg(test)]
mod tests;
