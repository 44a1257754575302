//! What the gate asks AWS Health, what it decides, and what it tells CodePipeline, on good days and bad ones.

use std::time::Duration;

use aws_sandbox::Fault;
use aws_sandbox::health::Event;
use insta::assert_snapshot;
use serde_json::json;

use crate::in_world::{FUNCTION, GateWorld, START, ec2_issue, failure, verdict};

#[tokio::test(start_paused = true)]
async fn a_healthy_region_passes() {
    let gate = GateWorld::new("us-east-1");
    assert_eq!(verdict(gate.job("us-east-1,global").await), "clear");
    assert_snapshot!(gate.transcript(), @r#"
    0.01 GetJobDetails us-east-1 {"jobId":"JOB"}
    0.01 DescribeEvents us-east-1 {"filter":{"eventStatusCodes":["open"],"eventTypeCategories":["issue"],"regions":["us-east-1","global"]},"maxResults":100}
    0.03 PutJobSuccessResult us-east-1 {"executionDetails":{"summary":"no open AWS Health issues in us-east-1, global"},"jobId":"JOB","outputVariables":{"CheckedAt":"2026-11-23T09:00:00Z","IncidentArns":"none","IncidentCount":"0","OverriddenBy":"none","OverriddenUntil":"none","OverrideReason":"none","Regions":"us-east-1,global","Verdict":"clear"}}
    "#);
}

#[tokio::test(start_paused = true)]
async fn an_open_issue_fails_the_job_and_passes_once_it_is_closed() {
    let gate = GateWorld::new("us-east-1");
    let event = ec2_issue("1");
    let arn = event.arn.clone();
    gate.put_event(event);
    let (failure_type, message) = failure(gate.job(r#"{"regions": ["us-east-1"]}"#).await);
    assert_eq!(failure_type, "JobFailed");
    assert_snapshot!(message, @"
    health-gate blocked: 1 open AWS Health issue in us-east-1
    EC2 AWS_EC2_OPERATIONAL_ISSUE in us-east-1, since 2026-11-23 09:00 UTC, last update 2026-11-23 09:00 UTC: https://health.aws.amazon.com/health/status?eventID=arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1
    next: retried automatically until 2026-11-24 09:00 UTC, once AWS Health shows these events as closed; a retry by hand reads AWS Health again
    ");

    gate.play(Duration::from_hours(2)).await;
    gate.world
        .with(|sandbox, now| sandbox.health.close_event(now, &arn));
    assert_eq!(
        verdict(gate.job(r#"{"regions": ["us-east-1"]}"#).await),
        "clear"
    );
}

/// A quiet period is read by two requests, and an issue may open again, or close, between them.
#[tokio::test(start_paused = true)]
async fn an_issue_that_changes_while_it_is_read_blocks() {
    let minute = Duration::from_mins(1);
    for reopens in [true, false] {
        let gate = GateWorld::new("us-east-1");
        let issue = ec2_issue("1");
        let arn = issue.arn.clone();
        gate.put_event(issue.clone());
        gate.world.sleep_until(START + minute).await;
        gate.world.with(|sandbox, now| {
            if reopens {
                sandbox.health.close_event(now, &arn);
            }
            sandbox.fail("DescribeEvents", Fault::Late(Duration::from_secs(4)), 0..1);
        });
        let change = async {
            gate.world
                .sleep_until(START + minute + Duration::from_secs(2))
                .await;
            gate.world.with(|sandbox, now| {
                if reopens {
                    let mut open = issue.clone();
                    open.last_updated_time = now;
                    sandbox.health.put_event(open);
                } else {
                    sandbox.health.close_event(now, &arn);
                }
            });
        };
        let policy = r#"{"regions": ["us-east-1"], "quietPeriod": "10m"}"#;
        let (result, ()) = tokio::join!(gate.job(policy), change);
        let (failure_type, message) = failure(result);
        assert_eq!(failure_type, "JobFailed", "{message}");
        assert_eq!(gate.calls("DescribeEvents"), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn the_function_returns_what_it_told_codepipeline() {
    let gate = GateWorld::new("us-east-1");
    gate.put_event(ec2_issue("1"));
    let (failure_type, message) = failure(gate.job("us-east-1").await);
    assert_eq!(
        gate.returned(),
        Ok(json!({"result": "failure", "type": failure_type, "message": message}))
    );
}

#[tokio::test(start_paused = true)]
async fn an_issue_elsewhere_is_not_even_returned() {
    let gate = GateWorld::new("us-east-1");
    gate.put_event(Event::operational_issue("EC2", "eu-west-1", "1", START));
    assert_eq!(verdict(gate.job("us-east-1").await), "clear");
}

/// AWS Health runs in us-east-1 only; the result of a job is taken in the function's own region only.
#[tokio::test(start_paused = true)]
async fn a_gate_in_ireland_asks_in_virginia_and_answers_in_ireland() {
    let gate = GateWorld::new("eu-west-1");
    gate.put_event(Event::operational_issue("LAMBDA", "eu-west-1", "1", START));
    assert_eq!(failure(gate.job("").await).0, "JobFailed");
    assert_snapshot!(gate.transcript(), @r#"
    0.01 GetJobDetails eu-west-1 {"jobId":"JOB"}
    0.01 DescribeEvents us-east-1 {"filter":{"eventStatusCodes":["open"],"eventTypeCategories":["issue"],"regions":["eu-west-1","global"]},"maxResults":100}
    0.03 GetPipelineState eu-west-1 {"name":"sandbox"}
    0.03 ListTagsForResource eu-west-1 {"resourceArn":"arn:aws:codepipeline:eu-west-1:111122223333:sandbox"}
    0.05 PutJobFailureResult eu-west-1 {"failureDetails":{"message":"health-gate blocked: 1 open AWS Health issue in eu-west-1\nLAMBDA AWS_LAMBDA_OPERATIONAL_ISSUE in eu-west-1, since 2026-11-23 09:00 UTC, last update 2026-11-23 09:00 UTC: https://health.aws.amazon.com/health/status?eventID=arn:aws:health:eu-west-1::event/LAMBDA/AWS_LAMBDA_OPERATIONAL_ISSUE/AWS_LAMBDA_OPERATIONAL_ISSUE_1\nnext: retried automatically until 2026-11-24 09:00 UTC, once AWS Health shows these events as closed; a retry by hand reads AWS Health again","type":"JobFailed"},"jobId":"JOB"}
    "#);
}

/// A filter takes at most ten regions.
#[tokio::test(start_paused = true)]
async fn more_than_ten_regions_are_read_in_chunks() {
    let gate = GateWorld::new("us-east-1");
    let regions: Vec<String> = (1..=12).map(|n| format!("eu-west-{n}")).collect();
    gate.put_event(Event::operational_issue("EC2", "eu-west-12", "1", START));
    assert_eq!(failure(gate.job(&regions.join(",")).await).0, "JobFailed");
    let asked = gate.world.with(|sandbox, _| {
        sandbox
            .transcript
            .of("DescribeEvents")
            .map(|call| call.input["filter"]["regions"].clone())
            .collect::<Vec<_>>()
    });
    assert_eq!(asked, [json!(regions[..10]), json!(regions[10..])]);
}

#[tokio::test(start_paused = true)]
async fn every_page_is_read() {
    let gate = GateWorld::new("us-east-1");
    for number in 0..230 {
        gate.put_event(ec2_issue(&number.to_string()));
    }
    let (_, message) = failure(gate.job("us-east-1").await);
    assert!(
        message.starts_with("health-gate blocked: 230 open AWS Health issues in us-east-1\n"),
        "{message}"
    );
    assert_eq!(gate.calls("DescribeEvents"), 3);
}

/// Fifty pages of a hundred events are read for one request; what is not read is not taken for nothing.
#[tokio::test(start_paused = true)]
async fn more_than_fifty_pages_are_not_read_to_the_end() {
    let gate = GateWorld::new("us-east-1");
    for number in 0..5_001 {
        let over = Event {
            end_time: Some(START),
            ..ec2_issue(&number.to_string())
        };
        gate.put_event(over);
    }
    let (failure_type, message) = failure(gate.job("us-east-1").await);
    assert_eq!(failure_type, "SystemUnavailable");
    assert_snapshot!(message, @"
    health-gate unknown: AWS Health has more pages of events than the gate reads: stopped after 50 pages of 100 events
    next: look at AWS Health yourself; if the action's UserParameters name many regions, name fewer; retried automatically until 2026-11-24 09:00 UTC, once AWS Health can be read and is clear; a retry by hand reads AWS Health again
    ");
    assert_eq!(gate.calls("DescribeEvents"), 50);
}

#[tokio::test(start_paused = true)]
async fn a_bad_policy_fails_the_job_without_asking_aws_health() {
    let gate = GateWorld::new("us-east-1");
    let (failure_type, message) = failure(gate.job(r#"{"region": ["us-east-1"]}"#).await);
    assert_eq!(failure_type, "ConfigurationError");
    assert_snapshot!(message, @"
    health-gate invalid: UserParameters: unknown key: `region` (did you mean `regions`?); accepted: `regions`, `services`, `ignoreServices`, `categories`, `eventTypeCodes`, `ignoreEventTypeCodes`, `scopes`, `ignoreEvents`, `staleAfter`, `quietPeriod`, `onIncident`, `onUnknown`, `onRollback`, `maxHold`, `checkEvery`, `retry`, `retryWithin`
    next: correct the action's UserParameters and release the change again; this stage is not retried with the old ones
    ");
    assert_eq!(gate.calls("DescribeEvents"), 0);
}

#[tokio::test(start_paused = true)]
async fn an_event_without_a_job_fails_the_invocation_and_calls_nothing() {
    let gate = GateWorld::new("us-east-1");
    gate.world
        .with(|sandbox, _| sandbox.invoke("us-east-1", FUNCTION, json!({"detail": "not a job"})));
    gate.run().await;
    let error = gate.returned().expect_err("there is no job to answer");
    assert_eq!(error["errorType"], "event.no-job");
    assert_snapshot!(error["errorMessage"].as_str().expect("a text"), @"the event names no job: `CodePipeline.job`.`id` is missing; accepted: the event with which CodePipeline invokes a function (a sample is `events/codepipeline-job.json`)");
    assert_eq!(gate.transcript(), "");
}
