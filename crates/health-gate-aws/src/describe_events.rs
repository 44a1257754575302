//! Reads AWS Health: DescribeEvents by region, status and category, all pages. Every other rule of a policy is
//! applied by the domain.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the SDK's enums are non-exhaustive: a wildcard is required"
)]

use std::time::Duration;

use aws_sdk_health::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_health::operation::describe_events::DescribeEventsError;
use aws_sdk_health::types::{
    self, EventFilter, EventScopeCode, EventStatusCode, EventTypeCategory,
};
use health_gate::{
    Event, EventCategory, EventScope, EventStatus, Reading, Region, UnknownCause, Unread,
};
use time::UtcDateTime;

use crate::clients::Clients;
use crate::sdk_error::{is_without_credentials, text};

/// The most regions that one filter takes (API reference, `EventFilter`).
const REGIONS_PER_REQUEST: usize = 10;
/// The most events that one page takes. Smaller pages mean more calls, and those are throttled.
const EVENTS_PER_PAGE: i32 = 100;
/// A request with more pages than this is not read to its end.
const PAGES_PER_REQUEST: usize = 50;

/// Reads the open issues of `regions`, within `budget`. A page that could not be read makes the reading unknown;
/// the events of the pages before it are kept.
pub async fn describe_events(clients: &Clients, regions: &[Region], budget: Duration) -> Reading {
    let mut seen = Vec::new();
    let outcome = tokio::time::timeout(budget, read_regions(clients, regions, &mut seen)).await;
    match outcome {
        Ok(Ok(())) => Reading::Known(seen),
        Ok(Err(unread)) => Reading::Unknown { seen, unread },
        Err(_) => {
            let detail = match budget.as_secs_f64() {
                0.0 => "the invocation had no time left to ask".to_owned(),
                seconds => format!("the gate waited {seconds:.1} s"),
            };
            Reading::Unknown {
                seen,
                unread: Unread {
                    cause: UnknownCause::TimedOut,
                    detail,
                },
            }
        }
    }
}

async fn read_regions(
    clients: &Clients,
    regions: &[Region],
    seen: &mut Vec<Event>,
) -> Result<(), Unread> {
    for regions in regions.chunks(REGIONS_PER_REQUEST) {
        let filter = EventFilter::builder()
            .set_regions(Some(regions.iter().map(Region::to_string).collect()))
            .event_status_codes(EventStatusCode::Open)
            .event_type_categories(EventTypeCategory::Issue)
            .build();
        // A token that comes twice would end the stream as if all had been read: the limit on pages ends it instead.
        let mut pages = clients
            .health
            .describe_events()
            .filter(filter)
            .into_paginator()
            .page_size(EVENTS_PER_PAGE)
            .stop_on_duplicate_token(false)
            .send();
        let mut read = 0;
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| unread(&error))?;
            read += 1;
            let is_last = page.next_token.as_ref().is_none_or(String::is_empty);
            seen.extend(page.events.unwrap_or_default().into_iter().map(event));
            if read == PAGES_PER_REQUEST && !is_last {
                let detail = format!("stopped after {read} pages of {EVENTS_PER_PAGE} events");
                return Err(Unread {
                    cause: UnknownCause::TooManyPages,
                    detail,
                });
            }
        }
    }
    Ok(())
}

fn event(event: types::Event) -> Event {
    let text = |value: Option<String>| value.unwrap_or_else(|| "unknown".to_owned());
    Event {
        arn: event.arn.unwrap_or_default(),
        service: text(event.service),
        type_code: text(event.event_type_code),
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
