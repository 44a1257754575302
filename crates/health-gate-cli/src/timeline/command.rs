//! What a scenario does.

use std::io::{self, Write};

use aws_sandbox::{Call, Outcome};

use super::Timeline;

/// A command of a scenario.
pub(super) fn tell(out: &mut impl Write, call: &Call) -> io::Result<()> {
    let text = |name: &str| call.input[name].as_str().unwrap_or_default();
    let arn = call.input["arn"].as_str();
    let arn = arn.or_else(|| match &call.outcome {
        Outcome::Output(output) => output["arn"].as_str(),
        Outcome::Error(_) | Outcome::Garbage | Outcome::Silence | Outcome::NoConnection(_) => None,
    });
    let issue = arn
        .unwrap_or_default()
        .rsplit('/')
        .next()
        .unwrap_or_default();
    let told = match call.operation.as_str() {
        "open-event" => Some(("AWS Health", format!("{issue} opens in {}", text("region")))),
        "update-event" => Some(("AWS Health", format!("{issue} is updated"))),
        "close-event" => Some(("AWS Health", format!("{issue} is closed"))),
        "signal" => Some(("schedule", "sends a signal".to_owned())),
        "fault" => {
            let times = call.input["times"].as_u64();
            let times = times.map_or_else(
                || "all calls".to_owned(),
                |times| format!("the next {times} calls"),
            );
            Some((
                "scenario",
                format!(
                    "{times} of {} go wrong: {}",
                    text("operation"),
                    text("fault")
                ),
            ))
        }
        "limit" | "disturb" => Some(("scenario", format!("{}: {}", call.operation, call.input))),
        _ => None,
    };
    if let Some((who, what)) = told {
        Timeline::line(out, call.at, who, &what)?;
    }
    match &call.outcome {
        Outcome::Error(error) => Timeline::line(
            out,
            call.at,
            "scenario",
            &format!(
                "{} is refused: {} {}",
                call.operation,
                error.code,
                error.message.as_deref().unwrap_or_default()
            ),
        ),
        Outcome::Output(_) | Outcome::Garbage | Outcome::Silence | Outcome::NoConnection(_) => {
            Ok(())
        }
    }
}
