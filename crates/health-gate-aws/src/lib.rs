//! Everything that health-gate knows about AWS: how its clients are set up, what a job event looks like, and one
//! module for each operation that it calls. No other crate of ours names an AWS service crate.
//!
//! What comes in is turned into the domain's types here, what goes out is made from them here, and an SDK error
//! is classified here, once.
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod clients;
mod clock;
mod describe_events;
mod job_event;
pub mod logging;
mod put_job_result;
mod sdk_config;
mod sdk_error;
mod settings;

pub use clients::{Clients, RegionError};
pub use clock::Clock;
pub use describe_events::describe_events;
pub use job_event::{JobEvent, JobId};
pub use put_job_result::{Delivery, PutJobResultError, put_job_result};
pub use sdk_config::load_sdk_config;
pub use sdk_error::error_chain;
pub use settings::{LogFormat, Settings};
