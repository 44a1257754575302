//! Both functions in random worlds: their real handlers with real SDK clients in virtual time, pipelines of all kinds, incidents that
//! open, flap, grow stale and never close, people who meddle, calls that fail in every way, and processes that die at any
//! point. One seed stands for one world. Whatever happens in it, the [`Invariant`]s hold.
//!
//! What is true in a world is known to whoever makes it (`truth.rs`): which incident counts under which policy is a table
//! that was written by hand, and no check uses the code that it checks.

mod deaths;
mod functions;
mod invariants;
mod log;
mod plan;
mod seeds;
mod simulation;
mod story;
mod timeline;
mod truth;

pub use deaths::deaths;
pub use invariants::{Invariant, Tally, Violation};
pub use seeds::{Failure, Seeds};
pub use story::{Story, play, what_once_failed};
