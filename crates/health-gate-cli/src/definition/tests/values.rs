//! What a template makes of its values.

use health_gate::OnFailureResult;

use super::*;

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
