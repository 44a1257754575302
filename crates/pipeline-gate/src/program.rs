//! The function as a program: its clients are made once, then the Lambda runtime asks for events.

use std::process::ExitCode;

use health_gate_aws::{
    Clients, Clock, CnameLookUp, Https, Settings, error_chain, function_config, logging,
    open_connections,
};
use lambda_runtime::{Error, service_fn};

use crate::PipelineGate;

/// Runs until Lambda ends the process.
pub async fn run() -> ExitCode {
    let clock = Clock::default();
    let settings = Settings::from_env();
    logging::init(&settings, clock.clone());
    match serve(&clock, &settings).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("pipeline-gate cannot run: {}", error_chain(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn serve(clock: &Clock, settings: &Settings) -> Result<(), Error> {
    let https = Https::of_function();
    let config = function_config(clock, &https);
    let clients = Clients::new(&config, CnameLookUp::system)?;
    open_connections(&config, &https, 1).await;
    let gate = PipelineGate::new(clients, settings);
    lambda_runtime::run(service_fn(|event| gate.handle(event))).await
}
