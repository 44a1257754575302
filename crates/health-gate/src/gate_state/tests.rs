use std::collections::BTreeMap;

use time::Duration;
use time::macros::utc_datetime;

use super::*;
use crate::event::{Event, EventStatus};
use crate::gate_functions::GateFunctions;
use crate::policy::AccountPolicy;
use crate::reading::{UnknownCause, Unread};
use crate::region::Region;
use crate::stage::ActionAttempt;
use crate::stopped_stage::Asker;

const NOW: UtcDateTime = utc_datetime!(2026-11-23 09:00:00);
const BLOCKED: &str = "health-gate blocked: 1 open AWS Health issue in us-east-1\nEC2 …\nnext: …";

fn issue() -> Reading {
    let arn = "arn:aws:health:us-east-1::event/EC2/X/1";
    Reading::known(vec![Event {
        region: Some("us-east-1".to_owned()),
        status: Some(EventStatus::Open),
        ..Event::new(arn, "EC2", "AWS_EC2_OPERATIONAL_ISSUE")
    }])
}

/// An attempt that began 20 minutes ago and changed last 10 minutes ago.
fn attempt(status: ActionStatus, parameters: &str, message: &str) -> ActionExecution {
    ActionExecution {
        pipeline_execution_id: "execution".to_owned(),
        stage: "Deploy".to_owned(),
        action: "HealthGate".to_owned(),
        attempt: ActionAttempt {
            action_execution_id: "attempt".to_owned(),
            status,
            function: Some("pipeline-gate".to_owned()),
            error_code: Some("JobFailed".to_owned()),
            last_status_change: Some(NOW - Duration::minutes(10)),
            message: Some(message.to_owned()).filter(|text| !text.is_empty()),
        },
        user_parameters: Some(parameters.to_owned()),
        region: None,
        output_variables: BTreeMap::from([("Verdict".to_owned(), "warned".to_owned())]),
        start_time: Some(NOW - Duration::minutes(20)),
    }
}

fn stage(status: StageStatus) -> StageState {
    StageState {
        name: "Deploy".to_owned(),
        pipeline_execution_id: "execution".to_owned(),
        status,
        execution_type: ExecutionType::Standard,
        transition_enabled: true,
        actions: Vec::new(),
    }
}

fn sees(
    gate: &ActionExecution,
    stage: Option<&StageState>,
    reading: &Reading,
    overridden: Option<&Override>,
) -> GateState {
    let rules = RetryRules {
        gates: GateFunctions::from_list("pipeline-gate"),
        account: AccountPolicy::default(),
        own_region: "us-east-1".parse::<Region>().expect("a region"),
        asked_by: Asker::Signal,
    };
    let bystander = Bystander {
        rules: &rules,
        reading,
        overridden,
        now: NOW,
    };
    bystander.sees(gate, stage, std::slice::from_ref(gate))
}

fn told(state: &GateState) -> String {
    format!("{}: {}", state.word(), state.explanation())
}

fn overridden() -> Override {
    Override {
        until: NOW + Duration::hours(1),
        by: "alice".to_owned(),
        reason: "INC-42".to_owned(),
    }
}

#[test]
fn a_gate_that_has_passed_says_how() {
    let gate = attempt(ActionStatus::Succeeded, "us-east-1", "");
    let state = sees(&gate, None, &issue(), None);
    assert_eq!(told(&state), "passed: warned");
    assert_eq!(state.since(), Some(NOW - Duration::minutes(10)));
}

/// CodePipeline shows no reason for a hold: it is what the policy makes of AWS Health now.
#[test]
fn a_gate_that_goes_on_is_held_by_what_its_policy_counts_now() {
    let unread = Unread {
        cause: UnknownCause::Throttled,
        detail: "Rate exceeded".to_owned(),
    };
    let unread = Reading::unknown(Vec::new(), unread);
    let hold = r#"{"regions": ["us-east-1"], "onIncident": "hold", "maxHold": "1h"}"#;
    let over = r#"{"regions": ["us-east-1"], "onIncident": "hold", "maxHold": "5m"}"#;
    let nothing = Reading::known(Vec::new());
    let issue = issue();
    let overridden = overridden();
    for (parameters, reading, overridden, expected) in [
        (
            hold,
            &issue,
            None,
            "held: 1 open AWS Health issue in us-east-1; until 2026-11-23 09:40 UTC at the latest",
        ),
        (hold, &nothing, None, "running: nothing stands in its way"),
        (
            hold,
            &issue,
            Some(&overridden),
            "running: nothing stands in its way",
        ),
        (
            hold,
            &unread,
            None,
            "held: AWS Health throttled the gate: Rate exceeded; until 2026-11-23 09:40 UTC at the latest",
        ),
        // It has run out, and the next round says so.
        (
            over,
            &issue,
            None,
            "held: 1 open AWS Health issue in us-east-1; until 2026-11-23 09:00 UTC at the latest",
        ),
        (
            "eu-west-1",
            &issue,
            None,
            "running: nothing stands in its way",
        ),
    ] {
        let gate = attempt(ActionStatus::Other, parameters, "");
        let state = sees(
            &gate,
            Some(&stage(StageStatus::InProgress)),
            reading,
            overridden,
        );
        assert_eq!(told(&state), expected, "{parameters}");
        assert_eq!(state.since(), Some(NOW - Duration::minutes(20)));
    }
    let invalid = attempt(ActionStatus::Other, "{", "");
    assert!(matches!(
        sees(&invalid, None, &nothing, None),
        GateState::Held { until: None, .. }
    ));
}

#[test]
fn a_stop_says_what_comes_next() {
    let failed = StageStatus::Failed;
    let never = r#"{"regions": ["us-east-1"], "retry": "never"}"#;
    let (issue, nothing, overridden) = (issue(), Reading::known(Vec::new()), overridden());
    for (parameters, message, status, reading, overridden, expected) in [
        (
            "us-east-1",
            BLOCKED,
            failed,
            &issue,
            None,
            "stopped: blocked: 1 open AWS Health issue in us-east-1 (arn:aws:health:us-east-1::event/EC2/X/1); retried when that is over, until 2026-11-24 08:50 UTC",
        ),
        (
            "us-east-1",
            BLOCKED,
            failed,
            &nothing,
            None,
            "stopped: 1 open AWS Health issue in us-east-1; goes on at the next sweep: AWS Health is clear",
        ),
        (
            "us-east-1",
            BLOCKED,
            failed,
            &issue,
            Some(&overridden),
            "stopped: 1 open AWS Health issue in us-east-1; goes on at the next sweep: overridden by alice until 2026-11-23 10:00 UTC: INC-42",
        ),
        (
            never,
            BLOCKED,
            failed,
            &nothing,
            None,
            "stopped: 1 open AWS Health issue in us-east-1; never: its policy's `retry` is `never`: it is left to people",
        ),
        (
            "us-east-1",
            "health-gate invalid: UserParameters: unknown key",
            failed,
            &nothing,
            None,
            "stopped: UserParameters: unknown key; left to people: its policy is not valid",
        ),
        (
            "us-east-1",
            "health-gate blocked: stopped by a person, during: 1 open",
            failed,
            &nothing,
            None,
            "stopped: stopped by a person, during: 1 open; left to people: a person stopped the execution",
        ),
        // It never answered: that is retried too.
        (
            "us-east-1",
            "",
            failed,
            &nothing,
            None,
            "stopped: JobFailed; goes on at the next sweep: AWS Health is clear",
        ),
        (
            "us-east-1",
            BLOCKED,
            StageStatus::InProgress,
            &issue,
            None,
            "moved-on: 1 open AWS Health issue in us-east-1; the stage has gone on since",
        ),
    ] {
        let gate = attempt(ActionStatus::Failed, parameters, message);
        let state = sees(&gate, Some(&stage(status)), reading, overridden);
        assert_eq!(told(&state), expected);
    }
}

#[test]
fn a_stop_of_another_execution_or_of_a_rollback_is_no_affair_of_stage_retry() {
    let gate = attempt(ActionStatus::Failed, "us-east-1", BLOCKED);
    let nothing = Reading::known(Vec::new());
    let another = StageState {
        pipeline_execution_id: "another".to_owned(),
        ..stage(StageStatus::Failed)
    };
    for shown in [None, Some(&another)] {
        assert_eq!(sees(&gate, shown, &nothing, None).word(), "moved-on");
    }
    let rollback = StageState {
        execution_type: ExecutionType::Rollback,
        ..stage(StageStatus::Failed)
    };
    let state = sees(&gate, Some(&rollback), &nothing, None);
    assert!(
        told(&state).ends_with("left to people: it is a rollback"),
        "{state:?}"
    );
}

#[test]
fn what_a_person_abandoned_is_no_stop() {
    let gate = attempt(ActionStatus::Abandoned, "us-east-1", "");
    let state = sees(&gate, Some(&stage(StageStatus::Stopped)), &issue(), None);
    assert_eq!(told(&state), "abandoned: a person stopped the execution");
}
