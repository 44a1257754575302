//! The time line: what the functions called and what CodePipeline did, in order, as a person wants to read it.

use std::io::{self, Write};

use aws_sandbox::codepipeline::{Happening, Part, Status};
use aws_sandbox::lambda::Finished;
use aws_sandbox::{Call, Outcome, Timestamp, World};
use serde_json::Value;

/// How much of a world has been told.
#[derive(Debug, Default)]
pub(super) struct Timeline {
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
    /// Tells what is new.
    pub(super) fn tell(&mut self, world: &World, out: &mut impl Write) -> io::Result<()> {
        for entry in self.new_entries(world) {
            match entry {
                Entry::Call(call, caller) => tell_call(out, &call, &caller)?,
                Entry::Happening(happening) => self.tell_happening(out, &happening)?,
                Entry::Invocation(finished) => tell_invocation(out, &finished)?,
            }
        }
        Ok(())
    }

    /// Passes over what is new.
    pub(super) fn skip(&mut self, world: &World) {
        self.new_entries(world);
    }

    fn new_entries(&mut self, world: &World) -> Vec<Entry> {
        let mut entries: Vec<Entry> = world.with(|sandbox, _| {
            let calls = sandbox.transcript.calls().iter().skip(self.calls).cloned();
            let happenings = sandbox
                .codepipeline
                .history()
                .iter()
                .skip(self.happenings)
                .cloned();
            let invocations = sandbox
                .lambda
                .finished()
                .iter()
                .skip(self.invocations)
                .cloned();
            let calls = calls.map(|call| {
                let caller = caller_of(sandbox.lambda.finished(), &call);
                Entry::Call(Box::new(call), caller)
            });
            let invocations = invocations.map(|finished| Entry::Invocation(Box::new(finished)));
            let entries = happenings
                .map(Entry::Happening)
                .chain(calls)
                .chain(invocations)
                .collect();
            self.calls = sandbox.transcript.calls().len();
            self.happenings = sandbox.codepipeline.history().len();
            self.invocations = sandbox.lambda.finished().len();
            entries
        });
        entries.sort_by_key(|entry| (entry.at(), entry.rank()));
        entries
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
    pub(super) fn line(
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

/// What stage-retry returns: what became of the stages that it left alone.
fn tell_invocation(out: &mut impl Write, finished: &Finished) -> io::Result<()> {
    let outcomes = finished
        .result
        .as_ref()
        .ok()
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    for outcome in outcomes.filter(|outcome| outcome["outcome"] != "retried") {
        let text = |name: &str| outcome[name].as_str().unwrap_or_default();
        let told = format!(
            "leaves {}/{} alone: {}, {}",
            text("pipeline"),
            text("stage"),
            text("outcome"),
            text("why")
        );
        Timeline::line(out, finished.at, "stage-retry", &told)?;
    }
    Ok(())
}

/// The function whose invocation was going on: they run one after the other.
fn caller_of(finished: &[Finished], call: &Call) -> String {
    let caller = finished
        .iter()
        .find(|done| done.began < call.at && call.at <= done.at);
    caller.map_or_else(String::new, |done| done.invocation.function.clone())
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
