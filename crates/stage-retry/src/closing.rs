//! The end of an invocation: people are told what was retried, and one line and the metrics say what was done and why.

use health_gate::{Notification, RetryOutcome, Settlement};
use health_gate_aws::{Clients, HealthReading, Metrics, publish};

use crate::account::Account;
use crate::time_budget::TimeBudget;

/// What an invocation did.
pub(crate) struct Closing<'a> {
    pub(crate) account: &'a Account,
    /// The event of AWS Health that is over, if a message said so.
    pub(crate) closed_event: Option<&'a str>,
    /// The reading, if anything was stopped.
    pub(crate) health: Option<&'a HealthReading>,
    /// How many calls of CodePipeline it took.
    pub(crate) calls: usize,
    /// An override could not be read: a person may have wanted something to go on.
    pub(crate) override_unread: bool,
    pub(crate) time: &'a TimeBudget,
}

impl Closing<'_> {
    /// Tells people, and writes the metrics and the closing line.
    pub(crate) async fn close(&self, clients: &Clients, topic: Option<&str>) {
        let notified = self.notify(clients, topic).await;
        self.metrics().emit(&clients.clock);
        let Account {
            signals,
            ignored,
            pipelines,
            unread,
            ..
        } = self.account;
        let (outcomes, outcomes_left_out) = self.account.outcomes();
        let count = |outcome| self.account.count(outcome);
        let retried = count(RetryOutcome::Retried);
        let reading = self.health.map(|health| &health.reading);
        let notification = match &notified {
            None => None,
            Some(Ok(())) => Some("sent"),
            Some(Err(why)) => Some(why.as_str()),
        };
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    signals,
                    ignored,
                    pipelines,
                    unread,
                    retried,
                    outcomes,
                    outcomesLeftOut = outcomes_left_out,
                    closedEvent = self.closed_event,
                    eventsRead = reading.map(|reading| reading.events.len()),
                    endpoint = self.health.map(|health| health.endpoint.as_str()),
                    mayBeBehind = reading.map(|reading| reading.may_be_behind),
                    healthCalls = self.health.map(|health| health.calls),
                    healthMillis = self.health.map(|health| millis(health.took)),
                    pipelineCalls = self.calls,
                    notification,
                    millis = millis(self.time.elapsed()),
                    "{}",
                    self.account.summary()
                )
            };
        }
        let is_trouble = *unread > 0
            || self.account.not_listed.is_some()
            || self.override_unread
            || count(RetryOutcome::Unknown) > 0
            || count(RetryOutcome::Denied) > 0
            || matches!(notified, Some(Err(_)));
        if is_trouble {
            line!(warn);
        } else {
            line!(info);
        }
    }

    /// One message an invocation that has retried something. `None`: there is nothing to tell, or nobody.
    async fn notify(&self, clients: &Clients, topic: Option<&str>) -> Option<Result<(), String>> {
        let rest = self
            .account
            .rest()
            .map(|rest| format!("left alone: {rest}"));
        let retried = self.account.retried();
        let told = Notification::of_retries(&retried, rest.as_deref(), self.closed_event)?;
        let publishing = publish(clients, topic?, &told);
        let sent = tokio::time::timeout(self.time.notification(), publishing).await;
        Some(sent.unwrap_or_else(|_| Err("no answer in time".to_owned())))
    }

    fn metrics(&self) -> Metrics {
        let mut metrics = Metrics::default();
        let mut count = |name, count: usize| {
            metrics.count(name, u64::try_from(count).unwrap_or(u64::MAX));
        };
        let stages = |outcome| self.account.count(outcome);
        count("Retried", stages(RetryOutcome::Retried));
        // Once, as the reading is: of AWS Health, for all stages.
        count("Unknown", usize::from(stages(RetryOutcome::Unknown) > 0));
        count("RetryBusy", self.account.busy_stages());
        let is_denied = |settled: &Settlement| settled.outcome == RetryOutcome::Denied;
        let not_listed = self.account.not_listed.as_ref().is_some_and(is_denied);
        count(
            "RetryDenied",
            stages(RetryOutcome::Denied) + usize::from(not_listed),
        );
        count("PipelinesUnread", self.account.unread);
        count("SignalsIgnored", self.account.ignored);
        metrics
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
