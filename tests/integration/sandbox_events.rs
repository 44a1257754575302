//! What the sandbox tells of what happens, over EventBridge, to topics.

use std::time::Duration;

use aws_sandbox::World;
use aws_sandbox::codepipeline::ExecutionMode;
use aws_sandbox::eventbridge::{DetailType, NotificationRule};
use aws_sandbox::health::Event;
use serde_json::{Value, json};

use crate::in_world::START;
use crate::listener::{heard, listen, subscribe};
use crate::releases::{REGION, Releases, shop};

/// `stage Prod FAILED 0.0`.
fn line(event: &Value) -> String {
    let detail = &event["detail"];
    let kind = event["detail-type"].as_str().expect("a type");
    let kind = kind.split(' ').nth(1).expect("a word").to_lowercase();
    let text = |name: &str| {
        detail[name]
            .as_str()
            .map(|text| format!(" {text}"))
            .unwrap_or_default()
    };
    format!(
        "{kind}{}{} {} {:?}",
        text("stage"),
        text("action"),
        detail["state"].as_str().expect("a state"),
        detail["pipeline-execution-attempt"]
            .as_f64()
            .expect("a float")
    )
}

/// aws-captures A9 and B6: the members, the numbers as floats, `version` `"1"` of the type as a string, and what is left out.
#[tokio::test(start_paused = true)]
async fn b6_a_failed_action_in_eventbridge_s_shape() {
    let releases = Releases::new(ExecutionMode::Superseded);
    listen(
        &releases.world,
        json!({"source": ["aws.codepipeline"], "detail": {"state": ["FAILED", "STARTED"]}}),
    );
    let execution = releases.start().await;
    releases.fail(&releases.job()).await;
    releases.pass(Duration::from_secs(20)).await;
    let heard = heard(&releases.world);
    let failed = heard
        .iter()
        .find(|event| line(event) == "action Prod Gate FAILED 1.0")
        .expect("it was told");
    let mut shown = failed.clone();
    for id in ["id", "time"] {
        assert!(shown[id].is_string(), "{shown}");
        shown.as_object_mut().expect("an object").remove(id);
    }
    assert!(
        failed["time"]
            .as_str()
            .is_some_and(|time| time.len() == "2026-09-28T17:49:32Z".len())
    );
    assert_eq!(
        shown,
        json!({
            "version": "0",
            "detail-type": "CodePipeline Action Execution State Change",
            "source": "aws.codepipeline",
            "account": "111122223333",
            "region": "us-east-1",
            "resources": ["arn:aws:codepipeline:us-east-1:111122223333:shop"],
            "detail": {
                "pipeline": "shop",
                "execution-id": execution,
                "start-time": "2026-11-23T09:00:01.000Z",
                "stage": "Prod",
                "execution-result": {
                    "external-execution-url": shown["detail"]["execution-result"]["external-execution-url"],
                    "external-execution-summary": "health-gate blocked: a test",
                    "external-execution-id": "pipeline-gate",
                    "error-code": "JobFailed",
                },
                "action-execution-id": shown["detail"]["action-execution-id"],
                "action": "Gate",
                "state": "FAILED",
                "region": "us-east-1",
                "type": {"owner": "AWS", "provider": "Lambda", "category": "Invoke", "version": "1"},
                "version": 1.0,
                "pipeline-execution-attempt": 1.0,
            },
        })
    );
    // A number such as 1.0 is a float on the wire.
    assert!(
        failed
            .to_string()
            .contains(r#""pipeline-execution-attempt":1.0"#)
    );
    // aws-captures A9: stage and pipeline FAILED carry no text and no action; the trigger is told at the start only.
    for (of, absent) in [
        (
            "stage Prod FAILED 0.0",
            [
                "action",
                "execution-result",
                "stage-last-retry-attempt-time",
            ],
        ),
        (
            "pipeline FAILED 1.0",
            ["stage", "execution-trigger", "last-retry-attempt-time"],
        ),
    ] {
        let event = heard.iter().find(|event| line(event) == of).expect(of);
        assert!(
            absent
                .iter()
                .all(|member| event["detail"].get(member).is_none()),
            "{event}"
        );
    }
    let started = heard
        .iter()
        .find(|event| line(event) == "pipeline STARTED 1.0")
        .expect("it was told");
    assert_eq!(
        started["detail"]["execution-trigger"]["trigger-type"],
        "StartPipelineExecution"
    );
}

/// aws-captures A9: attempts are counted for the whole execution, of stages from 0.0; and the order of arrival is not that of
/// happening: the action's failure arrives after the retry's new attempt has started.
#[tokio::test(start_paused = true)]
async fn a9_events_of_a_retry_arrive_out_of_order() {
    let releases = Releases::new(ExecutionMode::Superseded);
    listen(&releases.world, json!({"source": ["aws.codepipeline"]}));
    let execution = releases.start().await;
    let job = releases.job();
    let details = json!({"type": "JobFailed", "message": "no"});
    releases.call(
        "PutJobFailureResult",
        json!({"jobId": job, "failureDetails": details}),
    );
    // The stage fails after 34 s; somebody retries at once, and CodePipeline is as quick as it was seen to be.
    releases.world.with(|sandbox, _| {
        sandbox.codepipeline.delays.retry_clears = Duration::ZERO;
        sandbox.codepipeline.delays.retry = Duration::from_millis(170);
    });
    releases.pass(Duration::from_millis(34_100)).await;
    heard(&releases.world);
    releases
        .retry(&execution, "FAILED_ACTIONS")
        .expect("it is accepted");
    releases.pass(Duration::from_secs(20)).await;
    let lines: Vec<String> = heard(&releases.world).iter().map(line).collect();
    assert_eq!(
        lines,
        [
            "stage Prod FAILED 0.0",
            "action Prod Gate STARTED 2.0",
            "action Prod Gate FAILED 1.0",
            "pipeline FAILED 1.0",
            "pipeline RESUMED 2.0",
            "stage Prod RESUMED 2.0",
        ]
    );
    releases.fail(&releases.job()).await;
    releases.pass(Duration::from_secs(20)).await;
    let later = heard(&releases.world);
    let stage = later
        .iter()
        .find(|event| line(event) == "stage Prod FAILED 2.0")
        .expect("it failed again");
    assert!(
        stage["detail"]["stage-last-retry-attempt-time"].is_string(),
        "{stage}"
    );
    let pipeline = later
        .iter()
        .find(|event| line(event) == "pipeline FAILED 2.0")
        .expect("it failed again");
    assert!(
        pipeline["detail"]["last-retry-attempt-time"].is_string(),
        "{pipeline}"
    );
}

/// B6: the members of each kind of event, and none beside them. A9: a stage's start is kept through retries; a retried action starts
/// again under a new id; what a source brings is told.
#[tokio::test(start_paused = true)]
async fn b6_the_members_of_each_event() {
    let releases = Releases::new(ExecutionMode::Superseded);
    listen(&releases.world, json!({"source": ["aws.codepipeline"]}));
    let execution = releases.start().await;
    releases.fail(&releases.job()).await;
    releases
        .retry(&execution, "FAILED_ACTIONS")
        .expect("it is accepted");
    releases.pass(Duration::from_secs(10)).await;
    releases.succeed(&releases.job()).await;
    releases.pass(Duration::from_secs(20)).await;
    let told = heard(&releases.world);
    let event = |of: &str| {
        let found = told.iter().find(|event| line(event) == of);
        found.expect(of)["detail"].clone()
    };
    let stage = "execution-id pipeline pipeline-execution-attempt stage start-time state version";
    let pipeline = "execution-id pipeline pipeline-execution-attempt start-time state version";
    let action = "action action-execution-id execution-id pipeline pipeline-execution-attempt region stage start-time state type version";
    for (of, members, more) in [
        ("stage Prod FAILED 0.0", stage, ""),
        (
            "stage Prod RESUMED 2.0",
            stage,
            "stage-last-retry-attempt-time",
        ),
        ("pipeline STARTED 1.0", pipeline, "execution-trigger"),
        ("pipeline FAILED 1.0", pipeline, ""),
        ("pipeline RESUMED 2.0", pipeline, "last-retry-attempt-time"),
        ("action Prod Gate STARTED 2.0", action, ""),
        ("action Prod Gate SUCCEEDED 2.0", action, "execution-result"),
        (
            "action Source Source SUCCEEDED 1.0",
            action,
            "execution-result output-artifacts",
        ),
    ] {
        let shown = event(of);
        let shown: Vec<&str> = shown
            .as_object()
            .expect("members")
            .keys()
            .map(String::as_str)
            .collect();
        let mut expected: Vec<&str> = members.split(' ').chain(more.split_whitespace()).collect();
        expected.sort_unstable();
        assert_eq!(shown, expected, "{of}");
    }
    let succeeded = event("action Prod Gate SUCCEEDED 2.0");
    assert!(succeeded["execution-result"].get("error-code").is_none());
    let start = |of: &str| event(of)["start-time"].clone();
    assert_eq!(
        start("stage Prod RESUMED 2.0"),
        start("stage Prod FAILED 0.0")
    );
    assert_ne!(
        start("action Prod Gate STARTED 2.0"),
        start("action Prod Gate FAILED 1.0")
    );
    let id = |of: &str| event(of)["action-execution-id"].clone();
    assert_eq!(
        id("action Prod Gate STARTED 1.0"),
        id("action Prod Gate FAILED 1.0")
    );
    assert_ne!(
        id("action Prod Gate STARTED 2.0"),
        id("action Prod Gate FAILED 1.0")
    );
    let artifacts = event("action Source Source SUCCEEDED 1.0")["output-artifacts"].clone();
    assert_eq!(artifacts[0]["name"], "Source");
    assert!(artifacts[0]["s3location"]["bucket"].is_string());
}

/// The other states of the user guide, "Monitoring CodePipeline events".
#[tokio::test(start_paused = true)]
async fn stops_and_superseding_are_told() {
    let releases = Releases::new(ExecutionMode::Superseded);
    let states = ["STOPPING", "STOPPED", "ABANDONED", "SUPERSEDED", "CANCELED"];
    listen(&releases.world, json!({"detail": {"state": states}}));
    let first = releases.start().await;
    releases.start().await;
    releases.start().await;
    let stop = json!({"pipelineName": "shop", "pipelineExecutionId": first, "reason": "a freeze"});
    releases.call("StopPipelineExecution", stop.clone());
    releases.pass(Duration::from_secs(20)).await;
    let mut abandon = stop;
    abandon["abandon"] = json!(true);
    releases.call("StopPipelineExecution", abandon);
    releases.pass(Duration::from_secs(20)).await;
    releases.call(
        "UpdatePipeline",
        json!({"pipeline": shop(ExecutionMode::Superseded)}),
    );
    releases.pass(Duration::from_secs(20)).await;
    let heard = heard(&releases.world);
    let lines: Vec<String> = heard.iter().map(line).collect();
    assert_eq!(
        lines,
        [
            "stage Prod STOPPING 0.0",
            "pipeline SUPERSEDED 1.0",
            "pipeline STOPPING 1.0",
            "stage Prod STOPPED 0.0",
            "pipeline STOPPED 1.0",
            "action Prod Gate ABANDONED 1.0",
            "stage Prod CANCELED 0.0",
            "pipeline CANCELED 1.0",
            "action Prod Gate CANCELED 1.0",
        ]
    );
    assert_eq!(heard[2]["detail"]["stop-execution-comments"], "a freeze");
    assert!(
        heard[5]["detail"].get("start-time").is_none(),
        "{}",
        heard[5]
    );
}

/// aws-facts 3.1: like EventBridge's event, but `detailType`, no id and no version, and in FULL detail why.
#[tokio::test(start_paused = true)]
async fn notification_rules_tell_stages_and_pipelines_why() {
    for detail_type in [DetailType::Full, DetailType::Basic] {
        let releases = Releases::new(ExecutionMode::Superseded);
        releases.world.with(|sandbox, now| {
            let topic = sandbox.sns.create_topic(REGION, "notifications");
            subscribe(sandbox, now, &topic, None);
            let event_type_ids = ["action", "stage", "pipeline"]
                .map(|part| format!("codepipeline-pipeline-{part}-execution-failed"));
            sandbox
                .eventbridge
                .put_notification_rule(NotificationRule {
                    resource: "arn:aws:codepipeline:us-east-1:111122223333:shop".to_owned(),
                    event_type_ids: event_type_ids.to_vec(),
                    detail_type,
                    topic_arn: topic,
                })
                .expect("known types");
        });
        releases.start().await;
        releases.fail(&releases.job()).await;
        releases.pass(Duration::from_secs(20)).await;
        let heard = heard(&releases.world);
        let of = |kind: &str| {
            let kind = format!("CodePipeline {kind} Execution State Change");
            heard
                .iter()
                .find(|message| message["detailType"] == kind)
                .expect("it was told")
        };
        let why =
            json!([{"action": "Gate", "additionalInformation": "health-gate blocked: a test"}]);
        let (action, stage, pipeline) = match detail_type {
            DetailType::Full => (
                json!({"additionalInformation": "health-gate blocked: a test"}),
                json!({"failedActionCount": 1, "failedActions": why}),
                json!({"failedActionCount": 1, "failedActions": why, "failedStage": "Prod"}),
            ),
            DetailType::Basic => (json!({}), json!({}), json!({})),
        };
        assert_eq!(of("Action")["additionalAttributes"], action);
        let result = &of("Action")["detail"]["execution-result"];
        assert_eq!(result["error-code"], "JobFailed");
        assert_eq!(
            result["external-execution-summary"].is_string(),
            detail_type == DetailType::Full,
            "BASIC has no error message"
        );
        assert_eq!(of("Stage")["additionalAttributes"], stage);
        assert_eq!(of("Pipeline")["additionalAttributes"], pipeline);
        let stage = of("Stage");
        assert!(
            stage.get("id").is_none() && stage.get("version").is_none(),
            "{stage}"
        );
        assert_eq!(stage["detail"]["state"], "FAILED");
        assert!(
            stage["notificationRuleArn"]
                .as_str()
                .is_some_and(|arn| arn.starts_with(
                    "arn:aws:codestar-notifications:us-east-1:111122223333:notificationrule/"
                ))
        );
        assert_eq!(heard.len(), 3);
        let arns: std::collections::BTreeSet<_> = heard
            .iter()
            .map(|message| message["notificationRuleArn"].to_string())
            .collect();
        assert_eq!(arns.len(), 1, "the ARN is the rule's");
    }
}

/// AWS Health tells the impacted region and its backup, in pages if it is long ("Choosing a region", "Pagination of AWS Health
/// events on EventBridge").
#[tokio::test(start_paused = true)]
async fn health_events_come_with_a_copy_and_in_pages() {
    let world = World::new(START, 5);
    world.with(|sandbox, now| {
        let topic = sandbox.sns.create_topic(REGION, "health");
        subscribe(sandbox, now, &topic, None);
        for region in ["eu-west-1", "us-west-2"] {
            let pattern = json!({"source": ["aws.health"]});
            sandbox
                .eventbridge
                .put_rule(region, &pattern, &topic)
                .expect("a pattern");
        }
        let issue = Event::operational_issue("EC2", "eu-west-1", "outage", now);
        sandbox.health.split_event(&issue.arn, 2);
        sandbox.open_event(now, issue.clone());
        sandbox.close_event(now, &issue.arn);
    });
    world.sleep(Duration::from_secs(30)).await;
    let heard = heard(&world);
    let lines = heard.iter().map(|event| {
        let text = |name: &str| event["detail"][name].as_str().expect("a string").to_owned();
        format!(
            "{} {} {}/{} {}",
            event["region"].as_str().expect("a region"),
            text("statusCode"),
            text("page"),
            text("totalPages"),
            text("backupEvent")
        )
    });
    assert_eq!(
        lines.collect::<Vec<_>>(),
        [
            "eu-west-1 open 1/2 false",
            "eu-west-1 open 2/2 false",
            "us-west-2 open 1/2 true",
            "us-west-2 open 2/2 true",
            "eu-west-1 closed 1/2 false",
            "eu-west-1 closed 2/2 false",
            "us-west-2 closed 1/2 true",
            "us-west-2 closed 2/2 true",
        ]
    );
    let closed = &heard[4]["detail"];
    assert_eq!(closed["endTime"], "Mon, 23 Nov 2026 09:00:00 GMT");
    let id = |n: usize| {
        heard[n]["detail"]["communicationId"]
            .as_str()
            .expect("an id")
            .to_owned()
    };
    assert_eq!(id(4), id(6), "the copy has the same id");
    assert_eq!(
        id(4).trim_end_matches("-1"),
        id(5).trim_end_matches("-2"),
        "pages differ in their suffix"
    );
}
