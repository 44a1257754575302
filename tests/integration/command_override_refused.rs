//! `health-gate override set` where it is not done, or not all of it.

use aws_sandbox::{Fault, ServiceError};
use insta::assert_snapshot;
use serde_json::Value;

use crate::command::{redacted, told};
use crate::command_override::{set, shop};

#[tokio::test]
async fn where_nobody_can_be_asked_nothing_is_changed() {
    let command = shop().await;
    assert_snapshot!(told(&command.run(&set(&[])).await), @"
    --- standard error
    in us-east-1, account 111122223333:
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
async fn no_pipeline_name_is_wrong_usage() {
    let command = shop().await;
    for names in ["", " , "] {
        for arguments in [
            vec!["override", "clear", "--pipelines", names],
            vec!["status", "--pipelines", names],
        ] {
            let ended = command.run(&arguments).await;
            assert_eq!(ended.code, Some(64), "{arguments:?}: {}", ended.stderr);
            assert!(
                ended.stderr.contains("--pipelines names no pipeline"),
                "{arguments:?}: {}",
                ended.stderr
            );
        }
    }
    assert_eq!(command.calls("UntagResource"), (0, 0));
}

#[tokio::test]
async fn what_is_no_override_tags_nothing() {
    let command = shop().await;
    let mut said = Vec::new();
    let long = "x".repeat(181);
    for more in [
        ["--for", "2d", "--reason", "50% done"],
        ["--for", "2d", "--reason", &long],
        ["--for", "8d", "--reason", "INC-42"],
        ["--for", "soon", "--reason", "INC-42"],
        ["--until", "tomorrow", "--reason", "INC-42"],
        ["--until", "2020-01-01T00:00Z", "--reason", "INC-42"],
    ] {
        let arguments = [
            &["override", "set", "--pipelines", "prod-*", "--yes"],
            &more[..],
        ]
        .concat();
        let ended = command.run(&arguments).await;
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(64), ""),
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
    assert_snapshot!(told(&command.run(&one).await), @"
    0 pipelines overridden until YYYY-MM-DD hh:mm UTC
      test: AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/sandbox is not authorized to perform: codepipeline:TagResource on resource: *
    These credentials need `codepipeline:TagResource` and `codepipeline:UntagResource` on the pipelines; SECURITY.md has a policy.
    --- standard error
    in us-east-1, account 111122223333:
    test
    until=YYYY-MM-DDThh:mm:ssZ by=alice reason=INC-42
    --- exit code 2
    ");
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
