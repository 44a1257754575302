//! Reads AWS Health: DescribeEvents by region, status and category, all pages. Every other rule of a policy is
//! applied by the domain.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the SDK's enums are non-exhaustive: a wildcard is required"
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_health::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_health::operation::describe_events::DescribeEventsError;
use aws_sdk_health::operation::describe_events::builders::DescribeEventsFluentBuilder;
use aws_sdk_health::primitives::DateTime;
use aws_sdk_health::types::{
    self, DateTimeRange, EventFilter, EventScopeCode, EventStatusCode, EventTypeCategory,
};
use aws_smithy_types::timeout::TimeoutConfig;
use health_gate::{
    Event, EventCategory, EventScope, EventStatus, Query, Region, UnknownCause, Unread, cut,
};
use time::UtcDateTime;

use crate::clients::Clients;
use crate::patience::LeaveSilent;
use crate::sdk_error::{TOO_MANY_REQUESTS, is_throttling, is_without_credentials, text};

/// The most regions that one filter takes (API reference, `EventFilter`).
const REGIONS_PER_REQUEST: usize = 10;
/// The most events that one page takes. Smaller pages mean more calls, and those are throttled.
const EVENTS_PER_PAGE: i32 = 100;
/// A request of the gate with more pages than this is not read to its end.
const PAGES_PER_REQUEST: usize = 50;
/// A reading of the gate with more bytes of events than this is not read to its end: the smallest
/// function has 128 MB, and AWS's own events have some hundred bytes each.
const BYTES_OF_EVENTS: usize = 16 * 1024 * 1024;
/// The longest text of an event that is kept, in bytes: AWS's longest ARN (API reference, `Event`).
const TEXT_BYTES: usize = 1_600;
/// The most pages of a request for all that AWS Health keeps: a busy account has some thousand
/// events in 90 days.
const PAGES_OF_HISTORY: usize = 1_000;
/// The most bytes of events of such a request, which is made on a person's machine.
const BYTES_OF_HISTORY: usize = 1024 * 1024 * 1024;

/// How many pages were asked for, and how many came.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) asked: AtomicUsize,
    pub(crate) answered: AtomicUsize,
    /// Bytes of the events that came.
    bytes: AtomicUsize,
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
    limits: Limits,
}

/// How much is read before the rest is left unread.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Pages of each request.
    pages: usize,
    /// Bytes of all events.
    bytes: usize,
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
            limits: Limits {
                pages: PAGES_PER_REQUEST,
                bytes: BYTES_OF_EVENTS,
            },
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
            limits: Limits {
                pages: PAGES_OF_HISTORY,
                bytes: BYTES_OF_HISTORY,
            },
        }
    }
}

fn from(since: UtcDateTime) -> DateTimeRange {
    let since = DateTime::from_secs(since.unix_timestamp());
    DateTimeRange::builder().from(since).build()
}

/// Reads all pages of all requests at the endpoint of a region; what was read is in `seen` even if that ends early.
///
/// The first attempt at a page takes `attempt` at most. `leaves_silent`: an endpoint that does not
/// answer the first page is not asked again.
pub(crate) async fn describe_events(
    clients: &Clients,
    endpoint: &str,
    attempt: Duration,
    leaves_silent: bool,
    requests: &Requests,
    progress: &Progress,
    seen: &mut Vec<Event>,
) -> Result<(), Failure> {
    let region = aws_sdk_health::config::Region::new(endpoint.to_owned());
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(attempt)
        .build();
    let config = aws_sdk_health::config::Builder::new()
        .region(region)
        .timeout_config(timeouts);
    let mut first_page = leaves_silent.then(|| config.clone().retry_classifier(LeaveSilent));
    for filter in &requests.filters {
        let request = clients
            .health
            .describe_events()
            .filter(filter.clone())
            .max_results(EVENTS_PER_PAGE);
        read_pages(
            request,
            &config,
            first_page.take(),
            requests.limits,
            progress,
            seen,
        )
        .await?;
    }
    Ok(())
}

async fn read_pages(
    request: DescribeEventsFluentBuilder,
    config: &aws_sdk_health::config::Builder,
    mut first_page: Option<aws_sdk_health::config::Builder>,
    limits: Limits,
    progress: &Progress,
    seen: &mut Vec<Event>,
) -> Result<(), Failure> {
    let Limits { pages, bytes } = limits;
    let mut token = None;
    // Not the SDK's paginator: a token that comes twice ends that one as if all had been read.
    for _ in 0..pages {
        progress.asked.fetch_add(1, Ordering::Relaxed);
        let request = request
            .clone()
            .set_next_token(token)
            .customize()
            .config_override(first_page.take().unwrap_or_else(|| config.clone()));
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
        let events = events.into_iter().map(event);
        let before = seen.len();
        seen.extend(events);
        let page_bytes: usize = seen.iter().skip(before).map(size).sum();
        let bytes_before = progress.bytes.fetch_add(page_bytes, Ordering::Relaxed);
        if bytes_before + page_bytes > bytes {
            let detail = format!("stopped after {} MB of events", bytes / 1024 / 1024);
            return Err(Failure::of_reading(UnknownCause::TooManyPages, detail));
        }
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

/// The bytes that an event takes, about.
fn size(event: &Event) -> usize {
    let texts = [&event.service, &event.type_code, &event.region];
    let texts = texts.into_iter().flatten().map(String::len).sum::<usize>();
    size_of::<Event>() + event.arn.len() + texts
}

fn event(event: types::Event) -> Event {
    let text = |text: Option<String>| text.map(|text| cut(text, TEXT_BYTES));
    Event {
        arn: text(event.arn).unwrap_or_default(),
        service: text(event.service),
        type_code: text(event.event_type_code),
        category: event.event_type_category.map(|category| match category {
            EventTypeCategory::Issue => EventCategory::Issue,
            EventTypeCategory::ScheduledChange => EventCategory::ScheduledChange,
            EventTypeCategory::AccountNotification => EventCategory::AccountNotification,
            _ => EventCategory::Other,
        }),
        region: text(event.region),
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

/// `None` for a time that is no date, years before or after all others. The SDK reads what is no
/// number as 1970, in which AWS had no events: a time that cannot be read must not make an event
/// stale.
pub(crate) fn utc(time: aws_smithy_types::DateTime) -> Option<UtcDateTime> {
    (time.secs() > 0)
        .then(|| UtcDateTime::from_unix_timestamp_nanos(time.as_nanos()).ok())
        .flatten()
}

fn unread(error: &SdkError<DescribeEventsError>) -> Unread {
    let status = error
        .raw_response()
        .map(|response| response.status().as_u16());
    let cause = match (error, error.code()) {
        (SdkError::TimeoutError(_), _) => UnknownCause::TimedOut,
        _ if is_without_credentials(error) => UnknownCause::AccessDenied,
        (_, Some(code)) if cause_of_code(code) != UnknownCause::Unavailable => cause_of_code(code),
        _ if status == Some(TOO_MANY_REQUESTS) => UnknownCause::Throttled,
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
        code if is_throttling(code) => UnknownCause::Throttled,
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
