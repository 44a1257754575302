//! `health-gate explain`: for each event the rule that made it count or not, and what CodePipeline would be told.

use std::time::Duration;

use aws_sandbox::health::Event;
use aws_sandbox::{Fault, ServiceError};
use insta::assert_snapshot;
use serde_json::Value;

use crate::command::{CommandLine, before, told};
use crate::story::ALWAYS;

const MINUTES: Duration = Duration::from_mins(3);
const HALF_A_DAY: Duration = Duration::from_hours(12);
const DAYS: Duration = Duration::from_hours(30);
const WEEK: Duration = Duration::from_hours(7 * 24);

/// Lets an event of each ruling pass, as far as its filters are concerned, and no other.
const POLICY: [&str; 16] = [
    "--services",
    "EC2,RISK",
    "--ignore-services",
    "RISK",
    "--event-type-codes",
    "*_ISSUE",
    "--ignore-event-type-codes",
    "*_API_ISSUE",
    "--categories",
    "issue",
    "--scopes",
    "PUBLIC",
    "--ignore-events",
    "arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_known",
    "--quiet-period",
    "10m",
];

/// With an event for every ruling.
async fn with_every_ruling() -> CommandLine {
    let command = CommandLine::new().await;
    command.server.with(|sandbox, now| {
        let mut put = |name: &str, change: &dyn Fn(&mut Event)| {
            let issue = Event::operational_issue("EC2", "us-east-1", name, before(now, DAYS));
            let mut event = Event {
                last_updated_time: before(now, MINUTES),
                ..issue
            };
            change(&mut event);
            sandbox.health.put_event(event);
        };
        let close = |event: &mut Event, ago| {
            event.status_code = "closed".to_owned();
            event.end_time = Some(before(now, ago));
            event.last_updated_time = before(now, ago);
        };
        put("open", &|_| {});
        put("just-closed", &|event| close(event, MINUTES));
        put("stale", &|event| {
            event.start_time = before(now, WEEK);
            event.last_updated_time = before(now, WEEK);
        });
        put("closed", &|event| close(event, HALF_A_DAY));
        put("upcoming", &|event| {
            event.status_code = "upcoming".to_owned();
            event.start_time = now + DAYS;
        });
        put("elsewhere", &|event| event.region = "eu-west-1".to_owned());
        put("service", &|event| event.service = "SQS".to_owned());
        put("ignored-service", &|event| {
            event.service = "RISK".to_owned()
        });
        put("code", &|event| {
            event.event_type_code = "AWS_EC2_DRIVE_DEGRADED".to_owned()
        });
        put("ignored-code", &|event| {
            event.event_type_code = "AWS_EC2_API_ISSUE".to_owned()
        });
        put("change", &|event| {
            event.event_type_category = "scheduledChange".to_owned()
        });
        put("own", &|event| {
            event.event_scope_code = "ACCOUNT_SPECIFIC".to_owned()
        });
        put("known", &|_| {});
    });
    command
}

fn explain<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["explain"], &POLICY[..], more].concat()
}

#[tokio::test]
async fn every_event_has_the_rule_that_decided() {
    let command = with_every_ruling().await;
    assert_snapshot!("explain", told(&command.run(&explain(&[])).await));
}

#[tokio::test]
async fn json_names_the_key_that_decided() {
    let command = with_every_ruling().await;
    let ended = command.run(&explain(&["--format", "json"])).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let explained: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let events = explained["events"].as_array().expect("a list");
    let mut rulings: Vec<String> = events
        .iter()
        .map(|explained| {
            let arn = explained["event"]["arn"].as_str().expect("a text");
            let name = arn.rsplit('_').next().unwrap_or_default();
            let counts = &explained["counts"];
            format!("{name}: counts {counts}, key {}", explained["key"])
        })
        .collect();
    rulings.sort();
    assert_snapshot!(rulings.join("\n"), @r#"
    change: counts false, key "categories"
    closed: counts false, key null
    code: counts false, key "eventTypeCodes"
    elsewhere: counts false, key "regions"
    ignored-code: counts false, key "ignoreEventTypeCodes"
    ignored-service: counts false, key "ignoreServices"
    just-closed: counts true, key "quietPeriod"
    known: counts false, key "ignoreEvents"
    open: counts true, key null
    own: counts false, key "scopes"
    service: counts false, key "services"
    stale: counts false, key "staleAfter"
    upcoming: counts false, key null
    "#);
    let decisions = explained["decisions"].as_array().expect("a list");
    let whens: Vec<&str> = decisions
        .iter()
        .filter_map(|kind| kind["when"].as_str())
        .collect();
    assert_snapshot!(whens.join("\n"), @r"
    nothing stands in the way
    there is an incident
    a person has overridden the gate
    the execution is a rollback
    AWS Health cannot be read
    the account has no support plan with the AWS Health API
    ");
}

#[tokio::test]
async fn matching_leaves_out_what_no_filter_lets_through() {
    let command = with_every_ruling().await;
    let ended = command.run(&explain(&["--matching"])).await;
    let table: Vec<&str> = ended
        .stdout
        .lines()
        .take_while(|line| !line.starts_with("To leave"))
        .collect();
    assert_snapshot!(crate::command::redacted(&table.join("\n")), @r"
    5 events of AWS Health, 2 of which would stop a deployment

     COUNTS  EVENT                      REGION     SINCE                 WHY
     yes     AWS_EC2_OPERATIONAL_ISSUE  us-east-1  YYYY-MM-DD hh:mm UTC  it is open, and passes every filter
     yes     AWS_EC2_OPERATIONAL_ISSUE  us-east-1  YYYY-MM-DD hh:mm UTC  it closed, 3 min ago, and `quietPeriod` is 10m
     no      AWS_EC2_OPERATIONAL_ISSUE  us-east-1  YYYY-MM-DD hh:mm UTC  AWS has not updated it since 168 h ago, and `staleAfter` is 72h
     no      AWS_EC2_OPERATIONAL_ISSUE  us-east-1  YYYY-MM-DD hh:mm UTC  it is over, 12 h ago
     no      AWS_EC2_OPERATIONAL_ISSUE  us-east-1  YYYY-MM-DD hh:mm UTC  it has not begun
    ");
}

/// Addresses are not cut: they are to be copied.
fn too_wide(screen: &str, columns: usize) -> Vec<&str> {
    let is_too_wide = |line: &&str| {
        let is_address = line.contains("https://") || line.contains("arn:aws:");
        line.chars().count() > columns && !is_address
    };
    screen.lines().filter(is_too_wide).collect()
}

#[tokio::test]
async fn it_fits_a_terminal() {
    let command = with_every_ruling().await;
    for columns in [80, 140] {
        let shown = command.run_at_terminal(columns, &explain(&[])).await;
        assert_eq!(shown.code, 0);
        let screen = shown.screen();
        assert_eq!(too_wide(&screen, columns.into()), [""; 0]);
        assert_snapshot!(format!("explain-{columns}-columns"), screen);
    }
}

#[tokio::test]
async fn without_events_it_says_what_would_be_told() {
    let command = CommandLine::new().await;
    assert_snapshot!(
        "explain-without-events",
        told(&command.run(&["explain", "--on-incident", "hold"]).await)
    );
}

#[tokio::test]
async fn an_unreadable_aws_health_is_an_error_with_advice() {
    let command = CommandLine::new().await;
    let denied = Fault::Error(ServiceError::access_denied("health:DescribeEvents"));
    command
        .server
        .with(|sandbox, _| sandbox.fail("DescribeEvents", denied, ALWAYS));
    assert_snapshot!(told(&command.run(&["explain"]).await), @r"
    --- standard error
    health-gate: access to the AWS Health API is denied: AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/sandbox is not authorized to perform: health:DescribeEvents on resource: *
    These credentials need `health:DescribeEvents` on `*`; `aws sts get-caller-identity` says whose they are.
    --- exit code 2
    ");
}
