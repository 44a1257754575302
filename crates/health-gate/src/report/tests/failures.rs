//! What a failure says.

use super::*;
use crate::hold::TokenError;
use crate::override_tag::OverrideError;

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
