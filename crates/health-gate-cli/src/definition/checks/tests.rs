use health_gate::{GateFunctions, Wildcards};

use super::*;
use crate::definition::read;

fn checked_with(text: &str, account: Option<&str>) -> Checked {
    let names = GateNames {
        functions: GateFunctions::from_list("pipeline-gate"),
        actions: Wildcards::from_list("HealthGate"),
    };
    let checks = Checks {
        names: &names,
        account: &AccountPolicy::new(account.map(str::to_owned)),
        region: &"us-east-1".parse().expect("a region"),
    };
    checks.of(read(text).unwrap_or_else(|error| panic!("{error}\n{text}")))
}

fn checked(text: &str) -> Checked {
    checked_with(text, None)
}

fn template(action: &str) -> String {
    format!(
        "Resources:
  P:
    Type: AWS::CodePipeline::Pipeline
    Properties:
      Stages:
        - Name: Production
          Actions:
            - Namespace: Gate
              ActionTypeId: {{ Category: Invoke, Provider: Lambda }}
              {action}
            - Name: Deploy
              RunOrder: 2
              ActionTypeId: {{ Category: Deploy, Provider: S3 }}
"
    )
}

/// A gate with these user parameters, in YAML.
fn with(user_parameters: &str) -> String {
    template(&format!(
        "Name: HealthGate\n              Configuration: {{ FunctionName: pipeline-gate, UserParameters: {user_parameters} }}"
    ))
}

/// The status of the gate with these user parameters, and what is said about it.
fn status(user_parameters: &str) -> String {
    let mut checked = checked(&with(user_parameters));
    let gate = checked.pipelines.remove(0).gates.remove(0);
    match gate.policy {
        PolicyCheck::Valid { .. } => "valid".to_owned(),
        PolicyCheck::Invalid { code, .. } => code.to_owned(),
        PolicyCheck::NotChecked { reason } => reason.to_owned(),
    }
}

#[test]
fn the_example_of_a_template_has_nothing_wrong() {
    let text = include_str!("../../../../../examples/pipelines/cloudformation/pipeline.yaml");
    let checked = checked(text);
    assert!(!checked.has_errors() && checked.unread.is_empty());
    let pipeline = &checked.pipelines[0];
    assert_eq!(pipeline.advice, []);
    assert!(pipeline.not_known.is_empty());
    assert_eq!(pipeline.gates.len(), 1);
    assert!(
        matches!(&pipeline.gates[0].policy, PolicyCheck::Valid { policy } if policy.regions.len() == 2)
    );
}

#[test]
fn a_policy_is_judged_as_the_gate_does() {
    for (user_parameters, expected) in [
        (r#"'us-east-1,global'"#, "valid"),
        (r#"'{"onIncident": "hold"}'"#, "valid"),
        (r#"'{"onIncident": "hld"}'"#, "policy.invalid-word"),
        (r#"'{"onIncidnt": "hold"}'"#, "policy.unknown-key"),
        (r#"'{"onIncident": "hold"'"#, "policy.syntax"),
        ("us_east_1", "policy.invalid-region"),
        ("{ onIncident: hold }", "policy.not-a-string"),
        ("[us-east-1]", "policy.not-a-string"),
    ] {
        assert_eq!(status(user_parameters), expected, "{user_parameters}");
    }
}

#[test]
fn a_policy_with_holes_is_judged_by_what_is_known_of_it() {
    let runs = "known only when the pipeline runs";
    let deployed = "known only when the template is deployed";
    for (user_parameters, expected) in [
        // Variables of CodePipeline.
        ("'#{variables.Policy}'", runs),
        ("'#{variables.Regions},global'", runs),
        ("'global,#{variables.Region}'", runs),
        ("'us_east_1,#{variables.Region}'", "policy.invalid-region"),
        (r##"'{"regions": ["#{variables.Region}"]}'"##, runs),
        (r##"'{"regions": [#{variables.Regions}]}'"##, runs),
        (
            r##"'{"a\"": 1, "regions": "#{v.x}", "onUnknown": #{v.y}}'"##,
            runs,
        ),
        (
            r##"'{"regions": ["#{v.x}"], "onIncident": "hld"}'"##,
            "policy.invalid-word",
        ),
        (r##"'{"onIncidnt": "#{v.x}", "onUnknown": "hold"}'"##, runs),
        (r##"'{"regions": ["#{v.x}"}'"##, "policy.syntax"),
        (
            r##"'{"retry": "auto", "retry": "never", "regions": ["#{v.x}"]}'"##,
            "policy.repeated-key",
        ),
        (r##"'["#{v.x}"]'"##, "policy.not-an-object"),
        // A quote in a string does not end it.
        (
            r##"'{"ignoreEvents": ["\""], "regions": ["#{v.x}"]}'"##,
            "policy.invalid-event-arn",
        ),
        // No variable.
        (
            r##"'{"ignoreEvents": ["#{"]}'"##,
            "policy.invalid-event-arn",
        ),
        // Names of the template.
        ("!Ref Policy", deployed),
        ("!Sub '${Regions},global'", deployed),
        ("!Sub 'global,${Region}'", deployed),
        ("!Sub 'us_east_1,${Region}'", "policy.invalid-region"),
        (
            r#"!Sub '{"regions": ["${Region}"], "onIncident": "hold"}'"#,
            deployed,
        ),
        (
            r#"!Sub '{"regions": ["${Region}"], "onIncident": "hld"}'"#,
            "policy.invalid-word",
        ),
        (
            r#"!Sub '${Begin}"onIncident": "hold", "retry": "never"}'"#,
            deployed,
        ),
        // Names that nobody replaces.
        ("'${Regions}'", "policy.invalid-region"),
    ] {
        assert_eq!(status(user_parameters), expected, "{user_parameters}");
    }
}

#[test]
fn an_object_is_shown_as_the_text_that_it_must_be() {
    let mut checked = checked(&with("{ regions: [us-east-1], onIncident: \"it's\" }"));
    assert!(checked.has_errors());
    let gate = checked.pipelines.remove(0).gates.remove(0);
    let PolicyCheck::Invalid {
        problem,
        remedy: Some(remedy),
        ..
    } = gate.policy
    else {
        panic!("{gate:?}");
    };
    assert_eq!(
        problem,
        "UserParameters: must be a string, and not an object; accepted: a string with one JSON object, or a comma-separated list of regions"
    );
    assert!(
        remedy.starts_with("write it as one text: UserParameters: '{"),
        "{remedy}"
    );
    assert!(remedy.contains("\"onIncident\":\"it''s\""), "{remedy}");
}

#[test]
fn an_account_s_policy_that_is_wrong_is_said_of_each_gate() {
    for user_parameters in ["us-east-1", "'#{v.x}'", r##"'{"regions": ["#{v.x}"]}'"##] {
        let checked = checked_with(&with(user_parameters), Some("{\"retry\": 1}"));
        let gate = &checked.pipelines[0].gates[0];
        assert!(
            matches!(&gate.policy, PolicyCheck::Invalid { problem, .. } if problem.starts_with("HEALTH_GATE_POLICY: ")),
            "{gate:?}"
        );
    }
}

#[test]
fn a_gate_without_user_parameters_has_the_account_s_policy() {
    let text = template(
        "Name: HealthGate\n              Configuration: { FunctionName: pipeline-gate }\n              Region: eu-west-1",
    );
    let checked = checked(&text);
    let gate = &checked.pipelines[0].gates[0];
    let PolicyCheck::Valid { policy } = &gate.policy else {
        panic!("{gate:?}");
    };
    assert_eq!(policy.regions[0].as_str(), "eu-west-1");
    assert_eq!(
        gate.place.path,
        "Resources.P.Properties.Stages[0].Actions[0]"
    );
}

#[test]
fn a_function_that_is_not_known_is_a_gate_by_its_name_or_is_asked_about() {
    for (name, function, gates, not_known) in [
        ("HealthGate", "!ImportValue x", 1, 0),
        ("Check", "!ImportValue pipeline-gate", 1, 0),
        ("Check", "!ImportValue x", 0, 1),
        ("HealthGate", "smoke-test", 0, 0),
    ] {
        let text = template(&format!(
            "Name: {name}\n              Configuration: {{ FunctionName: {function} }}"
        ));
        let checked = checked(&text);
        let pipeline = &checked.pipelines[0];
        assert_eq!(
            (pipeline.gates.len(), pipeline.not_known.len()),
            (gates, not_known),
            "{name} {function}"
        );
    }
}

#[test]
fn errors_of_the_place_are_errors_of_the_file() {
    assert!(!checked(&with("global")).has_errors());
    let text = with("global").replace("RunOrder: 2", "RunOrder: 1");
    assert!(checked(&text).has_errors());
}

#[test]
fn what_was_found_is_plain_json() {
    let text = with("us_east_1").replace("Namespace: Gate\n              ", "");
    let json = serde_json::to_value(checked(&text)).expect("plain data");
    let stage = "Resources.P.Properties.Stages[0]";
    assert_eq!(
        json,
        serde_json::json!({
            "pipelines": [{
                "name": "P",
                "path": "Resources.P.Properties",
                "line": 5,
                "gates": [{
                    "stage": "Production",
                    "action": "HealthGate",
                    "function": "pipeline-gate",
                    "path": format!("{stage}.Actions[0].Configuration.UserParameters"),
                    "line": 10,
                    "status": "invalid",
                    "code": "policy.invalid-region",
                    "problem": json["pipelines"][0]["gates"][0]["problem"],
                }],
                "notKnown": [],
                "advice": [{
                    "code": "no-namespace",
                    "severity": "warning",
                    "path": format!("{stage}.Actions[0]"),
                    "line": 8,
                    "problem": json["pipelines"][0]["advice"][0]["problem"],
                    "remedy": json["pipelines"][0]["advice"][0]["remedy"],
                }],
            }],
            "unread": [],
        })
    );
}
