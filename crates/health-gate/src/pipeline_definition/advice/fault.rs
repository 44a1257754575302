//! What can be wrong with a gate, how bad it is, and the words for it.

use super::{Advice, AdviceCode, Severity};
use crate::pipeline_definition::{LONGEST_USER_PARAMETERS, Place};

/// Something wrong, or worth knowing, with the names that its words need.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault<'a> {
    NoGate { deploys: bool },
    GateNotKnown { action: &'a str, function: &'a str },
    DeploysBeforeGate { gate: &'a str, other: &'a str },
    DeploysBesideGate { gate: &'a str, other: &'a str },
    GateNotAlone { gate: &'a str, other: &'a str },
    GateAloneInStage { gate: &'a str, stage: &'a str },
    GateLastInStage { gate: &'a str, stage: &'a str },
    ApprovalAfterGate { gate: &'a str, other: &'a str },
    OnFailureRollback { stage: &'a str },
    OnFailureRetry { stage: &'a str },
    NoNamespace { gate: &'a str },
    UserParametersTooLong { length: usize },
    StageWithoutGate { stage: &'a str },
}

impl Fault<'_> {
    pub(super) fn at(self, place: &Place) -> Advice {
        let (problem, remedy) = self.words();
        let (code, severity) = self.code();
        Advice {
            code,
            severity,
            place: place.clone(),
            problem,
            remedy: remedy.to_owned(),
        }
    }

    fn code(self) -> (AdviceCode, Severity) {
        match self {
            Self::NoGate { deploys: true } => (AdviceCode::NoGate, Severity::Error),
            Self::NoGate { deploys: false } => (AdviceCode::NoGate, Severity::Note),
            Self::GateNotKnown { .. } => (AdviceCode::GateNotKnown, Severity::Warning),
            Self::DeploysBeforeGate { .. } => (AdviceCode::DeploysBeforeGate, Severity::Error),
            Self::DeploysBesideGate { .. } => (AdviceCode::DeploysBesideGate, Severity::Error),
            Self::GateNotAlone { .. } => (AdviceCode::GateNotAlone, Severity::Warning),
            Self::GateAloneInStage { .. } => (AdviceCode::GateAloneInStage, Severity::Warning),
            Self::GateLastInStage { .. } => (AdviceCode::GateLastInStage, Severity::Warning),
            Self::ApprovalAfterGate { .. } => (AdviceCode::ApprovalAfterGate, Severity::Note),
            Self::OnFailureRollback { .. } => (AdviceCode::OnFailureRollback, Severity::Error),
            Self::OnFailureRetry { .. } => (AdviceCode::OnFailureRetry, Severity::Warning),
            Self::NoNamespace { .. } => (AdviceCode::NoNamespace, Severity::Warning),
            Self::UserParametersTooLong { .. } => {
                (AdviceCode::UserParametersTooLong, Severity::Error)
            }
            Self::StageWithoutGate { .. } => (AdviceCode::StageWithoutGate, Severity::Note),
        }
    }

    /// What is wrong, and what to do about it.
    fn words(self) -> (String, &'static str) {
        match self {
            Self::NoGate { deploys: true } => (
                "the pipeline deploys, and no action of it is a gate".to_owned(),
                "put the gate into each stage that deploys, with run order 1, and what deploys after it",
            ),
            Self::NoGate { deploys: false } => (
                "no action of the pipeline is a gate; none has the category Deploy either"
                    .to_owned(),
                "if a build or a function of it deploys, put the gate into that stage, with run order 1",
            ),
            Self::GateNotKnown { action, function } => (
                format!(
                    "no action is known to be a gate; `{action}` invokes a function that only the deployment knows: `{function}`"
                ),
                "if it is the gate, name the action with `--gate-action`",
            ),
            Self::DeploysBeforeGate { gate, other } => (
                format!(
                    "`{other}` deploys in the same stage before the gate `{gate}`, which then comes too late"
                ),
                "give the gate run order 1, and what deploys a higher one",
            ),
            Self::DeploysBesideGate { gate, other } => (
                format!(
                    "`{other}` deploys with the same run order as the gate `{gate}`: both begin at the same time, and the gate stops nothing"
                ),
                "give what deploys a higher run order than the gate",
            ),
            Self::GateNotAlone { gate, other } => (
                format!(
                    "`{other}` has the same run order as the gate `{gate}`: both begin at the same time"
                ),
                "give it another run order: a lower one if it deploys nothing, or else a higher one",
            ),
            Self::GateAloneInStage { gate, stage } => (
                format!(
                    "the gate `{gate}` is in a stage of its own, `{stage}`: what deploys later is not checked at that moment, a hold locks this stage and not the one that it is for, and a retry runs the gate alone"
                ),
                "put the gate into the stage that deploys, with run order 1, and what deploys after it",
            ),
            Self::GateLastInStage { gate, stage } => (
                format!(
                    "nothing comes after the gate `{gate}` in its stage, `{stage}`: what deploys later is not checked at that moment, and a hold locks this stage and not the one that it is for"
                ),
                "put the gate into the stage that deploys, before what deploys",
            ),
            Self::ApprovalAfterGate { gate, other } => (
                format!(
                    "`{other}` waits for a person after the gate `{gate}`: the gate's answer is as old as the approval took when the deployment begins"
                ),
                "let the approval come before the gate",
            ),
            Self::OnFailureRollback { stage } => (
                format!(
                    "`onFailure` of the stage `{stage}` is ROLLBACK: a stop of the gate deploys the release before, in the middle of the incident"
                ),
                "take ROLLBACK away from this stage",
            ),
            Self::OnFailureRetry { stage } => (
                format!(
                    "`onFailure` of the stage `{stage}` is RETRY: CodePipeline retries a stop of the gate once, at once, when the incident is still open"
                ),
                "take RETRY away from this stage, or use `onIncident: hold`; stage-retry retries when the incident is over",
            ),
            Self::NoNamespace { gate } => (
                format!(
                    "the gate `{gate}` has no variable namespace: later actions cannot read its output variables"
                ),
                "give it a namespace, like `HealthGate`, for `#{HealthGate.Verdict}`",
            ),
            Self::UserParametersTooLong { length } => (
                format!(
                    "`UserParameters` has {length} characters; accepted: at most {LONGEST_USER_PARAMETERS}"
                ),
                "move what all pipelines have in common into HEALTH_GATE_POLICY",
            ),
            Self::StageWithoutGate { stage } => (
                format!("the stage `{stage}` deploys without a gate, while another stage has one"),
                "put the gate there as well, unless this is as it is meant",
            ),
        }
    }
}
