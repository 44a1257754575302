//! The programs of functions: started and killed as Lambda orders it, their lines kept.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;

use super::Shared;
use crate::lambda::{Order, Program};

/// Carries out Lambda's orders, for ever. When this ends, the programs end.
pub(super) async fn run(shared: Arc<Shared>, address: SocketAddr) {
    let mut changed = shared.changed.subscribe();
    let mut running: BTreeMap<String, oneshot::Sender<()>> = BTreeMap::new();
    loop {
        let orders = shared.lock().lambda.take_orders();
        for order in orders {
            match order {
                Order::Start { arn, program } => {
                    let (kill, killed) = oneshot::channel();
                    running.insert(arn.clone(), kill);
                    match start(&arn, &program, address) {
                        Ok(child) => {
                            tokio::spawn(watch(Arc::clone(&shared), arn, child, killed));
                        }
                        Err(error) => shared.with(|sandbox, now| {
                            let how =
                                format!("cannot start {}: {error}", program.command.join(" "));
                            sandbox.lambda.log(name_of(&arn), &how);
                            sandbox.lambda.environment_ended(now, &arn, &how);
                        }),
                    }
                }
                // A dropped sender kills.
                Order::Kill { arn } => drop(running.remove(&arn)),
            }
        }
        if changed.changed().await.is_err() {
            return;
        }
    }
}

/// Starts a function's program, in the environment that Lambda gives it.
fn start(arn: &str, program: &Program, address: SocketAddr) -> std::io::Result<Child> {
    let (executable, arguments) = program
        .command
        .split_first()
        .ok_or(std::io::ErrorKind::InvalidInput)?;
    let (region, function) = (region_of(arn), name_of(arn));
    let mut command = Command::new(executable);
    command
        .args(arguments)
        .env_clear()
        .env(
            "AWS_LAMBDA_RUNTIME_API",
            format!("http://{address}/lambda/{region}/{function}"),
        )
        .env("AWS_LAMBDA_FUNCTION_NAME", function)
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_ENDPOINT_URL", format!("http://{address}"))
        .env("AWS_REGION", region)
        // As whom it calls: the role of this name, if there is one.
        .env("AWS_ACCESS_KEY_ID", function)
        .env("AWS_SECRET_ACCESS_KEY", "sandbox")
        // Its calls say whose they are.
        .env("AWS_SDK_UA_APP_ID", function)
        .envs(program.environment.iter().cloned())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command.spawn()
}

/// Keeps what a program writes, and tells Lambda when it ends by itself.
async fn watch(shared: Arc<Shared>, arn: String, mut child: Child, killed: oneshot::Receiver<()>) {
    let stdout = child.stdout.take();
    let stderr = child.stderr.take();
    let work = async {
        let status = tokio::join!(
            keep(&shared, &arn, stdout),
            keep(&shared, &arn, stderr),
            child.wait()
        );
        status.2
    };
    tokio::select! {
        biased;
        // Nobody waits for what it was doing.
        _ = killed => {}
        ended = work => {
            let how = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
            shared.with(|sandbox, now| sandbox.lambda.environment_ended(now, &arn, &how));
        }
    }
}

async fn keep(shared: &Shared, arn: &str, pipe: Option<impl AsyncRead + Unpin>) {
    let Some(pipe) = pipe else { return };
    let mut lines = BufReader::new(pipe).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        shared.with(|sandbox, _| sandbox.log(region_of(arn), name_of(arn), &line));
    }
}

/// `arn:aws:lambda:us-east-1:111122223333:function:pipeline-gate`.
fn name_of(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or_default()
}

fn region_of(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}
