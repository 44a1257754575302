//! Which of the sample events the template's rules and its filter policy let through, as a library matches them.
//! `tests/template/check` holds that the file is the template's.

use std::collections::BTreeMap;

use quamina::Quamina;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::event_files::read;

const OF_THE_TEMPLATE: &str = include_str!("../../crates/aws-sandbox/src/signals.json");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signals {
    filter_policy: Value,
    rules: BTreeMap<String, Value>,
}

/// The rules that send this message, and whether the subscription lets it through.
fn lets_through(message: &Value) -> (Vec<String>, bool) {
    let signals: Signals = serde_json::from_str(OF_THE_TEMPLATE).expect("the template's");
    let matches = |pattern: &Value| {
        let mut matcher = Quamina::new();
        matcher
            .add_pattern((), &pattern.to_string())
            .expect("a pattern");
        matcher
            .has_matches(message.to_string().as_bytes())
            .expect("an event")
    };
    let rules = signals.rules.iter();
    let rules = rules.filter(|(_, pattern)| matches(pattern));
    let rules = rules.map(|(name, _)| name.clone()).collect();
    (rules, matches(&signals.filter_policy))
}

/// The message in a file of an SNS event.
fn message_of(file: &str) -> Value {
    let message = read(file)["Records"][0]["Sns"]["Message"].clone();
    let text = message.as_str().expect("a text");
    serde_json::from_str(text).unwrap_or_else(|_| json!({"text": text}))
}

#[test]
fn rules_and_filter_let_signals_through_and_nothing_else() {
    for (file, rules, passes) in [
        (
            "sns-codepipeline-action-failed.json",
            &["GateFailed"][..],
            true,
        ),
        // A rule of whoever owns the pipeline sends it.
        ("sns-notification-stage-failed.json", &[], true),
        ("sns-health-event-closed.json", &["HealthEventClosed"], true),
        ("sns-health-event-open.json", &[], true),
        // The schedule sends it.
        ("sns-sweep.json", &[], true),
        ("sns-unknown.json", &[], false),
    ] {
        let expected = (rules.iter().map(|&name| name.to_owned()).collect(), passes);
        assert_eq!(lets_through(&message_of(file)), expected, "{file}");
    }
}

/// What differs in one member from a sample that is let through.
#[test]
fn a_rule_looks_at_each_of_its_members() {
    for (file, member, value, rules) in [
        (
            "sns-codepipeline-action-failed.json",
            "/source",
            json!("aws.codebuild"),
            &[][..],
        ),
        (
            "sns-codepipeline-action-failed.json",
            "/detail-type",
            json!("CodePipeline Stage Execution State Change"),
            &[],
        ),
        (
            "sns-codepipeline-action-failed.json",
            "/detail/state",
            json!("SUCCEEDED"),
            &[],
        ),
        (
            "sns-codepipeline-action-failed.json",
            "/detail/type/provider",
            json!("CodeBuild"),
            &[],
        ),
        (
            "sns-codepipeline-action-failed.json",
            "/detail/type/category",
            json!("Approval"),
            &[],
        ),
        (
            "sns-health-event-closed.json",
            "/source",
            json!("aws.healthy"),
            &[],
        ),
        (
            "sns-health-event-closed.json",
            "/detail/eventTypeCategory",
            json!("scheduledChange"),
            &[],
        ),
        // AWS marks some that are over by an end alone.
        (
            "sns-health-event-closed.json",
            "/detail/statusCode",
            json!("open"),
            &["HealthEventEnded"],
        ),
        (
            "sns-health-event-closed.json",
            "/detail/statusCode",
            json!("upcoming"),
            &[],
        ),
    ] {
        let mut message = message_of(file);
        *message.pointer_mut(member).expect("the sample has it") = value;
        assert_eq!(lets_through(&message).0, rules, "{file} {member}");
    }
}
