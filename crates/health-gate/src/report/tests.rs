use insta::assert_snapshot;
use proptest::prelude::*;
use time::Duration;
use time::macros::utc_datetime;

use super::*;
use crate::decision::{Case, Circumstances, Ending, decide};
use crate::event::{EventScope, EventStatus};
use crate::finding::{Assessment, Finding};
use crate::hold::{HoldState, TokenError};
use crate::override_tag::{Override, OverrideError};
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

/// By these, logs and alarms tell decisions apart: they are kept.
#[test]
fn each_decision_has_its_reason_code() {
    let clear = Reading::known(vec![]);
    let throttled = unread(UnknownCause::Throttled, "");
    let rollback = Circumstances {
        rollback: true,
        ..Circumstances::default()
    };
    let stories = [
        ("", clear, Circumstances::default(), "health.clear"),
        (
            "",
            throttled.clone(),
            Circumstances::default(),
            "health.throttled",
        ),
        (
            r#""onUnknown": "pass""#,
            throttled.clone(),
            Circumstances::default(),
            "health.throttled",
        ),
        ("", throttled, overridden(), "override.active"),
        ("", Story::default().reading, rollback, "rollback"),
        (
            "",
            Story::default().reading,
            Circumstances::default(),
            "health.incident",
        ),
        (
            r#""onIncident": "warn""#,
            Story::default().reading,
            Circumstances::default(),
            "health.incident",
        ),
        (
            r#""onIncident": "hold""#,
            Story::default().reading,
            Circumstances::default(),
            "health.incident",
        ),
    ];
    for (more, reading, circumstances, reason) in stories {
        let story = Story {
            more,
            reading,
            circumstances,
            ..Story::default()
        };
        assert_eq!(story.told(|report| report.reason()), reason, "{more}");
    }
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
    IncidentCount=0
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
    IncidentCount=0
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

#[test]
fn an_incident_lists_its_events_newest_first() {
    let private = Event {
        service: Some("IAM".to_owned()),
        scope: Some(EventScope::AccountSpecific),
        last_updated_time: None,
        ..event(2, "global")
    };
    let mut elsewhere = event(3, "eu-west-1");
    elsewhere.arn = elsewhere.arn.replace("arn:aws:", "arn:aws-cn:");
    elsewhere.last_updated_time = Some(utc_datetime!(2026-11-23 06:59:59));
    let reading = Reading::known(vec![private, event(1, "us-east-1"), elsewhere]);
    assert_snapshot!(Story { reading, ..Story::default() }.text(), @"
    [JobFailed]
    health-gate blocked: 3 open AWS Health issues in us-east-1, eu-west-1, global
    EC2 AWS_EC2_OPERATIONAL_ISSUE in eu-west-1, since 2026-11-23 05:10 UTC, last update 2026-11-23 06:59 UTC
    EC2 AWS_EC2_OPERATIONAL_ISSUE in us-east-1, since 2026-11-23 05:10 UTC, last update 2026-11-23 06:40 UTC: https://health.aws.amazon.com/health/status?eventID=arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1
    IAM AWS_EC2_OPERATIONAL_ISSUE in global, since 2026-11-23 05:10 UTC: https://health.aws.amazon.com/health/home#/account/dashboard/open-issues
    next: retried automatically until 2026-11-24 07:00 UTC, once AWS Health shows these events as closed; a retry by hand reads AWS Health again
    ");
}

#[test]
fn a_quiet_period_says_how_long_ago_the_event_closed() {
    let closed = |number, minutes| Event {
        status: Some(EventStatus::Closed),
        last_updated_time: Some(NOW - Duration::minutes(minutes)),
        ..event(number, "us-east-1")
    };
    let quiet = r#""quietPeriod": "3h""#;
    let texts = [
        Story {
            more: quiet,
            reading: Reading::known(vec![
                closed(1, 4),
                closed(2, 0),
                closed(3, 150),
                closed(4, 1),
            ]),
            ..Story::default()
        },
        Story {
            more: quiet,
            reading: Reading::known(vec![event(5, "us-east-1"), closed(1, 4)]),
            ..Story::default()
        },
        Story {
            more: quiet,
            reading: Reading::known(vec![Event {
                last_updated_time: None,
                ..closed(1, 0)
            }]),
            ..Story::default()
        },
    ]
    .map(|story| story.text());
    assert_snapshot!(texts.join("\n"), @"
    [JobFailed]
    health-gate blocked: 4 just closed AWS Health issues in us-east-1
    EC2 AWS_EC2_OPERATIONAL_ISSUE in us-east-1, since 2026-11-23 05:10 UTC, closed just now, quiet period 3h: https://health.aws.amazon.com/health/status?eventID=arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_2
    EC2 AWS_EC2_OPERATIONAL_ISSUE in us-east-1, since 2026-11-23 05:10 UTC, closed 1 minute ago, quiet period 3h: https://health.aws.amazon.com/health/status?eventID=arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_4
    EC2 AWS_EC2_OPERATIONAL_ISSUE in us-east-1, since 2026-11-23 05:10 UTC, closed 4 minutes ago, quiet period 3h: https://health.aws.amazon.com/health/status?eventID=arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1
    EC2 AWS_EC2_OPERATIONAL_ISSUE in us-east-1, since 2026-11-23 05:10 UTC, closed 2 hours ago, quiet period 3h: https://health.aws.amazon.com/health/status?eventID=arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_3
    next: retried automatically until 2026-11-24 07:00 UTC, once the quiet period is over; a retry by hand reads AWS Health again
    [JobFailed]
    health-gate blocked: 1 open and 1 just closed AWS Health issues in us-east-1
    EC2 AWS_EC2_OPERATIONAL_ISSUE in us-east-1, since 2026-11-23 05:10 UTC, closed 4 minutes ago, quiet period 3h: https://health.aws.amazon.com/health/status?eventID=arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1
    EC2 AWS_EC2_OPERATIONAL_ISSUE in us-east-1, since 2026-11-23 05:10 UTC, last update 2026-11-23 06:40 UTC: https://health.aws.amazon.com/health/status?eventID=arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_5
    next: retried automatically until 2026-11-24 07:00 UTC, once AWS Health shows these events as closed for 3h; a retry by hand reads AWS Health again
    [JobFailed]
    health-gate blocked: 1 just closed AWS Health issue in us-east-1
    EC2 AWS_EC2_OPERATIONAL_ISSUE in us-east-1, since 2026-11-23 05:10 UTC, closed at an unknown time, quiet period 3h: https://health.aws.amazon.com/health/status?eventID=arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1
    next: retried automatically until 2026-11-24 07:00 UTC, once the quiet period is over; a retry by hand reads AWS Health again
    ");
}

#[test]
fn an_incident_in_an_incomplete_reading_says_that_there_may_be_more() {
    let reading = Reading {
        events: vec![event(1, "us-east-1")],
        ..unread(UnknownCause::Throttled, "Rate exceeded")
    };
    assert_snapshot!(Story { reading, ..Story::default() }.text(), @"
    [JobFailed]
    health-gate blocked: 1 open AWS Health issue in us-east-1
    EC2 AWS_EC2_OPERATIONAL_ISSUE in us-east-1, since 2026-11-23 05:10 UTC, last update 2026-11-23 06:40 UTC: https://health.aws.amazon.com/health/status?eventID=arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1
    there may be more, AWS Health throttled the gate: Rate exceeded
    next: retried automatically until 2026-11-24 07:00 UTC, once AWS Health shows these events as closed; a retry by hand reads AWS Health again
    ");
}

#[test]
fn a_failure_says_what_was_ignored_and_what_could_not_be_read() {
    let notes = vec![
        Note::OverrideIgnored(OverrideError::Expired {
            until: utc_datetime!(2026-11-22 18:00:00),
            value: "until=2026-11-22T18:00Z by=alice reason=INC-42".to_owned(),
        }),
        Note::OverrideUnread(
            "AccessDeniedException: not authorized to perform codepipeline:ListTagsForResource"
                .to_owned(),
        ),
        Note::StageUnread("no answer within 3.0 s".to_owned()),
        Note::PipelineUnread("ThrottlingException".to_owned()),
        Note::MayBeBehind("us-east-2".to_owned()),
    ];
    let old = Event {
        last_updated_time: Some(NOW - Duration::days(4)),
        ..event(9, "us-east-1")
    };
    let reading = Reading::known(vec![event(1, "us-east-1"), old]);
    assert_snapshot!(Story { notes, reading, ..Story::default() }.text(), @"
    [JobFailed]
    health-gate blocked: 1 open AWS Health issue in us-east-1
    EC2 AWS_EC2_OPERATIONAL_ISSUE in us-east-1, since 2026-11-23 05:10 UTC, last update 2026-11-23 06:40 UTC: https://health.aws.amazon.com/health/status?eventID=arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1
    note: not updated for 72h and so not counted: EC2 AWS_EC2_OPERATIONAL_ISSUE in us-east-1 (arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_9)
    note: the pipeline's override is ignored: it expired at 2026-11-22T18:00:00Z: `until=2026-11-22T18:00Z by=alice reason=INC-42`
    note: decided without override, the pipeline's tags could not be read: AccessDeniedException: not authorized to perform codepipeline:ListTagsForResource
    note: decided as no rollback, the stage's state could not be read: no answer within 3.0 s
    note: decided without override and rollback, which pipeline this is could not be read: ThrottlingException
    note: AWS Health was read at its endpoint in us-east-2, which may be behind
    next: retried automatically until 2026-11-24 07:00 UTC, once AWS Health shows these events as closed; a retry by hand reads AWS Health again
    ");
}

#[test]
fn without_automatic_retry_a_failure_says_so() {
    assert_snapshot!(Story { more: r#""retry": "never""#, ..Story::default() }.text().lines().last().unwrap_or_default(), @"next: not retried automatically, `retry` is `never`; retry the stage by hand once AWS Health shows these events as closed");
}

#[test]
fn what_could_not_be_read_says_why_and_what_to_do() {
    let messages = [
        (UnknownCause::NoSupportPlan, ""),
        (UnknownCause::AccessDenied, "User: arn:aws:sts::111122223333:assumed-role/gate is not authorized to perform: health:DescribeEvents"),
        (UnknownCause::Throttled, "Rate exceeded"),
        (UnknownCause::Unavailable, "connection refused"),
        (UnknownCause::TimedOut, ""),
        (UnknownCause::TooManyPages, ""),
        (UnknownCause::Internal, "attempt to subtract with overflow"),
    ]
    .map(|(cause, detail)| Story { reading: unread(cause, detail), ..Story::default() }.text());
    assert_snapshot!(messages.join("\n"), @"
    [ConfigurationError]
    health-gate unknown: this account has no support plan that includes the AWS Health API
    next: the AWS Health API needs a Business Support+, Enterprise Support or Unified Operations plan; without one this gate cannot work in this account; retried automatically until 2026-11-24 07:00 UTC, once AWS Health can be read and is clear; a retry by hand reads AWS Health again
    [PermissionError]
    health-gate unknown: access to the AWS Health API is denied: User: arn:aws:sts::111122223333:assumed-role/gate is not authorized to perform: health:DescribeEvents
    next: check the role and the credentials of the gate's function, which needs `health:DescribeEvents` on `*`; retried automatically until 2026-11-24 07:00 UTC, once AWS Health can be read and is clear; a retry by hand reads AWS Health again
    [SystemUnavailable]
    health-gate unknown: AWS Health throttled the gate: Rate exceeded
    next: retried automatically until 2026-11-24 07:00 UTC, once AWS Health can be read and is clear; a retry by hand reads AWS Health again
    [SystemUnavailable]
    health-gate unknown: AWS Health is unavailable: connection refused
    next: retried automatically until 2026-11-24 07:00 UTC, once AWS Health can be read and is clear; a retry by hand reads AWS Health again
    [SystemUnavailable]
    health-gate unknown: AWS Health did not answer in time
    next: retried automatically until 2026-11-24 07:00 UTC, once AWS Health can be read and is clear; a retry by hand reads AWS Health again
    [SystemUnavailable]
    health-gate unknown: AWS Health has more pages of events than the gate reads
    next: look at AWS Health yourself; if the action's UserParameters name many regions, name fewer; retried automatically until 2026-11-24 07:00 UTC, once AWS Health can be read and is clear; a retry by hand reads AWS Health again
    [SystemUnavailable]
    health-gate unknown: the gate itself failed, a defect of health-gate: attempt to subtract with overflow
    next: retried automatically until 2026-11-24 07:00 UTC, once AWS Health can be read and is clear; a retry by hand reads AWS Health again
    ");
}

#[test]
fn what_is_wrong_with_the_job_says_what_is_accepted() {
    let own_region = "us-east-1".parse().expect("a region");
    let error = |account: Option<&str>, action| {
        AccountPolicy::new(account.map(str::to_owned))
            .for_action(action, &own_region)
            .expect_err("invalid")
    };
    let messages = [
        Invalid::from(error(None, Some(r#"{"region": []}"#))),
        Invalid::from(error(Some("us-east-1"), None)),
        Invalid::from(TokenError::Version(2)),
    ]
    .map(|invalid| {
        let decision = decide(Case::Invalid(invalid), &Circumstances::default(), NOW);
        text(
            Report {
                decision: &decision,
                policy: None,
                stale: &[],
                notes: &[],
                checked_at: NOW,
            }
            .job_result(),
        )
    });
    assert_snapshot!(messages.join("\n"), @r#"
    [ConfigurationError]
    health-gate invalid: UserParameters: unknown key: `region` (did you mean `regions`?); accepted: `regions`, `services`, `ignoreServices`, `categories`, `eventTypeCodes`, `ignoreEventTypeCodes`, `scopes`, `ignoreEvents`, `staleAfter`, `quietPeriod`, `onIncident`, `onUnknown`, `onRollback`, `maxHold`, `checkEvery`, `retry`, `retryWithin`
    next: correct the action's UserParameters and release the change again; this stage is not retried with the old ones
    [ConfigurationError]
    health-gate invalid: HEALTH_GATE_POLICY: must be one JSON object: `us-east-1`; accepted: `{"regions": ["us-east-1"]}`
    next: correct the environment variable HEALTH_GATE_POLICY of the gate's function, which every pipeline of the account uses; then retry this stage
    [SystemUnavailable]
    health-gate unknown: the continuation token has version 2; this gate reads version 1
    next: retried automatically once AWS Health is clear, and then from the beginning; a retry by hand reads AWS Health again
    "#);
}

#[test]
fn sixty_incidents_fit_and_the_rest_is_counted() {
    let reading = Reading::known((0..60).map(|n| event(n, "us-east-1")).collect());
    let text = Story {
        reading,
        ..Story::default()
    }
    .text();
    let listed = text.lines().filter(|line| line.starts_with("EC2 ")).count();
    assert!(listed > 10, "only {listed} listed");
    assert!(
        text.contains(&format!("\nand {} more\n", 60 - listed)),
        "{text}"
    );
    assert!(
        text.lines()
            .last()
            .is_some_and(|line| line.starts_with("next: "))
    );
}

#[test]
fn a_line_break_in_a_value_forges_no_line() {
    let reading = unread(
        UnknownCause::AccessDenied,
        "denied\nhealth-gate blocked: 9 open AWS Health issues",
    );
    let text = Story {
        reading,
        ..Story::default()
    }
    .text();
    assert_eq!(
        text.lines()
            .filter(|l| l.starts_with("health-gate"))
            .count(),
        1,
        "{text}"
    );
}

/// stage-retry knows a release by its markers: those of every released version are kept here.
#[test]
fn the_markers_of_every_released_version_are_known() {
    for (message, marker, stopped) in [
        (
            "health-gate blocked: 1 open AWS Health issue in us-east-1",
            Some(Marker::Blocked),
            false,
        ),
        (
            "health-gate unknown: AWS Health throttled the gate",
            Some(Marker::Unknown),
            false,
        ),
        (
            "health-gate invalid: unknown key in UserParameters",
            Some(Marker::Invalid),
            false,
        ),
        (
            "health-gate blocked: stopped by a person while it was held for 1 open",
            Some(Marker::Blocked),
            true,
        ),
        (
            "health-gate unknown: stopped by a person while it was held for",
            Some(Marker::Unknown),
            true,
        ),
        ("the deployment was stopped by a person", None, false),
    ] {
        assert_eq!(
            (Marker::of(message), Marker::is_stopped_by_a_person(message)),
            (marker, stopped),
            "{message}"
        );
    }
}

fn long_text() -> impl Strategy<Value = String> {
    ("\\PC{1,8}", 0usize..800).prop_map(|(word, times)| word.repeat(times))
}

fn any_circumstances() -> impl Strategy<Value = Circumstances> {
    (
        prop::option::of((long_text(), long_text())),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(texts, rollback, stopping)| Circumstances {
            overridden: texts.map(|(by, reason)| Override {
                until: NOW,
                by,
                reason,
            }),
            rollback,
            stopping,
        })
}

proptest! {
    #[test]
    fn every_limit_holds_for_any_text(
        services in prop::collection::vec(long_text(), 0..40),
        detail in prop::option::of(long_text()),
        circumstances in any_circumstances(),
        note in long_text(),
        more in prop_oneof![Just(""), Just(r#""onIncident": "hold""#), Just(r#""onIncident": "warn", "onUnknown": "pass""#)],
    ) {
        let events: Vec<Event> = services.into_iter().enumerate().map(|(n, service)| {
            let arn = if n % 5 == 4 { String::new() } else { event(n, "us-east-1").arn + &service };
            Event { service: Some(service), arn, ..event(n, "us-east-1") }
        }).collect();
        let reading = Reading { events, unread: detail.map(|detail| Unread { cause: UnknownCause::Unavailable, detail }), may_be_behind: false };
        let story = Story { reading, circumstances, notes: vec![Note::OverrideUnread(note.clone()), Note::StageUnread(note)], more, hold: None };
        match story.result() {
            JobResult::Failure { message, .. } => {
                prop_assert!(!message.is_empty() && message.len() <= 5_000);
                prop_assert!(Marker::of(&message).is_some());
                prop_assert!(message.lines().last().is_some_and(|line| line.starts_with("next: ")));
            }
            JobResult::InProgress { summary, continuation_token } => {
                prop_assert!(!summary.is_empty() && summary.len() <= 2_048);
                prop_assert!(continuation_token.len() <= 2_048);
                prop_assert!(HoldState::read(&continuation_token, NOW).is_ok());
            }
            JobResult::Success { summary, output_variables } => {
                prop_assert!(!summary.is_empty() && summary.len() <= 2_048);
                prop_assert_eq!(output_variables.len(), 8);
                prop_assert!(output_variables.values().all(|value| !value.is_empty() && value.len() <= 900));
            }
        }
    }

    #[test]
    fn success_limits_hold_for_any_number_of_regions(count in 1usize..400) {
        let mut policy = policy("");
        policy.regions = (0..count).map(|n| format!("us-east-{n}").parse().expect("a region")).collect();
        let decision = Decision::Pass(Pass::Clear);
        let report = Report { decision: &decision, policy: Some(&policy), stale: &[], notes: &[], checked_at: NOW };
        let JobResult::Success { summary, output_variables } = report.job_result() else { panic!("expected a success") };
        prop_assert!(!summary.is_empty() && summary.len() <= 2_048);
        prop_assert!(output_variables.values().all(|value| !value.is_empty() && value.len() <= 900));
    }
}

/// The end of a hold keeps its marker, whatever it waited for.
#[test]
fn a_stopped_hold_is_known_by_its_message() {
    let policy = policy(r#""onUnknown": "hold""#);
    let unread = Unread {
        cause: UnknownCause::TimedOut,
        detail: String::new(),
    };
    let circumstances = Circumstances {
        stopping: true,
        ..Circumstances::default()
    };
    let case = Case::Found {
        policy: &policy,
        finding: Finding::Unknown(unread),
        hold: None,
    };
    let decision = decide(case, &circumstances, NOW);
    assert!(matches!(
        &decision,
        Decision::Fail(Fail {
            ending: Some(Ending::Stopped),
            ..
        })
    ));
    let report = Report {
        decision: &decision,
        policy: Some(&policy),
        stale: &[],
        notes: &[],
        checked_at: NOW,
    };
    assert!(
        Marker::is_stopped_by_a_person(&report.headline()),
        "{}",
        report.headline()
    );
}

/// What happens next stands in every message, and as many incidents as fit before it.
#[test]
fn a_long_message_is_full_and_keeps_its_end() {
    // Lines of all lengths, so that some message is full to the last byte.
    for length in 1..150 {
        is_full_and_keeps_its_end(&"X".repeat(length));
    }
}

fn is_full_and_keeps_its_end(type_code: &str) {
    let long = |number| {
        let mut event = event(number, "us-east-1");
        event.type_code = Some(type_code.to_owned());
        event
    };
    let story = Story {
        reading: Reading::known((0..200).map(long).collect()),
        ..Story::default()
    };
    let text = story.text();
    let message = text.split_once('\n').map_or(&*text, |(_, message)| message);
    let (shown, rest) = text.split_once("\nand ").expect("a count");
    let count: usize = rest
        .split(' ')
        .next()
        .and_then(|count| count.parse().ok())
        .expect("a number");
    assert_eq!(shown.matches("\nEC2 ").count() + count, 200);
    assert!(
        rest.ends_with("a retry by hand reads AWS Health again"),
        "{rest}"
    );
    assert!(
        message.len() <= 5_000 && message.len() > 4_600,
        "{} bytes",
        message.len()
    );
}

#[test]
fn a_rollback_that_was_checked_and_failed_is_left_to_people() {
    let story = Story {
        more: r#""onRollback": "check""#,
        circumstances: Circumstances {
            rollback: true,
            ..Circumstances::default()
        },
        ..Story::default()
    };
    assert!(
        story
            .text()
            .contains("not retried automatically, since it is a rollback"),
        "{}",
        story.text()
    );
}
