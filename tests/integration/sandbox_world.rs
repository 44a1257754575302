//! The world in virtual time: one seed, one story.

use aws_sandbox::{Fault, ServiceError};

use crate::in_world::GateWorld;

/// A story with retries, whose waits are random.
async fn story() -> String {
    let gate = GateWorld::new("us-east-1");
    gate.world.with(|sandbox, _| {
        sandbox.fail(
            "DescribeEvents",
            Fault::Error(ServiceError::internal_failure()),
            0..2,
        );
        sandbox.fail(
            "PutJobSuccessResult",
            Fault::Error(ServiceError::throttling()),
            0..3,
        );
    });
    gate.job("us-east-1").await;
    gate.transcript()
}

/// The SDK keeps its retry budget in a static, and draws its waits from the thread's random numbers.
#[tokio::test(start_paused = true)]
async fn a_seed_tells_the_same_story_before_and_after_others() {
    let before = story().await;
    assert_eq!(before.lines().count(), 8, "{before}");
    for _ in 0..60 {
        story().await;
    }
    assert_eq!(story().await, before);
}
