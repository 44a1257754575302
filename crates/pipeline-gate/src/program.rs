//! The function as a program.

use std::process::ExitCode;

use health_gate_aws::run_function;
use lambda_runtime::service_fn;

use crate::PipelineGate;

/// Runs until Lambda ends the process.
pub async fn run() -> ExitCode {
    run_function("pipeline-gate", async |clients, settings| {
        let gate = PipelineGate::new(clients, &settings);
        lambda_runtime::run(service_fn(|event| gate.handle(event))).await
    })
    .await
}
