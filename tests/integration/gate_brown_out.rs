//! Environments that have gone through a brown-out: the jobs after it get all the attempts that a
//! fresh environment gives them.

use aws_sandbox::{Fault, ServiceError};
use health_gate_aws::Settings;

use crate::in_world::{GateWorld, ec2_issue, failure, verdict};
use crate::story::{ALWAYS, Story, gated, outcomes};

const NEVER: std::ops::Range<usize> = 0..0;

fn internal_failure() -> Fault {
    Fault::Error(ServiceError::internal_failure())
}

fn throttling() -> Fault {
    Fault::Error(ServiceError::throttling())
}

fn fail(gate: &GateWorld, operation: &str, fault: Fault, calls: std::ops::Range<usize>) {
    gate.world
        .with(|sandbox, _| sandbox.fail(operation, fault, calls));
}

/// Fifteen jobs of which CodePipeline takes no answer, with Lambda's re-runs, and then forty of
/// each of which it takes the fourth attempt.
#[tokio::test(start_paused = true)]
async fn no_answer_is_lost_after_a_brown_out() {
    for seed in 0..10 {
        let gate = GateWorld::seeded(seed);
        fail(&gate, "PutJobSuccessResult", internal_failure(), ALWAYS);
        for _ in 0..15 {
            assert_eq!(gate.job("us-east-1").await, None, "seed {seed}");
        }
        for job in 0..40 {
            fail(&gate, "PutJobSuccessResult", internal_failure(), 0..3);
            let result = gate.job("us-east-1").await;
            assert!(result.is_some(), "seed {seed}: job {job} has no answer");
        }
    }
}

/// AWS Health throttles each of many jobs until it is given up, and then only twice.
#[tokio::test(start_paused = true)]
async fn aws_health_is_read_after_a_brown_out() {
    for seed in 0..10 {
        let gate = GateWorld::seeded(seed);
        fail(&gate, "DescribeEvents", throttling(), ALWAYS);
        for _ in 0..30 {
            assert_eq!(failure(gate.job("us-east-1").await).0, "SystemUnavailable");
        }
        for job in 0..10 {
            fail(&gate, "DescribeEvents", throttling(), 0..2);
            let passed = verdict(gate.job("us-east-1").await);
            assert_eq!(passed, "clear", "seed {seed}: job {job}");
        }
    }
}

/// What the pipeline says is read, too: an override counts although its tag is read at the third
/// attempt.
#[tokio::test(start_paused = true)]
async fn an_override_is_read_after_a_brown_out() {
    let story = Story::of(vec![gated("checkout")]).await;
    let gate = &story.0;
    fail(gate, "ListTagsForResource", internal_failure(), ALWAYS);
    for _ in 0..60 {
        failure(gate.job("us-east-1").await);
    }
    let before = gate.calls("ListTagsForResource");
    fail(gate, "ListTagsForResource", internal_failure(), 0..2);
    failure(gate.job("us-east-1").await);
    assert_eq!(gate.calls("ListTagsForResource") - before, 3);
}

/// Sweeps that CodePipeline and AWS Health fail again and again, and then one that each of them
/// fails twice.
#[tokio::test(start_paused = true)]
async fn a_stage_is_retried_after_a_brown_out() {
    let story = Story::of(vec![gated("checkout")]).await;
    story.close_the_issue();
    for operation in ["GetPipelineState", "DescribeEvents"] {
        story.fail(operation, internal_failure(), ALWAYS);
        for _ in 0..60 {
            story.sweep().await;
        }
        story.fail(operation, internal_failure(), NEVER);
    }
    story.fail("GetPipelineState", internal_failure(), 0..2);
    story.fail("DescribeEvents", internal_failure(), 0..2);
    assert_eq!(
        outcomes(&story.sweep().await),
        ["checkout/Production retried: AWS Health is clear"]
    );
}

/// A proxy throttles by its status alone.
#[tokio::test(start_paused = true)]
async fn http_429_without_a_code_is_throttling() {
    let mut too_many = ServiceError::new("", "");
    too_many.status = "429".parse().expect("a status");
    let too_many = Fault::Error(too_many);
    for operation in ["DescribeEvents", "PutJobSuccessResult"] {
        let gate = GateWorld::new("us-east-1");
        fail(&gate, operation, too_many.clone(), 0..2);
        assert_eq!(verdict(gate.job("us-east-1").await), "clear", "{operation}");
        assert_eq!(gate.calls(operation), 3, "{operation}");
    }
    let gate = GateWorld::with("us-east-1", Settings::default(), crate::in_world::usual());
    gate.put_event(ec2_issue("1"));
    fail(&gate, "GetJobDetails", too_many, 0..2);
    failure(gate.job("us-east-1").await);
    assert_eq!(gate.calls("GetJobDetails"), 3);
}
