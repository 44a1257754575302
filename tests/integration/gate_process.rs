//! The program pipeline-gate, unmodified, as Lambda runs it: the Runtime API and AWS over loopback.

use aws_sandbox::codepipeline::JobResult;
use aws_sandbox::{Fault, HttpServer, ServiceError, Timestamp};
use serde_json::Value;

use crate::event_files;
use crate::function_process::{program_of, serve, start};
use crate::in_world::{FUNCTION, ec2_issue, ec2_issue_at, real_now};
use crate::program::{Ended, Program, patiently};
use crate::story::gated;

/// Sends an event of a file to the program and waits for the job's result and the end of the invocation.
async fn answer(server: &HttpServer, event: &Value) -> JobResult {
    let (id, finished) = server.with(|sandbox, now| {
        let id = sandbox.submit_job_event(now, "us-east-1", FUNCTION, event.clone());
        (id, sandbox.lambda.finished().len())
    });
    let result = server.wait_for(|sandbox| {
        let result = sandbox.codepipeline.job(&id)?.result.clone();
        result.filter(|_| sandbox.lambda.finished().len() > finished)
    });
    patiently(result).await
}

fn summary(result: &JobResult) -> String {
    match result {
        JobResult::Success {
            continuation_token: Some(_),
            ..
        } => "in progress".to_owned(),
        JobResult::Success {
            output_variables, ..
        } => format!("success {}", output_variables["Verdict"]),
        JobResult::Failure {
            failure_type,
            message,
        } => {
            format!(
                "{failure_type} {}",
                message.lines().next().expect("a message has a line")
            )
        }
    }
}

#[tokio::test]
async fn the_program_answers_every_job_event_file() {
    let server = serve().await;
    server.with(|sandbox, now| sandbox.health.put_event(ec2_issue_at(now, "1")));
    let program = start(&server, FUNCTION, &[]);
    for (file, expected) in [
        (
            "codepipeline-job.json",
            "JobFailed health-gate blocked: 1 open AWS Health issue in us-east-1",
        ),
        (
            "codepipeline-job-csv-regions.json",
            "JobFailed health-gate blocked: 1 open AWS Health issue in us-east-1",
        ),
        (
            "codepipeline-job-continued.json",
            "JobFailed health-gate blocked: held since 2025-06-15 15:06 UTC and `maxHold` is 4h: 1 open AWS Health issue in us-east-1",
        ),
        (
            "codepipeline-job-foreign-token.json",
            "SystemUnavailable health-gate unknown: the continuation token is not one of this gate: `{\"previous_job_id\": \"55555555-aaaa-4555-8555-555555555555\"}`; accepted: what the gate itself gave to CodePipeline in the round before",
        ),
        ("codepipeline-job-hold.json", "in progress"),
        (
            "codepipeline-job-bad-parameters.json",
            "ConfigurationError health-gate invalid: UserParameters: unknown key: `region` (did you mean `regions`?); accepted: `regions`, `services`, `ignoreServices`, `categories`, `eventTypeCodes`, `ignoreEventTypeCodes`, `scopes`, `ignoreEvents`, `staleAfter`, `quietPeriod`, `onIncident`, `onUnknown`, `onRollback`, `maxHold`, `checkEvery`, `retry`, `retryWithin`",
        ),
    ] {
        assert_eq!(
            summary(&answer(&server, &event_files::read(file)).await),
            expected,
            "{file}"
        );
    }
    server.with(|sandbox, now| sandbox.health.close_event(now, &ec2_issue("1").arn));
    let mut event = event_files::read("codepipeline-job.json");
    event["CodePipeline.job"]["id"] = "77777777-aaaa-4777-8777-777777777777".into();
    assert_eq!(summary(&answer(&server, &event).await), "success clear");
    program.kill().await;
}

/// The values of the event's credentials, as a log could show them.
fn credentials(event: &Value) -> Vec<String> {
    let credentials = event["CodePipeline.job"]["data"]["artifactCredentials"]
        .as_object()
        .expect("credentials");
    credentials
        .values()
        .map(|value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        })
        .collect()
}

#[tokio::test]
async fn no_log_shows_artifact_credentials_at_any_level() {
    for more in [
        [("RUST_LOG", "trace"), ("LOG_SENSITIVE_BODIES", "true")],
        [
            ("AWS_LAMBDA_LOG_LEVEL", "TRACE"),
            ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ],
        [
            (
                "RUST_LOG",
                "lambda_runtime=trace,hyper=trace,aws_smithy_runtime=trace",
            ),
            ("AWS_LAMBDA_LOG_FORMAT", "Text"),
        ],
    ] {
        let server = serve().await;
        let program = start(&server, FUNCTION, &more);
        let event = event_files::read("codepipeline-job.json");
        assert_eq!(summary(&answer(&server, &event).await), "success clear");
        let Ended { stdout, stderr, .. } = program.kill().await;
        assert!(
            stdout.contains("DEBUG"),
            "the level was not respected: {stdout}"
        );
        for value in credentials(&event) {
            assert!(
                !stdout.contains(&value) && !stderr.contains(&value),
                "{value} in\n{stdout}\n{stderr}"
            );
        }
    }
}

#[tokio::test]
async fn one_closing_line_says_what_was_done_and_why() {
    let server = serve().await;
    server.with(|sandbox, now| sandbox.health.put_event(ec2_issue_at(now, "1")));
    let program = start(
        &server,
        FUNCTION,
        &[
            ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
            ("AWS_LAMBDA_LOG_LEVEL", "INFO"),
        ],
    );
    answer(&server, &event_files::read("codepipeline-job.json")).await;
    let Ended { stdout, stderr, .. } = program.kill().await;
    assert_eq!(stderr, "");
    let lines: Vec<Value> = stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("lines of JSON"))
        .collect();
    let [metrics, line] = &lines[..] else {
        panic!("the metrics and the closing line: {stdout}")
    };
    assert!(metrics.get("_aws").is_some(), "{stdout}");
    let mut line = line.clone();
    for varying in [
        "timestamp",
        "span",
        "healthMillis",
        "millis",
        "pipelineExecutionId",
    ] {
        let value = line.as_object_mut().expect("an object").remove(varying);
        assert!(
            value.is_some_and(|value| !value.is_null()),
            "{varying} is missing: {stdout}"
        );
    }
    // Its other lines name times: since when the issue is open, until when the stage is retried.
    let report = line["report"].as_str().expect("a text").to_owned();
    line["report"] = report.lines().next().into();
    insta::assert_snapshot!(serde_json::to_string_pretty(&line).expect("JSON"), @r#"
    {
      "action": "HealthGate",
      "decision": "fail",
      "delivery": "accepted",
      "endpoint": "us-east-1",
      "eventsMatched": 1,
      "eventsRead": 1,
      "healthCalls": 1,
      "incidentArns": "arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1",
      "incidents": 1,
      "jobId": "11111111-aaaa-4111-8111-111111111111",
      "level": "WARN",
      "mayBeBehind": false,
      "message": "health-gate blocked: 1 open AWS Health issue in us-east-1",
      "pipeline": "sandbox",
      "policy": "{\"regions\":[\"us-east-1\",\"global\"],\"ignoreServices\":[\"RISK\",\"ABUSE\",\"BILLING\",\"ACCOUNT\"],\"categories\":[\"issue\"],\"staleAfter\":\"72h\",\"quietPeriod\":\"0s\",\"onIncident\":\"fail\",\"onUnknown\":\"fail\",\"onRollback\":\"pass\",\"maxHold\":\"4h\",\"checkEvery\":\"1m\",\"retry\":\"auto\",\"retryWithin\":\"24h\"}",
      "reason": "health.incident",
      "regions": "us-east-1,global",
      "report": "health-gate blocked: 1 open AWS Health issue in us-east-1",
      "rollback": false,
      "stage": "Deploy",
      "stale": 0,
      "stopping": false,
      "target": "pipeline_gate::closing"
    }
    "#);
}

#[tokio::test]
async fn as_text_the_closing_line_is_one_line_too() {
    let server = serve().await;
    server.with(|sandbox, now| sandbox.health.put_event(ec2_issue_at(now, "1")));
    let program = start(&server, FUNCTION, &[]);
    answer(&server, &event_files::read("codepipeline-job.json")).await;
    let Ended { stdout, .. } = program.kill().await;
    assert_eq!(
        stdout.lines().filter(|line| !line.starts_with('{')).count(),
        1,
        "{stdout}"
    );
    assert!(
        stdout.contains(r#"action="HealthGate" decision="fail" reason="health.incident""#),
        "{stdout}"
    );
}

/// Each decision has its metrics, and people are told on the topic of the environment.
#[tokio::test]
async fn each_decision_counts_as_what_it_is() {
    /// A policy like the default one, of the row whose pipeline has an override.
    const OVERRIDDEN: &str = r#"{"onIncident": "fail"}"#;
    let issue = || Some(ec2_issue_at(real_now(), "1"));
    for (policy, event, throttled, expected) in [
        ("{}", None, false, "Passed"),
        (r#"{"onIncident": "warn"}"#, issue(), false, "Passed"),
        ("{}", issue(), false, "Blocked"),
        (r#"{"onIncident": "hold"}"#, issue(), false, "Held"),
        ("{}", None, true, "Unknown"),
        (r#"{"onUnknown": "pass"}"#, None, true, "Passed Unknown"),
        (r#"{"onUnknown": "hold"}"#, None, true, "Held Unknown"),
        (r#"{"region": 1}"#, None, false, "InvalidPolicy"),
        (OVERRIDDEN, issue(), false, "Passed Overridden"),
    ] {
        let server = serve().await;
        let topic = server.with(|sandbox, now| {
            if policy == OVERRIDDEN {
                let until = Timestamp::from_millis(now.as_millis() + 3_600_000).to_string();
                let until = until[..16].replace(' ', "T");
                sandbox.create_pipeline(now, "us-east-1", gated("sandbox"));
                let value = format!("until={until}Z by=alice reason=INC-42");
                sandbox
                    .codepipeline
                    .tag("sandbox", "health-gate:override", &value);
            }
            event
                .into_iter()
                .for_each(|event| sandbox.health.put_event(event));
            if throttled {
                let refused = ServiceError::new("ValidationException", "no");
                sandbox.fail("DescribeEvents", Fault::Error(refused), 0..usize::MAX);
            }
            sandbox
                .sns
                .create_topic("us-east-1", "health-gate-notifications")
        });
        let program = start(&server, FUNCTION, &[("NOTIFICATION_TOPIC_ARN", &topic)]);
        let mut job = event_files::read("codepipeline-job.json");
        job["CodePipeline.job"]["data"]["actionConfiguration"]["configuration"]["UserParameters"] =
            policy.into();
        answer(&server, &job).await;
        let told = server.with(|sandbox, _| sandbox.sns.published().len());
        let is_told = !expected.starts_with("Passed") || policy == OVERRIDDEN;
        assert_eq!(told == 1, is_told, "{policy}");
        let Ended { stdout, .. } = program.kill().await;
        let line = stdout
            .lines()
            .find(|line| line.contains("_aws"))
            .expect("metrics");
        let line: Value = serde_json::from_str(line).expect("JSON");
        let counts = [
            "Passed",
            "Blocked",
            "Held",
            "Unknown",
            "Overridden",
            "InvalidPolicy",
            "Undelivered",
        ];
        let counted: Vec<&str> = counts.into_iter().filter(|name| line[*name] == 1).collect();
        assert_eq!(counted.join(" "), expected, "{policy}: {line}");
        assert_eq!(line["Pipeline"], "sandbox", "{policy}");
    }
}

/// What was decided counts when CodePipeline has taken it; what nobody took has a metric of its own, for an alarm.
#[tokio::test]
async fn an_undelivered_answer_counts_as_that_and_nothing_else() {
    let server = serve().await;
    let event = event_files::read("codepipeline-job.json");
    server.with(|sandbox, now| {
        let denied = ServiceError::access_denied("codepipeline:PutJobSuccessResult");
        sandbox.fail("PutJobSuccessResult", Fault::Error(denied), 0..usize::MAX);
        sandbox.submit_job_event(now, "us-east-1", FUNCTION, event);
    });
    let program = start(&server, FUNCTION, &[("AWS_LAMBDA_LOG_FORMAT", "JSON")]);
    let error = server.wait_for(|sandbox| {
        sandbox
            .lambda
            .finished()
            .last()
            .map(|done| done.result.clone())
    });
    let error = patiently(error)
        .await
        .expect_err("the job was not answered");
    assert_eq!(error["errorType"], "job.undelivered");
    let Ended { stdout, .. } = program.kill().await;
    let line = stdout
        .lines()
        .find(|line| line.contains("_aws"))
        .expect("metrics");
    let line: Value = serde_json::from_str(line).expect("JSON");
    assert_eq!(
        (&line["Undelivered"], line.get("Passed")),
        (&Value::from(1), None),
        "{line}"
    );
}

/// Whatever the log's format and level are, the metrics are written, at a level that Lambda's own filter lets through.
#[tokio::test]
async fn metric_lines_survive_the_log_s_format_and_level() {
    for (format, level, expected) in [
        ("JSON", "INFO", "INFO"),
        ("JSON", "DEBUG", "INFO"),
        ("JSON", "TRACE", "INFO"),
        ("JSON", "WARN", "WARN"),
        ("JSON", "ERROR", "ERROR"),
        ("JSON", "FATAL", "FATAL"),
        ("Text", "ERROR", "ERROR"),
    ] {
        let server = serve().await;
        let settings = [
            ("AWS_LAMBDA_LOG_FORMAT", format),
            ("AWS_LAMBDA_LOG_LEVEL", level),
        ];
        let program = start(&server, FUNCTION, &settings);
        answer(&server, &event_files::read("codepipeline-job.json")).await;
        let Ended { stdout, .. } = program.kill().await;
        let lines: Vec<&str> = stdout
            .lines()
            .filter(|line| line.contains("_aws"))
            .collect();
        let [line] = lines[..] else {
            panic!("one line of metrics: {stdout}")
        };
        let line: Value = serde_json::from_str(line).expect("JSON and nothing else");
        assert_eq!(line["level"], expected, "{format} {level}");
        assert!(
            line["timestamp"].is_string() && line["Passed"] == 1,
            "{line}"
        );
        let quiet = ["WARN", "ERROR", "FATAL"].contains(&level);
        assert_eq!(
            stdout.contains("no open AWS Health issues"),
            !quiet,
            "{format} {level}: {stdout}"
        );
    }
}

#[tokio::test]
async fn without_a_region_the_program_says_what_to_set() {
    let program = Program::start(
        program_of(FUNCTION),
        &[],
        &[
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_CONFIG_FILE", "/dev/null"),
        ],
    );
    let Ended {
        code,
        stdout,
        stderr,
    } = program.end().await;
    assert_eq!((code, stderr.as_str()), (Some(1), ""));
    assert!(
        stdout.contains("pipeline-gate cannot run: no AWS region is configured; set AWS_REGION"),
        "{stdout}"
    );
}
