//! The function as a program.

use std::process::ExitCode;

use health_gate_aws::run_function;
use lambda_runtime::service_fn;

use crate::StageRetry;

/// Runs until Lambda ends the process.
pub async fn run() -> ExitCode {
    run_function("stage-retry", async |clients, settings| {
        let stage_retry = StageRetry::new(clients, &settings)?;
        lambda_runtime::run(service_fn(|event| stage_retry.handle(event))).await
    })
    .await
}
