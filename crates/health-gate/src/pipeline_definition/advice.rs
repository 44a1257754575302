//! What is wrong with where a pipeline has its gate, and what to do about it.
//!
//! CodePipeline runs the actions of a stage by their run order, those of the same one at the same time, and locks, retries and rolls
//! back stages. So a gate guards what has a higher run order in its own stage. A build may deploy or not, and nobody sees
//! which: only an action of the category Deploy is taken for a deployment.

mod fault;

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde::Serialize;

use self::fault::Fault;
use super::gate_names::{GateNames, Recognition};
use super::{
    ActionDefinition, LONGEST_USER_PARAMETERS, OnFailureResult, PipelineDefinition, Place,
    StageDefinition, Text,
};

/// Something that is wrong with a pipeline's gate, or worth knowing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Advice {
    /// What it is, for programs.
    pub code: AdviceCode,
    /// How bad it is.
    pub severity: Severity,
    /// Where it is.
    #[serde(flatten)]
    pub place: Place,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub remedy: String,
}

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It may be as it is meant.
    Note,
    /// The gate does less than it could.
    Warning,
    /// The gate does not do what it is for.
    Error,
}

/// What is wrong, or worth knowing. The codes are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AdviceCode {
    /// No action of the pipeline is a gate.
    NoGate,
    /// No action is known to be a gate, but one may be.
    GateNotKnown,
    /// Something deploys before the gate in its stage.
    DeploysBeforeGate,
    /// Something deploys at the same time as the gate.
    DeploysBesideGate,
    /// Something else runs at the same time as the gate.
    GateNotAlone,
    /// The stage has nothing but the gate.
    GateAloneInStage,
    /// Nothing comes after the gate in its stage, but something comes before it.
    GateLastInStage,
    /// A person is asked after the gate, so that its answer is old when the deployment begins.
    ApprovalAfterGate,
    /// A stop of the gate rolls the stage back.
    OnFailureRollback,
    /// A stop of the gate is retried at once.
    OnFailureRetry,
    /// Later actions cannot read what the gate found.
    NoNamespace,
    /// More `UserParameters` than CodePipeline takes.
    UserParametersTooLong,
    /// A stage that deploys has no gate, while another one has.
    StageWithoutGate,
}

/// All that is to be said about where the pipeline has its gates, in the order of its definition.
pub fn advise(pipeline: &PipelineDefinition, names: &GateNames) -> Vec<Advice> {
    let mut advice: Vec<Advice> = Vec::new();
    let stages: Vec<GuardedStage<'_>> = pipeline
        .stages
        .iter()
        .map(|stage| GuardedStage::of(stage, names))
        .collect();
    if stages.iter().all(|stage| stage.gates.is_empty()) {
        advice.push(without_gate(pipeline, &stages));
        return advice;
    }
    // A gate at the end of a stage guards the next one after a fashion.
    let mut gate_just_before = false;
    for stage in &stages {
        stage.judge(gate_just_before, &mut advice);
        gate_just_before = stage.ends_with_gate();
    }
    // Of two readings of one place a condition decides; it is told once.
    let mut told = BTreeSet::new();
    advice.retain(|advice| told.insert((advice.code, advice.place.clone())));
    advice
}

/// What to say about a pipeline in which no action is known to be a gate.
fn without_gate(pipeline: &PipelineDefinition, stages: &[GuardedStage<'_>]) -> Advice {
    if let Some(action) = stages.iter().find_map(|stage| stage.not_known.first()) {
        let function = action.function.as_ref().map(Text::to_string);
        let fault = Fault::GateNotKnown {
            action: &action.name,
            function: function.as_deref().unwrap_or_default(),
        };
        return fault.at(&action.place);
    }
    let deploys = stages.iter().any(GuardedStage::deploys);
    Fault::NoGate { deploys }.at(&pipeline.place)
}

/// The actions of a stage, sorted out.
struct GuardedStage<'a> {
    stage: &'a StageDefinition,
    gates: Vec<&'a ActionDefinition>,
    not_known: Vec<&'a ActionDefinition>,
    /// Those that are not known to be gates.
    others: Vec<&'a ActionDefinition>,
}

impl<'a> GuardedStage<'a> {
    fn of(stage: &'a StageDefinition, names: &GateNames) -> Self {
        let mut sorted = Self {
            stage,
            gates: Vec::new(),
            not_known: Vec::new(),
            others: Vec::new(),
        };
        for action in &stage.actions {
            match names.recognize(action) {
                Recognition::Gate => sorted.gates.push(action),
                Recognition::NotKnown => sorted.not_known.push(action),
                Recognition::Other => sorted.others.push(action),
            }
        }
        sorted
    }

    fn deploys(&self) -> bool {
        self.others.iter().any(|action| action.deploys())
    }

    /// Everything that is not a gate, whether that is known or not.
    fn actions_but_gates(&self) -> impl Iterator<Item = &'a ActionDefinition> {
        self.others.iter().chain(&self.not_known).copied()
    }

    /// Whether nothing comes after its last gate.
    fn ends_with_gate(&self) -> bool {
        let last = self.gates.iter().map(|gate| gate.run_order).max();
        last.is_some_and(|last| {
            self.actions_but_gates()
                .all(|other| other.run_order <= last)
        })
    }

    fn judge(&self, gate_just_before: bool, advice: &mut Vec<Advice>) {
        let stage = &self.stage.name;
        if self.gates.is_empty() {
            if self.deploys() && !gate_just_before && self.not_known.is_empty() {
                advice.push(Fault::StageWithoutGate { stage }.at(&self.stage.place));
            }
            return;
        }
        for gate in &self.gates {
            let faults = self.faults_of_order(gate);
            advice.extend(faults.into_iter().map(|fault| fault.at(&gate.place)));
            judge_configuration(gate, advice);
        }
        if let Some(on_failure) = &self.stage.on_failure {
            let fault = match on_failure.result {
                OnFailureResult::Rollback => Fault::OnFailureRollback { stage },
                OnFailureResult::Retry => Fault::OnFailureRetry { stage },
                OnFailureResult::Other => return,
            };
            advice.push(fault.at(&on_failure.place));
        }
    }

    /// What is wrong with what runs before the gate, beside it and after it.
    fn faults_of_order(&self, gate: &'a ActionDefinition) -> Vec<Fault<'a>> {
        let mut faults = Vec::new();
        let (stage, gate_name) = (&self.stage.name, &gate.name);
        let runs = |order: Ordering| {
            self.actions_but_gates()
                .filter(move |other| other.run_order.cmp(&gate.run_order) == order)
        };
        let mut deploys_before = runs(Ordering::Less).filter(|other| self.deploys_unguarded(other));
        let mut deploys_beside =
            runs(Ordering::Equal).filter(|other| self.deploys_unguarded(other));
        if let Some(action) = deploys_before.next() {
            faults.push(Fault::DeploysBeforeGate {
                gate: gate_name,
                other: &action.name,
            });
        }
        if let Some(action) = deploys_beside.next() {
            faults.push(Fault::DeploysBesideGate {
                gate: gate_name,
                other: &action.name,
            });
        } else if let Some(action) = runs(Ordering::Equal).next() {
            faults.push(Fault::GateNotAlone {
                gate: gate_name,
                other: &action.name,
            });
        }
        if let Some(approval) = runs(Ordering::Greater).find(|other| other.is_approval()) {
            faults.push(Fault::ApprovalAfterGate {
                gate: gate_name,
                other: &approval.name,
            });
        }
        if self.actions_but_gates().next().is_none() {
            faults.push(Fault::GateAloneInStage {
                gate: gate_name,
                stage,
            });
        } else if faults.is_empty() && runs(Ordering::Greater).next().is_none() {
            faults.push(Fault::GateLastInStage {
                gate: gate_name,
                stage,
            });
        }
        faults
    }

    /// Whether the action deploys and no gate of the stage comes before it.
    fn deploys_unguarded(&self, action: &ActionDefinition) -> bool {
        let guarded = self
            .gates
            .iter()
            .any(|gate| gate.run_order < action.run_order);
        action.deploys() && !guarded
    }
}

/// What is wrong with the gate's own configuration.
fn judge_configuration(gate: &ActionDefinition, advice: &mut Vec<Advice>) {
    if gate.namespace.is_none() {
        advice.push(Fault::NoNamespace { gate: &gate.name }.at(&gate.place));
    }
    for given in &gate.user_parameters {
        let length = given.text.known().map_or(0, |text| text.chars().count());
        if length > LONGEST_USER_PARAMETERS {
            advice.push(Fault::UserParametersTooLong { length }.at(&given.place));
        }
    }
}

#[cfg(test)]
mod tests;
