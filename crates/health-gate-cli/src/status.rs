//! `health-gate status`: all gates of all pipelines, and what each waits for.

mod line;
mod seen;

use std::io::Write;

use anyhow::Result;
use clap::Args;
use futures_util::stream::{self, StreamExt as _};
use health_gate::{Asker, Reading, RetryRules, one_line, rfc3339};
use time::UtcDateTime;

use self::line::Line;
use self::seen::{look, read_for};
use crate::exit_code::ExitCode;
use crate::look::advice;
use crate::output::{
    BAD, Format, FormatArgument, QUIET, WARNING, clock, print_json, print_table, styled, table,
};
use crate::pipelines::{self, Found, IN_FLIGHT, Pipeline, Selection, Unread};
use crate::progress;
use crate::session::{AwsArguments, Session, run as run_async};

/// The arguments of `health-gate status`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Show only gates that hold or stop a deployment.
    #[arg(long)]
    waiting: bool,
    #[command(flatten)]
    format: FormatArgument,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    aws: AwsArguments,
}

/// Shows all gates.
pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode> {
    run_async(async {
        let session = Session::open(&arguments.aws).await?;
        let clients = &session.clients;
        let Found {
            gated,
            ungated,
            mut unread,
        } = pipelines::find(clients, &arguments.selection).await?;
        let bar = progress::steps(gated.len(), "looking at gates");
        let looks = gated.iter().map(async |pipeline| {
            let seen = look(clients, pipeline, &arguments.selection).await;
            bar.step();
            (pipeline, seen)
        });
        let looks: Vec<_> = stream::iter(looks).buffered(IN_FLIGHT).collect().await;
        drop(bar);
        let mut seen = Vec::new();
        for (pipeline, look) in looks {
            match look {
                Ok(look) => seen.push(look),
                Err(why) => unread.push(Unread {
                    pipeline: pipeline.at.name.clone(),
                    why,
                }),
            }
        }
        let rules = RetryRules {
            gates: arguments.selection.gates.functions(),
            account: session.account_policy.clone(),
            own_region: clients.region.clone(),
            asked_by: Asker::Signal,
        };
        let reading = read_for(clients, &seen, &rules).await;
        let now = clients.clock.now();
        let mut lines = Vec::new();
        for seen in &seen {
            lines.extend(seen.lines(&arguments.selection, &rules, &reading, now));
        }
        lines.retain(|line| !arguments.waiting || matches!(line.state, "held" | "stopped"));
        // What waits comes first.
        lines.sort_by_key(|line| match line.state {
            "stopped" => 0,
            "held" => 1,
            "running" => 2,
            _ => 3,
        });
        match arguments.format.format {
            Format::Json => print_json(
                out,
                &serde_json::json!({
                    "checkedAt": rfc3339(now),
                    "gates": lines,
                    "withoutGate": ungated.iter().map(|pipeline| &pipeline.at.name).collect::<Vec<_>>(),
                    "unread": unread.iter().map(|unread| serde_json::json!({"pipeline": unread.pipeline, "why": unread.why})).collect::<Vec<_>>(),
                }),
            )?,
            Format::Text => print(&lines, &ungated, &unread, &reading, now, out)?,
        }
        Ok(if unread.is_empty() && reading.unread.is_none() {
            ExitCode::Pass
        } else {
            ExitCode::Error
        })
    })
}

fn print(
    lines: &[Line],
    ungated: &[Pipeline],
    unread: &[Unread],
    reading: &Reading,
    now: UtcDateTime,
    out: &mut impl Write,
) -> Result<()> {
    if let Some(why) = &reading.unread {
        let text = format!(
            "AWS Health is not known: {}: {}",
            why.cause,
            one_line(&why.detail)
        );
        writeln!(out, "{}\n{}\n", styled(BAD, text), advice(why.cause))?;
    }
    if !lines.is_empty() {
        let mut rows = table(&[
            "pipeline",
            "gate",
            "state",
            "since",
            "why, and what comes next",
        ]);
        for line in lines {
            let mut why = vec![one_line(&line.why)];
            if let Some(overridden) = &line.overridden {
                why.push(format!(
                    "overridden until {} by {}: {}",
                    clock(overridden.until, now),
                    one_line(&overridden.by),
                    one_line(&overridden.reason)
                ));
            }
            why.extend(line.note.as_deref().map(one_line));
            why.retain(|text| !text.is_empty());
            rows.add_row([
                line.pipeline.clone(),
                format!("{} / {}", line.stage, line.action),
                line.state.to_owned(),
                line.since_time.map(|at| clock(at, now)).unwrap_or_default(),
                why.join("; "),
            ]);
        }
        print_table(out, &rows)?;
        writeln!(out)?;
    }
    let count = |state: &str| lines.iter().filter(|line| line.state == state).count();
    let without = match ungated.len() {
        0 => String::new(),
        count => format!(
            "; {} without a gate",
            health_gate::plural(count, "pipeline")
        ),
    };
    let summary = format!(
        "{}: {} stopped, {} held{without}",
        health_gate::plural(lines.len(), "gate"),
        count("stopped"),
        count("held")
    );
    writeln!(out, "{}", styled(QUIET, summary))?;
    for Unread { pipeline, why } in unread {
        let text = one_line(&format!("{pipeline} could not be read: {why}"));
        writeln!(out, "{}", styled(WARNING, text))?;
    }
    Ok(())
}
