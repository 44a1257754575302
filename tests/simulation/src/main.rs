//! Plays seeds of the simulation.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the output of a program for people"
)]

use std::process::ExitCode;

use clap::{Parser, value_parser};
use simulation::{Failure, Seeds, Story, play};

/// So many seeds show something: each invariant is in danger in some of them.
const ENOUGH: u64 = 1_000;

/// Plays both functions in random worlds, one for each seed, and checks what has to hold in all of them. Exits with 1 if something
/// does not hold, and with 3 if an invariant could not have been broken, an operation did not meet a fault, people did not get their way, or
/// no function did what the template allows it, in any of a thousand of them or more.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many seeds.
    #[arg(long, default_value_t = ENOUGH, conflicts_with = "seed", value_parser = value_parser!(u64).range(1..=1_000_000_000))]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0, conflicts_with = "seed", value_parser = value_parser!(u64).range(..=1_000_000_000_000))]
    from: u64,
    /// Of a seed that fails, only what does not hold.
    #[arg(long, conflicts_with = "seed")]
    brief: bool,
    /// One seed: all that happens in it; of one that fails, with as little as possible of what was done.
    #[arg(long)]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    let Arguments {
        seeds,
        from,
        brief,
        seed,
    } = Arguments::parse();
    if let Some(seed) = seed {
        return one(seed);
    }
    let played = seeds;
    let seeds = Seeds::play(from..from + seeds);
    println!("{seeds}");
    if let Some(Failure { seed, violation }) = &seeds.failure {
        if !brief {
            one(*seed);
        }
        let nth = seed - from + 1;
        eprintln!("{}", violation.what);
        eprintln!(
            "found by seed number {nth}, which is {seed}: {}",
            violation.invariant.sentence()
        );
        return ExitCode::FAILURE;
    }
    let idle = seeds.idle();
    for invariant in &idle {
        eprintln!(
            "never in danger, so that nothing is shown: {}",
            invariant.sentence()
        );
    }
    if played < ENOUGH {
        return ExitCode::SUCCESS;
    }
    let (unmet, undone) = (seeds.unmet(), seeds.undone());
    for (fault, operation) in &unmet {
        eprintln!("never met, so that nothing is shown: {fault} of {operation}");
    }
    for deed in &undone {
        eprintln!("always refused, so that nothing is shown: {deed}");
    }
    let unused = seeds.unused();
    for (function, action) in &unused {
        eprintln!("template.yaml allows {function} what it never does: {action}");
    }
    if idle.is_empty() && unmet.is_empty() && undone.is_empty() && unused.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(3)
    }
}

/// Prints what happens in a seed; of one that fails, the shortest story that fails in the same way.
fn one(seed: u64) -> ExitCode {
    match Story::shortest(seed) {
        None => {
            println!("{}", play(seed).text());
            ExitCode::SUCCESS
        }
        Some(story) => {
            println!("{}", story.text());
            ExitCode::FAILURE
        }
    }
}
