//! The `health-gate` command.

mod demo;
mod exit_code;
mod function;
mod sandbox;
mod timeline;

use std::io::{self, Write};

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use crate::exit_code::ExitCode;

/// Puts AWS Health into a deployment pipeline.
#[derive(Debug, Parser)]
#[command(name = "health-gate", version, arg_required_else_help = true)]
struct Command {
    #[command(subcommand)]
    subcommand: Subcommands,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Plays releases on an embedded AWS, in virtual time: no account, no Docker, no network.
    Demo,
    /// Serves a local AWS over HTTP: AWS Health, CodePipeline with releases that run, SNS and Lambda.
    Sandbox(sandbox::Arguments),
    /// Runs one of the two functions, as the sandbox starts it.
    #[command(hide = true)]
    Function(function::Arguments),
}

fn main() -> std::process::ExitCode {
    let command = match Command::try_parse() {
        Ok(command) => command,
        Err(error) => return usage(&error).into(),
    };
    let outcome = match command.subcommand {
        Subcommands::Demo => demo::run(&mut io::stdout().lock()),
        Subcommands::Sandbox(arguments) => sandbox::run(&arguments, &mut io::stdout().lock()),
        Subcommands::Function(arguments) => return function::run(&arguments),
    };
    match outcome {
        Ok(exit_code) => exit_code.into(),
        Err(error) if is_closed_pipe(&error) => ExitCode::Pass.into(),
        Err(error) => {
            // Nothing is left to do if stderr is closed too.
            let _ = writeln!(io::stderr(), "health-gate: {error:#}");
            ExitCode::Error.into()
        }
    }
}

/// Prints help or what is wrong with the arguments.
fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        ExitCode::Pass
    } else {
        ExitCode::Usage
    }
}

/// `health-gate demo | head` is no error.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
