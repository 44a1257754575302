//! DescribeEvents: filter, order and pages (API reference, `DescribeEvents` and `EventFilter`).

use serde::{Deserialize, Serialize};

use super::{Event, Health, REGIONS};
use crate::constraints::Constraints;
use crate::context::Context;
use crate::service_error::ServiceError;
use crate::timestamp::Timestamp;

const ARN: &str = r"arn:aws(-[a-z]+(-[a-z]+)?)?:health:[^:]*:[^:]*:event(?:/[\w-]+){3}";
const CATEGORIES: [&str; 4] = [
    "issue",
    "accountNotification",
    "scheduledChange",
    "investigation",
];
const STATUSES: [&str; 3] = ["open", "closed", "upcoming"];
/// The page when `maxResults` is left out. The API reference does not say; this is the most that a page takes.
const DEFAULT_PAGE: i64 = 100;

/// A parameter that the sandbox does not play is refused and not ignored.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Input {
    #[serde(default)]
    filter: Filter,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_results: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locale: Option<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Filter {
    #[serde(skip_serializing_if = "Option::is_none")]
    start_times: Option<Vec<Range>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_times: Option<Vec<Range>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_updated_times: Option<Vec<Range>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_arns: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_type_codes: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    services: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    regions: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_type_categories: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_status_codes: Option<Vec<String>>,
}

/// A range of time, both ends in it.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Range {
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Timestamp>,
}

impl Range {
    fn contains(&self, time: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= time) && self.to.is_none_or(|to| time <= to)
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    events: Vec<Event>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Health {
    pub(crate) fn describe_events(
        &self,
        context: &Context<'_>,
        input: Input,
    ) -> Result<Output, ServiceError> {
        if !REGIONS.contains(&context.region) {
            // There is no endpoint elsewhere; one endpoint stands for all here, so the scope has to tell.
            let message = format!(
                "Credential should be scoped to a valid region: {} has no AWS Health",
                context.region
            );
            return Err(ServiceError::new("InvalidSignatureException", message));
        }
        validate(&input)?;
        if input.locale.is_some_and(|locale| locale != "en") {
            return Err(ServiceError::new(
                "UnsupportedLocale",
                "The specified locale is not supported.",
            ));
        }
        let mut events: Vec<&Event> = self
            .shown(context.region, context.turn.now)
            .filter(|event| {
                input
                    .filter
                    .matches(event, self.strays.contains(&event.arn))
            })
            .collect();
        // "Sorted by lastModifiedTime, starting with the most recent event."
        events.sort_by(|a, b| {
            b.last_updated_time
                .cmp(&a.last_updated_time)
                .then_with(|| a.arn.cmp(&b.arn))
        });

        let begin = input
            .next_token
            .as_deref()
            .map_or(Ok(0), |token| position(token, events.len()))?;
        let page = usize::try_from(input.max_results.unwrap_or(DEFAULT_PAGE)).unwrap_or_default();
        let end = events.len().min(begin + page.min(self.longest_page));
        let next_token = (end < events.len()).then(|| token(end));
        Ok(Output {
            events: events.drain(begin..end).cloned().collect(),
            next_token,
        })
    }
}

impl Filter {
    /// All members given must hold; the values of one member are alternatives. A stray's region and status are not looked at.
    fn matches(&self, event: &Event, is_stray: bool) -> bool {
        let allows = |allowed: &Option<Vec<String>>, value: &String| {
            allowed.as_ref().is_none_or(|list| list.contains(value))
        };
        let within = |ranges: &Option<Vec<Range>>, time: Option<Timestamp>| {
            ranges.as_ref().is_none_or(|ranges| {
                time.is_some_and(|time| ranges.iter().any(|range| range.contains(time)))
            })
        };
        within(&self.start_times, Some(event.start_time))
            && within(&self.end_times, event.end_time)
            && within(&self.last_updated_times, Some(event.last_updated_time))
            && allows(&self.event_arns, &event.arn)
            && allows(&self.event_type_codes, &event.event_type_code)
            && allows(&self.services, &event.service)
            && allows(&self.event_type_categories, &event.event_type_category)
            && (is_stray
                || allows(&self.regions, &event.region)
                    && allows(&self.event_status_codes, &event.status_code))
    }
}

fn validate(input: &Input) -> Result<(), ServiceError> {
    let mut constraints = Constraints::default();
    let c = &mut constraints;
    let filter = &input.filter;
    c.range("maxResults", input.max_results, 1..=100);
    c.pattern(
        "nextToken",
        input.next_token.as_ref(),
        "[a-zA-Z0-9=/+_.-]{4,10000}",
    );
    c.text("nextToken", input.next_token.as_ref(), 4..=10_000);
    c.text("locale", input.locale.as_ref(), 2..=256);
    c.pattern("locale", input.locale.as_ref(), ".{2,256}");
    c.list(
        "filter.eventArns",
        filter.event_arns.as_ref(),
        1..=10,
        |c, path, item| {
            c.text(path, Some(item), 0..=1600);
            c.pattern(path, Some(item), ARN);
        },
    );
    c.list(
        "filter.eventTypeCodes",
        filter.event_type_codes.as_ref(),
        1..=10,
        |c, path, item| {
            c.pattern(path, Some(item), "[^:/]{3,100}");
        },
    );
    c.list(
        "filter.services",
        filter.services.as_ref(),
        1..=10,
        |c, path, item| {
            c.pattern(path, Some(item), "[^:/]{2,30}");
        },
    );
    c.list(
        "filter.regions",
        filter.regions.as_ref(),
        1..=10,
        |c, path, item| {
            c.pattern(path, Some(item), "[^:/]{2,25}");
        },
    );
    c.list(
        "filter.eventTypeCategories",
        filter.event_type_categories.as_ref(),
        1..=10,
        |c, path, item| {
            c.one_of(path, Some(item), &CATEGORIES);
        },
    );
    c.list(
        "filter.eventStatusCodes",
        filter.event_status_codes.as_ref(),
        1..=6,
        |c, path, item| {
            c.one_of(path, Some(item), &STATUSES);
        },
    );
    for (path, ranges) in [
        ("filter.startTimes", &filter.start_times),
        ("filter.endTimes", &filter.end_times),
        ("filter.lastUpdatedTimes", &filter.last_updated_times),
    ] {
        c.length(path, ranges.as_ref().map(Vec::len), 1..=10);
    }
    constraints.finish()
}

/// Where the next page begins. Opaque to callers.
fn token(position: usize) -> String {
    format!("page-{position}")
}

fn position(token: &str, events: usize) -> Result<usize, ServiceError> {
    let position = token
        .strip_prefix("page-")
        .and_then(|position| position.parse().ok());
    position
        .filter(|position| *position <= events)
        .ok_or_else(|| {
            ServiceError::new(
                "InvalidPaginationToken",
                "The specified pagination token (nextToken) is not valid.",
            )
        })
}
