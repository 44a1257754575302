//! The forms of a definition: templates, answers of GetPipeline, JSON and YAML.

use health_gate::OnFailureResult;

use super::*;

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
