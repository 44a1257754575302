//! When a stopped stage goes on, and when it is left to people.

use time::Duration;

use super::*;
use crate::reading::{UnknownCause, Unread};

#[test]
fn a_stage_goes_on_when_all_its_gates_would_pass() {
    let ireland = ActionExecution {
        user_parameters: Some("eu-west-1".to_owned()),
        ..row(blocked())
    };
    let both = stopped(&[row(blocked()), beside(ireland)]).expect("stopped by the gate");
    let regions: Vec<&Region> = both.policies().flat_map(|policy| &policy.regions).collect();
    assert_eq!(
        regions.iter().map(|r| r.as_str()).collect::<Vec<_>>(),
        ["us-east-1", "eu-west-1"]
    );
    let judged = |reading: &Reading| both.judge(reading, None, NOW);
    let clear = Ok("AWS Health is clear".to_owned());
    assert_eq!(judged(&Reading::known(vec![])), clear);
    assert_eq!(
        judged(&Reading::known(vec![open_issue("ap-south-1")])),
        clear
    );
    for region in ["us-east-1", "eu-west-1"] {
        assert_eq!(
            judged(&Reading::known(vec![open_issue(region)])),
            Err(RetryOutcome::Blocked.because(format!(
                "1 open AWS Health issue in {region} (arn:aws:health:{region}::event/EC2/X/1)"
            )))
        );
    }
}

/// The endpoint that is not active may have missed the newest incident. A person who overrides does not ask.
#[test]
fn only_the_active_endpoint_s_word_or_a_person_s_lets_a_stage_go_on() {
    let stopped = stopped(&[row(blocked())]).expect("stopped by the gate");
    let behind = Reading {
        may_be_behind: true,
        ..Reading::known(vec![])
    };
    let refused = stopped.judge(&behind, None, NOW).expect_err("not clear");
    assert_eq!(refused.outcome, RetryOutcome::Unknown);
    let alice = Override {
        until: NOW + Duration::hours(1),
        by: "alice".to_owned(),
        reason: "INC-42 hotfix".to_owned(),
    };
    for reading in [behind, Reading::known(vec![open_issue("us-east-1")])] {
        assert_eq!(
            stopped.judge(&reading, Some(&alice), NOW),
            Ok("overridden by alice until 2026-11-23 08:00 UTC: INC-42 hotfix".to_owned())
        );
    }
}

#[test]
fn without_regions_the_action_s_own_region_counts() {
    let default = |region: Option<&str>| {
        let row = ActionExecution {
            user_parameters: None,
            region: region.map(str::to_owned),
            ..row(blocked())
        };
        let stopped = stopped(&[row]).expect("stopped by the gate");
        stopped
            .policies()
            .flat_map(|policy| &policy.regions)
            .map(Region::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(default(Some("us-west-2")), ["us-west-2", "global"]);
    assert_eq!(default(None), ["eu-west-1", "global"]);
}

#[test]
fn a_stage_that_people_froze_is_left_alone() {
    let stage = |transition_enabled| StageState {
        transition_enabled,
        ..stage(vec![blocked()])
    };
    let outcome = |stage: &StageState| {
        let found = StoppedStage::of(stage, &[row(blocked())], &rules(), NOW);
        found
            .map(|stop| stop.is_some())
            .map_err(|settled| settled.outcome)
    };
    assert_eq!(outcome(&stage(true)), Ok(true));
    assert_eq!(outcome(&stage(false)), Err(RetryOutcome::Frozen));
}

#[test]
fn a_stop_of_the_day_before_is_left_to_people() {
    let stopped = |hours: i64| blocked_at(Some(NOW - Duration::hours(hours)));
    assert_eq!(outcome(&[stopped(24)]), None);
    assert_eq!(outcome(&[stopped(25)]), Some(RetryOutcome::Expired));
    assert_eq!(
        outcome(&[row(blocked()), beside(stopped(25))]),
        Some(RetryOutcome::Expired)
    );
    assert_eq!(outcome(&[blocked_at(None)]), Some(RetryOutcome::Expired));
}

#[test]
fn a_policy_leaves_stops_to_people_sooner_or_always() {
    let with = |user_parameters: &str, hours| ActionExecution {
        user_parameters: Some(user_parameters.to_owned()),
        ..blocked_at(Some(NOW - Duration::hours(hours)))
    };
    assert_eq!(
        outcome(&[with(r#"{"retry": "never"}"#, 0)]),
        Some(RetryOutcome::Never)
    );
    assert_eq!(
        outcome(&[row(blocked()), beside(with(r#"{"retry": "never"}"#, 0))]),
        Some(RetryOutcome::Never)
    );
    assert_eq!(outcome(&[with(r#"{"retryWithin": "1h"}"#, 1)]), None);
    assert_eq!(
        outcome(&[with(r#"{"retryWithin": "1h"}"#, 2)]),
        Some(RetryOutcome::Expired)
    );
    assert_eq!(outcome(&[with(r#"{"retryWithin": "7d"}"#, 100)]), None);
}

/// A warning or an unread AWS Health lets a job pass, but no stopped stage go on.
#[test]
fn a_pass_that_is_not_clear_is_no_clear_pass() {
    let with = |user_parameters: &str| {
        let row = ActionExecution {
            user_parameters: Some(user_parameters.to_owned()),
            ..row(blocked())
        };
        stopped(&[row]).expect("stopped by the gate")
    };
    let unread = Unread {
        cause: UnknownCause::Throttled,
        detail: String::new(),
    };
    let judged = |policy: &str, reading: &Reading| {
        let settled = with(policy).judge(reading, None, NOW);
        settled.expect_err("not clear").outcome
    };
    assert_eq!(
        judged(
            r#"{"regions": ["us-east-1"], "onIncident": "warn"}"#,
            &Reading::known(vec![open_issue("us-east-1")])
        ),
        RetryOutcome::Blocked
    );
    for policy in [
        r#"{"onUnknown": "pass"}"#,
        r#"{"onUnknown": "hold"}"#,
        "us-east-1",
    ] {
        assert_eq!(
            judged(policy, &Reading::unknown(vec![], unread.clone())),
            RetryOutcome::Unknown,
            "{policy}"
        );
    }
}

/// The newest attempt of each action counts, and all attempts of the gate.
#[test]
fn each_further_retry_waits_longer() {
    let attempt = |number: i64, ago: Duration| ActionExecution {
        attempt: ActionAttempt {
            action_execution_id: format!("attempt {number}"),
            last_status_change: Some(NOW - ago),
            ..blocked()
        },
        action: "HealthGate".to_owned(),
        start_time: Some(NOW - ago - Duration::seconds(30)),
        ..row(blocked())
    };
    let after = |attempts: i64, ago: Duration| {
        // In the order of beginning, which CodePipeline does not promise to be: the newest is found by its time.
        let mut rows: Vec<ActionExecution> = (1..attempts)
            .map(|number| attempt(number, Duration::hours(9) - Duration::minutes(number)))
            .collect();
        rows.push(attempt(attempts, ago));
        // Attempts of others do not count.
        rows.push(beside(ActionExecution {
            attempt: ActionAttempt {
                status: ActionStatus::Succeeded,
                ..blocked()
            },
            ..rows[0].clone()
        }));
        outcome(&rows)
    };
    for (attempts, minutes) in [
        (1, 0),
        (2, 1),
        (3, 2),
        (4, 4),
        (5, 8),
        (6, 16),
        (7, 30),
        (8, 30),
        (200, 30),
    ] {
        let wait = Duration::minutes(minutes);
        assert_eq!(after(attempts, wait), None, "{attempts}");
        if minutes > 0 {
            assert_eq!(
                after(attempts, wait - Duration::SECOND),
                Some(RetryOutcome::Waiting),
                "{attempts}"
            );
        }
    }
    let waits = StoppedStage::of(
        &stage(vec![]),
        &[attempt(2, Duration::ZERO), attempt(1, Duration::minutes(5))],
        &rules(),
        NOW,
    );
    assert_eq!(
        waits,
        Err(RetryOutcome::Waiting.because(
            "the gate has failed 2 times in this execution: not before 2026-11-23T07:01:00Z"
        ))
    );
}

/// A person who asks for a retry does not have to wait, and is whom a policy leaves its stages to; what else failed stays failed.
#[test]
fn a_person_s_word_counts_more_than_waits_and_what_is_left_to_people() {
    let old = NOW - Duration::days(3);
    let never = ActionExecution {
        user_parameters: Some(r#"{"retry": "never"}"#.to_owned()),
        ..row(blocked())
    };
    let expired = blocked_at(Some(old));
    let again = vec![row(blocked()), row(blocked()), row(blocked())];
    let asked_by = |asked_by| RetryRules {
        asked_by,
        ..rules()
    };
    for (rows, outcome) in [
        (vec![never], RetryOutcome::Never),
        (vec![expired], RetryOutcome::Expired),
        (again, RetryOutcome::Waiting),
    ] {
        let of = |asker| StoppedStage::of(&stage(vec![]), &rows, &asked_by(asker), NOW);
        let by_itself = of(Asker::Signal).expect_err("it is left alone");
        assert_eq!(by_itself.outcome, outcome);
        assert!(matches!(of(Asker::Person), Ok(Some(_))), "{outcome:?}");
    }
    let mixed = [
        row(blocked()),
        beside(row(failed("another", "JobFailed", "no"))),
    ];
    let mixed = StoppedStage::of(&stage(vec![]), &mixed, &asked_by(Asker::Person), NOW);
    assert_eq!(
        mixed.expect_err("something else failed").outcome,
        RetryOutcome::Mixed
    );
}
