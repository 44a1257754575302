//! The help of `health-gate`: how it reads, that its examples work, and what completes the command in a shell.

use std::process::Stdio;

use insta::assert_snapshot;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::command::{COMMAND, CommandLine, file, path};
use crate::program::{Program, patiently};

const SUBCOMMANDS: [&[&str]; 13] = [
    &["check"],
    &["explain"],
    &["validate"],
    &["status"],
    &["override"],
    &["override", "set"],
    &["override", "list"],
    &["override", "clear"],
    &["doctor"],
    &["backtest"],
    &["demo"],
    &["sandbox"],
    &["completions"],
];

async fn help(command: &CommandLine, subcommand: &[&str]) -> String {
    let ended = command.run(&[subcommand, &["--help"]].concat()).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    ended.stdout
}

/// The lines under `Examples:`.
fn examples(help: &str) -> Vec<&str> {
    let (_, examples) = help.split_once("Examples:\n").unwrap_or_default();
    let lines = examples.lines().take_while(|line| line.starts_with("  "));
    lines.collect()
}

#[tokio::test]
async fn the_help_of_each_subcommand_fits_80_columns() {
    let command = CommandLine::new().await;
    for subcommand in [&[&[][..]], &SUBCOMMANDS[..]].concat() {
        let arguments = [subcommand, &["--help"]].concat();
        let shown = command.run_at_terminal(80, &arguments).await;
        assert_eq!(shown.code, 0);
        let screen = shown.screen();
        // clap does not break what it calls usage.
        let wide: Vec<&str> = screen
            .lines()
            .filter(|line| line.chars().count() > 80 && !line.starts_with("Usage: "))
            .collect();
        assert_eq!(wide, [""; 0], "{subcommand:?}");
        // An example is to be copied: one line.
        let whole = help(&command, subcommand).await;
        for example in examples(&whole) {
            assert!(screen.lines().any(|line| line == example), "{example}");
        }
        let name = [&["help"], subcommand].concat().join("-");
        assert_snapshot!(name, screen);
    }
}

/// `health-gate sandbox` as a person starts it, and what it says is to be exported.
async fn start_sandbox() -> (Child, Vec<(String, String)>) {
    let mut sandbox = Command::new(COMMAND)
        .args(["sandbox", "--port", "0"])
        .env_clear()
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the program is built");
    let output = sandbox.stdout.take().expect("stdout is a pipe");
    let mut lines = BufReader::new(output).lines();
    let mut exported = Vec::new();
    let last = async {
        while let Some(line) = lines.next_line().await.expect("the output is text") {
            if let Some(variables) = line.trim().strip_prefix("export ") {
                let pairs = variables.split(' ').filter_map(|pair| pair.split_once('='));
                exported.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
            }
            if line.starts_with("Every call") {
                return;
            }
        }
    };
    patiently(last).await;
    // Somebody has to read on.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (sandbox, exported)
}

/// All but those that other programs have a part in, and those of the sandbox itself, which goes on for ever.
#[tokio::test]
async fn the_examples_work_on_the_sandbox() {
    let (mut sandbox, exported) = start_sandbox().await;
    assert!(exported.len() >= 3, "{exported:?}");
    let directory = path("help-examples");
    std::fs::create_dir_all(&directory).expect("the folder for tests' files can be written to");
    file("help-examples/policy.json", r#"{"regions": ["us-east-1"]}"#);
    file("help-examples/events.json", r#"{"events": []}"#);
    let pipeline = include_str!("../../examples/pipelines/cloudformation/pipeline.yaml");
    file("help-examples/pipeline.yaml", pipeline);
    let mut environment: Vec<(&str, &str)> = exported
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    environment.extend([
        ("DIRECTORY", directory.as_str()),
        ("HEALTH_GATE", COMMAND),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("USER", "alice"),
    ]);
    let command = CommandLine::new().await;
    let mut tried = 0;
    for subcommand in SUBCOMMANDS {
        let help = help(&command, subcommand).await;
        let examples = examples(&help).into_iter();
        let examples = examples.filter_map(|line| line.strip_prefix("  health-gate "));
        let mut count = 0;
        for example in examples {
            count += 1;
            if ["|", "&&", ">"].iter().any(|sign| example.contains(sign))
                || subcommand == ["sandbox"]
            {
                continue;
            }
            let line = format!("cd \"$DIRECTORY\" && exec \"$HEALTH_GATE\" {example}");
            let ended = Program::start("/bin/sh", &["-c", &line], &environment)
                .end()
                .await;
            assert!(
                ended.code.is_some_and(|code| code != 64) && !ended.stderr.contains("panicked"),
                "{example}: {:?} {}",
                ended.code,
                ended.stderr
            );
            tried += 1;
        }
        assert!(
            count > 0 || subcommand == ["override"],
            "{subcommand:?} has no example"
        );
    }
    assert!(tried >= 15, "{tried}");
    sandbox.kill().await.expect("it runs");
}

#[tokio::test]
async fn shells_complete_every_subcommand() {
    let command = CommandLine::new().await;
    for shell in ["bash", "zsh", "fish"] {
        let ended = command.run(&["completions", shell]).await;
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
        for subcommand in SUBCOMMANDS.iter().flat_map(|words| words.last()) {
            assert!(ended.stdout.contains(subcommand), "{shell}: {subcommand}");
        }
    }
}

#[tokio::test]
async fn each_key_of_the_policy_is_an_option() {
    let schema: Value =
        serde_json::from_str(include_str!("../../policy.schema.json")).expect("JSON");
    let help = help(&CommandLine::new().await, &["check"]).await;
    let keys = schema["properties"].as_object().expect("an object").keys();
    let keys: Vec<&String> = keys.filter(|key| !key.starts_with('$')).collect();
    assert!(keys.len() >= 17, "{keys:?}");
    for key in keys {
        let letters = key.chars().map(|letter| match letter {
            'A'..='Z' => format!("-{}", letter.to_ascii_lowercase()),
            other => other.to_string(),
        });
        let option = format!("--{} ", letters.collect::<String>());
        assert!(help.contains(&option), "{key}: {option}");
    }
}
