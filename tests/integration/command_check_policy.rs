//! The policy of a command: a text, a file or standard input, options over it, and what the environment says under it.

use insta::assert_snapshot;
use serde_json::Value;

use crate::command::{CommandLine, file, redacted, told};
use crate::program::Ended;

/// The policy that a command comes to.
fn policy(ended: &Ended) -> Value {
    let look: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    look["policy"].clone()
}

const JSON: &str = r#"{"regions": ["eu-west-1"], "services": ["EC2"], "quietPeriod": "5m"}"#;

#[tokio::test]
async fn a_policy_is_a_text_or_a_file_or_standard_input() {
    let command = CommandLine::new().await;
    let named = file("check-policy.json", JSON);
    let check = |policy| ["check", "--format", "json", "--policy", policy];
    let from_text = policy(&command.run(&check(JSON)).await);
    assert_eq!(from_text["regions"], serde_json::json!(["eu-west-1"]));
    assert_eq!(from_text["quietPeriod"], "5m");
    assert_eq!(policy(&command.run(&check(&named)).await), from_text);
    assert_eq!(
        policy(&command.run_with_input(&check("-"), JSON).await),
        from_text
    );
    // The other form of `UserParameters`: a list of regions.
    let list = policy(&command.run(&check("eu-west-1,global")).await);
    assert_eq!(list["regions"], serde_json::json!(["eu-west-1", "global"]));
}

/// Each says another `quietPeriod`, and the environment says what nobody else says.
#[tokio::test]
async fn options_go_over_the_policy_and_that_over_the_environment() {
    let account = r#"{"quietPeriod": "1m", "services": ["RDS"], "maxHold": "3h"}"#;
    let command = CommandLine::new().await.with("HEALTH_GATE_POLICY", account);
    let effective = async |more: &[&str]| {
        let arguments = [&["check", "--format", "json"], more].concat();
        let policy = policy(&command.run(&arguments).await);
        ["quietPeriod", "services", "maxHold"].map(|key| policy[key].to_string())
    };
    assert_eq!(effective(&[]).await, [r#""1m""#, r#"["RDS"]"#, r#""3h""#]);
    assert_eq!(
        effective(&["--policy", JSON]).await,
        [r#""5m""#, r#"["EC2"]"#, r#""3h""#]
    );
    assert_eq!(
        effective(&["--policy", JSON, "--quiet-period", "9m"]).await,
        [r#""9m""#, r#"["EC2"]"#, r#""3h""#]
    );
}

#[tokio::test]
async fn a_policy_that_is_not_valid_is_wrong_usage() {
    let command = CommandLine::new().await;
    let mut said = Vec::new();
    for arguments in [
        &["--policy", r#"{"region": ["us-east-1"]}"#][..],
        &["--policy", r#"{"regions": "#],
        &["--quiet-period", "soon"],
        &["--on-incident", "stop"],
        &["--regions", "us-east-1,nowhere!"],
    ] {
        let ended = command.run(&[&["check"], arguments].concat()).await;
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(64), ""),
            "{arguments:?}"
        );
        said.push(redacted(&ended.stderr));
    }
    assert_snapshot!(said.concat(), @r#"
    health-gate: --policy: unknown key: `region` (did you mean `regions`?); accepted: `regions`, `services`, `ignoreServices`, `categories`, `eventTypeCodes`, `ignoreEventTypeCodes`, `scopes`, `ignoreEvents`, `staleAfter`, `quietPeriod`, `onIncident`, `onUnknown`, `onRollback`, `maxHold`, `checkEvery`, `retry`, `retryWithin`
    health-gate: --policy: not valid JSON: EOF while parsing a value at line 1 column 11, near `:` (a bracket, brace or quote is not closed); accepted: one object, like `{"regions": ["us-east-1"]}`
    health-gate: options: not a duration in `quietPeriod`: `soon`; accepted: a duration from 0s to 24h, one whole number and one unit of `s`, `m`, `h` or `d`, like `2h`
    health-gate: options: not a known word in `onIncident`: `stop`; accepted: one of `fail`, `hold`, `warn`
    health-gate: options: not a region name in `regions`: `nowhere!`; accepted: a list of region names, like `["us-east-1", "global"]`
    "#);
    assert_eq!(command.calls("DescribeEvents"), (0, 0));
}

#[tokio::test]
async fn a_policy_of_the_environment_that_is_not_valid_is_named() {
    let command = CommandLine::new().await.with("HEALTH_GATE_POLICY", "{");
    assert_snapshot!(told(&command.run(&["check"]).await), @r#"
    --- standard error
    health-gate: HEALTH_GATE_POLICY: not valid JSON: EOF while parsing an object at line 1 column 1, near `{` (a bracket, brace or quote is not closed); accepted: one object, like `{"regions": ["us-east-1"]}`
    --- exit code 64
    "#);
}

#[tokio::test]
async fn a_policy_that_cannot_be_read_is_an_error() {
    let command = CommandLine::new().await;
    assert_snapshot!(told(&command.run(&["check", "--policy", "./no-such.json"]).await), @"
    --- standard error
    health-gate: cannot read the policy from ./no-such.json: No such file or directory (os error 2)
    --- exit code 2
    ");
}
