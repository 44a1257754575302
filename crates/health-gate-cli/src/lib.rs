//! The `health-gate` command: its subcommands, a module each. A library, so that the tests' program is the same one.

mod backtest;
mod check;
mod definition;
mod demo;
mod doctor;
mod event_view;
mod exit_code;
mod explain;
mod function;
mod gate_arguments;
mod help;
mod input;
mod look;
mod output;
mod overrides;
mod pipelines;
mod policy_arguments;
mod progress;
mod retry;
mod sandbox;
mod session;
mod status;
pub mod texts;
mod timeline;
mod times;
mod until_closed;
mod validate;

use std::io::{self, Write};

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use health_gate::{PolicyError, is_invisible};

use crate::exit_code::{ExitCode, WrongUsage};
use crate::until_closed::UntilClosed;

/// Puts AWS Health into a deployment pipeline.
#[derive(Debug, Parser)]
#[command(name = "health-gate", version, arg_required_else_help = true, after_help = help::EXIT_CODES)]
struct Command {
    #[command(flatten)]
    color: colorchoice_clap::Color,
    #[command(subcommand)]
    subcommand: Subcommands,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Says whether a deployment may go on now; with --wait, waits until it may.
    #[command(after_help = help::CHECK)]
    Check(check::Arguments),
    /// Says of each event of AWS Health why it counts or not, and what CodePipeline would be told.
    #[command(after_help = help::EXPLAIN)]
    Explain(explain::Arguments),
    /// Validates a policy, or every gate of a pipeline's definition.
    #[command(after_help = help::VALIDATE)]
    Validate(validate::Arguments),
    /// Shows every gate: what it let through, holds or has stopped, why, and what comes next.
    #[command(after_help = help::STATUS)]
    Status(status::Arguments),
    /// Lets pipelines go out in spite of incidents: sets, lists and takes away overrides.
    Override(overrides::Arguments),
    /// Looks whether everything that the gate needs is there, and says what to do about what is not.
    #[command(after_help = help::DOCTOR)]
    Doctor(doctor::Arguments),
    /// Says when a policy would have stopped deployments, by AWS Health's history.
    #[command(after_help = help::BACKTEST)]
    Backtest(backtest::Arguments),
    /// Plays releases on an embedded AWS, in virtual time: no account, no Docker, no network.
    #[command(after_help = help::DEMO)]
    Demo,
    /// Serves a local AWS over HTTP: AWS Health, CodePipeline with releases that run, SNS and Lambda.
    #[command(after_help = help::SANDBOX)]
    Sandbox(sandbox::Arguments),
    /// Prints what completes this command in a shell.
    #[command(after_help = help::COMPLETIONS)]
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Runs one of the two functions, as the sandbox starts it.
    #[command(hide = true)]
    Function(function::Arguments),
}

/// Runs the command with the process's arguments.
pub fn main() -> std::process::ExitCode {
    let command = match Command::try_parse() {
        Ok(command) => command,
        Err(error) => return usage(&error).into(),
    };
    command.color.write_global();
    let out = &mut UntilClosed::new(anstream::stdout().lock());
    let outcome = match command.subcommand {
        Subcommands::Check(arguments) => check::run(&arguments, out),
        Subcommands::Explain(arguments) => explain::run(&arguments, out),
        Subcommands::Validate(arguments) => validate::run(&arguments, out),
        Subcommands::Status(arguments) => status::run(&arguments, out),
        Subcommands::Override(arguments) => overrides::run(&arguments, out),
        Subcommands::Doctor(arguments) => doctor::run(&arguments, out),
        Subcommands::Backtest(arguments) => backtest::run(&arguments, out),
        Subcommands::Demo => demo::run(out),
        // It goes on as long as somebody reads, and all else to its end.
        Subcommands::Sandbox(arguments) => sandbox::run(&arguments, out.inner()),
        Subcommands::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Command::command(), "health-gate", &mut text);
            out.write_all(&text)
                .map(|()| ExitCode::Pass)
                .map_err(Into::into)
        }
        Subcommands::Function(arguments) => return function::run(&arguments),
    };
    match outcome {
        Ok(exit_code) => exit_code.into(),
        Err(error) if is_closed_pipe(&error) => ExitCode::Pass.into(),
        Err(error) => {
            // Nothing is left to do if stderr is closed too.
            let text = format!("health-gate: {error:#}");
            let text = text.replace(|c| c != '\n' && is_invisible(c), " ");
            let _ = writeln!(io::stderr(), "{text}");
            let is_usage = error.is::<PolicyError>() || error.is::<WrongUsage>();
            if is_usage {
                ExitCode::Usage
            } else {
                ExitCode::Error
            }
            .into()
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

/// Nobody reads the sandbox's lines any more.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
