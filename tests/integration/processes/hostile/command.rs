//! The command.

use std::time::Duration;

use super::*;
use crate::command::{CommandLine, before};
use crate::in_world::{ec2_issue_at, real_now};
use crate::program::Ended;
use crate::story::gated;

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
