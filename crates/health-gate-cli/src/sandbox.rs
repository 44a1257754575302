//! `health-gate sandbox`: the local AWS as a program of its own, with something in it to try.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};

use anyhow::{Context, Result};
use aws_sandbox::codepipeline::NewJob;
use aws_sandbox::health::Event;
use aws_sandbox::{HttpServer, Sandbox, Timestamp};
use clap::Args;

use crate::exit_code::ExitCode;

const REGION: &str = "us-east-1";
const FUNCTION: &str = "pipeline-gate";

/// The arguments of `health-gate sandbox`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The address to listen on. Anyone who reaches it can use the sandbox.
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// The port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 4566)]
    port: u16,
}

/// Serves until the process is stopped, a line for each call.
pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(SocketAddr::new(arguments.host, arguments.port), out))
}

async fn serve(address: SocketAddr, out: &mut impl Write) -> Result<ExitCode> {
    let server = HttpServer::bind(address, Sandbox::new(1))
        .await
        .with_context(|| format!("cannot listen on {address}; choose another port with --port, or a free one with --port 0"))?;
    let job_id = server.with(furnish);
    writeln!(out, "{}", welcome(server.address(), &job_id))?;
    let mut told = 0;
    loop {
        let call = server
            .wait_for(|sandbox| sandbox.transcript.calls().get(told).cloned())
            .await;
        told += 1;
        writeln!(out, "{call}")?;
    }
}

/// An open issue, one that is over, and a job that waits for its result.
fn furnish(sandbox: &mut Sandbox, now: Timestamp) -> String {
    let ago = |minutes: i64| Timestamp::from_millis(now.as_millis() - minutes * 60_000);
    sandbox
        .health
        .put_event(Event::operational_issue("EC2", REGION, "sandbox", ago(40)));
    let over = Event::operational_issue("LAMBDA", "eu-west-1", "sandbox", ago(300));
    let arn = over.arn.clone();
    sandbox.health.put_event(over);
    sandbox.health.close_event(ago(120), &arn);
    let user_parameters = Some(format!("{REGION},global"));
    sandbox.start_job(now, REGION, FUNCTION, NewJob { user_parameters })
}

fn welcome(address: SocketAddr, job_id: &str) -> String {
    format!(
        "\
sandbox: AWS Health, CodePipeline and Lambda's Runtime API on http://{address}

Any credentials will do; signatures are not checked:
  export AWS_ACCESS_KEY_ID=sandbox AWS_SECRET_ACCESS_KEY=sandbox AWS_DEFAULT_REGION={REGION}

AWS Health has an open EC2 issue in {REGION} and a closed LAMBDA issue in eu-west-1:
  aws health describe-events --endpoint-url http://{address} --filter eventStatusCodes=open

A job of the function {FUNCTION} waits for its result:
  aws codepipeline get-job-details --endpoint-url http://{address} --job-id {job_id}
  aws codepipeline put-job-failure-result --endpoint-url http://{address} --job-id {job_id} --failure-details type=JobFailed,message=no

Or let the real function answer it:
  env AWS_REGION={REGION} AWS_ENDPOINT_URL=http://{address} \\
    AWS_LAMBDA_RUNTIME_API=http://{address}/lambda/{FUNCTION} \\
    AWS_LAMBDA_FUNCTION_NAME={FUNCTION} AWS_LAMBDA_FUNCTION_VERSION=1 AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128 \\
    cargo run --locked --bin pipeline-gate

Every call is a line here. Stop with Ctrl-C.
"
    )
}
