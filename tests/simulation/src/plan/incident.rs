//! The incidents of a world: what kinds there are, and how one goes on.

use std::time::Duration;

use aws_sandbox::Timestamp;
use aws_sandbox::health::Event;
use fastrand::Rng;

use super::START;
use super::policy::Regions;

/// The ARN of the one event that a policy may ignore.
pub(super) const KNOWN_ISSUE: &str =
    "arn:aws:health:HOME::event/S3/AWS_S3_OPERATIONAL_ISSUE/AWS_S3_OPERATIONAL_ISSUE_KNOWN";

/// A kind of incident.
pub(super) struct Kind {
    service: &'static str,
    /// `HOME`, `OTHER` or `global`.
    region: &'static str,
    category: &'static str,
    scope: &'static str,
    code: &'static str,
}

const fn kind(
    service: &'static str,
    region: &'static str,
    category: &'static str,
    scope: &'static str,
    code: &'static str,
) -> Kind {
    Kind {
        service,
        region,
        category,
        scope,
        code,
    }
}

/// The kinds, in the order of the columns of the policies' table.
#[rustfmt::skip]
pub(super) const KINDS: [Kind; 11] = [
    kind("EC2", "HOME", "issue", "PUBLIC", "AWS_EC2_OPERATIONAL_ISSUE"),
    kind("LAMBDA", "HOME", "issue", "PUBLIC", "AWS_LAMBDA_OPERATIONAL_ISSUE"),
    kind("EC2", "OTHER", "issue", "PUBLIC", "AWS_EC2_OPERATIONAL_ISSUE"),
    kind("IAM", "global", "issue", "PUBLIC", "AWS_IAM_OPERATIONAL_ISSUE"),
    kind("MULTIPLE_SERVICES", "HOME", "issue", "PUBLIC", "AWS_MULTIPLE_SERVICES_OPERATIONAL_ISSUE"),
    kind("EC2", "HOME", "issue", "ACCOUNT_SPECIFIC", "AWS_EC2_INSTANCE_STORE_DRIVE_PERFORMANCE_DEGRADED"),
    kind("EC2", "HOME", "scheduledChange", "ACCOUNT_SPECIFIC", "AWS_EC2_SYSTEM_MAINTENANCE_EVENT"),
    kind("BILLING", "HOME", "issue", "ACCOUNT_SPECIFIC", "AWS_BILLING_NOTIFICATION"),
    kind("RISK", "HOME", "accountNotification", "ACCOUNT_SPECIFIC", "AWS_RISK_CREDENTIALS_EXPOSED"),
    kind("S3", "HOME", "issue", "PUBLIC", "AWS_S3_OPERATIONAL_ISSUE"),
    kind("S3", "HOME", "issue", "NONE", "AWS_S3_OPERATIONAL_ISSUE"),
];

/// The kind whose event has the ARN above.
const KNOWN: usize = 9;

/// An incident as AWS Health writes it: one event, in several versions.
#[derive(Debug, Clone)]
pub(crate) struct Incident {
    /// The column of the policies' table.
    pub(crate) kind: usize,
    /// The event, as far as no version changes it.
    event: Event,
    /// AWS Health shows it whatever region and status are asked for.
    pub(crate) is_stray: bool,
    /// How long it had begun when AWS Health wrote of it for the first time.
    begun_before: Duration,
    pub(crate) versions: Vec<Version>,
}

/// What AWS Health writes at a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Version {
    /// Since the world began.
    pub(crate) at: Duration,
    pub(crate) status: &'static str,
    /// It says when the incident ends: so many seconds after it is written, or before.
    pub(crate) end: Option<i64>,
}

impl Incident {
    /// An incident that begins at about `begin`. Only the first one of a world may be the known issue.
    pub(crate) fn random(rng: &mut Rng, regions: Regions, number: usize, begin: Duration) -> Self {
        // Most of them matter to most policies.
        let kind = match rng.u32(..10) {
            0..5 => 0,
            _ => rng.usize(..KINDS.len()),
        };
        let kind = if kind == KNOWN && number > 0 { 1 } else { kind };
        let Kind {
            service,
            region,
            category,
            scope,
            code,
        } = KINDS[kind];
        let region = match region {
            "HOME" => regions.home,
            "OTHER" => regions.other,
            region => region,
        };
        let name = if kind == KNOWN {
            "KNOWN".to_owned()
        } else {
            number.to_string()
        };
        let event = Event {
            arn: format!("arn:aws:health:{region}::event/{service}/{code}/{code}_{name}"),
            service: service.to_owned(),
            event_type_code: code.to_owned(),
            event_type_category: category.to_owned(),
            region: region.to_owned(),
            event_scope_code: scope.to_owned(),
            ..Event::operational_issue(service, region, &name, Timestamp::from_millis(0))
        };
        Self {
            kind,
            event,
            is_stray: rng.u32(..10) == 0,
            begun_before: Duration::from_secs([0, 600, 200_000][rng.usize(..3)]),
            versions: versions(rng, begin, category),
        }
    }

    /// An issue of EC2, from one time to another.
    pub(super) fn of_ec2(regions: Regions, from: Duration, to: Duration) -> Self {
        let region = regions.home;
        let begin = Timestamp::from_millis(0);
        let open = Version {
            at: from,
            status: "open",
            end: None,
        };
        let closed = Version {
            at: to,
            status: "closed",
            end: Some(0),
        };
        Self {
            kind: 0,
            event: Event::operational_issue("EC2", region, "0", begin),
            is_stray: false,
            begun_before: Duration::ZERO,
            versions: vec![open, closed],
        }
    }

    /// The event type's code.
    pub(crate) fn code(&self) -> &str {
        &self.event.event_type_code
    }

    pub(crate) fn arn(&self) -> &str {
        &self.event.arn
    }

    /// The event with this version, written now.
    pub(crate) fn event(&self, version: Version, now: Timestamp) -> Event {
        let first = (START + self.versions[0].at).as_millis();
        let begin = first - self.begun_before.as_millis() as i64;
        let end = |after: i64| Timestamp::from_millis(now.as_millis() + after * 1_000);
        Event {
            start_time: Timestamp::from_millis(begin),
            last_updated_time: now,
            end_time: version.end.map(end),
            status_code: version.status.to_owned(),
            ..self.event.clone()
        }
    }
}

/// How an incident goes: it opens, is written to, closes; and everything that AWS Health was seen to do instead.
fn versions(rng: &mut Rng, begin: Duration, category: &str) -> Vec<Version> {
    let mut at = begin;
    let mut versions = Vec::new();
    let mut write = |rng: &mut Rng, status, end| {
        versions.push(Version { at, status, end });
        at += pause(rng);
    };
    let over = |rng: &mut Rng| Some([0, 0, -30, -500, -7_200][rng.usize(..5)]);
    if category == "scheduledChange" {
        write(rng, "upcoming", None);
    }
    write(rng, "open", None);
    for _ in 0..rng.u32(..3) {
        write(rng, "open", None);
    }
    let end = over(rng);
    match rng.u32(..12) {
        // Never written to again: it grows stale.
        0 | 1 => {}
        2 => write(rng, "closed", None),
        // Resolved, and still open.
        3 => write(rng, "open", end),
        4 => {
            write(rng, "open", end);
            write(rng, "closed", end);
        }
        // It will be over.
        5 => {
            let end = Some([20, 100, 700, 4_000][rng.usize(..4)]);
            write(rng, "open", end);
        }
        // It comes back.
        6 | 7 => {
            for _ in 0..=rng.u32(..2) {
                write(rng, "closed", end);
                write(rng, "open", None);
            }
            write(rng, "closed", end);
        }
        _ => write(rng, "closed", end),
    }
    versions
}

/// Between two things that happen to an incident.
fn pause(rng: &mut Rng) -> Duration {
    let seconds = [1, 10, 40, 100, 200, 400, 900, 2_000, 4_000, 30_000];
    Duration::from_secs(seconds[rng.usize(..seconds.len())])
}
