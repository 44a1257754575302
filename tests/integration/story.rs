//! Stories of stage-retry in virtual time: pipelines that have run into an open issue, and what becomes of them.

use std::time::Duration;

use aws_sandbox::codepipeline::{
    ActionDeclaration, Deployment, ExecutionMode, PipelineDeclaration, StageDeclaration, Status,
};
use aws_sandbox::{Fault, Sandbox};
use serde_json::{Value, json};

use crate::in_world::{FUNCTION, GateWorld, RETRY_FUNCTION, ec2_issue, ec2_issue_at};

const REGION: &str = "us-east-1";

pub(crate) const ALWAYS: std::ops::Range<usize> = 0..usize::MAX;
/// Longer than any release takes.
pub(crate) const WHILE: Duration = Duration::from_mins(5);

pub(crate) fn lambda(function: &str, user_parameters: &str) -> ActionDeclaration {
    ActionDeclaration::lambda("", function, Some(user_parameters))
}

pub(crate) fn deploy(succeeds: bool) -> ActionDeclaration {
    ActionDeclaration::deploy("", if succeeds { "website" } else { BROKEN })
}

/// The bucket to which every deployment fails.
const BROKEN: &str = "broken";

pub(crate) fn break_deployments(sandbox: &mut Sandbox, takes: Duration) {
    let fails = Some("the deployment failed".to_owned());
    sandbox
        .codepipeline
        .set_deployment(BROKEN, Deployment { takes, fails });
}

/// A pipeline whose only stage has these actions, with their run orders.
pub(crate) fn pipeline(name: &str, actions: Vec<(u32, ActionDeclaration)>) -> PipelineDeclaration {
    let action = |(number, (run_order, action)): (usize, (u32, ActionDeclaration))| {
        let name = format!("Action{number}");
        ActionDeclaration { name, ..action }.run_order(run_order)
    };
    let actions = actions.into_iter().enumerate().map(action).collect();
    PipelineDeclaration::new(name, vec![StageDeclaration::new("Production", actions)])
}

/// The pipeline of most stories: the gate, then a deployment.
pub(crate) fn gated(name: &str) -> PipelineDeclaration {
    pipeline(
        name,
        vec![(1, lambda(FUNCTION, "us-east-1")), (2, deploy(true))],
    )
}

/// A source, then the gate in a stage of its own.
pub(crate) fn two_stages(name: &str, mode: ExecutionMode) -> PipelineDeclaration {
    let mut declaration = gated(name);
    let source = StageDeclaration::new("Source", vec![ActionDeclaration::source("Source")]);
    declaration.stages.insert(0, source);
    declaration.in_mode(mode)
}

pub(crate) struct Story(pub(crate) GateWorld);

impl Story {
    /// A world with an open issue, in which one execution of each pipeline has run as far as it goes. Nothing listens
    /// to signals yet.
    pub(crate) async fn of(pipelines: Vec<PipelineDeclaration>) -> Self {
        Self::in_world(GateWorld::new("us-east-1"), pipelines).await
    }

    pub(crate) async fn in_world(gate: GateWorld, pipelines: Vec<PipelineDeclaration>) -> Self {
        gate.put_event(ec2_issue_at(gate.world.now(), "1"));
        gate.world
            .with(|sandbox, _| break_deployments(sandbox, Duration::from_secs(20)));
        for pipeline in pipelines {
            let name = pipeline.name.clone();
            gate.world.with(|sandbox, now| {
                sandbox.create_pipeline(now, "us-east-1", pipeline);
                sandbox
                    .start_execution(now, &name)
                    .expect("nothing is going on");
            });
        }
        gate.play(WHILE).await;
        gate.world
            .with(|sandbox, now| sandbox.connect_signals(now, "us-east-1", RETRY_FUNCTION));
        Self(gate)
    }

    pub(crate) fn close_the_issue(&self) {
        self.0
            .world
            .with(|sandbox, now| sandbox.health.close_event(now, &ec2_issue("1").arn));
    }

    /// Sends a message and returns what stage-retry returned.
    pub(crate) async fn signal(&self, message: Value) -> Value {
        self.0
            .world
            .with(|sandbox, now| sandbox.publish_signal(now, "us-east-1", &message));
        self.last().await
    }

    /// Runs what waits, and returns what stage-retry returned last.
    async fn last(&self) -> Value {
        self.0.run().await;
        let last = self.0.world.with(|sandbox, _| {
            // What a retry leads to may have run since.
            let done = sandbox.lambda.finished().iter().rev();
            let mut done = done.filter(|done| done.invocation.function == RETRY_FUNCTION);
            done.next().map(|done| done.result.clone())
        });
        last.expect("stage-retry ran")
            .expect("stage-retry handles every message")
    }

    /// Sends some messages in one event.
    pub(crate) async fn signals(&self, messages: &[Value]) -> Value {
        let record = |message: &Value| {
            let topic = "arn:aws:sns:us-east-1:111122223333:health-gate-signals";
            json!({"Sns": {"TopicArn": topic, "Message": message.to_string()}})
        };
        let records: Vec<Value> = messages.iter().map(record).collect();
        let payload = json!({"Records": records});
        self.0
            .world
            .with(|sandbox, _| sandbox.invoke(REGION, RETRY_FUNCTION, payload));
        self.last().await
    }

    pub(crate) async fn sweep(&self) -> Value {
        self.signal(json!({"source": "health-gate", "detail-type": "Sweep"}))
            .await
    }

    pub(crate) async fn status(&self, pipeline: &str) -> Status {
        self.0.play(WHILE).await;
        self.0
            .world
            .with(|sandbox, _| sandbox.codepipeline.newest_execution(pipeline))
            .expect("it has run")
    }

    /// Calls an operation of CodePipeline, as a person does.
    pub(crate) fn call(&self, operation: &str, input: Value) -> Value {
        self.0
            .world
            .with(|sandbox, now| sandbox.call(now, "CodePipeline", operation, REGION, &input))
            .expect("it is accepted")
    }

    pub(crate) fn fail(&self, operation: &str, fault: Fault, calls: std::ops::Range<usize>) {
        self.0
            .world
            .with(|sandbox, _| sandbox.fail(operation, fault, calls));
    }

    pub(crate) fn execution(&self, pipeline: &str) -> String {
        self.0
            .world
            .with(|sandbox, _| sandbox.codepipeline.newest_execution_id(pipeline))
            .expect("it has run")
    }

    pub(crate) fn release(&self, pipeline: &str) {
        self.0.world.with(|sandbox, now| {
            sandbox
                .start_execution(now, pipeline)
                .expect("it may begin")
        });
    }

    pub(crate) fn retries(&self) -> usize {
        self.0.calls("RetryStageExecution")
    }
}

pub(crate) fn outcomes(returned: &Value) -> Vec<String> {
    let outcome = |outcome: &Value| {
        let text = |name: &str| outcome[name].as_str().unwrap_or("-").to_owned();
        format!(
            "{}/{} {}: {}",
            text("pipeline"),
            text("stage"),
            text("outcome"),
            text("why")
        )
    };
    returned["stages"]
        .as_array()
        .expect("a list")
        .iter()
        .map(outcome)
        .collect()
}

/// What EventBridge sends of a failure, as far as it is read.
pub(crate) fn failure(pipeline: &str, execution: &str) -> Value {
    json!({
        "source": "aws.codepipeline", "detail-type": "CodePipeline Action Execution State Change",
        "account": "111122223333", "region": REGION,
        "detail": {"pipeline": pipeline, "execution-id": execution, "state": "FAILED"},
    })
}
