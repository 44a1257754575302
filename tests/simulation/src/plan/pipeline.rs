//! The pipelines of a world.

use std::fmt;

use aws_sandbox::codepipeline::{
    ActionDeclaration, ExecutionMode, PipelineDeclaration, StageDeclaration,
};
use fastrand::Rng;

use super::policy::{AccountPolicy, Policy, Regions};
use crate::functions::{FOREIGN, GATE};

/// The bucket to which every deployment fails.
pub(crate) const BROKEN: &str = "broken";

/// A pipeline: a source, and stages with gates.
#[derive(Debug, Clone)]
pub(crate) struct Pipeline {
    pub(crate) name: &'static str,
    pub(crate) mode: ExecutionMode,
    pub(crate) stages: Vec<(&'static str, Vec<Action>)>,
}

/// An action of a stage.
#[derive(Debug, Clone)]
pub(crate) struct Action {
    pub(crate) name: &'static str,
    run_order: u32,
    work: Work,
}

/// What an action does.
#[derive(Debug, Clone)]
enum Work {
    /// The gate.
    Gate(Box<Policy>),
    /// Another function, which fails in the gate's words.
    Foreign,
    /// A deployment.
    Deploy {
        /// It succeeds.
        works: bool,
    },
}

impl Pipeline {
    pub(super) fn random(
        rng: &mut Rng,
        name: &'static str,
        regions: Regions,
        account: &AccountPolicy,
    ) -> Self {
        let mode = match rng.u32(..8) {
            0 | 1 => ExecutionMode::Parallel,
            2 | 3 => ExecutionMode::Queued,
            _ => ExecutionMode::Superseded,
        };
        let stages: &[&'static str] = if rng.u32(..4) == 0 {
            &["Staging", "Production"]
        } else {
            &["Production"]
        };
        let stage = |name: &&'static str| (*name, actions(rng, regions, account));
        Self {
            name,
            mode,
            stages: stages.iter().map(stage).collect(),
        }
    }

    /// A gate, and then a deployment.
    pub(super) fn of_gate(name: &'static str, mode: ExecutionMode, policy: Policy) -> Self {
        let action = |name, run_order, work| Action {
            name,
            run_order,
            work,
        };
        let actions = vec![
            action("Gate", 1, Work::Gate(Box::new(policy))),
            action("Deploy", 2, Work::Deploy { works: true }),
        ];
        Self {
            name,
            mode,
            stages: vec![("Production", actions)],
        }
    }

    /// A second gate between the first one and the deployment, with the same policy.
    pub(super) fn with_a_second_gate(mut self) -> Self {
        for (_, actions) in &mut self.stages {
            let mut second = actions[0].clone();
            (second.name, second.run_order) = ("SecondGate", 2);
            actions[1].run_order = 3;
            actions.insert(1, second);
        }
        self
    }

    /// As its owner declares it.
    pub(crate) fn declaration(&self) -> PipelineDeclaration {
        let source = StageDeclaration::new("Source", vec![ActionDeclaration::source("Source")]);
        let stages = self.stages.iter().map(|(name, actions)| {
            StageDeclaration::new(name, actions.iter().map(Action::declaration).collect())
        });
        let stages = [source].into_iter().chain(stages).collect();
        PipelineDeclaration::new(self.name, stages).in_mode(self.mode)
    }

    /// An action by its names.
    pub(crate) fn action(&self, stage: &str, action: &str) -> Option<&Action> {
        let (_, actions) = self.stages.iter().find(|(name, _)| *name == stage)?;
        actions.iter().find(|known| known.name == action)
    }
}

impl Action {
    /// The policy, if it is a gate.
    pub(crate) fn policy(&self) -> Option<&Policy> {
        match &self.work {
            Work::Gate(policy) => Some(policy),
            Work::Foreign | Work::Deploy { .. } => None,
        }
    }

    fn declaration(&self) -> ActionDeclaration {
        let action = match &self.work {
            Work::Gate(policy) => {
                ActionDeclaration::lambda(self.name, GATE, policy.user_parameters.as_deref())
            }
            Work::Foreign => ActionDeclaration::lambda(self.name, FOREIGN, None),
            Work::Deploy { works: true } => ActionDeclaration::deploy(self.name, "website"),
            Work::Deploy { works: false } => ActionDeclaration::deploy(self.name, BROKEN),
        };
        action.run_order(self.run_order)
    }
}

/// A gate first, and in some stages another one, or something that fails, beside it or after it.
fn actions(rng: &mut Rng, regions: Regions, account: &AccountPolicy) -> Vec<Action> {
    let gate = |rng: &mut Rng| Work::Gate(Box::new(Policy::random(rng, regions, account)));
    let mut actions = vec![Action {
        name: "Gate",
        run_order: 1,
        work: gate(rng),
    }];
    let (name, work) = match rng.u32(..10) {
        0 | 1 => ("SecondGate", gate(rng)),
        2 => ("SmokeTest", Work::Foreign),
        3 => ("Migration", Work::Deploy { works: false }),
        _ => ("Deploy", Work::Deploy { works: true }),
    };
    actions.push(Action {
        name,
        run_order: if rng.u32(..3) == 0 { 1 } else { 2 },
        work,
    });
    actions
}

/// What it is, in a line.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (run order {}): ", self.name, self.run_order)?;
        match &self.work {
            Work::Gate(policy) => write!(
                f,
                "the gate, {}",
                policy
                    .user_parameters
                    .as_deref()
                    .unwrap_or("without parameters")
            ),
            Work::Foreign => f.write_str("a function that fails in the gate's words"),
            Work::Deploy { works: true } => f.write_str("a deployment"),
            Work::Deploy { works: false } => f.write_str("a deployment that fails"),
        }
    }
}
