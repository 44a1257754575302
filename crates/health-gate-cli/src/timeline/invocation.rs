//! The beginning of each invocation of a function: what it was woken up by.

use std::io::{self, Write};

use aws_sandbox::Sandbox;
use aws_sandbox::lambda::Finished;
use serde_json::Value;

use super::Timeline;

/// `invokes stage-retry with a message: an action of checkout has failed`.
pub(super) fn tell_begin(
    out: &mut impl Write,
    finished: &Finished,
    sandbox: &Sandbox,
) -> io::Result<()> {
    let payload = &finished.invocation.payload;
    let job = payload["CodePipeline.job"]["id"]
        .as_str()
        .and_then(|id| sandbox.codepipeline.job(id));
    let cause = match job {
        Some(job) => format!("a job of {}", job.context.pipeline),
        None => message(&payload["Records"][0]["Sns"]["Message"]),
    };
    let told = format!("invokes {} with {cause}", finished.invocation.function);
    Timeline::line(out, finished.began, "Lambda", &told)
}

/// What a message on the topic of signals says.
fn message(message: &Value) -> String {
    let message: Value = message
        .as_str()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let detail = &message["detail"];
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    match message["source"].as_str() {
        Some("health-gate") => "a sweep".to_owned(),
        Some("aws.codepipeline") => format!(
            "a message: {}/{} of {} has failed",
            text(&detail["stage"]),
            text(&detail["action"]),
            text(&detail["pipeline"])
        ),
        Some("aws.health") => format!(
            "a message: the {} issue in {} is {}",
            text(&detail["service"]),
            text(&detail["eventRegion"]),
            text(&detail["statusCode"])
        ),
        _ => "a message".to_owned(),
    }
}
