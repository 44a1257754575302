//! The time line: what the functions called and what CodePipeline did, in order, as a person wants to read it.

use std::collections::BTreeMap;
use std::io::{self, Write};

use aws_sandbox::codepipeline::{Happening, Part, Status};
use aws_sandbox::lambda::Finished;
use aws_sandbox::{Call, Outcome, Sandbox, Timestamp};
use serde_json::Value;

/// A time line, and how much of a sandbox it has told.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    /// Only what was decided and done, each with its pipeline, and what is still so is not said again.
    brief: bool,
    /// What was said last of each pipeline's gate.
    said: BTreeMap<String, String>,
    calls: usize,
    happenings: usize,
    invocations: usize,
}

/// Something to tell.
enum Entry {
    /// A call, and the function that made it.
    Call(Box<Call>, String),
    Happening(Happening),
    Invocation(Box<Finished>),
}

impl Entry {
    fn at(&self) -> Timestamp {
        match self {
            Self::Call(call, _) => call.at,
            Self::Happening(happening) => happening.at,
            Self::Invocation(finished) => finished.at,
        }
    }

    /// Of what is at the same time, a retry comes before what it leads to, and what a function does after what led to it.
    fn rank(&self) -> u8 {
        match self {
            Self::Call(call, _) if call.operation == "RetryStageExecution" => 0,
            Self::Happening(_) => 1,
            Self::Call(..) => 2,
            Self::Invocation(_) => 3,
        }
    }
}

impl Timeline {
    /// A time line of decisions, for many pipelines.
    pub(crate) fn brief() -> Self {
        Self {
            brief: true,
            ..Self::default()
        }
    }

    /// Tells what is new.
    pub(crate) fn tell(&mut self, sandbox: &Sandbox, out: &mut impl Write) -> io::Result<()> {
        for entry in self.new_entries(sandbox) {
            match entry {
                Entry::Call(call, _) if call.service == "Scenario" => tell_command(out, &call)?,
                Entry::Call(call, caller) if self.brief => {
                    self.tell_briefly(out, &call, &caller, sandbox)?;
                }
                Entry::Call(call, caller) => tell_call(out, &call, &caller)?,
                Entry::Happening(happening) => self.tell_happening(out, &happening)?,
                Entry::Invocation(finished) => self.tell_invocation(out, &finished)?,
            }
        }
        Ok(())
    }

    /// Passes over what is new.
    pub(crate) fn skip(&mut self, sandbox: &Sandbox) {
        self.new_entries(sandbox);
    }

    /// Whether there is something new.
    pub(crate) fn has_news(&self, sandbox: &Sandbox) -> bool {
        self.calls < sandbox.transcript.calls().len()
            || self.happenings < sandbox.codepipeline.history().len()
            || self.invocations < sandbox.lambda.finished().len()
    }

    fn new_entries(&mut self, sandbox: &Sandbox) -> Vec<Entry> {
        let finished = sandbox.lambda.finished();
        let calls = sandbox.transcript.calls().iter().skip(self.calls).cloned();
        let calls = calls.map(|call| {
            let caller = caller_of(finished, &call);
            Entry::Call(Box::new(call), caller)
        });
        let happenings = sandbox.codepipeline.history().iter().skip(self.happenings);
        let invocations = finished.iter().skip(self.invocations).cloned();
        let invocations = invocations.map(|finished| Entry::Invocation(Box::new(finished)));
        let mut entries: Vec<Entry> = happenings
            .cloned()
            .map(Entry::Happening)
            .chain(calls)
            .chain(invocations)
            .collect();
        self.calls = sandbox.transcript.calls().len();
        self.happenings = sandbox.codepipeline.history().len();
        self.invocations = finished.len();
        entries.sort_by_key(|entry| (entry.at(), entry.rank()));
        entries
    }

    /// A call in one line, if it decides or does something.
    fn tell_briefly(
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

    /// What stage-retry returns: what became of the stages that it left alone.
    fn tell_invocation(&mut self, out: &mut impl Write, finished: &Finished) -> io::Result<()> {
        let outcomes = finished
            .result
            .as_ref()
            .ok()
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let mut unchanged = 0;
        for outcome in outcomes.filter(|outcome| outcome["outcome"] != "retried") {
            let text = |name: &str| outcome[name].as_str().unwrap_or_default();
            let stage = format!("{}/{}", text("pipeline"), text("stage"));
            let told = format!(
                "leaves {stage} alone ({}): {}",
                text("outcome"),
                text("why")
            );
            let said = self.said.insert(stage, told.clone());
            if self.brief && said.as_ref() == Some(&told) {
                unchanged += 1;
            } else {
                Self::line(out, finished.at, "stage-retry", &told)?;
            }
        }
        if unchanged > 0 {
            let told =
                format!("looks again: nothing has changed for {unchanged} of the stopped stages");
            Self::line(out, finished.at, "stage-retry", &told)?;
        }
        Ok(())
    }

    fn tell_happening(&mut self, out: &mut impl Write, happening: &Happening) -> io::Result<()> {
        let verb = match happening.status {
            Status::InProgress if happening.resumed => "goes on",
            Status::InProgress => "begins",
            Status::Succeeded => "has succeeded",
            Status::Failed => "has failed",
            Status::Stopping => "is being stopped",
            Status::Stopped => "was stopped",
            Status::Abandoned => "is not waited for",
            Status::Cancelled => "was cancelled",
            Status::Superseded => "was superseded by a newer one",
        };
        let text = match &happening.part {
            Part::Execution => {
                format!("{}: the release {verb}", happening.pipeline)
            }
            // The stage says what its last action says.
            Part::Stage(_) => return Ok(()),
            Part::Action(stage, action) => {
                format!("{}: {stage}/{action} {verb}", happening.pipeline)
            }
        };
        Self::line(out, happening.at, "CodePipeline", &text)
    }

    /// One line: the time of day, who, what.
    pub(crate) fn line(
        out: &mut impl Write,
        at: Timestamp,
        who: &str,
        text: &str,
    ) -> io::Result<()> {
        let clock = at.to_string();
        let clock = clock.get(11..19).unwrap_or(&clock);
        writeln!(out, "  {clock}  {who:<13} {text}")
    }
}

fn detail(out: &mut impl Write, text: &str) -> io::Result<()> {
    writeln!(out, "{:26}{text}", "")
}

/// Who made a call: who says so, or else the function whose invocation was going on; in a demo they run one after the other.
fn caller_of(finished: &[Finished], call: &Call) -> String {
    let running = finished
        .iter()
        .find(|done| done.began < call.at && call.at <= done.at);
    let running = running.map(|done| done.invocation.function.clone());
    let caller = call.caller.clone().or(running);
    caller.unwrap_or_else(|| "a client".to_owned())
}

/// A command of a scenario.
fn tell_command(out: &mut impl Write, call: &Call) -> io::Result<()> {
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

fn tell_call(out: &mut impl Write, call: &Call, caller: &str) -> io::Result<()> {
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
        "GetPipelineState" => line(caller, &format!("looks at {}", text(&call.input["name"]))),
        "ListActionExecutions" => line(
            caller,
            "finds a stopped stage, and makes sure that the gate alone stopped it",
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
