//! Artifact credentials: every job event has some, and nobody may see them.

use aws_sandbox::World;
use serde_json::Value;

use super::{Checked, Checks, Invariant, Violation};
use crate::functions::RETRY;
use crate::log::Log;

/// What the sandbox puts into job events.
const SECRETS: [&str; 3] = [
    "AKIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "IQoJb3JpZ2luX2VjEXAMPLETOKEN",
];

impl Checks {
    /// Looks through what was written, sent and published since the last time, and what a queue holds.
    pub(super) fn no_credentials(&mut self, world: &World, log: &Log) -> Checked {
        let now = world.now();
        let leaks = |text: &str| SECRETS.iter().any(|secret| text.contains(secret));
        let mut found = Vec::new();
        let lines = log.since(self.seen.log);
        self.seen.log = log.len();
        found.extend(
            lines
                .lines()
                .find(|line| leaks(line))
                .map(|line| format!("a log line: {line}")),
        );
        let mut texts = lines.lines().count();
        world.with(|sandbox, _| {
            let calls = &sandbox.transcript.calls()[self.seen.calls..];
            let published = &sandbox.sns.published()[self.seen.published..];
            texts += calls.len() + published.len();
            let sent = calls.iter().find(|call| has_text(&call.input, &leaks));
            found.extend(sent.map(|call| format!("a call: {call}")));
            let message = published.iter().find(|published| leaks(&published.message));
            found.extend(message.map(|published| format!("a message: {}", published.message)));
            let queued = sandbox.lambda.dead_letters(RETRY);
            found.extend(
                queued
                    .into_iter()
                    .find(|letter| has_text(letter, &leaks))
                    .map(|letter| format!("a dead letter: {letter}")),
            );
            let returned = &sandbox.lambda.finished()[self.seen.finished..];
            texts += returned.len();
            let answers = returned
                .iter()
                .map(|done| done.result.as_ref().unwrap_or_else(|error| error));
            let shown = answers.into_iter().find(|answer| has_text(answer, &leaks));
            found.extend(shown.map(|answer| format!("what a function returned: {answer}")));
            self.seen.finished = sandbox.lambda.finished().len();
            self.seen.calls = sandbox.transcript.calls().len();
            self.seen.published = sandbox.sns.published().len();
        });
        let tally = self.tallies.entry(Invariant::NoCredentials).or_default();
        tally.checked += texts;
        // An invocation of the gate has been given credentials.
        tally.in_danger += std::mem::take(&mut self.given_credentials);
        match found.into_iter().next() {
            None => Ok(()),
            Some(what) => Err(Violation {
                invariant: Invariant::NoCredentials,
                at: now,
                what,
            }),
        }
    }
}

/// Whether a text of a value is one that is looked for.
fn has_text(value: &Value, is_wanted: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => is_wanted(text),
        Value::Array(list) => list.iter().any(|value| has_text(value, is_wanted)),
        Value::Object(members) => members.values().any(|value| has_text(value, is_wanted)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
