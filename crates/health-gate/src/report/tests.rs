mod failures;
mod limits;
mod markers;

use insta::assert_snapshot;
use time::Duration;
use time::macros::utc_datetime;

use super::*;
use crate::decision::{Case, Circumstances, decide};
use crate::event::{EventScope, EventStatus};
use crate::finding::Assessment;
use crate::hold::HoldState;
use crate::override_tag::Override;
use crate::policy::AccountPolicy;
use crate::reading::{Reading, Unread};

const NOW: UtcDateTime = utc_datetime!(2026-11-23 07:00:00);

fn event(number: usize, region: &str) -> Event {
    let mut event = Event::new(
        format!(
            "arn:aws:health:{region}::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_{number}"
        ),
        "EC2",
        "AWS_EC2_OPERATIONAL_ISSUE",
    );
    event.region = Some(region.to_owned());
    event.status = Some(EventStatus::Open);
    event.scope = Some(EventScope::Public);
    event.start_time = Some(utc_datetime!(2026-11-23 05:10:29));
    event.last_updated_time = Some(utc_datetime!(2026-11-23 06:40:00));
    event
}

fn policy(more: &str) -> Policy {
    let own_region = "us-east-1".parse().expect("a region");
    let account = AccountPolicy::new(Some(format!("{{{more}}}")));
    account
        .for_action(Some("us-east-1,eu-west-1,global"), &own_region)
        .expect("a valid policy")
}

/// A story that ends in a report.
#[derive(Clone)]
struct Story {
    more: &'static str,
    reading: Reading,
    hold: Option<HoldState>,
    circumstances: Circumstances,
    notes: Vec<Note>,
}

impl Default for Story {
    fn default() -> Self {
        Self {
            more: "",
            reading: Reading::known(vec![event(1, "us-east-1")]),
            hold: None,
            circumstances: Circumstances::default(),
            notes: Vec::new(),
        }
    }
}

impl Story {
    fn result(&self) -> JobResult {
        self.told(|report| report.job_result())
    }

    /// What the report says.
    fn told<T>(&self, say: impl Fn(&Report<'_>) -> T) -> T {
        let policy = policy(self.more);
        let Assessment { finding, stale, .. } = Assessment::of(&policy, &self.reading, NOW);
        let case = Case::Found {
            policy: &policy,
            finding,
            hold: self.hold.clone(),
        };
        let decision = decide(case, &self.circumstances, NOW);
        say(&Report {
            decision: &decision,
            policy: Some(&policy),
            stale: &stale,
            notes: &self.notes,
            checked_at: NOW,
        })
    }

    fn text(&self) -> String {
        text(self.result())
    }
}

fn text(result: JobResult) -> String {
    match result {
        JobResult::Failure {
            failure_type,
            message,
        } => format!("[{}]\n{message}", failure_type.as_str()),
        JobResult::InProgress {
            summary,
            continuation_token,
        } => format!("[in progress] {summary}\n{continuation_token}"),
        JobResult::Success {
            summary,
            output_variables,
        } => {
            let set = output_variables
                .into_iter()
                .filter(|(_, value)| value != "none");
            let set: Vec<String> = set.map(|(name, value)| format!("{name}={value}")).collect();
            format!("[success] {summary}\n{}", set.join("\n"))
        }
    }
}

fn unread(cause: UnknownCause, detail: &str) -> Reading {
    Reading::unknown(
        vec![],
        Unread {
            cause,
            detail: detail.to_owned(),
        },
    )
}

fn overridden() -> Circumstances {
    let overridden = Override {
        until: utc_datetime!(2026-11-23 18:00:00),
        by: "alice".to_owned(),
        reason: "INC-42 hotfix".to_owned(),
    };
    Circumstances {
        overridden: Some(overridden),
        ..Circumstances::default()
    }
}

#[test]
fn a_clear_reading_passes_with_every_output_variable() {
    let JobResult::Success {
        summary,
        output_variables,
    } = (Story {
        reading: Reading::known(vec![]),
        ..Story::default()
    })
    .result()
    else {
        panic!("expected a success")
    };
    assert_eq!(
        summary,
        "no open AWS Health issues in us-east-1, eu-west-1, global"
    );
    let variables: Vec<String> = output_variables
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_snapshot!(variables.join("\n"), @"
    CheckedAt=2026-11-23T07:00:00Z
    IncidentArns=none
    IncidentCount=0
    OverriddenBy=none
    OverriddenUntil=none
    OverrideReason=none
    Regions=us-east-1,eu-west-1,global
    Verdict=clear
    ");
}

#[test]
fn each_pass_says_what_it_passed_in_spite_of() {
    let texts = [
        Story {
            more: r#""onIncident": "warn""#,
            ..Story::default()
        },
        Story {
            circumstances: overridden(),
            ..Story::default()
        },
        Story {
            circumstances: overridden(),
            reading: unread(UnknownCause::NoSupportPlan, ""),
            ..Story::default()
        },
        Story {
            circumstances: Circumstances {
                rollback: true,
                ..Circumstances::default()
            },
            ..Story::default()
        },
        Story {
            more: r#""onUnknown": "pass""#,
            reading: unread(UnknownCause::Throttled, "Rate exceeded"),
            ..Story::default()
        },
        Story {
            more: r#""staleAfter": "1h""#,
            reading: Reading::known(vec![Event {
                last_updated_time: Some(NOW - Duration::hours(2)),
                ..event(1, "us-east-1")
            }]),
            ..Story::default()
        },
    ]
    .map(|story| story.text());
    assert_snapshot!(texts.join("\n"), @"
    [success] passed with a warning: 1 open AWS Health issue in us-east-1
    CheckedAt=2026-11-23T07:00:00Z
    IncidentArns=arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1
    IncidentCount=1
    Regions=us-east-1,eu-west-1,global
    Verdict=warned
    [success] passed by the override of alice until 2026-11-23 18:00 UTC (INC-42 hotfix), in spite of: 1 open AWS Health issue in us-east-1
    CheckedAt=2026-11-23T07:00:00Z
    IncidentArns=arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1
    IncidentCount=1
    OverriddenBy=alice
    OverriddenUntil=2026-11-23T18:00:00Z
    OverrideReason=INC-42 hotfix
    Regions=us-east-1,eu-west-1,global
    Verdict=overridden
    [success] passed by the override of alice until 2026-11-23 18:00 UTC (INC-42 hotfix), in spite of: this account has no support plan that includes the AWS Health API
    CheckedAt=2026-11-23T07:00:00Z
    OverriddenBy=alice
    OverriddenUntil=2026-11-23T18:00:00Z
    OverrideReason=INC-42 hotfix
    Regions=us-east-1,eu-west-1,global
    Verdict=overridden
    [success] passed as a rollback, in spite of: 1 open AWS Health issue in us-east-1
    CheckedAt=2026-11-23T07:00:00Z
    IncidentArns=arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1
    IncidentCount=1
    Regions=us-east-1,eu-west-1,global
    Verdict=rollback
    [success] passed unchecked: AWS Health throttled the gate: Rate exceeded
    CheckedAt=2026-11-23T07:00:00Z
    Regions=us-east-1,eu-west-1,global
    Verdict=unknown
    [success] no open AWS Health issues in us-east-1, eu-west-1, global; note: not updated for 1h and so not counted: EC2 AWS_EC2_OPERATIONAL_ISSUE in us-east-1 (arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1)
    CheckedAt=2026-11-23T07:00:00Z
    IncidentCount=0
    Regions=us-east-1,eu-west-1,global
    Verdict=clear
    ");
}

#[test]
fn a_hold_says_since_when_and_until_when() {
    let hold = HoldState {
        notified: true,
        ..HoldState::begin(NOW - Duration::hours(1))
    };
    let texts = [
        Story {
            more: r#""onIncident": "hold""#,
            hold: Some(hold.clone()),
            ..Story::default()
        }
        .text(),
        Story {
            hold: Some(hold.clone()),
            reading: unread(UnknownCause::TimedOut, "the gate waited 9.0 s"),
            ..Story::default()
        }
        .text(),
        Story {
            more: r#""onIncident": "hold", "maxHold": "1h""#,
            hold: Some(hold.clone()),
            ..Story::default()
        }
        .text(),
        Story {
            more: r#""onIncident": "hold""#,
            hold: Some(hold),
            circumstances: Circumstances {
                stopping: true,
                ..Circumstances::default()
            },
            ..Story::default()
        }
        .text(),
    ];
    assert_snapshot!(texts.join("\n"), @r#"
    [in progress] held since 2026-11-23 06:00 UTC, until 2026-11-23 10:00 UTC at the latest: 1 open AWS Health issue in us-east-1
    {"v":1,"heldSince":1795413600,"lastReading":1795417200,"notified":true,"thread":"arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1"}
    [in progress] held since 2026-11-23 06:00 UTC, until 2026-11-23 10:00 UTC at the latest: AWS Health did not answer in time: the gate waited 9.0 s
    {"v":1,"heldSince":1795413600,"lastReading":1795417200,"notified":true,"thread":"health.timed-out"}
    [JobFailed]
    health-gate blocked: held since 2026-11-23 06:00 UTC and `maxHold` is 1h: 1 open AWS Health issue in us-east-1
    EC2 AWS_EC2_OPERATIONAL_ISSUE in us-east-1, since 2026-11-23 05:10 UTC, last update 2026-11-23 06:40 UTC: https://health.aws.amazon.com/health/status?eventID=arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1
    next: retried automatically until 2026-11-24 07:00 UTC, once AWS Health shows these events as closed; a retry by hand reads AWS Health again
    [JobFailed]
    health-gate blocked: stopped by a person, during: 1 open AWS Health issue in us-east-1
    EC2 AWS_EC2_OPERATIONAL_ISSUE in us-east-1, since 2026-11-23 05:10 UTC, last update 2026-11-23 06:40 UTC: https://health.aws.amazon.com/health/status?eventID=arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1
    next: not retried automatically, since a person stopped the execution
    "#);
}
