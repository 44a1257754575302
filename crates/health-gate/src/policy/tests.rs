use insta::assert_snapshot;
use serde_json::{Value, json};

use super::*;

fn own_region() -> Region {
    "eu-west-1".parse().expect("a region")
}

fn read(account: Option<&str>, text: &str) -> Result<Value, PolicyError> {
    let policy =
        AccountPolicy::new(account.map(str::to_owned)).for_action(Some(text), &own_region())?;
    Ok(serde_json::to_value(policy).expect("string keys"))
}

fn regions(text: &str) -> Result<Value, PolicyError> {
    read(None, text).map(|policy| policy["regions"].clone())
}

#[test]
fn absent_or_blank_means_the_defaults() {
    let policy = AccountPolicy::default().for_action(None, &own_region());
    assert_eq!(policy, Ok(Policy::of_region(&own_region())));
    for text in ["", "  \n", "{}", r#"{"regions": null, "onIncident": null}"#] {
        for account in [None, Some(""), Some(" \n"), Some("{}")] {
            assert_eq!(
                read(account, text),
                Ok(json!(Policy::of_region(&own_region()))),
                "{text:?} {account:?}"
            );
        }
    }
    insta::assert_json_snapshot!(Policy::of_region(&own_region()), @r#"
    {
      "regions": [
        "eu-west-1",
        "global"
      ],
      "ignoreServices": [
        "RISK",
        "ABUSE",
        "BILLING",
        "ACCOUNT"
      ],
      "categories": [
        "issue"
      ],
      "staleAfter": "72h",
      "quietPeriod": "0s",
      "onIncident": "fail",
      "onUnknown": "fail",
      "onRollback": "pass",
      "maxHold": "4h",
      "checkEvery": "1m",
      "retry": "auto",
      "retryWithin": "24h"
    }
    "#);
}

#[test]
fn a_list_of_regions_is_taken_as_it_stands() {
    for text in [
        r#"{"regions": ["us-east-1", "global"]}"#,
        r#" {"regions": ["us-east-1", "global", "us-east-1"]} "#,
        "us-east-1,global",
        " us-east-1 , global , ",
        "us-east-1,global,us-east-1",
    ] {
        assert_eq!(
            regions(text),
            Ok(json!(["us-east-1", "global"])),
            "{text:?}"
        );
    }
}

/// What is written is read again as it was: the log's `policy` can be pasted into a pipeline.
#[test]
fn every_key_is_read_and_written_in_the_same_form() {
    let text = json!({
        "regions": ["us-east-1", "global"],
        "services": ["EC2", "LAMBDA"],
        "ignoreServices": ["MULTIPLE_SERVICES"],
        "categories": ["issue", "scheduledChange", "accountNotification"],
        "eventTypeCodes": ["AWS_EC2_*"],
        "ignoreEventTypeCodes": ["*_API_ISSUE"],
        "scopes": ["PUBLIC", "ACCOUNT_SPECIFIC", "NONE"],
        "ignoreEvents": ["arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1"],
        "staleAfter": "100h",
        "quietPeriod": "10m",
        "onIncident": "hold",
        "onUnknown": "pass",
        "onRollback": "check",
        "maxHold": "90s",
        "checkEvery": "0s",
        "retry": "never",
        "retryWithin": "7d",
    });
    assert_eq!(read(None, &text.to_string()), Ok(text));
}

#[test]
fn an_action_changes_the_account_s_policy_key_by_key() {
    let account = Some(
        r#"{"regions": ["us-west-2"], "services": ["EC2"], "onIncident": "hold", "maxHold": "1h"}"#,
    );
    let policy =
        read(account, r#"{"services": ["LAMBDA"], "onIncident": null}"#).expect("a valid policy");
    assert_eq!(
        policy["regions"],
        json!(["us-west-2"]),
        "left out: the account's"
    );
    assert_eq!(policy["services"], json!(["LAMBDA"]), "given: the action's");
    assert_eq!(
        policy["onIncident"],
        json!("fail"),
        "null: the built-in one"
    );
    assert_eq!(policy["maxHold"], json!("1h"));
    let policy = read(account, "eu-central-1").expect("a valid policy");
    assert_eq!(
        (&policy["regions"], &policy["onIncident"]),
        (&json!(["eu-central-1"]), &json!("hold"))
    );
}

#[test]
fn durations_have_one_number_and_one_unit() {
    for (key, text, seconds) in [
        ("maxHold", "1s", Some(1)),
        ("maxHold", "0s", None),
        ("maxHold", "23h", Some(82_800)),
        ("maxHold", "1380m", Some(82_800)),
        ("maxHold", "82801s", None),
        ("maxHold", "1d", None),
        ("staleAfter", "1h", Some(3_600)),
        ("staleAfter", "59m", None),
        ("staleAfter", "10000d", Some(864_000_000)),
        ("staleAfter", "99999999999999999999999d", Some(i64::MAX)),
        ("quietPeriod", "0d", Some(0)),
        ("quietPeriod", "24h", Some(86_400)),
        ("quietPeriod", "1441m", None),
        ("checkEvery", "15m", Some(900)),
        ("checkEvery", "901s", None),
        ("retryWithin", "10m", Some(600)),
        ("retryWithin", "9m", None),
        ("retryWithin", "7d", Some(604_800)),
        ("retryWithin", "8d", None),
    ] {
        let policy = AccountPolicy::default()
            .for_action(Some(&json!({ key: text }).to_string()), &own_region());
        let read = policy.ok().map(|policy| match key {
            "maxHold" => policy.max_hold.duration(),
            "staleAfter" => policy.stale_after.duration(),
            "quietPeriod" => policy.quiet_period.duration(),
            "checkEvery" => policy.check_every.duration(),
            _ => policy.retry_within.duration(),
        });
        assert_eq!(
            read.map(|duration| duration.whole_seconds()),
            seconds,
            "{key} {text}"
        );
    }
    for text in [
        "",
        "4",
        "h",
        "4 h",
        "-4h",
        "+4h",
        "4.5h",
        "1h30m",
        "4H",
        "4w",
        "four hours",
        "٤h",
    ] {
        let error = read(None, &json!({"maxHold": text}).to_string()).expect_err(text);
        assert_eq!(error.code(), "policy.invalid-duration", "{text}");
    }
}

#[test]
fn any_staleness_can_be_compared() {
    let policy = AccountPolicy::default()
        .for_action(Some(r#"{"staleAfter": "200000000000000d"}"#), &own_region());
    let mut event = Event::new("arn", "EC2", "X");
    event.last_updated_time = Some(time::UtcDateTime::MIN);
    let reading = crate::reading::Reading::known(vec![event]);
    let assessment = crate::finding::Assessment::of(
        &policy.expect("a valid policy"),
        &reading,
        time::UtcDateTime::MAX,
    );
    assert!(assessment.stale.is_empty());
}

/// Every rule by which a policy is refused, and what people type at the end of a long day.
#[test]
fn every_refusal_names_the_key_the_value_and_what_is_accepted() {
    let long = format!("us-east-1,{}", "x".repeat(200));
    let groups: [(&str, &[&str]); 13] = [
        ("not an object", &[r#"["us-east-1"]"#, r#""us-east-1""#]),
        (
            "not JSON",
            &[
                r#"{"regions": ["us-east-1"]"#,
                r#"{'regions': ['us-east-1']}"#,
                "{“regions”: [“us-east-1”]}",
                r#"{"regions": ["us-east-1",]}"#,
                r#"{"regions": ["us-east-1"] "onIncident": "hold"}"#,
                r#"{"regions": None}"#,
                r#"{"onIncident": hold}"#,
            ],
        ),
        (
            "unknown key",
            &[
                r#"{"region": ["us-east-1"]}"#,
                r#"{"on_incident": "hold"}"#,
                r#"{"ignoreService": ["EC2"]}"#,
                r#"{"timeout": "4h"}"#,
            ],
        ),
        (
            "repeated key",
            &[r#"{"regions": ["us-east-1"], "regions": null}"#],
        ),
        (
            "wrong type",
            &[
                r#"{"regions": "us-east-1"}"#,
                r#"{"regions": "us-east-1,global"}"#,
                r#"{"regions": ["us-east-1", 7]}"#,
                r#"{"maxHold": 4}"#,
                r#"{"onIncident": true}"#,
                r#"{"quietPeriod": 0}"#,
                r#"{"scopes": {"PUBLIC": true}}"#,
                r#"{"services": [null]}"#,
            ],
        ),
        (
            "empty list",
            &[r#"{"regions": []}"#, r#"{"ignoreServices": []}"#],
        ),
        (
            "region",
            &[
                r#"{"regions": ["us-east-1a"]}"#,
                r#"{"regions": ["US-EAST-1"]}"#,
                "us_east_1",
                "us-east-1;eu-west-1",
                "us-east-1 eu-west-1",
                "virginia",
                "#{variables.regions}",
                &long,
            ],
        ),
        ("comma-separated list", &["us-east-1,,eu-west-1", ","]),
        (
            "service",
            &[
                r#"{"services": ["ec2"]}"#,
                r#"{"services": ["Amazon EC2"]}"#,
                r#"{"services": ["E"]}"#,
            ],
        ),
        (
            "event type code and ARN",
            &[
                r#"{"eventTypeCodes": ["AWS EC2"]}"#,
                r#"{"ignoreEventTypeCodes": [""]}"#,
                r#"{"ignoreEvents": ["AWS_EC2_OPERATIONAL_ISSUE_1"]}"#,
            ],
        ),
        (
            "word",
            &[
                r#"{"onIncident": "block"}"#,
                r#"{"onUnknown": "Hold"}"#,
                r#"{"onIncident": "pass"}"#,
                r#"{"categories": ["investigation"]}"#,
                r#"{"categories": ["issues"]}"#,
                r#"{"scopes": ["public"]}"#,
                r#"{"retry": "no"}"#,
            ],
        ),
        (
            "duration",
            &[
                r#"{"maxHold": "4"}"#,
                r#"{"maxHold": "4 hours"}"#,
                r#"{"maxHold": "1h30m"}"#,
                r#"{"quietPeriod": "10min"}"#,
            ],
        ),
        (
            "range",
            &[
                r#"{"maxHold": "24h"}"#,
                r#"{"staleAfter": "30m"}"#,
                r#"{"checkEvery": "1h"}"#,
                r#"{"retryWithin": "30d"}"#,
            ],
        ),
    ];
    let mut page = Vec::new();
    for (rule, texts) in groups {
        page.push(format!("# {rule}"));
        for text in texts {
            let error = read(None, text).expect_err(text);
            page.push(format!("{text:.60}\n  {}: {error}", error.code()));
        }
    }
    page.push("# in the account's policy".to_owned());
    for account in ["us-east-1", r#"["us-east-1"]"#, r#"{"maxHold": "4"}"#] {
        let error = read(Some(account), "").expect_err(account);
        page.push(format!("{account}\n  {}: {error}", error.code()));
    }
    page.push("# not a string".to_owned());
    let error = PolicyError {
        origin: PolicyOrigin::UserParameters,
        problem: PolicyProblem::NotAString { found: "an object" },
    };
    page.push(format!("  {}: {error}", error.code()));
    assert_snapshot!("refusals", page.join("\n"));
}
