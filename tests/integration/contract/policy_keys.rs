//! The policy's keys.

use std::time::Duration;

use aws_sandbox::codepipeline::Status;
use aws_sandbox::health::Event;
use aws_sandbox::{Fault, ServiceError, Timestamp};
use serde_json::{Value, json};

use super::*;

/// `regions` | list of region names, or `global` | the gate's own region and `global` | events of exactly these regions
/// count (a given list is taken as it stands); more than 10 are read in several calls
#[tokio::test]
async fn regions() {
    let gate = Gate::start().await;
    gate.put(Event::operational_issue(
        "IAM",
        "global",
        "1",
        gate.ago(HOUR),
    ));
    assert_eq!(gate.job("").await.word, "JobFailed");
    assert_eq!(
        gate.policy(json!({"regions": ["us-east-1"]})).await.word,
        "clear"
    );
    let many: Vec<String> = (1..=11)
        .map(|n| format!("eu-west-{n}"))
        .chain(["global".to_owned()])
        .collect();
    let before = gate.calls("DescribeEvents");
    assert_eq!(
        gate.policy(json!({"regions": many})).await.word,
        "JobFailed"
    );
    assert_eq!(gate.calls("DescribeEvents") - before, 2);
}

/// `services` | list of AWS Health codes (`EC2`, `LAMBDA`) | every service | events of these services count, and those of
/// `MULTIPLE_SERVICES`, under which AWS files its largest outages
#[tokio::test]
async fn services() {
    let gate = Gate::start().await;
    gate.put(gate.issue());
    assert_eq!(
        gate.policy(json!({"services": ["EC2"]})).await.word,
        "JobFailed"
    );
    assert_eq!(
        gate.policy(json!({"services": ["LAMBDA"]})).await.word,
        "clear"
    );
    gate.put(Event::operational_issue(
        "MULTIPLE_SERVICES",
        "us-east-1",
        "2",
        gate.ago(HOUR),
    ));
    assert_eq!(
        gate.policy(json!({"services": ["LAMBDA"]})).await.word,
        "JobFailed"
    );
}

/// `ignoreServices` | list | `RISK`, `ABUSE`, `BILLING`, `ACCOUNT` | may name `MULTIPLE_SERVICES`
#[tokio::test]
async fn ignore_services() {
    let gate = Gate::start().await;
    for (number, service) in ["RISK", "ABUSE", "BILLING", "ACCOUNT"].iter().enumerate() {
        gate.put(Event::operational_issue(
            service,
            "us-east-1",
            &number.to_string(),
            gate.ago(HOUR),
        ));
    }
    assert_eq!(gate.job("").await.word, "clear");
    gate.put(Event::operational_issue(
        "MULTIPLE_SERVICES",
        "us-east-1",
        "9",
        gate.ago(HOUR),
    ));
    assert_eq!(gate.job("").await.word, "JobFailed");
    let told = gate
        .policy(json!({"ignoreServices": ["MULTIPLE_SERVICES"]}))
        .await;
    assert!(
        told.text
            .contains("4 open AWS Health issues in us-east-1\n"),
        "a given list replaces the default: {told:?}"
    );
}

/// `categories` | of `issue`, `scheduledChange`, `accountNotification` | `issue` | `investigation` is refused: AWS Health
/// does not support it
#[tokio::test]
async fn categories() {
    let gate = Gate::start().await;
    gate.put(Event {
        event_type_category: "scheduledChange".to_owned(),
        ..gate.issue()
    });
    assert_eq!(gate.job("").await.word, "clear");
    assert_eq!(
        gate.policy(json!({"categories": ["issue", "scheduledChange"]}))
            .await
            .word,
        "JobFailed"
    );
    let told = gate.policy(json!({"categories": ["investigation"]})).await;
    assert_eq!(told.word, "ConfigurationError");
    assert!(
        told.text
            .contains("AWS Health lists this category and does not support it"),
        "{told:?}"
    );
}

/// `eventTypeCodes` / `ignoreEventTypeCodes` | lists of codes, `*` is any run of characters, case-sensitive | all / none |
#[tokio::test]
async fn event_type_codes() {
    let gate = Gate::start().await;
    gate.put(gate.issue());
    assert_eq!(gate.job("").await.word, "JobFailed");
    assert_eq!(
        gate.policy(json!({"eventTypeCodes": ["AWS_EC2_*_ISSUE"]}))
            .await
            .word,
        "JobFailed"
    );
    assert_eq!(
        gate.policy(json!({"eventTypeCodes": ["aws_ec2_*"]}))
            .await
            .word,
        "clear"
    );
    assert_eq!(
        gate.policy(json!({"ignoreEventTypeCodes": ["*OPERATIONAL*"]}))
            .await
            .word,
        "clear"
    );
}

/// `scopes` | of `PUBLIC`, `ACCOUNT_SPECIFIC`, `NONE` | all | AWS Health cannot filter this; the gate does
#[tokio::test]
async fn scopes() {
    let gate = Gate::start().await;
    gate.put(Event {
        event_scope_code: "ACCOUNT_SPECIFIC".to_owned(),
        ..gate.issue()
    });
    assert_eq!(gate.job("").await.word, "JobFailed");
    assert_eq!(
        gate.policy(json!({"scopes": ["ACCOUNT_SPECIFIC"]}))
            .await
            .word,
        "JobFailed"
    );
    assert_eq!(
        gate.policy(json!({"scopes": ["PUBLIC", "NONE"]}))
            .await
            .word,
        "clear"
    );
}

/// `ignoreEvents` | list of event ARNs | none | |
#[tokio::test]
async fn ignore_events() {
    let gate = Gate::start().await;
    gate.put(gate.issue());
    assert_eq!(
        gate.policy(json!({"ignoreEvents": [gate.issue().arn]}))
            .await
            .word,
        "clear"
    );
    let other = Event::operational_issue("EC2", "us-east-1", "2", gate.now()).arn;
    assert_eq!(
        gate.policy(json!({"ignoreEvents": [other]})).await.word,
        "JobFailed"
    );
}

/// `staleAfter` | duration, 1h or more | `72h` | an open event not updated for this long is reported and does not block;
/// without an update time it is never stale
#[tokio::test]
async fn stale_after() {
    let gate = Gate::start().await;
    gate.put(Event {
        last_updated_time: gate.ago(HOUR * 73),
        ..gate.issue()
    });
    assert_eq!(gate.job("").await.word, "clear");
    assert_eq!(
        gate.policy(json!({"staleAfter": "4d"})).await.word,
        "JobFailed"
    );
    gate.put(Event::operational_issue(
        "LAMBDA",
        "us-east-1",
        "2",
        gate.ago(HOUR),
    ));
    let told = gate.job("").await;
    assert!(
        told.text
            .contains("note: not updated for 72h and so not counted: EC2"),
        "{told:?}"
    );
    let never = json!({"events": [{"arn": "1", "service": "EC2", "region": "us-east-1", "statusCode": "open", "eventTypeCategory": "issue"}]});
    gate.server
        .with(|sandbox, _| sandbox.fail("DescribeEvents", Fault::Output(never), ALWAYS));
    assert_eq!(
        gate.policy(json!({"staleAfter": "1h"})).await.word,
        "JobFailed"
    );
}

/// `quietPeriod` | duration, 0s to 24h | `0s` | pass only when no matching event closed more recently than this
#[tokio::test]
async fn quiet_period() {
    let gate = Gate::start().await;
    gate.put(gate.issue());
    let at = gate.ago(MINUTE * 4);
    gate.server.with(|sandbox, _| sandbox.health.close_event(at, "arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1"));
    assert_eq!(gate.job("").await.word, "clear");
    assert_eq!(
        gate.policy(json!({"quietPeriod": "3m"})).await.word,
        "clear"
    );
    let told = gate.policy(json!({"quietPeriod": "10m"})).await;
    assert_eq!(told.word, "JobFailed");
    assert!(
        told.text.contains("closed 4 minutes ago, quiet period 10m"),
        "{told:?}"
    );
}

/// `onIncident` | `fail`, `hold`, `warn` | `fail` | `warn` is the dry run: passes, and reports what would have blocked
#[tokio::test]
async fn on_incident() {
    let gate = Gate::start().await;
    gate.put(gate.issue());
    assert_eq!(gate.job("").await.word, "JobFailed");
    assert_eq!(
        gate.policy(json!({"onIncident": "hold"})).await.word,
        "hold"
    );
    let told = gate.policy(json!({"onIncident": "warn"})).await;
    assert_eq!(told.word, "warned");
    assert!(
        told.text.contains(&format!(
            "IncidentArns={}\nIncidentCount=1\n",
            gate.issue().arn
        )),
        "{told:?}"
    );
}

/// `onUnknown` | `fail`, `hold`, `pass` | `fail` | what to do when AWS Health cannot be read
#[tokio::test]
async fn on_unknown() {
    let gate = Gate::start().await;
    gate.fail(
        "DescribeEvents",
        ServiceError::new("ValidationException", "broken"),
    );
    assert_eq!(gate.job("").await.word, "SystemUnavailable");
    assert_eq!(gate.policy(json!({"onUnknown": "hold"})).await.word, "hold");
    assert_eq!(
        gate.policy(json!({"onUnknown": "pass"})).await.word,
        "unknown"
    );
}

/// `onRollback` | `pass`, `check` | `pass` | in a rollback execution an incident is reported and does not block
#[tokio::test]
async fn on_rollback() {
    let gate = Gate::start().await;
    gate.put(gate.issue());
    assert_eq!(
        gate.in_pipeline(json!({}), None, Run::Rollback).await.word,
        "rollback"
    );
    assert_eq!(
        gate.in_pipeline(json!({"onRollback": "check"}), None, Run::Rollback)
            .await
            .word,
        "JobFailed"
    );
}

/// `maxHold` | duration, 1s to 23h | `4h` | a hold that lasts longer fails
#[tokio::test]
async fn max_hold() {
    let gate = Gate::start().await;
    gate.put(gate.issue());
    let policy = json!({"onIncident": "hold"});
    assert_eq!(
        gate.continued(policy.clone(), &gate.token(HOUR * 3, MINUTE))
            .await
            .word,
        "hold"
    );
    let told = gate.continued(policy, &gate.token(HOUR * 4, SOON)).await;
    assert_eq!(told.word, "JobFailed");
    assert!(
        told.text.contains("and `maxHold` is 4h: 1 open"),
        "{told:?}"
    );
    let longer = json!({"onIncident": "hold", "maxHold": "23h"});
    assert_eq!(
        gate.continued(longer, &gate.token(HOUR * 5, MINUTE))
            .await
            .word,
        "hold"
    );
}

/// `checkEvery` | duration, 0s to 15m | `60s` | while holding, AWS Health is read at most this often
#[tokio::test]
async fn check_every() {
    let gate = Gate::start().await;
    gate.put(gate.issue());
    for (policy, read) in [
        (json!({"onIncident": "hold"}), 0),
        (json!({"onIncident": "hold", "checkEvery": "10s"}), 1),
        (json!({"onIncident": "hold", "checkEvery": "0s"}), 1),
    ] {
        let before = gate.calls("DescribeEvents");
        let token = gate.token(HOUR, Duration::from_secs(20));
        let told = gate.continued(policy.clone(), &token).await;
        assert_eq!(
            (told.word.as_str(), gate.calls("DescribeEvents") - before),
            ("hold", read),
            "{policy}"
        );
        let state = |token: &str| serde_json::from_str::<Value>(token).expect("a token");
        assert!(
            read == 1 || state(&told.text) == state(&token),
            "the same state: {told:?}"
        );
    }
}

/// What stage-retry makes of a stage that a gate with this policy stopped `ago`, now that the issue is closed.
async fn retried(policy: Value, ago: Duration) -> Value {
    let gate = Gate::start().await;
    let _retry = start(&gate.server, RETRY_FUNCTION, &[]);
    gate.put(gate.issue());
    assert_eq!(
        gate.in_pipeline(policy.clone(), None, Run::Release)
            .await
            .word,
        "JobFailed"
    );
    let failed = gate.server.wait_for(|sandbox| {
        let status = sandbox.codepipeline.newest_execution("checkout");
        status.filter(|status| *status == Status::Failed)
    });
    patiently(failed).await;
    let stopped = gate.ago(ago).as_millis() / 1_000;
    let finished = gate.server.with(|sandbox, now| {
        sandbox.health.close_event(now, &Event::operational_issue("EC2", "us-east-1", "1", now).arn);
        let rows = json!({"actionExecutionDetails": [{
            "actionExecutionId": sandbox.transcript.calls().len().to_string(),
            "actionName": "Action0",
            "stageName": "Production",
            "status": "Failed",
            "lastUpdateTime": stopped,
            "input": {
                "actionTypeId": {"category": "Invoke", "owner": "AWS", "provider": "Lambda", "version": "1"},
                "configuration": {"FunctionName": FUNCTION, "UserParameters": policy.to_string()},
            },
            "output": {"executionResult": {"errorDetails": {"code": "JobFailed"}, "externalExecutionSummary": "health-gate blocked: 1 open"}},
        }]});
        if ago > MINUTE {
            sandbox.fail("ListActionExecutions", Fault::Output(rows), ALWAYS);
        }
        let payload = json!({"Records": [{"Sns": {
            "TopicArn": "arn:aws:sns:us-east-1:111122223333:signals",
            "Message": json!({"source": "health-gate", "detail-type": "Sweep"}).to_string(),
        }}]});
        sandbox.invoke("us-east-1", RETRY_FUNCTION, payload);
        sandbox.lambda.finished().len()
    });
    let outcomes = gate.server.wait_for(|sandbox| {
        let mut done = sandbox.lambda.finished().iter().skip(finished);
        done.find(|done| done.invocation.function == RETRY_FUNCTION)
            .map(|done| done.result.clone())
    });
    let outcomes = patiently(outcomes)
        .await
        .expect("stage-retry handles every message");
    outcomes["stages"][0]["outcome"].clone()
}

/// `retry` | `auto`, `never` | `auto` | whether stage-retry may go on with this stage
#[tokio::test]
async fn retry() {
    assert_eq!(retried(json!({}), Duration::ZERO).await, "retried");
    assert_eq!(
        retried(json!({"retry": "auto"}), Duration::ZERO).await,
        "retried"
    );
    assert_eq!(
        retried(json!({"retry": "never"}), Duration::ZERO).await,
        "never"
    );
}

/// `retryWithin` | duration, 10m to 7d | `24h` | a stage blocked longer ago is left to people
#[tokio::test]
async fn retry_within() {
    assert_eq!(retried(json!({}), HOUR * 25).await, "expired");
    assert_eq!(
        retried(json!({"retryWithin": "10m"}), MINUTE * 11).await,
        "expired"
    );
    // It is not left to people: it is looked at once more, and what the sandbox made up of it is not there.
    assert_eq!(
        retried(json!({"retryWithin": "7d"}), HOUR * 25).await,
        "moved-on"
    );

    let gate = Gate::start().await;
    gate.put(gate.issue());
    for (policy, hours) in [(json!({}), 24), (json!({"retryWithin": "7d"}), 168)] {
        let until = |now: Timestamp| {
            let text = Timestamp::from_millis(now.as_millis() + hours * 3_600_000).to_string();
            format!(
                "retried automatically until {} {} UTC",
                &text[..10],
                &text[11..16]
            )
        };
        let earliest = until(gate.now());
        let told = gate.policy(policy).await;
        assert!(
            told.text.contains(&earliest) || told.text.contains(&until(gate.now())),
            "{earliest}: {told:?}"
        );
    }
}

/// Merged key by key over `HEALTH_GATE_POLICY` (same schema, set by whoever runs the gate for the whole account); `null`
/// resets a key to its built-in default. An invalid `HEALTH_GATE_POLICY` fails each job the same way, naming the variable
#[tokio::test]
async fn health_gate_policy() {
    let gate = Gate::with(&[(
        "HEALTH_GATE_POLICY",
        r#"{"onIncident": "hold", "services": ["EC2"]}"#,
    )])
    .await;
    gate.put(gate.issue());
    assert_eq!(gate.job("us-east-1").await.word, "hold");
    assert_eq!(
        gate.policy(json!({"services": ["LAMBDA"]})).await.word,
        "clear"
    );
    assert_eq!(
        gate.policy(json!({"onIncident": null})).await.word,
        "JobFailed"
    );

    let gate = Gate::with(&[("HEALTH_GATE_POLICY", "us-east-1")]).await;
    for user_parameters in ["", "us-east-1"] {
        let told = gate.job(user_parameters).await;
        assert_eq!(told.word, "ConfigurationError");
        assert!(
            told.text
                .starts_with("health-gate invalid: HEALTH_GATE_POLICY: must be one JSON object"),
            "{told:?}"
        );
    }
}
