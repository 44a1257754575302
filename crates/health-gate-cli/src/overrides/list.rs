//! `health-gate override list`.

use std::io::Write;

use anyhow::Result;
use clap::Args;
use futures_util::stream::{self, StreamExt as _};
use health_gate::{OVERRIDE_TAG, Override, OverrideError, one_line, rfc3339};
use health_gate_aws::tag_value;
use serde::Serialize;
use serde_json::json;
use time::UtcDateTime;

use crate::exit_code::ExitCode;
use crate::output::{
    Format, FormatArgument, WARNING, clock, print_json, print_table, styled, table,
};
use crate::pipelines::{self, IN_FLIGHT, Selection};
use crate::progress;
use crate::session::{AwsArguments, Session};

/// The arguments of `health-gate override list`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    format: FormatArgument,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    aws: AwsArguments,
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

/// Shows the overrides of the selected pipelines.
pub(super) async fn list(arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode> {
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
                        one_line(line.by.as_deref().unwrap_or_default()),
                        one_line(
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
                let text = one_line(&format!("{pipeline} could not be read: {why}"));
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
