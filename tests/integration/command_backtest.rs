//! `health-gate backtest`: from files and live, as text, JSON and a page.

use std::time::Duration;

use aws_sandbox::{Fault, ServiceError};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::command::{CommandLine, before, file, left_behind, path, told};
use crate::story::ALWAYS;

/// An event as the AWS CLI writes it.
fn event(service: &str, region: &str, name: &str, times: [&str; 2], more: &Value) -> Value {
    let code = format!("AWS_{service}_OPERATIONAL_ISSUE");
    let mut event = json!({
        "arn": format!("arn:aws:health:{region}::event/{service}/{code}/{code}_{name}"),
        "service": service, "eventTypeCode": code, "eventTypeCategory": "issue", "region": region,
        "startTime": times[0], "endTime": times[1], "lastUpdatedTime": times[1],
        "statusCode": "closed", "eventScopeCode": "PUBLIC",
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        event[key] = value.clone();
    }
    event
}

/// Three months of a quiet account.
fn quiet_account() -> String {
    let none = json!({});
    let issue = |service, region, name, times| event(service, region, name, times, &none);
    let events = [
        issue(
            "EC2",
            "us-east-1",
            "1",
            ["2026-10-19T06:40:00+00:00", "2026-10-19T21:05:00+00:00"],
        ),
        issue(
            "LAMBDA",
            "us-east-1",
            "2",
            ["2026-10-19T07:00:00+00:00", "2026-10-19T08:00:00+00:00"],
        ),
        issue(
            "RDS",
            "us-east-1",
            "3",
            ["2026-11-02T10:00:00+00:00", "2026-11-02T10:45:00+00:00"],
        ),
        issue(
            "EC2",
            "us-east-1",
            "4",
            ["2026-11-02T10:50:00+00:00", "2026-11-02T11:20:00+00:00"],
        ),
        issue(
            "IAM",
            "global",
            "5",
            ["2026-11-10T00:00:00+00:00", "2026-11-10T00:30:00+00:00"],
        ),
        issue(
            "EC2",
            "eu-west-1",
            "6",
            ["2026-11-12T00:00:00+00:00", "2026-11-12T04:00:00+00:00"],
        ),
        issue(
            "BILLING",
            "global",
            "7",
            ["2026-11-13T00:00:00+00:00", "2026-11-14T00:00:00+00:00"],
        ),
        event(
            "EC2",
            "us-east-1",
            "<b>8</b>",
            ["2026-11-15T00:00:00+00:00", "2026-11-15T06:00:00+00:00"],
            &json!({"eventTypeCategory": "scheduledChange"}),
        ),
    ];
    json!({"events": events}).to_string()
}

const UNTIL: [&str; 4] = [
    "--until",
    "2026-11-23T00:00Z",
    "--regions",
    "us-east-1,global",
];

/// Files need no AWS.
async fn from_files(arguments: &[&str]) -> String {
    let command = CommandLine::new().await;
    let command = command.without("AWS_REGION").without("AWS_ACCESS_KEY_ID");
    let ended = command.run(&[&["backtest"], arguments].concat()).await;
    left_behind(&ended).replace(env!("CARGO_TARGET_TMPDIR"), "TMP")
}

#[tokio::test]
async fn a_file_of_events_is_judged() {
    let events = file("backtest-events.json", &quiet_account());
    let arguments = [&["--events", &events], &UNTIL[..]].concat();
    assert_snapshot!("backtest", from_files(&arguments).await);
    let more = [
        &arguments[..],
        &["--format", "json", "--quiet-period", "10m"],
    ]
    .concat();
    assert_snapshot!("backtest-json", from_files(&more).await);
    let command = CommandLine::new().await;
    for columns in [80, 140] {
        let arguments = [&["backtest"], &arguments[..]].concat();
        let shown = command.run_at_terminal(columns, &arguments).await;
        assert_eq!(shown.code, 0);
        assert_snapshot!(format!("backtest-{columns}-columns"), shown.screen());
    }
}

#[tokio::test]
async fn the_page_has_the_numbers_and_needs_no_network() {
    let events = file("backtest-page-events.json", &quiet_account());
    let html = path("backtest-page.html");
    let arguments = [&["--events", &events, "--html", &html], &UNTIL[..]].concat();
    let said = from_files(&arguments).await;
    assert!(
        said.contains("The page is TMP/backtest-page.html"),
        "{said}"
    );
    let page = std::fs::read_to_string(&html).expect("it was written");
    let to_stdout = [&["--events", &events, "--html", "-"], &UNTIL[..]].concat();
    let printed = from_files(&to_stdout).await;
    assert!(printed.starts_with("<!"), "{}", &printed[..200]);
    assert!(!printed.contains("The page is") && !std::path::Path::new("-").exists());
    // The longest blocked time, and all of it.
    for number in ["14 h 25 min", "16 h 10 min"] {
        assert!(
            said.contains(number) && page.contains(number),
            "{number}: {said}"
        );
    }
    assert!(!page.contains("<b>8</b>"), "an event's words are words");
    let addresses: Vec<&str> = ["src=\"", "href=\"", "src='", "href='", "url("]
        .iter()
        .flat_map(|start| page.split(start).skip(1))
        .filter_map(|rest| rest.split(['"', '\'', ')']).next())
        .filter(|address| !address.starts_with('#') && !address.starts_with("data:"))
        .collect();
    assert!(!addresses.is_empty());
    for address in addresses {
        assert!(
            address.starts_with("https://health.aws.amazon.com/"),
            "{address}"
        );
    }
    assert!(!page.contains("@import"));
}

#[tokio::test]
async fn live_it_reads_what_aws_health_keeps() {
    let command = CommandLine::new().await;
    let issue = command.put_issue(Duration::from_hours(5));
    command.server.with(|sandbox, now| {
        sandbox
            .health
            .close_event(before(now, Duration::from_hours(2)), &issue.arn)
    });
    let ended = command.run(&["backtest", "--format", "json"]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let backtest: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let spans = backtest["spans"].as_array().map(Vec::len);
    assert_eq!(spans, Some(1), "{backtest}");
    let text = command.run(&["backtest", "--days", "30"]).await;
    assert!(
        text.stdout.contains("once for 3 h in all"),
        "{}",
        text.stdout
    );
    assert!(
        text.stdout
            .contains("AWS Health, read at its endpoint in us-east-1: 1 event"),
        "{}",
        text.stdout
    );
}

#[tokio::test]
async fn nothing_that_stood_in_the_way_is_good_news() {
    let events = file("backtest-none.json", r#"{"events": []}"#);
    assert_snapshot!(from_files(&[&["--events", &events], &UNTIL[..]].concat()).await, @r"
    between 2026-08-25 00:00 UTC and 2026-11-23 00:00 UTC, this policy would have stopped nothing
    TMP/backtest-none.json: 0 events, of which 0 stood in the way, 0 did not pass a filter, 0 were stale, 0 had not begun, 0 were outside of these days. An event is taken to have stood in the way from its start to the later of its end and its last update, and to have been updated often enough.
    --- exit code 0
    ");
}

#[tokio::test]
async fn what_cannot_be_judged_is_refused() {
    let command = CommandLine::new().await;
    let other = file("backtest-other.json", r#"{"pipelines": []}"#);
    let broken = file(
        "backtest-broken.json",
        r#"{"events": [{"arn": "a"}, {"startTime": "soon"}]}"#,
    );
    let events = file("backtest-some.json", &quiet_account());
    let mut said = Vec::new();
    for arguments in [
        &["--events", &other, "--regions", "us-east-1"][..],
        &["--events", &broken, "--regions", "us-east-1"],
        &[
            "--events",
            "./no-such-events.json",
            "--regions",
            "us-east-1",
        ],
        &["--events", &events],
        &["--days", "100"],
    ] {
        let ended = command.run(&[&["backtest"], arguments].concat()).await;
        assert_eq!(ended.stdout, "", "{arguments:?}");
        said.push(told(&ended));
    }
    assert_snapshot!(said.join("\n"), @r#"
    --- standard error
    health-gate: TMP/backtest-other.json is not the output of `aws health describe-events`: it has no list `events`
    --- exit code 2
    --- standard error
    health-gate: TMP/backtest-broken.json is not the output of `aws health describe-events`: events[1]: `startTime` is "soon"; accepted: a time like YYYY-MM-DDThh:mm:ssZ, or seconds since 1970
    --- exit code 2
    --- standard error
    health-gate: cannot read events from ./no-such-events.json: No such file or directory (os error 2)
    --- exit code 2
    --- standard error
    health-gate: which regions? A file does not say where the pipelines are
    Name them with --regions, or --region for those of a gate there and `global`
    --- exit code 64
    --- standard error
    health-gate: AWS Health shows 90 days, and these begin at YYYY-MM-DDThh:mm:ssZ
    Older events have to come from files: --events
    --- exit code 64
    "#);
    assert_eq!(
        command.run(&["backtest", "--days", "0"]).await.code,
        Some(64)
    );
    assert_eq!(command.calls("DescribeEvents"), (0, 0));
}

#[tokio::test]
async fn an_unreadable_aws_health_is_an_error_with_advice() {
    let command = CommandLine::new().await;
    let no_plan = Fault::Error(ServiceError::new("SubscriptionRequiredException", "no"));
    command
        .server
        .with(|sandbox, _| sandbox.fail("DescribeEvents", no_plan, ALWAYS));
    assert_snapshot!(told(&command.run(&["backtest"]).await), @r"
    --- standard error
    health-gate: this account has no support plan that includes the AWS Health API: SubscriptionRequiredException: no
    The AWS Health API needs a Business Support+, Enterprise Support or Unified Operations plan; the account has none.
    --- exit code 2
    ");
}

/// A year of a busy account, in seconds since 1970 as the API writes them.
#[tokio::test]
async fn a_year_of_four_thousand_events_is_judged() {
    let day = 86_400;
    let until: i64 = 1_795_392_000;
    let none = json!({});
    let events: Vec<Value> = (0..4_000_i64)
        .map(|number| {
            let start = until - (number * 7_919) % (365 * day);
            let end = start + 600 + (number * 613) % 7_200;
            let service =
                ["EC2", "LAMBDA", "RDS", "S3"][usize::try_from(number % 4).expect("small")];
            let region =
                ["us-east-1", "eu-west-1", "global"][usize::try_from(number % 3).expect("small")];
            let mut event = event(service, region, &number.to_string(), ["", ""], &none);
            (event["startTime"], event["endTime"]) = (start.into(), end.into());
            event["lastUpdatedTime"] = end.into();
            event
        })
        .collect();
    let events = file("backtest-busy.json", &json!({"events": events}).to_string());
    let html = path("backtest-busy.html");
    let year = ["--events", &events, "--days", "365", "--html", &html];
    let said = from_files(&[&year[..], &UNTIL[..]].concat()).await;
    assert!(said.contains(": 4,000 events, of which "), "{said}");
    assert!(said.ends_with("exit code 0"), "{said}");
    let page = std::fs::read_to_string(&html).expect("it was written");
    assert!(page.contains("4,000"));
}
