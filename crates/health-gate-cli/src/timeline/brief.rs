//! The calls that decide or do something, in one line each with their pipeline: for many pipelines at once.

use std::io::{self, Write};

use aws_sandbox::{Call, Sandbox};
use serde_json::Value;

use super::Timeline;

impl Timeline {
    /// A call in one line, if it decides or does something.
    pub(super) fn tell_briefly(
        &mut self,
        out: &mut impl Write,
        call: &Call,
        caller: &str,
        sandbox: &Sandbox,
    ) -> io::Result<()> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let input = &call.input;
        let told = match call.operation.as_str() {
            "PutJobSuccessResult" if !input["continuationToken"].is_null() => {
                format!(
                    "decides: hold; {}",
                    text(&input["executionDetails"]["summary"])
                )
            }
            "PutJobSuccessResult" => {
                let variables = &input["outputVariables"];
                let by = text(&variables["OverriddenBy"]);
                let by = match by.as_str() {
                    "none" | "" => String::new(),
                    by => format!(" by {by}"),
                };
                let incidents = match text(&variables["IncidentCount"]).as_str() {
                    "0" | "none" | "" => String::new(),
                    count => format!(" ({count} open)"),
                };
                format!(
                    "decides: pass, {}{by}{incidents}",
                    text(&variables["Verdict"])
                )
            }
            "PutJobFailureResult" => {
                let message = text(&input["failureDetails"]["message"]);
                format!(
                    "decides: fail; {}",
                    message.lines().next().unwrap_or_default()
                )
            }
            "RetryStageExecution" => {
                let (pipeline, stage) = (text(&input["pipelineName"]), text(&input["stageName"]));
                let told = format!("{pipeline}: retries the failed actions of {stage}");
                return Self::line(out, call.at, caller, &told);
            }
            "Publish" => {
                let told = format!("tells people: {}", text(&input["Subject"]));
                return Self::line(out, call.at, caller, &told);
            }
            _ => return Ok(()),
        };
        let job = input["jobId"]
            .as_str()
            .and_then(|id| sandbox.codepipeline.job(id));
        let pipeline = job.map_or("?", |job| &job.context.pipeline).to_owned();
        let told = format!("{pipeline}: {told}");
        let said = self.said.insert(pipeline, told.clone());
        if said.as_ref() == Some(&told) {
            return Ok(());
        }
        Self::line(out, call.at, caller, &told)
    }
}
