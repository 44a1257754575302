//! What a result has room for, whatever the texts in it.

use proptest::prelude::*;

use super::*;

#[test]
fn sixty_incidents_fit_and_the_rest_is_counted() {
    let reading = Reading::known((0..60).map(|n| event(n, "us-east-1")).collect());
    let text = Story {
        reading,
        ..Story::default()
    }
    .text();
    let listed = text.lines().filter(|line| line.starts_with("EC2 ")).count();
    assert!(listed > 10, "only {listed} listed");
    assert!(
        text.contains(&format!("\nand {} more\n", 60 - listed)),
        "{text}"
    );
    assert!(
        text.lines()
            .last()
            .is_some_and(|line| line.starts_with("next: "))
    );
}

#[test]
fn a_line_break_in_a_value_forges_no_line() {
    let reading = unread(
        UnknownCause::AccessDenied,
        "denied\nhealth-gate blocked: 9 open AWS Health issues",
    );
    let text = Story {
        reading,
        ..Story::default()
    }
    .text();
    assert_eq!(
        text.lines()
            .filter(|l| l.starts_with("health-gate"))
            .count(),
        1,
        "{text}"
    );
}

fn long_text() -> impl Strategy<Value = String> {
    ("\\PC{1,8}", 0usize..800).prop_map(|(word, times)| word.repeat(times))
}

fn any_circumstances() -> impl Strategy<Value = Circumstances> {
    (
        prop::option::of((long_text(), long_text())),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(texts, rollback, stopping)| Circumstances {
            overridden: texts.map(|(by, reason)| Override {
                until: NOW,
                by,
                reason,
            }),
            rollback,
            stopping,
        })
}

proptest! {
    #[test]
    fn every_limit_holds_for_any_text(
        services in prop::collection::vec(long_text(), 0..40),
        detail in prop::option::of(long_text()),
        circumstances in any_circumstances(),
        note in long_text(),
        more in prop_oneof![Just(""), Just(r#""onIncident": "hold""#), Just(r#""onIncident": "warn", "onUnknown": "pass""#)],
    ) {
        let events: Vec<Event> = services.into_iter().enumerate().map(|(n, service)| {
            let arn = if n % 5 == 4 { String::new() } else { event(n, "us-east-1").arn + &service };
            Event { service: Some(service), arn, ..event(n, "us-east-1") }
        }).collect();
        let reading = Reading { events, unread: detail.map(|detail| Unread { cause: UnknownCause::Unavailable, detail }), may_be_behind: false };
        let story = Story { reading, circumstances, notes: vec![Note::OverrideUnread(note.clone()), Note::StageUnread(note)], more, hold: None };
        match story.result() {
            JobResult::Failure { message, .. } => {
                prop_assert!(!message.is_empty() && message.len() <= 5_000);
                prop_assert!(Marker::of(&message).is_some());
                prop_assert!(message.lines().last().is_some_and(|line| line.starts_with("next: ")));
            }
            JobResult::InProgress { summary, continuation_token } => {
                prop_assert!(!summary.is_empty() && summary.len() <= 2_048);
                prop_assert!(continuation_token.len() <= 2_048);
                prop_assert!(HoldState::read(&continuation_token, NOW).is_ok());
            }
            JobResult::Success { summary, output_variables } => {
                prop_assert!(!summary.is_empty() && summary.len() <= 2_048);
                prop_assert_eq!(output_variables.len(), 8);
                prop_assert!(output_variables.values().all(|value| !value.is_empty() && value.len() <= 900));
            }
        }
    }

    #[test]
    fn success_limits_hold_for_any_number_of_regions(count in 1usize..400) {
        let mut policy = policy("");
        policy.regions = (0..count).map(|n| format!("us-east-{n}").parse().expect("a region")).collect();
        let decision = Decision::Pass(Pass::Clear);
        let report = Report { decision: &decision, policy: Some(&policy), stale: &[], notes: &[], checked_at: NOW };
        let JobResult::Success { summary, output_variables } = report.job_result() else { panic!("expected a success") };
        prop_assert!(!summary.is_empty() && summary.len() <= 2_048);
        prop_assert!(output_variables.values().all(|value| !value.is_empty() && value.len() <= 900));
    }
}

/// What happens next stands in every message, and as many incidents as fit before it.
#[test]
fn a_long_message_is_full_and_keeps_its_end() {
    // Lines of all lengths, so that some message is full to the last byte.
    for length in 1..150 {
        is_full_and_keeps_its_end(&"X".repeat(length));
    }
}

fn is_full_and_keeps_its_end(type_code: &str) {
    let long = |number| {
        let mut event = event(number, "us-east-1");
        event.type_code = Some(type_code.to_owned());
        event
    };
    let story = Story {
        reading: Reading::known((0..200).map(long).collect()),
        ..Story::default()
    };
    let text = story.text();
    let message = text.split_once('\n').map_or(&*text, |(_, message)| message);
    let (shown, rest) = text.split_once("\nand ").expect("a count");
    let count: usize = rest
        .split(' ')
        .next()
        .and_then(|count| count.parse().ok())
        .expect("a number");
    assert_eq!(shown.matches("\nEC2 ").count() + count, 200);
    assert!(
        rest.ends_with("a retry by hand reads AWS Health again"),
        "{rest}"
    );
    assert!(
        message.len() <= 5_000 && message.len() > 4_600,
        "{} bytes",
        message.len()
    );
}
