//! `health-gate demo`: both functions' real handlers and the real SDK clients against the sandbox, in this process and
//! in virtual time. What it prints is read back from the sandbox: what was really asked, answered and done.

mod stage;
mod timeline;

use std::io::Write;
use std::time::Duration;

use anyhow::{Result, ensure};
use aws_sandbox::World;
use aws_sandbox::codepipeline::Status;
use aws_sandbox::health::Event;
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

    stage.say("\n1. The region is healthy: a release goes out\n")?;
    stage.release().await?;
    stage.play(Duration::from_mins(10)).await?;
    ended(&world, Status::Succeeded)?;

    stage.say("\n2. An EC2 issue is open: the next release stops before it deploys\n")?;
    let event = Event::operational_issue("EC2", REGION, "demo", world.now());
    let arn = event.arn.clone();
    world.with(|sandbox, _| sandbox.health.put_event(event));
    stage.line("AWS Health", "an EC2 issue opens in us-east-1")?;
    stage.play(Duration::from_mins(12)).await?;
    stage.release().await?;
    stage.play(Duration::from_mins(3)).await?;
    ended(&world, Status::Failed)?;

    stage.say("\n3. Two hours later the issue is closed, and the release goes out by itself\n")?;
    let sweeps = stage.sweep_quietly(SWEEP, 12).await?;
    stage.line(
        "schedule",
        &format!("{sweeps} sweeps have found the issue still open"),
    )?;
    ended(&world, Status::Failed)?;
    stage.play(Duration::from_mins(4)).await?;
    world.with(|sandbox, now| sandbox.health.close_event(now, &arn));
    stage.line("AWS Health", "the EC2 issue is closed")?;
    stage.play(Duration::from_mins(6)).await?;
    stage.line("schedule", "sends the next sweep")?;
    world.with(|sandbox, now| {
        sandbox.publish_signal(
            now,
            REGION,
            &json!({"source": "health-gate", "detail-type": "Sweep"}),
        )
    });
    stage.play(Duration::from_mins(10)).await?;
    ended(&world, Status::Succeeded)
}

/// The story is told only as it happened.
fn ended(world: &World, expected: Status) -> Result<()> {
    let status = world.with(|sandbox, _| sandbox.codepipeline.newest_execution(PIPELINE));
    ensure!(
        status == Some(expected),
        "the story went wrong: the release is {status:?} and not {expected:?}"
    );
    Ok(())
}
