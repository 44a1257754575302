//! A scenario: commands, each with the time at which it is done.

use std::time::Duration;

use serde_json::{Value, json};

use crate::command::Command;
use crate::duration;
use crate::sandbox::Sandbox;
use crate::timestamp::Timestamp;
use crate::transcript::{Call, Outcome};

/// A story for the sandbox: `{"about": "…", "commands": [{"at": "0s", "do": "open-event", …}, …]}`.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// What it shows, in a sentence or two.
    pub about: Option<String>,
    commands: Vec<(Duration, Command)>,
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// What is wrong with it, and with which command.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut scenario: Value =
            serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
        let members = scenario
            .as_object_mut()
            .ok_or("it is no object: {\"commands\": [{\"at\": \"0s\", \"do\": …}]}")?;
        let about = match members.remove("about") {
            None => None,
            Some(Value::String(about)) => Some(about),
            Some(_) => return Err("`about` is no text".to_owned()),
        };
        let commands = members.remove("commands");
        if let Some(unknown) = members.keys().next() {
            return Err(format!(
                "unknown member `{unknown}`; it has `about` and `commands`"
            ));
        }
        let commands = match commands {
            Some(Value::Array(commands)) => commands,
            Some(_) => return Err("`commands` is no list".to_owned()),
            None => return Err("`commands` is missing: a list of what is done when".to_owned()),
        };
        let commands = commands
            .into_iter()
            .enumerate()
            .map(|(n, command)| step(command).map_err(|why| format!("command {}: {why}", n + 1)));
        Ok(Self {
            about,
            commands: commands.collect::<Result<_, _>>()?,
        })
    }
}

fn step(mut command: Value) -> Result<(Duration, Command), String> {
    let members = command.as_object_mut().ok_or("it is no object")?;
    let at = match members.remove("at") {
        Some(Value::String(at)) => at,
        Some(_) => return Err("`at` is no text: when it is done, as in \"90s\"".to_owned()),
        None => return Err("`at` is missing: when it is done, as in \"90s\"".to_owned()),
    };
    let at = duration::parse(&at).map_err(|why| format!("`at`: {why}"))?;
    let command = serde_json::from_value(command).map_err(|error| error.to_string())?;
    Ok((at, command))
}

impl Sandbox {
    /// Begins a scenario: what it does at once is done, the rest happens in its time.
    ///
    /// # Errors
    /// If a command could not be done, with its place; nothing has begun then.
    pub fn begin_scenario(&mut self, now: Timestamp, scenario: Scenario) -> Result<(), String> {
        for (n, (_, command)) in scenario.commands.iter().enumerate() {
            command.check(&self.programs).map_err(|error| {
                format!("command {}: {}", n + 1, error.message.unwrap_or_default())
            })?;
        }
        for (at, command) in scenario.commands {
            self.scenario.schedule(now + at, command);
        }
        self.wake_up(now);
        Ok(())
    }

    /// Whether the last command of the scenario is done.
    pub fn scenario_is_over(&self) -> bool {
        self.scenario.next().is_none()
    }

    /// Does the next command of a scenario; it stands in the transcript like a call.
    pub(crate) fn play_step(&mut self, now: Timestamp, command: Command) {
        let operation = command.name();
        let mut input = serde_json::to_value(&command).expect("commands have string keys");
        if let Some(members) = input.as_object_mut() {
            members.remove("do");
        }
        let result = self.command(now, command);
        self.transcript.record(Call {
            at: now,
            service: "Scenario",
            operation,
            region: String::new(),
            caller: None,
            input: json!(input),
            outcome: result.map_or_else(Outcome::Error, Outcome::Output),
            fault: None,
        });
    }
}
