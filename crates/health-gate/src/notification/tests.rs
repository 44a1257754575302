use insta::{assert_json_snapshot, assert_snapshot};
use time::macros::utc_datetime;
use time::{Duration, UtcDateTime};

use super::*;
use crate::decision::{Case, Circumstances, decide};
use crate::event::{Event, EventStatus};
use crate::finding::Assessment;
use crate::override_tag::Override;
use crate::policy::AccountPolicy;
use crate::reading::{Reading, UnknownCause, Unread};

const NOW: UtcDateTime = utc_datetime!(2026-11-23 09:00:00);

fn event(number: usize, hour: i64) -> Event {
    let mut event = Event::new(
        format!("arn:aws:health:us-east-1::event/EC2/X/{number}"),
        "EC2",
        "AWS_EC2_OPERATIONAL_ISSUE",
    );
    event.region = Some("us-east-1".to_owned());
    event.status = Some(EventStatus::Open);
    event.start_time = Some(utc_datetime!(2026-11-23 00:00:00) + Duration::hours(hour));
    event
}

fn context() -> PipelineContext {
    PipelineContext {
        pipeline: "checkout".to_owned(),
        pipeline_arn: None,
        pipeline_execution_id: Some("execution-1".to_owned()),
        stage: Some("Production".to_owned()),
        action: Some("HealthGate".to_owned()),
    }
}

fn told(
    policy: &str,
    reading: Reading,
    circumstances: &Circumstances,
    hold: Option<HoldState>,
) -> Option<Notification> {
    let own_region = "us-east-1".parse().expect("a region");
    let policy = AccountPolicy::default()
        .for_action(Some(policy), &own_region)
        .expect("a valid policy");
    let Assessment { finding, stale, .. } = Assessment::of(&policy, &reading, NOW);
    let decision = decide(
        Case::Found {
            policy: &policy,
            finding,
            hold: hold.clone(),
        },
        circumstances,
        NOW,
    );
    let report = Report {
        decision: &decision,
        policy: Some(&policy),
        stale: &stale,
        notes: &[],
        checked_at: NOW,
    };
    Notification::of(&report, Some(&context()), hold.as_ref())
}

fn incident() -> Reading {
    Reading::known(vec![event(1, 8)])
}

fn unknown() -> Reading {
    Reading::unknown(
        vec![],
        Unread {
            cause: UnknownCause::Throttled,
            detail: "Rate exceeded".to_owned(),
        },
    )
}

fn chat_of(notification: &Notification) -> Value {
    serde_json::from_str(&notification.chat).expect("JSON")
}

fn thread_of(notification: Option<Notification>) -> String {
    let chat = chat_of(&notification.expect("people are told"));
    chat["metadata"]["threadId"]
        .as_str()
        .expect("a thread")
        .to_owned()
}

#[test]
fn people_are_told_of_failures_holds_and_overrides_and_nothing_else() {
    let none = Circumstances::default();
    let overridden = Override {
        until: NOW + Duration::HOUR,
        by: "alice".to_owned(),
        reason: "INC-42".to_owned(),
    };
    let with_override = Circumstances {
        overridden: Some(overridden),
        ..Circumstances::default()
    };
    let rollback = Circumstances {
        rollback: true,
        ..Circumstances::default()
    };
    let stopping = Circumstances {
        stopping: true,
        ..Circumstances::default()
    };
    let hold = |notified| {
        Some(HoldState {
            notified,
            ..HoldState::begin(NOW - Duration::HOUR)
        })
    };
    let holding = r#"{"onIncident": "hold"}"#;
    let clear = || Reading::known(vec![]);
    let titles = [
        told("", clear(), &none, None),
        told(r#"{"onIncident": "warn"}"#, incident(), &none, None),
        told("", incident(), &rollback, None),
        told(r#"{"onUnknown": "pass"}"#, unknown(), &none, None),
        told("", incident(), &none, None),
        told("", unknown(), &none, None),
        told("", incident(), &with_override, None),
        told(holding, incident(), &none, None),
        told(holding, incident(), &none, hold(false)),
        told(holding, incident(), &none, hold(true)),
        told(holding, clear(), &none, hold(true)),
        told(holding, incident(), &with_override, hold(true)),
        told(holding, incident(), &stopping, hold(true)),
        told(
            r#"{"onIncident": "hold", "maxHold": "10m"}"#,
            incident(),
            &none,
            hold(true),
        ),
    ]
    .map(|notification| {
        notification.map_or_else(|| "-".to_owned(), |notification| notification.subject)
    });
    assert_snapshot!(titles.join("\n"), @"
    -
    -
    -
    -
    Deployment blocked: checkout / Production
    Deployment stopped, AWS Health unread: checkout / Production
    Override used: checkout / Production
    Deployment held: checkout / Production
    Deployment held: checkout / Production
    -
    Hold ended, deployment goes on: checkout / Production
    Hold ended, override used, deployment goes on: checkout / Production
    Hold ended, deployment stopped by a person: checkout / Production
    Hold ran out, deployment blocked: checkout / Production
    ");
}

#[test]
fn a_chat_and_an_e_mail_say_the_same() {
    let notification =
        told("", incident(), &Circumstances::default(), None).expect("people are told");
    assert_snapshot!(notification.text, @"
    Deployment blocked: checkout / Production

    health-gate blocked: 1 open AWS Health issue in us-east-1
    EC2 AWS_EC2_OPERATIONAL_ISSUE in us-east-1, since 2026-11-23 08:00 UTC: https://health.aws.amazon.com/health/home#/account/dashboard/open-issues
    retried automatically until 2026-11-24 09:00 UTC, once AWS Health shows these events as closed; a retry by hand reads AWS Health again
    ");
    assert_json_snapshot!(chat_of(&notification), @r#"
    {
      "content": {
        "description": "health-gate blocked: 1 open AWS Health issue in us-east-1\nEC2 AWS_EC2_OPERATIONAL_ISSUE in us-east-1, since 2026-11-23 08:00 UTC: https://health.aws.amazon.com/health/home#/account/dashboard/open-issues",
        "nextSteps": [
          "retried automatically until 2026-11-24 09:00 UTC, once AWS Health shows these events as closed; a retry by hand reads AWS Health again"
        ],
        "textType": "client-markdown",
        "title": "Deployment blocked: checkout / Production"
      },
      "metadata": {
        "additionalContext": {
          "action": "HealthGate",
          "pipeline": "checkout",
          "pipelineExecutionId": "execution-1",
          "stage": "Production"
        },
        "summary": "Deployment blocked: checkout / Production",
        "threadId": "arn:aws:health:us-east-1::event/EC2/X/1"
      },
      "source": "custom",
      "version": "1.0"
    }
    "#);
}

/// Three hundred pipelines that stop for one incident are one conversation.
#[test]
fn reports_about_one_incident_share_a_thread() {
    let none = Circumstances::default();
    let first = "arn:aws:health:us-east-1::event/EC2/X/1";
    assert_eq!(thread_of(told("", incident(), &none, None)), first);
    let newer = Event {
        last_updated_time: Some(NOW),
        ..event(2, 9)
    };
    assert_eq!(
        thread_of(told(
            "",
            Reading::known(vec![newer, event(1, 8)]),
            &none,
            None
        )),
        first
    );
    assert_eq!(
        thread_of(told("", unknown(), &none, None)),
        "health.throttled"
    );
}

#[test]
fn reports_about_one_hold_share_a_thread() {
    let none = Circumstances::default();
    let hold = HoldState {
        thread: Some("the first".to_owned()),
        ..HoldState::begin(NOW - Duration::HOUR)
    };
    for reading in [
        Reading::known(vec![]),
        Reading::known(vec![event(2, 1)]),
        unknown(),
    ] {
        let notification = told(
            r#"{"onIncident": "hold"}"#,
            reading,
            &none,
            Some(hold.clone()),
        );
        assert_eq!(thread_of(notification), "the first");
    }
}

#[test]
fn every_limit_holds_and_nothing_becomes_a_mention() {
    let service = format!("<!channel> *b* ~s~ [a](http://x) {}", "ü".repeat(5_000));
    let reading = Reading::known(
        (0..60)
            .map(|n| Event {
                service: Some(service.clone()),
                ..event(n, 1)
            })
            .collect(),
    );
    let mut context = context();
    context.pipeline = "<@everyone> *ünï* ~x~ [a](b)\u{202e}".repeat(20);
    let own_region = "us-east-1".parse().expect("a region");
    let policy = AccountPolicy::default()
        .for_action(None, &own_region)
        .expect("a valid policy");
    let Assessment { finding, stale, .. } = Assessment::of(&policy, &reading, NOW);
    let decision = decide(
        Case::Found {
            policy: &policy,
            finding,
            hold: None,
        },
        &Circumstances::default(),
        NOW,
    );
    let report = Report {
        decision: &decision,
        policy: Some(&policy),
        stale: &stale,
        notes: &[],
        checked_at: NOW,
    };
    let notification = Notification::of(&report, Some(&context), None).expect("people are told");
    assert!(
        notification.subject.len() < 100
            && notification
                .subject
                .bytes()
                .all(|b| (b' '..=b'~').contains(&b))
    );
    let chat = chat_of(&notification);
    for (member, most) in [("title", 250), ("description", 8_000)] {
        let text = chat["content"][member].as_str().expect("a text");
        assert!(!text.is_empty() && text.len() <= most, "{member}");
        for mark_up in ["<", ">", "*", "~", "](", "\u{202e}"] {
            assert!(!text.contains(mark_up), "{member}: {text}");
        }
    }
    assert!(
        chat["content"]["nextSteps"][0]
            .as_str()
            .expect("a step")
            .len()
            <= 350
    );
    assert!(
        chat["content"]["description"]
            .as_str()
            .expect("a text")
            .lines()
            .count()
            <= 12
    );
}

/// Ten incidents are listed, and of more the others counted.
#[test]
fn what_is_not_listed_is_counted() {
    let text = |count| {
        let events = (1..=count).map(|number| event(number, 8)).collect();
        let told = told("", Reading::known(events), &Circumstances::default(), None);
        told.expect("people are told").text
    };
    assert!(!text(10).contains("and 1 more") && !text(10).contains("and 0 more"));
    assert!(text(11).contains("and 1 more"), "{}", text(11));
    assert!(text(12).contains("and 2 more"), "{}", text(12));
}

#[test]
fn a_defect_of_the_gate_is_told_as_one() {
    let internal = Unread {
        cause: UnknownCause::Internal,
        detail: "index out of bounds".to_owned(),
    };
    let reading = Reading::unknown(vec![], internal);
    let told = told("", reading, &Circumstances::default(), None).expect("people are told");
    assert_eq!(
        told.subject,
        "Deployment stopped, the gate itself failed: checkout / Production"
    );
}
