//! stage-retry.

use serde_json::json;

use super::*;
use crate::event_files;
use crate::function_process::{serve, start};
use crate::in_world::{FUNCTION, RETRY_FUNCTION, TOPIC, ec2_issue, ec2_issue_at};
use crate::program::{Ended, patiently};
use crate::story::gated;

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
