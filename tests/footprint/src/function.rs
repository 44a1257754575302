//! A function as a process: what it takes to start it, and what an invocation takes.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use crate::aws::{Aws, Way, Work};
use crate::runtime_api::{RuntimeApi, Step};
use crate::tls_front::CERTIFICATES;

/// What is measured.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) command: Vec<OsString>,
    /// What is deployed.
    pub(crate) file: PathBuf,
    pub(crate) work: Work,
    /// Further environment.
    pub(crate) environment: Vec<(&'static str, String)>,
}

impl Subject {
    /// A program that `cargo lambda build` has written to `folder`.
    pub(crate) fn program(folder: &Path, name: &'static str, work: Work) -> Self {
        let file = folder.join(name).join("bootstrap");
        Self {
            name,
            command: vec![file.clone().into()],
            file,
            work,
            environment: Vec::new(),
        }
    }

    /// The gate in Python, by an interpreter that has what it imports.
    pub(crate) fn python(interpreter: &Path) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("python");
        let command = ["-m", "awslambdaric", "gate.handler"].map(OsString::from);
        Self {
            name: "Python gate",
            command: [interpreter.into()].into_iter().chain(command).collect(),
            file: folder.join("gate.py"),
            work: Work::Job,
            environment: vec![
                ("LAMBDA_TASK_ROOT", folder.display().to_string()),
                ("PYTHONPATH", folder.display().to_string()),
                ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
            ],
        }
    }
}

/// What a process has used since it started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    pub(crate) processor: Duration,
    /// The most that it had in memory, in kB.
    pub(crate) peak: u64,
}

/// A running function.
#[derive(Debug)]
pub(crate) struct Function {
    name: &'static str,
    work: Work,
    child: Child,
    api: RuntimeApi,
    started: Instant,
}

impl Function {
    /// Starts a subject, by `wrapper` if there is one.
    pub(crate) async fn start(
        subject: &Subject,
        aws: &Aws,
        way: Way,
        wrapper: &[OsString],
    ) -> io::Result<Self> {
        let api = RuntimeApi::bind().await?;
        let mut words = wrapper.iter().chain(&subject.command);
        let program = words.next().expect("a subject has a command");
        let mut command = Command::new(program);
        command
            .args(words)
            .env_clear()
            .envs(aws.environment(way))
            .envs(subject.environment.iter().cloned())
            .env("PATH", "/usr/bin:/bin")
            .env("AWS_LAMBDA_RUNTIME_API", api.address().to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "measured")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_LOG_FORMAT", "JSON")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(if wrapper.is_empty() {
                // Where a function says why it ends.
                Stdio::inherit()
            } else {
                Stdio::piped()
            })
            .kill_on_drop(true);
        let started = Instant::now();
        let child = command.spawn().map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", program.display()))
        })?;
        Ok(Self {
            name: subject.name,
            work: subject.work,
            child,
            api,
            started,
        })
    }

    /// Waits until it asks for an event, and says how long after its start it did.
    pub(crate) async fn asks(&mut self) -> Duration {
        match self.step().await {
            Step::Asks(at) => at - self.started,
            step @ (Step::Answers(..) | Step::Fails(_)) => {
                panic!("{} should ask for an event: {step:?}", self.name)
            }
        }
    }

    /// Gives it an event of its work, and says how long it took it. It has to have done its work, and to ask again.
    pub(crate) async fn invoke(&mut self, aws: &mut Aws) -> Duration {
        let event = aws.event(self.work);
        let before = aws.done(self.work);
        let begin = Instant::now();
        self.api.send(event.clone());
        let (end, answer) = match self.step().await {
            Step::Answers(at, answer) => (at, answer),
            step @ (Step::Asks(_) | Step::Fails(_)) => {
                panic!("{} should answer: {step:?}", self.name)
            }
        };
        match self.work {
            Work::Echo => assert!(!answer.is_empty(), "an echo"),
            Work::Job | Work::Message => {
                assert_eq!(aws.done(self.work), before + 1, "{}: {answer:?}", self.name);
            }
        }
        let took = end - begin;
        self.asks().await;
        took
    }

    /// Gives it an event of its work, which it cannot do.
    async fn fail(&mut self, aws: &mut Aws) {
        self.api.send(aws.event(self.work));
        loop {
            match self.step().await {
                Step::Asks(_) => {}
                Step::Answers(..) | Step::Fails(_) => return,
            }
        }
    }

    async fn step(&mut self) -> Step {
        tokio::select! {
            step = self.api.step() => step,
            ended = self.child.wait() => panic!("{} has ended: {ended:?}", self.name),
        }
    }

    /// What it has used, once it has nothing more to do.
    pub(crate) async fn usage(&self) -> io::Result<Usage> {
        let id = self.child.id().expect("it runs");
        while !is_asleep(id)? {
            sleep(Duration::from_micros(100)).await;
        }
        let mut nanoseconds = 0;
        for thread in threads(id)? {
            // proc(5): the time on a processor, the time of waiting for one, how often it was on one.
            let line = fs::read_to_string(thread.join("schedstat"))?;
            nanoseconds += first_number(&line);
        }
        let status = fs::read_to_string(format!("/proc/{id}/status"))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        Ok(Usage {
            processor: Duration::from_nanos(nanoseconds),
            peak: first_number(peak.unwrap_or_default()),
        })
    }

    /// Ends it as Lambda ends a function, and returns what it wrote to stderr.
    pub(crate) async fn end(self) -> io::Result<String> {
        let id = self.child.id().expect("it runs").to_string();
        Command::new("kill").args(["-TERM", &id]).status().await?;
        let output = self.child.wait_with_output().await?;
        Ok(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// What a function does wrong with servers whose certificates go back to nobody that it trusts: it has to give them nothing, and to ask none twice,
/// since they will have the same certificates a moment later.
pub(crate) async fn wrong_with_strangers(
    subject: &Subject,
    aws: &mut Aws,
) -> io::Result<Option<String>> {
    // Two at the start, and one for each call: of a job DescribeEvents, GetJobDetails and its result, of a message GetPipelineState.
    let once = match subject.work {
        Work::Echo => 0,
        Work::Job => 2 + 3,
        Work::Message => 2 + 1,
    };
    let mut subject = subject.clone();
    subject
        .environment
        .push(("SSL_CERT_FILE", CERTIFICATES.to_owned()));
    let (calls, connections) = (aws.calls(), aws.connections());
    let mut function = Function::start(&subject, aws, Way::Tls, &[]).await?;
    function.asks().await;
    function.fail(aws).await;
    function.end().await?;
    let connections = aws.connections() - connections;
    Ok(if aws.calls() > calls {
        Some(format!(
            "{} talks to whoever has a certificate",
            subject.name
        ))
    } else if connections != once {
        Some(format!(
            "{} connects {connections} times to whom it does not trust: {once} are once a call, and two ahead",
            subject.name
        ))
    } else {
        None
    })
}

fn threads(id: u32) -> io::Result<Vec<PathBuf>> {
    let folder = fs::read_dir(format!("/proc/{id}/task"))?;
    folder.map(|thread| Ok(thread?.path())).collect()
}

/// Whether all threads of a process wait for something.
fn is_asleep(id: u32) -> io::Result<bool> {
    for thread in threads(id)? {
        let stat = fs::read_to_string(thread.join("stat"))?;
        // The name, in brackets, may hold anything.
        let state = stat.rsplit(") ").next().unwrap_or_default();
        if !state.starts_with('S') {
            return Ok(false);
        }
    }
    Ok(true)
}

fn first_number(line: &str) -> u64 {
    let word = line.split_whitespace().next().unwrap_or_default();
    word.parse().expect("Linux writes a number here")
}
