//! `health-gate override`: the tag with which people let deployments go on, for one pipeline or three hundred.

use std::io::{self, IsTerminal as _, Write};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use clap::{Args, Subcommand};
use dialoguer::Confirm;
use futures_util::stream::{self, StreamExt as _};
use health_gate::{OVERRIDE_TAG, Override, OverrideError, RetryOutcome, plural, rfc3339};
use health_gate_aws::{Clients, Refusal, tag_pipeline, tag_value, untag_pipeline};
use serde::Serialize;
use serde_json::json;
use time::UtcDateTime;

use crate::event_view::plain;
use crate::exit_code::ExitCode;
use crate::gate_arguments::GateArguments;
use crate::output::{
    BAD, Format, FormatArgument, GOOD, QUIET, WARNING, clock, print_json, print_table, styled,
    table,
};
use crate::pipelines::{self, Found, IN_FLIGHT, Pipeline, Selection};
use crate::progress;
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
    #[command(after_help = SET_EXAMPLES)]
    Set(SetArguments),
    /// Shows the overrides of the selected pipelines.
    #[command(after_help = LIST_EXAMPLES)]
    List(ListArguments),
    /// Takes the overrides of the selected pipelines away.
    #[command(after_help = CLEAR_EXAMPLES)]
    Clear(ClearArguments),
}

const SET_EXAMPLES: &str = "\
Examples:
  health-gate override set --pipelines checkout --for 2h --reason 'INC-42 fix'
  health-gate override set --pipelines 'prod-*' --for 2h --reason INC-42 --retry

Without an account: start `health-gate sandbox`, and export what it prints.";
const LIST_EXAMPLES: &str = "\
Examples:
  health-gate override list
  health-gate override list --pipelines 'prod-*' --format json";
const CLEAR_EXAMPLES: &str = "\
Examples:
  health-gate override clear --pipelines checkout
  health-gate override clear --pipelines 'prod-*' --yes";

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
struct ListArguments {
    #[command(flatten)]
    format: FormatArgument,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    aws: AwsArguments,
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
        Subcommands::List(arguments) => run_async(list(arguments, out)),
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
        .map_err(|error| anyhow!("the override is not valid: {error}"))?;
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
    let retried = if arguments.retry {
        let tagged: Vec<&Pipeline> = done.changed(&found.gated).collect();
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
            } else if !done.failed.iter().any(|_| true) {
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
            let text = format!("{} is left out: {}", unread.pipeline, plain(&unread.why));
            writeln!(io::stderr(), "{}", styled(WARNING, text))?;
        }
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
    writeln!(err, "{}", names(&found.gated))?;
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
    let question = format!("Really {what}?");
    let confirmed = Confirm::new()
        .with_prompt(question)
        .default(false)
        .interact();
    if !confirmed.context("the question was not answered")? {
        bail!("nothing was changed");
    }
    Ok(())
}

/// What became of a change of many pipelines, in their order.
struct Done {
    failed: Vec<Failed>,
    total: usize,
}

#[derive(Debug, Serialize)]
struct Failed {
    pipeline: String,
    why: String,
    #[serde(skip)]
    is_denied: bool,
}

async fn change(
    pipelines: &[Pipeline],
    doing: &str,
    with: impl AsyncFn(&Pipeline) -> Result<(), Refusal>,
) -> Done {
    let bar = progress::steps(pipelines.len(), doing);
    let changes = pipelines.iter().map(async |pipeline| {
        let done = with(pipeline).await;
        bar.step();
        (pipeline, done)
    });
    let done: Vec<_> = stream::iter(changes).buffered(IN_FLIGHT).collect().await;
    let failed = done.into_iter().filter_map(|(pipeline, done)| {
        let refusal = done.err()?;
        Some(Failed {
            pipeline: pipeline.at.name.clone(),
            is_denied: refusal.outcome == RetryOutcome::Denied,
            why: refusal.why,
        })
    });
    Done {
        failed: failed.collect(),
        total: pipelines.len(),
    }
}

impl Done {
    fn exit_code(&self) -> ExitCode {
        if self.failed.is_empty() {
            ExitCode::Pass
        } else {
            ExitCode::Error
        }
    }

    fn changed<'p>(&'p self, pipelines: &'p [Pipeline]) -> impl Iterator<Item = &'p Pipeline> {
        let has_failed = |pipeline: &Pipeline| {
            let mut failed = self.failed.iter();
            failed.any(|failed| failed.pipeline == pipeline.at.name)
        };
        pipelines
            .iter()
            .filter(move |pipeline| !has_failed(pipeline))
    }

    fn names<'p>(&'p self, pipelines: &'p [Pipeline]) -> Vec<&'p str> {
        self.changed(pipelines)
            .map(|pipeline| pipeline.at.name.as_str())
            .collect()
    }

    fn print(&self, what: &str, out: &mut impl Write) -> Result<()> {
        let changed = self.total - self.failed.len();
        let style = if self.failed.is_empty() {
            GOOD
        } else {
            WARNING
        };
        writeln!(
            out,
            "{}",
            styled(style, format!("{} {what}", plural(changed, "pipeline")))
        )?;
        for failed in &self.failed {
            let text = format!("{}: {}", failed.pipeline, plain(&failed.why));
            writeln!(out, "  {}", styled(BAD, text))?;
        }
        if self.failed.iter().any(|failed| failed.is_denied) {
            writeln!(
                out,
                "These credentials need `codepipeline:TagResource` and `codepipeline:UntagResource` on the pipelines; SECURITY.md has a policy."
            )?;
        }
        Ok(())
    }
}

/// An override, as it is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    pipeline: String,
    in_force: bool,
    until: Option<String>,
    by: Option<String>,
    reason: Option<String>,
    /// Why it is not in force.
    problem: Option<String>,
    #[serde(skip)]
    until_time: Option<UtcDateTime>,
}

async fn list(arguments: &ListArguments, out: &mut impl Write) -> Result<ExitCode> {
    let session = Session::open(&arguments.aws).await?;
    let clients = &session.clients;
    let found = pipelines::find(clients, &arguments.selection).await?;
    let bar = progress::steps(found.gated.len(), "reading tags");
    let reads = found.gated.iter().map(async |pipeline| {
        let tag = tag_value(clients, &pipeline.at, OVERRIDE_TAG).await;
        bar.step();
        (pipeline.at.name.clone(), tag)
    });
    let read: Vec<_> = stream::iter(reads).buffered(IN_FLIGHT).collect().await;
    drop(bar);
    let now = clients.clock.now();
    let mut lines = Vec::new();
    let mut unread: Vec<(String, String)> = found
        .unread
        .into_iter()
        .map(|unread| (unread.pipeline, unread.why))
        .collect();
    for (pipeline, tag) in read {
        match tag {
            Ok(None) => {}
            Ok(Some(value)) => lines.push(line(pipeline, &value, now)),
            Err(why) => unread.push((pipeline, why)),
        }
    }
    match arguments.format.format {
        Format::Json => print_json(
            out,
            &json!({
                "checkedAt": rfc3339(now),
                "overrides": lines,
                "unread": unread.iter().map(|(pipeline, why)| json!({"pipeline": pipeline, "why": why})).collect::<Vec<_>>(),
            }),
        )?,
        Format::Text => {
            if lines.is_empty() {
                writeln!(out, "no pipeline with a gate has an override")?;
            } else {
                let mut rows = table(&["pipeline", "until", "by", "reason"]);
                for line in &lines {
                    let until = line.until_time.map(|until| clock(until, now));
                    rows.add_row([
                        line.pipeline.clone(),
                        until.unwrap_or_else(|| "not in force".to_owned()),
                        plain(line.by.as_deref().unwrap_or_default()),
                        plain(
                            line.reason
                                .as_deref()
                                .or(line.problem.as_deref())
                                .unwrap_or_default(),
                        ),
                    ]);
                }
                print_table(out, &rows)?;
            }
            for (pipeline, why) in &unread {
                let text = format!("{pipeline} could not be read: {}", plain(why));
                writeln!(out, "{}", styled(WARNING, text))?;
            }
        }
    }
    Ok(if unread.is_empty() {
        ExitCode::Pass
    } else {
        ExitCode::Error
    })
}

fn line(pipeline: String, value: &str, now: UtcDateTime) -> Line {
    let read: Result<Override, OverrideError> = Override::read(value, now);
    let (overridden, problem) = match read {
        Ok(overridden) => (Some(overridden), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let until = overridden.as_ref().map(|overridden| overridden.until);
    Line {
        pipeline,
        in_force: overridden.is_some(),
        until: until.map(rfc3339),
        by: overridden.as_ref().map(|overridden| overridden.by.clone()),
        reason: overridden.map(|overridden| overridden.reason),
        problem,
        until_time: until,
    }
}
