//! The gate, its log and its process.

use std::collections::BTreeSet;

use aws_sandbox::Timestamp;
use serde_json::json;

use super::*;
use crate::event_files;
use crate::function_process::{program_of, serve, start, start_by};
use crate::in_world::{FUNCTION, TOPIC, ec2_issue_at, real_now};
use crate::program::{Ended, patiently};
use crate::story::gated;

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
