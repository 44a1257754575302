//! What the pipeline itself says: an override on it, a rollback, and what they cost.

use std::time::Duration;

use aws_sandbox::codepipeline::{ActionDeclaration, Status};
use aws_sandbox::{Fault, ServiceError};
use insta::assert_snapshot;
use serde_json::json;

use crate::in_world::{FUNCTION, GateWorld, ec2_issue, verdict};
use crate::story::{ALWAYS, WHILE, deploy, gated, pipeline};

const OVERRIDE: &str = "until=2026-11-23T18:00Z by=alice reason=INC-42 hotfix";

fn world() -> GateWorld {
    let gate = GateWorld::new("us-east-1");
    gate.put_event(ec2_issue("1"));
    gate.world
        .with(|sandbox, now| sandbox.create_pipeline(now, "us-east-1", gated("checkout")));
    gate
}

async fn release(gate: &GateWorld) -> Option<Status> {
    gate.world.with(|sandbox, now| {
        sandbox
            .start_execution(now, "checkout")
            .expect("nothing is going on")
    });
    gate.play(WHILE).await;
    gate.world
        .with(|sandbox, _| sandbox.codepipeline.newest_execution("checkout"))
}

/// The last failure's message.
fn message(gate: &GateWorld) -> String {
    gate.world.with(|sandbox, _| {
        let last = sandbox
            .transcript
            .of("PutJobFailureResult")
            .last()
            .expect("a failure");
        last.input["failureDetails"]["message"]
            .as_str()
            .expect("a text")
            .to_owned()
    })
}

#[tokio::test(start_paused = true)]
async fn an_override_lets_a_release_go_out_and_is_read_only_in_an_incident() {
    let gate = world();
    gate.world.with(|sandbox, _| {
        sandbox.codepipeline.tag("checkout", "cost-center", "42");
        sandbox
            .codepipeline
            .tag("checkout", "health-gate:override", OVERRIDE)
    });
    assert_eq!(release(&gate).await, Some(Status::Succeeded));
    assert_eq!(
        (
            gate.calls("ListTagsForResource"),
            gate.calls("GetPipelineState")
        ),
        (1, 1)
    );
    gate.world
        .with(|sandbox, now| sandbox.health.close_event(now, &ec2_issue("1").arn));
    assert_eq!(release(&gate).await, Some(Status::Succeeded));
    assert_eq!(
        (
            gate.calls("ListTagsForResource"),
            gate.calls("GetPipelineState")
        ),
        (1, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn an_override_that_is_not_in_force_is_ignored_and_reported() {
    for (value, note) in [
        (
            "until=2026-11-23T09:00Z by=alice reason=INC-42",
            "it expired at 2026-11-23T09:00:00Z: `until=2026-11-23T09:00Z by=alice reason=INC-42`",
        ),
        (
            "until=2026-12-24T18:00Z by=alice reason=INC-42",
            "`until` is more than 7 days ahead: `until=2026-12-24T18:00Z by=alice reason=INC-42`; accepted: at most 2026-11-30T09:00:00Z",
        ),
        (
            "until=2026-11-23T18:00Z by=alice",
            "no `reason=` after `by=` in `until=2026-11-23T18:00Z by=alice`; accepted: `until=2026-11-23T18:00Z by=alice reason=INC-42 hotfix`, in this order, with single spaces",
        ),
        (
            "please",
            "no `until=` at the beginning in `please`; accepted: `until=2026-11-23T18:00Z by=alice reason=INC-42 hotfix`, in this order, with single spaces",
        ),
    ] {
        let gate = world();
        gate.world.with(|sandbox, _| {
            sandbox
                .codepipeline
                .tag("checkout", "health-gate:override", value)
        });
        assert_eq!(release(&gate).await, Some(Status::Failed));
        let message = message(&gate);
        assert!(
            message.contains(&format!(
                "\nnote: the pipeline's override is ignored: {note}\n"
            )),
            "{message}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_rollback_goes_through_an_incident() {
    let gate = GateWorld::new("us-east-1");
    gate.world
        .with(|sandbox, now| sandbox.create_pipeline(now, "us-east-1", gated("checkout")));
    assert_eq!(release(&gate).await, Some(Status::Succeeded));
    gate.put_event(ec2_issue("1"));
    assert_eq!(release(&gate).await, Some(Status::Failed));
    gate.world.with(|sandbox, now| {
        let good = sandbox.codepipeline.last_success("checkout", "Production");
        sandbox
            .start_rollback(
                now,
                "checkout",
                "Production",
                &good.expect("one has succeeded"),
            )
            .expect("nothing is going on")
    });
    gate.play(WHILE).await;
    assert_eq!(
        gate.world
            .with(|sandbox, _| sandbox.codepipeline.newest_execution("checkout")),
        Some(Status::Succeeded)
    );
}

/// The state that a stage shows of another execution says nothing about this one, and a kind of execution that nobody
/// knows is no rollback.
#[tokio::test(start_paused = true)]
async fn only_the_own_rollback_is_one() {
    let own = "OWN";
    for (execution, kind, expected) in [
        (
            "00000000-0000-4000-8000-000000000000",
            "ROLLBACK",
            Status::Failed,
        ),
        (own, "SOMETHING_NEW", Status::Failed),
        (own, "STANDARD", Status::Failed),
        (own, "ROLLBACK", Status::Succeeded),
    ] {
        let gate = world();
        let id = gate.world.with(|sandbox, now| {
            sandbox
                .start_execution(now, "checkout")
                .expect("nothing is going on")
        });
        let execution = if execution == own { &*id } else { execution };
        let state = Fault::Output(json!({"stageStates": [{
            "stageName": "Production",
            "latestExecution": {"pipelineExecutionId": execution, "status": "InProgress", "type": kind},
        }]}));
        gate.world
            .with(|sandbox, _| sandbox.fail("GetPipelineState", state, ALWAYS));
        gate.play(WHILE).await;
        let status = gate
            .world
            .with(|sandbox, _| sandbox.codepipeline.newest_execution("checkout"));
        assert_eq!(status, Some(expected), "{execution} {kind}");
    }
}

/// A read that fails costs what it would have told, not the job; and the message says what was not known.
#[tokio::test(start_paused = true)]
async fn what_could_not_be_read_is_said() {
    let denied = |action: &str| Fault::Error(ServiceError::access_denied(action));
    let mut notes = Vec::new();
    for operation in ["GetJobDetails", "ListTagsForResource", "GetPipelineState"] {
        let gate = world();
        gate.world.with(|sandbox, _| {
            sandbox.fail(
                operation,
                denied(&format!("codepipeline:{operation}")),
                ALWAYS,
            )
        });
        assert_eq!(release(&gate).await, Some(Status::Failed));
        notes.extend(
            message(&gate)
                .lines()
                .filter(|line| line.starts_with("note:"))
                .map(str::to_owned),
        );
    }
    assert_snapshot!(notes.join("\n"), @"
    note: decided without override and rollback, which pipeline this is could not be read: AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/sandbox is not authorized to perform: codepipeline:GetJobDetails on resource: *
    note: decided without override, the pipeline's tags could not be read: AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/sandbox is not authorized to perform: codepipeline:ListTagsForResource on resource: *
    note: decided as no rollback, the stage's state could not be read: AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/sandbox is not authorized to perform: codepipeline:GetPipelineState on resource: *
    ");
}

/// GetJobDetails is not documented to give an ARN for every job.
#[tokio::test(start_paused = true)]
async fn without_an_arn_the_override_is_read_all_the_same() {
    let gate = world();
    gate.world.with(|sandbox, _| {
        sandbox
            .codepipeline
            .tag("checkout", "health-gate:override", OVERRIDE);
        let details =
            json!({"jobDetails": {"data": {"pipelineContext": {"pipelineName": "checkout"}}}});
        sandbox.fail("GetJobDetails", Fault::Output(details), ALWAYS);
    });
    assert_eq!(release(&gate).await, Some(Status::Succeeded));
}

/// A gate may run in another region than its pipeline: the pipeline is asked where it lives, the job is answered here.
#[tokio::test(start_paused = true)]
async fn the_pipeline_of_another_region_is_asked_there() {
    let gate = world();
    gate.world.with(|sandbox, _| {
        let arn = "arn:aws:codepipeline:eu-west-1:111122223333:checkout";
        let details = json!({"jobDetails": {"data": {"pipelineContext": {"pipelineName": "checkout", "pipelineArn": arn}}}});
        sandbox.fail("GetJobDetails", Fault::Output(details), ALWAYS);
    });
    release(&gate).await;
    let regions = |operation: &str| {
        gate.world.with(|sandbox, _| {
            sandbox
                .transcript
                .of(operation)
                .map(|call| call.region.clone())
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(regions("ListTagsForResource"), ["eu-west-1"]);
    assert_eq!(regions("GetPipelineState"), ["eu-west-1"]);
    assert_eq!(regions("PutJobFailureResult"), ["us-east-1"]);
}

/// A pass waits for nothing that only a stop needs.
#[tokio::test(start_paused = true)]
async fn a_pass_does_not_wait_for_the_job_s_details() {
    let gate = GateWorld::new("us-east-1");
    let action = ActionDeclaration::lambda("", FUNCTION, None);
    gate.world.with(|sandbox, now| {
        sandbox.fail("GetJobDetails", Fault::Silence, ALWAYS);
        sandbox.create_pipeline(
            now,
            "us-east-1",
            pipeline("checkout", vec![(1, action), (2, deploy(true))]),
        );
    });
    assert_eq!(release(&gate).await, Some(Status::Succeeded));
    // The answer comes first; which pipeline it was is asked after it, for the log.
    let transcript = gate.transcript();
    assert!(
        transcript.contains(
            "
0.03 PutJobSuccessResult"
        ),
        "{transcript}"
    );
}

/// Which pipeline it is goes on being read while the answer is on its way: it is not asked twice, and holds up nothing.
#[tokio::test(start_paused = true)]
async fn the_job_s_details_may_come_after_the_answer() {
    let gate = GateWorld::new("us-east-1");
    let late = Fault::Late(Duration::from_millis(500));
    gate.world
        .with(|sandbox, _| sandbox.fail("GetJobDetails", late, ALWAYS));
    assert_eq!(verdict(gate.job("us-east-1").await), "clear");
    assert_eq!(gate.calls("GetJobDetails"), 1);
    let transcript = gate.transcript();
    assert!(
        transcript.contains("\n0.03 PutJobSuccessResult"),
        "{transcript}"
    );
}
