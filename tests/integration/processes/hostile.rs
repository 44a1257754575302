//! Texts that somebody has written to harm: line breaks that forge lines of a log, marks that turn what follows around, mark-up of
//! chats. Wherever they come from, what the programs write stays what it is.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sandbox::{Fault, HttpServer, ServiceError, Timestamp};
use serde_json::{Value, json};

use crate::command::{CommandLine, before};
use crate::event_files;
use crate::function_process::{program_of, serve, start, start_by};
use crate::in_world::{FUNCTION, RETRY_FUNCTION, TOPIC, ec2_issue, ec2_issue_at, real_now};
use crate::program::{Ended, patiently};
use crate::story::{ALWAYS, gated};

/// Forges a line of the log, one of a report, a link, a mention; turns the direction of what follows; hides.
const HOSTILE: &str = "x\r\n2026-11-23T09:00:00Z ERROR forged\nnext: forged\u{2028}\u{202e}\u{200b}\u{3164}\u{e0101}\u{1b}[31m\u{7} *b* ~s~ <!channel> [a](http://x) \"},{\"level\":\"ERROR";

/// What may not stand anywhere as it is: known here, and not asked of what is tested.
fn is_hidden(c: char) -> bool {
    let is_plain = c == ' ' || c.is_ascii_graphic() || "…“”‹›∗∼—éüµ".contains(c);
    !is_plain
}

/// Where a hostile text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    UserParameters,
    AccountPolicy,
    Token,
    Event,
    ErrorOfHealth,
    Details,
    Tag,
    Override,
    ErrorOfTags,
    ErrorOfResult,
    ErrorOfPublish,
}

const ALL: [From; 11] = [
    From::UserParameters,
    From::AccountPolicy,
    From::Token,
    From::Event,
    From::ErrorOfHealth,
    From::Details,
    From::Tag,
    From::Override,
    From::ErrorOfTags,
    From::ErrorOfResult,
    From::ErrorOfPublish,
];

fn fail(server: &HttpServer, operation: &str) {
    // Of no kind that is tried again.
    // SNS answers in XML, which has no control characters.
    let text = HOSTILE.replace(|c| operation == "Publish" && c < ' ' && c != '\n', "");
    let error = ServiceError::new("ValidationException", &text);
    server.with(|sandbox, _| sandbox.fail(operation, Fault::Error(error), ALWAYS));
}

/// The lines of a log, each of which is one: dated, and of one kind or the other.
fn check_log(stdout: &str, format: &str, what: &str) -> usize {
    let mut lines = 0;
    for line in stdout.lines() {
        lines += 1;
        let hidden = line.find(is_hidden);
        assert_eq!(hidden, None, "{what} {format}: {line:?}");
        if format == "JSON" || line.starts_with('{') {
            let line: Value = serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("{what} {format}: {error}: {line}"));
            assert!(
                line["timestamp"].is_string() && line["level"].is_string(),
                "{what}: {line}"
            );
        } else {
            let (date, rest) = line.split_at_checked(24).unwrap_or_default();
            assert!(
                date.starts_with("20") && date.ends_with('Z'),
                "{what}: {line}"
            );
            assert!(
                !rest.trim_start().starts_with("ERROR forged"),
                "{what}: {line}"
            );
        }
    }
    lines
}

/// The texts of what a program has told AWS: results of jobs, and messages for people.
fn check_told(server: &HttpServer, what: &str) -> usize {
    server.look(|sandbox| {
        let calls = sandbox.transcript.calls().iter();
        let told = calls
            .filter(|call| call.operation.starts_with("PutJob") || call.operation == "Publish");
        let mut texts = 0;
        for call in told {
            let mut strings = Vec::new();
            collect(&call.input, &mut strings);
            for text in strings {
                texts += 1;
                let hidden = text.find(|c| c != '\n' && is_hidden(c));
                assert_eq!(hidden, None, "{what}: {text:?}");
                let forged = text.lines().skip(1).filter(|line| {
                    line.starts_with("next: forged") || line.starts_with("2026-11-23")
                });
                assert_eq!(forged.count(), 0, "{what}: {text}");
            }
        }
        for published in sandbox.sns.published() {
            let by_protocol: Value =
                serde_json::from_str(&published.message).expect("a message for each protocol");
            let chat: Value =
                serde_json::from_str(by_protocol["default"].as_str().expect("text")).expect("JSON");
            for shown in [
                &chat["content"]["title"],
                &chat["content"]["description"],
                &chat["content"]["nextSteps"][0],
            ] {
                let shown = shown.as_str().unwrap_or_default();
                assert!(
                    !shown.contains(['<', '>', '*', '~']) && !shown.contains("]("),
                    "{what}: {shown}"
                );
            }
        }
        texts
    })
}

fn collect<'v>(value: &'v Value, strings: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => strings.push(text),
        Value::Array(values) => values.iter().for_each(|value| collect(value, strings)),
        Value::Object(members) => members.values().for_each(|value| collect(value, strings)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Plays one job, and returns what the program has printed.
async fn play(server: &HttpServer, from: From, format: &str) -> String {
    let mut event = event_files::read("codepipeline-job.json");
    let data = &mut event["CodePipeline.job"]["data"];
    let hostile_policy = json!({"regions": ["us-east-1"], HOSTILE: 1}).to_string();
    let mut more = vec![
        ("AWS_LAMBDA_LOG_FORMAT", format),
        ("NOTIFICATION_TOPIC_ARN", TOPIC),
        ("AWS_LAMBDA_LOG_LEVEL", "DEBUG"),
    ];
    server.with(|sandbox, now| {
        sandbox
            .sns
            .create_topic("us-east-1", "health-gate-notifications");
        sandbox.create_pipeline(now, "us-east-1", gated("sandbox"));
        let mut issue = ec2_issue_at(real_now(), "1");
        if from == From::Event {
            for text in [
                &mut issue.arn,
                &mut issue.service,
                &mut issue.event_type_code,
            ] {
                text.push_str(HOSTILE);
            }
        }
        sandbox.health.put_event(issue);
    });
    match from {
        From::UserParameters => {
            data["actionConfiguration"]["configuration"]["UserParameters"] =
                hostile_policy.as_str().into()
        }
        From::AccountPolicy => more.push(("HEALTH_GATE_POLICY", &hostile_policy)),
        From::Token => data["continuationToken"] = HOSTILE.into(),
        From::Event => {}
        From::ErrorOfHealth => fail(server, "DescribeEvents"),
        From::Details => {
            let context = json!({
                "pipelineName": HOSTILE, "stage": {"name": HOSTILE}, "action": {"name": HOSTILE},
                "pipelineExecutionId": HOSTILE, "pipelineArn": format!("arn:aws:codepipeline:us-east-1:111122223333:{HOSTILE}"),
            });
            let output = json!({"jobDetails": {"id": HOSTILE, "accountId": HOSTILE, "data": {"pipelineContext": context}}});
            server.with(|sandbox, _| sandbox.fail("GetJobDetails", Fault::Output(output), ALWAYS));
        }
        From::Tag => server.with(|sandbox, _| {
            sandbox.codepipeline.tag(
                "sandbox",
                "health-gate:override",
                &format!("until=2099-01-01T00:00Z by={HOSTILE}"),
            )
        }),
        From::Override => {
            // In force for an hour: who and why get into variables, the summary, the log and a chat.
            let until = Timestamp::from_millis(real_now().as_millis() + 3_600_000).rfc3339();
            let reason: String = HOSTILE.chars().take(120).collect();
            let by = HOSTILE
                .replace(' ', "_")
                .chars()
                .take(60)
                .collect::<String>();
            let value = format!("until={}Z by={by} reason={reason}", &until[..19]);
            server.with(|sandbox, _| {
                sandbox
                    .codepipeline
                    .tag("sandbox", "health-gate:override", &value)
            });
        }
        From::ErrorOfTags => fail(server, "ListTagsForResource"),
        From::ErrorOfResult => fail(server, "PutJobFailureResult"),
        From::ErrorOfPublish => fail(server, "Publish"),
    }
    let program = start(server, FUNCTION, &more);
    server.with(|sandbox, now| sandbox.submit_job_event(now, "us-east-1", FUNCTION, event));
    let handled = server.wait_for(|sandbox| (!sandbox.lambda.finished().is_empty()).then_some(()));
    patiently(handled).await;
    let Ended { stdout, stderr, .. } = program.kill().await;
    assert_eq!(stderr, "", "{from:?}");
    stdout
}

#[tokio::test]
async fn no_text_forges_a_line_of_the_gate_or_hides_in_one() {
    let mut seen = BTreeSet::new();
    let (mut lines, mut texts) = (0, 0);
    for from in ALL {
        for format in ["JSON", "Text"] {
            let server = serve().await;
            let stdout = play(&server, from, format).await;
            lines += check_log(&stdout, format, &format!("{from:?}"));
            texts += check_told(&server, &format!("{from:?}"));
            let is_overridden = stdout.contains("override.active");
            assert_eq!(is_overridden, from == From::Override, "{from:?}: {stdout}");
            // It has come as far as the log: a text that nobody shows shows nothing.
            if stdout.contains("forged") {
                seen.insert(format!("{from:?}"));
            }
        }
    }
    assert_eq!(seen.len(), ALL.len(), "{seen:?}");
    println!(
        "hostile texts from {} places: {lines} lines of logs and {texts} texts told, none forged",
        ALL.len()
    );
}

#[tokio::test]
async fn no_text_forges_a_line_of_stage_retry_or_hides_in_one() {
    let failure =
        &event_files::read("sns-codepipeline-action-failed.json")["Records"][0]["Sns"]["Message"];
    let failure: Value = serde_json::from_str(failure.as_str().expect("text")).expect("JSON");
    let with = |place: &str| {
        let mut message = failure.clone();
        *message.pointer_mut(place).expect("a place") = HOSTILE.into();
        message.to_string()
    };
    let messages = [
        HOSTILE.to_owned(),
        with("/source"),
        with("/detail-type"),
        with("/region"),
        with("/account"),
        with("/detail/state"),
        with("/detail/pipeline"),
        with("/detail/execution-id"),
    ];
    let mut lines = 0;
    for format in ["JSON", "Text"] {
        for failing in [
            "",
            "GetPipelineState",
            "ListActionExecutions",
            "DescribeEvents",
            "ListTagsForResource",
            "ListPipelines",
            // The issue is over.
            "RetryStageExecution",
            "Publish",
        ] {
            let server = serve().await;
            let gate = start(&server, FUNCTION, &[]);
            server.with(|sandbox, now| {
                sandbox.codepipeline.delays = crate::retry_process::quick();
                sandbox.health.put_event(ec2_issue_at(now, "1"));
                sandbox.create_pipeline(now, "us-east-1", gated("MyFirstPipeline"));
                sandbox
                    .start_execution(now, "MyFirstPipeline")
                    .expect("nothing is going on");
            });
            let failed = server.wait_for(|sandbox| {
                let status = sandbox.codepipeline.newest_execution("MyFirstPipeline");
                (status == Some(aws_sandbox::codepipeline::Status::Failed)).then_some(())
            });
            patiently(failed).await;
            gate.kill().await;
            if ["RetryStageExecution", "Publish"].contains(&failing) {
                server.with(|sandbox, now| {
                    sandbox
                        .sns
                        .create_topic("us-east-1", "health-gate-notifications");
                    sandbox.health.close_event(now, &ec2_issue("1").arn);
                });
            }
            if !failing.is_empty() {
                fail(&server, failing);
            }
            let program = start(
                &server,
                RETRY_FUNCTION,
                &[
                    ("AWS_LAMBDA_LOG_FORMAT", format),
                    ("NOTIFICATION_TOPIC_ARN", TOPIC),
                    ("PACE", "0"),
                ],
            );
            let sweep = json!({"source": "health-gate", "detail-type": "Sweep"}).to_string();
            let records = messages.iter().chain([&sweep]).map(|message| {
                json!({"Sns": {"TopicArn": "arn:aws:sns:us-east-1:111122223333:health-gate-signals", "Message": message}})
            });
            let event = json!({"Records": records.collect::<Vec<_>>()});
            let finished = server.with(|sandbox, _| {
                sandbox.invoke("us-east-1", RETRY_FUNCTION, event);
                sandbox.lambda.finished().len()
            });
            let handled =
                server.wait_for(|sandbox| sandbox.lambda.finished().get(finished).map(|_| ()));
            patiently(handled).await;
            let Ended { stdout, .. } = program.kill().await;
            assert!(
                failing.is_empty() || stdout.contains("forged"),
                "{failing}: {stdout}"
            );
            lines += check_log(&stdout, format, failing);
            check_told(&server, failing);
        }
    }
    println!(
        "hostile messages of {} kinds: {lines} lines of logs, none forged",
        messages.len()
    );
}

/// Closed, full, and a pipe that nobody reads any more: what cannot be written is lost, and the job is answered all the same.
#[tokio::test]
async fn a_closed_stdout_costs_no_job_its_answer() {
    for stdout in [">&-", ">/dev/full", "> >(exec true)"] {
        for format in ["JSON", "Text"] {
            let server = serve().await;
            server.with(|sandbox, now| sandbox.health.put_event(ec2_issue_at(now, "1")));
            let script = format!(r#"exec "$0" {stdout}"#);
            let command = ["/bin/bash", "-c", &script, program_of(FUNCTION)];
            let program = start_by(
                &command,
                &server,
                FUNCTION,
                &[("AWS_LAMBDA_LOG_FORMAT", format)],
            );
            for number in 0..3 {
                let mut event = event_files::read("codepipeline-job.json");
                event["CodePipeline.job"]["id"] =
                    format!("11111111-aaaa-4111-8111-{number:012}").into();
                server.with(|sandbox, now| {
                    sandbox.submit_job_event(now, "us-east-1", FUNCTION, event)
                });
                let handled = server.wait_for(|sandbox| {
                    let done = sandbox.lambda.finished().get(number);
                    done.map(|done| done.result.clone())
                });
                let result = patiently(handled).await.expect("it is handled");
                assert_eq!(result["type"], "JobFailed", "{stdout}: {result}");
            }
            program.kill().await;
        }
    }
}

/// A policy of the account that is no text is one that is not valid, and not none.
#[tokio::test]
async fn an_environment_that_is_no_text_is_not_ignored() {
    let server = serve().await;
    let script = r#"HEALTH_GATE_POLICY=$'{"regions":["eu-west-1"]}\xff' exec "$0""#;
    let command = ["/bin/bash", "-c", script, program_of(FUNCTION)];
    let program = start_by(&command, &server, FUNCTION, &[]);
    server.with(|sandbox, now| {
        let event = event_files::read("codepipeline-job.json");
        sandbox.submit_job_event(now, "us-east-1", FUNCTION, event)
    });
    let handled = server.wait_for(|sandbox| {
        let done = sandbox.lambda.finished().first();
        done.map(|done| done.result.clone())
    });
    let result = patiently(handled).await.expect("it is handled");
    assert_eq!(result["type"], "ConfigurationError", "{result}");
    program.kill().await;
}

/// The command, where somebody reads it: texts of events, of errors, of arguments and of the environment.
#[tokio::test]
async fn nothing_hides_in_what_the_command_prints() {
    let mut lines = 0;
    let mut check = |what: &str, ended: &Ended| {
        let Ended { stdout, stderr, .. } = ended;
        for line in stdout.lines().chain(stderr.lines()) {
            lines += 1;
            // The frame of a table is of no text.
            let hidden = line.find(|c| is_hidden(c) && !"─│┆═".contains(c));
            assert_eq!(hidden, None, "{what}: {line:?}");
        }
    };
    let mut issue = ec2_issue_at(before(real_now(), Duration::from_hours(1)), "1");
    for text in [
        &mut issue.arn,
        &mut issue.service,
        &mut issue.event_type_code,
    ] {
        text.push_str(HOSTILE);
    }
    let subcommands: [&[&str]; 8] = [
        &["check"],
        &["explain"],
        &["backtest"],
        &["status"],
        &["doctor"],
        &["override", "list"],
        &["check", "--format", "json"],
        &["status", "--format", "json"],
    ];
    for failing in [
        "",
        "DescribeEvents",
        "ListPipelines",
        "GetPipeline",
        "GetPipelineState",
        "ListTagsForResource",
        "ListActionExecutions",
    ] {
        let command = CommandLine::new().await;
        command.put_event(issue.clone());
        command.server.with(|sandbox, now| {
            sandbox.create_pipeline(now, "us-east-1", gated("shop"));
        });
        if !failing.is_empty() {
            fail(&command.server, failing);
        }
        for subcommand in subcommands {
            let ended = command.run(subcommand).await;
            check(&format!("{subcommand:?} {failing}"), &ended);
            let reads_health = matches!(subcommand, ["check" | "explain" | "backtest", ..]);
            let shows_it = ["", "DescribeEvents"].contains(&failing) && reads_health;
            if shows_it {
                let Ended { stdout, stderr, .. } = &ended;
                assert!(
                    stdout.contains("forged") || stderr.contains("forged"),
                    "{subcommand:?} {failing}: {stdout}{stderr}"
                );
            }
        }
    }
    let hostile = HOSTILE.replace(['\r', '\n'], "");
    let by_arguments: [&[&str]; 9] = [
        &["check", "--policy", &hostile],
        &["check", "--regions", &hostile],
        &["check", "--region", &hostile],
        &["check", "--profile", &hostile],
        &["validate", &hostile],
        &["backtest", "--events", &hostile],
        &[
            "override",
            "set",
            "--pipelines",
            "shop",
            "--for",
            "1h",
            "--by",
            "alice",
            "--reason",
            &hostile,
            "--yes",
        ],
        &[
            "override",
            "set",
            "--pipelines",
            "shop",
            "--for",
            "1h",
            "--by",
            "\u{3164}",
            "--reason",
            "\u{3164}",
            "--yes",
        ],
        &["sandbox", "--scenario", &hostile],
    ];
    let command = CommandLine::new().await;
    command.server.with(|sandbox, now| {
        sandbox.create_pipeline(now, "us-east-1", gated("shop"));
    });
    for arguments in by_arguments {
        let ended = command.run(arguments).await;
        assert_ne!(ended.code, Some(0), "{arguments:?}: {}", ended.stdout);
        check(&format!("{arguments:?}"), &ended);
    }
    for name in ["AWS_REGION", "HEALTH_GATE_POLICY"] {
        let ended = CommandLine::new()
            .await
            .with(name, &hostile)
            .run(&["check"])
            .await;
        assert_ne!(ended.code, Some(0), "{name}: {}", ended.stdout);
        check(name, &ended);
    }
    println!("hostile texts in the command: {lines} lines, nothing hidden");
}
