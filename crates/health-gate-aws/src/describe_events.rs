//! Reads AWS Health: DescribeEvents by region, status and category, all pages. Every other rule of a policy is
//! applied by the domain.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the SDK's enums are non-exhaustive: a wildcard is required"
)]

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_health::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_health::operation::describe_events::DescribeEventsError;
use aws_sdk_health::primitives::DateTime;
use aws_sdk_health::types::{
    self, DateTimeRange, EventFilter, EventScopeCode, EventStatusCode, EventTypeCategory,
};
use health_gate::{
    Event, EventCategory, EventScope, EventStatus, Query, Reading, Region, UnknownCause, Unread,
};
use time::UtcDateTime;

use crate::active_endpoint::{CnameLookUp, Endpoints};
use crate::clients::{Clients, HealthEndpoints};
use crate::sdk_error::{is_without_credentials, text};

/// The most regions that one filter takes (API reference, `EventFilter`).
const REGIONS_PER_REQUEST: usize = 10;
/// The most events that one page takes. Smaller pages mean more calls, and those are throttled.
const EVENTS_PER_PAGE: i32 = 100;
/// A request with more pages than this is not read to its end.
const PAGES_PER_REQUEST: usize = 50;

/// A reading of AWS Health, and what it took.
#[derive(Debug, Clone)]
pub struct HealthReading {
    /// What was read.
    pub reading: Reading,
    /// The region of the endpoint that was asked last.
    pub endpoint: Region,
    /// How many pages were asked for, at all endpoints. Attempts of the SDK at the same page are one.
    pub calls: usize,
    /// How long it took.
    pub took: Duration,
}

/// Reads AWS Health, within `budget`. A page that could not be read makes the reading unknown; the events of the
/// pages before it are kept.
///
/// The reading begins at once at the endpoint that is usually active, and which one is, is looked up beside it. If the active
/// endpoint cannot be reached, does not answer or fails, the other one is asked; its data may be behind.
pub async fn describe_events(clients: &Clients, query: &Query, budget: Duration) -> HealthReading {
    let begin = clients.clock.now();
    let calls = AtomicUsize::new(0);
    let reader = Reader {
        clients,
        query,
        calls: &calls,
    };
    let (reading, endpoint) = match &clients.health_endpoints {
        HealthEndpoints::Configured(endpoints) => {
            let PartialReading { seen, unread, .. } = reader.at(endpoints.usual, budget).await;
            (
                Reading {
                    events: seen,
                    unread,
                    may_be_behind: false,
                },
                endpoints.usual.to_owned(),
            )
        }
        HealthEndpoints::Active(endpoints, look_up) => {
            reader.at_active(*endpoints, look_up, budget).await
        }
    };
    HealthReading {
        reading,
        endpoint: endpoint.parse().unwrap_or_else(|_| Region::global()),
        calls: calls.into_inner(),
        took: (clients.clock.now() - begin).try_into().unwrap_or_default(),
    }
}

struct Reader<'a> {
    clients: &'a Clients,
    query: &'a Query,
    calls: &'a AtomicUsize,
}

/// What one endpoint gave.
#[derive(Default)]
struct PartialReading {
    seen: Vec<Event>,
    unread: Option<Unread>,
    /// The endpoint is to blame, not what it was asked or by whom.
    is_endpoints_fault: bool,
}

impl Reader<'_> {
    async fn at_active(
        &self,
        endpoints: Endpoints,
        look_up: &CnameLookUp,
        budget: Duration,
    ) -> (Reading, String) {
        let begin = tokio::time::Instant::now();
        // A silent endpoint leaves the other one as much time.
        let first_budget = if endpoints.other.is_some() {
            budget / 2
        } else {
            budget
        };
        let (active, first) = {
            let mut unusual = pin!(look_up.unusual_region(endpoints));
            let mut usual = pin!(self.at(endpoints.usual, first_budget));
            // The look-up first: one that is known already begins no reading that would be thrown away.
            let (unusual, usual) = tokio::select! {
                biased;
                region = &mut unusual => match region {
                    Some(region) => (Some(region), PartialReading::default()),
                    None => (None, usual.await),
                },
                reading = &mut usual => (unusual.await, reading),
            };
            match unusual {
                Some(region) => {
                    let active = region.to_string();
                    let reading = self.at(&active, first_budget).await;
                    (active, reading)
                }
                None => (endpoints.usual.to_owned(), usual),
            }
        };
        let other = if active == endpoints.usual {
            endpoints.other
        } else {
            Some(endpoints.usual)
        };
        let Some(other) = other.filter(|_| first.is_endpoints_fault) else {
            return (
                Reading {
                    events: first.seen,
                    unread: first.unread,
                    may_be_behind: false,
                },
                active,
            );
        };
        let second = self.at(other, budget.saturating_sub(begin.elapsed())).await;
        let mut events = first.seen;
        events.extend(second.seen);
        match second.unread {
            // What is known of the first is of the first: an incident that it showed is one.
            None => (
                Reading {
                    events,
                    unread: None,
                    may_be_behind: true,
                },
                other.to_owned(),
            ),
            Some(second) => {
                let unread = first.unread.map(|first| Unread {
                    detail: format!(
                        "{} (and at the other endpoint, {other}: {})",
                        first.detail, second.detail
                    ),
                    ..first
                });
                (
                    Reading {
                        events,
                        unread,
                        may_be_behind: false,
                    },
                    active,
                )
            }
        }
    }

    async fn at(&self, endpoint: &str, budget: Duration) -> PartialReading {
        let mut seen = Vec::new();
        let (unread, is_endpoints_fault) =
            match tokio::time::timeout(budget, self.read(endpoint, &mut seen)).await {
                Ok(Ok(())) => (None, false),
                Ok(Err((unread, fault))) => (Some(unread), fault),
                Err(_) => {
                    let detail = match budget.as_secs_f64() {
                        0.0 => "the invocation had no time left to ask".to_owned(),
                        seconds => format!("the gate waited {seconds:.1} s"),
                    };
                    (
                        Some(Unread {
                            cause: UnknownCause::TimedOut,
                            detail,
                        }),
                        true,
                    )
                }
            };
        PartialReading {
            seen,
            unread,
            is_endpoints_fault,
        }
    }

    /// All pages of all requests. Closed events are asked for after open ones: an event that closes meanwhile is in
    /// one of the two.
    async fn read(&self, endpoint: &str, seen: &mut Vec<Event>) -> Result<(), (Unread, bool)> {
        for regions in self.query.regions.chunks(REGIONS_PER_REQUEST) {
            let filter = EventFilter::builder()
                .set_regions(Some(regions.iter().map(Region::to_string).collect()))
                .set_event_type_categories(Some(
                    self.query
                        .categories
                        .iter()
                        .filter_map(wire_category)
                        .collect(),
                ));
            self.read_pages(
                endpoint,
                filter
                    .clone()
                    .event_status_codes(EventStatusCode::Open)
                    .build(),
                seen,
            )
            .await?;
            if let Some(since) = self.query.closed_since {
                let since = DateTimeRange::builder()
                    .from(DateTime::from_secs(since.unix_timestamp()))
                    .build();
                let closed = filter
                    .event_status_codes(EventStatusCode::Closed)
                    .last_updated_times(since);
                self.read_pages(endpoint, closed.build(), seen).await?;
            }
        }
        Ok(())
    }

    async fn read_pages(
        &self,
        endpoint: &str,
        filter: EventFilter,
        seen: &mut Vec<Event>,
    ) -> Result<(), (Unread, bool)> {
        let request = self
            .clients
            .health
            .describe_events()
            .filter(filter)
            .max_results(EVENTS_PER_PAGE);
        let mut token = None;
        // Not the SDK's paginator: a token that comes twice ends that one as if all had been read.
        for _ in 0..PAGES_PER_REQUEST {
            self.calls.fetch_add(1, Ordering::Relaxed);
            let at_endpoint = aws_sdk_health::config::Builder::new()
                .region(aws_sdk_health::config::Region::new(endpoint.to_owned()));
            let request = request
                .clone()
                .set_next_token(token)
                .customize()
                .config_override(at_endpoint);
            let page = request
                .send()
                .await
                .map_err(|error| (unread(&error), is_endpoints_fault(&error)))?;
            seen.extend(page.events.unwrap_or_default().into_iter().map(event));
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(());
            }
        }
        let detail = format!("stopped after {PAGES_PER_REQUEST} pages of {EVENTS_PER_PAGE} events");
        Err((
            Unread {
                cause: UnknownCause::TooManyPages,
                detail,
            },
            false,
        ))
    }
}

fn wire_category(category: &EventCategory) -> Option<EventTypeCategory> {
    match category {
        EventCategory::Issue => Some(EventTypeCategory::Issue),
        EventCategory::ScheduledChange => Some(EventTypeCategory::ScheduledChange),
        EventCategory::AccountNotification => Some(EventTypeCategory::AccountNotification),
        EventCategory::Other => None,
    }
}

/// Whether another endpoint may do better: a failed connection, a time-out, or an error of the service itself. Not
/// throttling, denied access or a missing plan, which are about the caller.
fn is_endpoints_fault(error: &SdkError<DescribeEventsError>) -> bool {
    let server_error = error
        .raw_response()
        .is_some_and(|response| response.status().is_server_error());
    let unreachable = matches!(
        error,
        SdkError::DispatchFailure(_) | SdkError::TimeoutError(_)
    );
    (server_error || unreachable)
        && !matches!(
            unread(error).cause,
            UnknownCause::AccessDenied | UnknownCause::NoSupportPlan | UnknownCause::Throttled
        )
}

fn event(event: types::Event) -> Event {
    Event {
        arn: event.arn.unwrap_or_default(),
        service: event.service,
        type_code: event.event_type_code,
        category: event.event_type_category.map(|category| match category {
            EventTypeCategory::Issue => EventCategory::Issue,
            EventTypeCategory::ScheduledChange => EventCategory::ScheduledChange,
            EventTypeCategory::AccountNotification => EventCategory::AccountNotification,
            _ => EventCategory::Other,
        }),
        region: event.region,
        status: event.status_code.map(|status| match status {
            EventStatusCode::Open => EventStatus::Open,
            EventStatusCode::Closed => EventStatus::Closed,
            EventStatusCode::Upcoming => EventStatus::Upcoming,
            _ => EventStatus::Other,
        }),
        scope: event.event_scope_code.map(|scope| match scope {
            EventScopeCode::Public => EventScope::Public,
            EventScopeCode::AccountSpecific => EventScope::AccountSpecific,
            EventScopeCode::None => EventScope::None,
            _ => EventScope::Other,
        }),
        start_time: event.start_time.and_then(utc),
        end_time: event.end_time.and_then(utc),
        last_updated_time: event.last_updated_time.and_then(utc),
    }
}

/// `None` for a time that is no date, years before or after all others.
pub(crate) fn utc(time: aws_smithy_types::DateTime) -> Option<UtcDateTime> {
    UtcDateTime::from_unix_timestamp_nanos(time.as_nanos()).ok()
}

fn unread(error: &SdkError<DescribeEventsError>) -> Unread {
    let status = error
        .raw_response()
        .map(|response| response.status().as_u16());
    let cause = match (error, error.code()) {
        (SdkError::TimeoutError(_), _) => UnknownCause::TimedOut,
        _ if is_without_credentials(error) => UnknownCause::AccessDenied,
        (_, Some(code)) if cause_of_code(code) != UnknownCause::Unavailable => cause_of_code(code),
        _ if status == Some(429) => UnknownCause::Throttled,
        _ => UnknownCause::Unavailable,
    };
    Unread {
        cause,
        detail: text(error),
    }
}

/// The error codes that say what a person must change, or that it is too much ("Common errors" of the AWS API
/// references; `SubscriptionRequiredException` is in no model, the user guide names it).
fn cause_of_code(code: &str) -> UnknownCause {
    match code {
        "SubscriptionRequiredException" => UnknownCause::NoSupportPlan,
        "AccessDenied"
        | "AccessDeniedException"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "NotAuthorized"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => UnknownCause::AccessDenied,
        "RequestLimitExceeded"
        | "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "TooManyRequestsException" => UnknownCause::Throttled,
        _ => UnknownCause::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_say_who_has_to_act() {
        for (codes, cause) in [
            (
                &["SubscriptionRequiredException"][..],
                UnknownCause::NoSupportPlan,
            ),
            (
                &[
                    "AccessDenied",
                    "AccessDeniedException",
                    "ExpiredToken",
                    "ExpiredTokenException",
                    "InvalidSignatureException",
                    "UnrecognizedClientException",
                ],
                UnknownCause::AccessDenied,
            ),
            (
                &[
                    "Throttling",
                    "ThrottlingException",
                    "TooManyRequestsException",
                    "RequestLimitExceeded",
                ],
                UnknownCause::Throttled,
            ),
            (
                &[
                    "InternalFailure",
                    "ServiceUnavailable",
                    "ValidationException",
                    "",
                ],
                UnknownCause::Unavailable,
            ),
        ] {
            for code in codes {
                assert_eq!(cause_of_code(code), cause, "{code}");
            }
        }
    }
}
