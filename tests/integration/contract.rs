//! What the policy's keys mean and what is decided when: the two tables of the README, row by row, with the real program
//! against the sandbox. Each test's comment is its row.

use std::time::Duration;

use aws_sandbox::codepipeline::{ActionKind, Delays, JobResult, NewJob};
use aws_sandbox::health::Event;
use aws_sandbox::lambda::Finished;
use aws_sandbox::{Fault, HttpServer, ServiceError, Timestamp};
use serde_json::{Value, json};

use crate::function_process::{serve, start};
use crate::in_world::{FUNCTION, RETRY_FUNCTION};
use crate::program::{Program, patiently};
use crate::stage_retry::{ALWAYS, pipeline};

const SOON: Duration = Duration::from_millis(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

/// The program and its AWS.
struct Gate {
    server: HttpServer,
    _program: Program,
}

/// What a job came to.
#[derive(Debug)]
struct Told {
    /// `clear`, `warned`… for a success, `hold`, or the type of a failure.
    word: String,
    /// The message of a failure, the token of a hold, the output variables of a success.
    text: String,
}

impl Gate {
    async fn start() -> Self {
        Self::with(&[]).await
    }

    async fn with(environment: &[(&str, &str)]) -> Self {
        let server = serve().await;
        server.with(|sandbox, _| {
            // The tests themselves say when a hold goes on.
            sandbox.codepipeline.delays = Delays {
                result: SOON,
                continuation: HOUR,
                retry: SOON,
            };
        });
        let _program = start(&server, FUNCTION, environment);
        Self { server, _program }
    }

    fn now(&self) -> Timestamp {
        self.server.with(|_, now| now)
    }

    /// So long before now.
    fn ago(&self, duration: Duration) -> Timestamp {
        let now = self.now().as_millis();
        Timestamp::from_millis(now - i64::try_from(duration.as_millis()).expect("a short time"))
    }

    fn put(&self, event: Event) {
        self.server
            .with(|sandbox, _| sandbox.health.put_event(event));
    }

    /// An open issue of EC2 in us-east-1 that began an hour ago.
    fn issue(&self) -> Event {
        Event::operational_issue("EC2", "us-east-1", "1", self.ago(HOUR))
    }

    fn fail(&self, operation: &str, error: ServiceError) {
        self.server
            .with(|sandbox, _| sandbox.fail(operation, Fault::Error(error), ALWAYS));
    }

    fn calls(&self, operation: &str) -> usize {
        self.server
            .with(|sandbox, _| sandbox.transcript.of(operation).count())
    }

    /// A job of no pipeline.
    async fn job(&self, user_parameters: &str) -> Told {
        let job = NewJob {
            user_parameters: Some(user_parameters.to_owned()),
            context: None,
        };
        let id = self
            .server
            .with(|sandbox, now| sandbox.start_job(now, "us-east-1", FUNCTION, job));
        self.told(&id).await
    }

    async fn policy(&self, policy: Value) -> Told {
        self.job(&policy.to_string()).await
    }

    /// A job of a round that continues.
    async fn continued(&self, policy: Value, token: &str) -> Told {
        let id = format!(
            "aaaaaaaa-aaaa-4aaa-8aaa-{:012}",
            self.calls("PutJobSuccessResult") + self.calls("PutJobFailureResult")
        );
        let event = json!({"CodePipeline.job": {"id": id, "accountId": "111122223333", "data": {
            "actionConfiguration": {"configuration": {"FunctionName": FUNCTION, "UserParameters": policy.to_string()}},
            "continuationToken": token,
        }}});
        self.server
            .with(|sandbox, now| sandbox.submit_job_event(now, "us-east-1", FUNCTION, event));
        self.told(&id).await
    }

    /// A token of a hold that began, and whose last reading was, so long ago.
    fn token(&self, since: Duration, reading: Duration) -> String {
        let seconds = |ago| self.ago(ago).as_millis() / 1_000;
        json!({"v": 1, "heldSince": seconds(since), "lastReading": seconds(reading), "notified": true}).to_string()
    }

    async fn told(&self, id: &str) -> Told {
        let result = self.server.wait_for(|sandbox| {
            let is_its =
                |finished: &Finished| finished.invocation.payload["CodePipeline.job"]["id"] == id;
            sandbox
                .lambda
                .finished()
                .iter()
                .find(|finished| is_its(finished))?;
            sandbox.codepipeline.job(id)?.result.clone()
        });
        told(patiently(result).await)
    }

    /// The gate as the first action of a pipeline, which is run as `run` says.
    async fn in_pipeline(&self, policy: Value, tag: Option<&str>, run: Run) -> Told {
        let gate = ActionKind::Lambda {
            function: FUNCTION.to_owned(),
            user_parameters: Some(policy.to_string()),
        };
        let deploy = ActionKind::Deploy {
            takes: SOON,
            succeeds: true,
        };
        let before = self.server.with(|sandbox, now| {
            sandbox.create_pipeline(
                now,
                "us-east-1",
                pipeline("checkout", vec![(1, gate), (2, deploy)]),
            );
            if let Some(value) = tag {
                sandbox
                    .codepipeline
                    .tag("checkout", "health-gate:override", value);
            }
            let begun = match run {
                Run::Rollback => sandbox.start_rollback(now, "checkout", "Production"),
                Run::Release | Run::Stopped => sandbox.start_execution(now, "checkout"),
            };
            begun.expect("nothing is going on");
            if run == Run::Stopped {
                sandbox.stop_execution(now, "checkout");
            }
            sandbox.lambda.finished().len()
        });
        let id = self.server.wait_for(|sandbox| {
            let finished = sandbox.lambda.finished().get(before)?;
            finished.invocation.payload["CodePipeline.job"]["id"]
                .as_str()
                .map(str::to_owned)
        });
        let id = patiently(id).await;
        self.told(&id).await
    }

    fn override_tag(&self) -> String {
        let until = Timestamp::from_millis(self.now().as_millis() + 3_600_000).to_string();
        format!(
            "until={}Z by=alice reason=INC-42 hotfix",
            until[..16].replace(' ', "T")
        )
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run {
    Release,
    Rollback,
    Stopped,
}

fn told(result: JobResult) -> Told {
    match result {
        JobResult::Success {
            continuation_token: Some(token),
            ..
        } => Told {
            word: "hold".to_owned(),
            text: token,
        },
        JobResult::Success {
            output_variables, ..
        } => Told {
            word: output_variables["Verdict"].clone(),
            text: output_variables
                .iter()
                .map(|(name, value)| format!("{name}={value}\n"))
                .collect(),
        },
        JobResult::Failure {
            failure_type,
            message,
        } => Told {
            word: failure_type,
            text: message,
        },
    }
}

fn throttled() -> ServiceError {
    ServiceError::throttling()
}

// The policy's keys.

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
    gate.put(Event::operational_issue(
        "RISK",
        "us-east-1",
        "1",
        gate.ago(HOUR),
    ));
    gate.put(Event::operational_issue(
        "MULTIPLE_SERVICES",
        "us-east-1",
        "2",
        gate.ago(HOUR),
    ));
    let told = gate.job("").await;
    assert!(
        told.text
            .contains("1 open AWS Health issue in us-east-1\nMULTIPLE_SERVICES"),
        "{told:?}"
    );
    let told = gate
        .policy(json!({"ignoreServices": ["MULTIPLE_SERVICES"]}))
        .await;
    assert!(
        told.text
            .contains("1 open AWS Health issue in us-east-1\nRISK"),
        "{told:?}"
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

/// `retry` | `auto`, `never` | `auto` | whether stage-retry may go on with this stage
#[tokio::test]
async fn retry() {
    let gate = Gate::start().await;
    let _retry = start(&gate.server, RETRY_FUNCTION, &[]);
    gate.put(gate.issue());
    for (policy, outcome) in [(json!({}), "retried"), (json!({"retry": "never"}), "never")] {
        gate.server.with(|sandbox, _| {
            sandbox.health.put_event(Event::operational_issue(
                "EC2",
                "us-east-1",
                "1",
                Timestamp::from_millis(0),
            ))
        });
        gate.put(gate.issue());
        assert_eq!(
            gate.in_pipeline(policy, None, Run::Release).await.word,
            "JobFailed"
        );
        patiently(gate.server.wait_for(|sandbox| {
            sandbox
                .codepipeline
                .newest_execution("checkout")
                .filter(|status| *status == aws_sandbox::codepipeline::Status::Failed)
        }))
        .await;
        let before = gate.server.with(|sandbox, now| {
            sandbox.health.close_event(
                now,
                &Event::operational_issue("EC2", "us-east-1", "1", now).arn,
            );
            let payload = json!({"Records": [{"Sns": {
                "TopicArn": "arn:aws:sns:us-east-1:111122223333:signals",
                "Message": json!({"source": "health-gate", "detail-type": "Sweep"}).to_string(),
            }}]});
            let before = sandbox.lambda.finished().len();
            sandbox.invoke("us-east-1", RETRY_FUNCTION, payload);
            before
        });
        let outcomes = gate.server.wait_for(|sandbox| {
            let done = sandbox.lambda.finished().iter().skip(before);
            done.filter(|done| done.invocation.function == RETRY_FUNCTION)
                .map(|done| done.result.clone())
                .next()
        });
        let outcomes = patiently(outcomes)
            .await
            .expect("stage-retry handles every message");
        assert_eq!(outcomes[0]["outcome"], outcome, "{outcomes}");
    }
}

/// `retryWithin` | duration, 10m to 7d | `24h` | a stage blocked longer ago is left to people
#[tokio::test]
async fn retry_within() {
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

// The decision.

/// clear | | pass | success, `Verdict` `clear`
#[tokio::test]
async fn clear() {
    let gate = Gate::start().await;
    assert_eq!(gate.job("").await.word, "clear");
    assert_eq!(
        gate.in_pipeline(json!({}), Some(&gate.override_tag()), Run::Release)
            .await
            .word,
        "clear"
    );
    assert_eq!(
        gate.calls("ListTagsForResource") + gate.calls("GetPipelineState"),
        0,
        "a pass asks nothing of the pipeline"
    );
}

/// incident, unknown, or an invalid policy or token | an active override | pass | success, `overridden`, with who, why,
/// until when
#[tokio::test]
async fn overridden() {
    let gate = Gate::start().await;
    let tag = gate.override_tag();
    gate.put(gate.issue());
    let told = gate.in_pipeline(json!({}), Some(&tag), Run::Release).await;
    assert_eq!(told.word, "overridden");
    assert!(
        told.text.contains("OverriddenBy=alice\n")
            && told.text.contains("OverrideReason=INC-42 hotfix\n"),
        "{told:?}"
    );
    assert!(
        told.text.contains(&format!(
            "OverriddenUntil={}:00Z\n",
            &tag["until=".len()..][..16]
        )),
        "{told:?}"
    );
    assert_eq!(
        gate.in_pipeline(json!({"region": 1}), Some(&tag), Run::Release)
            .await
            .word,
        "overridden"
    );
    gate.fail("DescribeEvents", ServiceError::subscription_required());
    assert_eq!(
        gate.in_pipeline(json!({}), Some(&tag), Run::Release)
            .await
            .word,
        "overridden"
    );
    let told = gate
        .in_pipeline(
            json!({}),
            Some("until=2026-01-01T00:00Z by=alice reason=old"),
            Run::Release,
        )
        .await;
    assert_eq!(told.word, "ConfigurationError");
    assert!(
        told.text.contains(
            "note: the pipeline's override is ignored: it expired at 2026-01-01T00:00:00Z"
        ),
        "{told:?}"
    );
}

/// incident or unknown | rollback execution, `onRollback: pass` | pass | success, `rollback`
#[tokio::test]
async fn rollback() {
    let gate = Gate::start().await;
    gate.put(gate.issue());
    assert_eq!(
        gate.in_pipeline(json!({"onIncident": "hold"}), None, Run::Rollback)
            .await
            .word,
        "rollback"
    );
    gate.fail(
        "DescribeEvents",
        ServiceError::access_denied("health:DescribeEvents"),
    );
    assert_eq!(
        gate.in_pipeline(json!({}), None, Run::Rollback).await.word,
        "rollback"
    );
    assert_eq!(
        gate.in_pipeline(json!({"region": 1}), None, Run::Rollback)
            .await
            .word,
        "ConfigurationError"
    );
}

/// incident | `onIncident: warn` | pass | success, `warned`; variables list what would have blocked
#[tokio::test]
async fn warned() {
    let gate = Gate::start().await;
    gate.put(gate.issue());
    let told = gate.policy(json!({"onIncident": "warn"})).await;
    assert_eq!(told.word, "warned");
    assert!(told.text.contains("IncidentCount=1\n"), "{told:?}");
}

/// incident | `onIncident: hold`, within `maxHold` | hold | success with a continuation token: the action stays in progress
#[tokio::test]
async fn held() {
    let gate = Gate::start().await;
    gate.put(gate.issue());
    let policy = json!({"onIncident": "hold", "checkEvery": "0s"});
    let first = gate.policy(policy.clone()).await;
    let second = gate.continued(policy.clone(), &first.text).await;
    assert_eq!(
        (first.word.as_str(), second.word.as_str()),
        ("hold", "hold")
    );
    let since = |told: &Told| {
        serde_json::from_str::<Value>(&told.text).expect("a token")["heldSince"].clone()
    };
    assert_eq!(since(&first), since(&second));
    gate.server.with(|sandbox, now| {
        sandbox.health.close_event(
            now,
            &Event::operational_issue("EC2", "us-east-1", "1", now).arn,
        )
    });
    assert_eq!(
        gate.continued(policy.clone(), &second.text).await.word,
        "clear"
    );
    gate.put(gate.issue());
    let stopped = gate.in_pipeline(policy, None, Run::Stopped).await;
    assert!(
        stopped
            .text
            .starts_with("health-gate blocked: stopped by a person"),
        "{stopped:?}"
    );
}

/// incident | `fail`, or the hold ran out | fail | failure, `JobFailed`
#[tokio::test]
async fn failed() {
    let gate = Gate::start().await;
    gate.put(gate.issue());
    assert_eq!(gate.job("").await.word, "JobFailed");
    assert_eq!(
        gate.continued(json!({"onIncident": "hold"}), &gate.token(HOUR * 4, MINUTE))
            .await
            .word,
        "JobFailed"
    );
}

/// unknown | already holding, within `maxHold` | hold | as above: one throttled read does not end a hold
#[tokio::test]
async fn held_through_an_unknown_reading() {
    let gate = Gate::start().await;
    gate.fail("DescribeEvents", throttled());
    for policy in [json!({"onIncident": "hold"}), json!({"onUnknown": "pass"})] {
        assert_eq!(
            gate.continued(policy.clone(), &gate.token(HOUR, MINUTE))
                .await
                .word,
            "hold"
        );
        assert_eq!(
            gate.continued(policy, &gate.token(HOUR * 4, MINUTE))
                .await
                .word,
            "SystemUnavailable"
        );
    }
}

/// unknown | `onUnknown: pass` | pass | success, `unknown`: variables say that nothing was checked
#[tokio::test]
async fn passed_unchecked() {
    let gate = Gate::start().await;
    for error in [
        ServiceError::subscription_required(),
        ServiceError::access_denied("health:DescribeEvents"),
    ] {
        gate.fail("DescribeEvents", error);
        let told = gate.policy(json!({"onUnknown": "pass"})).await;
        assert_eq!(told.word, "unknown");
        assert!(told.text.contains("Verdict=unknown"), "{told:?}");
    }
}

/// unknown (not: no plan, access denied) | `onUnknown: hold`, within `maxHold` | hold | as above
#[tokio::test]
async fn held_while_unknown() {
    let gate = Gate::start().await;
    let policy = json!({"onUnknown": "hold"});
    for (error, word) in [
        (ServiceError::new("ValidationException", "broken"), "hold"),
        (ServiceError::subscription_required(), "ConfigurationError"),
        (
            ServiceError::access_denied("health:DescribeEvents"),
            "PermissionError",
        ),
    ] {
        gate.fail("DescribeEvents", error);
        assert_eq!(gate.policy(policy.clone()).await.word, word);
    }
}

/// unknown | otherwise | fail | failure: no support plan is `ConfigurationError`, access denied is `PermissionError`, the
/// rest `SystemUnavailable`
#[tokio::test]
async fn failed_unknown() {
    let gate = Gate::start().await;
    for (error, word) in [
        (ServiceError::subscription_required(), "ConfigurationError"),
        (
            ServiceError::access_denied("health:DescribeEvents"),
            "PermissionError",
        ),
        (throttled(), "SystemUnavailable"),
        (
            ServiceError::new("ValidationException", "broken"),
            "SystemUnavailable",
        ),
    ] {
        gate.fail("DescribeEvents", error);
        let told = gate.job("").await;
        assert_eq!(told.word, word);
        assert!(told.text.starts_with("health-gate unknown: "), "{told:?}");
    }
}
