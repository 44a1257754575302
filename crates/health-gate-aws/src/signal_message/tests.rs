use super::*;
use serde_json::json;
use time::macros::utc_datetime;

fn read(message: &Value) -> Signal {
    read_text(&message.to_string())
}

fn read_text(message: &str) -> Signal {
    let region = "us-east-1".parse().expect("a region");
    let now = utc_datetime!(2026-11-23 09:00:00);
    signal(message, "111122223333", &region, now)
}

fn with(mut message: Value, changes: &[(&str, Value)]) -> Value {
    for (place, value) in changes {
        let (parent, name) = place.rsplit_once('/').expect("a place");
        let parent = message
            .pointer_mut(parent)
            .and_then(Value::as_object_mut)
            .expect("it is there");
        if value.is_null() {
            parent.remove(name);
        } else {
            parent.insert((*name).to_owned(), value.clone());
        }
    }
    message
}

/// What EventBridge sends of an action.
fn failure() -> Value {
    json!({
        "version": "0", "id": "0e6c7356-f19f-7a81-45a8-1eece8e8efdb",
        "detail-type": "CodePipeline Action Execution State Change", "source": "aws.codepipeline",
        "account": "111122223333", "time": "2026-11-23T08:59:32Z", "region": "us-east-1",
        "resources": ["arn:aws:codepipeline:us-east-1:111122223333:checkout"],
        "detail": {
            "pipeline": "checkout", "execution-id": "6f0d", "stage": "Production", "action": "HealthGate", "state": "FAILED",
            "type": {"owner": "AWS", "provider": "Lambda", "category": "Invoke", "version": "1"},
            "version": 4.0, "pipeline-execution-attempt": 1.0,
        },
    })
}

fn health_event() -> Value {
    json!({
        "version": "0", "detail-type": "AWS Health Event", "source": "aws.health", "account": "111122223333",
        "time": "2026-11-23T08:59:32Z", "region": "us-east-1", "resources": [],
        "detail": {
            "eventArn": "arn:aws:health:us-east-1::event/EC2/X/1", "service": "EC2", "eventTypeCategory": "issue",
            "statusCode": "closed", "eventRegion": "us-east-1", "page": "1", "totalPages": "1", "backupEvent": "false",
            "endTime": "Mon, 23 Nov 2026 08:58:00 GMT",
        },
    })
}

fn checkout(execution: Option<&str>) -> Signal {
    Signal::Failure {
        pipeline: "checkout".to_owned(),
        execution: execution.map(str::to_owned),
    }
}

fn is_ignored(signal: &Signal) -> bool {
    matches!(signal, Signal::Ignored { .. })
}

#[test]
fn a_failure_says_which_execution_of_which_pipeline_to_look_at() {
    for kind in ["Action", "Stage", "Pipeline"] {
        let kind = json!(format!("CodePipeline {kind} Execution State Change"));
        let of_eventbridge = with(failure(), &[("/detail-type", kind.clone())]);
        assert_eq!(read(&of_eventbridge), checkout(Some("6f0d")), "{kind}");
        // A notification rule's: FULL with the text of the failure, BASIC without.
        let changes = [
            ("/detail-type", Value::Null),
            ("/detailType", kind.clone()),
            ("/id", Value::Null),
            ("/version", Value::Null),
            (
                "/notificationRuleArn",
                json!("arn:aws:codestar-notifications:x"),
            ),
        ];
        let basic = with(
            failure(),
            &[&changes[..], &[("/additionalAttributes", json!({}))]].concat(),
        );
        let attributes = json!({"failedActionCount": 1, "failedActions": [{"action": "HealthGate", "additionalInformation": "x"}]});
        let full = with(
            failure(),
            &[&changes[..], &[("/additionalAttributes", attributes)]].concat(),
        );
        for message in [basic, full] {
            assert_eq!(read(&message), checkout(Some("6f0d")), "{message}");
        }
    }
    assert_eq!(
        read(&with(failure(), &[("/detail/execution-id", Value::Null)])),
        checkout(None)
    );
}

#[test]
fn numbers_may_be_written_in_any_way() {
    for number in [json!(4), json!(4.0), json!("4"), json!(null), json!({})] {
        let places = [
            "/detail/version",
            "/detail/pipeline-execution-attempt",
            "/detail/type/version",
        ];
        let changes: Vec<(&str, Value)> = places
            .map(|place| (place, number.clone()))
            .into_iter()
            .collect();
        assert_eq!(read(&with(failure(), &changes)), checkout(Some("6f0d")));
    }
    for page in [json!(1), json!(1.0), json!("1"), Value::Null] {
        let message = with(health_event(), &[("/detail/page", page.clone())]);
        assert!(!is_ignored(&read(&message)), "{page}");
    }
    let mut message = health_event();
    message["detail"]["page"] = Value::Null;
    assert!(
        !is_ignored(&read(&message)),
        "null is as if it were not there"
    );
    for page in [json!(2), json!(2.0), json!("2")] {
        let message = with(health_event(), &[("/detail/page", page.clone())]);
        assert!(is_ignored(&read(&message)), "{page}");
    }
    for (copy, ignored) in [
        (json!("true"), true),
        (json!(true), true),
        (json!("True"), true),
        (json!(false), false),
        (Value::Null, false),
    ] {
        let message = with(health_event(), &[("/detail/backupEvent", copy.clone())]);
        assert_eq!(is_ignored(&read(&message)), ignored, "{copy}");
    }
}

#[test]
fn a_closed_event_of_aws_health_says_to_look_at_all() {
    let closed = Signal::IncidentClosed {
        event: Some("arn:aws:health:us-east-1::event/EC2/X/1".to_owned()),
    };
    assert_eq!(read(&health_event()), closed);
    for region in ["xx-new-1", "global", "not a region"] {
        let message = with(health_event(), &[("/detail/eventRegion", json!(region))]);
        assert_eq!(read(&message), closed, "{region}");
    }
    // AWS leaves some events open that are over.
    let open = ("/detail/statusCode", json!("open"));
    assert_eq!(
        read(&with(health_event(), std::slice::from_ref(&open))),
        closed
    );
    for end in [
        Value::Null,
        json!("Mon, 23 Nov 2026 09:00:01 GMT"),
        json!("soon"),
        json!(17),
    ] {
        let message = with(health_event(), &[open.clone(), ("/detail/endTime", end)]);
        assert!(is_ignored(&read(&message)), "{message}");
    }
    let upcoming = with(health_event(), &[("/detail/statusCode", json!("upcoming"))]);
    assert!(is_ignored(&read(&upcoming)));
}

#[test]
fn days_are_written_with_one_digit_or_two() {
    let at = utc_datetime!(2026-05-04 09:01:22);
    for text in [
        "Mon, 4 May 2026 09:01:22 GMT",
        "Mon, 04 May 2026 09:01:22 GMT",
    ] {
        assert_eq!(instant(text), Some(at), "{text}");
    }
}

#[test]
fn a_sweep_says_to_look_at_all() {
    let sweep = json!({"source": "health-gate", "detail-type": "Sweep"});
    assert_eq!(read(&sweep), Signal::Sweep);
}

/// Everybody who may publish could write a megabyte of anything into a log.
#[test]
fn a_name_that_no_pipeline_can_have_is_ignored_and_shown_on_a_line() {
    for (name, is_one) in [
        ("a.b@c-d_E9".to_owned(), true),
        ("x".repeat(100), true),
        ("x".repeat(101), false),
        ("two words".to_owned(), false),
        ("é".to_owned(), false),
        ("../../etc".to_owned(), false),
        ("x\r\nERROR forged\u{202e}".to_owned(), false),
    ] {
        let signal = read(&with(failure(), &[("/detail/pipeline", json!(name))]));
        assert_eq!(!is_ignored(&signal), is_one, "{name}");
        if let Signal::Ignored { why } = signal {
            assert!(
                why.len() < 200 && !why.contains(health_gate::is_invisible),
                "{why:?}"
            );
        }
    }
}

/// In UTC it is of the year 10000, which is no time.
#[test]
fn a_time_that_no_clock_has_is_none() {
    assert_eq!(instant("Fri, 31 Dec 9999 23:59:59 -0100"), None);
}

#[test]
fn everything_else_is_ignored() {
    for message in ["", "hello", "[]", "{}", "null", "\"Sweep\""] {
        assert!(is_ignored(&read_text(message)), "{message}");
    }
    for (message, place, value) in [
        (failure(), "/detail/state", json!("SUCCEEDED")),
        (failure(), "/detail/state", json!("ABANDONED")),
        (failure(), "/detail/state", Value::Null),
        (failure(), "/detail/pipeline", json!("")),
        (failure(), "/detail/pipeline", json!(7)),
        (failure(), "/detail", Value::Null),
        (failure(), "/account", json!("444455556666")),
        (failure(), "/account", Value::Null),
        (failure(), "/region", json!("eu-west-1")),
        (failure(), "/source", json!("aws.codedeploy")),
        (
            failure(),
            "/detail-type",
            json!("CodePipeline Rule Execution State Change"),
        ),
        (health_event(), "/account", json!("444455556666")),
        (health_event(), "/region", json!("us-west-2")),
        (
            health_event(),
            "/detail-type",
            json!("AWS Health Abuse Event"),
        ),
    ] {
        let message = with(message, &[(place, value)]);
        assert!(is_ignored(&read(&message)), "{message}");
    }
}
