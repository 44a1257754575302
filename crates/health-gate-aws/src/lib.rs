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

mod active_endpoint;
mod bounded;
mod clients;
mod clock;
mod describe_events;
mod endpoint_in_use;
mod environment;
mod function_config;
mod get_job_details;
mod get_pipeline;
mod get_pipeline_state;
mod https;
mod job_event;
mod list_action_executions;
mod list_pipeline_executions;
mod list_pipelines;
mod list_tags_for_resource;
pub mod logging;
mod metrics;
mod open_connections;
mod pace;
mod patience;
mod pipeline_ref;
mod probe;
mod publish;
mod put_job_result;
mod read_health;
mod refusal;
mod retry_stage_execution;
mod run_function;
mod sdk_config;
mod sdk_error;
mod settings;
mod signal_message;
mod sns_event;
mod tag_resource;
mod too_many_requests;
mod trust_store;

pub use active_endpoint::CnameLookUp;
pub use clients::{Clients, RegionError};
pub use clock::Clock;
pub use endpoint_in_use::{EndpointInUse, endpoint_in_use};
pub use get_job_details::job_details;
pub use get_pipeline::pipeline_definition;
pub use get_pipeline_state::pipeline_state;
pub use job_event::{JobEvent, JobId};
pub use list_action_executions::{action_executions, newest_action_executions};
pub use list_pipeline_executions::pipeline_executions;
pub use list_pipelines::list_pipelines;
pub use list_tags_for_resource::tag_value;
pub use metrics::Metrics;
pub use pipeline_ref::PipelineRef;
pub use probe::{Probe, ProbedCall, probe, probe_topic};
pub use publish::publish;
pub use put_job_result::{Delivery, PutJobResultError, put_job_result};
pub use read_health::{HealthReading, read_health, read_history};
pub use refusal::Refusal;
pub use retry_stage_execution::retry_stage;
pub use run_function::run_function;
pub use sdk_config::{Profile, UnknownProfile, find_credentials, load_sdk_config};
pub use sdk_error::error_chain;
pub use settings::{LogFormat, PaceError, Settings};
pub use sns_event::SnsEvent;
pub use tag_resource::{tag_pipeline, untag_pipeline};
