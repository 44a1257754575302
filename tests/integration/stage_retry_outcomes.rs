//! Each row of the table of outcomes. Where the sandbox's CodePipeline comes to it by itself, no answer is made up.

use std::time::Duration;

use aws_sandbox::codepipeline::{
    ActionDeclaration, ExecutionMode, PipelineDeclaration, StageDeclaration, Status,
};
use aws_sandbox::{Fault, ServiceError};
use health_gate_aws::Settings;
use serde_json::{Value, json};

use crate::in_world::{FUNCTION, GateWorld, RETRY_FUNCTION, TOPIC, ec2_issue, usual};
use crate::stage_retry::{ALWAYS, Story, deploy, gated, lambda, outcomes, pipeline};

const REGION: &str = "us-east-1";

impl Story {
    /// Calls an operation of CodePipeline, as a person does.
    pub(crate) fn call(&self, operation: &str, input: Value) -> Value {
        self.0
            .world
            .with(|sandbox, now| sandbox.call(now, "CodePipeline", operation, REGION, &input))
            .expect("it is accepted")
    }

    pub(crate) fn fail(&self, operation: &str, fault: Fault, calls: std::ops::Range<usize>) {
        self.0
            .world
            .with(|sandbox, _| sandbox.fail(operation, fault, calls));
    }

    pub(crate) fn execution(&self, pipeline: &str) -> String {
        self.0
            .world
            .with(|sandbox, _| sandbox.codepipeline.newest_execution_id(pipeline))
            .expect("it has run")
    }

    pub(crate) fn release(&self, pipeline: &str) {
        self.0.world.with(|sandbox, now| {
            sandbox
                .start_execution(now, pipeline)
                .expect("it may begin")
        });
    }
}

/// A pipeline with an open issue and one without: `retried` and `blocked` beside each other.
#[tokio::test(start_paused = true)]
async fn retried_and_blocked() {
    let story = Story::of(vec![
        gated("checkout"),
        pipeline("search", vec![(1, lambda(FUNCTION, "us-east-1,eu-west-1"))]),
    ])
    .await;
    story.close_the_issue();
    let mut ireland = ec2_issue("2");
    ireland.region = "eu-west-1".to_owned();
    story.0.put_event(ireland);
    assert_eq!(
        outcomes(&story.sweep().await),
        [
            "checkout/Production retried: AWS Health is clear",
            "search/Production blocked: 1 open AWS Health issue in eu-west-1"
        ]
    );
    // One reading of AWS Health for both.
    assert_eq!(story.0.calls("DescribeEvents"), 2 + 1);
    assert_eq!(story.status("checkout").await, Status::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn unknown() {
    let story = Story::of(vec![gated("checkout")]).await;
    story.close_the_issue();
    let denied = Fault::Error(ServiceError::access_denied("health:DescribeEvents"));
    story.fail("DescribeEvents", denied, ALWAYS);
    let told = outcomes(&story.sweep().await).join("\n");
    assert!(
        told.starts_with("checkout/Production unknown: access to the AWS Health API is denied"),
        "{told}"
    );
    assert_eq!(story.retries(), 0);
}

/// A deployment fails beside a gate that passes, and beside one that does not.
#[tokio::test(start_paused = true)]
async fn mixed() {
    let story = Story::of(vec![
        pipeline(
            "blocked",
            vec![(1, lambda(FUNCTION, "us-east-1")), (1, deploy(false))],
        ),
        pipeline(
            "passed",
            vec![(1, lambda(FUNCTION, "ap-south-1")), (1, deploy(false))],
        ),
    ])
    .await;
    story.close_the_issue();
    assert_eq!(
        outcomes(&story.sweep().await),
        ["blocked/Production mixed: action Action1 has failed too, and not by an incident"]
    );
    assert_eq!(story.retries(), 0);
}

/// The gate stops a retried stage again: the second retry waits for a minute after that failure, the third for two, the fourth for four.
#[tokio::test(start_paused = true)]
async fn waiting() {
    let story = Story::of(vec![gated("checkout")]).await;
    story.close_the_issue();
    let clear = ["checkout/Production retried: AWS Health is clear"];
    assert_eq!(
        outcomes(&story.sweep().await),
        clear,
        "the first never waits"
    );
    for (attempts, minutes) in [(2, 1), (3, 2), (4, 4)] {
        // While the gate checks again, the region is in trouble again.
        story.0.put_event(ec2_issue("2"));
        story.0.play(Duration::from_secs(50)).await;
        story
            .0
            .world
            .with(|sandbox, now| sandbox.health.close_event(now, &ec2_issue("2").arn));
        let rows = json!({"pipelineName": "checkout"});
        let rows = story.call("ListActionExecutions", rows);
        let newest = &rows["actionExecutionDetails"][0];
        assert_eq!(
            (&newest["actionName"], &newest["status"]),
            (&json!("Action0"), &json!("Failed"))
        );
        let failed = newest["lastUpdateTime"].as_f64().expect("seconds");
        let due = Duration::from_secs_f64(failed) + Duration::from_mins(minutes);
        let now = || {
            Duration::from_millis(
                story
                    .0
                    .world
                    .now()
                    .as_millis()
                    .try_into()
                    .expect("after 1970"),
            )
        };
        story.0.play(due - now() - Duration::from_secs(1)).await;
        let told = outcomes(&story.sweep().await).join("\n");
        assert!(
            told.starts_with(&format!("checkout/Production waiting: the gate has failed {attempts} times in this execution: not before")),
            "{told}"
        );
        story.0.play(due - now()).await;
        assert_eq!(outcomes(&story.sweep().await), clear, "{attempts}");
    }
    assert_eq!(story.status("checkout").await, Status::Succeeded);
    assert_eq!(story.retries(), 4);
}

#[tokio::test(start_paused = true)]
async fn expired_and_never() {
    let story = Story::of(vec![
        gated("checkout"),
        pipeline(
            "never",
            vec![(
                1,
                lambda(FUNCTION, r#"{"regions": ["us-east-1"], "retry": "never"}"#),
            )],
        ),
        pipeline(
            "soon",
            vec![(
                1,
                lambda(
                    FUNCTION,
                    r#"{"regions": ["us-east-1"], "retryWithin": "10m"}"#,
                ),
            )],
        ),
    ])
    .await;
    story.close_the_issue();
    story.0.play(Duration::from_mins(6)).await;
    assert_eq!(
        outcomes(&story.sweep().await),
        [
            "checkout/Production retried: AWS Health is clear",
            "never/Production never: its policy's `retry` is `never`: it is left to people",
            "soon/Production expired: the gate stopped it 2026-11-23 09:00 UTC, and its policy's `retryWithin` is 10m: it is left to people"
        ]
    );
    assert_eq!(story.retries(), 1);
}

#[tokio::test(start_paused = true)]
async fn frozen() {
    let story = Story::of(vec![two_stages("checkout", ExecutionMode::Superseded)]).await;
    story.close_the_issue();
    let transition = json!({
        "pipelineName": "checkout", "stageName": "Production", "transitionType": "Inbound", "reason": "the week-end",
    });
    story.call("DisableStageTransition", transition.clone());
    assert_eq!(
        outcomes(&story.sweep().await),
        ["checkout/Production frozen: the stage's inbound transition is disabled"]
    );
    let mut enabled = transition;
    enabled.as_object_mut().expect("a map").remove("reason");
    story.call("EnableStageTransition", enabled);
    assert_eq!(
        outcomes(&story.sweep().await),
        ["checkout/Production retried: AWS Health is clear"]
    );
}

/// A source, then the gate in a stage of its own.
pub(crate) fn two_stages(name: &str, mode: ExecutionMode) -> PipelineDeclaration {
    let mut declaration = gated(name);
    let source = StageDeclaration::new("Source", vec![ActionDeclaration::source("Source")]);
    declaration.stages.insert(0, source);
    declaration.in_mode(mode)
}

/// The definition was changed since: CodePipeline does not retry what is not there any more.
#[tokio::test(start_paused = true)]
async fn moved_on() {
    let story = Story::of(vec![two_stages("checkout", ExecutionMode::Superseded)]).await;
    story.close_the_issue();
    let mut declaration = story.call("GetPipeline", json!({"name": "checkout"}))["pipeline"].take();
    declaration["stages"][1]["actions"][1]["configuration"]["BucketName"] = json!("another");
    story.call("UpdatePipeline", json!({"pipeline": declaration}));
    let told = outcomes(&story.sweep().await).join("\n");
    assert!(
        told.starts_with("checkout/Production moved-on: StageNotRetryableException"),
        "{told}"
    );
}

/// A newer execution fails in the stage while the invocation is between its last look and the retry.
#[tokio::test(start_paused = true)]
async fn superseded() {
    let story = Story::of(vec![gated("checkout")]).await;
    story.close_the_issue();
    let refused = Fault::Error(ServiceError::new(
        "NotLatestPipelineExecutionException",
        "a later execution has failed in the stage",
    ));
    story.fail("RetryStageExecution", refused, 0..1);
    assert_eq!(
        outcomes(&story.sweep().await),
        [
            "checkout/Production superseded: NotLatestPipelineExecutionException: a later execution has failed in the stage"
        ]
    );
}

/// A newer execution has entered the stage: the old one is history, and the new one is in progress.
#[tokio::test(start_paused = true)]
async fn a_newer_execution_in_the_stage_is_left_to_itself() {
    let story = Story::of(vec![gated("checkout")]).await;
    story.close_the_issue();
    story.release("checkout");
    assert_eq!(outcomes(&story.sweep().await), [""; 0]);
    assert_eq!(story.status("checkout").await, Status::Succeeded);
    assert_eq!(outcomes(&story.sweep().await), [""; 0]);
    assert_eq!(story.retries(), 0);
}

/// CodePipeline has no time for a retry: it is tried a few times, each time after another look, and then left to the next sweep.
#[tokio::test(start_paused = true)]
async fn busy() {
    let codes = [
        "ConflictException",
        "ConcurrentPipelineExecutionsLimitExceededException",
        "ThrottlingException",
        "InternalFailure",
    ];
    for code in codes {
        let story = Story::of(vec![gated("checkout")]).await;
        story.close_the_issue();
        let busy = Fault::Error(ServiceError::new(code, "later"));
        story.fail("RetryStageExecution", busy, 0..5);
        let begin = story.0.world.now();
        assert_eq!(
            outcomes(&story.sweep().await),
            [format!("checkout/Production busy: {code}: later")]
        );
        let took = (story.0.world.now().as_millis() - begin.as_millis()) / 1_000;
        assert!((7..=15).contains(&took), "back-off with jitter: {took} s");
        assert_eq!(story.retries(), 4, "{code}");
        assert_eq!(story.0.calls("GetPipelineState"), 1 + 1 + 4);
        // The next sweep's second try is taken.
        assert_eq!(
            outcomes(&story.sweep().await),
            ["checkout/Production retried: AWS Health is clear"]
        );
        assert_eq!(story.status("checkout").await, Status::Succeeded);
        assert_eq!(story.retries(), 6);
    }
}

/// CodePipeline takes the retry and its answer is lost: the look before the second try finds the stage in progress.
#[tokio::test(start_paused = true)]
async fn a_retry_whose_answer_is_lost_is_not_repeated() {
    let story = Story::of(vec![gated("checkout")]).await;
    story.close_the_issue();
    story.fail("RetryStageExecution", Fault::Cut, 0..1);
    let told = outcomes(&story.sweep().await).join("\n");
    assert!(
        told.starts_with("checkout/Production moved-on: the stage goes on: "),
        "{told}"
    );
    assert_eq!(story.status("checkout").await, Status::Succeeded);
    assert_eq!(story.retries(), 1);
}

#[tokio::test(start_paused = true)]
async fn gone_and_denied() {
    for (operation, code, outcome) in [
        (
            "GetPipelineState",
            "PipelineNotFoundException",
            "checkout/- gone",
        ),
        ("GetPipelineState", "ValidationException", "checkout/- gone"),
        (
            "GetPipelineState",
            "AccessDeniedException",
            "checkout/- denied",
        ),
        (
            "ListActionExecutions",
            "PipelineExecutionNotFoundException",
            "checkout/Production gone",
        ),
        (
            "ListActionExecutions",
            "AccessDeniedException",
            "checkout/Production denied",
        ),
        (
            "RetryStageExecution",
            "StageNotFoundException",
            "checkout/Production gone",
        ),
        (
            "RetryStageExecution",
            "AccessDeniedException",
            "checkout/Production denied",
        ),
    ] {
        let story = Story::of(vec![gated("checkout")]).await;
        story.close_the_issue();
        let refused = Fault::Error(ServiceError::new(code, "refused"));
        story.fail(operation, refused, ALWAYS);
        assert_eq!(
            outcomes(&story.sweep().await),
            [format!("{outcome}: {code}: refused")]
        );
        assert!(story.retries() <= 1, "no refusal for good is tried again");
    }
}

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
        told.starts_with("checkout/Production blocked: 1 open AWS Health issue in us-east-1; its override could not be read: AccessDenied"),
        "{told}"
    );
}

/// The issue is closed, and closed too recently for the policy.
#[tokio::test(start_paused = true)]
async fn a_quiet_period_keeps_a_stage_blocked() {
    let quiet = r#"{"regions": ["us-east-1"], "quietPeriod": "10m"}"#;
    let story = Story::of(vec![pipeline(
        "checkout",
        vec![(1, lambda(FUNCTION, quiet))],
    )])
    .await;
    story.close_the_issue();
    story.0.play(Duration::from_mins(9)).await;
    assert_eq!(
        outcomes(&story.sweep().await),
        ["checkout/Production blocked: 1 just closed AWS Health issue in us-east-1"]
    );
    story.0.play(Duration::from_mins(1)).await;
    assert_eq!(
        outcomes(&story.sweep().await),
        ["checkout/Production retried: AWS Health is clear"]
    );
}

/// The gate's function returns and has not answered: after 20 minutes CodePipeline fails its action. That is a signal, and AWS Health
/// is clear.
#[tokio::test(start_paused = true)]
async fn a_gate_that_never_answered_is_retried() {
    let gate = GateWorld::new(REGION);
    gate.world.with(|sandbox, now| {
        sandbox.create_pipeline(now, REGION, gated("checkout"));
        sandbox.connect_signals(now, REGION, RETRY_FUNCTION);
        sandbox
            .start_execution(now, "checkout")
            .expect("nothing is going on");
    });
    gate.world.sleep(Duration::from_secs(5)).await;
    gate.world.with(|sandbox, now| {
        let job = sandbox.lambda.take(now, FUNCTION).expect("a job waits");
        sandbox.lambda.finish(now, &job.request_id, Ok(Value::Null));
    });
    let story = Story(gate);
    story.0.play(Duration::from_mins(19)).await;
    assert_eq!(story.retries(), 0);
    assert_eq!(story.status("checkout").await, Status::Succeeded);
    assert_eq!(story.retries(), 1);
}

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
        ["checkout/Production blocked: 1 open AWS Health issue in us-east-1"; 2]
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

fn failure(pipeline: &str, execution: &str) -> Value {
    json!({
        "source": "aws.codepipeline", "detail-type": "CodePipeline Action Execution State Change",
        "account": "111122223333", "region": REGION,
        "detail": {"pipeline": pipeline, "execution-id": execution, "state": "FAILED"},
    })
}

/// Whoever may publish to the topic can make stage-retry look, and no more.
#[tokio::test(start_paused = true)]
async fn a_forged_message_causes_at_most_a_look() {
    let story = Story::of(vec![
        pipeline("passed", vec![(1, deploy(true))]),
        pipeline("broken", vec![(1, deploy(false))]),
        gated("blocked"),
    ])
    .await;
    let look: &[&str] = &["GetPipelineState"];
    // AWS Health has an open issue: what the gate stopped stays as it is.
    let longest = &[
        "GetPipelineState",
        "ListActionExecutions",
        "DescribeEvents",
        "ListTagsForResource",
    ];
    for (name, expected) in [
        ("passed", look),
        // Its action names no function, so that its rows have to say what it is.
        ("broken", &["GetPipelineState", "ListActionExecutions"]),
        ("blocked", longest),
        ("nowhere", look),
        ("../../etc", look),
        ("ü", look),
    ] {
        let before = story.0.transcript().lines().count();
        let told = outcomes(&story.signal(failure(name, "forged")).await).join("\n");
        let calls: Vec<String> = story
            .0
            .transcript()
            .lines()
            .skip(before)
            .filter(|line| !line.contains(" Publish "))
            .map(|line| line.split(' ').nth(1).expect("an operation").to_owned())
            .collect();
        assert_eq!(calls, expected, "{name}: {told}");
    }
    assert_eq!(story.retries(), 0);
}

/// Two instances work at the same time on the same stage: whichever comes first, it is retried once.
#[tokio::test(start_paused = true)]
async fn two_signals_at_once_retry_once() {
    let story = Story::of(vec![gated("checkout")]).await;
    story.close_the_issue();
    let sweep = json!({"source": "health-gate", "detail-type": "Sweep"});
    story.0.world.with(|sandbox, now| {
        sandbox.publish_signal(now, REGION, &sweep);
        sandbox.publish_signal(now, REGION, &sweep);
    });
    let both = story.0.run_at_once().await;
    let mut told: Vec<String> = both.iter().flat_map(outcomes).collect();
    told.sort();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].starts_with("checkout/Production moved-on"),
        "{told:?}"
    );
    assert_eq!(told[1], "checkout/Production retried: AWS Health is clear");
    assert_eq!(story.status("checkout").await, Status::Succeeded);
    let accepted = story.0.accepted("RetryStageExecution");
    assert_eq!(accepted, 1);
}

/// Several records in one invocation: each is looked at, one that cannot be listed does not cost the others their look.
#[tokio::test(start_paused = true)]
async fn a_failure_is_looked_at_even_if_the_list_cannot_be_read() {
    let story = Story::of(vec![gated("checkout"), gated("search")]).await;
    story.close_the_issue();
    let denied = Fault::Error(ServiceError::access_denied("codepipeline:ListPipelines"));
    story.fail("ListPipelines", denied, ALWAYS);
    let record = |message: Value| {
        json!({"Sns": {
            "TopicArn": "arn:aws:sns:us-east-1:111122223333:health-gate-signals", "Message": message.to_string(),
        }})
    };
    let id = story.execution("search");
    let payload = json!({"Records": [
        record(json!({"source": "health-gate", "detail-type": "Sweep"})),
        record(failure("search", &id)),
        record(json!({"AlarmName": "5xx"})),
    ]});
    story
        .0
        .world
        .with(|sandbox, _| sandbox.invoke(REGION, RETRY_FUNCTION, payload));
    story.0.run().await;
    let error = story.0.returned().expect_err("a sweep needs the list");
    assert_eq!(error["errorType"], "pipelines.not-listed");
    assert_eq!(story.status("search").await, Status::Succeeded);
    assert_eq!(story.status("checkout").await, Status::Failed);
}

/// `PIPELINES` says which pipelines a sweep looks at. A failure names its own.
#[tokio::test(start_paused = true)]
async fn a_sweep_looks_at_the_pipelines_of_its_list() {
    let settings = Settings {
        pipelines: health_gate::Wildcards::from_list("team-a-*, checkout"),
        ..Settings::default()
    };
    let gate = GateWorld::with(REGION, settings, usual());
    let names = ["team-a-1", "team-a-2", "team-b-1", "checkout", "checkout-2"];
    let story = Story::in_world(gate, names.map(gated).to_vec()).await;
    story.close_the_issue();
    let told = outcomes(&story.sweep().await);
    assert_eq!(
        told,
        ["checkout", "team-a-1", "team-a-2"]
            .map(|name| format!("{name}/Production retried: AWS Health is clear"))
    );
    let id = story.execution("team-b-1");
    let told = outcomes(&story.signal(failure("team-b-1", &id)).await);
    assert_eq!(told, ["team-b-1/Production retried: AWS Health is clear"]);
}

/// One message for people an invocation that retried something, with what was left alone.
#[tokio::test(start_paused = true)]
async fn people_are_told_once_an_invocation() {
    let gate = GateWorld::with(
        REGION,
        Settings {
            notification_topic: Some(TOPIC.to_owned()),
            ..Settings::default()
        },
        usual(),
    );
    gate.world
        .with(|sandbox, _| sandbox.sns.create_topic(REGION, "people"));
    let never = r#"{"regions": ["us-east-1"], "retry": "never"}"#;
    let story = Story::in_world(
        gate,
        vec![
            gated("checkout"),
            gated("search"),
            pipeline("never", vec![(1, lambda(FUNCTION, never))]),
        ],
    )
    .await;
    let told = story.0.calls("Publish");
    story.sweep().await;
    assert_eq!(story.0.calls("Publish"), told, "nothing was retried");
    story
        .0
        .world
        .with(|sandbox, now| sandbox.close_event(now, &ec2_issue("1").arn));
    story.0.play(Duration::from_secs(20)).await;
    assert_eq!(story.0.calls("Publish"), told + 1);
    let message = story.0.last_input("Publish");
    assert_eq!(message["Subject"], "Retried 2 stages in 2 pipelines");
    let body: Value = serde_json::from_str(message["Message"].as_str().expect("a text"))
        .expect("one message a protocol");
    insta::assert_snapshot!(body["email"].as_str().expect("a text"), @"
    Retried 2 stages in 2 pipelines

    checkout / Production: AWS Health is clear
    search / Production: AWS Health is clear
    left alone: 1 never
    ");
    let chat: Value =
        serde_json::from_str(body["default"].as_str().expect("a text")).expect("JSON");
    assert_eq!(chat["metadata"]["threadId"], ec2_issue("1").arn.as_str());
}

/// The deployment after the gate is what a person cares about: it runs once, after the retry.
#[tokio::test(start_paused = true)]
async fn a_deployment_that_fails_after_a_retry_is_left_to_people() {
    let story = Story::of(vec![pipeline(
        "checkout",
        vec![(1, lambda(FUNCTION, "us-east-1")), (2, deploy(false))],
    )])
    .await;
    story.close_the_issue();
    assert_eq!(
        outcomes(&story.sweep().await),
        ["checkout/Production retried: AWS Health is clear"]
    );
    assert_eq!(story.status("checkout").await, Status::Failed);
    for _ in 0..3 {
        assert_eq!(outcomes(&story.sweep().await), [""; 0]);
        story.0.play(Duration::from_mins(10)).await;
    }
    assert_eq!(story.retries(), 1);
}
