//! stage-retry in virtual time: which stages go on, and which are left alone.

use aws_sandbox::codepipeline::Status;
use aws_sandbox::{Fault, ServiceError};
use insta::assert_snapshot;
use serde_json::json;

use crate::in_world::{FUNCTION, GateWorld, RETRY_FUNCTION, START, ec2_issue};
use crate::story::{ALWAYS, Story, WHILE, deploy, gated, lambda, outcomes, pipeline};

#[tokio::test(start_paused = true)]
async fn a_stopped_stage_goes_on_once_the_issue_is_closed() {
    let story = Story::of(vec![gated("checkout")]).await;
    assert_eq!(story.status("checkout").await, Status::Failed);
    assert_eq!(
        outcomes(&story.sweep().await),
        [
            "checkout/Production blocked: 1 open AWS Health issue in us-east-1 (arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1)"
        ]
    );
    story.close_the_issue();
    assert_eq!(
        outcomes(&story.sweep().await),
        ["checkout/Production retried: AWS Health is clear"]
    );
    assert_eq!(story.status("checkout").await, Status::Succeeded);
    assert_eq!(outcomes(&story.sweep().await), [""; 0]);
    assert_eq!(story.retries(), 1);
}

/// One pipeline is looked at, AWS Health is read once, and the stage once more before the retry.
#[tokio::test(start_paused = true)]
async fn a_failure_signal_costs_five_calls() {
    let story = Story::of(vec![gated("checkout"), gated("search")]).await;
    story.close_the_issue();
    let before = story.0.transcript().lines().count();
    let message = story.0.world.with(|_, _| {
        json!({
            "source": "aws.codepipeline", "detail-type": "CodePipeline Action Execution State Change",
            "account": "111122223333", "region": "us-east-1", "detail": {"pipeline": "checkout", "state": "FAILED"},
        })
    });
    story.signal(message).await;
    let transcript = story.0.transcript();
    let operations: Vec<&str> = transcript
        .lines()
        .skip(before)
        .map(|line| line.split(' ').nth(1).expect("an operation"))
        .collect();
    assert_eq!(
        operations,
        [
            "GetPipelineState",
            "ListActionExecutions",
            "DescribeEvents",
            "GetPipelineState",
            "RetryStageExecution"
        ]
    );
    assert_eq!(story.status("checkout").await, Status::Succeeded);
    assert_eq!(story.status("search").await, Status::Failed);
}

#[tokio::test(start_paused = true)]
async fn the_signal_of_the_failure_itself_finds_the_issue_still_open() {
    let gate = GateWorld::new("us-east-1");
    gate.put_event(ec2_issue("1"));
    gate.world.with(|sandbox, now| {
        sandbox.connect_signals(now, "us-east-1", RETRY_FUNCTION);
        sandbox.create_pipeline(now, "us-east-1", gated("checkout"));
        sandbox
            .start_execution(now, "checkout")
            .expect("nothing is going on");
    });
    gate.play(WHILE).await;
    let returned = gate.returned().expect("stage-retry handles every message");
    assert_eq!(
        outcomes(&returned),
        [
            "checkout/Production blocked: 1 open AWS Health issue in us-east-1 (arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1)"
        ]
    );
}

/// A deployment that failed is not run again, whether it ran after the gate or beside it; nor is a foreign function,
/// whatever it says; nor a gate whose policy is not valid.
#[tokio::test(start_paused = true)]
async fn only_what_the_gate_alone_has_stopped_is_retried() {
    let nowhere = || lambda(FUNCTION, "ap-south-1");
    let story = Story::of(vec![
        pipeline("after", vec![(1, nowhere()), (2, deploy(false))]),
        pipeline(
            "beside",
            vec![(1, lambda(FUNCTION, "us-east-1")), (1, deploy(false))],
        ),
        pipeline("invalid", vec![(1, lambda(FUNCTION, "us-east-1a"))]),
        pipeline("passed", vec![(1, nowhere()), (2, deploy(true))]),
        gated("stopped"),
    ])
    .await;
    story.close_the_issue();
    assert_snapshot!(outcomes(&story.sweep().await).join("\n"), @"
    beside/Production mixed: action Action1 has failed too: the deployment failed
    stopped/Production retried: AWS Health is clear
    ");
    assert_eq!(story.retries(), 1);
}

/// A function of somebody else fails with a message like the gate's.
#[tokio::test(start_paused = true)]
async fn a_foreign_function_is_never_retried() {
    let story = Story::of(vec![pipeline(
        "foreign",
        vec![(1, lambda("smoke-test", "us-east-1"))],
    )])
    .await;
    assert_eq!(story.status("foreign").await, Status::Failed);
    story.close_the_issue();
    assert_eq!(outcomes(&story.sweep().await), [""; 0]);
    assert_eq!(
        (story.retries(), story.0.calls("ListActionExecutions")),
        (0, 0)
    );
}

/// A sweep with nothing stopped reads no AWS Health.
#[tokio::test(start_paused = true)]
async fn nothing_stopped_costs_no_reading() {
    let story = Story::of(vec![pipeline("passed", vec![(1, deploy(true))])]).await;
    assert_eq!(outcomes(&story.sweep().await), [""; 0]);
    assert_eq!(story.0.calls("DescribeEvents"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_message_of_another_kind_calls_nothing() {
    let story = Story::of(vec![gated("checkout")]).await;
    let before = story.0.transcript();
    let unknown = json!({"source": "health-gate", "detail-type": "Something"});
    assert_eq!(outcomes(&story.signal(unknown).await), [""; 0]);
    assert_eq!(story.0.transcript(), before);
    // The subscription's filter does not let this one through.
    let invocations = |story: &Story| {
        story
            .0
            .world
            .with(|sandbox, _| sandbox.lambda.finished().len())
    };
    let count = invocations(&story);
    story.signal(json!({"AlarmName": "checkout-5xx"})).await;
    assert_eq!(invocations(&story), count);
}

#[tokio::test(start_paused = true)]
async fn one_pipeline_s_trouble_does_not_stop_the_others() {
    let story = Story::of(vec![gated("a"), gated("b"), gated("c")]).await;
    story.close_the_issue();
    let gone = Fault::Error(ServiceError::new(
        "PipelineNotFoundException",
        "no such pipeline",
    ));
    story
        .0
        .world
        .with(|sandbox, _| sandbox.fail("GetPipelineState", gone, 1..2));
    assert_snapshot!(outcomes(&story.sweep().await).join("\n"), @"
    a/Production retried: AWS Health is clear
    b/- gone: PipelineNotFoundException: no such pipeline
    c/Production retried: AWS Health is clear
    ");
}

/// People press Retry too: what is in progress already is left alone, and so is what has changed since the look.
#[tokio::test(start_paused = true)]
async fn a_stage_that_goes_on_already_is_left_alone() {
    let story = Story::of(vec![gated("checkout")]).await;
    story.close_the_issue();
    story.sweep().await;
    // Right after a retry the state still shows the old failed attempt, in a stage that is in progress.
    assert_eq!(outcomes(&story.sweep().await), [""; 0]);
    assert_eq!(story.retries(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_list_of_pipelines_that_cannot_be_read_fails_the_invocation() {
    let story = Story::of(vec![gated("checkout")]).await;
    let denied = Fault::Error(ServiceError::access_denied("codepipeline:ListPipelines"));
    story.0.world.with(|sandbox, now| {
        sandbox.fail("ListPipelines", denied, ALWAYS);
        sandbox.publish_signal(
            now,
            "us-east-1",
            &json!({"source": "health-gate", "detail-type": "Sweep"}),
        );
    });
    story.0.run().await;
    let error = story.0.returned().expect_err("nothing could be looked at");
    assert_eq!(error["errorType"], "pipelines.not-listed");
    assert!(story.0.world.now() > START);
}

/// The rows of an execution decide; without all of them nothing is retried.
#[tokio::test(start_paused = true)]
async fn rows_without_an_end_retry_nothing() {
    let story = Story::of(vec![gated("checkout")]).await;
    story.close_the_issue();
    let page = Fault::Output(json!({"actionExecutionDetails": [], "nextToken": "again"}));
    story
        .0
        .world
        .with(|sandbox, _| sandbox.fail("ListActionExecutions", page, ALWAYS));
    assert_eq!(
        outcomes(&story.sweep().await),
        ["checkout/Production busy: ListActionExecutions has more than 50 pages"]
    );
    assert_eq!(story.retries(), 0);
}
