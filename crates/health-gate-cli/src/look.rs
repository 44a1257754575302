//! One look at AWS Health: what was read, and what it comes to under a policy.

use std::time::Duration;

use health_gate::{
    Assessment, Case, Circumstances, Decision, Event, HoldState, Note, Obstacle, Policy, Query,
    Report, UnknownCause, decide,
};
use health_gate_aws::{Clients, HealthReading, read_health};
use serde::Serialize;
use time::UtcDateTime;

use crate::event_view::EventView;
use crate::exit_code::ExitCode;

/// How long a look may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What a look came to.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) health: HealthReading,
    pub(crate) decision: Decision,
    pub(crate) matched: usize,
    pub(crate) stale: Vec<Event>,
    notes: Vec<Note>,
    pub(crate) at: UtcDateTime,
}

impl Look {
    /// Reads AWS Health and decides, for a deployment that may have been waiting.
    pub(crate) async fn now(clients: &Clients, policy: &Policy, hold: Option<HoldState>) -> Self {
        let query = Query::of([policy], clients.clock.now());
        let health = read_health(clients, &query, PATIENCE).await;
        let at = clients.clock.now();
        let Assessment {
            finding,
            stale,
            matched,
        } = Assessment::of(policy, &health.reading, at);
        let case = Case::Found {
            policy,
            finding,
            hold,
        };
        let behind = Note::MayBeBehind(health.endpoint.clone());
        Self {
            decision: decide(case, &Circumstances::default(), at),
            matched,
            stale,
            notes: health
                .reading
                .may_be_behind
                .then_some(behind)
                .into_iter()
                .collect(),
            at,
            health,
        }
    }

    pub(crate) fn report<'a>(&'a self, policy: &'a Policy) -> Report<'a> {
        Report {
            decision: &self.decision,
            policy: Some(policy),
            stale: &self.stale,
            notes: &self.notes,
            checked_at: self.at,
        }
    }

    /// What stands in the way, and else what was decided: without the marker, which is for CodePipeline.
    pub(crate) fn headline(&self, policy: &Policy) -> String {
        let headline = self.report(policy).headline();
        let marked = headline.strip_prefix("health-gate ");
        let rest = marked.and_then(|rest| rest.split_once(": "));
        rest.map_or_else(|| headline.clone(), |(_, text)| text.to_owned())
    }

    /// What else there is to know: notes, what is not counted, what was not read.
    pub(crate) fn notes(&self) -> impl Iterator<Item = String> {
        self.notes.iter().map(ToString::to_string)
    }

    /// What the look says to scripts.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match (&self.decision, self.decision.obstacle()) {
            (Decision::Pass(_), _) => ExitCode::Pass,
            (Decision::Hold(_) | Decision::Fail(_), Some(Obstacle::Incident(_))) => {
                ExitCode::Blocked
            }
            (Decision::Hold(_) | Decision::Fail(_), _) => ExitCode::Error,
        }
    }

    /// The look as JSON. The names are those of pipeline-gate's closing log line, where it has them.
    pub(crate) fn view<'a>(&'a self, policy: &'a Policy) -> LookView<'a> {
        let report = self.report(policy);
        let unread = self.health.reading.unread.as_ref();
        let incidents = self.decision.incidents();
        let incidents = incidents
            .map(|incidents| incidents.list())
            .unwrap_or_default();
        LookView {
            decision: word(&self.decision),
            reason: report.reason(),
            report: report.headline(),
            checked_at: health_gate::rfc3339(self.at),
            policy,
            events_read: self.health.reading.events.len(),
            events_matched: self.matched,
            incidents: incidents
                .iter()
                .map(|incident| EventView::from(&incident.event))
                .collect(),
            stale: self.stale.iter().map(EventView::from).collect(),
            unread: unread.map(|unread| format!("{}: {}", unread.cause, unread.detail)),
            endpoint: &self.health.endpoint,
            may_be_behind: self.health.reading.may_be_behind,
            health_calls: self.health.calls,
            health_millis: self.health.took.as_millis(),
        }
    }
}

/// What a person can do about an AWS Health that could not be read.
pub(crate) fn advice(cause: UnknownCause) -> &'static str {
    match cause {
        UnknownCause::NoSupportPlan => {
            "The AWS Health API needs a Business Support+, Enterprise Support or Unified Operations plan; the account has none."
        }
        UnknownCause::AccessDenied => {
            "These credentials need `health:DescribeEvents` on `*`; `aws sts get-caller-identity` says whose they are."
        }
        UnknownCause::Throttled => "Try again in a minute: AWS Health is being asked too often.",
        UnknownCause::Unavailable | UnknownCause::TimedOut => {
            "See whether its endpoint can be reached from here (health.us-east-1.amazonaws.com, or what AWS_ENDPOINT_URL says)."
        }
        UnknownCause::TooManyPages => "Name fewer regions.",
        UnknownCause::Internal => "This is a defect of health-gate.",
    }
}

/// `pass`, `hold` or `fail`.
pub(crate) fn word(decision: &Decision) -> &'static str {
    match decision {
        Decision::Pass(_) => "pass",
        Decision::Hold(_) => "hold",
        Decision::Fail(_) => "fail",
    }
}

/// A look as JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LookView<'a> {
    decision: &'static str,
    reason: &'static str,
    report: String,
    checked_at: String,
    policy: &'a Policy,
    events_read: usize,
    events_matched: usize,
    incidents: Vec<EventView>,
    stale: Vec<EventView>,
    unread: Option<String>,
    endpoint: &'a str,
    may_be_behind: bool,
    health_calls: usize,
    health_millis: u128,
}
