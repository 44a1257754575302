//! What the demo plays on: a pipeline with the gate in front of its deployment, both functions, and the terminal.

use std::io::Write;
use std::time::Duration;

use anyhow::{Result, anyhow};
use aws_sandbox::codepipeline::{
    ActionDeclaration, Deployment, PipelineDeclaration, StageDeclaration,
};
use aws_sandbox::lambda::Invocation;
use aws_sandbox::{Timestamp, World};
use health_gate::GateFunctions;
use health_gate_aws::{Clients, CnameLookUp, JobEvent, Settings};
use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use pipeline_gate::PipelineGate;
use serde::Serialize;
use serde_json::{Value, json};
use stage_retry::StageRetry;

use crate::output::{HEADING, styled};
use crate::timeline::Timeline;

pub(super) const REGION: &str = "us-east-1";
pub(super) const PIPELINE: &str = "checkout";
/// 2026-11-23 09:00:00 UTC.
pub(super) const START: Timestamp = Timestamp::from_millis(1_795_424_400_000);

const GATE: &str = "pipeline-gate";
const RETRY: &str = "stage-retry";

/// Where builds go, and where the deployed website is.
const BUILDS: &str = "builds";
const WEBSITE: &str = "website";

const BUILD_TAKES: Duration = Duration::from_secs(95);
const DEPLOYMENT_TAKES: Duration = Duration::from_secs(160);

pub(super) struct Stage<'a, W> {
    world: &'a World,
    gate: PipelineGate,
    stage_retry: StageRetry,
    timeline: Timeline,
    out: &'a mut W,
}

impl<'a, W: Write> Stage<'a, W> {
    pub(super) fn new(world: &'a World, out: &'a mut W) -> Result<Self> {
        world.with(|sandbox, now| {
            for (bucket, takes) in [(BUILDS, BUILD_TAKES), (WEBSITE, DEPLOYMENT_TAKES)] {
                let deployment = Deployment { takes, fails: None };
                sandbox.codepipeline.set_deployment(bucket, deployment);
            }
            sandbox.create_pipeline(now, REGION, pipeline());
            sandbox.connect_signals(now, REGION, RETRY);
        });
        let topic = world.with(|sandbox, _| sandbox.sns.create_topic(REGION, "deployments"));
        let settings = Settings {
            gates: GateFunctions::from_list(GATE),
            notification_topic: Some(topic),
            ..Settings::default()
        };
        let usual =
            || CnameLookUp::with(async |_| Ok("health.us-east-1.amazonaws.com.".to_owned()));
        let clients = Clients::new(&world.sdk_config(REGION), usual)?;
        let stage_retry = StageRetry::new(clients.clone(), &settings)?;
        Ok(Self {
            world,
            gate: PipelineGate::new(clients, &settings),
            stage_retry,
            timeline: Timeline::default(),
            out,
        })
    }

    pub(super) fn world(&self) -> &'a World {
        self.world
    }

    pub(super) fn say(&mut self, text: &str) -> Result<()> {
        Ok(writeln!(self.out, "{text}")?)
    }

    /// Another story begins.
    pub(super) fn story(&mut self, title: &str) -> Result<()> {
        self.say(&format!("\n{}\n", styled(HEADING, title)))
    }

    /// A line of what happens now.
    pub(super) fn line(&mut self, who: &str, text: &str) -> Result<()> {
        Ok(Timeline::line(self.out, self.world.now(), who, text)?)
    }

    /// A release of a pipeline begins.
    pub(super) fn release(&mut self, pipeline: &str) -> Result<()> {
        let begun = self
            .world
            .with(|sandbox, now| sandbox.start_execution(now, pipeline));
        begun
            .map_err(|error| anyhow!("the story went wrong: no release begins: {}", error.code))?;
        Ok(())
    }

    /// A person retries what has failed in the stage Production of a pipeline.
    pub(super) fn retry(&mut self, pipeline: &str) -> Result<()> {
        let retried = self.world.with(|sandbox, now| {
            let id = sandbox.codepipeline.newest_execution_id(pipeline);
            let input = json!({
                "pipelineName": pipeline, "stageName": "Production", "pipelineExecutionId": id,
                "retryMode": "FAILED_ACTIONS",
            });
            sandbox.call(now, "CodePipeline", "RetryStageExecution", REGION, &input)
        });
        retried.map_err(|error| anyhow!("the story went wrong: no retry: {}", error.code))?;
        Ok(())
    }

    /// Whether deployments fail.
    pub(super) fn break_deployments(&self, broken: bool) {
        let deployment = Deployment {
            takes: DEPLOYMENT_TAKES,
            fails: broken.then(|| "the health checks of the new version fail".to_owned()),
        };
        self.world
            .with(|sandbox, _| sandbox.codepipeline.set_deployment(WEBSITE, deployment));
    }

    /// A pipeline whose only stage has the gate with this policy.
    pub(super) fn pipeline_with(&self, name: &str, policy: &str) {
        let declaration = PipelineDeclaration::new(name, vec![production(policy)]);
        self.world
            .with(|sandbox, now| sandbox.create_pipeline(now, REGION, declaration));
    }

    /// Lets time pass, and tells what happens in it.
    pub(super) async fn play(&mut self, duration: Duration) -> Result<()> {
        self.pass(duration).await;
        let (timeline, out) = (&mut self.timeline, &mut *self.out);
        Ok(self.world.with(|sandbox, _| timeline.tell(sandbox, out))?)
    }

    /// Sends sweeps at an interval, tells nothing of them, and returns how many there were.
    pub(super) async fn sweep_quietly(
        &mut self,
        interval: Duration,
        sweeps: usize,
    ) -> Result<usize> {
        for _ in 0..sweeps {
            self.world.with(|sandbox, now| {
                sandbox.publish_signal(
                    now,
                    REGION,
                    &json!({"source": "health-gate", "detail-type": "Sweep"}),
                );
            });
            self.pass(interval).await;
        }
        let timeline = &mut self.timeline;
        self.world.with(|sandbox, _| timeline.skip(sandbox));
        Ok(sweeps)
    }

    async fn pass(&self, duration: Duration) {
        self.world
            .play(duration, async |invocation| self.invoke(invocation).await)
            .await;
    }

    /// The functions' code, as the Lambda runtime calls it.
    async fn invoke(&self, invocation: &Invocation) -> Result<Value, Value> {
        let mut context = Context::default();
        context.deadline = invocation
            .deadline
            .and_then(|at| at.as_millis().try_into().ok())
            .unwrap_or_default();
        context
            .invoked_function_arn
            .clone_from(&invocation.function_arn);
        let payload = invocation.payload.clone();
        let unreadable = |error: serde_json::Error| json!({"errorMessage": error.to_string()});
        if invocation.function == RETRY {
            let event = serde_json::from_value(payload).map_err(unreadable)?;
            returned(
                self.stage_retry
                    .handle(LambdaEvent::new(event, context))
                    .await,
            )
        } else {
            let event: JobEvent = serde_json::from_value(payload).map_err(unreadable)?;
            returned(self.gate.handle(LambdaEvent::new(event, context)).await)
        }
    }
}

fn returned<T: Serialize, E: Into<Diagnostic>>(result: Result<T, E>) -> Result<Value, Value> {
    match result {
        Ok(output) => Ok(json!(output)),
        Err(error) => Err(json!(error.into())),
    }
}

/// A pipeline that builds and then deploys, with the gate in front of its deployment.
fn pipeline() -> PipelineDeclaration {
    let build = StageDeclaration::new("Build", vec![ActionDeclaration::deploy("Build", BUILDS)]);
    PipelineDeclaration::new(
        PIPELINE,
        vec![build, production(&format!("{REGION},global"))],
    )
}

/// The stage that the gate guards.
fn production(user_parameters: &str) -> StageDeclaration {
    let gate = ActionDeclaration::lambda("HealthGate", GATE, Some(user_parameters));
    let deploy = ActionDeclaration::deploy("Deploy", WEBSITE).run_order(2);
    StageDeclaration::new("Production", vec![gate, deploy])
}
