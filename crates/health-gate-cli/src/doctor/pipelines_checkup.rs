//! Whether the pipelines have their gates where these do what they are for, and whether the gates' functions answer.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt as _};
use health_gate::{
    AccountPolicy, ActionExecution, ActionStatus, AdviceCode, Marker, Severity, hours_and_minutes,
};
use health_gate_aws::{Clients, newest_action_executions};

use super::finding::Finding;
use crate::definition::checks::{Checks, PolicyCheck};
use crate::pipelines::{Found, IN_FLIGHT, Pipeline, Selection};
use crate::progress;

/// Of so many pipelines that lack a gate, the names are said.
const NAMED: usize = 10;

/// Looks at pipelines.
pub(super) struct Checkup<'a> {
    pub(super) clients: &'a Clients,
    pub(super) arguments: &'a Selection,
    pub(super) account: &'a AccountPolicy,
}

impl Checkup<'_> {
    pub(super) async fn of(&self, found: &Found) -> Vec<Finding> {
        let mut findings = Vec::new();
        for unread in &found.unread {
            let what = format!("it could not be read: {}", unread.why);
            let remedy = "Try again; `codepipeline:GetPipeline` is what it takes.";
            // Of none of them is anything known.
            let finding = if found.gated.is_empty() && found.ungated.is_empty() {
                Finding::broken("pipeline", what, remedy)
            } else {
                Finding::doubtful("pipeline", what, remedy)
            };
            findings.push(finding.of_pipeline(&unread.pipeline));
        }
        if !found.ungated.is_empty() {
            let names: Vec<&str> = found
                .ungated
                .iter()
                .take(NAMED)
                .map(|pipeline| pipeline.at.name.as_str())
                .collect();
            let more = match found.ungated.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            findings.push(Finding::doubtful(
                "no-gate",
                format!("no gate in {}{more}", names.join(", ")),
                "If they deploy, put the gate into the stage that does, run order 1. --gate-function says which functions are gates.",
            ));
        }
        for pipeline in &found.gated {
            findings.extend(self.definition(pipeline));
        }
        findings.extend(self.functions(found).await);
        findings
    }

    /// A pipeline's gates: their policies and their places.
    fn definition(&self, pipeline: &Pipeline) -> Vec<Finding> {
        let name = &pipeline.at.name;
        let names = self.arguments.gates.names();
        let checks = Checks {
            names: &names,
            account: self.account,
            region: &self.clients.region,
        };
        let checked = checks.pipeline(&pipeline.definition);
        let mut findings = Vec::new();
        for gate in &checked.gates {
            if let PolicyCheck::Invalid {
                problem, remedy, ..
            } = &gate.policy
            {
                let what = format!("{} / {}: {problem}", gate.stage, gate.action);
                let remedy = remedy.clone().unwrap_or_else(|| {
                    "Correct the action's UserParameters; `health-gate validate` tries them."
                        .to_owned()
                });
                findings.push(Finding::broken("policy", what, remedy).of_pipeline(name));
            }
        }
        let advice = checked.advice.iter();
        for advice in advice.filter(|advice| advice.code != AdviceCode::NoGate) {
            let what = format!("{} (at {})", advice.problem, advice.place);
            let finding = match advice.severity {
                Severity::Error => Finding::broken("gate-placement", what, &advice.remedy),
                Severity::Warning | Severity::Note => {
                    Finding::doubtful("gate-placement", what, &advice.remedy)
                }
            };
            findings.push(finding.of_pipeline(name));
        }
        if findings.is_empty() {
            let what = "its gate is in the right place, and its policy is valid";
            findings.push(Finding::fine("pipeline", what).of_pipeline(name));
        }
        findings
    }

    /// Whether each gate's function has answered its newest job, in whichever pipeline.
    async fn functions(&self, found: &Found) -> Vec<Finding> {
        let bar = progress::steps(found.gated.len(), "looking for answers");
        let reads = found.gated.iter().map(async |pipeline| {
            let rows = newest_action_executions(self.clients, &pipeline.at.name).await;
            bar.step();
            (pipeline, rows.unwrap_or_default())
        });
        let read: Vec<_> = stream::iter(reads).buffered(IN_FLIGHT).collect().await;
        let mut newest: BTreeMap<String, (&str, ActionExecution)> = BTreeMap::new();
        for (pipeline, rows) in read {
            for (stage, gate) in pipeline.gates(&self.arguments.gates) {
                let of_gate = rows
                    .iter()
                    .filter(|row| row.stage == stage && row.action == gate.name);
                let ended = of_gate.filter(|row| row.attempt.status != ActionStatus::Other);
                let function = gate
                    .function
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                for row in ended {
                    let known = newest.get(&function);
                    if known.is_none_or(|(_, known)| {
                        known.attempt.last_status_change < row.attempt.last_status_change
                    }) {
                        newest.insert(function.clone(), (&pipeline.at.name, row.clone()));
                    }
                }
            }
        }
        let named = found
            .gated
            .iter()
            .flat_map(|pipeline| pipeline.gates(&self.arguments.gates));
        let functions: std::collections::BTreeSet<String> = named
            .filter_map(|(_, gate)| gate.function.as_ref().map(ToString::to_string))
            .collect();
        functions
            .iter()
            .map(|function| self.function(function, newest.get(function)))
            .collect()
    }

    fn function(&self, function: &str, newest: Option<&(&str, ActionExecution)>) -> Finding {
        let Some((pipeline, row)) = newest else {
            return Finding::doubtful(
                "function",
                format!(
                    "whether the function {function} answers is not known: no pipeline has run it yet"
                ),
                "Release a change.",
            );
        };
        let ago = row.attempt.last_status_change.map(|at| {
            let ago = hours_and_minutes(self.clients.clock.now() - at);
            format!("{ago} ago")
        });
        let when = format!("{} in {pipeline}", ago.unwrap_or_default());
        let message = row.attempt.message.as_deref().unwrap_or_default();
        let has_answered =
            row.attempt.status == ActionStatus::Succeeded || Marker::of(message).is_some();
        if has_answered || row.attempt.status == ActionStatus::Abandoned {
            return Finding::fine(
                "function",
                format!("the function {function} answered its newest job, {when}"),
            );
        }
        let said = message.lines().next().filter(|said| !said.is_empty());
        let said = said
            .or(row.attempt.error_code.as_deref())
            .unwrap_or("CodePipeline does not say why");
        Finding::broken(
            "function",
            format!("the function {function} did not answer its newest job, {when}: {said}"),
            format!(
                "See whether it exists in this region, whether the pipeline's role may invoke it, and what its log group /aws/lambda/{function} says."
            ),
        )
    }
}
