//! `health-gate function`: one of the two functions as a process of the sandbox. It is the same code as the function's own
//! program, so that the command needs no other file.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

/// The arguments of `health-gate function`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    function: Function,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Function {
    PipelineGate,
    StageRetry,
}

/// Runs until the sandbox ends the process.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(async {
            match arguments.function {
                Function::PipelineGate => pipeline_gate::run().await,
                Function::StageRetry => stage_retry::run().await,
            }
        }),
        Err(_) => ExitCode::FAILURE,
    }
}

/// The programs that a function of the sandbox may be created with.
pub(crate) fn programs() -> std::io::Result<BTreeMap<String, Vec<String>>> {
    let command = std::env::current_exe()?.to_string_lossy().into_owned();
    let program = |name: &str| {
        let words = [command.as_str(), "function", name];
        (name.to_owned(), words.map(str::to_owned).to_vec())
    };
    Ok([program("pipeline-gate"), program("stage-retry")].into())
}
