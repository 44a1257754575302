//! The program of the Lambda function stage-retry.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    stage_retry::run().await
}
