use time::Duration;
use time::macros::utc_datetime;

use std::collections::BTreeMap;

use super::*;
use crate::event::{Event, EventStatus};
use crate::reading::{UnknownCause, Unread};
use crate::stage::{ActionAttempt, ExecutionType, PipelineExecution};

const NOW: UtcDateTime = utc_datetime!(2026-11-23 07:00:00);

fn gates() -> GateFunctions {
    GateFunctions::from_list(
        "arn:aws:lambda:us-east-1:111122223333:function:pipeline-gate:live, team-*-gate",
    )
}

fn region() -> Region {
    "eu-west-1".parse().expect("a region")
}

/// A failed attempt of a Lambda action.
fn failed(function: &str, code: &str, message: &str) -> ActionAttempt {
    ActionAttempt {
        action_execution_id: format!("attempt of {function}"),
        status: ActionStatus::Failed,
        function: Some(function.to_owned()),
        error_code: Some(code.to_owned()),
        message: Some(message.to_owned()),
    }
}

/// A row of an action of its own.
fn row(attempt: ActionAttempt) -> ActionExecution {
    ActionExecution {
        pipeline_execution_id: "execution".to_owned(),
        output_variables: BTreeMap::new(),
        stage: "Deploy".to_owned(),
        action: format!("action of {}", attempt.action_execution_id),
        attempt,
        user_parameters: Some("us-east-1".to_owned()),
        region: None,
        start_time: None,
        last_update_time: Some(NOW),
    }
}

/// The same row, of another action.
fn beside(row: ActionExecution) -> ActionExecution {
    ActionExecution {
        action: format!("{}, beside it", row.action),
        ..row
    }
}

fn rules() -> RetryRules {
    RetryRules {
        gates: gates(),
        account: AccountPolicy::default(),
        own_region: region(),
        asked_by: Asker::Signal,
    }
}

fn stage(actions: Vec<ActionAttempt>) -> StageState {
    StageState {
        name: "Deploy".to_owned(),
        pipeline_execution_id: "execution".to_owned(),
        status: StageStatus::Failed,
        execution_type: ExecutionType::Standard,
        transition_enabled: true,
        actions,
    }
}

fn blocked() -> ActionAttempt {
    failed(
        "pipeline-gate",
        "JobFailed",
        "health-gate blocked: 1 open AWS Health issue in us-east-1",
    )
}

fn looked_at(rows: &[ActionExecution]) -> Result<Option<StoppedStage>, Settlement> {
    StoppedStage::of(&stage(vec![]), rows, &rules(), NOW)
}

fn stopped(rows: &[ActionExecution]) -> Option<StoppedStage> {
    looked_at(rows).ok().flatten()
}

fn outcome(rows: &[ActionExecution]) -> Option<RetryOutcome> {
    looked_at(rows).err().map(|settled| settled.outcome)
}

fn open_issue(region: &str) -> Event {
    let mut event = Event::new(
        format!("arn:aws:health:{region}::event/EC2/X/1"),
        "EC2",
        "AWS_EC2_OPERATIONAL_ISSUE",
    );
    event.region = Some(region.to_owned());
    event.status = Some(EventStatus::Open);
    event
}

fn is_stop(attempt: ActionAttempt) -> bool {
    let seen = stage(vec![attempt.clone()]).may_be_stopped(&gates());
    let exactly = stopped(&[row(attempt)]).is_some();
    assert_eq!(seen, exactly, "the state and the rows agree");
    exactly
}

#[test]
fn a_stop_of_the_gate_is_known_by_its_marker() {
    for (code, message, expected) in [
        ("JobFailed", "health-gate blocked: 1 open", true),
        ("SystemUnavailable", "health-gate unknown: throttled", true),
        // People who stop an execution do not want it to go on by itself.
        (
            "JobFailed",
            "health-gate blocked: stopped by a person while it was held for 1 open AWS Health issue",
            false,
        ),
        // No support plan yesterday, one today: the marker counts, not the code.
        ("ConfigurationError", "health-gate unknown: no plan", true),
        (
            "ConfigurationError",
            "health-gate invalid: unknown key",
            false,
        ),
        // It timed out or crashed.
        (
            "JobFailed",
            "The AWS Lambda function pipeline-gate failed to return a result.",
            true,
        ),
        (
            "ConfigurationError",
            "The AWS Lambda function pipeline-gate does not exist.",
            false,
        ),
        (
            "PermissionError",
            "not authorized to perform lambda:InvokeFunction",
            false,
        ),
    ] {
        assert_eq!(
            is_stop(failed("pipeline-gate", code, message)),
            expected,
            "{code} {message}"
        );
    }
}

#[test]
fn functions_are_compared_without_arn_and_qualifier() {
    for (function, ours) in [
        ("pipeline-gate", true),
        ("pipeline-gate:live", true),
        (
            "arn:aws:lambda:us-east-1:111122223333:function:pipeline-gate",
            true,
        ),
        (
            "arn:aws:lambda:us-east-1:111122223333:function:pipeline-gate:7",
            true,
        ),
        ("team-checkout-gate", true),
        ("team-gate", false),
        ("my-pipeline-gate", false),
        ("pipeline-gate-2", false),
        ("", false),
    ] {
        assert_eq!(gates().contains(function), ours, "{function}");
    }
}

#[test]
fn a_stage_is_stopped_by_the_gate_only_if_nothing_else_failed_in_it() {
    let deploy = ActionAttempt {
        function: None,
        ..failed("", "JobFailed", "the deployment failed")
    };
    let foreign = failed("smoke-test", "JobFailed", "health-gate blocked: not really");
    let passed = ActionAttempt {
        status: ActionStatus::Succeeded,
        error_code: None,
        message: None,
        ..blocked()
    };
    assert!(stopped(&[row(blocked())]).is_some());
    assert!(stopped(&[row(blocked()), beside(row(passed.clone()))]).is_some());
    assert_eq!(
        looked_at(&[row(blocked()), row(deploy.clone())]),
        Err(RetryOutcome::Mixed
            .because("action action of attempt of  has failed too: the deployment failed"))
    );
    let invalid = failed(
        "team-a-gate",
        "ConfigurationError",
        "health-gate invalid: unknown key",
    );
    assert_eq!(
        outcome(&[row(blocked()), row(invalid.clone())]),
        Some(RetryOutcome::Mixed)
    );
    for rows in [
        vec![row(passed.clone()), row(deploy)],
        vec![row(foreign)],
        vec![row(invalid)],
        vec![row(passed)],
        vec![],
    ] {
        assert_eq!(looked_at(&rows), Ok(None), "{rows:?}");
    }
}

#[test]
fn a_rollback_or_a_stage_that_goes_on_is_not_looked_at() {
    let stopped = stage(vec![blocked()]);
    assert!(stopped.may_be_stopped(&gates()));
    assert!(
        !StageState {
            execution_type: ExecutionType::Rollback,
            ..stopped.clone()
        }
        .may_be_stopped(&gates())
    );
    assert!(
        !StageState {
            status: StageStatus::InProgress,
            ..stopped
        }
        .may_be_stopped(&gates())
    );
}

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
fn a_stage_that_has_changed_is_another_one() {
    let seen = stopped(&[row(blocked())]).expect("stopped by the gate");
    assert!(seen.is_still(&stage(vec![blocked()])));
    let again = ActionAttempt {
        action_execution_id: "another attempt".to_owned(),
        ..blocked()
    };
    assert!(!seen.is_still(&stage(vec![again])));
    assert!(!seen.is_still(&stage(vec![ActionAttempt {
        status: ActionStatus::Succeeded,
        ..blocked()
    }])));
    assert!(!seen.is_still(&StageState {
        status: StageStatus::InProgress,
        ..stage(vec![blocked()])
    }));
    assert!(!seen.is_still(&StageState {
        pipeline_execution_id: "newer".to_owned(),
        ..stage(vec![blocked()])
    }));
    let goes_on = StageState {
        status: StageStatus::InProgress,
        ..stage(vec![blocked()])
    };
    assert!(seen.goes_on(&goes_on));
    assert!(!seen.goes_on(&stage(vec![blocked()])));
    assert!(!seen.goes_on(&StageState {
        pipeline_execution_id: "newer".to_owned(),
        ..goes_on
    }));
}

/// A person has retried all actions: the second gate has not begun anew, and the state says nothing of it.
#[test]
fn a_stage_shows_only_what_has_begun_anew() {
    let second = ActionAttempt {
        action_execution_id: "an earlier attempt".to_owned(),
        ..blocked()
    };
    let seen = stopped(&[row(blocked()), beside(row(second.clone()))]);
    let seen = seen.expect("stopped by two gates");
    assert!(seen.is_still(&stage(vec![blocked(), second.clone()])));
    assert!(seen.is_still(&stage(vec![blocked()])));
    assert!(!seen.is_still(&stage(vec![])));
    let other = ActionAttempt {
        action_execution_id: "another attempt".to_owned(),
        ..second
    };
    assert!(!seen.is_still(&stage(vec![blocked(), other])));
}

/// How a Lambda action that timed out shows is not known: without a code and a text it never answered; and the state
/// may not name its function, but the rows do.
#[test]
fn a_gate_that_never_answered_is_a_stop() {
    let nothing = ActionAttempt {
        error_code: None,
        message: None,
        ..blocked()
    };
    assert!(is_stop(nothing.clone()));
    let nameless = ActionAttempt {
        function: None,
        ..nothing
    };
    assert!(stage(vec![nameless.clone()]).may_be_stopped(&gates()));
    assert_eq!(looked_at(&[row(nameless)]), Ok(None));
}

#[test]
fn an_action_that_may_fail_yet_holds_the_stage() {
    let running = ActionAttempt {
        status: ActionStatus::Other,
        function: None,
        error_code: None,
        message: None,
        ..blocked()
    };
    assert_eq!(
        outcome(&[row(blocked()), beside(row(running))]),
        Some(RetryOutcome::Busy)
    );
}

/// A person has stopped the execution, and retried it later: the stage has failed anew, and by the gate alone.
#[test]
fn an_action_that_a_person_has_abandoned_does_not_hold_the_stage() {
    let abandoned = ActionAttempt {
        status: ActionStatus::Abandoned,
        function: None,
        error_code: None,
        message: None,
        ..blocked()
    };
    assert!(
        looked_at(&[row(blocked()), beside(row(abandoned.clone()))])
            .is_ok_and(|stop| stop.is_some())
    );
    assert_eq!(looked_at(&[row(abandoned)]), Ok(None));
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
    let stopped = |hours: i64| ActionExecution {
        last_update_time: Some(NOW - Duration::hours(hours)),
        ..row(blocked())
    };
    assert_eq!(outcome(&[stopped(24)]), None);
    assert_eq!(outcome(&[stopped(25)]), Some(RetryOutcome::Expired));
    assert_eq!(
        outcome(&[row(blocked()), beside(stopped(25))]),
        Some(RetryOutcome::Expired)
    );
    assert_eq!(
        outcome(&[ActionExecution {
            last_update_time: None,
            ..row(blocked())
        }]),
        Some(RetryOutcome::Expired)
    );
}

#[test]
fn a_policy_leaves_stops_to_people_sooner_or_always() {
    let with = |user_parameters: &str, hours| ActionExecution {
        user_parameters: Some(user_parameters.to_owned()),
        last_update_time: Some(NOW - Duration::hours(hours)),
        ..row(blocked())
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
            ..blocked()
        },
        action: "HealthGate".to_owned(),
        start_time: Some(NOW - ago - Duration::seconds(30)),
        last_update_time: Some(NOW - ago),
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

#[test]
fn an_attempt_that_succeeded_later_is_no_stop() {
    let later = |attempt: ActionAttempt, minutes| ActionExecution {
        action: "HealthGate".to_owned(),
        start_time: Some(NOW + Duration::minutes(minutes)),
        ..row(attempt)
    };
    let passed = ActionAttempt {
        status: ActionStatus::Succeeded,
        ..blocked()
    };
    assert_eq!(
        looked_at(&[later(blocked(), 0), later(passed.clone(), 1)]),
        Ok(None)
    );
    assert_eq!(
        outcome(&[later(passed, 0), later(blocked(), 1)]),
        Some(RetryOutcome::Waiting)
    );
}

/// A pipeline in PARALLEL mode shows no state: its executions and their rows say where it stopped.
#[test]
fn a_failed_execution_says_in_which_stage_it_stopped() {
    let execution = |status| PipelineExecution {
        id: "execution".to_owned(),
        status,
        execution_type: ExecutionType::Standard,
        last_update_time: Some(NOW),
    };
    let built = ActionExecution {
        stage: "Build".to_owned(),
        ..row(ActionAttempt {
            status: ActionStatus::Succeeded,
            ..blocked()
        })
    };
    let rows = [row(blocked()), built.clone()];
    let state = StageState::of_failed_execution(&execution(StageStatus::Failed), &rows);
    let state = state.expect("a stage has failed");
    assert_eq!(state.name, "Deploy");
    assert!(state.may_be_stopped(&gates()));
    let seen = StoppedStage::of(&state, &rows, &rules(), NOW);
    let seen = seen.expect("nothing else failed").expect("a stop");
    assert!(seen.is_still(&state));
    // Retried meanwhile: the list of executions says so before the rows do.
    let retried = StageState::of_failed_execution(&execution(StageStatus::InProgress), &rows);
    assert!(!seen.is_still(&retried.expect("the old attempt still shows")));
    assert_eq!(
        StageState::of_failed_execution(&execution(StageStatus::Failed), &[built]),
        None
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
    let expired = ActionExecution {
        last_update_time: Some(old),
        ..row(blocked())
    };
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
