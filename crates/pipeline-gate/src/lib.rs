//! pipeline-gate: answers a CodePipeline job according to AWS Health.
//!
//! [`PipelineGate::handle`] is the whole function: the program around it only makes the clients and talks to the Lambda
//! runtime.
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod caught;
mod closing;
mod evaluation;
mod handler;
mod handler_error;
mod pending;
mod program;
mod time_budget;

pub use handler::PipelineGate;
pub use handler_error::HandlerError;
pub use program::run;
