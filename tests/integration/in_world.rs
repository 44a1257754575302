//! Both functions in a world in virtual time: their handlers, with real SDK clients.

use std::time::{Duration, SystemTime};

use aws_sandbox::codepipeline::{JobResult, NewJob};
use aws_sandbox::health::Event;
use aws_sandbox::lambda::Invocation;
use aws_sandbox::{Outcome, Timestamp, World};
use health_gate::GateFunctions;
use health_gate_aws::{Clients, Clock, CnameLookUp, JobEvent, Settings};
use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use pipeline_gate::PipelineGate;
use serde::Serialize;
use serde_json::{Value, json};
use stage_retry::StageRetry;

use crate::permissions::put_roles;

/// 2026-11-23 09:00:00 UTC.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_795_424_400_000);
pub(crate) const FUNCTION: &str = "pipeline-gate";
/// The topic on which people are told.
pub(crate) const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:health-gate-notifications";
pub(crate) const RETRY_FUNCTION: &str = "stage-retry";

/// A world with the two functions in one region.
pub(crate) struct GateWorld {
    pub(crate) world: World,
    gate: PipelineGate,
    stage_retry: StageRetry,
    region: &'static str,
}

/// The active endpoint is the usual one.
pub(crate) fn usual() -> CnameLookUp {
    CnameLookUp::with(async |_| Ok("health.us-east-1.amazonaws.com.".to_owned()))
}

impl GateWorld {
    pub(crate) fn new(region: &'static str) -> Self {
        Self::with(region, Settings::default(), usual())
    }

    /// With other settings, and a look-up of AWS Health's active endpoint.
    pub(crate) fn with(region: &'static str, settings: Settings, look_up: CnameLookUp) -> Self {
        Self::at(START, region, settings, look_up)
    }

    pub(crate) fn at(
        start: Timestamp,
        region: &'static str,
        settings: Settings,
        look_up: CnameLookUp,
    ) -> Self {
        Self::in_world(World::new(start, 7), region, settings, look_up)
    }

    /// Whose random numbers are those of a seed.
    pub(crate) fn seeded(seed: u64) -> Self {
        let world = World::new(START, seed);
        Self::in_world(world, "us-east-1", Settings::default(), usual())
    }

    fn in_world(
        world: World,
        region: &'static str,
        settings: Settings,
        look_up: CnameLookUp,
    ) -> Self {
        let settings = Settings {
            gates: GateFunctions::from_list(FUNCTION),
            ..settings
        };
        world.with(|sandbox, _| put_roles(sandbox, region));
        let clients = |function| {
            Clients::new(&world.sdk_config_of(function, region), || look_up.clone())
                .expect("the region is one")
        };
        let gate = PipelineGate::new(clients(FUNCTION), &settings);
        let stage_retry =
            StageRetry::new(clients(RETRY_FUNCTION), &settings).expect("there is a gate");
        Self {
            world,
            gate,
            stage_retry,
            region,
        }
    }

    pub(crate) fn put_event(&self, event: Event) {
        self.world
            .with(|sandbox, _| sandbox.health.put_event(event));
    }

    /// Runs one job and returns its result.
    pub(crate) async fn job(&self, user_parameters: &str) -> Option<JobResult> {
        let job = NewJob {
            user_parameters: Some(user_parameters.to_owned()),
            context: None,
        };
        let id = self
            .world
            .with(|sandbox, now| sandbox.start_job(now, self.region, FUNCTION, job));
        self.run().await;
        self.world.with(|sandbox, _| {
            sandbox
                .codepipeline
                .job(&id)
                .and_then(|job| job.result.clone())
        })
    }

    /// Runs the functions for everything that waits.
    pub(crate) async fn run(&self) {
        self.play(Duration::ZERO).await;
    }

    /// Lets time pass.
    pub(crate) async fn play(&self, duration: Duration) {
        self.world
            .play(duration, async |invocation| self.invoke(invocation).await)
            .await;
    }

    /// Runs all invocations of stage-retry that wait at the same time, as instances of its function, and returns what they returned.
    pub(crate) async fn run_at_once(&self) -> Vec<Value> {
        let take = || {
            self.world
                .with(|sandbox, now| sandbox.lambda.take(now, RETRY_FUNCTION))
        };
        let invocations: Vec<Invocation> = std::iter::from_fn(take).collect();
        let running = invocations.iter().map(|invocation| self.invoke(invocation));
        let results = futures_util::future::join_all(running).await;
        for (invocation, result) in invocations.iter().zip(&results) {
            self.world.with(|sandbox, now| {
                sandbox
                    .lambda
                    .finish(now, &invocation.request_id, result.clone())
            });
        }
        results
            .into_iter()
            .map(|result| result.expect("stage-retry handles every message"))
            .collect()
    }

    /// The functions' code, as the Lambda runtime calls it.
    async fn invoke(&self, invocation: &Invocation) -> Result<Value, Value> {
        let mut context = Context::default();
        context.deadline = invocation
            .deadline
            .expect("it has begun")
            .as_millis()
            .try_into()
            .expect("after 1970");
        context
            .invoked_function_arn
            .clone_from(&invocation.function_arn);
        let payload = invocation.payload.clone();
        if invocation.function == RETRY_FUNCTION {
            let event = serde_json::from_value(payload).expect("an event of SNS");
            returned(
                self.stage_retry
                    .handle(LambdaEvent::new(event, context))
                    .await,
            )
        } else if invocation.function == FUNCTION {
            let event: JobEvent = serde_json::from_value(payload).expect("no JSON is refused");
            returned(self.gate.handle(LambdaEvent::new(event, context)).await)
        } else {
            self.fail_like_the_gate(&payload);
            Ok(Value::Null)
        }
    }

    /// A function of somebody else, which borrows the gate's words.
    fn fail_like_the_gate(&self, payload: &Value) {
        let id = payload["CodePipeline.job"]["id"].as_str().expect("a job");
        let body = json!({
            "jobId": id,
            "failureDetails": {"type": "JobFailed", "message": "health-gate blocked: so it says"},
        });
        self.world.with(|sandbox, now| {
            sandbox
                .call(
                    now,
                    "CodePipeline",
                    "PutJobFailureResult",
                    self.region,
                    &body,
                )
                .expect("the job is open")
        });
    }

    /// How long the last invocation had left when it ended.
    pub(crate) fn time_left(&self) -> Duration {
        let left = self.world.with(|sandbox, _| {
            let last = sandbox.lambda.finished().last()?;
            Some(last.invocation.deadline?.as_millis() - last.at.as_millis())
        });
        let left = left.expect("the function ran");
        Duration::from_millis(
            left.try_into()
                .expect("the function ended before its deadline"),
        )
    }

    /// What the last invocation returned.
    pub(crate) fn returned(&self) -> Result<Value, Value> {
        self.world.with(|sandbox, _| {
            sandbox
                .lambda
                .finished()
                .last()
                .expect("the function ran")
                .result
                .clone()
        })
    }

    /// The calls, a line each: seconds since the start, operation and region, input, and an error if there was one.
    pub(crate) fn transcript(&self) -> String {
        let calls = self
            .world
            .with(|sandbox, _| sandbox.transcript.calls().to_vec());
        let lines = calls.iter().map(|call| {
            let seconds = (call.at.as_millis() - START.as_millis()) as f64 / 1_000.0;
            let mut input = call.input.clone();
            if let Some(id) = input.get_mut("jobId") {
                *id = json!("JOB");
            }
            let outcome = match &call.outcome {
                Outcome::Output(_) => String::new(),
                Outcome::Error(error) => format!(" -> {}", error.code),
                Outcome::Garbage => " -> garbage".to_owned(),
                Outcome::Silence => " -> nothing".to_owned(),
                Outcome::NoConnection(why) => format!(" -> {why}"),
            };
            format!(
                "{seconds:.2} {} {} {input}{outcome}",
                call.operation, call.region
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The operations that were called, in order.
    pub(crate) fn operations(&self) -> Vec<String> {
        self.world.with(|sandbox, _| {
            let calls = sandbox.transcript.calls().iter();
            calls.map(|call| call.operation.clone()).collect()
        })
    }

    /// How many calls of an operation were accepted.
    pub(crate) fn accepted(&self, operation: &str) -> usize {
        let is_accepted = |call: &&aws_sandbox::Call| matches!(call.outcome, Outcome::Output(_));
        self.world.with(|sandbox, _| {
            let calls = sandbox.transcript.of(operation);
            calls.filter(is_accepted).count()
        })
    }

    /// The input of an operation's last call.
    pub(crate) fn last_input(&self, operation: &str) -> Value {
        let last = self
            .world
            .with(|sandbox, _| sandbox.transcript.of(operation).last().cloned());
        last.expect("it was called").input
    }

    pub(crate) fn calls(&self, operation: &str) -> usize {
        self.world
            .with(|sandbox, _| sandbox.transcript.of(operation).count())
    }
}

fn returned<T: Serialize, E: Into<Diagnostic>>(result: Result<T, E>) -> Result<Value, Value> {
    let json = |value: Result<Value, serde_json::Error>| value.expect("string keys");
    match result {
        Ok(output) => Ok(json(serde_json::to_value(&output))),
        Err(error) => Err(json(serde_json::to_value(error.into()))),
    }
}

/// The time of day, for what goes on in real time.
pub(crate) fn real_now() -> Timestamp {
    SystemTime::from(Clock::default().now()).into()
}

/// The issue that most stories are about.
pub(crate) fn ec2_issue(name: &str) -> Event {
    ec2_issue_at(START, name)
}

/// The same, since another time: in real time an issue must not have grown stale.
pub(crate) fn ec2_issue_at(at: Timestamp, name: &str) -> Event {
    Event::operational_issue("EC2", "us-east-1", name, at)
}

/// The failure's type and message.
pub(crate) fn failure(result: Option<JobResult>) -> (String, String) {
    match result {
        Some(JobResult::Failure {
            failure_type,
            message,
        }) => (failure_type, message),
        other => panic!("expected a failure, got {other:?}"),
    }
}

/// The success's `Verdict`.
pub(crate) fn verdict(result: Option<JobResult>) -> String {
    match result {
        Some(JobResult::Success {
            output_variables, ..
        }) => output_variables["Verdict"].clone(),
        other => panic!("expected a success, got {other:?}"),
    }
}
