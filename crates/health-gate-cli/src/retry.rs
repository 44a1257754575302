//! Retries what the gate has stopped, at once: with stage-retry's own code, asked by a person.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use health_gate::{RetryOutcome, Wildcards, one_line};
use health_gate_aws::{Settings, SnsEvent};
use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};
use stage_retry::{Account, StageRetry};

use crate::gate_arguments::GateArguments;
use crate::output::{GOOD, QUIET, WARNING, styled};
use crate::pipelines::Pipeline;
use crate::progress;
use crate::session::{PACE, Session};

/// How long it may take.
const PATIENCE: Duration = Duration::from_mins(14);

/// Retries what the gate has stopped in these pipelines and what nothing stands in the way of any more, or an override lets go on.
pub(crate) async fn retry(
    session: &Session,
    gates: &GateArguments,
    pipelines: &[&Pipeline],
) -> Result<Account> {
    let clients = &session.clients;
    let names: Vec<&str> = pipelines
        .iter()
        .map(|pipeline| pipeline.at.name.as_str())
        .collect();
    let settings = Settings {
        gates: gates.functions(),
        pipelines: Wildcards::from_list(&names.join(",")),
        pace: Ok(PACE),
        account_policy: session.account_policy.clone(),
        ..Settings::default()
    };
    let stage_retry = StageRetry::new(clients.clone(), &settings)?.asked_by_a_person();
    // The account is that of a pipeline; there is no topic.
    let arn = pipelines
        .first()
        .and_then(|pipeline| pipeline.at.arn.as_deref());
    let mut parts = arn.unwrap_or_default().split(':').skip(1);
    let (partition, account) = (
        parts.next().unwrap_or("aws"),
        parts.nth(2).unwrap_or_default(),
    );
    let topic = format!(
        "arn:{partition}:sns:{}:{account}:health-gate",
        clients.region
    );
    let sweep = json!({"source": "health-gate", "detail-type": "Sweep"}).to_string();
    let event = json!({"Records": [{"Sns": {"TopicArn": topic, "Message": sweep}}]});
    let event: SnsEvent = serde_json::from_value(event)?;
    let mut context = Context::default();
    let deadline = clients.clock.now() + PATIENCE;
    context.deadline = u64::try_from(deadline.unix_timestamp_nanos() / 1_000_000)?;
    let spinner = progress::spinner("retrying what the gate has stopped");
    let account = stage_retry.handle(LambdaEvent::new(event, context)).await;
    drop(spinner);
    account
        .map_err(|error| anyhow!("{error}"))
        .context("nothing was retried")
}

/// Whether all was looked at, and CodePipeline took each retry that it was asked for.
pub(crate) fn is_complete(account: &Account) -> bool {
    let mut stages = account.stages.iter();
    account.unread == 0
        && stages.all(|stage| {
            !matches!(
                stage.settled.outcome,
                RetryOutcome::Blocked
                    | RetryOutcome::Unknown
                    | RetryOutcome::Busy
                    | RetryOutcome::Denied
                    | RetryOutcome::Gone
            )
        })
}

/// Prints what became of each stage.
pub(crate) fn print(account: &Account, out: &mut impl Write) -> Result<()> {
    if account.stages.is_empty() {
        let text = "the gate has stopped nothing in them that could be retried";
        writeln!(out, "{}", styled(QUIET, text))?;
    }
    for stage in &account.stages {
        let outcome = stage.settled.outcome;
        let style = if outcome == RetryOutcome::Retried {
            GOOD
        } else {
            WARNING
        };
        let name = stage.stage.as_deref().unwrap_or("-");
        writeln!(
            out,
            "{}  {} / {name}: {}",
            styled(style, outcome.as_str()),
            stage.pipeline,
            one_line(&stage.settled.why)
        )?;
    }
    if account.unread > 0 {
        let text = format!(
            "{} could not be looked at: run it again",
            health_gate::plural(account.unread, "pipeline")
        );
        writeln!(out, "{}", styled(WARNING, text))?;
    }
    Ok(())
}

/// The account as JSON.
pub(crate) fn view(account: &Account) -> Value {
    json!(account)
}
