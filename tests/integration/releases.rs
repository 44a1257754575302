//! A sandbox whose CodePipeline a test drives by hand: pipelines of a source, a gate and a deployment, the functions' jobs, and
//! what the state shows, in a line a stage.

use std::time::Duration;

use aws_sandbox::codepipeline::{
    ActionDeclaration, ExecutionMode, PipelineDeclaration, StageDeclaration,
};
use aws_sandbox::lambda::Invocation;
use aws_sandbox::{ServiceError, World};
use serde_json::{Value, json};

use crate::in_world::{FUNCTION, START};

pub(crate) const REGION: &str = "us-east-1";

/// A world with one pipeline, `shop`: Source, Prod (Gate, then Deploy), After (Deploy).
pub(crate) struct Releases {
    pub(crate) world: World,
}

pub(crate) fn shop(mode: ExecutionMode) -> PipelineDeclaration {
    let gate = ActionDeclaration::lambda("Gate", FUNCTION, Some("us-east-1"));
    let deploy = ActionDeclaration::deploy("Deploy", "website");
    let stages = vec![
        StageDeclaration::new("Source", vec![ActionDeclaration::source("Source")]),
        StageDeclaration::new("Prod", vec![gate, deploy.clone().run_order(2)]),
        StageDeclaration::new("After", vec![deploy]),
    ];
    PipelineDeclaration::new("shop", stages).in_mode(mode)
}

impl Releases {
    pub(crate) fn new(mode: ExecutionMode) -> Self {
        Self::of(shop(mode))
    }

    pub(crate) fn of(pipeline: PipelineDeclaration) -> Self {
        let world = World::new(START, 5);
        world.with(|sandbox, now| sandbox.create_pipeline(now, REGION, pipeline));
        Self { world }
    }

    /// Calls an operation of CodePipeline.
    pub(crate) fn try_call(&self, operation: &str, input: Value) -> Result<Value, ServiceError> {
        self.world
            .with(|sandbox, now| sandbox.call(now, "CodePipeline", operation, REGION, &input))
    }

    pub(crate) fn call(&self, operation: &str, input: Value) -> Value {
        self.try_call(operation, input).expect("it is accepted")
    }

    /// What an operation is refused with: code and text.
    pub(crate) fn refused(&self, operation: &str, input: Value) -> String {
        let error = self.try_call(operation, input).expect_err("it is refused");
        format!("{}: {}", error.code, error.message.unwrap_or_default())
    }

    pub(crate) async fn pass(&self, duration: Duration) {
        self.world.sleep(duration).await;
    }

    /// Starts a release and lets it reach its gate, or where it waits in front of it.
    pub(crate) async fn start(&self) -> String {
        let output = self.call("StartPipelineExecution", json!({"name": "shop"}));
        self.pass(Duration::from_secs(2)).await;
        output["pipelineExecutionId"]
            .as_str()
            .expect("an id")
            .to_owned()
    }

    /// The next invocation of the gate.
    pub(crate) fn invocation(&self) -> Option<Invocation> {
        self.world
            .with(|sandbox, now| sandbox.lambda.take(now, FUNCTION))
    }

    /// The job that waits for the gate.
    pub(crate) fn job(&self) -> String {
        let invocation = self.invocation().expect("a job waits");
        self.world.with(|sandbox, now| {
            sandbox
                .lambda
                .finish(now, &invocation.request_id, Ok(Value::Null))
        });
        invocation.payload["CodePipeline.job"]["id"]
            .as_str()
            .expect("an id")
            .to_owned()
    }

    pub(crate) async fn succeed(&self, job: &str) {
        self.call("PutJobSuccessResult", json!({"jobId": job}));
        self.pass(Duration::from_secs(31)).await;
    }

    /// Long enough that the stage has failed, too.
    pub(crate) async fn fail(&self, job: &str) {
        let details = json!({"type": "JobFailed", "message": "health-gate blocked: a test"});
        let input = json!({"jobId": job, "failureDetails": details});
        self.call("PutJobFailureResult", input);
        self.pass(Duration::from_secs(35)).await;
    }

    pub(crate) async fn hold(&self, job: &str) {
        let input = json!({"jobId": job, "continuationToken": "more"});
        self.call("PutJobSuccessResult", input);
        self.pass(Duration::from_secs(29)).await;
    }

    pub(crate) fn status(&self, execution: &str) -> String {
        self.execution(execution)["status"]
            .as_str()
            .expect("a status")
            .to_owned()
    }

    pub(crate) fn execution(&self, execution: &str) -> Value {
        let input = json!({"pipelineName": "shop", "pipelineExecutionId": execution});
        self.call("GetPipelineExecution", input)["pipelineExecution"].clone()
    }

    /// A stage as GetPipelineState has it.
    pub(crate) fn stage(&self, name: &str) -> Value {
        let state = self.call("GetPipelineState", json!({"name": "shop"}));
        let stages = state["stageStates"].as_array().expect("a list");
        let stage = stages.iter().find(|stage| stage["stageName"] == name);
        stage.expect("there is such a stage").clone()
    }

    /// The execution that a stage shows, with its status.
    pub(crate) fn shown(&self, stage: &str) -> (String, String) {
        let latest = &self.stage(stage)["latestExecution"];
        let text = |name: &str| latest[name].as_str().unwrap_or_default().to_owned();
        (text("pipelineExecutionId"), text("status"))
    }

    /// An action as its stage shows it.
    pub(crate) fn action(&self, stage: &str, action: &str) -> Value {
        let stage = self.stage(stage);
        let actions = stage["actionStates"].as_array().expect("a list");
        let found = actions.iter().find(|shown| shown["actionName"] == action);
        found.expect("there is such an action")["latestExecution"].clone()
    }

    pub(crate) fn retry(&self, execution: &str, mode: &str) -> Result<Value, ServiceError> {
        let input = json!({
            "pipelineName": "shop",
            "stageName": "Prod",
            "pipelineExecutionId": execution,
            "retryMode": mode,
        });
        self.try_call("RetryStageExecution", input)
    }

    /// The rows of an execution, newest first: stage, action, status.
    pub(crate) fn rows(&self, execution: &str) -> Vec<String> {
        let filter = json!({"pipelineExecutionId": execution});
        let rows = self.call(
            "ListActionExecutions",
            json!({"pipelineName": "shop", "filter": filter}),
        );
        let rows = rows["actionExecutionDetails"].as_array().expect("a list");
        let text = |row: &Value, name: &str| row[name].as_str().expect("a text").to_owned();
        rows.iter()
            .map(|row| {
                format!(
                    "{}/{} {}",
                    text(row, "stageName"),
                    text(row, "actionName"),
                    text(row, "status")
                )
            })
            .collect()
    }
}
