use super::*;
use crate::gate_functions::GateFunctions;
use crate::pipeline_definition::{OnFailure, UserParameters};
use crate::wildcard::Wildcards;

fn place(path: String) -> Place {
    Place { path, line: None }
}

fn action(name: &str, run_order: u32, category: &str, provider: &str) -> ActionDefinition {
    ActionDefinition {
        name: name.to_owned(),
        run_order,
        category: category.to_owned(),
        provider: provider.to_owned(),
        function: None,
        user_parameters: Vec::new(),
        namespace: None,
        region: None,
        place: place(name.to_owned()),
    }
}

fn gate(name: &str, run_order: u32) -> ActionDefinition {
    ActionDefinition {
        function: Some(Text::Known("pipeline-gate".to_owned())),
        namespace: Some(Text::Known("HealthGate".to_owned())),
        ..action(name, run_order, "Invoke", "Lambda")
    }
}

fn open_function(name: &str, run_order: u32) -> ActionDefinition {
    ActionDefinition {
        function: Some(Text::Open("!Ref Function".to_owned())),
        ..gate(name, run_order)
    }
}

fn deploy(run_order: u32) -> ActionDefinition {
    action("Deploy", run_order, "Deploy", "S3")
}

fn build(run_order: u32) -> ActionDefinition {
    action("Build", run_order, "Build", "CodeBuild")
}

fn approval(run_order: u32) -> ActionDefinition {
    action("Approve", run_order, "Approval", "Manual")
}

fn stage(name: &str, actions: Vec<ActionDefinition>) -> StageDefinition {
    StageDefinition {
        name: name.to_owned(),
        actions,
        on_failure: None,
        place: place(name.to_owned()),
    }
}

fn told(stages: Vec<StageDefinition>) -> Vec<Advice> {
    let names = GateNames {
        functions: GateFunctions::from_list("pipeline-gate"),
        actions: Wildcards::from_list("*Gate"),
    };
    let pipeline = PipelineDefinition {
        name: "checkout".to_owned(),
        stages,
        place: place("pipeline".to_owned()),
    };
    advise(&pipeline, &names)
}

/// Codes with the place of each.
fn codes(stages: Vec<StageDefinition>) -> Vec<String> {
    told(stages)
        .iter()
        .map(|advice| {
            let code = serde_json::to_value(advice.code).expect("a word");
            format!("{} {}", code.as_str().expect("a word"), advice.place)
        })
        .collect()
}

fn check(actions: Vec<ActionDefinition>, expected: &[&str]) {
    assert_eq!(codes(vec![stage("Production", actions)]), expected);
}

#[test]
fn a_gate_before_everything_else_of_its_stage_is_right() {
    check(vec![gate("Gate", 1), deploy(2)], &[]);
    // Only the order counts, not the numbers, nor where an action stands.
    check(vec![deploy(7), build(3), gate("Gate", 2)], &[]);
    check(vec![gate("Gate", 1), gate("Second", 1), deploy(2)], &[]);
}

#[test]
fn a_pipeline_that_deploys_without_a_gate_is_an_error() {
    let advice = told(vec![stage("Production", vec![deploy(1)])]);
    assert_eq!(advice.len(), 1);
    assert_eq!(
        (advice[0].code, advice[0].severity),
        (AdviceCode::NoGate, Severity::Error)
    );
    let advice = told(vec![stage("Test", vec![build(1)])]);
    assert_eq!(
        (advice[0].code, advice[0].severity),
        (AdviceCode::NoGate, Severity::Note)
    );
    assert_eq!(codes(Vec::new()), ["no-gate pipeline"]);
}

#[test]
fn an_action_that_may_be_the_gate_is_asked_about() {
    check(
        vec![open_function("Check", 1), deploy(2)],
        &["gate-not-known Check"],
    );
    check(vec![open_function("HealthGate", 1), deploy(2)], &[]);
}

#[test]
fn a_deployment_before_the_gate_is_an_error() {
    check(
        vec![deploy(1), gate("Gate", 2), build(3)],
        &["deploys-before-gate Gate"],
    );
    check(
        vec![deploy(1), gate("Gate", 2)],
        &["deploys-before-gate Gate"],
    );
    // What prepares and what asks deploys nothing.
    check(vec![build(1), gate("Gate", 2), deploy(3)], &[]);
    check(vec![approval(1), gate("Gate", 2), deploy(3)], &[]);
}

#[test]
fn a_deployment_between_two_gates_is_guarded_by_the_first() {
    check(
        vec![gate("Gate", 1), deploy(2), gate("Second", 3), deploy(4)],
        &[],
    );
}

#[test]
fn a_deployment_beside_the_gate_is_an_error() {
    check(
        vec![gate("Gate", 1), deploy(1)],
        &["deploys-beside-gate Gate"],
    );
    check(
        vec![gate("Gate", 1), deploy(1), deploy(2)],
        &["deploys-beside-gate Gate"],
    );
}

#[test]
fn anything_else_beside_the_gate_is_a_warning() {
    check(
        vec![gate("Gate", 1), build(1), deploy(2)],
        &["gate-not-alone Gate"],
    );
    check(
        vec![gate("Gate", 1), open_function("Check", 1), deploy(2)],
        &["gate-not-alone Gate"],
    );
    check(vec![gate("Gate", 1), build(1)], &["gate-not-alone Gate"]);
}

#[test]
fn a_gate_in_a_stage_of_its_own_is_a_warning() {
    let stages = vec![
        stage("Health", vec![gate("Gate", 1)]),
        stage("Production", vec![deploy(1)]),
    ];
    assert_eq!(codes(stages), ["gate-alone-in-stage Gate"]);
    check(
        vec![gate("Gate", 1), gate("Second", 2)],
        &["gate-alone-in-stage Gate", "gate-alone-in-stage Second"],
    );
}

#[test]
fn a_gate_at_the_end_of_a_stage_is_a_warning() {
    let stages = vec![
        stage("Test", vec![build(1), gate("Gate", 2)]),
        stage("Production", vec![deploy(1)]),
    ];
    assert_eq!(codes(stages), ["gate-last-in-stage Gate"]);
    let stages = vec![
        stage("Test", vec![build(1), gate("Gate", 1)]),
        stage("Production", vec![deploy(1)]),
    ];
    assert_eq!(codes(stages), ["gate-not-alone Gate"]);
}

#[test]
fn an_approval_after_the_gate_is_a_note() {
    check(
        vec![gate("Gate", 1), approval(2), deploy(3)],
        &["approval-after-gate Gate"],
    );
}

#[test]
fn a_stage_that_deploys_without_a_gate_beside_others_that_have_one_is_a_note() {
    let guarded = || stage("Production", vec![gate("Gate", 1), deploy(2)]);
    let stages = vec![stage("Test", vec![deploy(1)]), guarded()];
    assert_eq!(codes(stages), ["stage-without-gate Test"]);
    let stages = vec![guarded(), stage("Later", vec![deploy(1)])];
    assert_eq!(codes(stages), ["stage-without-gate Later"]);
    let stages = vec![stage("Test", vec![build(1)]), guarded()];
    assert_eq!(codes(stages), [""; 0]);
    // It may have one.
    let stages = vec![
        stage("Test", vec![open_function("Check", 1), deploy(2)]),
        guarded(),
    ];
    assert_eq!(codes(stages), [""; 0]);
}

#[test]
fn what_a_stage_does_when_it_fails_is_done_to_the_gate_s_stops() {
    for (result, gated, ungated) in [
        (
            OnFailureResult::Rollback,
            vec!["on-failure-rollback onFailure"],
            vec!["no-gate pipeline"],
        ),
        (
            OnFailureResult::Retry,
            vec!["on-failure-retry onFailure"],
            vec!["no-gate pipeline"],
        ),
        (OnFailureResult::Other, vec![], vec!["no-gate pipeline"]),
    ] {
        let on_failure = Some(OnFailure {
            result,
            place: place("onFailure".to_owned()),
        });
        let with = |actions| {
            vec![StageDefinition {
                on_failure: on_failure.clone(),
                ..stage("Production", actions)
            }]
        };
        assert_eq!(codes(with(vec![gate("Gate", 1), deploy(2)])), gated);
        assert_eq!(codes(with(vec![deploy(2)])), ungated);
    }
}

#[test]
fn a_gate_without_a_namespace_is_a_warning() {
    let nameless = ActionDefinition {
        namespace: None,
        ..gate("Gate", 1)
    };
    check(vec![nameless, deploy(2)], &["no-namespace Gate"]);
}

#[test]
fn more_user_parameters_than_codepipeline_takes_are_an_error() {
    for (text, expected) in [
        (Text::Known("ä".repeat(1_000)), vec![]),
        (
            Text::Known("ä".repeat(1_001)),
            vec!["user-parameters-too-long there"],
        ),
        // How long it is only the deployment knows.
        (Text::Partly("x".repeat(1_001)), vec![]),
    ] {
        let parameters = UserParameters {
            text,
            place: place("there".to_owned()),
        };
        let gate = ActionDefinition {
            user_parameters: vec![parameters],
            ..gate("Gate", 1)
        };
        check(vec![gate, deploy(2)], &expected);
    }
}

#[test]
fn two_readings_of_one_place_are_told_once() {
    let nameless = || ActionDefinition {
        namespace: None,
        ..gate("Gate", 1)
    };
    check(
        vec![nameless(), nameless(), deploy(2)],
        &["no-namespace Gate"],
    );
}

#[test]
fn every_fault_has_its_severity_and_its_words() {
    let (gate, other, stage) = ("Gate", "Other", "Production");
    let faults = [
        Fault::NoGate { deploys: true },
        Fault::NoGate { deploys: false },
        Fault::GateNotKnown {
            action: gate,
            function: "!Ref Function",
        },
        Fault::DeploysBeforeGate { gate, other },
        Fault::DeploysBesideGate { gate, other },
        Fault::GateNotAlone { gate, other },
        Fault::GateAloneInStage { gate, stage },
        Fault::GateLastInStage { gate, stage },
        Fault::ApprovalAfterGate { gate, other },
        Fault::OnFailureRollback { stage },
        Fault::OnFailureRetry { stage },
        Fault::NoNamespace { gate },
        Fault::UserParametersTooLong { length: 1_001 },
        Fault::StageWithoutGate { stage },
    ];
    let lines: Vec<String> = faults
        .into_iter()
        .map(|fault| {
            serde_json::to_string(&fault.at(&place("there".to_owned()))).expect("plain data")
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}
