//! stage-retry among many pipelines, in virtual time: its pace, CodePipeline's limits, and its deadline.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sandbox::codepipeline::{ExecutionMode, Status};
use aws_sandbox::{Fault, ServiceError};
use health_gate_aws::Settings;
use serde_json::{Value, json};

use crate::in_world::{GateWorld, RETRY_FUNCTION, usual};
use crate::story::{ALWAYS, Story, WHILE, deploy, gated, outcomes, pipeline};

const REGION: &str = "us-east-1";

/// So many pipelines, of which the gate has stopped each third, at a pace.
async fn story(pipelines: usize, pace: f64) -> Story {
    let story = stopped(pipelines, pace).await;
    story.close_the_issue();
    story
}

/// The same, and the issue is still open.
async fn stopped(pipelines: usize, pace: f64) -> Story {
    let settings = Settings {
        pace: Ok(pace),
        ..Settings::default()
    };
    let gate = GateWorld::with(REGION, settings, usual());
    let declarations = (0..pipelines).map(|number| {
        let name = format!("p{number:03}");
        match number % 3 {
            0 => gated(&name),
            _ => pipeline(&name, vec![(1, deploy(true))]),
        }
    });
    let story = Story::in_world(gate, declarations.collect()).await;
    story
        .0
        .world
        .with(|sandbox, _| sandbox.lambda.timeout = Duration::from_mins(5));
    story
}

fn retried(account: &Value) -> usize {
    let retried = |told: &&String| told.contains(" retried: ");
    outcomes(account).iter().filter(retried).count()
}

impl Story {
    /// When each call of CodePipeline by stage-retry came, since a call, in ms.
    fn calls_since(&self, first: usize) -> Vec<i64> {
        self.0.world.with(|sandbox, _| {
            let calls = sandbox.transcript.calls().iter().skip(first);
            let calls = calls.filter(|call| {
                call.service == "CodePipeline" && !call.operation.starts_with("PutJob")
            });
            calls.map(|call| call.at.as_millis()).collect()
        })
    }

    fn all_calls(&self) -> usize {
        self.0
            .world
            .with(|sandbox, _| sandbox.transcript.calls().len())
    }
}

/// The calls of a sweep are evenly spaced, whichever they are.
#[tokio::test(start_paused = true)]
async fn calls_come_at_the_pace() {
    for pace in [5.0, 2.0, 50.0] {
        let story = story(30, pace).await;
        let before = story.all_calls();
        assert_eq!(retried(&story.sweep().await), 10);
        let calls = story.calls_since(before);
        // The list, each pipeline's state, the rows of ten, and of these the state again and the retry.
        assert_eq!(calls.len(), 1 + 30 + 10 + 2 * 10);
        let distance = (1_000.0 / pace) as i64;
        assert!(
            calls
                .windows(2)
                .all(|pair| pair[1] - pair[0] >= distance - 1),
            "{pace}: {calls:?}"
        );
        assert_eq!(story.0.calls("DescribeEvents"), 10 + 1);
    }
    let story = stopped(9, 5.0).await;
    let before = story.all_calls();
    assert_eq!(retried(&story.sweep().await), 0);
    let calls = story.calls_since(before);
    // What is still blocked has its pipeline's tags read.
    assert_eq!(calls.len(), 1 + 9 + 3 + 3);
    assert!(
        calls.windows(2).all(|pair| pair[1] - pair[0] >= 199),
        "{calls:?}"
    );
}

/// Without a pace there are ten calls in flight, and each takes 20 ms here.
#[tokio::test(start_paused = true)]
async fn without_a_pace_ten_calls_are_in_flight() {
    let story = story(300, 0.0).await;
    let before = story.all_calls();
    assert_eq!(retried(&story.sweep().await), 100);
    let calls = story.calls_since(before);
    let in_flight = |at: &i64| {
        calls
            .iter()
            .filter(|call| (*at..at + 20).contains(*call))
            .count()
    };
    assert_eq!(calls.iter().map(in_flight).max(), Some(10));
}

/// CodePipeline takes ten calls a second of each operation: the calls that it refuses are few, and nothing is lost.
#[tokio::test(start_paused = true)]
async fn throttling_loses_nothing_and_makes_no_storm() {
    let story = story(90, 0.0).await;
    story.0.world.with(|sandbox, _| {
        for operation in [
            "GetPipelineState",
            "ListActionExecutions",
            "RetryStageExecution",
        ] {
            sandbox.limit(operation, 10);
        }
    });
    let before = story.all_calls();
    let mut done = 0;
    let mut sweeps = 0;
    while done < 30 {
        done += retried(&story.sweep().await);
        sweeps += 1;
        assert!(sweeps <= 3, "{done} retried after {sweeps} sweeps");
    }
    let needed = sweeps * (1 + 90) + 30 * 3;
    let calls = story.calls_since(before).len();
    assert!(calls <= needed * 3 / 2, "{calls} calls for {needed}");
    assert_eq!(story.0.accepted("RetryStageExecution"), 30);
}

/// An invocation that is short of time looks no further, retries what it has found, and says what it did not reach.
#[tokio::test(start_paused = true)]
async fn a_scan_ends_before_its_deadline() {
    let story = story(90, 5.0).await;
    story
        .0
        .world
        .with(|sandbox, _| sandbox.lambda.timeout = Duration::from_secs(20));
    let account = story.sweep().await;
    assert!(story.0.time_left() > Duration::ZERO);
    let unread = account["unread"].as_u64().expect("a number");
    assert!((30..85).contains(&unread), "{unread} of 90 unread");
    let told = outcomes(&account);
    assert!(retried(&account) > 0, "{told:?}");
    assert!(
        told.iter().all(|told| told.contains(" retried: ")),
        "what is found is settled: {told:?}"
    );
}

/// What one sweep does not reach, others do: fast and short of time, and so slow that ten calls take longer than anything is kept for.
#[tokio::test(start_paused = true)]
async fn sweeps_reach_everything_at_any_pace() {
    for (pace, seconds) in [(2.0, 30), (0.5, 120), (0.2, 300), (0.1, 300)] {
        reach_everything(pace, Duration::from_secs(seconds)).await;
    }
}

async fn reach_everything(pace: f64, timeout: Duration) {
    let story = story(90, pace).await;
    story
        .0
        .world
        .with(|sandbox, _| sandbox.lambda.timeout = timeout);
    let mut reached = BTreeSet::new();
    let mut read = Vec::new();
    while reached.len() < 30 {
        let account = story.sweep().await;
        read.push(90 - account["unread"].as_u64().expect("a number"));
        let stages = account["stages"].as_array().expect("a list").clone();
        for stage in stages.iter().filter(|stage| stage["outcome"] == "retried") {
            let pipeline = stage["pipeline"].as_str().expect("a name").to_owned();
            assert!(reached.insert(pipeline), "retried twice: {stage}");
        }
        story.0.play(Duration::from_mins(10)).await;
        // Each goes on where the one before has ended.
        let least = read.iter().min().expect("a sweep");
        assert!(
            read.len() <= 90_u64.div_ceil(*least) as usize + 1,
            "{} of 30 at {pace}, after {read:?}",
            reached.len()
        );
    }
    assert!(read.len() > 1, "one sweep does not reach all: {read:?}");
    assert_eq!(story.status("p087").await, Status::Succeeded);
}

/// The executions of one pipeline take longer than a sweep has: it is begun with once, and then the others have their turn.
#[tokio::test(start_paused = true)]
async fn a_pipeline_that_takes_too_long_holds_up_no_others() {
    let story = stopped(90, 0.5).await;
    story.0.world.with(|sandbox, now| {
        let many = gated("a-many").in_mode(ExecutionMode::Parallel);
        sandbox.create_pipeline(now, REGION, many);
    });
    for _ in 0..40 {
        story.release("a-many");
    }
    story.0.play(WHILE).await;
    story.close_the_issue();
    story
        .0
        .world
        .with(|sandbox, _| sandbox.lambda.timeout = Duration::from_mins(2));
    let mut retried_stages = 0;
    let mut sweeps = 0;
    while retried_stages < 30 {
        retried_stages += retried(&story.sweep().await);
        story.0.play(Duration::from_mins(10)).await;
        sweeps += 1;
        assert!(sweeps <= 8, "{retried_stages} of 30 after {sweeps} sweeps");
    }
}

/// There is no time at all: an answer comes all the same, and nothing is half done.
#[tokio::test(start_paused = true)]
async fn without_time_everything_is_unread() {
    let story = story(9, 5.0).await;
    story
        .0
        .world
        .with(|sandbox, _| sandbox.lambda.timeout = Duration::from_millis(100));
    let account = story.sweep().await;
    assert_eq!((retried(&account), story.retries()), (0, 0), "{account}");
    assert!(account["unread"].as_u64() > Some(0), "{account}");
}

/// A pipeline that CodePipeline has no time to show is unread, too.
#[tokio::test(start_paused = true)]
async fn a_pipeline_that_could_not_be_read_is_unread() {
    let story = story(3, 5.0).await;
    let failure = Fault::Error(ServiceError::internal_failure());
    story
        .0
        .world
        .with(|sandbox, _| sandbox.fail("GetPipelineState", failure, ALWAYS));
    let account = story.sweep().await;
    assert_eq!(
        (&account["pipelines"], &account["unread"]),
        (&json!(3), &json!(3))
    );
    assert_eq!(outcomes(&account)[0], "p000/- busy: InternalFailure");
}

/// A CodePipeline that does not answer costs no invocation its end.
#[tokio::test(start_paused = true)]
async fn a_silent_list_ends_before_the_deadline() {
    let story = story(3, 5.0).await;
    story.0.world.with(|sandbox, _| {
        sandbox.lambda.timeout = Duration::from_secs(10);
        sandbox.fail("ListPipelines", Fault::Silence, ALWAYS);
        let sweep = json!({"Records": [{"Sns": {
            "TopicArn": "arn:aws:sns:us-east-1:111122223333:health-gate-signals",
            "Message": json!({"source": "health-gate", "detail-type": "Sweep"}).to_string(),
        }}]});
        sandbox.invoke(REGION, RETRY_FUNCTION, sweep);
    });
    story.0.run().await;
    let error = story.0.returned().expect_err("a sweep needs the list");
    assert_eq!(
        (&error["errorType"], &error["errorMessage"]),
        (
            &json!("pipelines.not-listed"),
            &json!("the pipelines could not be listed: no answer within 4.4 s")
        )
    );
}
