//! stage-retry: lets the stages go on that the gate has stopped, once AWS Health is clear, and only those.
//!
//! [`StageRetry::handle`] is the whole function. A signal only wakes it up; the pipelines themselves say what there
//! is to do, and AWS Health is read again before anything is.
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod handler;
mod look;
mod outcome;
mod program;

pub use handler::{HandlerError, NoGate, StageRetry};
pub use outcome::StageOutcome;
pub use program::run;
