//! The program `health-gate`: how tests run it, with and without a terminal, against an AWS of their own.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use aws_sandbox::health::Event;
use aws_sandbox::{Call, HttpServer, Outcome, Sandbox, Timestamp};
use insta::assert_snapshot;
use portable_pty::CommandBuilder;
use regex_lite::Regex;

use crate::program::{Ended, Program};
use crate::terminal::{self, Shown};

pub(crate) const COMMAND: &str = env!("CARGO_BIN_EXE_health-gate-under-test");

/// The command of somebody who has credentials, and the AWS that it reaches.
pub(crate) struct CommandLine {
    pub(crate) server: HttpServer,
    environment: Vec<(String, String)>,
}

impl CommandLine {
    /// In an AWS with nothing in it.
    pub(crate) async fn new() -> Self {
        let server = HttpServer::bind(([127, 0, 0, 1], 0).into(), Sandbox::new(3));
        Self::of(server.await.expect("loopback has a free port"))
    }

    pub(crate) fn of(server: HttpServer) -> Self {
        let endpoint = format!("http://{}", server.address());
        let variables = [
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "AKIDOFSOMEBODY"),
            ("AWS_SECRET_ACCESS_KEY", "SECRETOFSOMEBODY"),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("TERM", "xterm-256color"),
            ("USER", "alice"),
        ];
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self {
            environment: variables.map(owned).into(),
            server,
        }
    }

    /// With another value of a variable.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.environment.retain(|(of, _)| of != name);
        self
    }

    fn environment(&self) -> Vec<(&str, &str)> {
        let variables = self.environment.iter();
        variables
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect()
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Program {
        Program::start(COMMAND, arguments, &self.environment())
    }

    /// Runs it without a terminal.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).end().await
    }

    /// The same, with a text on standard input.
    pub(crate) async fn run_with_input(&self, arguments: &[&str], input: &str) -> Ended {
        let (reader, mut writer) = std::io::pipe().expect("there are pipes");
        writer
            .write_all(input.as_bytes())
            .expect("a pipe takes a short text");
        drop(writer);
        let input = Stdio::from(reader);
        let program = Program::start_with(COMMAND, arguments, &self.environment(), input);
        program.end().await
    }

    /// Runs it with a standard output that nobody reads.
    pub(crate) async fn run_with_output_closed(&self, arguments: &[&str]) -> Ended {
        let (reader, writer) = std::io::pipe().expect("there are pipes");
        drop(reader);
        let mut command = tokio::process::Command::new(COMMAND);
        command.args(arguments).env_clear().envs(self.environment());
        // Not `output`, which would read what nobody is to read.
        let child = command
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program is built");
        // It keeps the other end of the pipe open.
        drop(command);
        let ended = crate::program::patiently(child.wait_with_output()).await;
        let ended = ended.expect("the program can be waited for");
        Ended {
            code: ended.status.code(),
            stdout: String::new(),
            stderr: String::from_utf8(ended.stderr).expect("the output is text"),
        }
    }

    /// Runs it at a terminal of so many columns.
    pub(crate) async fn run_at_terminal(&self, columns: u16, arguments: &[&str]) -> Shown {
        self.answer_at_terminal(columns, arguments, "").await
    }

    /// The same, with a person who answers the first question with these keys.
    pub(crate) async fn answer_at_terminal(
        &self,
        columns: u16,
        arguments: &[&str],
        keys: &'static str,
    ) -> Shown {
        let mut command = CommandBuilder::new(COMMAND);
        command.env_clear();
        command.args(arguments);
        for (name, value) in self.environment() {
            command.env(name, value);
        }
        terminal::run(command, columns, keys).await
    }

    /// An event of AWS Health.
    pub(crate) fn put_event(&self, event: Event) {
        self.server
            .with(|sandbox, _| sandbox.health.put_event(event));
    }

    /// A public issue of EC2 in us-east-1 that began so long ago, and was written to just now.
    pub(crate) fn put_issue(&self, ago: Duration) -> Event {
        let issue = self.server.with(|_, now| Event {
            last_updated_time: now,
            ..Event::operational_issue("EC2", "us-east-1", "1", before(now, ago))
        });
        self.put_event(issue.clone());
        issue
    }

    /// How many calls of an operation were made, and how many of them accepted.
    pub(crate) fn calls(&self, operation: &str) -> (usize, usize) {
        let is_accepted = |call: &&Call| matches!(call.outcome, Outcome::Output(_));
        self.server.look(|sandbox| {
            let of = || sandbox.transcript.of(operation);
            (of().count(), of().filter(is_accepted).count())
        })
    }
}

/// All that a program left behind, for a snapshot.
pub(crate) fn told(ended: &Ended) -> String {
    redacted(&left_behind(ended))
}

/// The same, with its times: those of a test's own file.
pub(crate) fn left_behind(ended: &Ended) -> String {
    let Ended {
        code,
        stdout,
        stderr,
    } = ended;
    let code = code.map_or("none".to_owned(), |code| code.to_string());
    let heading = if stderr.is_empty() {
        ""
    } else {
        "--- standard error\n"
    };
    format!("{stdout}{heading}{stderr}--- exit code {code}")
}

/// So long before.
pub(crate) fn before(at: Timestamp, duration: Duration) -> Timestamp {
    let millis = i64::try_from(duration.as_millis()).expect("not so long");
    Timestamp::from_millis(at.as_millis() - millis)
}

/// A file of a test, under a name that no other test has.
pub(crate) fn file(name: &str, text: &str) -> String {
    let path = path(name);
    std::fs::write(&path, text).expect("the folder for tests' files can be written to");
    path
}

/// The path of such a file.
pub(crate) fn path(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    path.to_str().expect("it is text").to_owned()
}

/// What differs from run to run, with placeholders that are as wide, so that tables stay as they are. Tests see to it that what they
/// show in a table is from now, or more than a day away: whether a day is shown does not depend on the time of day then.
pub(crate) fn redacted(text: &str) -> String {
    let rules = [
        // Whether a day is shown depends on the time of day.
        (
            r"(since|until|updated) (\d{4}-\d\d-\d\d )?\d\d:\d\d UTC",
            "$1 YYYY-MM-DD hh:mm UTC",
        ),
        (
            r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z",
            "YYYY-MM-DDThh:mm:ssZ",
        ),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "YYYY-MM-DD hh:mm UTC"),
        (r"\d\d:\d\d:\d\d UTC", "hh:mm:ss UTC"),
        (r"\d\d:\d\d UTC", "hh:mm UTC"),
        // A narrow column breaks a time.
        (r"\d{4}-\d\d-\d\d\b", "YYYY-MM-DD"),
        (r"YYYY-MM-DD \d\d:\d\d\b", "YYYY-MM-DD hh:mm"),
        (r"(?m) \d\d:\d\d$", " hh:mm"),
        // A busy machine takes its seconds.
        (r"(\d+ min) \d+ s\b", "$1"),
        (r"\b\d+ s ago", "N s ago"),
        (r"(\d+ h) \d+ min ago", "$1 ago"),
        (r"\d+ ms\b", "N ms"),
        (r#""healthMillis": \d+"#, r#""healthMillis": N"#),
        (
            r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
        ),
        (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    ];
    // The help says how it was called.
    let text = text
        .replace(env!("CARGO_TARGET_TMPDIR"), "TMP")
        .replace("health-gate-under-test", "health-gate");
    rules
        .into_iter()
        .fold(text, |text, (pattern, placeholder)| {
            let pattern = Regex::new(pattern).expect("it is a pattern");
            pattern.replace_all(&text, placeholder).into_owned()
        })
}

async fn run(arguments: &[&str]) -> Ended {
    Program::start(COMMAND, arguments, &[]).end().await
}

#[tokio::test]
async fn the_demo_plays_its_stories_and_the_same_each_time() {
    let Ended {
        code,
        stdout,
        stderr,
    } = run(&["demo"]).await;
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_snapshot!("demo", stdout);
    assert_eq!(run(&["demo"]).await.stdout, stdout);
}

#[tokio::test]
async fn wrong_usage_is_exit_code_64() {
    for arguments in [&[][..], &["chekc"], &["sandbox", "--port", "no"]] {
        let Ended {
            code,
            stdout,
            stderr,
        } = run(arguments).await;
        assert_eq!((code, stdout.as_str()), (Some(64), ""), "{arguments:?}");
        assert!(!stderr.is_empty());
    }
}

#[tokio::test]
async fn help_and_version_are_data() {
    for arguments in ["--help", "--version"] {
        let Ended {
            code,
            stdout,
            stderr,
        } = run(&[arguments]).await;
        assert_eq!((code, stderr.as_str()), (Some(0), ""));
        assert!(!stdout.is_empty());
    }
}

#[tokio::test]
async fn a_port_that_is_taken_says_what_to_do() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    let Ended { code, stderr, .. } = run(&["sandbox", "--port", &port]).await;
    assert_eq!(code, Some(2));
    assert!(
        stderr.contains("choose another port with --port"),
        "{stderr}"
    );
}
