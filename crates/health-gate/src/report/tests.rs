use insta::assert_snapshot;
use proptest::prelude::*;
use time::macros::utc_datetime;

use super::*;
use crate::decision::decide;
use crate::event::{Event, EventScope, EventStatus};
use crate::finding::Finding;
use crate::policy::Policy;
use crate::reading::{Reading, Unread};
use crate::user_parameters::PolicyError;

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

fn policy() -> Policy {
    Policy {
        regions: ["us-east-1", "eu-west-1", "global"]
            .map(|r| r.parse().expect("a region"))
            .to_vec(),
    }
}

fn result(finding: Finding) -> JobResult {
    let policy = policy();
    Report {
        decision: &decide(finding),
        regions: &policy.regions,
        checked_at: NOW,
    }
    .job_result()
}

fn message(finding: Finding) -> String {
    match result(finding) {
        JobResult::Failure {
            failure_type,
            message,
        } => format!("[{}]\n{message}", failure_type.as_str()),
        JobResult::Success { .. } => panic!("expected a failure"),
    }
}

fn unread(cause: UnknownCause, detail: &str) -> Finding {
    Finding::Unknown(Unread {
        cause,
        detail: detail.to_owned(),
    })
}

#[test]
fn a_clear_reading_passes_with_every_output_variable() {
    let JobResult::Success {
        summary,
        output_variables,
    } = result(Finding::Clear)
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
    assert_snapshot!(variables.join("\n"), @r"
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
fn an_incident_lists_its_events_newest_first() {
    let mut private = event(2, "global");
    private.service = "IAM".to_owned();
    private.scope = Some(EventScope::AccountSpecific);
    private.last_updated_time = None;
    let mut elsewhere = event(3, "eu-west-1");
    elsewhere.arn = elsewhere.arn.replace("arn:aws:", "arn:aws-cn:");
    elsewhere.last_updated_time = Some(utc_datetime!(2026-11-23 06:59:59));
    let reading = Reading::Known(vec![private, event(1, "us-east-1"), elsewhere]);
    assert_snapshot!(message(Finding::of(&policy(), &reading, NOW)), @"
    [JobFailed]
    health-gate blocked: 3 open AWS Health issues in us-east-1, eu-west-1, global
    EC2 AWS_EC2_OPERATIONAL_ISSUE in eu-west-1, since 2026-11-23 05:10 UTC, last update 2026-11-23 06:59 UTC
    EC2 AWS_EC2_OPERATIONAL_ISSUE in us-east-1, since 2026-11-23 05:10 UTC, last update 2026-11-23 06:40 UTC: https://health.aws.amazon.com/health/status?eventID=arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1
    IAM AWS_EC2_OPERATIONAL_ISSUE in global, since 2026-11-23 05:10 UTC: https://health.aws.amazon.com/health/home#/account/dashboard/open-issues
    next: stage-retry goes on with this stage once AWS Health shows these events as closed; a retry by hand reads AWS Health again
    ");
}

#[test]
fn an_incident_in_an_incomplete_reading_says_that_there_may_be_more() {
    let unread = Unread {
        cause: UnknownCause::Throttled,
        detail: "Rate exceeded".to_owned(),
    };
    let reading = Reading::Unknown {
        seen: vec![event(1, "us-east-1")],
        unread,
    };
    assert_snapshot!(message(Finding::of(&policy(), &reading, NOW)), @"
    [JobFailed]
    health-gate blocked: 1 open AWS Health issue in us-east-1
    there may be more, AWS Health throttled the gate: Rate exceeded
    EC2 AWS_EC2_OPERATIONAL_ISSUE in us-east-1, since 2026-11-23 05:10 UTC, last update 2026-11-23 06:40 UTC: https://health.aws.amazon.com/health/status?eventID=arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1
    next: stage-retry goes on with this stage once AWS Health shows these events as closed; a retry by hand reads AWS Health again
    ");
}

#[test]
fn what_could_not_be_read_says_why_and_what_to_do() {
    let messages = [
        message(unread(UnknownCause::NoSupportPlan, "")),
        message(unread(
            UnknownCause::AccessDenied,
            "User: arn:aws:sts::111122223333:assumed-role/gate is not authorized to perform: health:DescribeEvents",
        )),
        message(unread(UnknownCause::Throttled, "Rate exceeded")),
        message(unread(UnknownCause::Unavailable, "connection refused")),
        message(unread(UnknownCause::TimedOut, "")),
        message(unread(UnknownCause::TooManyPages, "")),
    ];
    assert_snapshot!(messages.join("\n"), @"
    [ConfigurationError]
    health-gate unknown: this account has no support plan that includes the AWS Health API
    next: the AWS Health API needs a Business Support+, Enterprise Support or Unified Operations plan; without one this gate cannot work in this account
    [PermissionError]
    health-gate unknown: access to the AWS Health API is denied: User: arn:aws:sts::111122223333:assumed-role/gate is not authorized to perform: health:DescribeEvents
    next: check the role and the credentials of the gate's function, which needs `health:DescribeEvents` on `*`; then retry this stage
    [SystemUnavailable]
    health-gate unknown: AWS Health throttled the gate: Rate exceeded
    next: stage-retry goes on with this stage once AWS Health can be read and is clear; a retry by hand reads it again
    [SystemUnavailable]
    health-gate unknown: AWS Health is unavailable: connection refused
    next: stage-retry goes on with this stage once AWS Health can be read and is clear; a retry by hand reads it again
    [SystemUnavailable]
    health-gate unknown: AWS Health did not answer in time
    next: stage-retry goes on with this stage once AWS Health can be read and is clear; a retry by hand reads it again
    [SystemUnavailable]
    health-gate unknown: AWS Health has more pages of events than the gate reads
    next: look at AWS Health yourself; if the action's UserParameters name many regions, name fewer and release the change again
    ");
}

#[test]
fn an_invalid_policy_says_what_is_accepted() {
    let error = PolicyError::UnknownKey {
        key: "`region`".to_owned(),
        nearest: Some("regions"),
    };
    assert_snapshot!(message(Finding::Invalid(error)), @"
    [ConfigurationError]
    health-gate invalid: unknown key in UserParameters: `region` (did you mean `regions`?); accepted: `regions`
    next: correct the action's UserParameters and release the change again; this stage is not retried with the old ones
    ");
}

#[test]
fn sixty_incidents_fit_and_the_rest_is_counted() {
    let reading = Reading::Known((0..60).map(|n| event(n, "us-east-1")).collect());
    let text = message(Finding::of(&policy(), &reading, NOW));
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
    let detail = "denied\nhealth-gate blocked: 9 open AWS Health issues";
    assert_eq!(
        message(unread(UnknownCause::AccessDenied, detail))
            .lines()
            .filter(|l| l.starts_with("health-gate"))
            .count(),
        1
    );
}

fn long_text() -> impl Strategy<Value = String> {
    ("\\PC{1,8}", 0usize..800).prop_map(|(word, times)| word.repeat(times))
}

proptest! {
    #[test]
    fn every_limit_holds_for_any_text(services in prop::collection::vec(long_text(), 1..40), detail in long_text()) {
        let events = services.into_iter().enumerate().map(|(n, service)| Event { service, ..event(n, "us-east-1") }).collect();
        let unread = Unread { cause: UnknownCause::Unavailable, detail };
        for finding in [
            Finding::of(&policy(), &Reading::Known(events), NOW),
            Finding::Unknown(unread),
        ] {
            let JobResult::Failure { message, .. } = result(finding) else { panic!("expected a failure") };
            prop_assert!(!message.is_empty() && message.len() <= 5_000);
            prop_assert!(message.starts_with("health-gate "));
            prop_assert!(message.lines().last().is_some_and(|line| line.starts_with("next: ")));
        }
    }

    #[test]
    fn success_limits_hold_for_any_number_of_regions(count in 1usize..400) {
        let regions: Vec<Region> = (0..count).map(|n| format!("us-east-{n}").parse().expect("a region")).collect();
        let decision = Decision::Pass(Pass::Clear);
        let report = Report { decision: &decision, regions: &regions, checked_at: NOW };
        let JobResult::Success { summary, output_variables } = report.job_result() else { panic!("expected a success") };
        prop_assert!(!summary.is_empty() && summary.len() <= 2_048);
        prop_assert!(output_variables.values().all(|value| !value.is_empty() && value.len() <= 900));
    }
}
