//! Every call, with what was answered: for one pipeline.

use std::io::{self, Write};

use aws_sandbox::{Call, Outcome};
use health_gate::one_line;
use serde_json::Value;

use super::Timeline;

/// Whether stage-retry looks at a pipeline.
pub(super) fn is_look(call: &Call, caller: &str) -> bool {
    call.operation == "GetPipelineState" && caller != "pipeline-gate"
}

/// A call and its answer.
pub(super) fn tell(out: &mut impl Write, call: &Call, caller: &str) -> io::Result<()> {
    let mut line = |who: &str, text: &str| Timeline::line(out, call.at, who, text);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match call.operation.as_str() {
        "DescribeEvents" => {
            let filter = &call.input["filter"];
            let (status, regions) = (list(&filter["eventStatusCodes"]), list(&filter["regions"]));
            line(
                caller,
                &format!("asks AWS Health for {status} issues in {regions}"),
            )?;
            let output = match &call.outcome {
                Outcome::Output(output) => output,
                Outcome::Error(error) => {
                    return line("AWS Health", &format!("answers: {}", error.code));
                }
                Outcome::Garbage | Outcome::Silence | Outcome::NoConnection(_) => {
                    return line("AWS Health", "does not answer");
                }
            };
            let events = output["events"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default();
            let count = match events.len() {
                0 => "nothing".to_owned(),
                1 => "1 event".to_owned(),
                count => format!("{count} events"),
            };
            line("AWS Health", &format!("answers: {count}"))?;
            events
                .iter()
                .try_for_each(|event| detail(out, &text(&event["arn"])))
        }
        "PutJobSuccessResult" if !call.input["continuationToken"].is_null() => {
            line(
                caller,
                "decides: hold; tells CodePipeline: still in progress",
            )?;
            detail(out, &text(&call.input["executionDetails"]["summary"]))
        }
        "PutJobSuccessResult" => {
            line(
                caller,
                "decides: pass; tells CodePipeline: success, with the output variables",
            )?;
            let variables = call.input["outputVariables"]
                .as_object()
                .into_iter()
                .flatten();
            let mut set = variables.filter(|(_, value)| *value != "none");
            set.try_for_each(|(name, value)| detail(out, &format!("{name} = {}", text(value))))
        }
        "PutJobFailureResult" => {
            let details = &call.input["failureDetails"];
            line(
                caller,
                &format!(
                    "decides: fail; tells CodePipeline: {}, with the message",
                    text(&details["type"])
                ),
            )?;
            text(&details["message"])
                .lines()
                .try_for_each(|line| detail(out, line))
        }
        "ListTagsForResource" => {
            let tags = match &call.outcome {
                Outcome::Output(output) => output["tags"].as_array().cloned().unwrap_or_default(),
                Outcome::Error(_)
                | Outcome::Garbage
                | Outcome::Silence
                | Outcome::NoConnection(_) => Vec::new(),
            };
            match tags.iter().find(|tag| tag["key"] == "health-gate:override") {
                Some(tag) => line(
                    caller,
                    &format!("finds the pipeline's override: {}", text(&tag["value"])),
                ),
                None => line(caller, "finds no override on the pipeline"),
            }
        }
        "GetPipelineState" if caller == "pipeline-gate" => line(
            caller,
            "looks whether this is a rollback, or is being stopped",
        ),
        "ListPipelines" => line(caller, "lists the pipelines"),
        "ListActionExecutions" => line(
            caller,
            "finds a failed stage, and reads which of its actions have failed, and why",
        ),
        "RetryStageExecution" => {
            let stage = text(&call.input["stageName"]);
            line(caller, &format!("retries the failed actions of {stage}"))
        }
        "Publish" => line(
            caller,
            &format!("tells people: {}", text(&call.input["Subject"])),
        ),
        // What a function returns, and which pipeline its job is of; its other calls say it.
        _ => Ok(()),
    }
}

fn list(value: &Value) -> String {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    items
        .iter()
        .filter_map(Value::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

fn detail(out: &mut impl Write, text: &str) -> io::Result<()> {
    writeln!(out, "{:26}{}", "", one_line(text))
}
