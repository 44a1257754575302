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

mod account;
mod closing;
mod handler;
mod handler_error;
mod look;
mod program;
mod retry;
mod scan;
mod targets;
mod time_budget;

pub use account::{Account, StageOutcome};
pub use handler::{SetupError, StageRetry};
pub use handler_error::HandlerError;
pub use program::run;

/// How many pipelines are looked at, or gone on with, at the same time; each makes one call at a time.
const IN_FLIGHT: usize = 10;
