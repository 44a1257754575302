//! Turns what was found into a decision. This module never asks what time it is and never talks to AWS; the
//! function is total: every case has a decision.

use time::UtcDateTime;

use crate::finding::{Finding, Incidents};
use crate::hold::{HoldState, TokenError};
use crate::override_tag::Override;
use crate::policy::{OnIncident, OnRollback, OnUnknown, Policy, PolicyError};
use crate::reading::{UnknownCause, Unread};

/// What a decision is made from.
#[derive(Debug, Clone)]
pub enum Case<'p> {
    /// There are no rules to judge by, or no state of the hold.
    Invalid(Invalid),
    /// A finding, and the rules.
    Found {
        /// The rules.
        policy: &'p Policy,
        /// What was found.
        finding: Finding,
        /// The hold, if one is going on.
        hold: Option<HoldState>,
    },
}

/// What is known about the pipeline. It is read only when the gate would not pass without it; what could not be read is
/// as if it were not so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// The override that is in force.
    pub overridden: Option<Override>,
    /// The execution is a rollback.
    pub rollback: bool,
    /// A person is stopping the execution, or has stopped it.
    pub stopping: bool,
}

/// What the gate tells CodePipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The deployment goes on.
    Pass(Pass),
    /// The action stays in progress.
    Hold(Hold),
    /// The action fails, and with it the stage stops.
    Fail(Fail),
}

/// Why a deployment goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pass {
    /// AWS Health was read completely and nothing stands in the way.
    Clear,
    /// A person said so, in spite of this.
    Overridden(Override, Obstacle),
    /// A rollback is not stopped, in spite of this.
    Rollback(Obstacle),
    /// The policy only warns of incidents.
    Warned(Incidents),
    /// The policy lets pass what could not be checked.
    Unknown(Unread),
}

/// A deployment that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// What the next round has to know.
    pub state: HoldState,
    /// When it fails if nothing changes.
    pub until: UtcDateTime,
    /// What it waits for to end.
    pub obstacle: Obstacle,
}

/// A deployment that stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fail {
    /// Why.
    pub obstacle: Obstacle,
    /// What else it came to.
    pub ending: Option<Ending>,
    /// It is a rollback, with which nothing goes on by itself.
    pub rollback: bool,
}

/// How a job ended that stops a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Its hold lasted as long as it may, since then.
    RanOut(UtcDateTime),
    /// A person is stopping the execution: nobody wants it to go on.
    Stopped,
}

/// What stands in the way of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// Events match the policy.
    Incident(Incidents),
    /// AWS Health could not be read.
    Unknown(Unread),
    /// There is nothing to judge by.
    Invalid(Invalid),
}

/// An input that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// The policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The continuation token.
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl Invalid {
    /// The stable reason code for logs and alarms.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Policy(error) => error.code(),
            Self::Token(error) => error.code(),
        }
    }
}

impl Obstacle {
    /// The incidents, if that is what it is.
    pub fn incidents(&self) -> Option<&Incidents> {
        match self {
            Self::Incident(incidents) => Some(incidents),
            Self::Unknown(_) | Self::Invalid(_) => None,
        }
    }
}

impl Obstacle {
    /// What reports about the same trouble have in common: the ARN of the event that began first, or else the reason code.
    pub fn thread(&self) -> &str {
        let first = self.incidents().and_then(|incidents| incidents.first());
        first
            .map(|event| &*event.arn)
            .filter(|arn| !arn.is_empty())
            .unwrap_or_else(|| self.code())
    }
}

impl Decision {
    /// Whether the deployment goes on.
    pub fn passes(&self) -> bool {
        matches!(self, Self::Pass(_))
    }

    /// Whether the action stays in progress.
    pub fn holds(&self) -> bool {
        matches!(self, Self::Hold(_))
    }

    /// What stands in the way, whether or not it is decisive.
    pub fn obstacle(&self) -> Option<&Obstacle> {
        match self {
            Self::Pass(Pass::Overridden(_, obstacle) | Pass::Rollback(obstacle)) => Some(obstacle),
            Self::Hold(hold) => Some(&hold.obstacle),
            Self::Fail(fail) => Some(&fail.obstacle),
            Self::Pass(Pass::Clear | Pass::Warned(_) | Pass::Unknown(_)) => None,
        }
    }

    /// The incidents that were found, whether or not they are decisive.
    pub fn incidents(&self) -> Option<&Incidents> {
        match self {
            Self::Pass(Pass::Warned(incidents)) => Some(incidents),
            Self::Pass(_) | Self::Hold(_) | Self::Fail(_) => self.obstacle()?.incidents(),
        }
    }
}

/// Decides. The rules are tried in the order in which they stand here.
pub fn decide(case: Case<'_>, circumstances: &Circumstances, now: UtcDateTime) -> Decision {
    let (policy, finding, hold) = match case {
        Case::Invalid(invalid) => {
            let obstacle = Obstacle::Invalid(invalid);
            return match &circumstances.overridden {
                Some(overridden) => Decision::Pass(Pass::Overridden(overridden.clone(), obstacle)),
                None => fail(circumstances, obstacle, None),
            };
        }
        Case::Found {
            policy,
            finding,
            hold,
        } => (policy, finding, hold),
    };
    let rules = Rules {
        policy,
        holding: hold.is_some(),
    };
    let Some(obstacle) = rules.obstacle(finding) else {
        return Decision::Pass(Pass::Clear);
    };
    if let Some(overridden) = &circumstances.overridden {
        return Decision::Pass(Pass::Overridden(overridden.clone(), obstacle));
    }
    if circumstances.rollback && policy.on_rollback == OnRollback::Pass {
        return Decision::Pass(Pass::Rollback(obstacle));
    }
    match rules.of(&obstacle) {
        Rule::Pass(pass) => Decision::Pass(pass),
        Rule::Fail => fail(circumstances, obstacle, None),
        // What a person stops does not wait.
        Rule::Hold if circumstances.stopping => fail(circumstances, obstacle, None),
        Rule::Hold => {
            let state = hold.unwrap_or_else(|| HoldState::begin(now));
            if state.has_run_out(policy, now) {
                fail(circumstances, obstacle, Some(Ending::RanOut(state.since)))
            } else {
                Decision::Hold(Hold {
                    until: state.since + policy.max_hold.duration(),
                    state: state.after_reading(now, obstacle.thread()),
                    obstacle,
                })
            }
        }
    }
}

fn fail(circumstances: &Circumstances, obstacle: Obstacle, ending: Option<Ending>) -> Decision {
    Decision::Fail(Fail {
        obstacle,
        ending: if circumstances.stopping {
            Some(Ending::Stopped)
        } else {
            ending
        },
        rollback: circumstances.rollback,
    })
}

/// What a policy says, whatever the pipeline's circumstances.
struct Rules<'p> {
    policy: &'p Policy,
    holding: bool,
}

enum Rule {
    Pass(Pass),
    Hold,
    Fail,
}

impl Rules<'_> {
    /// What stands in the way. Of an incomplete reading that holds incidents it is the incidents, unless the policy only
    /// warns of those: then what was not read is no less unknown for what was.
    fn obstacle(&self, finding: Finding) -> Option<Obstacle> {
        match finding {
            Finding::Clear => None,
            Finding::Unknown(unread) => Some(Obstacle::Unknown(unread)),
            Finding::Incident(incidents) => {
                let unread = incidents
                    .unread()
                    .filter(|unread| !matches!(self.of_unknown(unread), Rule::Pass(_)));
                Some(match (self.policy.on_incident, unread) {
                    (OnIncident::Warn, Some(unread)) => Obstacle::Unknown(unread.clone()),
                    (OnIncident::Warn | OnIncident::Hold | OnIncident::Fail, _) => {
                        Obstacle::Incident(incidents)
                    }
                })
            }
        }
    }

    fn of(&self, obstacle: &Obstacle) -> Rule {
        match obstacle {
            Obstacle::Unknown(unread) => self.of_unknown(unread),
            Obstacle::Invalid(_) => Rule::Fail,
            Obstacle::Incident(incidents) => match self.policy.on_incident {
                OnIncident::Warn => Rule::Pass(Pass::Warned(incidents.clone())),
                OnIncident::Hold => Rule::Hold,
                OnIncident::Fail => Rule::Fail,
            },
        }
    }

    fn of_unknown(&self, unread: &Unread) -> Rule {
        // Nobody's waiting mends these.
        let is_for_people = matches!(
            unread.cause,
            UnknownCause::NoSupportPlan | UnknownCause::AccessDenied
        );
        match self.policy.on_unknown {
            // One throttled reading does not end a hold.
            _ if self.holding => Rule::Hold,
            OnUnknown::Pass => Rule::Pass(Pass::Unknown(unread.clone())),
            OnUnknown::Hold if !is_for_people => Rule::Hold,
            OnUnknown::Hold | OnUnknown::Fail => Rule::Fail,
        }
    }
}

#[cfg(test)]
mod tests;
