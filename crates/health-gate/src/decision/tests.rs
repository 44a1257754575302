mod property;

use time::Duration;
use time::UtcDateTime;
use time::macros::utc_datetime;

use super::*;
use crate::event::{Event, EventCategory, EventStatus};
use crate::finding::Assessment;
use crate::policy::{AccountPolicy, PolicyOrigin, PolicyProblem};
use crate::reading::Reading;

const NOW: UtcDateTime = utc_datetime!(2026-11-23 07:00:00);

fn policy(user_parameters: &str) -> Policy {
    let own_region = "us-east-1".parse().expect("a region");
    AccountPolicy::default()
        .for_action(Some(user_parameters), &own_region)
        .expect("a valid policy")
}

fn open_issue() -> Event {
    let mut event = Event::new(
        "arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/1",
        "EC2",
        "AWS_EC2_OPERATIONAL_ISSUE",
    );
    event.category = Some(EventCategory::Issue);
    event.region = Some("us-east-1".to_owned());
    event.status = Some(EventStatus::Open);
    event
}

/// A hold that has run out fails, whatever could be read and whatever the policy says of what could
/// not.
#[test]
fn run_out_hold_fails_whatever_on_unknown_says() {
    for on_unknown in ["pass", "hold", "fail"] {
        let policy = policy(&format!(r#"{{"onUnknown": "{on_unknown}"}}"#));
        let case = |since| Case::Found {
            policy: &policy,
            finding: Finding::Unknown(unread(UnknownCause::Throttled)),
            hold: Some(HoldState::begin(since)),
        };
        let decide = |since| decide(case(since), &Circumstances::default(), NOW);
        assert!(decide(NOW - Duration::hours(3)).holds(), "{on_unknown}");
        let Decision::Fail(fail) = decide(NOW - Duration::hours(4)) else {
            panic!("{on_unknown}: a hold that has run out goes on");
        };
        assert!(
            matches!(fail.ending, Some(Ending::RanOut(_))),
            "{on_unknown}"
        );
    }
}

/// A policy that nobody can read, and a token that no gate has written.
#[test]
fn what_is_invalid_keeps_its_reason_code_and_never_passes() {
    let policy =
        AccountPolicy::default().for_action(Some("[]"), &"us-east-1".parse().expect("a region"));
    let policy = policy.expect_err("a list is none");
    let token = HoldState::read("next", NOW).expect_err("no token");
    let codes = [policy.code(), token.code()];
    let invalid = [Invalid::Policy(policy), Invalid::Token(token)];
    assert_eq!(invalid.each_ref().map(Invalid::code), codes);
    for invalid in invalid {
        let decision = decide(Case::Invalid(invalid), &Circumstances::default(), NOW);
        assert!(!decision.passes() && !decision.holds(), "{decision:?}");
    }
}

#[test]
fn a_decision_passes_holds_or_fails() {
    for (policy, passes, holds) in [
        (r#"{"onIncident": "warn"}"#, true, false),
        (r#"{"onIncident": "hold"}"#, false, true),
        ("", false, false),
    ] {
        let policy = &self::policy(policy);
        let finding = Assessment::of(policy, &Reading::known(vec![open_issue()]), NOW).finding;
        let case = Case::Found {
            policy,
            finding,
            hold: None,
        };
        let decision = decide(case, &Circumstances::default(), NOW);
        assert_eq!(
            (decision.passes(), decision.holds()),
            (passes, holds),
            "{decision:?}"
        );
    }
}

fn unread(cause: UnknownCause) -> Unread {
    Unread {
        cause,
        detail: String::new(),
    }
}

fn incident() -> Finding {
    Assessment::of(&policy(""), &Reading::known(vec![open_issue()]), NOW).finding
}

fn partial_incident() -> Finding {
    Assessment::of(
        &policy(""),
        &Reading::unknown(vec![open_issue()], unread(UnknownCause::Throttled)),
        NOW,
    )
    .finding
}

fn unknown(cause: UnknownCause) -> Finding {
    Finding::Unknown(unread(cause))
}

fn overridden() -> Override {
    Override {
        until: utc_datetime!(2026-11-23 18:00:00),
        by: "alice".to_owned(),
        reason: "INC-42".to_owned(),
    }
}

fn held_for(duration: Duration) -> Option<HoldState> {
    Some(HoldState::begin(NOW - duration))
}

/// The decision in a word or two.
fn word(decision: &Decision) -> &'static str {
    match decision {
        Decision::Pass(Pass::Clear) => "pass clear",
        Decision::Pass(Pass::Overridden(..)) => "pass overridden",
        Decision::Pass(Pass::Rollback(_)) => "pass rollback",
        Decision::Pass(Pass::Warned(_)) => "pass warned",
        Decision::Pass(Pass::Unknown(_)) => "pass unknown",
        Decision::Hold(_) => "hold",
        Decision::Fail(Fail {
            ending: Some(Ending::RanOut(_)),
            ..
        }) => "fail, ran out",
        Decision::Fail(Fail {
            ending: Some(Ending::Stopped),
            ..
        }) => "fail, stopped",
        Decision::Fail(Fail {
            ending: None,
            obstacle,
            ..
        }) => match obstacle {
            Obstacle::Incident(_) => "fail blocked",
            Obstacle::Unknown(_) => "fail unknown",
            Obstacle::Invalid(_) => "fail invalid",
        },
    }
}

fn check(
    user_parameters: &str,
    finding: Finding,
    hold: Option<HoldState>,
    circumstances: &Circumstances,
    expected: &str,
) {
    let policy = policy(user_parameters);
    let case = Case::Found {
        policy: &policy,
        finding: finding.clone(),
        hold,
    };
    let decision = decide(case, circumstances, NOW);
    assert_eq!(
        word(&decision),
        expected,
        "{user_parameters} {finding:?} {circumstances:?}"
    );
}

const WARN: &str = r#"{"onIncident": "warn"}"#;
const HOLD: &str = r#"{"onIncident": "hold"}"#;
const HOLD_UNKNOWN: &str = r#"{"onUnknown": "hold"}"#;
const PASS_UNKNOWN: &str = r#"{"onUnknown": "pass"}"#;

#[test]
fn the_table_holds_row_by_row() {
    use UnknownCause::{
        AccessDenied, NoSupportPlan, Throttled, TimedOut, TooManyPages, Unavailable,
    };
    let none = &Circumstances::default();
    let with_override = &Circumstances {
        overridden: Some(overridden()),
        ..Circumstances::default()
    };
    let rollback = &Circumstances {
        rollback: true,
        ..Circumstances::default()
    };
    let stopping = &Circumstances {
        stopping: true,
        ..Circumstances::default()
    };
    let both = &Circumstances {
        overridden: Some(overridden()),
        rollback: true,
        stopping: true,
    };

    check("", Finding::Clear, None, none, "pass clear");
    check(
        HOLD,
        Finding::Clear,
        held_for(Duration::HOUR),
        stopping,
        "pass clear",
    );

    check("", incident(), None, with_override, "pass overridden");
    check(
        "",
        unknown(NoSupportPlan),
        None,
        with_override,
        "pass overridden",
    );
    check(
        HOLD,
        incident(),
        held_for(Duration::DAY),
        both,
        "pass overridden",
    );

    check("", incident(), None, rollback, "pass rollback");
    check("", unknown(Throttled), None, rollback, "pass rollback");
    check(
        r#"{"onRollback": "check"}"#,
        incident(),
        None,
        rollback,
        "fail blocked",
    );

    check(WARN, incident(), None, none, "pass warned");
    check(HOLD, incident(), None, none, "hold");
    check(HOLD, incident(), held_for(Duration::hours(3)), none, "hold");
    check(
        HOLD,
        incident(),
        held_for(Duration::hours(4)),
        none,
        "fail, ran out",
    );
    check(HOLD, incident(), None, stopping, "fail, stopped");
    check("", incident(), None, stopping, "fail, stopped");
    check("", incident(), None, none, "fail blocked");
    check(
        "",
        incident(),
        held_for(Duration::HOUR),
        none,
        "fail blocked",
    );

    for cause in [Throttled, AccessDenied] {
        check("", unknown(cause), held_for(Duration::HOUR), none, "hold");
        check(
            "",
            unknown(cause),
            held_for(Duration::hours(4)),
            none,
            "fail, ran out",
        );
        check(
            PASS_UNKNOWN,
            unknown(cause),
            held_for(Duration::HOUR),
            none,
            "hold",
        );
        check(PASS_UNKNOWN, unknown(cause), None, none, "pass unknown");
    }
    for cause in [Throttled, Unavailable, TimedOut, TooManyPages] {
        check(HOLD_UNKNOWN, unknown(cause), None, none, "hold");
        check(HOLD, unknown(cause), None, none, "fail unknown");
        check("", unknown(cause), None, none, "fail unknown");
    }
    for cause in [NoSupportPlan, AccessDenied] {
        check(HOLD_UNKNOWN, unknown(cause), None, none, "fail unknown");
    }
}

#[test]
fn an_incident_of_an_incomplete_reading_is_one_and_a_warning_does_not_hide_the_rest() {
    let none = &Circumstances::default();
    check("", partial_incident(), None, none, "fail blocked");
    check(HOLD, partial_incident(), None, none, "hold");
    check(WARN, partial_incident(), None, none, "fail unknown");
    check(
        r#"{"onIncident": "warn", "onUnknown": "hold"}"#,
        partial_incident(),
        None,
        none,
        "hold",
    );
    check(
        r#"{"onIncident": "warn", "onUnknown": "pass"}"#,
        partial_incident(),
        None,
        none,
        "pass warned",
    );
}

#[test]
fn what_cannot_be_read_of_the_job_fails_unless_a_person_says_so() {
    let problem = PolicyProblem::EmptyItem {
        value: "`,`".to_owned(),
    };
    let policy_error = PolicyError {
        origin: PolicyOrigin::UserParameters,
        problem,
    };
    for invalid in [
        Invalid::from(policy_error),
        Invalid::from(TokenError::Version(2)),
    ] {
        let decided = |circumstances: &Circumstances| {
            word(&decide(Case::Invalid(invalid.clone()), circumstances, NOW))
        };
        assert_eq!(decided(&Circumstances::default()), "fail invalid");
        assert_eq!(
            decided(&Circumstances {
                rollback: true,
                ..Circumstances::default()
            }),
            "fail invalid"
        );
        assert_eq!(
            decided(&Circumstances {
                stopping: true,
                ..Circumstances::default()
            }),
            "fail, stopped"
        );
        assert_eq!(
            decided(&Circumstances {
                overridden: Some(overridden()),
                ..Circumstances::default()
            }),
            "pass overridden"
        );
    }
}

#[test]
fn a_hold_keeps_its_beginning_and_remembers_the_reading() {
    let policy = policy(HOLD);
    let hold = HoldState {
        notified: true,
        thread: Some("first".to_owned()),
        ..HoldState::begin(NOW - Duration::HOUR)
    };
    let case = Case::Found {
        policy: &policy,
        finding: incident(),
        hold: Some(hold.clone()),
    };
    let Decision::Hold(held) = decide(case, &Circumstances::default(), NOW) else {
        panic!("expected a hold")
    };
    assert_eq!(
        held.state,
        HoldState {
            last_reading: NOW,
            ..hold
        }
    );
    assert_eq!(held.until, NOW + Duration::hours(3));
}
