//! The end of an invocation: one line that says what was done and why, and the metrics.

use health_gate::{Decision, Invalid, JobResult, Note, Obstacle, Pass, PipelineContext};
use health_gate_aws::{Clients, Delivery, JobId, Metrics, PutJobResultError};
use time::UtcDateTime;

use crate::evaluation::{Evaluation, Round};
use crate::handler_error::HandlerError;

/// What an invocation did.
pub(crate) struct Closing<'a> {
    pub(crate) job_id: &'a JobId,
    pub(crate) round: &'a Round,
    pub(crate) result: &'a JobResult,
    pub(crate) notified: Option<&'a Result<(), String>>,
    pub(crate) begin: UtcDateTime,
}

impl Closing<'_> {
    /// Writes the closing line and the metrics.
    ///
    /// # Errors
    /// [`HandlerError`] when the job was not answered.
    pub(crate) fn close(
        &self,
        clients: &Clients,
        delivery: Result<Delivery, PutJobResultError>,
    ) -> Result<(), HandlerError> {
        let delivery = delivery.map_err(HandlerError::from);
        self.metrics(&delivery).emit(&clients.clock);

        let delivered = match &delivery {
            Ok(Delivery::Accepted) => "accepted",
            Ok(Delivery::AlreadyAnswered) => "already-answered",
            Err(error) => error.code(),
        };
        let text = self.text();
        let report = match self.result {
            JobResult::Success { summary, .. } | JobResult::InProgress { summary, .. } => summary,
            JobResult::Failure { message, .. } => message,
        };
        let evaluation = self.evaluation();
        let context = evaluation.and_then(|evaluation| evaluation.context.as_ref());
        let of_context = |member: fn(&PipelineContext) -> Option<&String>| {
            context.and_then(member).map(String::as_str)
        };
        let health = evaluation.and_then(|evaluation| evaluation.health.as_ref());
        let reading = evaluation.and_then(Evaluation::reading);
        let circumstances = evaluation.map(|evaluation| &evaluation.circumstances);
        let notes = evaluation
            .map(|evaluation| evaluation.notes.as_slice())
            .unwrap_or_default();
        let policy = match self.round {
            Round::Decided(evaluation) => evaluation.policy.as_ref(),
            Round::Waits { policy, .. } => Some(&**policy),
        };
        let policy_text = policy.and_then(|policy| serde_json::to_string(policy).ok());
        let regions = policy.map(|policy| {
            policy
                .regions
                .iter()
                .map(|region| region.as_str())
                .collect::<Vec<_>>()
                .join(",")
        });
        let hold = match (
            self.round,
            evaluation.map(|evaluation| &evaluation.decision),
        ) {
            (Round::Waits { hold, .. }, _) => Some(hold),
            (_, Some(Decision::Hold(hold))) => Some(&hold.state),
            (_, _) => evaluation.and_then(|evaluation| evaluation.previous.as_ref()),
        };
        // None of which is known is not none.
        let is_known = reading.is_some_and(|reading| reading.unread.is_none());
        let incidents = evaluation
            .and_then(|evaluation| evaluation.decision.incidents())
            .map(|incidents| incidents.list().len())
            .or_else(|| is_known.then_some(0));
        let arns = evaluation
            .and_then(|evaluation| evaluation.decision.incidents())
            .map(|incidents| {
                let arns: Vec<&str> = incidents
                    .list()
                    .iter()
                    .take(20)
                    .map(|incident| incident.event.arn.as_str())
                    .collect();
                arns.join(",")
            });
        let stale = evaluation
            .map(|evaluation| evaluation.stale.as_slice())
            .unwrap_or_default();
        let stale_arns: Vec<&str> = stale
            .iter()
            .take(20)
            .map(|event| event.arn.as_str())
            .collect();
        let stale_arns = (!stale_arns.is_empty()).then(|| stale_arns.join(","));
        let note_codes =
            (!notes.is_empty()).then(|| notes.iter().map(Note::code).collect::<Vec<_>>().join(","));
        let notes = (!notes.is_empty()).then(|| {
            notes
                .iter()
                .map(Note::to_string)
                .collect::<Vec<_>>()
                .join("; ")
        });
        let notification = match self.notified {
            None => None,
            Some(Ok(())) => Some("sent"),
            Some(Err(why)) => Some(why.as_str()),
        };
        let took = clients.clock.now() - self.begin;
        macro_rules! line {
            ($level:ident, $headline:expr) => {
                tracing::$level!(
                    jobId = self.job_id.as_str(),
                    pipeline = self.pipeline(),
                    pipelineExecutionId =
                        of_context(|context| context.pipeline_execution_id.as_ref()),
                    stage = of_context(|context| context.stage.as_ref()),
                    action = of_context(|context| context.action.as_ref()),
                    decision = text.decision,
                    reason = text.reason,
                    verdict = text.verdict,
                    regions,
                    policy = policy_text,
                    eventsRead = reading.map(|reading| reading.events.len()),
                    eventsMatched = evaluation.map(|evaluation| evaluation.matched),
                    incidents,
                    incidentArns = arns,
                    stale = evaluation.map(|evaluation| evaluation.stale.len()),
                    staleArns = stale_arns,
                    endpoint = health.map(|health| health.endpoint.as_str()),
                    mayBeBehind = reading.map(|reading| reading.may_be_behind),
                    healthCalls = health.map(|health| health.calls),
                    healthMillis = health.map(|health| millis(health.took)),
                    rollback = circumstances.map(|circumstances| circumstances.rollback),
                    stopping = circumstances.map(|circumstances| circumstances.stopping),
                    overriddenBy = circumstances
                        .and_then(|circumstances| circumstances.overridden.as_ref())
                        .map(|o| o.by.as_str()),
                    heldSince = hold.map(|hold| hold.since_text()),
                    noteCodes = note_codes,
                    notes,
                    notification,
                    delivery = delivered,
                    millis = i64::try_from(took.whole_milliseconds()).unwrap_or(i64::MAX),
                    report,
                    "{}",
                    $headline
                )
            };
        }
        let headline = report.lines().next().unwrap_or_default();
        match &delivery {
            // What stops a deployment is to be seen at level WARN, too.
            Ok(Delivery::Accepted) if text.decision == "fail" => line!(warn, headline),
            Ok(Delivery::Accepted) => line!(info, headline),
            Ok(Delivery::AlreadyAnswered) => {
                line!(info, format!("the job has its result already: {headline}"))
            }
            Err(error) => line!(error, error),
        }
        delivery.map(drop)
    }

    fn evaluation(&self) -> Option<&Evaluation> {
        match self.round {
            Round::Decided(evaluation) => Some(evaluation),
            Round::Waits { .. } => None,
        }
    }

    fn text(&self) -> Words {
        let Some(evaluation) = self.evaluation() else {
            return Words {
                decision: "hold",
                reason: "hold.waiting",
                verdict: None,
            };
        };
        let (decision, verdict) = match (&evaluation.decision, self.result) {
            (
                Decision::Pass(_),
                JobResult::Success {
                    output_variables, ..
                },
            ) => ("pass", output_variables.get("Verdict").cloned()),
            (Decision::Pass(_), _) => ("pass", None),
            (Decision::Hold(_), _) => ("hold", None),
            (Decision::Fail(_), _) => ("fail", None),
        };
        Words {
            decision,
            reason: evaluation.report().reason(),
            verdict,
        }
    }

    /// What was decided counts once, when CodePipeline takes it.
    fn metrics(&self, delivery: &Result<Delivery, HandlerError>) -> Metrics {
        let evaluation = self.evaluation();
        let mut metrics = Metrics::of_pipeline(self.pipeline());
        if let Some(health) = evaluation.and_then(|evaluation| evaluation.health.as_ref()) {
            metrics.millis("HealthReadMillis", millis(health.took));
        }
        metrics.count("Undelivered", u64::from(delivery.is_err()));
        if !matches!(delivery, Ok(Delivery::Accepted)) {
            return metrics;
        }
        let Some(evaluation) = evaluation else {
            metrics.count("Held", 1);
            return metrics;
        };
        metrics.count(
            match &evaluation.decision {
                Decision::Pass(_) => "Passed",
                Decision::Hold(_) => "Held",
                Decision::Fail(fail) => match &fail.obstacle {
                    Obstacle::Incident(_) => "Blocked",
                    Obstacle::Unknown(_) | Obstacle::Invalid(Invalid::Token(_)) => "Unknown",
                    Obstacle::Invalid(Invalid::Policy(_)) => "InvalidPolicy",
                },
            },
            1,
        );
        let overridden = matches!(evaluation.decision, Decision::Pass(Pass::Overridden(..)));
        metrics.count("Overridden", u64::from(overridden));
        // An unread AWS Health counts whatever came of it, and once.
        let is_unread = evaluation
            .reading()
            .is_some_and(|reading| reading.unread.is_some());
        let is_counted = matches!(&evaluation.decision, Decision::Fail(fail) if matches!(fail.obstacle, Obstacle::Unknown(_)));
        metrics.count("Unknown", u64::from(is_unread && !is_counted));
        metrics
    }

    /// The pipeline's name. A round that reads nothing has it from its token.
    fn pipeline(&self) -> Option<&str> {
        match self.round {
            Round::Decided(evaluation) => evaluation
                .context
                .as_ref()
                .map(|context| context.pipeline.as_str()),
            Round::Waits { hold, .. } => hold.pipeline.as_deref(),
        }
    }
}

struct Words {
    decision: &'static str,
    reason: &'static str,
    verdict: Option<String>,
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
