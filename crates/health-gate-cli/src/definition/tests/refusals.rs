//! What is refused, and what is large or hostile.

use super::*;

#[test]
fn what_only_cloudformation_can_read_is_named() {
    for (text, path) in [
        (
            "Resources:\n  Fn::Transform: { Name: AWS::Include }\n",
            "Resources.Fn::Transform",
        ),
        (
            "Resources:\n  P:\n    Type: AWS::CodePipeline::Pipeline\n    Properties:\n      Fn::Transform: { Name: AWS::Include }\n",
            "Resources.P.Properties",
        ),
        (
            "Resources:\n  P:\n    Type: AWS::CodePipeline::Pipeline\n    Properties: { Stages: !Transform { Name: X } }\n",
            "Resources.P.Properties.Stages",
        ),
        (
            "Resources:\n  P:\n    Type: AWS::CodePipeline::Pipeline\n    Properties: { Stages: [{ Name: A, Actions: [{ Name: B, RunOrder: !Ref C }] }] }\n",
            "Resources.P.Properties.Stages[0].Actions[0].RunOrder",
        ),
    ] {
        let definitions = read(text).unwrap_or_else(|error| panic!("{error}"));
        let paths: Vec<&str> = definitions
            .unread
            .iter()
            .map(|unread| unread.place.path.as_str())
            .collect();
        assert_eq!(paths, [path]);
    }
}

#[test]
fn what_is_no_pipeline_is_refused_with_what_was_found() {
    for (text, expected) in [
        ("", "the file is empty"),
        (" \r\n\n", "the file is empty"),
        ("\u{feff}", "the file is empty"),
        ("# nothing\n", "the file is empty"),
        (
            "{}",
            "no pipeline in it: it has an object at the top; accepted: the output of `aws codepipeline get-pipeline`, or",
        ),
        ("[1]", "no pipeline in it: it has a list at the top"),
        ("hello", "no pipeline in it: it has a text at the top"),
        (
            "{\"regions\": []}",
            "no pipeline in it: it has the keys `regions` at the top",
        ),
        (
            "a: 1\nb: 2\nc: 3\nd: 4\ne: 5\nf: 6\n",
            "it has the keys `a`, `b`, `c`, `d`, `e`, … at the top",
        ),
        (
            "Resources:\n  T: { Type: AWS::SNS::Topic }\n",
            "it has `Resources` without one of type AWS::CodePipeline::Pipeline (of 1)",
        ),
        ("Resources:\n", "it has `Resources` without any resource"),
        (
            "{\"name\": \"x\", \"stages\": {}}",
            "stages: must be a list of stages, and not an object",
        ),
        (
            "name: x\nstages:\n- name: A\n  actions:\n  - B\n",
            "stages[0].actions[0] (line 5): must be an action, and not a text",
        ),
        (
            "name: x\nstages:\n- name: A\n  actions:\n  - runOrder: first\n",
            "stages[0].actions[0].runOrder (line 5): must be a whole number, 1 or more, and not `first`",
        ),
        (
            "name: x\nstages:\n- name: A\n  actions:\n  - runOrder: 0\n",
            "must be a whole number, 1 or more, and not `0`",
        ),
        (
            "Resources:\n  P:\n    Type: AWS::CodePipeline::Pipeline\n    Properties: { Name: x }\n",
            "Resources.P.Properties (line 4): must be a pipeline, and not an object without `Stages`",
        ),
    ] {
        let error = error(text);
        assert!(error.contains(expected), "{text:?}: {error}");
    }
}

#[test]
fn what_is_no_json_or_yaml_is_refused_with_the_place() {
    for (text, expected) in [
        (
            "{\n  \"stages\": [,\n}",
            "not JSON: expected value (line 2, column 14)",
        ),
        (
            "{\"a\": 1, \"a\": 2}",
            "not JSON: key given more than once: `a` (line 1, column 12)",
        ),
        (
            "a: 1\nb: 2\na: 3\n",
            "not YAML: key given more than once: `a` (line 3, column 1)",
        ),
        ("a:\n\tb: 1\n", "(line 2, column "),
        ("a: [1\nb: 2\n", "not YAML: "),
        ("a: 1\n---\na: 2\n", "more than one document in the file"),
        ("? [a]\n: b\n", "a key must be a text, and not a list"),
        ("a: *b\n", "not YAML: "),
        ("a: &a [*a]\n", "an alias inside of what it stands for"),
    ] {
        let error = error(text);
        assert!(error.contains(expected), "{text:?}: {error}");
    }
}

#[test]
fn a_file_that_is_nested_without_end_is_refused() {
    for text in [
        "[".repeat(100_000),
        format!("a: {}", "[".repeat(100_000)),
        "{\"a\":".repeat(100_000),
        "- ".repeat(100_000),
        (0..5_000)
            .map(|depth| format!("{}a:\n", " ".repeat(depth)))
            .collect(),
        // Each level is an alias of the one before.
        (1..1_000).fold("a0: &a0 [x]\n".to_owned(), |text, level| {
            text + &format!("a{level}: &a{level} [*a{}]\n", level - 1)
        }),
    ] {
        let error = error(&text);
        assert!(error.starts_with("not "), "{error}");
        assert!(error.len() < 300, "{error}");
    }
}

#[test]
fn aliases_that_multiply_are_refused() {
    let text = (1..30).fold("a0: &a0 [x]\n".to_owned(), |text, level| {
        let before = format!("*a{}", level - 1);
        text + &format!("a{level}: &a{level} [{before}, {before}, {before}]\n")
    });
    assert!(error(&text).contains("larger than 10 MB, with its aliases written out"));
}

#[test]
fn a_large_file_is_read() {
    let stage = "        - Name: Stage\n          Actions:\n            - Name: Deploy\n              ActionTypeId: { Category: Deploy, Provider: S3 }\n";
    let header =
        "Resources:\n  P:\n    Type: AWS::CodePipeline::Pipeline\n    Properties:\n      Stages:\n";
    let text = format!(
        "Description: {}\n{header}{}",
        "x".repeat(1_000_000),
        stage.repeat(900)
    );
    assert_eq!(pipelines(&text)[0].stages.len(), 900);
    let text = format!("{header}{}", stage.repeat(8_000));
    assert!(text.len() > 1_000_000);
    assert_eq!(
        error(&text),
        "Resources.P.Properties (line 5): more than 1000 actions, which no pipeline can have"
    );
}

#[test]
fn hostile_texts_stay_on_one_line() {
    let text = "Resources:\n  \"P\\e[2J\\n\":\n    Type: AWS::CodePipeline::Pipeline\n    Properties:\n      Name: \"x\\e[31m\\r\\n\"\n      Stages:\n        - Name: \"\\0\"\n          Actions: [{ Name: \"a\\x9b\", Configuration: { FunctionName: \"f\\n\", UserParameters: !Ref \"p\\e\" } }]\n";
    let pipelines = pipelines(text);
    let shown = format!("{pipelines:?}");
    assert!(!shown.contains("\\n") && !shown.contains("\\u{"), "{shown}");
    assert!(!error("\"a\\e\\n\": 1\n").contains(char::is_control));
}
