//! Turns a finding into a decision. This module never asks what time it is and never talks to AWS; the
//! function is total: every finding has a decision.

use crate::finding::{Finding, Incidents};
use crate::reading::Unread;
use crate::user_parameters::PolicyError;

/// What the gate tells CodePipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The deployment goes on.
    Pass(Pass),
    /// The action fails, and with it the stage stops.
    Fail(Block),
}

/// Why a deployment goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// AWS Health was read completely and nothing that matches is open.
    Clear,
}

/// Why a deployment stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// Open events match the policy.
    Blocked(Incidents),
    /// AWS Health could not be read.
    Unknown(Unread),
    /// The policy is not valid.
    Invalid(PolicyError),
}

/// Decides. The rules are tried in the order in which they stand here.
pub fn decide(finding: Finding) -> Decision {
    match finding {
        Finding::Clear => Decision::Pass(Pass::Clear),
        Finding::Incident(incidents) => Decision::Fail(Block::Blocked(incidents)),
        Finding::Unknown(unread) => Decision::Fail(Block::Unknown(unread)),
        Finding::Invalid(error) => Decision::Fail(Block::Invalid(error)),
    }
}

#[cfg(test)]
mod tests;
