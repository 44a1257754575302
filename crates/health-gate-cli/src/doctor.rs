//! `health-gate doctor`: whether everything that the functions need is there, and what to do about what is not.

mod finding;
mod pipelines_checkup;

use std::io::Write;

use anyhow::Result;
use clap::Args;
use health_gate::AccountPolicy;
use health_gate_aws::{
    Clients, EndpointInUse, Probe, ProbedCall, endpoint_in_use, probe, probe_topic, read_history,
};
use time::Duration;

use self::finding::{Finding, Health};
use crate::exit_code::ExitCode;
use crate::look::{PATIENCE, advice};
use crate::output::{Format, FormatArgument, print_json};
use crate::pipelines::{self, Found, Selection};
use crate::progress;
use crate::session::{AwsArguments, Session, run as run_async};

/// The arguments of `health-gate doctor`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The topic on which people are told, to see whether these credentials may publish to it. Nothing is published.
    #[arg(long, value_name = "ARN")]
    notification_topic: Option<String>,
    #[command(flatten)]
    format: FormatArgument,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    aws: AwsArguments,
}

/// Looks at everything, and prints what it found.
pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode> {
    let findings = run_async(examine(arguments))?;
    match arguments.format.format {
        Format::Json => print_json(out, &serde_json::json!({"findings": findings}))?,
        Format::Text => finding::print(&findings, out)?,
    }
    let is_ill = findings
        .iter()
        .any(|finding| finding.health == Health::Broken);
    Ok(if is_ill {
        ExitCode::Blocked
    } else {
        ExitCode::Pass
    })
}

async fn examine(arguments: &Arguments) -> Result<Vec<Finding>> {
    let session = match Session::open(&arguments.aws).await {
        Ok(session) => session,
        Err(error) => return Ok(vec![Finding::of_error("credentials", &error)]),
    };
    let clients = &session.clients;
    let mut findings = vec![Finding::fine(
        "credentials",
        format!("there are credentials, for {}", clients.region),
    )];
    let mut account = session.account_policy.clone();
    if let Err(error) = account.for_action(None, &clients.region) {
        findings.push(Finding::broken(
            "account-policy",
            error.to_string(),
            "Correct it, here and in the functions: each job fails as long as it is so.",
        ));
        // It is said once, and not again of each gate.
        account = AccountPolicy::default();
    }
    findings.extend(health(clients).await);
    let found = match pipelines::find(clients, &arguments.selection).await {
        Ok(found) => found,
        Err(error) => {
            findings.push(Finding::of_error("pipelines", &error));
            Found::default()
        }
    };
    findings.extend(permissions(clients, &found).await);
    if let Some(topic) = &arguments.notification_topic {
        findings.push(match probe_topic(clients, topic).await {
            Probe::Allowed => Finding::fine(
                "permission",
                format!(
                    "sns:Publish is not denied on {topic}; whether that topic exists is not seen"
                ),
            ),
            answer @ (Probe::Denied(_) | Probe::Unanswered(_)) => of_probe("sns:Publish", &answer),
        });
    }
    let checkup = pipelines_checkup::Checkup {
        clients,
        arguments: &arguments.selection,
        account: &account,
    };
    findings.extend(checkup.of(&found).await);
    Ok(findings)
}

/// Where AWS Health is asked, and whether it answers.
async fn health(clients: &Clients) -> Vec<Finding> {
    let spinner = progress::spinner("asking AWS Health");
    let endpoint = match endpoint_in_use(clients).await {
        EndpointInUse::Configured(region) => Finding::fine(
            "health-endpoint",
            format!("AWS Health is asked at the configured endpoint (signed for {region})"),
        ),
        EndpointInUse::LookedUp { name, region } => Finding::fine(
            "health-endpoint",
            format!("AWS Health is active in {region}, as {name} says"),
        ),
        EndpointInUse::Usual { region, why } => Finding::doubtful(
            "health-endpoint",
            format!(
                "which endpoint of AWS Health is active is not known, so {region} is asked: {why}"
            ),
            "The functions do the same, and ask the other endpoint when this one fails. See whether DNS works from here.",
        ),
    };
    let since = clients.clock.now() - Duration::hours(1);
    let health = read_history(clients, since, PATIENCE).await;
    drop(spinner);
    let read = match &health.reading.unread {
        None => Finding::fine(
            "health-describe-events",
            format!(
                "health:DescribeEvents is allowed, and the support plan has the AWS Health API ({} read)",
                health_gate::plural(health.reading.events.len(), "event")
            ),
        ),
        Some(unread) => Finding::broken(
            "health-describe-events",
            format!("{}: {}", unread.cause, unread.detail),
            advice(unread.cause),
        ),
    };
    vec![endpoint, read]
}

/// Each call of CodePipeline that the functions make, with arguments that change nothing.
async fn permissions(clients: &Clients, found: &Found) -> Vec<Finding> {
    let bar = progress::steps(ProbedCall::ALL.len(), "trying calls");
    let any = found.gated.first().or_else(|| found.ungated.first());
    let mut findings = Vec::new();
    for call in ProbedCall::ALL {
        let answer = probe(clients, call, any.map(|pipeline| &pipeline.at)).await;
        findings.push(of_probe(call.action(), &answer));
        bar.step();
    }
    findings
}

fn of_probe(action: &str, answer: &Probe) -> Finding {
    match answer {
        Probe::Allowed => Finding::fine("permission", format!("{action} is allowed")),
        Probe::Denied(said) => Finding::broken(
            "permission",
            format!("{action} is denied: {said}"),
            "Allow it. These are your credentials, not the functions': the table under \"What the functions may do\" in the README says which function needs it.",
        ),
        Probe::Unanswered(said) => Finding::doubtful(
            "permission",
            format!("whether {action} is allowed is not known: {said}"),
            "Try again; without a pipeline there is nothing to try some calls with.",
        ),
    }
}
