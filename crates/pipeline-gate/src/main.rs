//! The program of the Lambda function pipeline-gate.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    pipeline_gate::run().await
}
