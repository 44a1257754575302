mod retries;
mod stops;

use std::collections::BTreeMap;

use time::macros::utc_datetime;

use super::*;
use crate::event::{Event, EventStatus};
use crate::stage::{ActionAttempt, ExecutionType};

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
        last_status_change: Some(NOW),
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
    }
}

/// A row of a blocked gate whose status changed at this time.
fn blocked_at(at: Option<UtcDateTime>) -> ActionExecution {
    row(ActionAttempt {
        last_status_change: at,
        ..blocked()
    })
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
