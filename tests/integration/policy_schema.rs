//! `policy.schema.json`, as an editor uses it: it is current, and it refuses nothing that the gate accepts.

use std::path::PathBuf;

use boon::{Compiler, Schemas};
use health_gate::{AccountPolicy, policy_schema};
use serde_json::{Value, json};

fn committed() -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../policy.schema.json");
    let text = std::fs::read_to_string(path).expect("the file exists");
    serde_json::from_str(&text).expect("the file is JSON")
}

#[test]
fn the_committed_schema_is_current() {
    assert_eq!(
        committed(),
        policy_schema(),
        "CONTRIBUTING.md says how the file is written"
    );
}

fn schema_accepts(policy: &Value) -> bool {
    let mut compiler = Compiler::new();
    compiler
        .add_resource("policy.json", committed())
        .expect("a schema");
    let mut schemas = Schemas::new();
    let index = compiler
        .compile("policy.json", &mut schemas)
        .expect("a schema");
    schemas.validate(policy, index).is_ok()
}

fn gate_accepts(policy: &Value) -> bool {
    let own_region = "us-east-1".parse().expect("a region");
    AccountPolicy::default()
        .for_action(Some(&policy.to_string()), &own_region)
        .is_ok()
}

#[test]
fn an_editor_and_the_gate_agree_but_for_ranges() {
    // A pattern cannot say how long a duration may be.
    let too_long = json!({"maxHold": "48h"});
    assert_eq!(
        (gate_accepts(&too_long), schema_accepts(&too_long)),
        (false, true)
    );
    for (policy, accepted) in [
        (json!({}), true),
        (
            json!({"regions": null, "services": null, "onIncident": null, "maxHold": null}),
            true,
        ),
        (
            json!({"regions": ["us-east-1", "us-gov-west-1", "global"]}),
            true,
        ),
        (
            json!({"services": ["EC2"], "ignoreServices": ["MULTIPLE_SERVICES"]}),
            true,
        ),
        (
            json!({"categories": ["issue", "scheduledChange", "accountNotification"]}),
            true,
        ),
        (
            json!({"eventTypeCodes": ["AWS_EC2_*"], "ignoreEventTypeCodes": ["*"]}),
            true,
        ),
        (
            json!({"scopes": ["PUBLIC", "ACCOUNT_SPECIFIC", "NONE"]}),
            true,
        ),
        (
            json!({"ignoreEvents": ["arn:aws:health:us-east-1::event/EC2/A/A_1"]}),
            true,
        ),
        (
            json!({"staleAfter": "3d", "quietPeriod": "0s", "maxHold": "4h", "checkEvery": "1m", "retryWithin": "7d"}),
            true,
        ),
        (
            json!({"onIncident": "hold", "onUnknown": "pass", "onRollback": "check", "retry": "never"}),
            true,
        ),
        (json!([]), false),
        (json!({"region": ["us-east-1"]}), false),
        (json!({"regions": []}), false),
        (json!({"regions": "us-east-1"}), false),
        (json!({"regions": ["us-east-1a"]}), false),
        (json!({"services": ["ec2"]}), false),
        (json!({"ignoreServices": [null]}), false),
        (json!({"categories": ["investigation"]}), false),
        (json!({"categories": ["other"]}), false),
        (json!({"scopes": ["public"]}), false),
        (json!({"ignoreEvents": ["AWS_EC2_1"]}), false),
        (json!({"eventTypeCodes": ["AWS EC2"]}), false),
        (json!({"maxHold": 4}), false),
        (json!({"maxHold": "4 hours"}), false),
        (json!({"onIncident": "pass"}), false),
        (json!({"onUnknown": "warn"}), false),
        (json!({"retry": true}), false),
    ] {
        assert_eq!(
            (gate_accepts(&policy), schema_accepts(&policy)),
            (accepted, accepted),
            "{policy}"
        );
    }
}

/// What an editor shows: every key with a description, and its default where it is not the function's own.
#[test]
fn every_key_is_described() {
    let schema = committed();
    for (name, property) in schema["properties"].as_object().expect("properties") {
        assert!(property["description"].is_string(), "{name}");
    }
    assert_eq!(schema["properties"]["maxHold"]["default"], json!("4h"));
    assert_eq!(schema["properties"]["regions"].get("default"), None);
}
