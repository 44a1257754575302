//! stage-retry and pipelines in PARALLEL mode, which show no state.

use aws_sandbox::codepipeline::{ExecutionMode, Status};

use crate::story::{Story, failure, gated, outcomes, two_stages};

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
    let told = outcomes(&story.sweep().await);
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
