//! Reads AWS Health: DescribeEvents by region, status and category, all pages. Every other rule of a policy is
//! applied by the domain.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the SDK's enums are non-exhaustive: a wildcard is required"
)]

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_health::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_health::operation::describe_events::DescribeEventsError;
use aws_sdk_health::operation::describe_events::builders::DescribeEventsFluentBuilder;
use aws_sdk_health::primitives::DateTime;
use aws_sdk_health::types::{
    self, DateTimeRange, EventFilter, EventScopeCode, EventStatusCode, EventTypeCategory,
};
use health_gate::{
    Event, EventCategory, EventScope, EventStatus, Query, Region, UnknownCause, Unread,
};
use time::UtcDateTime;

use crate::clients::Clients;
use crate::sdk_error::{is_without_credentials, text};

/// The most regions that one filter takes (API reference, `EventFilter`).
const REGIONS_PER_REQUEST: usize = 10;
/// The most events that one page takes. Smaller pages mean more calls, and those are throttled.
const EVENTS_PER_PAGE: i32 = 100;
/// A request of the gate with more pages than this is not read to its end.
const PAGES_PER_REQUEST: usize = 50;
/// The same of a request for all that AWS Health keeps: a busy account has some thousand events in 90 days.
const PAGES_OF_HISTORY: usize = 1_000;

/// How many pages were asked for, and how many came.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) asked: AtomicUsize,
    pub(crate) answered: AtomicUsize,
}

/// Why not all pages were read.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) unread: Unread,
    /// The endpoint is to blame, not what it was asked or by whom: another one may do better.
    pub(crate) is_endpoints_fault: bool,
}

impl Failure {
    /// The endpoint answered, but not what was asked.
    fn of_reading(cause: UnknownCause, detail: String) -> Self {
        Self {
            unread: Unread { cause, detail },
            is_endpoints_fault: false,
        }
    }
}

/// What is asked of AWS Health: these requests, one after the other.
#[derive(Debug, Clone)]
pub(crate) struct Requests {
    filters: Vec<EventFilter>,
    /// A request with more pages than this is not read to its end.
    pages: usize,
}

impl Requests {
    /// What a query needs. An event that closes or opens again between the two requests of a quiet period is in one of them: what
    /// AWS wrote to lately is asked for after what is open, whether or not it is closed.
    pub(crate) fn of(query: &Query) -> Self {
        let mut filters = Vec::new();
        for regions in query.regions.chunks(REGIONS_PER_REQUEST) {
            let regions = regions.iter().map(Region::to_string).collect();
            let categories = query.categories.iter().filter_map(wire_category).collect();
            let filter = EventFilter::builder()
                .set_regions(Some(regions))
                .set_event_type_categories(Some(categories));
            let open = filter.clone().event_status_codes(EventStatusCode::Open);
            filters.push(open.build());
            if let Some(since) = query.closed_since {
                let lately = filter
                    .event_status_codes(EventStatusCode::Open)
                    .event_status_codes(EventStatusCode::Closed)
                    .last_updated_times(from(since));
                filters.push(lately.build());
            }
        }
        Self {
            filters,
            pages: PAGES_PER_REQUEST,
        }
    }

    /// Everything that is not over, and what AWS wrote to at this time or later: of all regions and categories.
    pub(crate) fn of_history(since: UtcDateTime) -> Self {
        let going_on = EventFilter::builder()
            .event_status_codes(EventStatusCode::Open)
            .event_status_codes(EventStatusCode::Upcoming);
        let lately = EventFilter::builder()
            .event_status_codes(EventStatusCode::Open)
            .event_status_codes(EventStatusCode::Closed)
            .last_updated_times(from(since));
        Self {
            filters: vec![going_on.build(), lately.build()],
            pages: PAGES_OF_HISTORY,
        }
    }
}

fn from(since: UtcDateTime) -> DateTimeRange {
    let since = DateTime::from_secs(since.unix_timestamp());
    DateTimeRange::builder().from(since).build()
}

/// Reads all pages of all requests at the endpoint of a region; what was read is in `seen` even if that ends early.
pub(crate) async fn describe_events(
    clients: &Clients,
    endpoint: &str,
    requests: &Requests,
    progress: &Progress,
    seen: &mut Vec<Event>,
) -> Result<(), Failure> {
    for filter in &requests.filters {
        let request = clients
            .health
            .describe_events()
            .filter(filter.clone())
            .max_results(EVENTS_PER_PAGE);
        read_pages(request, endpoint, requests.pages, progress, seen).await?;
    }
    Ok(())
}

async fn read_pages(
    request: DescribeEventsFluentBuilder,
    endpoint: &str,
    pages: usize,
    progress: &Progress,
    seen: &mut Vec<Event>,
) -> Result<(), Failure> {
    let mut token = None;
    // Not the SDK's paginator: a token that comes twice ends that one as if all had been read.
    for _ in 0..pages {
        progress.asked.fetch_add(1, Ordering::Relaxed);
        let region = aws_sdk_health::config::Region::new(endpoint.to_owned());
        let at_endpoint = aws_sdk_health::config::Builder::new().region(region);
        let request = request
            .clone()
            .set_next_token(token)
            .customize()
            .config_override(at_endpoint);
        let page = request.send().await.map_err(|error| Failure {
            unread: unread(&error),
            is_endpoints_fault: is_endpoints_fault(&error),
        })?;
        // AWS Health sends an empty list when there is nothing: an answer without one is not its answer.
        let Some(events) = page.events else {
            let detail = "the answer has no list of events".to_owned();
            return Err(Failure::of_reading(UnknownCause::Unavailable, detail));
        };
        progress.answered.fetch_add(1, Ordering::Relaxed);
        seen.extend(events.into_iter().map(event));
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(());
        }
    }
    let detail = format!("stopped after {pages} pages of {EVENTS_PER_PAGE} events");
    Err(Failure::of_reading(UnknownCause::TooManyPages, detail))
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
