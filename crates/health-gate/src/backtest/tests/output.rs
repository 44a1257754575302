//! How a backtest is told, to programs and to people.

use serde_json::json;

use super::*;

#[test]
fn programs_read_whole_seconds_and_rfc_3339() {
    let mut event = closed(1, 60, 90);
    event.start_time = Some(at(60) + Duration::milliseconds(123));
    let backtest = Backtest::of(
        &policy("us-east-1"),
        &[event],
        Window::of_days(1, at(1_440)),
    );
    let json = serde_json::to_value(&backtest).expect("plain data");
    let arn = "arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/1";
    assert_eq!(
        json["window"],
        json!({"from": "2026-11-20T00:00:00Z", "until": "2026-11-21T00:00:00Z"})
    );
    assert_eq!(json["blockedSeconds"], 1_800);
    assert_eq!(json["blockedShare"], 1_800.0 / 86_400.0);
    assert_eq!(json["longestSeconds"], 1_800);
    assert_eq!(
        json["spans"],
        json!([{"from": "2026-11-20T01:00:00Z", "until": "2026-11-20T01:30:00Z", "seconds": 1_800, "arns": [arn]}])
    );
    assert_eq!(
        json["services"],
        json!([{"name": "EC2", "events": 1, "blockedSeconds": 1_800}])
    );
    assert_eq!(
        json["regions"],
        json!([{"name": "us-east-1", "events": 1, "blockedSeconds": 1_800}])
    );
    assert_eq!(
        json["rules"][0],
        json!({"key": "regions", "value": ["us-east-1"], "events": 0, "onlyByIt": 0, "savedSeconds": 0})
    );
    assert_eq!(
        json["quietPeriods"][1],
        json!({"quietPeriodSeconds": 300, "own": false, "blockedSeconds": 2_100, "spans": 1})
    );
    assert_eq!(
        json["tally"],
        json!({"read": 1, "blocking": 1, "excluded": 0, "stale": 0, "notBegun": 0, "outside": 0})
    );
    assert_eq!(
        json["events"],
        json!([{
            "arn": arn,
            "service": "EC2",
            "typeCode": "AWS_EC2_OPERATIONAL_ISSUE",
            "region": "us-east-1",
            "scope": "PUBLIC",
            "from": "2026-11-20T01:00:00Z",
            "until": "2026-11-20T01:30:00Z",
            "end": "closed",
            "link": format!("https://health.aws.amazon.com/health/status?eventID={arn}"),
        }])
    );
}

#[test]
fn lengths_are_in_hours_and_minutes() {
    for (seconds, text) in [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (270, "4 min 30 s"),
        (3_600, "1 h"),
        (3_659, "1 h"),
        (220_800, "61 h 20 min"),
        (3_600_000, "1,000 h"),
        (3_600_060, "1,000 h 1 min"),
    ] {
        assert_eq!(hours_and_minutes(Duration::seconds(seconds)), text);
    }
}

#[test]
fn thousands_of_large_numbers_stand_apart() {
    for (number, text) in [
        (0, "0"),
        (999, "999"),
        (1_000, "1,000"),
        (1_234_567, "1,234,567"),
    ] {
        assert_eq!(grouped(number), text);
    }
}

#[test]
fn lengths_are_told_as_parts_of_the_window() {
    let found = backtest("us-east-1", &[closed(1, 0, 432)]);
    assert_eq!(found.events[0].length(), Duration::minutes(432));
    // Of three days.
    assert_eq!(found.share_of_window(found.events[0].length()), 0.1);
    assert_eq!(found.share_of_window(Duration::ZERO), 0.0);
}
