//! `health-gate validate`: policies and pipelines' definitions, before anything is deployed.

use insta::assert_snapshot;
use serde_json::Value;

use crate::command::{CommandLine, file, told};

const EXAMPLE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../examples/pipelines/cloudformation/pipeline.yaml"
);

/// It needs no AWS: there are neither credentials nor a region.
async fn validate(arguments: &[&str]) -> String {
    let command = CommandLine::new().await;
    let command = command.without("AWS_REGION").without("AWS_ACCESS_KEY_ID");
    told(&command.run(&[&["validate"], arguments].concat()).await)
}

/// The answer of GetPipeline.
fn definition(user_parameters: &str, run_order: u32) -> String {
    let lambda = serde_json::json!({"category": "Invoke", "owner": "AWS", "provider": "Lambda", "version": "1"});
    let s3 =
        serde_json::json!({"category": "Deploy", "owner": "AWS", "provider": "S3", "version": "1"});
    let gate = serde_json::json!({
        "name": "HealthGate", "actionTypeId": lambda, "runOrder": run_order, "namespace": "HealthGate",
        "configuration": {"FunctionName": "pipeline-gate", "UserParameters": user_parameters},
    });
    let deploy = serde_json::json!({"name": "Deploy", "actionTypeId": s3, "runOrder": 2, "configuration": {}});
    let stage = serde_json::json!({"name": "Production", "actions": [gate, deploy]});
    serde_json::json!({"pipeline": {"name": "checkout", "stages": [stage]}}).to_string()
}

#[tokio::test]
async fn a_policy_is_shown_with_all_that_it_comes_to() {
    assert_snapshot!(validate(&["--policy", "us-east-1", "--on-incident", "hold"]).await, @r#"
    valid, and comes to
    {
      "regions": [
        "us-east-1"
      ],
      "ignoreServices": [
        "RISK",
        "ABUSE",
        "BILLING",
        "ACCOUNT"
      ],
      "categories": [
        "issue"
      ],
      "staleAfter": "72h",
      "quietPeriod": "0s",
      "onIncident": "hold",
      "onUnknown": "fail",
      "onRollback": "pass",
      "maxHold": "4h",
      "checkEvery": "1m",
      "retry": "auto",
      "retryWithin": "24h"
    }
    --- exit code 0
    "#);
}

#[tokio::test]
async fn a_policy_that_is_not_valid_is_data_and_exit_code_1() {
    let policy = r#"{"onIncident": "wait"}"#;
    assert_snapshot!(validate(&["--policy", policy]).await, @r"
    invalid: --policy: not a known word in `onIncident`: `wait`; accepted: one of `fail`, `hold`, `warn`
    --- exit code 1
    ");
    assert_snapshot!(validate(&["--policy", policy, "--format", "json"]).await, @r#"
    {
      "code": "policy.invalid-word",
      "problem": "--policy: not a known word in `onIncident`: `wait`; accepted: one of `fail`, `hold`, `warn`",
      "status": "invalid"
    }
    --- exit code 1
    "#);
}

#[tokio::test]
async fn a_valid_policy_is_json_for_programs() {
    let command = CommandLine::new().await;
    let ended = command
        .run(&["validate", "--policy", "us-east-1", "--format", "json"])
        .await;
    let checked: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(
        (
            ended.code,
            &checked["status"],
            &checked["policy"]["regions"][0]
        ),
        (Some(0), &"valid".into(), &"us-east-1".into())
    );
}

#[tokio::test]
async fn the_example_pipeline_is_valid() {
    assert_snapshot!(validate(&[EXAMPLE]).await, @r"
    website
      valid  Production / HealthGate: us-east-1, global

    1 pipeline, 1 gate: 0 errors, 0 warnings
    --- exit code 0
    ");
}

#[tokio::test]
async fn what_is_wrong_with_a_pipeline_has_its_place() {
    let broken = file(
        "validate-broken.json",
        &definition(r#"{"maxHold": "2 hours"}"#, 2),
    );
    assert_snapshot!(validate(&[&broken]).await, @r"
    checkout
      invalid  Production / HealthGate: UserParameters: not a duration in `maxHold`: `2 hours` (did you mean `2h`?); accepted: a duration from 1s to 23h, one whole number and one unit of `s`, `m`, `h` or `d`, like `2h`
        at stages[0].actions[0].configuration.UserParameters
      error  `Deploy` deploys with the same run order as the gate `HealthGate`: both begin at the same time, and the gate stops nothing
        at stages[0].actions[0]
        give what deploys a higher run order than the gate

    1 pipeline, 1 gate: 2 errors, 0 warnings
    --- exit code 1
    ");
    assert_snapshot!(
        "validate-broken",
        validate(&[&broken, "--format", "json"]).await
    );
}

#[tokio::test]
async fn a_policy_of_the_account_is_under_those_of_the_gates() {
    let sound = file("validate-sound.json", &definition("us-east-1", 1));
    assert_snapshot!(validate(&[&sound]).await, @r"
    checkout
      valid  Production / HealthGate: us-east-1

    1 pipeline, 1 gate: 0 errors, 0 warnings
    --- exit code 0
    ");
    // What is wrong under a gate's policy is wrong with the gate.
    let account = r#"{"maxHold": "no"}"#;
    assert_snapshot!(validate(&[&sound, "--account-policy", account]).await, @r"
    checkout
      invalid  Production / HealthGate: HEALTH_GATE_POLICY: not a duration in `maxHold`: `no`; accepted: a duration from 1s to 23h, one whole number and one unit of `s`, `m`, `h` or `d`, like `2h`
        at stages[0].actions[0].configuration.UserParameters

    1 pipeline, 1 gate: 1 error, 0 warnings
    --- exit code 1
    ");
}

#[tokio::test]
async fn a_definition_comes_from_standard_input_too() {
    let command = CommandLine::new().await;
    let sound = definition("us-east-1", 1);
    let ended = command.run_with_input(&["validate", "-"], &sound).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert!(
        ended.stdout.contains("1 pipeline, 1 gate: 0 errors"),
        "{}",
        ended.stdout
    );
}

#[tokio::test]
async fn what_is_no_pipeline_is_refused_with_what_is_accepted() {
    let other = file("validate-other.json", r#"{"regions": ["us-east-1"]}"#);
    assert_snapshot!(validate(&[&other]).await, @r"
    --- standard error
    health-gate: TMP/validate-other.json: no pipeline in it: it has the keys `regions` at the top; accepted: the output of `aws codepipeline get-pipeline`, or a CloudFormation template with a resource of type AWS::CodePipeline::Pipeline, in JSON or YAML
    A policy is validated with --policy.
    --- exit code 2
    ");
    let syntax = file("validate-syntax.json", "{\n  \"pipeline\": }\n");
    assert_snapshot!(validate(&[&syntax]).await, @r"
    --- standard error
    health-gate: TMP/validate-syntax.json: not JSON: expected value (line 2, column 15)
    --- exit code 2
    ");
    assert_snapshot!(validate(&["./no-such-pipeline.yaml"]).await, @"
    --- standard error
    health-gate: cannot read a definition from ./no-such-pipeline.yaml: No such file or directory (os error 2)
    --- exit code 2
    ");
}

/// What counts in the functions counts here, too: for a policy, for the gates of a definition, and for a back-test of files.
#[tokio::test]
async fn the_policy_of_the_account_counts_without_aws() {
    let pipeline = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../examples/pipelines/cloudformation/pipeline.yaml"
    );
    let command = CommandLine::new().await;
    let command = command.with("HEALTH_GATE_POLICY", r#"{"onIncident": "holt"}"#);
    for (arguments, code) in [
        (&["validate", "--policy", "us-east-1"][..], 1),
        (&["validate", pipeline], 1),
        (
            &["backtest", "--events", pipeline, "--regions", "us-east-1"],
            64,
        ),
    ] {
        let ended = command.run(arguments).await;
        assert_eq!(ended.code, Some(code), "{arguments:?}");
        let said = ended.stdout + &ended.stderr;
        assert!(said.contains("HEALTH_GATE_POLICY"), "{said}");
    }
    // A policy beside a definition would be ignored.
    let both = command
        .run(&["validate", pipeline, "--policy", "us-east-1"])
        .await;
    assert_eq!(both.code, Some(64));
}
