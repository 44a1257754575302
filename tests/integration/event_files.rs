//! The sample events of `events/`. Each is parsed as its function parses it, and none is there without a use.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use health_gate_aws::{JobEvent, SnsEvent};
use serde_json::Value;

const HOLD: &str = r#"{"regions": ["us-east-1", "global"], "onIncident": "hold"}"#;

/// What the job event files say, by the gate's own reading.
const JOB_EVENTS: [(&str, &str, Option<&str>); 6] = [
    (
        "codepipeline-job.json",
        "11111111-aaaa-4111-8111-111111111111",
        Some(r#"{"regions": ["us-east-1", "global"]}"#),
    ),
    (
        "codepipeline-job-csv-regions.json",
        "22222222-aaaa-4222-8222-222222222222",
        Some("us-east-1, global"),
    ),
    (
        "codepipeline-job-bad-parameters.json",
        "33333333-aaaa-4333-8333-333333333333",
        Some(r#"{"region": ["us-east-1"]}"#),
    ),
    (
        "codepipeline-job-continued.json",
        "44444444-aaaa-4444-8444-444444444444",
        Some(HOLD),
    ),
    (
        "codepipeline-job-foreign-token.json",
        "88888888-aaaa-4888-8888-888888888888",
        None,
    ),
    (
        "codepipeline-job-hold.json",
        "99999999-aaaa-4999-8999-999999999999",
        Some(HOLD),
    ),
];

/// What the files of SNS say to stage-retry.
const SNS_EVENTS: [(&str, &str); 6] = [
    (
        "sns-codepipeline-action-failed.json",
        r#"Failure { pipeline: "checkout", execution: Some("6f0d1c2b-2222-4333-8444-555566667777") }"#,
    ),
    (
        "sns-health-event-closed.json",
        r#"IncidentClosed { event: Some("arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_sandbox") }"#,
    ),
    (
        "sns-health-event-open.json",
        r#"Ignored { why: "the event of AWS Health is not closed" }"#,
    ),
    (
        "sns-notification-stage-failed.json",
        r#"Failure { pipeline: "checkout", execution: Some("6f0d1c2b-2222-4333-8444-555566667777") }"#,
    ),
    ("sns-sweep.json", "Sweep"),
    (
        "sns-unknown.json",
        r#"Ignored { why: "no known kind of message: source ``, detail-type ``" }"#,
    ),
];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../events")
}

pub(crate) fn read(file: &str) -> Value {
    let text = fs::read_to_string(folder().join(file)).expect("the file exists");
    serde_json::from_str(&text).expect("the file is JSON")
}

#[test]
fn every_file_is_read_by_its_function() {
    for (file, job_id, user_parameters) in JOB_EVENTS {
        let event: JobEvent = serde_json::from_value(read(file)).expect("no JSON is refused");
        assert_eq!(
            event.job_id().map(|id| id.to_string()).as_deref(),
            Some(job_id),
            "{file}"
        );
        assert_eq!(event.user_parameters(), Ok(user_parameters), "{file}");
    }
}

#[test]
fn every_message_of_sns_is_understood_by_its_function() {
    let region = "us-east-1".parse().expect("a region");
    for (file, signal) in SNS_EVENTS {
        let event: SnsEvent = serde_json::from_value(read(file)).expect("an event of SNS");
        assert_eq!(
            format!(
                "{:?}",
                event.signals(&region, time::UtcDateTime::UNIX_EPOCH)
            ),
            format!("[{signal}]"),
            "{file}"
        );
    }
}

#[test]
fn no_file_is_unused() {
    let files: BTreeSet<String> = fs::read_dir(folder())
        .expect("the folder exists")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("a name in UTF-8")
        })
        .collect();
    let used = JOB_EVENTS
        .iter()
        .map(|(file, ..)| *file)
        .chain(SNS_EVENTS.iter().map(|(file, _)| *file));
    assert_eq!(files, used.map(str::to_owned).collect());
}
