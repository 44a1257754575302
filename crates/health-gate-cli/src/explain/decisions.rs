//! What CodePipeline would be told: for each kind of decision that a policy can come to, in the gate's own words.

use std::io::Write;

use anyhow::Result;
use health_gate::{
    Assessment, Case, Circumstances, Decision, Event, EventCategory, EventScope, EventStatus,
    Finding, HoldState, JobResult, OnIncident, OnRollback, OnUnknown, Override, Policy, Reading,
    Report, UnknownCause, Unread, decide,
};
use serde::Serialize;
use time::{Duration, UtcDateTime};

use crate::output::{QUIET, lines_of, styled};

/// A kind of decision, and what CodePipeline is told.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Kind {
    when: &'static str,
    /// The incident in it is an invented one.
    invented: bool,
    tells: JobResult,
}

/// The kinds that a policy can come to: with what AWS Health shows now, and else with an invented event.
pub(super) fn kinds(policy: &Policy, reading: &Reading, now: UtcDateTime) -> Vec<Kind> {
    let found = Assessment::of(policy, reading, now).finding;
    let invented = !matches!(found, Finding::Incident(_));
    let incident = if invented {
        let mut policy = policy.clone();
        // Whatever it leaves out, the invented event is to count.
        policy.services = None;
        policy.event_type_codes = None;
        policy.ignore_event_type_codes.clear();
        policy.scopes = None;
        let reading = Reading::known(vec![invented_event(&policy, now)]);
        Assessment::of(&policy, &reading, now).finding
    } else {
        found
    };
    let unknown = |cause, detail: &str| {
        Finding::Unknown(Unread {
            cause,
            detail: detail.to_owned(),
        })
    };
    let throttled = unknown(
        UnknownCause::Throttled,
        "ThrottlingException: Rate exceeded",
    );
    let no_plan = unknown(UnknownCause::NoSupportPlan, "SubscriptionRequiredException");
    let overridden = Circumstances {
        overridden: Some(Override {
            until: now + Duration::hours(2),
            by: "alice".to_owned(),
            reason: "INC-42 hotfix".to_owned(),
        }),
        ..Circumstances::default()
    };
    let rollback = Circumstances {
        rollback: true,
        ..Circumstances::default()
    };
    let none = Circumstances::default();
    let long_ago = HoldState::begin(now - policy.max_hold.duration());
    let holds = policy.on_incident == OnIncident::Hold || policy.on_unknown == OnUnknown::Hold;

    let mut cases = vec![("nothing stands in the way", Finding::Clear, &none, None)];
    cases.push((
        match policy.on_incident {
            OnIncident::Fail => "there is an incident",
            OnIncident::Hold => "there is an incident, and the hold begins or goes on",
            OnIncident::Warn => "there is an incident, of which the policy only warns",
        },
        incident.clone(),
        &none,
        None,
    ));
    if holds {
        cases.push((
            "the hold has lasted for `maxHold`",
            incident.clone(),
            &none,
            Some(long_ago),
        ));
    }
    if policy.on_incident != OnIncident::Warn {
        cases.push((
            "a person has overridden the gate",
            incident.clone(),
            &overridden,
            None,
        ));
        if policy.on_rollback == OnRollback::Pass {
            cases.push((
                "the execution is a rollback",
                incident.clone(),
                &rollback,
                None,
            ));
        }
    }
    cases.push(("AWS Health cannot be read", throttled, &none, None));
    cases.push((
        "the account has no support plan with the AWS Health API",
        no_plan,
        &none,
        None,
    ));

    let mut kinds = Vec::new();
    for (when, finding, circumstances, hold) in cases {
        let has_incident = matches!(finding, Finding::Incident(_));
        let case = Case::Found {
            policy,
            finding,
            hold,
        };
        let decision = decide(case, circumstances, now);
        kinds.push(Kind {
            when,
            invented: invented && has_incident,
            tells: tells(&decision, policy, now),
        });
    }
    kinds
}

fn tells(decision: &Decision, policy: &Policy, now: UtcDateTime) -> JobResult {
    let report = Report {
        decision,
        policy: Some(policy),
        stale: &[],
        notes: &[],
        checked_at: now,
    };
    report.job_result()
}

fn invented_event(policy: &Policy, now: UtcDateTime) -> Event {
    let region = policy
        .regions
        .first()
        .map_or("us-east-1", |region| region.as_str());
    let arn = format!("arn:aws:health:{region}::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/EXAMPLE");
    Event {
        category: policy
            .categories
            .first()
            .copied()
            .or(Some(EventCategory::Issue)),
        region: Some(region.to_owned()),
        status: Some(EventStatus::Open),
        scope: Some(EventScope::Public),
        start_time: Some(now - Duration::minutes(40)),
        last_updated_time: Some(now - Duration::minutes(5)),
        ..Event::new(arn, "EC2", "AWS_EC2_OPERATIONAL_ISSUE")
    }
}

impl Kind {
    pub(super) fn print(&self, out: &mut impl Write) -> Result<()> {
        let example = if self.invented { ", for example" } else { "" };
        writeln!(out, "\n  when {}{example}:", self.when)?;
        match &self.tells {
            JobResult::Success {
                output_variables, ..
            } => {
                writeln!(out, "    success, with the output variables")?;
                for (name, value) in output_variables {
                    writeln!(out, "      {name} = {value}")?;
                }
            }
            JobResult::InProgress { summary, .. } => {
                for line in lines_of(&format!("in progress: {summary}"), "    ") {
                    writeln!(out, "{line}")?;
                }
            }
            JobResult::Failure {
                failure_type,
                message,
            } => {
                writeln!(out, "    failure, {}", failure_type.as_str())?;
                let lines = message.lines().flat_map(|line| lines_of(line, "      "));
                for line in lines {
                    writeln!(out, "{}", styled(QUIET, line))?;
                }
            }
        }
        Ok(())
    }
}
