//! `health-gate override`: the tag with which people let deployments go on, for one pipeline or three hundred.

mod change;
mod list;

use std::io::{self, IsTerminal as _, Write};

use anyhow::{Context as _, Result, ensure};
use clap::{Args, Subcommand};
use health_gate::{OVERRIDE_TAG, Override, one_line, plural};
use health_gate_aws::{Clients, tag_pipeline, untag_pipeline};
use serde_json::json;
use time::UtcDateTime;

use self::change::change;
use crate::exit_code::{ExitCode, WrongUsage};
use crate::gate_arguments::GateArguments;
use crate::help;
use crate::output::{Format, FormatArgument, QUIET, WARNING, clock, print_json, styled};
use crate::pipelines::{self, Found, Pipeline, Selection};
use crate::retry;
use crate::session::{AwsArguments, Session, run as run_async};
use crate::times::{self, OverrideSpan};

/// The arguments of `health-gate override`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    subcommand: Subcommands,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Lets the selected pipelines go out in spite of incidents.
    #[command(after_help = help::OVERRIDE_SET)]
    Set(SetArguments),
    /// Shows the overrides of the selected pipelines.
    #[command(after_help = help::OVERRIDE_LIST)]
    List(list::Arguments),
    /// Takes the overrides of the selected pipelines away.
    #[command(after_help = help::OVERRIDE_CLEAR)]
    Clear(ClearArguments),
}

#[derive(Debug, Args)]
struct SetArguments {
    /// How long, at most 7d: one whole number and one unit of `s`, `m`, `h` or `d`.
    #[arg(
        long = "for",
        value_name = "DURATION",
        required_unless_present = "until",
        conflicts_with = "until"
    )]
    duration: Option<OverrideSpan>,
    /// Until when, in UTC, at most 7 days ahead: 2026-11-23T18:00Z.
    #[arg(long, value_name = "TIME", value_parser = times::option)]
    until: Option<UtcDateTime>,
    /// Why, for those who ask later: at most 180 characters.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who says so.
    #[arg(long, value_name = "NAME", env = "USER", hide_env_values = true)]
    by: String,
    /// Retry what the gate has stopped in these pipelines at once, whatever its policy says of retries.
    #[arg(long)]
    retry: bool,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    pipelines: Named,
}

#[derive(Debug, Args)]
struct ClearArguments {
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    pipelines: Named,
}

/// Pipelines that are changed: they have to be named.
#[derive(Debug, Args)]
struct Named {
    #[command(flatten)]
    format: FormatArgument,
    /// Names with commas between them, `*` is any run of characters.
    #[arg(long = "pipelines", value_name = "NAME,…", help_heading = "Pipelines")]
    names: String,
    #[command(flatten)]
    gates: GateArguments,
    #[command(flatten)]
    aws: AwsArguments,
}

/// Sets, lists or takes away overrides.
pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode> {
    match &arguments.subcommand {
        Subcommands::Set(arguments) => run_async(set(arguments, out)),
        Subcommands::List(arguments) => run_async(list::list(arguments, out)),
        Subcommands::Clear(arguments) => run_async(clear(arguments, out)),
    }
}

async fn set(arguments: &SetArguments, out: &mut impl Write) -> Result<ExitCode> {
    let session = Session::open(&arguments.pipelines.aws).await?;
    let clients = &session.clients;
    let now = clients.clock.now();
    let after = |span: OverrideSpan| (now + span.duration()).truncate_to_second();
    let until = arguments.until.or(arguments.duration.map(after));
    let overridden = Override {
        // One of the two is required.
        until: until.unwrap_or(now),
        by: arguments.by.trim().replace(' ', "."),
        reason: arguments.reason.trim().to_owned(),
    };
    let value = overridden
        .to_tag(now)
        .map_err(|error| WrongUsage(format!("the override is not valid: {error}")))?;
    let found = arguments.pipelines.find(clients).await?;
    let what = format!(
        "let {} go out until {}",
        plural(found.gated.len(), "pipeline"),
        clock(overridden.until, now)
    );
    preview(&found, &format!("{value}\n"), &what, arguments.yes)?;
    let done = change(&found.gated, "tagging", async |pipeline| {
        tag_pipeline(clients, &pipeline.at, OVERRIDE_TAG, &value).await
    })
    .await;
    let mut exit_code = done.exit_code();
    let tagged: Vec<&Pipeline> = done.changed(&found.gated).collect();
    let retried = if arguments.retry && !tagged.is_empty() {
        Some(retry::retry(&session, &arguments.pipelines.gates, &tagged).await?)
    } else {
        None
    };
    match arguments.pipelines.format.format {
        Format::Json => print_json(
            out,
            &json!({"value": value, "overridden": done.names(&found.gated), "failed": done.failed, "retries": retried.as_ref().map(retry::view)}),
        )?,
        Format::Text => {
            done.print(
                &format!("overridden until {}", clock(overridden.until, now)),
                out,
            )?;
            if let Some(retried) = &retried {
                retry::print(retried, out)?;
            } else if done.failed.is_empty() {
                writeln!(
                    out,
                    "{}",
                    styled(
                        QUIET,
                        "What is stopped goes on at the next sweep; --retry does it at once."
                    )
                )?;
            }
        }
    }
    if let Some(retried) = &retried
        && !retry::is_complete(retried)
    {
        exit_code = ExitCode::Error;
    }
    Ok(exit_code)
}

async fn clear(arguments: &ClearArguments, out: &mut impl Write) -> Result<ExitCode> {
    let session = Session::open(&arguments.pipelines.aws).await?;
    let clients = &session.clients;
    let found = arguments.pipelines.find(clients).await?;
    let what = format!(
        "take the overrides of {} away",
        plural(found.gated.len(), "pipeline")
    );
    preview(&found, "", &what, arguments.yes)?;
    let done = change(&found.gated, "untagging", async |pipeline| {
        untag_pipeline(clients, &pipeline.at, OVERRIDE_TAG).await
    })
    .await;
    match arguments.pipelines.format.format {
        Format::Json => print_json(
            out,
            &json!({"cleared": done.names(&found.gated), "failed": done.failed}),
        )?,
        Format::Text => done.print("without an override", out)?,
    }
    Ok(done.exit_code())
}

impl Named {
    async fn find(&self, clients: &Clients) -> Result<Found> {
        let selection = Selection {
            names: self.names.clone(),
            gates: self.gates.clone(),
        };
        let found = pipelines::find(clients, &selection).await?;
        // Three hundred pipelines of which one is not known are not done by halves without a word.
        for unread in &found.unread {
            let text = one_line(&format!("{} is left out: {}", unread.pipeline, unread.why));
            writeln!(anstream::stderr(), "{}", styled(WARNING, text))?;
        }
        ensure!(
            !found.gated.is_empty() || found.unread.is_empty(),
            "none of these pipelines could be read\nThese credentials need `codepipeline:GetPipeline`; SECURITY.md has a policy."
        );
        ensure!(
            !found.gated.is_empty(),
            "none of these pipelines has a gate: {}\n--gate-function says which functions are gates.",
            names(&found.ungated)
        );
        Ok(found)
    }
}

fn names(pipelines: &[Pipeline]) -> String {
    const SHOWN: usize = 20;
    let shown: Vec<&str> = pipelines
        .iter()
        .take(SHOWN)
        .map(|pipeline| pipeline.at.name.as_str())
        .collect();
    let more = match pipelines.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", shown.join(", "))
}

/// Shows what will be touched, and asks.
fn preview(found: &Found, value: &str, what: &str, yes: bool) -> Result<()> {
    let mut err = anstream::stderr();
    let arn = found
        .gated
        .first()
        .and_then(|pipeline| pipeline.at.arn.as_deref());
    if let [_, _, _, region, account, ..] =
        arn.unwrap_or_default().split(':').collect::<Vec<_>>()[..]
    {
        writeln!(err, "in {region}, account {account}:")?;
    }
    // All of them: nobody says yes to what is not shown.
    let all: Vec<&str> = found
        .gated
        .iter()
        .map(|pipeline| pipeline.at.name.as_str())
        .collect();
    writeln!(err, "{}", all.join(", "))?;
    if !found.ungated.is_empty() {
        let text = format!("without a gate, and left alone: {}", names(&found.ungated));
        writeln!(err, "{}", styled(QUIET, text))?;
    }
    write!(err, "{value}")?;
    if yes {
        return Ok(());
    }
    ensure!(
        io::stdin().is_terminal() && io::stderr().is_terminal(),
        "nobody is there to ask whether to {what}\nSay --yes to do it without asking."
    );
    write!(err, "Really {what}? [y/N] ")?;
    err.flush()?;
    let mut answer = String::new();
    // Ctrl-C ends the command, and the end of the input is no yes.
    io::stdin()
        .read_line(&mut answer)
        .context("the question was not answered")?;
    ensure!(
        matches!(answer.trim(), "y" | "Y" | "yes"),
        "nothing was changed"
    );
    Ok(())
}
