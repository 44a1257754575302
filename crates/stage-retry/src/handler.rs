//! One invocation: signals in, retried stages out.

use health_gate::{RetryRules, Wildcards};
use health_gate_aws::{Clients, PaceError, Settings, SnsEvent};
use lambda_runtime::LambdaEvent;

use crate::account::Account;
use crate::closing::Closing;
use crate::handler_error::HandlerError;
use crate::look::{Observer, unread_pipelines};
use crate::retry::{Retries, read_for};
use crate::scan::Scan;
use crate::targets::Targets;
use crate::time_budget::TimeBudget;

/// The function: its clients, whose failed actions are the gate's, and where it looks.
#[derive(Debug)]
pub struct StageRetry {
    clients: Clients,
    rules: RetryRules,
    pipelines: Wildcards,
    notification_topic: Option<String>,
}

/// The function cannot work with its settings.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// It was not told which gate is its own: every failed Lambda action would have to be left alone, and nobody would notice
    /// that nothing is ever retried.
    #[error(
        "GATE_FUNCTION_NAME is not set; accepted: the names of the gate's functions with commas between them, `*` allowed"
    )]
    NoGate,
    /// It does not know how fast it may work.
    #[error(transparent)]
    Pace(#[from] PaceError),
}

impl StageRetry {
    /// Makes the function.
    ///
    /// # Errors
    /// [`SetupError`] if the settings are not usable.
    pub fn new(clients: Clients, settings: &Settings) -> Result<Self, SetupError> {
        if settings.gates.is_empty() {
            return Err(SetupError::NoGate);
        }
        Ok(Self {
            rules: RetryRules {
                gates: settings.gates.clone(),
                account: settings.account_policy.clone(),
                own_region: clients.region.clone(),
            },
            clients: clients.paced(settings.pace.clone()?),
            pipelines: settings.pipelines.clone(),
            notification_topic: settings.notification_topic.clone(),
        })
    }

    /// Handles an event of SNS and returns what became of each stopped stage, which Lambda ignores and
    /// `sam local invoke` shows.
    ///
    /// # Errors
    /// [`HandlerError`] when the invocation could not look at all that it should have looked at.
    pub async fn handle(&self, event: LambdaEvent<SnsEvent>) -> Result<Account, HandlerError> {
        let (event, context) = event.into_parts();
        let clients = &self.clients;
        let time = TimeBudget::new(&clients.clock, context.deadline());
        let calls_before = clients.calls();

        let signals = event.signals(&clients.region, clients.clock.now());
        let targets = Targets::of(&signals, clients, &self.pipelines).await;
        let observer = Observer {
            clients,
            rules: &self.rules,
            beside: event.topic_arn(),
        };
        let Scan {
            stopped,
            outcomes: mut stages,
            unreached,
        } = Scan::of(&targets.list, observer, &time).await;
        let unread = unreached + unread_pipelines(&stages).len();

        let mut health = None;
        if !stopped.is_empty() {
            let health = health.insert(read_for(&stopped, observer, &time).await);
            let retries = Retries {
                observer,
                reading: &health.reading,
                time: &time,
            };
            stages.extend(retries.settle(stopped).await);
        }
        stages.sort_by(|a, b| {
            let place = |stage: &crate::StageOutcome| {
                (
                    stage.pipeline.clone(),
                    stage.stage.clone(),
                    stage.pipeline_execution_id.clone(),
                )
            };
            place(a).cmp(&place(b))
        });
        let account = Account {
            signals: signals.len(),
            ignored: targets.ignored,
            pipelines: targets.list.len(),
            unread,
            stages,
        };
        let closing = Closing {
            account: &account,
            closed_event: targets.closed_event.as_deref(),
            health: health.as_ref(),
            calls: clients.calls() - calls_before,
            time: &time,
        };
        closing
            .close(clients, self.notification_topic.as_deref())
            .await;
        match targets.not_listed {
            None => Ok(account),
            Some(refusal) => {
                let error = HandlerError::from(refusal);
                tracing::error!(reason = "pipelines.not-listed", "{error}");
                Err(error)
            }
        }
    }
}
