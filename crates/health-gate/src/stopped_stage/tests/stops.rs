//! What is a stop of the gate, and which stages it has stopped.

use time::Duration;

use super::*;
use crate::stage::PipelineExecution;

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

/// An action that has not run in this execution still shows how it failed in an older one.
#[test]
fn older_executions_failures_do_not_count() {
    let began = NOW - Duration::minutes(5);
    let gate = ActionExecution {
        start_time: Some(began),
        ..row(blocked())
    };
    let seen = stopped(&[gate]).expect("stopped by the gate");
    let deploy = |changed| ActionAttempt {
        last_status_change: changed,
        ..failed("", "JobFailed", "the deployment failed")
    };
    for (changed, is_still) in [
        (Some(began - Duration::seconds(1)), true),
        (Some(began), false),
        (Some(NOW), false),
        // Of which nothing is known may have failed just now.
        (None, false),
    ] {
        let state = stage(vec![blocked(), deploy(changed)]);
        assert_eq!(seen.is_still(&state), is_still, "{changed:?}");
    }
    let old = stage(vec![deploy(Some(began - Duration::seconds(1)))]);
    assert!(!seen.is_still(&old), "its own failure is not shown");
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
