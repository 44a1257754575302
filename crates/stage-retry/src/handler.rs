//! One invocation: signals in, retried stages out.

use std::cell::Cell;
use std::sync::{Mutex, MutexGuard, PoisonError};

use health_gate::{Asker, RetryRules, Settlement, Wildcards};
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
    /// The first pipeline that the last sweep of this process did not reach, although it did not begin with it: one that takes longer than
    /// a sweep holds up no others. Without it (a new process, or all were reached) a sweep begins anywhere: it only saves looking twice.
    resume: Mutex<Option<String>>,
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
    /// It was told to look at pipelines without a name: nothing would ever be retried.
    #[error(
        "PIPELINES names no pipeline; accepted: names with commas between them, `*` allowed; not set it means all"
    )]
    NoPipelines,
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
        if settings.pipelines.is_empty() {
            return Err(SetupError::NoPipelines);
        }
        Ok(Self {
            rules: RetryRules {
                gates: settings.gates.clone(),
                account: settings.account_policy.clone(),
                own_region: clients.region.clone(),
                asked_by: Asker::Signal,
            },
            clients: clients.paced(settings.pace.clone()?),
            pipelines: settings.pipelines.clone(),
            notification_topic: settings.notification_topic.clone(),
            resume: Mutex::default(),
        })
    }

    /// The same function, for a person who asks for retries now.
    #[must_use]
    pub fn asked_by_a_person(mut self) -> Self {
        self.rules.asked_by = Asker::Person;
        self
    }

    /// Handles an event of SNS and returns what became of each stopped stage, which Lambda ignores and
    /// `sam local invoke` shows.
    ///
    /// # Errors
    /// [`HandlerError`] when the invocation could not look at all that it should have looked at.
    pub async fn handle(&self, event: LambdaEvent<SnsEvent>) -> Result<Account, HandlerError> {
        let (event, context) = event.into_parts();
        let clients = &self.clients;
        let deadline = clients.clock.deadline(context.deadline());
        let time = TimeBudget::new(&clients.clock, deadline);
        let calls_before = clients.calls();

        let signals = event.signals(&clients.region, clients.clock.now());
        // The list takes half of what there is at most: what failures name is looked at without it.
        let patience = time.left() / 2;
        let resume = self.resume().clone();
        let targets = Targets::of(
            &signals,
            clients,
            &self.pipelines,
            patience,
            resume.as_deref(),
        )
        .await;
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
        let unread = unreached.len() + unread_pipelines(&stages).len();
        if targets.is_sweep {
            *self.resume() = unreached
                .into_iter()
                .find(|name| resume.as_ref() != Some(name));
        }

        let mut health = None;
        let override_unread = Cell::new(false);
        if !stopped.is_empty() {
            if let Err(error) = self.rules.account.for_action(None, &clients.region) {
                tracing::warn!("nothing goes on but by an override: {error}");
            }
            let health = health.insert(read_for(&stopped, observer, &time).await);
            let retries = Retries {
                observer,
                reading: &health.reading,
                time: &time,
                override_unread: &override_unread,
            };
            stages.extend(retries.settle(stopped).await);
        }
        stages.sort_by(|a, b| a.order().cmp(&b.order()));
        let account = Account {
            signals: signals.len(),
            ignored: targets.ignored,
            not_listed: targets.not_listed.clone().map(Settlement::from),
            pipelines: targets.list.len(),
            unread,
            stages,
        };
        let closing = Closing {
            account: &account,
            closed_event: targets.closed_event.as_deref(),
            health: health.as_ref(),
            calls: clients.calls() - calls_before,
            override_unread: override_unread.get(),
            time: &time,
        };
        closing
            .close(clients, self.notification_topic.as_deref())
            .await;
        targets
            .not_listed
            .map_or(Ok(account), |refusal| Err(refusal.into()))
    }

    fn resume(&self) -> MutexGuard<'_, Option<String>> {
        self.resume.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
