mod files;
mod refusals;
mod values;

use health_gate::{ActionDefinition, Text};

use super::*;

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
