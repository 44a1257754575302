//! Programs as processes of their own: started with an environment of our making, their output collected.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

/// A hanging program fails its test, with this much patience for a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A running program. It is killed when this is dropped.
pub(crate) struct Program {
    child: Child,
    output: [JoinHandle<Vec<u8>>; 2],
}

/// What a program left behind.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Program {
    pub(crate) fn start(path: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::start_with(path, arguments, environment, Stdio::null())
    }

    /// Starts a program that reads from `input`.
    pub(crate) fn start_with(
        path: &str,
        arguments: &[&str],
        environment: &[(&str, &str)],
        input: Stdio,
    ) -> Self {
        let mut child = Command::new(path)
            .args(arguments)
            .env_clear()
            .envs(environment.iter().copied())
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program is built");
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let stderr = child.stderr.take().expect("stderr is a pipe");
        Self {
            child,
            output: [tokio::spawn(read(stdout)), tokio::spawn(read(stderr))],
        }
    }

    /// The most memory that was resident at once so far, in bytes.
    #[cfg(target_os = "linux")]
    pub(crate) fn peak_memory(&self) -> usize {
        let pid = self.child.id().expect("the program runs");
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kilobytes: usize = kilobytes
            .and_then(|number| number.parse().ok())
            .expect("a number");
        kilobytes * 1_024
    }

    /// Waits until the program ends by itself.
    pub(crate) async fn end(mut self) -> Ended {
        patiently(self.child.wait())
            .await
            .expect("the program can be waited for");
        self.collect().await
    }

    /// Kills the program.
    pub(crate) async fn kill(mut self) -> Ended {
        self.child.kill().await.expect("the program can be killed");
        self.collect().await
    }

    async fn collect(mut self) -> Ended {
        let status = self.child.wait().await.expect("the program has ended");
        let [stdout, stderr] = self.output;
        let text = async |output: JoinHandle<Vec<u8>>| {
            String::from_utf8(output.await.expect("the output is read"))
                .expect("the output is text")
        };
        Ended {
            code: status.code(),
            stdout: text(stdout).await,
            stderr: text(stderr).await,
        }
    }
}

/// Waits for something that a program does.
pub(crate) async fn patiently<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work)
        .await
        .expect("the program does something within two minutes")
}

async fn read(mut pipe: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut bytes = Vec::new();
    pipe.read_to_end(&mut bytes)
        .await
        .expect("a pipe can be read");
    bytes
}
