//! stage-retry and the override, a tag on the pipeline.

use aws_sandbox::codepipeline::Status;
use aws_sandbox::{Fault, ServiceError};

use crate::story::{ALWAYS, Story, gated, outcomes};

/// A person sets an override: the stage goes on in spite of the incident, and of an AWS Health that cannot be read.
#[tokio::test(start_paused = true)]
async fn an_override_lets_a_stage_go_on() {
    for health_is_read in [true, false] {
        let story = Story::of(vec![gated("checkout"), gated("search")]).await;
        if !health_is_read {
            let failure = Fault::Error(ServiceError::internal_failure());
            story.fail("DescribeEvents", failure, ALWAYS);
        }
        let tag = |value: &str| {
            story.0.world.with(|sandbox, _| {
                sandbox
                    .codepipeline
                    .tag("checkout", "health-gate:override", value)
            });
        };
        tag("until=2026-11-23T08:00Z by=alice reason=yesterday");
        let told = outcomes(&story.sweep().await);
        assert!(
            told[0].contains("; its override is ignored: it expired at 2026-11-23T08:00:00Z"),
            "{told:?}"
        );
        tag("until=2026-11-23T18:00Z by=alice reason=INC-42 hotfix");
        let told = outcomes(&story.sweep().await);
        assert_eq!(
            told[0],
            "checkout/Production retried: overridden by alice until 2026-11-23 18:00 UTC: INC-42 hotfix"
        );
        assert!(!told[1].contains("retried"), "{told:?}");
        assert_eq!(story.status("checkout").await, Status::Succeeded);
        assert_eq!(story.retries(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_override_that_cannot_be_read_is_none() {
    let story = Story::of(vec![gated("checkout")]).await;
    let denied = Fault::Error(ServiceError::access_denied(
        "codepipeline:ListTagsForResource",
    ));
    story.fail("ListTagsForResource", denied, ALWAYS);
    let told = outcomes(&story.sweep().await).join("\n");
    assert!(
        told.starts_with("checkout/Production blocked: 1 open AWS Health issue in us-east-1 (arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1); its override could not be read: AccessDenied"),
        "{told}"
    );
}
