//! Who called what, in order.

use std::fmt;

use serde_json::Value;

use crate::faults::Fault;
use crate::service_error::ServiceError;
use crate::timestamp::Timestamp;

/// The calls that the sandbox received, oldest first.
#[derive(Debug, Default)]
pub struct Transcript(Vec<Call>);

/// One call.
#[derive(Debug, Clone)]
pub struct Call {
    /// When it came.
    pub at: Timestamp,
    /// `Health`, `CodePipeline` or `Lambda`.
    pub service: &'static str,
    /// The operation's name.
    pub operation: String,
    /// The region that it was signed for. Empty for Lambda's Runtime API, which is not signed.
    pub region: String,
    /// Who made it, if the client says so: the `app` of its user agent.
    pub caller: Option<String>,
    /// The input, as JSON. `null` if it could not be read.
    pub input: Value,
    /// How it ended.
    pub outcome: Outcome,
    /// What went wrong with it on purpose.
    pub fault: Option<Fault>,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// With this output, as JSON.
    Output(Value),
    /// With an error.
    Error(ServiceError),
    /// With bytes that mean nothing.
    Garbage,
    /// Not at all.
    Silence,
    /// There was no connection, for this reason.
    NoConnection(&'static str),
}

impl Transcript {
    /// All calls.
    pub fn calls(&self) -> &[Call] {
        &self.0
    }

    /// The calls of one operation.
    pub fn of<'a>(&'a self, operation: &'a str) -> impl Iterator<Item = &'a Call> {
        self.0
            .iter()
            .filter(move |call| call.operation == operation)
    }

    pub(crate) fn record(&mut self, call: Call) {
        self.0.push(call);
    }
}

/// One line, as short as a terminal wants it.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 160;
        let input = self.input.to_string();
        let input = match input.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", &input[..end]),
            None => input,
        };
        write!(f, "{}  ", self.at)?;
        if let Some(caller) = &self.caller {
            write!(f, "{caller}: ")?;
        }
        write!(f, "{} {}", self.service, self.operation)?;
        if !self.region.is_empty() {
            write!(f, " ({})", self.region)?;
        }
        write!(f, " {input} -> ")?;
        match &self.outcome {
            Outcome::Output(output) => match output.get("events").and_then(Value::as_array) {
                Some(events) => write!(f, "{} event(s)", events.len()),
                None => f.write_str("ok"),
            },
            Outcome::Error(error) => {
                write!(
                    f,
                    "{} {}",
                    error.code,
                    error.message.as_deref().unwrap_or_default()
                )
            }
            Outcome::Garbage => f.write_str("garbage"),
            Outcome::Silence => f.write_str("no answer"),
            Outcome::NoConnection(why) => f.write_str(why),
        }?;
        // What the outcome does not show.
        match &self.fault {
            Some(fault @ (Fault::Cut | Fault::Late(_) | Fault::Slow(_) | Fault::Output(_))) => {
                write!(f, " [{}]", fault.name())
            }
            Some(_) | None => Ok(()),
        }
    }
}
