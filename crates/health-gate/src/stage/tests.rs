use time::Duration;
use time::macros::utc_datetime;

use super::*;
use crate::event::{Event, EventStatus};
use crate::reading::{UnknownCause, Unread};

const NOW: UtcDateTime = utc_datetime!(2026-11-23 07:00:00);

fn gates() -> GateFunctions {
    GateFunctions::from_list("pipeline-gate, team-*-gate")
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

fn row(attempt: ActionAttempt) -> ActionExecution {
    ActionExecution {
        attempt,
        user_parameters: Some("us-east-1".to_owned()),
        region: None,
        last_update_time: Some(NOW),
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

fn stopped(rows: &[ActionExecution]) -> Option<StoppedStage> {
    StoppedStage::of(
        &stage(vec![]),
        rows,
        &gates(),
        &AccountPolicy::default(),
        &region(),
        NOW,
    )
    .ok()
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

#[test]
fn a_stop_of_the_gate_is_known_by_its_marker() {
    for (code, message, is_stop) in [
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
            failed("pipeline-gate", code, message).is_stop(&gates()),
            is_stop,
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
    assert!(stopped(&[row(blocked()), row(passed.clone())]).is_some());
    assert!(stopped(&[row(blocked()), row(deploy.clone())]).is_none());
    assert!(stopped(&[row(passed.clone()), row(deploy)]).is_none());
    assert!(stopped(&[row(foreign)]).is_none());
    assert!(stopped(&[row(passed)]).is_none());
    assert!(stopped(&[]).is_none());
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
    let both = stopped(&[row(blocked()), ireland]).expect("stopped by the gate");
    let regions: Vec<&Region> = both.policies().flat_map(|policy| &policy.regions).collect();
    assert_eq!(
        regions.iter().map(|r| r.as_str()).collect::<Vec<_>>(),
        ["us-east-1", "eu-west-1"]
    );
    let passes = |reading: &Reading| matches!(both.decide(reading, NOW), Decision::Pass(_));
    assert!(passes(&Reading::known(vec![])));
    assert!(passes(&Reading::known(vec![open_issue("ap-south-1")])));
    assert!(!passes(&Reading::known(vec![open_issue("us-east-1")])));
    assert!(!passes(&Reading::known(vec![open_issue("eu-west-1")])));
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
}

fn outcome(rows: &[ActionExecution]) -> Option<RetryOutcome> {
    StoppedStage::of(
        &stage(vec![]),
        rows,
        &gates(),
        &AccountPolicy::default(),
        &region(),
        NOW,
    )
    .err()
}

/// A failure without a code says nothing of why: the gate may have called the policy invalid.
#[test]
fn a_failure_without_a_reason_is_no_stop() {
    let nothing = ActionAttempt {
        error_code: None,
        message: None,
        ..blocked()
    };
    assert!(!nothing.is_stop(&gates()));
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
        outcome(&[row(blocked()), row(running)]),
        Some(RetryOutcome::Busy)
    );
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
        outcome(&[row(blocked()), stopped(25)]),
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
        outcome(&[row(blocked()), with(r#"{"retry": "never"}"#, 0)]),
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
    let warned = with(r#"{"regions": ["us-east-1"], "onIncident": "warn"}"#);
    assert!(matches!(
        warned.decide(&Reading::known(vec![open_issue("us-east-1")]), NOW),
        Decision::Pass(Pass::Warned(_))
    ));
    let unknown = with(r#"{"onUnknown": "pass"}"#);
    assert!(matches!(
        unknown.decide(&Reading::unknown(vec![], unread), NOW),
        Decision::Pass(Pass::Unknown(_))
    ));
}
