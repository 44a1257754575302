//! `health-gate explain`: each event of AWS Health and the rule that made it count or not, and what CodePipeline would be told.

mod decisions;

use std::io::Write;

use anyhow::{Result, bail};
use clap::Args;
use health_gate::{Event, Filter, Policy, Ruling, hours_and_minutes, one_line};
use health_gate_aws::read_history;
use serde::Serialize;
use time::{Duration, UtcDateTime};

use self::decisions::Kind;
use crate::event_view::EventView;
use crate::exit_code::ExitCode;
use crate::look::{PATIENCE, advice};
use crate::output::{
    BAD, Format, FormatArgument, HEADING, clock, print_json, print_table, styled, table,
};
use crate::policy_arguments::PolicyArguments;
use crate::session::{AwsArguments, Session, run as run_async};

/// The arguments of `health-gate explain`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Show events that AWS closed up to so many hours ago, too.
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u16).range(0..=2160))]
    closed_within: u16,
    /// Show only events that pass the policy's filters.
    #[arg(long)]
    matching: bool,
    #[command(flatten)]
    format: FormatArgument,
    #[command(flatten)]
    policy: PolicyArguments,
    #[command(flatten)]
    aws: AwsArguments,
}

/// Explains a policy by what AWS Health shows now.
pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode> {
    run_async(async {
        let session = Session::open(&arguments.aws).await?;
        let clients = &session.clients;
        let policy = arguments
            .policy
            .policy(&session.account_policy, &clients.region)?;
        let began = clients.clock.now();
        let closed_within = Duration::hours(arguments.closed_within.into());
        let since = began - closed_within.max(policy.quiet_period.duration());
        let health = read_history(clients, since, PATIENCE).await;
        if let Some(unread) = &health.reading.unread {
            bail!(
                "{}: {}\n{}",
                unread.cause,
                unread.detail,
                advice(unread.cause)
            );
        }
        let now = clients.clock.now();
        let mut events = Ruling::of_all(&policy, &health.reading, now);
        // What counts first.
        events.sort_by_key(|(ruling, _)| *ruling);
        events.retain(|(ruling, _)| !arguments.matching || !matches!(ruling, Ruling::Excluded(_)));
        let kinds = decisions::kinds(&policy, &health.reading, now);
        match arguments.format.format {
            Format::Json => print_json(out, &view(&policy, &events, &kinds, now))?,
            Format::Text => print(&policy, &events, &kinds, now, out)?,
        }
        Ok(ExitCode::Pass)
    })
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'a> {
    policy: &'a Policy,
    checked_at: String,
    events: Vec<Explained>,
    decisions: &'a [Kind],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Explained {
    counts: bool,
    /// The key of the policy that decided, if one did.
    key: Option<&'static str>,
    why: String,
    event: EventView,
}

fn view<'a>(
    policy: &'a Policy,
    events: &[(Ruling, Event)],
    decisions: &'a [Kind],
    now: UtcDateTime,
) -> View<'a> {
    let explained = events.iter().map(|(ruling, event)| Explained {
        counts: ruling.counts(),
        key: key(*ruling),
        why: why(policy, event, *ruling, now),
        event: EventView::from(event),
    });
    View {
        policy,
        checked_at: health_gate::rfc3339(now),
        events: explained.collect(),
        decisions,
    }
}

fn print(
    policy: &Policy,
    events: &[(Ruling, Event)],
    kinds: &[Kind],
    now: UtcDateTime,
    out: &mut impl Write,
) -> Result<()> {
    let counted = events.iter().filter(|(ruling, _)| ruling.counts()).count();
    let heading = format!(
        "{} of AWS Health, {counted} of which would stop a deployment",
        health_gate::plural(events.len(), "event")
    );
    writeln!(out, "{}\n", styled(HEADING, heading))?;
    if !events.is_empty() {
        let mut rows = table(&["counts", "event", "region", "since", "why"]);
        for (ruling, event) in events {
            rows.add_row([
                if ruling.counts() { "yes" } else { "no" }.to_owned(),
                one_line(event.type_code.as_deref().unwrap_or("-")),
                one_line(event.region.as_deref().unwrap_or("-")),
                event
                    .start_time
                    .map_or_else(|| "-".to_owned(), |at| clock(at, now)),
                why(policy, event, *ruling, now),
            ]);
        }
        print_table(out, &rows)?;
        writeln!(out)?;
    }
    let stopping: Vec<&Event> = events
        .iter()
        .filter(|(ruling, _)| ruling.counts())
        .map(|(_, event)| event)
        .collect();
    if !stopping.is_empty() {
        writeln!(out, "To leave one out, name its ARN in `ignoreEvents`:")?;
        for event in stopping {
            writeln!(out, "  {}", styled(BAD, one_line(&event.arn)))?;
        }
        writeln!(out)?;
    }
    writeln!(
        out,
        "{}",
        styled(HEADING, "What CodePipeline is told under this policy")
    )?;
    for kind in kinds {
        kind.print(out)?;
    }
    Ok(())
}

/// The key that decided.
fn key(ruling: Ruling) -> Option<&'static str> {
    match ruling {
        Ruling::Excluded(filter) => Some(filter.key()),
        Ruling::Stale => Some("staleAfter"),
        Ruling::JustClosed(_) => Some("quietPeriod"),
        Ruling::Open | Ruling::Closed(_) | Ruling::NotBegun => None,
    }
}

fn why(policy: &Policy, event: &Event, ruling: Ruling, now: UtcDateTime) -> String {
    let ago = |at: Option<UtcDateTime>| {
        at.map_or_else(
            || "it is not known when".to_owned(),
            |at| format!("{} ago", hours_and_minutes(now - at)),
        )
    };
    match ruling {
        Ruling::Open => "it is open, and passes every filter".to_owned(),
        Ruling::JustClosed(at) => format!(
            "it closed, {}, and `quietPeriod` is {}",
            ago(at),
            policy.quiet_period
        ),
        Ruling::Stale => format!(
            "AWS has not updated it since {}, and `staleAfter` is {}",
            ago(event.last_updated_time),
            policy.stale_after
        ),
        Ruling::Closed(at) => format!("it is over, {}", ago(at)),
        Ruling::NotBegun => "it has not begun".to_owned(),
        Ruling::Excluded(filter) => excluded(policy, event, filter),
    }
}

/// Which value of the event does not pass, and what would.
fn excluded(policy: &Policy, event: &Event, filter: Filter) -> String {
    let value = |value: &Option<String>| one_line(value.as_deref().unwrap_or("-"));
    let key = filter.key();
    match filter {
        Filter::Regions => format!("its region {} is not in `{key}`", value(&event.region)),
        Filter::Services => format!("its service {} is not in `{key}`", value(&event.service)),
        Filter::IgnoreServices => format!("its service {} is in `{key}`", value(&event.service)),
        Filter::EventTypeCodes => "its type matches none of `eventTypeCodes`".to_owned(),
        Filter::IgnoreEventTypeCodes => {
            let code = event.type_code.as_deref().unwrap_or_default();
            let pattern = policy
                .ignore_event_type_codes
                .iter()
                .find(|pattern| pattern.matches(code));
            let pattern = pattern.map(ToString::to_string).unwrap_or_default();
            format!("its type matches `{pattern}` in `{key}`")
        }
        Filter::Categories => format!("its category {} is not in `{key}`", word(&event.category)),
        Filter::Scopes => format!("its scope {} is not in `{key}`", word(&event.scope)),
        Filter::IgnoreEvents => "it is in `ignoreEvents`".to_owned(),
    }
}

/// The word that AWS Health has for something.
fn word(value: &impl Serialize) -> String {
    let word = serde_json::to_value(value).ok();
    let word = word.as_ref().and_then(|word| word.as_str());
    word.unwrap_or("-").to_owned()
}
