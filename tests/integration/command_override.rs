//! `health-gate override`: what is tagged, what is asked before, and what becomes of it.

use std::time::Duration;

use aws_sandbox::codepipeline::{PipelineDeclaration, Status};
use aws_sandbox::{Fault, ServiceError};
use insta::assert_snapshot;
use serde_json::Value;

use crate::command::{CommandLine, redacted, told};
use crate::in_world::FUNCTION;
use crate::program::patiently;
use crate::retry_process::quick;
use crate::retry_table::{serve, story};
use crate::story::{WHILE, deploy, gated, lambda, pipeline};

const TAG: &str = "health-gate:override";

async fn with_pipelines(pipelines: Vec<PipelineDeclaration>) -> CommandLine {
    let command = CommandLine::new().await;
    command.server.with(|sandbox, now| {
        for pipeline in pipelines {
            sandbox.create_pipeline(now, "us-east-1", pipeline);
        }
    });
    command
}

/// Two with a gate, one without, and one that no pattern of these tests means.
async fn shop() -> CommandLine {
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

fn set<'a>(more: &[&'a str]) -> Vec<&'a str> {
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
    assert_snapshot!(told(&command.run(&set(&["--yes"])).await), @r"
    2 pipelines overridden until YYYY-MM-DD hh:mm UTC
    What is stopped goes on at the next sweep; --retry does it at once.
    --- standard error
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
    let no = command.answer_at_terminal(80, &set(&[]), "n").await;
    assert_eq!(no.code, 2);
    assert_snapshot!(no.screen(), @r"
    prod-a, prod-b
    without a gate, and left alone: prod-website
    until=YYYY-MM-DDThh:mm:ssZ by=alice reason=INC-42 hotfix
    Really let 2 pipelines go out until YYYY-MM-DD hh:mm UTC? no
    health-gate: nothing was changed
    ");
    assert_eq!(command.calls("TagResource"), (0, 0));
    let yes = command.answer_at_terminal(140, &set(&[]), "y").await;
    assert_eq!(yes.code, 0);
    assert_snapshot!(yes.screen(), @r"
    prod-a, prod-b
    without a gate, and left alone: prod-website
    until=YYYY-MM-DDThh:mm:ssZ by=alice reason=INC-42 hotfix
    Really let 2 pipelines go out until YYYY-MM-DD hh:mm UTC? yes
    2 pipelines overridden until YYYY-MM-DD hh:mm UTC
    What is stopped goes on at the next sweep; --retry does it at once.
    ");
    assert_eq!(command.calls("TagResource"), (2, 2));
}

#[tokio::test]
async fn where_nobody_can_be_asked_nothing_is_changed() {
    let command = shop().await;
    assert_snapshot!(told(&command.run(&set(&[])).await), @r"
    --- standard error
    prod-a, prod-b
    without a gate, and left alone: prod-website
    until=YYYY-MM-DDThh:mm:ssZ by=alice reason=INC-42 hotfix
    health-gate: nobody is there to ask whether to let 2 pipelines go out until YYYY-MM-DD hh:mm UTC
    Say --yes to do it without asking.
    --- exit code 2
    ");
    let clear = ["override", "clear", "--pipelines", "prod-*"];
    assert_eq!(command.run(&clear).await.code, Some(2));
    assert_eq!(command.calls("TagResource"), (0, 0));
    assert_eq!(command.calls("UntagResource"), (0, 0));
}

#[tokio::test]
async fn what_is_no_override_tags_nothing() {
    let command = shop().await;
    let mut said = Vec::new();
    let long = "x".repeat(181);
    for (more, code) in [
        (["--for", "2d", "--reason", "50% done"], 2),
        (["--for", "2d", "--reason", &long], 2),
        (["--for", "8d", "--reason", "INC-42"], 64),
        (["--for", "soon", "--reason", "INC-42"], 64),
        (["--until", "tomorrow", "--reason", "INC-42"], 64),
        (["--until", "2020-01-01T00:00Z", "--reason", "INC-42"], 2),
    ] {
        let arguments = [
            &["override", "set", "--pipelines", "prod-*", "--yes"],
            &more[..],
        ]
        .concat();
        let ended = command.run(&arguments).await;
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(code), ""),
            "{more:?}: {}",
            ended.stderr
        );
        said.push(redacted(&ended.stderr));
    }
    assert_snapshot!(said.concat(), @r"
    health-gate: the override is not valid: a character that no tag takes (letters, digits, spaces and _ . : / = + - @ are taken) in `until=YYYY-MM-DDThh:mm:ssZ by=alice reason=50% done`; accepted: `until=2026-11-23T18:00Z by=alice reason=INC-42 hotfix`, in this order, with single spaces
    health-gate: the override is not valid: a reason of more than 180 characters in `until=YYYY-MM-DDThh:mm:ssZ by=alice reason=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx`; accepted: `until=2026-11-23T18:00Z by=alice reason=INC-42 hotfix`, in this order, with single spaces
    error: invalid value '8d' for '--for <DURATION>': accepted: a duration from 1m to 7d, one whole number and one unit of `s`, `m`, `h` or `d`, like `2h`

    For more information, try '--help'.
    error: invalid value 'soon' for '--for <DURATION>': accepted: a duration from 1m to 7d, one whole number and one unit of `s`, `m`, `h` or `d`, like `2h`

    For more information, try '--help'.
    error: invalid value 'tomorrow' for '--until <TIME>': accepted: a time in UTC, like 2026-11-23T18:00Z

    For more information, try '--help'.
    health-gate: the override is not valid: it expired at YYYY-MM-DDThh:mm:ssZ: `until=YYYY-MM-DDThh:mm:ssZ by=alice reason=INC-42`
    ");
    assert_eq!(command.calls("TagResource"), (0, 0));
}

#[tokio::test]
async fn of_one_refusal_the_others_are_done() {
    let command = shop().await;
    let denied = Fault::Error(ServiceError::access_denied("codepipeline:TagResource"));
    command
        .server
        .with(|sandbox, _| sandbox.fail("TagResource", denied, 0..1));
    let ended = command.run(&set(&["--yes", "--format", "json"])).await;
    assert_eq!(ended.code, Some(2));
    assert_eq!(command.calls("TagResource"), (2, 1));
    let done: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let lengths = ["overridden", "failed"].map(|key| done[key].as_array().map(Vec::len));
    assert_eq!(lengths, [Some(1), Some(1)], "{done}");

    let denied = Fault::Error(ServiceError::access_denied("codepipeline:TagResource"));
    command
        .server
        .with(|sandbox, _| sandbox.fail("TagResource", denied, 0..usize::MAX));
    let one = [
        "override",
        "set",
        "--pipelines",
        "test",
        "--for",
        "2d",
        "--reason",
        "INC-42",
        "--yes",
    ];
    assert_snapshot!(told(&command.run(&one).await), @r"
    0 pipelines overridden until YYYY-MM-DD hh:mm UTC
      test: AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/sandbox is not authorized to perform: codepipeline:TagResource on resource: *
    These credentials need `codepipeline:TagResource` and `codepipeline:UntagResource` on the pipelines; SECURITY.md has a policy.
    --- standard error
    test
    until=YYYY-MM-DDThh:mm:ssZ by=alice reason=INC-42
    --- exit code 2
    ");
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
    assert_snapshot!(told(&command.run(&arguments).await), @r"
    1 pipeline overridden until YYYY-MM-DD hh:mm UTC
    retried  checkout / Production: overridden by alice until YYYY-MM-DD hh:mm UTC: INC-42
    --- standard error
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

#[tokio::test]
async fn the_list_says_which_are_in_force_and_why_others_are_not() {
    let command = with_pipelines(
        ["malformed", "expired", "in-force", "none"]
            .map(gated)
            .into(),
    )
    .await;
    command.server.with(|sandbox, now| {
        let until = (now + Duration::from_hours(50))
            .to_string()
            .replacen(' ', "T", 1);
        let tags = [
            ("malformed", "INC-42".to_owned()),
            (
                "expired",
                "until=2026-01-02T03:04Z by=bob reason=INC-41".to_owned(),
            ),
            (
                "in-force",
                format!("until={}Z by=alice reason=INC-42 hotfix", &until[..16]),
            ),
        ];
        for (pipeline, value) in tags {
            sandbox.codepipeline.tag(pipeline, TAG, &value);
        }
    });
    assert_snapshot!(told(&command.run(&["override", "list"]).await), @r"
     PIPELINE   UNTIL                 BY     REASON
     expired    not in force                 it expired at YYYY-MM-DDThh:mm:ssZ: `until=2026-01-02T03:04Z by=bob reason=INC-41`
     in-force   YYYY-MM-DD hh:mm UTC  alice  INC-42 hotfix
     malformed  not in force                 no `until=` at the beginning in `INC-42`; accepted: `until=2026-11-23T18:00Z by=alice reason=INC-42 hotfix`, in this order, with single spaces
    --- exit code 0
    ");
    for columns in [80, 140] {
        let shown = command
            .run_at_terminal(columns, &["override", "list"])
            .await;
        assert_snapshot!(format!("override-list-{columns}-columns"), shown.screen());
    }
    let json = command.run(&["override", "list", "--format", "json"]).await;
    assert_snapshot!("override-list-json", told(&json));

    let clear = ["override", "clear", "--pipelines", "*", "--yes"];
    assert_snapshot!(told(&command.run(&clear).await), @r"
    4 pipelines without an override
    --- standard error
    expired, in-force, malformed, none
    --- exit code 0
    ");
    assert_snapshot!(told(&command.run(&["override", "list"]).await), @r"
    no pipeline with a gate has an override
    --- exit code 0
    ");
}

/// 300 in the pace of the command.
#[tokio::test]
async fn three_hundred_pipelines_are_all_tagged() {
    let pipelines = (0..300).map(|number| gated(&format!("prod-{number:03}")));
    let command = with_pipelines(pipelines.collect()).await;
    let ended = command.run(&set(&["--yes"])).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(command.calls("TagResource"), (300, 300));
    let preview = ended.stderr.lines().next().unwrap_or_default();
    assert!(preview.ends_with("prod-019 and 280 more"), "{preview}");
    assert!(
        ended.stdout.starts_with("300 pipelines overridden"),
        "{}",
        ended.stdout
    );
}

#[tokio::test]
async fn pipelines_without_a_gate_are_no_pipelines_to_override() {
    let command = shop().await;
    let arguments = [
        "override",
        "set",
        "--pipelines",
        "prod-website",
        "--for",
        "2d",
        "--reason",
        "INC-42",
        "--yes",
    ];
    assert_snapshot!(told(&command.run(&arguments).await), @r"
    --- standard error
    health-gate: none of these pipelines has a gate: prod-website
    --gate-function says which functions are gates.
    --- exit code 2
    ");
}
