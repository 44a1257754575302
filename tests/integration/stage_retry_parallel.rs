//! stage-retry and pipelines in PARALLEL mode, which show no state.

use std::time::Duration;

use aws_sandbox::codepipeline::{ExecutionMode, Status};
use serde_json::json;

use crate::in_world::{FUNCTION, ec2_issue};
use crate::story::{Story, deploy, failure, gated, lambda, outcomes, pipeline, two_stages};

/// In PARALLEL mode a pipeline shows no state: each failed execution of it goes on by itself.
#[tokio::test(start_paused = true)]
async fn executions_in_parallel_go_on_each_by_itself() {
    let parallel = two_stages("checkout", ExecutionMode::Parallel);
    let story = Story::of(vec![parallel]).await;
    let first = story.execution("checkout");
    story.release("checkout");
    assert_eq!(story.status("checkout").await, Status::Failed);
    let second = story.execution("checkout");
    assert_ne!(first, second);
    let tags = story.0.calls("ListTagsForResource");
    let told = outcomes(&story.sweep().await);
    assert_eq!(
        story.0.calls("ListTagsForResource") - tags,
        1,
        "one pipeline has one override"
    );
    assert_eq!(
        told,
        ["checkout/Production blocked: 1 open AWS Health issue in us-east-1 (arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1)";
            2]
    );
    story.close_the_issue();
    let returned = story.sweep().await;
    assert_eq!(
        outcomes(&returned),
        ["checkout/Production retried: AWS Health is clear"; 2]
    );
    let ids: std::collections::BTreeSet<&str> = (0..2)
        .filter_map(|number| returned["stages"][number]["pipelineExecutionId"].as_str())
        .collect();
    assert_eq!(ids, [&*first, &*second].into());
    // Right after the retries the rows still show the old attempts.
    assert_eq!(outcomes(&story.sweep().await), [""; 0]);
    assert_eq!(story.status("checkout").await, Status::Succeeded);
    assert_eq!(story.retries(), 2);
}

/// The failure of one execution in PARALLEL mode says nothing of the others: no more is looked at than it names.
#[tokio::test(start_paused = true)]
async fn a_failure_in_parallel_mode_costs_a_look_at_one_execution() {
    let story = Story::of(vec![gated("checkout").in_mode(ExecutionMode::Parallel)]).await;
    story.release("checkout");
    story.status("checkout").await;
    story.close_the_issue();
    let rows = story.0.calls("ListActionExecutions");
    let id = story.execution("checkout");
    let told = outcomes(&story.signal(failure("checkout", &id)).await);
    assert_eq!(told, ["checkout/Production retried: AWS Health is clear"]);
    assert_eq!(
        story.0.calls("ListActionExecutions") - rows,
        1 + 1,
        "one look, and another before the retry"
    );
    assert_eq!(story.retries(), 1);
}

/// One message names an execution, another one of the same event means all.
#[tokio::test(start_paused = true)]
async fn a_sweep_beside_a_failure_looks_at_all_executions() {
    let story = Story::of(vec![gated("checkout").in_mode(ExecutionMode::Parallel)]).await;
    story.release("checkout");
    story.status("checkout").await;
    story.close_the_issue();
    let id = story.execution("checkout");
    let sweep = json!({"source": "health-gate", "detail-type": "Sweep"});
    let account = story.signals(&[failure("checkout", &id), sweep]).await;
    assert_eq!(
        outcomes(&account),
        ["checkout/Production retried: AWS Health is clear"; 2]
    );
    assert_eq!(
        (&account["signals"], &account["ignored"]),
        (&json!(2), &json!(0))
    );
}

#[tokio::test(start_paused = true)]
async fn a_rollback_in_parallel_mode_is_left_alone() {
    let strict = r#"{"regions": ["us-east-1"], "onRollback": "check"}"#;
    let actions = vec![(1, lambda(FUNCTION, strict)), (2, deploy(true))];
    let story = Story::of(vec![
        pipeline("checkout", actions).in_mode(ExecutionMode::Parallel),
    ])
    .await;
    story.close_the_issue();
    story.sweep().await;
    assert_eq!(story.status("checkout").await, Status::Succeeded);
    let good = story.execution("checkout");
    story.0.put_event(ec2_issue("2"));
    story.0.world.with(|sandbox, now| {
        sandbox
            .start_rollback(now, "checkout", "Production", &good)
            .expect("there is something to go back to");
    });
    assert_eq!(story.status("checkout").await, Status::Failed);
    story
        .0
        .world
        .with(|sandbox, now| sandbox.health.close_event(now, &ec2_issue("2").arn));
    assert_eq!(outcomes(&story.sweep().await), [""; 0]);
    assert_eq!(story.retries(), 1);
}

/// What failed longer ago than any policy allows costs no call.
#[tokio::test(start_paused = true)]
async fn an_execution_of_last_week_is_not_looked_at() {
    let story = Story::of(vec![gated("checkout").in_mode(ExecutionMode::Parallel)]).await;
    story.close_the_issue();
    story.0.play(Duration::from_hours(6 * 24)).await;
    let rows = || story.0.calls("ListActionExecutions");
    assert!(outcomes(&story.sweep().await)[0].starts_with("checkout/Production expired"));
    assert_eq!(rows(), 1);
    story.0.play(Duration::from_hours(25)).await;
    assert_eq!(outcomes(&story.sweep().await), [""; 0]);
    assert_eq!(rows(), 1);
}
