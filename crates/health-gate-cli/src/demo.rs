//! `health-gate demo`: the real handler and the real SDK clients against the sandbox, in this process and in
//! virtual time. What it prints is read back from the sandbox's transcript: what was really asked and answered.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use aws_sandbox::codepipeline::NewJob;
use aws_sandbox::health::Event;
use aws_sandbox::lambda::Invocation;
use aws_sandbox::{Call, Outcome, Timestamp, World};
use health_gate_aws::{Clients, JobEvent};
use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};

use crate::exit_code::ExitCode;

const REGION: &str = "us-east-1";
const FUNCTION: &str = "pipeline-gate";
/// 2026-11-23 09:00:00 UTC.
const START: Timestamp = Timestamp::from_millis(1_795_424_400_000);

/// Plays the demo.
pub(crate) fn run(out: &mut impl Write) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    runtime.block_on(play(out))?;
    Ok(ExitCode::Pass)
}

async fn play(out: &mut impl Write) -> Result<()> {
    let world = World::new(START, 1);
    let clients = Clients::new(&world.sdk_config(REGION))?;
    let mut stage = Stage {
        world: &world,
        clients: &clients,
        told: 0,
        out,
    };

    writeln!(
        stage.out,
        "health-gate on an embedded AWS in virtual time: the real gate, the real AWS SDK, no account"
    )?;

    stage.title("1. The region is healthy: the deployment goes on")?;
    stage.deploy("PutJobSuccessResult").await?;

    stage.title("2. An EC2 issue is open: the deployment stops before it begins")?;
    world.advance(Duration::from_mins(42)).await;
    let event = Event::operational_issue("EC2", REGION, "demo", world.now());
    let arn = event.arn.clone();
    stage.line("AWS Health", "opens an EC2 issue in us-east-1")?;
    world.with(|sandbox, _| sandbox.health.put_event(event));
    world.advance(Duration::from_mins(5)).await;
    stage.deploy("PutJobFailureResult").await?;

    stage.title("3. The issue is closed: the same deployment goes on")?;
    world.advance(Duration::from_mins(133)).await;
    stage.line("AWS Health", "closes the EC2 issue")?;
    world.with(|sandbox, now| sandbox.health.close_event(now, &arn));
    world.advance(Duration::from_mins(1)).await;
    stage.deploy("PutJobSuccessResult").await
}

/// A world and how much of it has been told.
struct Stage<'a, W> {
    world: &'a World,
    clients: &'a Clients,
    told: usize,
    out: &'a mut W,
}

impl<W: Write> Stage<'_, W> {
    fn title(&mut self, text: &str) -> Result<()> {
        Ok(writeln!(self.out, "\n{text}\n")?)
    }

    fn line(&mut self, who: &str, text: &str) -> Result<()> {
        let now = self.world.now();
        self.line_at(now, who, text)
    }

    fn line_at(&mut self, at: Timestamp, who: &str, text: &str) -> Result<()> {
        let clock = at.to_string();
        // The time of day, without date and milliseconds.
        let clock = clock.get(11..19).unwrap_or(&clock);
        Ok(writeln!(self.out, "  {clock}  {who:<13} {text}")?)
    }

    fn detail(&mut self, text: &str) -> Result<()> {
        Ok(writeln!(self.out, "{:25}{text}", "")?)
    }

    /// One job of the gate's action, which is to end with the call `answer`.
    async fn deploy(&mut self, answer: &str) -> Result<()> {
        let user_parameters = format!("{REGION},global");
        let job = NewJob {
            user_parameters: Some(user_parameters.clone()),
        };
        self.world
            .with(|sandbox, now| sandbox.start_job(now, REGION, FUNCTION, job));
        self.line(
            "CodePipeline",
            &format!("invokes the gate with UserParameters `{user_parameters}`"),
        )?;

        self.world
            .run_function(FUNCTION, async |invocation| {
                invoke(self.clients, invocation).await
            })
            .await;

        let calls: Vec<Call> = self
            .world
            .with(|sandbox, _| sandbox.transcript.calls().to_vec());
        for call in calls.iter().skip(self.told) {
            self.tell(call)?;
        }
        self.told = calls.len();
        let last = calls.last().context("the gate called nothing")?;
        ensure!(
            last.operation == answer,
            "the story went wrong: expected {answer}, the gate called {}",
            last.operation
        );
        Ok(())
    }

    fn tell(&mut self, call: &Call) -> Result<()> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match call.operation.as_str() {
            "DescribeEvents" => {
                let filter = &call.input["filter"];
                let asked = format!(
                    "asks AWS Health: {} issues in {}",
                    list(&filter["eventStatusCodes"]),
                    list(&filter["regions"])
                );
                self.line_at(call.at, "the gate", &asked)?;
                let Outcome::Output(output) = &call.outcome else {
                    return self.line_at(call.at, "AWS Health", "fails");
                };
                let events = output["events"]
                    .as_array()
                    .map(Vec::as_slice)
                    .unwrap_or_default();
                self.line_at(
                    call.at,
                    "AWS Health",
                    &format!("answers with {} event(s)", events.len()),
                )?;
                for event in events {
                    self.detail(&text(&event["arn"]))?;
                }
                Ok(())
            }
            "PutJobSuccessResult" => {
                self.line_at(
                    call.at,
                    "the gate",
                    "decides: pass; tells CodePipeline: success, with the output variables",
                )?;
                let variables = call.input["outputVariables"].as_object();
                for (name, value) in variables
                    .into_iter()
                    .flatten()
                    .filter(|(_, value)| *value != "none")
                {
                    self.detail(&format!("{name} = {}", text(value)))?;
                }
                Ok(())
            }
            "PutJobFailureResult" => {
                let details = &call.input["failureDetails"];
                let told = format!(
                    "decides: fail; tells CodePipeline: {}, with the message",
                    text(&details["type"])
                );
                self.line_at(call.at, "the gate", &told)?;
                text(&details["message"])
                    .lines()
                    .try_for_each(|line| self.detail(line))
            }
            operation => self.line_at(call.at, "the gate", &format!("calls {operation}")),
        }
    }
}

/// The function's code, as the Lambda runtime would call it.
async fn invoke(clients: &Clients, invocation: &Invocation) -> Result<Value, Value> {
    let error = |error: &dyn std::fmt::Display| json!({"errorMessage": error.to_string()});
    let event: JobEvent =
        serde_json::from_value(invocation.payload.clone()).map_err(|e| error(&e))?;
    let mut context = Context::default();
    context.deadline = invocation
        .deadline
        .and_then(|at| at.as_millis().try_into().ok())
        .unwrap_or_default();
    match pipeline_gate::handle(LambdaEvent::new(event, context), clients).await {
        Ok(result) => serde_json::to_value(&result).map_err(|e| error(&e)),
        Err(e) => Err(error(&e)),
    }
}

fn list(value: &Value) -> String {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    items
        .iter()
        .filter_map(Value::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}
