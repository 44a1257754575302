//! By what a release is known: its reason codes and its markers.

use super::*;
use crate::decision::Ending;
use crate::finding::Finding;

/// By these, logs and alarms tell decisions apart: they are kept.
#[test]
fn each_decision_has_its_reason_code() {
    let clear = Reading::known(vec![]);
    let throttled = unread(UnknownCause::Throttled, "");
    let rollback = Circumstances {
        rollback: true,
        ..Circumstances::default()
    };
    let stories = [
        ("", clear, Circumstances::default(), "health.clear"),
        (
            "",
            throttled.clone(),
            Circumstances::default(),
            "health.throttled",
        ),
        (
            r#""onUnknown": "pass""#,
            throttled.clone(),
            Circumstances::default(),
            "health.throttled",
        ),
        ("", throttled, overridden(), "override.active"),
        ("", Story::default().reading, rollback, "rollback"),
        (
            "",
            Story::default().reading,
            Circumstances::default(),
            "health.incident",
        ),
        (
            r#""onIncident": "warn""#,
            Story::default().reading,
            Circumstances::default(),
            "health.incident",
        ),
        (
            r#""onIncident": "hold""#,
            Story::default().reading,
            Circumstances::default(),
            "health.incident",
        ),
    ];
    for (more, reading, circumstances, reason) in stories {
        let story = Story {
            more,
            reading,
            circumstances,
            ..Story::default()
        };
        assert_eq!(story.told(|report| report.reason()), reason, "{more}");
    }
}

/// stage-retry knows a release by its markers: those of every released version are kept here.
#[test]
fn the_markers_of_every_released_version_are_known() {
    for (message, marker, stopped) in [
        (
            "health-gate blocked: 1 open AWS Health issue in us-east-1",
            Some(Marker::Blocked),
            false,
        ),
        (
            "health-gate unknown: AWS Health throttled the gate",
            Some(Marker::Unknown),
            false,
        ),
        (
            "health-gate invalid: unknown key in UserParameters",
            Some(Marker::Invalid),
            false,
        ),
        (
            "health-gate blocked: stopped by a person while it was held for 1 open",
            Some(Marker::Blocked),
            true,
        ),
        (
            "health-gate unknown: stopped by a person while it was held for",
            Some(Marker::Unknown),
            true,
        ),
        ("the deployment was stopped by a person", None, false),
    ] {
        assert_eq!(
            (Marker::of(message), Marker::is_stopped_by_a_person(message)),
            (marker, stopped),
            "{message}"
        );
    }
}

/// The end of a hold keeps its marker, whatever it waited for.
#[test]
fn a_stopped_hold_is_known_by_its_message() {
    let policy = policy(r#""onUnknown": "hold""#);
    let unread = Unread {
        cause: UnknownCause::TimedOut,
        detail: String::new(),
    };
    let circumstances = Circumstances {
        stopping: true,
        ..Circumstances::default()
    };
    let case = Case::Found {
        policy: &policy,
        finding: Finding::Unknown(unread),
        hold: None,
    };
    let decision = decide(case, &circumstances, NOW);
    assert!(matches!(
        &decision,
        Decision::Fail(Fail {
            ending: Some(Ending::Stopped),
            ..
        })
    ));
    let report = Report {
        decision: &decision,
        policy: Some(&policy),
        stale: &[],
        notes: &[],
        checked_at: NOW,
    };
    assert!(
        Marker::is_stopped_by_a_person(&report.headline()),
        "{}",
        report.headline()
    );
}
