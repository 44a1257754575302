//! What a seed came to.

use std::collections::{BTreeMap, BTreeSet};

use aws_sandbox::Call;

use crate::invariants::{Invariant, Tally, Violation};
use crate::plan::Plan;
use crate::simulation::{Played, Simulation};

/// What happened in the world of a seed.
#[derive(Debug)]
pub struct Story {
    /// The seed.
    pub seed: u64,
    /// What did not hold, if something did not.
    pub violation: Option<Violation>,
    /// What happened, a line each, for people.
    pub timeline: String,
    /// What the functions wrote.
    pub log: String,
    /// How often each invariant was looked at.
    pub tallies: BTreeMap<Invariant, Tally>,
    /// What went wrong on purpose, how often: the kind, and what with.
    pub faults: BTreeMap<(String, String), usize>,
    /// The cells of the policies' table by which something was decided.
    pub(crate) labels: BTreeSet<(usize, usize)>,
    /// What people did, how often, and how often CodePipeline refused it.
    pub(crate) people: BTreeMap<&'static str, (usize, usize)>,
    /// What the template allows and no function has done: the function and the action.
    pub(crate) unused: BTreeSet<(String, String)>,
    /// How many things were done and invocations ended.
    pub steps: usize,
    /// The calls that the functions made.
    pub calls: Vec<Call>,
    /// The command that plays it again.
    again: String,
}

/// Plays the world of a seed.
pub fn play(seed: u64) -> Story {
    Story::of(&Plan::of(seed))
}

/// What once failed, played again: plans that are written out, and no seed's.
pub mod what_once_failed {
    use super::Story;
    use crate::plan::Plan;

    /// AWS Health takes one call a second, and a reading needs two.
    pub fn throttled() -> Story {
        Story::of(&Plan::throttled())
    }

    /// A job's event comes once more when a person has stopped its execution.
    pub fn stopped() -> Story {
        Story::of(&Plan::stopped())
    }

    /// A person has abandoned an action, and retried it later, and the gate has stopped it then.
    pub fn abandoned() -> Story {
        Story::of(&Plan::abandoned())
    }

    /// The second gate of a stage stops it, a person retries all of it, and the first one stops it.
    pub fn retried_whole() -> Story {
        Story::of(&Plan::retried_whole())
    }

    /// An issue opens again between the two calls of a reading.
    pub fn reopened() -> Story {
        Story::of(&Plan::reopened())
    }

    /// CodePipeline says nothing of the stages of a pipeline that a person has frozen.
    pub fn without_stages() -> Story {
        Story::of(&Plan::without_stages())
    }
}

impl Story {
    /// Plays a plan.
    pub(crate) fn of(plan: &Plan) -> Self {
        let Played {
            violation,
            calls,
            timeline,
            checks,
            unused,
            log,
        } = Simulation::play(plan);
        Self {
            seed: plan.seed,
            violation,
            timeline: timeline.render(plan, &calls),
            log,
            tallies: checks.tallies,
            faults: checks.faults,
            labels: checks.labels,
            people: checks.people,
            unused,
            steps: checks.steps,
            calls,
            again: plan.again.clone(),
        }
    }

    /// Whether a function was interrupted.
    pub fn has_interruption(&self) -> bool {
        let kinds = ["crash", "stands still"];
        self.faults.keys().any(|(kind, _)| kinds.contains(&&**kind))
    }

    /// What happened, and what does not hold.
    pub fn text(&self) -> String {
        let Self {
            timeline,
            violation,
            again,
            ..
        } = self;
        let end = match violation {
            None => "everything holds".to_owned(),
            Some(Violation {
                invariant,
                at,
                what,
            }) => {
                format!(
                    "{at}  BROKEN: {}\n  {what}\nagain: {again}",
                    invariant.sentence()
                )
            }
        };
        format!("{timeline}\n{end}")
    }

    /// The same invariant's failure with as few things done as possible: what can be left out is left out, one by one.
    pub fn shortest(seed: u64) -> Option<Self> {
        let mut plan = Plan::of(seed);
        let mut story = Self::of(&plan);
        let invariant = story.violation.as_ref()?.invariant;
        let mut deed = plan.len();
        while deed > 0 {
            deed -= 1;
            let shorter = plan.without(deed);
            let tried = Self::of(&shorter);
            if tried
                .violation
                .as_ref()
                .is_some_and(|violation| violation.invariant == invariant)
            {
                (plan, story) = (shorter, tried);
            }
        }
        Some(story)
    }
}
