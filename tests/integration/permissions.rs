//! What `template.yaml` allows the functions, and no more: they have its roles in all flows, and together these flows use them up.

use std::collections::BTreeMap;

use aws_sandbox::Sandbox;
use aws_sandbox::codepipeline::{ExecutionMode, Status};
use aws_sandbox::iam::Permission;
use health_gate_aws::Settings;

use crate::in_world::{GateWorld, TOPIC, usual};
use crate::story::{Story, gated, two_stages};

/// As `tests/template/check --allowed` reads it from the template.
const ALLOWED: &str = include_str!("../template/allowed.json");

/// Gives the functions of a region their roles, and encrypts the topic of notifications.
pub(crate) fn put_roles(sandbox: &mut Sandbox, region: &str) {
    let allowed = ALLOWED.replace("{region}", region);
    let roles: BTreeMap<String, Vec<Permission>> =
        serde_json::from_str(&allowed).expect("the template's permissions");
    for (function, permissions) in roles {
        sandbox.iam.put_role(&function, permissions);
    }
    let topic = format!("arn:aws:sns:{region}:111122223333:health-gate-notifications");
    let key = format!("arn:aws:kms:{region}:111122223333:key/TopicsKey");
    sandbox.sns.encrypt_topic(&topic, &key);
}

/// Releases that pass, are held, stopped, overridden, retried and left alone.
#[tokio::test(start_paused = true)]
async fn flows_use_up_what_the_template_allows() {
    let settings = Settings {
        notification_topic: Some(TOPIC.to_owned()),
        ..Settings::default()
    };
    let world = GateWorld::with("us-east-1", settings, usual());
    world.world.with(|sandbox, _| {
        sandbox
            .sns
            .create_topic("us-east-1", "health-gate-notifications")
    });
    let pipelines = vec![gated("shop"), two_stages("side", ExecutionMode::Parallel)];
    let story = Story::in_world(world, pipelines).await;
    assert_eq!(story.status("shop").await, Status::Failed);
    let swept = story.sweep().await;
    assert_eq!(swept["stages"][0]["outcome"], "blocked", "{swept}");
    story.close_the_issue();
    let swept = story.sweep().await;
    assert_eq!(swept["stages"][0]["outcome"], "retried", "{swept}");
    assert_eq!(story.status("shop").await, Status::Succeeded);
    assert_eq!(story.status("side").await, Status::Succeeded);
    story.0.world.with(|sandbox, _| {
        let denied: Vec<_> = sandbox.iam.denied().collect();
        assert!(denied.is_empty(), "{denied:?}");
        let unused = sandbox.iam.unused();
        let unused: Vec<_> = unused
            .iter()
            // Lambda writes the logs, for programs only.
            .filter(|(_, action)| !action.starts_with("logs:"))
            .collect();
        assert!(unused.is_empty(), "{unused:?}");
    });
}
