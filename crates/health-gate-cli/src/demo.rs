//! `health-gate demo`: both functions' real handlers and the real SDK clients against the sandbox, in this process and
//! in virtual time. What it prints is read back from the sandbox: what was really asked, answered and done.

mod stage;

use std::io::Write;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use aws_sandbox::codepipeline::Status;
use aws_sandbox::health::Event;
use aws_sandbox::sns::Disturbance;
use aws_sandbox::{Fault, ServiceError, World};
use serde_json::json;

use self::stage::{PIPELINE, REGION, START, Stage};
use crate::exit_code::ExitCode;

/// How often the schedule sends a sweep.
const SWEEP: Duration = Duration::from_mins(10);

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
    let mut stage = Stage::new(&world, out)?;
    stage.say("health-gate on an embedded AWS in virtual time: the real functions, the real AWS SDK, no account")?;

    stage.story("1. The region is healthy: a release goes out")?;
    stage.release(PIPELINE)?;
    stage.play(Duration::from_mins(10)).await?;
    ended(&world, PIPELINE, Status::Succeeded)?;

    stage.story("2. An EC2 issue is open: the next release stops before it deploys")?;
    let issue = opens(&mut stage, "demo")?;
    stage.play(Duration::from_mins(12)).await?;
    stage.release(PIPELINE)?;
    stage.play(Duration::from_mins(3)).await?;
    ended(&world, PIPELINE, Status::Failed)?;

    stage.story("3. Two hours later the issue is closed, and the release goes out by itself")?;
    still_open(&mut stage).await?;
    closes(&mut stage, &issue)?;
    stage.play(Duration::from_mins(10)).await?;
    ended(&world, PIPELINE, Status::Succeeded)?;

    stage.story(
        "4. The same, and the message that it is closed gets lost: the next sweep does it",
    )?;
    let issue = opens(&mut stage, "demo2")?;
    stage.release(PIPELINE)?;
    stage.play(Duration::from_mins(3)).await?;
    ended(&world, PIPELINE, Status::Failed)?;
    still_open(&mut stage).await?;
    world.with(|sandbox, _| sandbox.sns.disturb(Disturbance::Lost, 0..1));
    closes(&mut stage, &issue)?;
    stage.line("SNS", "loses the message that says so")?;
    stage.play(Duration::from_mins(6)).await?;
    ended(&world, PIPELINE, Status::Failed)?;
    sweep(&mut stage)?;
    stage.play(Duration::from_mins(10)).await?;
    ended(&world, PIPELINE, Status::Succeeded)?;

    stage.story("5. A release fails for another reason: it is left to people")?;
    stage.break_deployments(true);
    stage.release(PIPELINE)?;
    stage.play(Duration::from_mins(10)).await?;
    ended(&world, PIPELINE, Status::Failed)?;
    sweep(&mut stage)?;
    stage.play(Duration::from_mins(1)).await?;
    ended(&world, PIPELINE, Status::Failed)?;
    stage.break_deployments(false);
    stage.line("a person", "mends it, and presses Retry")?;
    stage.retry(PIPELINE)?;
    stage.play(Duration::from_mins(10)).await?;
    ended(&world, PIPELINE, Status::Succeeded)?;

    stage.story("6. A pipeline whose policy holds: its release waits for the end of an issue")?;
    stage.pipeline_with("payments", r#"{"onIncident": "hold"}"#);
    let issue = opens(&mut stage, "demo3")?;
    stage.release("payments")?;
    stage.play(Duration::from_secs(100)).await?;
    closes(&mut stage, &issue)?;
    stage.play(Duration::from_mins(10)).await?;
    ended(&world, "payments", Status::Succeeded)?;

    stage.story("7. A pipeline whose policy only warns: the dry run")?;
    stage.pipeline_with("reports", r#"{"onIncident": "warn"}"#);
    let issue = opens(&mut stage, "demo4")?;
    stage.release("reports")?;
    stage.play(Duration::from_mins(10)).await?;
    ended(&world, "reports", Status::Succeeded)?;

    stage
        .story("8. The issue is still open, but a fix cannot wait: a person overrides the gate")?;
    stage.pipeline_with("fix", "us-east-1");
    stage.line("a person", "tags the pipeline `fix`")?;
    world.with(|sandbox, _| {
        sandbox.codepipeline.tag(
            "fix",
            "health-gate:override",
            "until=2026-11-23T18:00Z by=alice reason=INC-42 hotfix",
        )
    });
    stage.release("fix")?;
    stage.play(Duration::from_mins(10)).await?;
    ended(&world, "fix", Status::Succeeded)?;

    stage.story("9. The issue is still open: a rollback goes through all the same")?;
    stage.line("a person", "rolls the stage Production of checkout back")?;
    world.with(|sandbox, now| {
        let good = sandbox.codepipeline.last_success(PIPELINE, "Production");
        let good = good.context("the story went wrong: no release has succeeded")?;
        sandbox
            .start_rollback(now, PIPELINE, "Production", &good)
            .map_err(|error| anyhow!("the story went wrong: no rollback begins: {}", error.code))
    })?;
    stage.play(Duration::from_mins(10)).await?;
    ended(&world, PIPELINE, Status::Succeeded)?;
    closes(&mut stage, &issue)?;

    stage.story("10. AWS Health cannot be read: unknown is not clear")?;
    stage.pipeline_with("search", "us-east-1");
    world.with(|sandbox, _| {
        let throttling = Fault::Error(ServiceError::throttling());
        // All attempts of the gate, and all of the first look of stage-retry.
        sandbox.fail("DescribeEvents", throttling, 0..10);
    });
    stage.release("search")?;
    stage.play(Duration::from_mins(2)).await?;
    ended(&world, "search", Status::Failed)?;
    sweep(&mut stage)?;
    stage.play(Duration::from_mins(10)).await?;
    ended(&world, "search", Status::Succeeded)
}

/// An EC2 issue opens. Returns its ARN.
fn opens<W: Write>(stage: &mut Stage<'_, W>, name: &str) -> Result<String> {
    let event = Event::operational_issue("EC2", REGION, name, stage.world().now());
    let arn = event.arn.clone();
    stage
        .world()
        .with(|sandbox, now| sandbox.open_event(now, event));
    stage.line("AWS Health", "an EC2 issue opens in us-east-1")?;
    Ok(arn)
}

/// Two hours of sweeps, of which nothing comes.
async fn still_open<W: Write>(stage: &mut Stage<'_, W>) -> Result<()> {
    let sweeps = stage.sweep_quietly(SWEEP, 12).await?;
    let told = format!("{sweeps} sweeps have found the issue still open");
    stage.line("schedule", &told)?;
    ended(stage.world(), PIPELINE, Status::Failed)?;
    stage.play(Duration::from_mins(4)).await
}

fn closes<W: Write>(stage: &mut Stage<'_, W>, arn: &str) -> Result<()> {
    stage
        .world()
        .with(|sandbox, now| sandbox.close_event(now, arn));
    stage.line("AWS Health", "the EC2 issue is closed")
}

fn sweep<W: Write>(stage: &mut Stage<'_, W>) -> Result<()> {
    stage.line("schedule", "sends the next sweep")?;
    stage.world().with(|sandbox, now| {
        let message = json!({"source": "health-gate", "detail-type": "Sweep"});
        sandbox.publish_signal(now, REGION, &message);
    });
    Ok(())
}

/// The story is told only as it happened.
fn ended(world: &World, pipeline: &str, expected: Status) -> Result<()> {
    let status = world.with(|sandbox, _| sandbox.codepipeline.newest_execution(pipeline));
    ensure!(
        status == Some(expected),
        "the story went wrong: the release of {pipeline} is {status:?} and not {expected:?}"
    );
    Ok(())
}
