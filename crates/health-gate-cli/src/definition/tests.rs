use super::*;
use health_gate::{ActionDefinition, OnFailureResult, Text};

const EXAMPLE: &str = include_str!("../../../../examples/pipelines/cloudformation/pipeline.yaml");

fn pipelines(text: &str) -> Vec<PipelineDefinition> {
    match read(text) {
        Ok(definitions) => definitions.pipelines,
        Err(error) => panic!("{error}\n{text}"),
    }
}

/// The only action of the only stage of the only pipeline.
fn action(text: &str) -> ActionDefinition {
    let mut pipelines = pipelines(text);
    assert_eq!(pipelines.len(), 1, "{text}");
    assert_eq!(pipelines[0].stages.len(), 1, "{text}");
    assert_eq!(pipelines[0].stages[0].actions.len(), 1, "{text}");
    pipelines[0].stages[0].actions.remove(0)
}

fn error(text: &str) -> String {
    read(text).expect_err(text).to_string()
}

/// A template with one action whose configuration is this, indented by one more than eleven spaces.
fn template(configuration: &str) -> String {
    format!(
        "Parameters:
  Regions: {{ Type: String, Default: 'us-east-1,global' }}
  Stage: {{ Type: String }}
  Kept: {{ Type: 'AWS::SSM::Parameter::Value<String>', Default: /gate/name }}
Resources:
  Live: {{ Type: AWS::Lambda::Alias, Properties: {{ FunctionName: smoke-test }} }}
  Smoke: {{ Type: AWS::Lambda::Function, Properties: {{ FunctionName: smoke-test }} }}
  P:
    Type: AWS::CodePipeline::Pipeline
    Properties:
      Stages:
        - Name: Production
          Actions:
            - Name: HealthGate
              ActionTypeId: {{ Category: Invoke, Owner: AWS, Provider: Lambda, Version: '1' }}
              Configuration:
                {configuration}
"
    )
}

fn user_parameters(value: &str) -> Text {
    let mut given = action(&template(&format!("UserParameters: {value}"))).user_parameters;
    assert_eq!(given.len(), 1, "{value}");
    given.remove(0).text
}

#[test]
fn the_example_of_a_template_is_read() {
    let pipelines = pipelines(EXAMPLE);
    assert_eq!(pipelines.len(), 1);
    assert_eq!(pipelines[0].name, "website");
    let production = &pipelines[0].stages[1];
    assert_eq!(
        production.place.path,
        "Resources.Pipeline.Properties.Stages[1]"
    );
    let gate = &production.actions[0];
    assert!(gate.invokes_lambda());
    assert_eq!(gate.function, Some(Text::Known("pipeline-gate".to_owned())));
    assert_eq!((gate.run_order, production.actions[1].run_order), (1, 2));
    let given = &gate.user_parameters[0];
    assert_eq!(
        given.text,
        Text::Known(
            r#"{"regions": ["us-east-1", "global"], "onIncident": "hold", "maxHold": "2h"}"#
                .to_owned()
        )
    );
    assert_eq!(
        given.place.path,
        "Resources.Pipeline.Properties.Stages[1].Actions[0].Configuration.UserParameters"
    );
    let line = given.place.line.expect("YAML has lines");
    assert!(
        EXAMPLE
            .lines()
            .nth(line - 1)
            .is_some_and(|line| line.contains("UserParameters: "))
    );
}

#[test]
fn line_ends_and_a_byte_order_mark_change_nothing() {
    let windows = format!("\u{feff}{}", EXAMPLE.replace('\n', "\r\n"));
    assert_eq!(pipelines(&windows), pipelines(EXAMPLE));
}

const GET_PIPELINE: &str = r#"{
  "pipeline": {
    "name": "checkout",
    "roleArn": "arn:aws:iam::111122223333:role/checkout",
    "stages": [
      {"name": "Source", "actions": [{"name": "S", "runOrder": 1, "actionTypeId": {"category": "Source", "owner": "AWS", "provider": "S3", "version": "1"}, "configuration": {"S3Bucket": "b"}}]},
      {"name": "Production", "onFailure": {"result": "ROLLBACK"}, "actions": [
        {"name": "HealthGate", "namespace": "Gate", "region": "eu-west-1", "actionTypeId": {"category": "Invoke", "owner": "AWS", "provider": "Lambda", "version": "1"},
         "configuration": {"FunctionName": "pipeline-gate", "UserParameters": "{\"onIncident\": \"hold\"}"}},
        {"name": "Deploy", "runOrder": 2, "actionTypeId": {"category": "Deploy", "owner": "AWS", "provider": "S3", "version": "1"}}]}
    ],
    "version": 3
  },
  "metadata": {"pipelineArn": "arn:aws:codepipeline:us-east-1:111122223333:checkout"}
}"#;

#[test]
fn an_answer_of_get_pipeline_is_read() {
    let pipelines = pipelines(GET_PIPELINE);
    assert_eq!(pipelines.len(), 1);
    assert_eq!(pipelines[0].name, "checkout");
    let production = &pipelines[0].stages[1];
    let on_failure = production.on_failure.as_ref().expect("it has one");
    assert_eq!(on_failure.result, OnFailureResult::Rollback);
    assert_eq!(on_failure.place.path, "stages[1].onFailure.result");
    let gate = &production.actions[0];
    assert_eq!(gate.place.path, "stages[1].actions[0]");
    assert_eq!(gate.run_order, 1);
    assert_eq!(gate.namespace, Some(Text::Known("Gate".to_owned())));
    assert_eq!(gate.region, Some(Text::Known("eu-west-1".to_owned())));
    let given = &gate.user_parameters[0];
    assert_eq!(
        given.place.path,
        "stages[1].actions[0].configuration.UserParameters"
    );
    assert_eq!(
        given.text,
        Text::Known(r#"{"onIncident": "hold"}"#.to_owned())
    );
}

#[test]
fn a_pipeline_is_read_without_what_surrounds_it_too() {
    let answer: serde_json::Value = serde_json::from_str(GET_PIPELINE).expect("JSON");
    let bare = answer["pipeline"].to_string();
    assert_eq!(pipelines(&bare), pipelines(GET_PIPELINE));
    let yaml = "pipeline:\n  name: checkout\n  stages:\n  - name: Production\n    actions:\n    - name: HealthGate\n";
    assert_eq!(action(yaml).place.path, "stages[0].actions[0]");
}

#[test]
fn a_template_in_json_is_read() {
    let text = r#"{"Resources": {"P": {"Type": "AWS::CodePipeline::Pipeline", "Properties": {"Stages": [{"Name": "Production", "Actions": [{
        "Name": "HealthGate", "RunOrder": 2,
        "ActionTypeId": {"Category": "Invoke", "Provider": "Lambda"},
        "Configuration": {
            "FunctionName": {"Fn::ImportValue": "pipeline-gate"},
            "UserParameters": {"Fn::Join": ["", ["{\"regions\":[\"", {"Ref": "AWS::Region"}, "\"]}"]]}
        }}]}]}}}}"#;
    let action = action(text);
    assert_eq!(action.run_order, 2);
    assert_eq!(
        action.function,
        Some(Text::Open("!ImportValue pipeline-gate".to_owned()))
    );
    assert_eq!(
        action.user_parameters[0].text,
        Text::Known(r#"{"regions":["us-east-1"]}"#.to_owned())
    );
}

#[test]
fn intrinsic_functions_are_resolved_as_far_as_the_template_knows() {
    let known = |text: &str| Text::Known(text.to_owned());
    let partly = |text: &str| Text::Partly(text.to_owned());
    let open = |text: &str| Text::Open(text.to_owned());
    for (value, expected) in [
        ("us-east-1", known("us-east-1")),
        ("!Ref Regions", known("us-east-1,global")),
        ("{ Ref: Regions }", known("us-east-1,global")),
        ("!Ref AWS::AccountId", known("111122223333")),
        ("!Ref Stage", open("!Ref Stage")),
        ("!Ref Kept", open("!Ref Kept")),
        ("!Sub '${Regions}'", known("us-east-1,global")),
        ("{ 'Fn::Sub': '${AWS::Region}' }", known("us-east-1")),
        ("!Sub '${!Literal} ${'", known("${Literal} ${")),
        ("!Sub 'us-${Stage}-1'", partly("us-${Stage}-1")),
        (
            "!Sub ['${A}${Stage}${B}', { A: !Ref Regions, B: !Ref Stage }]",
            partly("us-east-1,global${Stage}${B}"),
        ),
        (
            "!Join [',', [us-east-1, !Ref Regions]]",
            known("us-east-1,us-east-1,global"),
        ),
        ("!Join ['/', !Ref Regions]", known("us-east-1/global")),
        ("!Join ['/', !Ref Stage]", open("!Join [/, !Ref Stage]")),
        ("!Join ['-', [us, !Ref Stage]]", partly("us-${!Ref Stage}")),
        (
            "!Join ['', [a, !FindInMap [A, '\"', c]]]",
            partly("a${!FindInMap _A_ __ c_}"),
        ),
        ("!GetAtt Smoke.Arn", known("smoke-test")),
        ("!Ref Live", open("!Ref Live")),
        ("!!str null", known("null")),
        ("!GetAtt [Smoke, Arn]", known("smoke-test")),
        ("!If [C, us-east-1, !Ref AWS::NoValue]", known("us-east-1")),
        ("!ImportValue gate", open("!ImportValue gate")),
        (
            "{ 'Fn::ImportValue': !Sub '${Stage}-gate' }",
            open("!ImportValue !Sub ${Stage}-gate"),
        ),
        (
            "!ToJsonString { regions: [!Ref AWS::Region], staleAfter: ~, a: 1 }",
            known(r#"{"regions":["us-east-1"],"staleAfter":null,"a":1}"#),
        ),
    ] {
        let given = user_parameters(value);
        if value.starts_with("!ToJsonString") {
            let json = |text: &Text| {
                text.known()
                    .and_then(|text| text.parse::<serde_json::Value>().ok())
            };
            assert_eq!(json(&given), json(&expected), "{value}");
        } else {
            assert_eq!(given, expected, "{value}");
        }
    }
}

#[test]
fn a_text_that_grows_without_end_stays_open() {
    for (times, is_open) in [(11, false), (12, true)] {
        let value = format!(
            "!Sub ['{}', {{ A: '{}' }}]",
            "${A}".repeat(times),
            "x".repeat(9_000)
        );
        let given = user_parameters(&value);
        assert_eq!(matches!(given, Text::Open(_)), is_open, "{times}");
    }
}

#[test]
fn a_condition_about_a_text_is_known_if_both_branches_are_the_same() {
    for (value, expected) in [
        ("!If [C, gate, !Sub gate]", Text::Known("gate".to_owned())),
        (
            "!If [C, gate, gate-2]",
            Text::Open("!If [C, gate, gate-2]".to_owned()),
        ),
        (
            "!If [C, gate, !Ref AWS::NoValue]",
            Text::Open("!If [C, gate, !Ref AWS::NoValue]".to_owned()),
        ),
    ] {
        let function = action(&template(&format!("FunctionName: {value}"))).function;
        assert_eq!(function, Some(expected));
    }
}

#[test]
fn a_property_that_is_taken_away_is_none() {
    let text = template("FunctionName: gate").replace(
        "- Name: HealthGate",
        "- Name: HealthGate\n              Namespace: !Ref AWS::NoValue\n              RunOrder: !If [C, !Ref AWS::NoValue, { Ref: AWS::NoValue }]",
    );
    let action = action(&text);
    assert_eq!((action.namespace, action.run_order), (None, 1));
}

#[test]
fn what_a_stage_does_when_it_fails_may_stand_in_a_condition_of_it() {
    let template = |on_failure: &str| {
        template("FunctionName: gate").replace(
            "- Name: Production",
            &format!("- Name: Production\n          OnFailure: {on_failure}"),
        )
    };
    for (on_failure, result, path) in [
        ("{ Result: RETRY }", OnFailureResult::Retry, "Result"),
        (
            "{ Conditions: [{ Result: ROLLBACK, Rules: [] }] }",
            OnFailureResult::Rollback,
            "Conditions[0].Result",
        ),
        (
            "!If [C, { Result: ROLLBACK }, !Ref AWS::NoValue]",
            OnFailureResult::Rollback,
            "Fn::If[1].Result",
        ),
        ("{ Result: !Ref Stage }", OnFailureResult::Other, "Result"),
    ] {
        let pipelines = pipelines(&template(on_failure));
        let found = pipelines[0].stages[0]
            .on_failure
            .as_ref()
            .expect(on_failure);
        assert_eq!(found.result, result, "{on_failure}");
        assert_eq!(
            found.place.path,
            format!("Resources.P.Properties.Stages[0].OnFailure.{path}")
        );
    }
    assert_eq!(pipelines(&template("{}"))[0].stages[0].on_failure, None);
}

#[test]
fn an_arn_of_a_function_is_whole() {
    let arn = format!(
        "arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:{}:live",
        "x".repeat(64)
    );
    let action = action(&template(&format!("FunctionName: !Sub '{arn}'")));
    let expected = arn
        .replace("${AWS::Partition}", "aws")
        .replace("${AWS::Region}", "us-east-1")
        .replace("${AWS::AccountId}", "111122223333");
    assert_eq!(action.function, Some(Text::Known(expected)));
}

#[test]
fn user_parameters_that_are_no_text_are_kept_as_what_they_are() {
    let long = format!("[{}]", "x".repeat(1_001));
    for (value, found, as_text) in [
        (long.as_str(), "a list", None),
        (
            "{ onIncident: hold }",
            "an object",
            Some(r#"{"onIncident":"hold"}"#),
        ),
        ("[us-east-1, global]", "a list", Some("us-east-1,global")),
        ("[[us-east-1]]", "a list", None),
        ("{ a: !Ref Stage }", "an object", None),
        ("", "null", None),
    ] {
        let expected = Text::NotText {
            found,
            as_text: as_text.map(str::to_owned),
        };
        assert_eq!(user_parameters(value), expected, "{value}");
    }
}

#[test]
fn both_branches_of_conditions_are_read_however_they_nest() {
    let text =
        template("UserParameters: !If [A, !If [B, one, two], !If [C, !Ref AWS::NoValue, three]]");
    let given = action(&text).user_parameters;
    let texts: Vec<&str> = given
        .iter()
        .filter_map(|given| given.text.known())
        .collect();
    assert_eq!(texts, ["one", "two", "three"]);
    assert!(
        given[2]
            .place
            .path
            .ends_with(".UserParameters.Fn::If[2].Fn::If[2]")
    );

    let text = "
Resources:
  P:
    Type: AWS::CodePipeline::Pipeline
    Properties:
      Stages:
        - !If [HasTest, { Name: Test, Actions: [{ Name: A }] }, !Ref AWS::NoValue]
        - Fn::If:
            - IsLarge
            - { Name: Large, Actions: [!If [X, { Name: B }, { Name: C }]] }
            - { Name: Small, Actions: !If [X, [{ Name: D }], [{ Name: E, Configuration: !If [Y, { FunctionName: F }, { FunctionName: G }] }]] }
";
    let pipelines = pipelines(text);
    let actions: Vec<String> = pipelines[0]
        .stages
        .iter()
        .flat_map(|stage| &stage.actions)
        .map(|action| format!("{} {}", action.name, action.place.path))
        .collect();
    let stages = "Resources.P.Properties.Stages";
    assert_eq!(
        actions,
        [
            format!("A {stages}[0].Fn::If[1].Actions[0]"),
            format!("B {stages}[1].Fn::If[1].Actions[0].Fn::If[1]"),
            format!("C {stages}[1].Fn::If[1].Actions[0].Fn::If[2]"),
            format!("D {stages}[1].Fn::If[2].Actions.Fn::If[1][0]"),
            format!("E {stages}[1].Fn::If[2].Actions.Fn::If[2][0]"),
            format!("E {stages}[1].Fn::If[2].Actions.Fn::If[2][0]"),
        ]
    );
}

#[test]
fn anchors_aliases_and_merges_are_followed() {
    let text = "
Type: &type { Category: Invoke, Provider: Lambda }
Gate: &gate
  Name: HealthGate
  ActionTypeId: *type
  Configuration: { FunctionName: pipeline-gate }
Resources:
  P:
    Type: AWS::CodePipeline::Pipeline
    Properties:
      Stages:
        - Name: Production
          Actions:
            - <<: *gate
              RunOrder: 3
";
    let action = action(text);
    assert!(action.invokes_lambda());
    assert_eq!((action.name.as_str(), action.run_order), ("HealthGate", 3));
}

#[test]
fn all_pipelines_of_a_template_are_read_and_those_of_loops() {
    let pipeline = |name: &str| {
        format!("Type: AWS::CodePipeline::Pipeline, Properties: {{ Name: '{name}', Stages: [] }}")
    };
    let text = format!(
        "Resources:\n  B: {{ {} }}\n  Topic: {{ Type: AWS::SNS::Topic }}\n  A: {{ {} }}\n  Fn::ForEach::All: [Name, [x, y], {{ 'P${{Name}}': {{ {} }} }}]\n",
        pipeline("second"),
        pipeline("first"),
        pipeline("looped"),
    );
    let pipelines = pipelines(&text);
    let found: Vec<(&str, &str)> = pipelines
        .iter()
        .map(|pipeline| (pipeline.name.as_str(), pipeline.place.path.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("second", "Resources.B.Properties"),
            ("first", "Resources.A.Properties"),
            (
                "looped",
                "Resources.Fn::ForEach::All[2].P${Name}.Properties"
            ),
        ]
    );
}

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
    assert!(error(&text).contains("too large with its aliases written out"));
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
