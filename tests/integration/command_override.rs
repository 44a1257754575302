//! `health-gate override`: what is tagged, what is asked before, and what becomes of it.

use aws_sandbox::codepipeline::{PipelineDeclaration, Status};
use insta::assert_snapshot;

use crate::command::{CommandLine, redacted, told};
use crate::in_world::FUNCTION;
use crate::program::patiently;
use crate::retry_process::quick;
use crate::retry_table::{serve, story};
use crate::story::{WHILE, deploy, gated, lambda, pipeline};

pub(crate) async fn with_pipelines(pipelines: Vec<PipelineDeclaration>) -> CommandLine {
    let command = CommandLine::new().await;
    command.server.with(|sandbox, now| {
        for pipeline in pipelines {
            sandbox.create_pipeline(now, "us-east-1", pipeline);
        }
    });
    command
}

/// Two with a gate, one without, and one that no pattern of these tests means.
pub(crate) async fn shop() -> CommandLine {
    let website = pipeline("prod-website", vec![(1, deploy(true))]);
    with_pipelines(vec![
        gated("prod-a"),
        gated("prod-b"),
        website,
        gated("test"),
    ])
    .await
}

const SET: [&str; 8] = [
    "override",
    "set",
    "--pipelines",
    "prod-*",
    "--for",
    "2d",
    "--reason",
    "INC-42 hotfix",
];

pub(crate) fn set<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&SET[..], more].concat()
}

/// The pipelines that were tagged, with what.
fn tagged(command: &CommandLine) -> Vec<String> {
    command.server.look(|sandbox| {
        let calls = sandbox.transcript.of("TagResource");
        let line = |call: &aws_sandbox::Call| {
            let arn = call.input["resourceArn"].as_str().unwrap_or_default();
            let name = arn.rsplit(':').next().unwrap_or_default();
            let value = call.input["tags"][0]["value"].as_str().unwrap_or_default();
            redacted(&format!("{name}: {value}"))
        };
        let mut lines: Vec<String> = calls.map(line).collect();
        lines.sort();
        lines
    })
}

#[tokio::test]
async fn a_pattern_tags_the_pipelines_with_a_gate_and_leaves_others_alone() {
    let command = shop().await;
    assert_snapshot!(told(&command.run(&set(&["--yes"])).await), @"
    2 pipelines overridden until YYYY-MM-DD hh:mm UTC
    What is stopped goes on at the next sweep; --retry does it at once.
    --- standard error
    in us-east-1, account 111122223333:
    prod-a, prod-b
    without a gate, and left alone: prod-website
    until=YYYY-MM-DDThh:mm:ssZ by=alice reason=INC-42 hotfix
    --- exit code 0
    ");
    assert_eq!(
        tagged(&command),
        [
            "prod-a: until=YYYY-MM-DDThh:mm:ssZ by=alice reason=INC-42 hotfix",
            "prod-b: until=YYYY-MM-DDThh:mm:ssZ by=alice reason=INC-42 hotfix",
        ]
    );
    let list = command
        .run(&["override", "list", "--pipelines", "prod-*"])
        .await;
    assert_snapshot!(told(&list), @r"
     PIPELINE  UNTIL                 BY     REASON
     prod-a    YYYY-MM-DD hh:mm UTC  alice  INC-42 hotfix
     prod-b    YYYY-MM-DD hh:mm UTC  alice  INC-42 hotfix
    --- exit code 0
    ");
}

#[tokio::test]
async fn a_person_at_a_terminal_is_asked() {
    let command = shop().await;
    let no = command.answer_at_terminal(80, &set(&[]), "n\n").await;
    assert_eq!(no.code, 2);
    assert_snapshot!(no.screen(), @"
    in us-east-1, account 111122223333:
    prod-a, prod-b
    without a gate, and left alone: prod-website
    until=YYYY-MM-DDThh:mm:ssZ by=alice reason=INC-42 hotfix
    Really let 2 pipelines go out until YYYY-MM-DD hh:mm UTC? [y/N] n
    health-gate: nothing was changed
    ");
    assert_eq!(command.calls("TagResource"), (0, 0));
    let yes = command.answer_at_terminal(140, &set(&[]), "y\n").await;
    assert_eq!(yes.code, 0);
    assert_snapshot!(yes.screen(), @"
    in us-east-1, account 111122223333:
    prod-a, prod-b
    without a gate, and left alone: prod-website
    until=YYYY-MM-DDThh:mm:ssZ by=alice reason=INC-42 hotfix
    Really let 2 pipelines go out until YYYY-MM-DD hh:mm UTC? [y/N] y
    2 pipelines overridden until YYYY-MM-DD hh:mm UTC
    What is stopped goes on at the next sweep; --retry does it at once.
    ");
    assert_eq!(command.calls("TagResource"), (2, 2));
}

/// The policy says that nothing is retried; a person says more.
#[tokio::test(start_paused = true)]
async fn retry_lets_a_stopped_release_go_on_at_once() {
    let never = r#"{"regions": ["us-east-1"], "retry": "never"}"#;
    let actions = vec![(1, lambda(FUNCTION, never)), (2, deploy(true))];
    let server = serve(story(WHILE, vec![pipeline("checkout", actions)]).await).await;
    server.with(|sandbox, _| sandbox.codepipeline.delays = quick());
    let function = crate::function_process::start(&server, FUNCTION, &[]);
    let command = CommandLine::of(server);
    let arguments = [
        "override",
        "set",
        "--pipelines",
        "checkout",
        "--for",
        "2d",
        "--reason",
        "INC-42",
        "--yes",
        "--retry",
    ];
    assert_snapshot!(told(&command.run(&arguments).await), @"
    1 pipeline overridden until YYYY-MM-DD hh:mm UTC
    retried  checkout / Production: overridden by alice until YYYY-MM-DD hh:mm UTC: INC-42
    --- standard error
    in us-east-1, account 111122223333:
    checkout
    until=YYYY-MM-DDThh:mm:ssZ by=alice reason=INC-42
    --- exit code 0
    ");
    assert_eq!(command.calls("RetryStageExecution"), (1, 1));
    let ended = command.server.wait_for(|sandbox| {
        let newest = sandbox.codepipeline.newest_execution("checkout");
        newest.filter(|status| *status != Status::InProgress)
    });
    assert_eq!(patiently(ended).await, Status::Succeeded);
    // There is nothing more to retry.
    let again = command.run(&arguments).await;
    assert!(
        again.stdout.contains("the gate has stopped nothing"),
        "{}",
        again.stdout
    );
    function.kill().await;
}

/// 300 in the pace of the command.
#[tokio::test]
async fn three_hundred_pipelines_are_all_tagged() {
    let pipelines = (0..300).map(|number| gated(&format!("prod-{number:03}")));
    let command = with_pipelines(pipelines.collect()).await;
    let ended = command.run(&set(&["--yes"])).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(command.calls("TagResource"), (300, 300));
    let preview = ended.stderr.lines().nth(1).unwrap_or_default();
    assert!(preview.ends_with("prod-298, prod-299"), "{preview}");
    assert!(
        ended.stdout.starts_with("300 pipelines overridden"),
        "{}",
        ended.stdout
    );
}
