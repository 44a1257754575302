//! A local AWS: as much of AWS Health, CodePipeline and Lambda as a deployment health gate meets.
//!
//! [`Sandbox`] is a plain state machine: a request and the time go in, an answer comes out. It has no sockets, no
//! threads and no clock. Two drivers run it:
//!
//! * [`HttpServer`] serves it over HTTP in real time, for real function processes, the AWS CLI and boto3;
//! * [`World`] runs it in the same process in virtual time, behind the HTTP connector of real SDK clients.
//!
//! What it does not know it refuses with an error in AWS's shape; it never answers "done" to something it ignores.
//! Signatures are not checked, but the credential's scope is: it says which region and service were meant.

mod agenda;
mod answer;
mod calls;
mod codec;
pub mod codepipeline;
mod command;
mod commands;
mod constraints;
mod context;
mod control;
mod duration;
mod endless;
pub mod eventbridge;
mod faults;
pub mod health;
mod http_server;
pub mod iam;
mod ids;
pub mod lambda;
mod pattern;
mod sandbox;
mod scenario;
mod service;
mod service_error;
mod signals;
pub mod sns;
mod timestamp;
mod transcript;
mod turn;
mod world;

pub use answer::Answer;
pub use command::Command;
pub use faults::{Fault, Garbage};
pub use http_server::HttpServer;
pub use sandbox::Sandbox;
pub use scenario::Scenario;
pub use service_error::ServiceError;
pub use timestamp::Timestamp;
pub use transcript::{Call, Outcome, Transcript};
pub use world::World;

/// The account that the sandbox plays.
pub const ACCOUNT_ID: &str = "111122223333";
