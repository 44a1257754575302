//! AWS Health of the sandbox, as the Rust SDK sees it over CBOR. (The AWS CLI sees it over JSON: README's session, `.ci/readme`.)

use aws_sandbox::World;
use aws_sandbox::health::Event;
use aws_sdk_health::Client;
use aws_sdk_health::error::ProvideErrorMetadata;
use aws_sdk_health::types::{DateTimeRange, EventFilter, EventStatusCode};
use aws_smithy_types::DateTime;

use crate::in_world::{START, ec2_issue};

fn client(world: &World, region: &str) -> Client {
    Client::new(&world.sdk_config(region))
}

fn world_with(events: impl IntoIterator<Item = Event>) -> World {
    let world = World::new(START, 1);
    world.with(|sandbox, _| {
        events
            .into_iter()
            .for_each(|event| sandbox.health.put_event(event))
    });
    world
}

#[tokio::test(start_paused = true)]
async fn every_member_of_an_event_arrives() {
    let mut event = ec2_issue("1");
    event.end_time = Some(START);
    let world = world_with([event.clone()]);
    let output = client(&world, "us-east-1")
        .describe_events()
        .send()
        .await
        .expect("events");
    let [seen] = output.events() else {
        panic!("one event, not {:?}", output.events())
    };
    assert_eq!(seen.arn(), Some(event.arn.as_str()));
    assert_eq!(seen.service(), Some("EC2"));
    assert_eq!(seen.event_type_code(), Some("AWS_EC2_OPERATIONAL_ISSUE"));
    assert_eq!(
        seen.event_type_category().map(|c| c.as_str()),
        Some("issue")
    );
    assert_eq!(seen.region(), Some("us-east-1"));
    assert_eq!(seen.status_code(), Some(&EventStatusCode::Open));
    assert_eq!(seen.event_scope_code().map(|c| c.as_str()), Some("PUBLIC"));
    let start = DateTime::from_millis(START.as_millis());
    assert_eq!(
        (seen.start_time(), seen.end_time(), seen.last_updated_time()),
        (Some(&start), Some(&start), Some(&start))
    );
}

/// "Sorted by lastModifiedTime, starting with the most recent event."
#[tokio::test(start_paused = true)]
async fn pages_come_newest_first_and_end() {
    let later = |minutes: i64, name: &str| Event {
        last_updated_time: aws_sandbox::Timestamp::from_millis(
            START.as_millis() + minutes * 60_000,
        ),
        ..ec2_issue(name)
    };
    let world = world_with([later(1, "a"), later(3, "b"), later(2, "c")]);
    let client = client(&world, "us-east-1");
    let first = client
        .describe_events()
        .max_results(2)
        .send()
        .await
        .expect("a page");
    let names = |events: &[aws_sdk_health::types::Event]| -> String {
        events
            .iter()
            .filter_map(|event| event.arn()?.chars().last())
            .collect()
    };
    assert_eq!(names(first.events()), "bc");
    let second = client
        .describe_events()
        .max_results(2)
        .next_token(first.next_token().expect("a token"))
        .send()
        .await;
    let second = second.expect("a page");
    assert_eq!(
        (names(second.events()).as_str(), second.next_token()),
        ("a", None)
    );
}

#[tokio::test(start_paused = true)]
async fn members_of_a_filter_all_hold_and_their_values_are_alternatives() {
    let world = world_with([
        ec2_issue("1"),
        Event::operational_issue("IAM", "global", "1", START),
        Event::operational_issue("EC2", "eu-west-1", "1", START),
        Event {
            status_code: "closed".to_owned(),
            ..ec2_issue("2")
        },
    ]);
    let filter = EventFilter::builder()
        .regions("us-east-1")
        .regions("global")
        .event_status_codes(EventStatusCode::Open);
    let count = async |filter: EventFilter| {
        client(&world, "us-east-1")
            .describe_events()
            .filter(filter)
            .send()
            .await
            .expect("events")
            .events()
            .len()
    };
    assert_eq!(count(EventFilter::builder().build()).await, 4);
    assert_eq!(count(filter.clone().build()).await, 2);
    assert_eq!(count(filter.services("IAM").build()).await, 1);
    assert_eq!(
        count(
            EventFilter::builder()
                .event_arns(ec2_issue("2").arn)
                .build()
        )
        .await,
        1
    );
    let within = |from: i64, to: i64| {
        let seconds = |seconds: i64| DateTime::from_millis(START.as_millis() + seconds * 1_000);
        DateTimeRange::builder()
            .from(seconds(from))
            .to(seconds(to))
            .build()
    };
    let updated = |from, to| {
        EventFilter::builder()
            .last_updated_times(within(from, to))
            .build()
    };
    assert_eq!(count(updated(0, 0)).await, 4);
    assert_eq!(count(updated(1, 60)).await, 0);
    assert_eq!(
        count(EventFilter::builder().end_times(within(-60, 60)).build()).await,
        0
    );
}

/// The limits of the API reference, each refused with its constraint.
#[tokio::test(start_paused = true)]
async fn what_breaks_a_limit_is_refused() {
    let world = world_with([]);
    let client = client(&world, "us-east-1");
    let eleven = (1..=11).map(|n| format!("eu-west-{n}")).collect();
    let requests = [
        client.describe_events().max_results(101),
        client.describe_events().max_results(0),
        client
            .describe_events()
            .filter(EventFilter::builder().set_regions(Some(eleven)).build()),
        client
            .describe_events()
            .filter(EventFilter::builder().regions("x").build()),
        client.describe_events().filter(
            EventFilter::builder()
                .event_status_codes("broken".into())
                .build(),
        ),
        client.describe_events().next_token("made-up"),
        client.describe_events().next_token("page-7"),
        client
            .describe_events()
            .next_token(format!("page-{}", u64::MAX)),
        client.describe_events().locale("de"),
        client
            .describe_events()
            .filter(EventFilter::builder().entity_values("i-1").build()),
    ];
    let mut refusals = Vec::new();
    for request in requests {
        let error = request.send().await.expect_err("refused");
        refusals.push(format!(
            "{}: {}",
            error.code().unwrap_or("?"),
            error.message().unwrap_or("?")
        ));
    }
    insta::assert_snapshot!(refusals.join("\n"), @"
    ValidationException: 1 validation error detected: Value at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 100
    ValidationException: 1 validation error detected: Value at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 1
    ValidationException: 1 validation error detected: Value at 'filter.regions' failed to satisfy constraint: Member must have length less than or equal to 10
    ValidationException: 1 validation error detected: Value at 'filter.regions.1.member' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:/]{2,25}
    ValidationException: 1 validation error detected: Value at 'filter.eventStatusCodes.1.member' failed to satisfy constraint: Member must satisfy enum value set: [open, closed, upcoming]
    InvalidPaginationToken: The specified pagination token (nextToken) is not valid.
    InvalidPaginationToken: The specified pagination token (nextToken) is not valid.
    InvalidPaginationToken: The specified pagination token (nextToken) is not valid.
    UnsupportedLocale: The specified locale is not supported.
    SerializationException: the sandbox cannot read this input: unknown field `entityValues`, expected one of `startTimes`, `endTimes`, `lastUpdatedTimes`, `eventArns`, `eventTypeCodes`, `services`, `regions`, `eventTypeCategories`, `eventStatusCodes`
    ");
}

/// AWS Health runs in two regions; the SDK would sign for any.
#[tokio::test(start_paused = true)]
async fn a_request_signed_for_a_region_without_aws_health_is_refused() {
    let world = world_with([]);
    assert!(
        client(&world, "us-east-2")
            .describe_events()
            .send()
            .await
            .is_ok()
    );
    let error = client(&world, "eu-west-1")
        .describe_events()
        .send()
        .await
        .expect_err("refused");
    assert_eq!(error.code(), Some("InvalidSignatureException"));
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_the_sandbox_does_not_play_is_refused() {
    let world = world_with([]);
    let error = client(&world, "us-east-1")
        .describe_event_types()
        .send()
        .await
        .expect_err("refused");
    assert_eq!(error.code(), Some("UnknownOperationException"));
}
