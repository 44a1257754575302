//! `health-gate sandbox`: the local AWS as a program of its own, with something in it to try.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use aws_sandbox::codepipeline::{ActionDeclaration, NewJob, PipelineDeclaration, StageDeclaration};
use aws_sandbox::health::Event;
use aws_sandbox::{ACCOUNT_ID, HttpServer, Sandbox, Scenario, Timestamp};
use clap::Args;
use health_gate::one_line;
use serde_json::{Value, json};

use crate::exit_code::ExitCode;
use crate::function;
use crate::input;
use crate::timeline::Timeline;

const REGION: &str = "us-east-1";
const FUNCTION: &str = "pipeline-gate";
/// The topic on which people are told.
const TOPIC: &str = "health-gate-notifications";
const PIPELINE: &str = "checkout";

/// The function that is no function: a person answers its jobs.
const BY_HAND: &str = "by-hand";

/// The arguments of `health-gate sandbox`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The address to listen on. Anyone who reaches it can use the sandbox.
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// The port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 4566)]
    port: u16,
    /// A job event, like those in `events/`, for pipeline-gate to answer instead of the built-in one; may be repeated.
    #[arg(long = "event", value_name = "FILE")]
    events: Vec<PathBuf>,
    /// Begin with a healthy AWS: no issue is open.
    #[arg(long)]
    healthy: bool,
    /// Play a scenario, like those in `examples/`, instead of what is built in: a list of commands, each with its time. Prints a
    /// time line.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["events", "healthy"])]
    scenario: Option<PathBuf>,
}

/// Serves until the process is stopped, a line for each call.
pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode> {
    let events = arguments
        .events
        .iter()
        .map(|file| job_event(file))
        .collect::<Result<Vec<_>>>()?;
    let scenario = arguments.scenario.as_deref().map(scenario).transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let server = bind(arguments).await?;
        match scenario {
            Some(scenario) => play(&server, scenario, out).await,
            None => serve(&server, arguments.healthy, events, out).await,
        }
    })
}

fn scenario(file: &Path) -> Result<Scenario> {
    let shown = file.display();
    let text = input::text(&shown.to_string(), "a scenario")?;
    Scenario::parse(&text).map_err(|why| anyhow!("{shown} is no scenario: {why}"))
}

async fn bind(arguments: &Arguments) -> Result<HttpServer> {
    let address = SocketAddr::new(arguments.host, arguments.port);
    let mut sandbox = Sandbox::new(1);
    sandbox.programs = function::programs()?;
    HttpServer::bind(address, sandbox)
        .await
        .with_context(|| format!("cannot listen on {address}; choose another port with --port, or a free one with --port 0"))
}

/// Plays a scenario and tells it, until the process is stopped.
async fn play(server: &HttpServer, scenario: Scenario, out: &mut impl Write) -> Result<ExitCode> {
    let address = server.address();
    writeln!(
        out,
        "sandbox: AWS Health, CodePipeline, SNS and Lambda on http://{address}"
    )?;
    if let Some(about) = &scenario.about {
        writeln!(out, "\n{about}")?;
    }
    writeln!(
        out,
        "\nIn another terminal: aws codepipeline list-pipelines --endpoint-url http://{address}. Stop with Ctrl-C.\n"
    )?;
    server
        .with(|sandbox, now| sandbox.begin_scenario(now, scenario))
        .map_err(|why| anyhow!("the scenario cannot be played: {why}"))?;
    let mut timeline = Timeline::brief();
    let mut is_over = false;
    loop {
        server
            .wait_for(|sandbox| timeline.has_news(sandbox).then_some(()))
            .await;
        server.look(|sandbox| timeline.tell(sandbox, out))?;
        if !is_over && server.look(Sandbox::scenario_is_over) {
            is_over = true;
            writeln!(
                out,
                "  The scenario's last command is done. What it began goes on, until you stop the sandbox with Ctrl-C."
            )?;
        }
        out.flush()?;
    }
}

fn job_event(file: &Path) -> Result<Value> {
    let shown = file.display();
    let text = input::text(&shown.to_string(), "a job event")?;
    let event: Value =
        serde_json::from_str(&text).with_context(|| format!("{shown} is not JSON"))?;
    ensure!(
        event["CodePipeline.job"]["id"].is_string(),
        "{shown} is no job event: `CodePipeline.job`.`id` is missing; samples are in events/"
    );
    Ok(event)
}

async fn serve(
    server: &HttpServer,
    healthy: bool,
    events: Vec<Value>,
    out: &mut impl Write,
) -> Result<ExitCode> {
    let by_hand = server.with(|sandbox, now| furnish(sandbox, now, healthy, events));
    writeln!(out, "{}", welcome(server.address(), healthy, &by_hand))?;
    // What furnishing called is no news.
    let mut told = server.with(|sandbox, _| sandbox.transcript.calls().len());
    loop {
        let call = server
            .wait_for(|sandbox| sandbox.transcript.calls().get(told).cloned())
            .await;
        told += 1;
        writeln!(out, "{}", one_line(&call.to_string()))?;
    }
}

/// An open issue, one that is over, a release that the gate has stopped, a job for a person and at least one for the
/// function. Returns the person's.
fn furnish(sandbox: &mut Sandbox, now: Timestamp, healthy: bool, events: Vec<Value>) -> String {
    let ago = |minutes: i64| Timestamp::from_millis(now.as_millis() - minutes * 60_000);
    let job = || NewJob {
        user_parameters: Some(format!("{REGION},global")),
        context: None,
    };
    let by_hand = sandbox.start_job(now, REGION, BY_HAND, job());
    stop_a_release(sandbox, now);
    sandbox.sns.create_topic(REGION, TOPIC);

    let issue = Event::operational_issue("EC2", REGION, "sandbox", ago(40));
    let over = Event::operational_issue("LAMBDA", "eu-west-1", "sandbox", ago(300));
    let (arn, arn_over) = (issue.arn.clone(), over.arn.clone());
    sandbox.health.put_event(issue);
    sandbox.health.put_event(over);
    sandbox.health.close_event(ago(120), &arn_over);
    if healthy {
        sandbox.health.close_event(ago(1), &arn);
    }

    if events.is_empty() {
        sandbox.start_job(now, REGION, FUNCTION, job());
    }
    for event in events {
        sandbox.submit_job_event(now, REGION, FUNCTION, event);
    }
    by_hand
}

/// A release of the pipeline `checkout` has been stopped by the gate, as stage-retry finds it.
fn stop_a_release(sandbox: &mut Sandbox, now: Timestamp) {
    let gate = ActionDeclaration::lambda("HealthGate", FUNCTION, Some(REGION));
    let deploy = ActionDeclaration::deploy("Deploy", "website").run_order(2);
    let production = StageDeclaration::new("Production", vec![gate, deploy]);
    let pipeline = PipelineDeclaration::new(PIPELINE, vec![production]);
    sandbox.create_pipeline(now, REGION, pipeline);
    if sandbox.start_execution(now, PIPELINE).is_err() {
        return;
    }
    // The gate's part is played: the invocation is over, its job has failed, and CodePipeline looks at it at once.
    let Some(invocation) = sandbox.lambda.take(now, FUNCTION) else {
        return;
    };
    let delays = std::mem::take(&mut sandbox.codepipeline.delays);
    sandbox.codepipeline.delays.result = Duration::ZERO;
    sandbox.codepipeline.delays.stage_failure = Duration::ZERO;
    let message = "health-gate blocked: 1 open AWS Health issue in us-east-1";
    let input = json!({
        "jobId": invocation.payload["CodePipeline.job"]["id"],
        "failureDetails": {"type": "JobFailed", "message": message},
    });
    let _ = sandbox.call(now, "CodePipeline", "PutJobFailureResult", REGION, &input);
    sandbox
        .lambda
        .finish(now, &invocation.request_id, Ok(Value::Null));
    sandbox.wake_up(now);
    sandbox.codepipeline.delays = delays;
}

fn welcome(address: SocketAddr, healthy: bool, by_hand: &str) -> String {
    let (issue, status) = if healthy {
        ("a closed", "closed")
    } else {
        ("an open", "open")
    };
    format!(
        "\
sandbox: AWS Health, CodePipeline, SNS and Lambda's Runtime API on http://{address}

In another terminal, with any credentials (signatures are not checked):
  export AWS_ENDPOINT_URL=http://{address}
  export AWS_ACCESS_KEY_ID=sandbox AWS_SECRET_ACCESS_KEY=sandbox AWS_REGION={REGION} AWS_DEFAULT_REGION={REGION}

AWS Health has {issue} EC2 issue in {REGION} and a closed LAMBDA issue in eu-west-1:
  health-gate check
  health-gate explain
  aws health describe-events --endpoint-url http://{address} --filter eventStatusCodes={status}

The gate has stopped a release of the pipeline {PIPELINE}:
  health-gate status
  health-gate override set --pipelines {PIPELINE} --for 2h --by alice --reason INC-42 --retry
  aws codepipeline get-pipeline-state --name {PIPELINE}

A job waits for you to answer it:
  aws codepipeline get-job-details --job-id {by_hand}
  aws codepipeline put-job-failure-result --job-id {by_hand} --failure-details type=JobFailed,message=no

Another job waits for the real function, which runs until you stop it:
  AWS_LAMBDA_RUNTIME_API=http://{address}/lambda/{FUNCTION} \\
  AWS_LAMBDA_FUNCTION_NAME={FUNCTION} AWS_LAMBDA_FUNCTION_VERSION=1 AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128 \\
  cargo run --locked --bin pipeline-gate

With NOTIFICATION_TOPIC_ARN=arn:aws:sns:{REGION}:{ACCOUNT_ID}:{TOPIC} it tells people, too: what it publishes is a line here.

Every call of a service, and every answer of a function, is a line here. Stop with Ctrl-C.
"
    )
}
