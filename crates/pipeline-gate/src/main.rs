//! The program of the Lambda function pipeline-gate.

use std::process::ExitCode;

use health_gate_aws::{Clients, Clock, Settings, error_chain, load_sdk_config, logging};
use lambda_runtime::{Error, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let clock = Clock::default();
    logging::init(&Settings::from_env(), clock.clone());
    match run(&clock).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("pipeline-gate cannot run: {}", error_chain(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn run(clock: &Clock) -> Result<(), Error> {
    let clients = Clients::new(&load_sdk_config(clock).await)?;
    lambda_runtime::run(service_fn(|event| pipeline_gate::handle(event, &clients))).await
}
