//! The time line: what the functions called and what CodePipeline did, in order, as a person wants to read it.

mod brief;
mod call;
mod command;
mod invocation;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use aws_sandbox::codepipeline::{Happening, Part, Status};
use aws_sandbox::lambda::Finished;
use aws_sandbox::{Call, Sandbox, Timestamp};
use health_gate::one_line;

/// A time line, and how much of a sandbox it has told.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    /// Only what was decided and done, each with its pipeline, and what is still so is not said again.
    brief: bool,
    /// What was said last of each pipeline's gate.
    said: BTreeMap<String, String>,
    /// The pipelines that the invocation that is told of has looked at.
    looked_at: BTreeSet<String>,
    calls: usize,
    happenings: usize,
    invocations: usize,
}

/// Something to tell.
enum Entry {
    /// A call, and the function that made it.
    Call(Box<Call>, String),
    Happening(Happening),
    /// An invocation begins.
    Begin(Box<Finished>),
    /// An invocation has ended.
    End(Box<Finished>),
}

impl Entry {
    fn at(&self) -> Timestamp {
        match self {
            Self::Call(call, _) => call.at,
            Self::Happening(happening) => happening.at,
            Self::Begin(finished) => finished.began,
            Self::End(finished) => finished.at,
        }
    }

    /// The pipeline that stage-retry looks at.
    fn look(&self) -> Option<&str> {
        match self {
            Self::Call(call, caller) if call::is_look(call, caller) => call.input["name"].as_str(),
            Self::Call(..) | Self::Happening(_) | Self::Begin(_) | Self::End(_) => None,
        }
    }

    /// Of what is at the same time, a retry comes before what it leads to, and what a function does after what led to it.
    fn rank(&self) -> u8 {
        match self {
            Self::Call(call, _) if call.operation == "RetryStageExecution" => 0,
            Self::Happening(_) => 1,
            Self::Begin(_) => 2,
            Self::Call(..) => 3,
            Self::End(_) => 4,
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
        let mut entries = self.new_entries(sandbox).into_iter().peekable();
        while let Some(entry) = entries.next() {
            match entry {
                Entry::Call(call, _) if call.service == "Scenario" => command::tell(out, &call)?,
                Entry::Call(call, caller) if self.brief => {
                    self.tell_briefly(out, &call, &caller, sandbox)?;
                }
                Entry::Call(look, caller) if call::is_look(&look, &caller) => {
                    let name = look.input["name"].as_str().unwrap_or_default().to_owned();
                    if !self.looked_at.insert(name.clone()) {
                        let told = format!("looks at {name} once more, before it does anything");
                        Self::line(out, look.at, &caller, &told)?;
                        continue;
                    }
                    // Looks at many pipelines are one line.
                    let mut names = vec![name];
                    while let Some(name) = entries.peek().and_then(Entry::look) {
                        if !self.looked_at.insert(name.to_owned()) {
                            break;
                        }
                        names.push(name.to_owned());
                        entries.next();
                    }
                    let told = format!("looks at {}", names.join(", "));
                    Self::line(out, look.at, &caller, &told)?;
                }
                Entry::Call(call, caller) => call::tell(out, &call, &caller)?,
                Entry::Happening(happening) => self.tell_happening(out, &happening)?,
                Entry::Begin(_) if self.brief => {}
                Entry::Begin(finished) => {
                    self.looked_at.clear();
                    invocation::tell_begin(out, &finished, sandbox)?;
                }
                Entry::End(finished) => self.tell_end(out, &finished)?,
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
        let invocations = invocations.flat_map(|finished| {
            let finished = Box::new(finished);
            [Entry::Begin(finished.clone()), Entry::End(finished)]
        });
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

    /// What stage-retry returns: what became of the stages that it left alone.
    fn tell_end(&mut self, out: &mut impl Write, finished: &Finished) -> io::Result<()> {
        let account = finished.result.as_ref().ok();
        let Some(outcomes) = account.and_then(|account| account["stages"].as_array()) else {
            return Ok(());
        };
        if outcomes.is_empty() && !self.brief {
            let told = "finds nothing that the gate has stopped, and leaves everything alone";
            return Self::line(out, finished.at, "stage-retry", told);
        }
        let mut unchanged = 0;
        let left_alone = outcomes
            .iter()
            .filter(|outcome| outcome["outcome"] != "retried");
        for outcome in left_alone {
            let text = |name: &str| outcome[name].as_str().unwrap_or_default();
            let stage = match outcome["stage"].as_str() {
                Some(stage) => format!("{}/{stage}", text("pipeline")),
                None => text("pipeline").to_owned(),
            };
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
        writeln!(out, "  {clock}  {who:<13} {}", one_line(text))
    }
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
