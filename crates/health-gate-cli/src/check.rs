//! `health-gate check`: whether a deployment may go on now, for any CI system; with `--wait`, as soon as it may.

use std::io::{self, Write};
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use health_gate::{Decision, Hold, HoldState, Obstacle, OnIncident, Policy};
use time::UtcDateTime;

use crate::event_view::{name, print_incident};
use crate::exit_code::ExitCode;
use crate::look::{Look, advice};
use crate::output::{BAD, Format, FormatArgument, GOOD, QUIET, WARNING, clock, print_json, styled};
use crate::policy_arguments::PolicyArguments;
use crate::progress::{self, Progress};
use crate::session::{AwsArguments, Session, run as run_async};

/// The arguments of `health-gate check`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Wait until nothing stands in the way any more, at most for the policy's `maxHold` (4h), and look every `checkEvery` (60s).
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    format: FormatArgument,
    #[command(flatten)]
    policy: PolicyArguments,
    #[command(flatten)]
    aws: AwsArguments,
}

/// How often something is said where nobody looks.
const QUIET_TELLING: time::Duration = time::Duration::minutes(10);

/// Reads AWS Health, and prints what it comes to.
pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode> {
    run_async(async {
        let session = Session::open(&arguments.aws).await?;
        let account = &session.account_policy;
        let mut policy = arguments.policy.policy(account, &session.clients.region)?;
        if arguments.wait && policy.on_incident == OnIncident::Fail {
            // This is what waiting is.
            policy.on_incident = OnIncident::Hold;
        }
        let mut look = Look::now(&session.clients, &policy, None).await;
        if arguments.wait {
            look = wait(&session, &policy, look).await;
        }
        match arguments.format.format {
            Format::Json => print_json(out, &look.view(&policy))?,
            Format::Text => print(&look, &policy, out)?,
        }
        Ok(look.exit_code())
    })
}

/// Looks again and again as long as the deployment is to wait.
async fn wait(session: &Session, policy: &Policy, mut look: Look) -> Look {
    let mut telling = Telling::new();
    while let Decision::Hold(hold) = &look.decision {
        let state = HoldState {
            last_reading: look.at,
            ..hold.state.clone()
        };
        let pause = Duration::from_secs(1).max(policy.check_every.duration().unsigned_abs());
        // The last look is when the hold has run out.
        let left = (hold.until - look.at).try_into().unwrap_or_default();
        let next = look.at + pause.min(left);
        telling.tell(&look, hold, next);
        tokio::time::sleep(pause.min(left)).await;
        look = Look::now(&session.clients, policy, Some(state)).await;
    }
    look
}

/// What is told while a deployment waits, on standard error: one line that changes at a terminal, a few elsewhere.
struct Telling {
    at_terminal: Option<Progress>,
    told: Option<(String, UtcDateTime)>,
}

impl Telling {
    fn new() -> Self {
        Self {
            at_terminal: progress::is_shown().then(|| progress::spinner("")),
            told: None,
        }
    }

    fn tell(&mut self, look: &Look, hold: &Hold, next: UtcDateTime) {
        let awaited = awaited(hold);
        let since = clock(hold.state.since, look.at);
        let until = clock(hold.until, look.at);
        if let Some(progress) = &self.at_terminal {
            let next = health_gate::rfc3339(next);
            let next = next.get(11..19).unwrap_or_default();
            progress.say(format!(
                "waiting since {since}, next look at {next} UTC, until {until}: for {awaited}"
            ));
            return;
        }
        let is_news = self
            .told
            .as_ref()
            .is_none_or(|(told, at)| *told != awaited || look.at - *at >= QUIET_TELLING);
        if is_news {
            // Nobody reads it any more: the exit code still says what came of it.
            let _ = writeln!(
                io::stderr(),
                "{}: waiting since {since} for {awaited}, at most until {until}",
                health_gate::rfc3339(look.at)
            );
            self.told = Some((awaited, look.at));
        }
    }
}

/// What has to end, or to be readable.
fn awaited(hold: &Hold) -> String {
    match &hold.obstacle {
        Obstacle::Incident(incidents) => {
            let first = incidents.list().first();
            let first = first
                .map(|incident| name(&incident.event))
                .unwrap_or_default();
            match incidents.list().len() {
                1 => format!("the end of {first}"),
                count => format!("the end of {first} and {} more", count - 1),
            }
        }
        Obstacle::Unknown(unread) => format!("AWS Health ({})", unread.cause),
        Obstacle::Invalid(invalid) => invalid.to_string(),
    }
}

fn print(look: &Look, policy: &Policy, out: &mut impl Write) -> Result<()> {
    let (style, word) = match (look.exit_code(), &look.decision) {
        (_, Decision::Pass(health_gate::Pass::Clear)) => (GOOD, "clear"),
        (ExitCode::Pass, _) => (WARNING, "passed"),
        (ExitCode::Blocked, _) => (BAD, "blocked"),
        (ExitCode::Error | ExitCode::Usage, _) => (BAD, "unknown"),
    };
    let headline = look.headline(policy);
    match headline.strip_prefix("passed ") {
        Some(how) => writeln!(out, "{} {how}", styled(style, word))?,
        None => writeln!(out, "{}: {headline}", styled(style, word))?,
    }
    let incidents = look.decision.incidents();
    for incident in incidents
        .map(|incidents| incidents.list())
        .unwrap_or_default()
    {
        print_incident(out, incident, look.at)?;
    }
    if let Some(unread) = &look.health.reading.unread {
        writeln!(out, "{}", advice(unread.cause))?;
    }
    if !look.stale.is_empty() && look.decision.incidents().is_some() {
        let names: Vec<String> = look.stale.iter().map(name).collect();
        let stale = format!(
            "not updated for {}, and so not counted: {}",
            policy.stale_after,
            names.join("; ")
        );
        writeln!(out, "{}", styled(QUIET, stale))?;
    }
    for note in look.notes() {
        writeln!(out, "{}", styled(QUIET, format!("note: {note}")))?;
    }
    let health = &look.health;
    let regions: Vec<&str> = policy
        .regions
        .iter()
        .map(|region| region.as_str())
        .collect();
    let read = format!(
        "read {} of AWS Health for {} at {}, endpoint {}, in {}",
        health_gate::plural(health.reading.events.len(), "event"),
        regions.join(", "),
        clock(look.at, look.at),
        health.endpoint,
        format_args!("{} ms", health.took.as_millis())
    );
    Ok(writeln!(out, "{}", styled(QUIET, read))?)
}
