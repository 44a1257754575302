//! `health-gate backtest`: what a policy would have done with what AWS Health shows of the last weeks, before anybody relies on it.

pub(crate) mod history;
pub(crate) mod page;
pub(crate) mod text;

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use health_gate::{Backtest, Event, Policy, Region, Window, rfc3339};
use health_gate_aws::{Clock, Settings, read_history};
use time::UtcDateTime;

use self::page::About;
use crate::exit_code::{ExitCode, WrongUsage};
use crate::look::advice;
use crate::output::{Format, FormatArgument, print_json};
use crate::policy_arguments::PolicyArguments;
use crate::progress;
use crate::session::{AwsArguments, Session, run as run_async};
use crate::times;

/// How long AWS Health keeps an event (user guide, "Concepts for AWS Health").
const KEPT_DAYS: u32 = 90;
/// How long the reading of all that may take: pages are throttled.
const PATIENCE: Duration = Duration::from_mins(10);

/// The arguments of `health-gate backtest`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Events from a file, in place of AWS Health: the output of `aws health describe-events`; may be repeated.
    #[arg(long = "events", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How many days to look back; AWS Health shows 90.
    #[arg(long, default_value_t = KEPT_DAYS, value_parser = clap::value_parser!(u32).range(1..=3_660))]
    days: u32,
    /// The end of these days, in UTC, like 2026-11-23T18:00Z [default: now].
    #[arg(long, value_name = "TIME", value_parser = times::option)]
    until: Option<UtcDateTime>,
    /// Write a page with a time line to this file, for a browser: it needs no network. `-` is
    /// standard output, and then nothing else is written there.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    format: FormatArgument,
    #[command(flatten)]
    policy: PolicyArguments,
    #[command(flatten)]
    aws: AwsArguments,
}

/// What is judged.
struct Subject {
    policy: Policy,
    events: Vec<Event>,
    source: String,
    window: Window,
    now: UtcDateTime,
}

/// Judges the past, prints it, and writes the page. What was found is no failure of the command.
pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode> {
    let subject = if arguments.files.is_empty() {
        run_async(live(arguments))?
    } else {
        from_files(arguments)?
    };
    ensure!(
        subject.window.until <= subject.now,
        WrongUsage(format!(
            "--until is in the future: {}; accepted: at most now",
            rfc3339(subject.window.until)
        ))
    );
    let backtest = Backtest::of(&subject.policy, &subject.events, subject.window);
    if let Some(file) = &arguments.html {
        let about = About {
            policy: serde_json::to_string_pretty(&subject.policy)?,
            source: subject.source.clone(),
            made_at: subject.now,
        };
        let page = page::page(&backtest, &about)?;
        if file.as_os_str() == "-" {
            ensure!(
                arguments.format.format == Format::Text,
                WrongUsage("--html - and --format json both write to standard output".to_owned())
            );
            write!(out, "{page}")?;
            return Ok(ExitCode::Pass);
        }
        std::fs::write(file, page).with_context(|| format!("cannot write {}", file.display()))?;
    }
    match arguments.format.format {
        Format::Json => print_json(out, &backtest)?,
        Format::Text => text::print(&backtest, &subject.source, out)?,
    }
    if let (Format::Text, Some(file)) = (arguments.format.format, &arguments.html) {
        writeln!(out, "\nThe page is {}", file.display())?;
    }
    Ok(ExitCode::Pass)
}

async fn live(arguments: &Arguments) -> Result<Subject> {
    let session = Session::open(&arguments.aws).await?;
    let clients = &session.clients;
    let policy = arguments
        .policy
        .policy(&session.account_policy, &clients.region)?;
    let now = clients.clock.now();
    let window = Window::of_days(arguments.days, arguments.until.unwrap_or(now));
    let kept_since = now - time::Duration::days(KEPT_DAYS.into());
    ensure!(
        window.from >= kept_since,
        WrongUsage(format!(
            "AWS Health shows {KEPT_DAYS} days, and these begin at {}\nOlder events have to come from files: --events",
            rfc3339(window.from)
        ))
    );
    let spinner = progress::spinner("reading AWS Health's history");
    let health = read_history(clients, window.from, PATIENCE).await;
    drop(spinner);
    if let Some(unread) = &health.reading.unread {
        bail!(
            "{}: {}\n{}",
            unread.cause,
            unread.detail,
            advice(unread.cause)
        );
    }
    Ok(Subject {
        policy,
        source: format!("AWS Health, read at its endpoint in {}", health.endpoint),
        events: health.reading.events,
        window,
        now,
    })
}

fn from_files(arguments: &Arguments) -> Result<Subject> {
    let region: Option<Region> = arguments
        .aws
        .region
        .as_deref()
        .map(str::parse)
        .transpose()?;
    // Without a region of its own, a policy that names none has only `global`, twice.
    let nowhere = Region::global();
    let own_region = region.as_ref().unwrap_or(&nowhere);
    let policy = arguments
        .policy
        .policy(&Settings::from_env().account_policy, own_region)?;
    ensure!(
        policy.regions != Policy::of_region(&nowhere).regions,
        WrongUsage("which regions? A file does not say where the pipelines are\nName them with --regions, or --region for those of a gate there and `global`".to_owned())
    );
    let mut events = Vec::new();
    for file in &arguments.files {
        events.extend(history::read(file)?);
    }
    let names: Vec<String> = arguments
        .files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    let now = Clock::default().now();
    Ok(Subject {
        policy,
        events,
        source: names.join(", "),
        window: Window::of_days(arguments.days, arguments.until.unwrap_or(now)),
        now,
    })
}
