//! How fast and how small the functions are, against an echo and against the gate that people write today.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the output of a program for people"
)]

mod aws;
mod budget;
mod function;
mod instructions;
mod measurement;
mod runtime_api;
mod sizes;
mod table;
mod tls_front;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser};

use crate::aws::{Aws, Work};
use crate::budget::Budget;
use crate::function::Subject;
use crate::instructions::Instructions;
use crate::measurement::Measurement;
use crate::sizes::Size;
use crate::table::{Column, Table};

/// How fast and how small the functions are.
#[derive(Debug, Parser)]
enum Command {
    /// Measures an echo, both functions and a gate in Python, one after the other and again, and prints a table.
    Measure(Measure),
    /// Holds sizes and instructions of both functions against the committed figures. Exits with 1 if one is over them.
    ///
    /// A size has a limit; instructions may be a tenth more than what is committed. Since no test has TLS besides, this is also where a function
    /// has to refuse a server whose certificate goes back to nobody that it trusts, at once.
    Check(Check),
    /// Holds sizes of programs against the budget. Exits with 1 if one is over it.
    Sizes {
        /// Programs.
        #[arg(required = true)]
        programs: Vec<PathBuf>,
    },
}

#[derive(Debug, Args)]
struct Measure {
    /// A folder that `cargo lambda build` has filled: `floor`, `pipeline-gate`, `stage-retry`.
    #[arg(long)]
    programs: PathBuf,
    /// A Python that has `boto3` and `awslambdaric`.
    #[arg(long)]
    python: PathBuf,
    /// How often each is measured.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
}

#[derive(Debug, Args)]
struct Check {
    /// A folder that `cargo lambda build` has filled: `pipeline-gate`, `stage-retry`.
    #[arg(long)]
    programs: PathBuf,
    /// Writes what was counted as the figures to commit, instead.
    #[arg(long)]
    write: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Measure(arguments) => measure(arguments).await.map(|()| Vec::new()),
        Command::Check(arguments) => check(arguments).await,
        Command::Sizes { programs } => sizes(&programs).await,
    };
    match done {
        Ok(over) if over.is_empty() => ExitCode::SUCCESS,
        Ok(over) => {
            for line in over {
                eprintln!("does not hold: {line}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("not measured: {error}");
            ExitCode::FAILURE
        }
    }
}

fn ours(programs: &Path) -> [Subject; 2] {
    [
        Subject::program(programs, "pipeline-gate", Work::Job),
        Subject::program(programs, "stage-retry", Work::Message),
    ]
}

async fn measure(arguments: Measure) -> Result<(), Box<dyn Error>> {
    let Measure {
        programs,
        python,
        runs,
    } = arguments;
    let mut subjects = vec![Subject::program(&programs, "floor", Work::Echo)];
    subjects.extend(ours(&programs));
    subjects.push(Subject::python(&python));
    let folder = Folder::new()?;
    let mut aws = Aws::start(
        usize::from(runs) * measurement::EVENTS + instructions::EVENTS,
        &folder.0,
    )
    .await?;
    let mut measurements: Vec<Measurement> = Vec::new();
    measurements.resize_with(subjects.len(), Measurement::default);
    for _ in 0..runs {
        for (subject, measurement) in subjects.iter().zip(&mut measurements) {
            measurement.run(subject, &mut aws).await?;
        }
    }
    let mut columns = Vec::new();
    for (subject, measurement) in subjects.iter().zip(measurements) {
        columns.push(Column {
            name: subject.name,
            size: Size::of(&subject.file).await?,
            instructions: Instructions::count(subject, &mut aws, &folder.0).await?,
            measurement,
        });
    }
    print!("{}", Table(&columns));
    Ok(())
}

async fn check(arguments: Check) -> Result<Vec<String>, Box<dyn Error>> {
    let folder = Folder::new()?;
    // One more than is counted: that of a function that refuses a stranger.
    let mut aws = Aws::start(instructions::EVENTS + 1, &folder.0).await?;
    let mut budget = read_budget()?;
    let mut over = Vec::new();
    for subject in ours(&arguments.programs) {
        over.extend(function::wrong_with_strangers(&subject, &mut aws).await?);
        let size = Size::of(&subject.file).await?;
        let counted = Instructions::count(&subject, &mut aws, &folder.0).await?;
        let Instructions {
            init_plain,
            init,
            first,
            warm,
        } = counted;
        println!(
            "{}: {} bytes, {} zipped; instructions: init {init_plain} (TLS: {init}), first invocation {first}, warm invocation {warm}",
            subject.name, size.plain, size.zipped
        );
        over.extend(budget.size(subject.name, size.plain));
        if arguments.write {
            budget.commit(subject.name, counted);
        } else {
            over.extend(budget.growth(subject.name, &counted));
        }
    }
    if arguments.write {
        std::fs::write(BUDGET, serde_json::to_string_pretty(&budget)? + "\n")?;
    }
    Ok(over)
}

async fn sizes(programs: &[PathBuf]) -> Result<Vec<String>, Box<dyn Error>> {
    let budget = read_budget()?;
    let mut over = Vec::new();
    for program in programs {
        let size = Size::of(program).await?;
        let name = program.display().to_string();
        println!("{name}: {} bytes, {} zipped", size.plain, size.zipped);
        over.extend(budget.size(&name, size.plain));
    }
    Ok(over)
}

/// The committed figures.
const BUDGET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/budget.json");

fn read_budget() -> Result<Budget, Box<dyn Error>> {
    let text = std::fs::read_to_string(BUDGET).map_err(|error| format!("{BUDGET}: {error}"))?;
    Ok(serde_json::from_str(&text).map_err(|error| format!("{BUDGET}: {error}"))?)
}

/// A folder of this process, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("footprint-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
