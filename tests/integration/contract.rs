//! What the policy's keys mean and what is decided when: the two tables of the README, row by row, with the real program
//! against the sandbox. Each test's comment is its row.

mod decisions;
mod policy_keys;

use std::time::Duration;

use aws_sandbox::codepipeline::{Delays, JobResult, NewJob, Status};
use aws_sandbox::health::Event;
use aws_sandbox::lambda::Finished;
use aws_sandbox::{Fault, HttpServer, ServiceError, Timestamp};
use serde_json::{Value, json};

use crate::function_process::{serve, start};
use crate::in_world::{FUNCTION, RETRY_FUNCTION};
use crate::program::{Program, patiently};
use crate::retry_process::quick;
use crate::story::{ALWAYS, deploy, lambda, pipeline};

const SOON: Duration = Duration::from_millis(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

/// The program and its AWS.
struct Gate {
    server: HttpServer,
    _program: Program,
}

/// What a job came to.
#[derive(Debug)]
struct Told {
    /// `clear`, `warned`… for a success, `hold`, or the type of a failure.
    word: String,
    /// The message of a failure, the token of a hold, the output variables of a success.
    text: String,
}

impl Gate {
    async fn start() -> Self {
        Self::with(&[]).await
    }

    async fn with(environment: &[(&str, &str)]) -> Self {
        let server = serve().await;
        server.with(|sandbox, _| {
            // The tests themselves say when a hold goes on.
            sandbox.codepipeline.delays = Delays {
                continuation: HOUR,
                ..quick()
            };
        });
        let _program = start(&server, FUNCTION, environment);
        Self { server, _program }
    }

    fn now(&self) -> Timestamp {
        self.server.with(|_, now| now)
    }

    /// So long before now.
    fn ago(&self, duration: Duration) -> Timestamp {
        let now = self.now().as_millis();
        Timestamp::from_millis(now - i64::try_from(duration.as_millis()).expect("a short time"))
    }

    fn put(&self, event: Event) {
        self.server
            .with(|sandbox, _| sandbox.health.put_event(event));
    }

    /// An open issue of EC2 in us-east-1 that began an hour ago.
    fn issue(&self) -> Event {
        Event::operational_issue("EC2", "us-east-1", "1", self.ago(HOUR))
    }

    fn fail(&self, operation: &str, error: ServiceError) {
        self.server
            .with(|sandbox, _| sandbox.fail(operation, Fault::Error(error), ALWAYS));
    }

    fn calls(&self, operation: &str) -> usize {
        self.server
            .with(|sandbox, _| sandbox.transcript.of(operation).count())
    }

    /// A job of no pipeline.
    async fn job(&self, user_parameters: &str) -> Told {
        let job = NewJob {
            user_parameters: Some(user_parameters.to_owned()),
            context: None,
        };
        let id = self
            .server
            .with(|sandbox, now| sandbox.start_job(now, "us-east-1", FUNCTION, job));
        self.told(&id).await
    }

    async fn policy(&self, policy: Value) -> Told {
        self.job(&policy.to_string()).await
    }

    /// A job of a round that continues.
    async fn continued(&self, policy: Value, token: &str) -> Told {
        let id = format!(
            "aaaaaaaa-aaaa-4aaa-8aaa-{:012}",
            self.calls("PutJobSuccessResult") + self.calls("PutJobFailureResult")
        );
        let event = json!({"CodePipeline.job": {"id": id, "accountId": "111122223333", "data": {
            "actionConfiguration": {"configuration": {"FunctionName": FUNCTION, "UserParameters": policy.to_string()}},
            "continuationToken": token,
        }}});
        self.server
            .with(|sandbox, now| sandbox.submit_job_event(now, "us-east-1", FUNCTION, event));
        self.told(&id).await
    }

    /// A token of a hold that began, and whose last reading was, so long ago.
    fn token(&self, since: Duration, reading: Duration) -> String {
        let seconds = |ago| self.ago(ago).as_millis() / 1_000;
        json!({"v": 1, "heldSince": seconds(since), "lastReading": seconds(reading), "notified": true}).to_string()
    }

    async fn told(&self, id: &str) -> Told {
        let result = self.server.wait_for(|sandbox| {
            let is_its =
                |finished: &Finished| finished.invocation.payload["CodePipeline.job"]["id"] == id;
            sandbox
                .lambda
                .finished()
                .iter()
                .find(|finished| is_its(finished))?;
            sandbox.codepipeline.job(id)?.result.clone()
        });
        told(patiently(result).await)
    }

    /// The gate as the first action of a pipeline, which is run as `run` says.
    async fn in_pipeline(&self, policy: Value, tag: Option<&str>, run: Run) -> Told {
        let gate = lambda(FUNCTION, &policy.to_string());
        let checkout = pipeline("checkout", vec![(1, gate), (2, deploy(true))]);
        self.server
            .with(|sandbox, now| sandbox.create_pipeline(now, "us-east-1", checkout));
        if run == Run::Rollback {
            self.release_by_hand().await;
        }
        let before = self.server.with(|sandbox, now| {
            if let Some(value) = tag {
                sandbox
                    .codepipeline
                    .tag("checkout", "health-gate:override", value);
            }
            let good = sandbox.codepipeline.last_success("checkout", "Production");
            let begun = match run {
                Run::Rollback => {
                    let good = good.expect("one was released by hand");
                    sandbox.start_rollback(now, "checkout", "Production", &good)
                }
                Run::Release | Run::Stopped => sandbox.start_execution(now, "checkout"),
            };
            let execution = begun.expect("nothing is going on");
            if run == Run::Stopped {
                sandbox
                    .stop_execution(now, "checkout", &execution)
                    .expect("its gate is in progress");
            }
            sandbox.lambda.finished().len()
        });
        let id = self.server.wait_for(|sandbox| {
            let finished = sandbox.lambda.finished().get(before)?;
            finished.invocation.payload["CodePipeline.job"]["id"]
                .as_str()
                .map(str::to_owned)
        });
        let id = patiently(id).await;
        self.told(&id).await
    }

    /// A release that a person has let through, for a rollback to go back to.
    async fn release_by_hand(&self) {
        self.server.with(|sandbox, now| {
            sandbox
                .start_execution(now, "checkout")
                .expect("nothing is going on");
            let invocation = sandbox
                .lambda
                .take(now, FUNCTION)
                .expect("the gate is asked");
            let id = &invocation.payload["CodePipeline.job"]["id"];
            sandbox
                .call(
                    now,
                    "CodePipeline",
                    "PutJobSuccessResult",
                    "us-east-1",
                    &json!({"jobId": id}),
                )
                .expect("the job is open");
            sandbox
                .lambda
                .finish(now, &invocation.request_id, Ok(Value::Null));
        });
        let released = self.server.wait_for(|sandbox| {
            let status = sandbox.codepipeline.newest_execution("checkout");
            status.filter(|status| *status == Status::Succeeded)
        });
        patiently(released).await;
    }

    fn override_tag(&self) -> String {
        let until = Timestamp::from_millis(self.now().as_millis() + 3_600_000).to_string();
        format!(
            "until={}Z by=alice reason=INC-42 hotfix",
            until[..16].replace(' ', "T")
        )
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run {
    Release,
    Rollback,
    Stopped,
}

fn told(result: JobResult) -> Told {
    match result {
        JobResult::Success {
            continuation_token: Some(token),
            ..
        } => Told {
            word: "hold".to_owned(),
            text: token,
        },
        JobResult::Success {
            output_variables, ..
        } => Told {
            word: output_variables["Verdict"].clone(),
            text: output_variables
                .iter()
                .map(|(name, value)| format!("{name}={value}\n"))
                .collect(),
        },
        JobResult::Failure {
            failure_type,
            message,
        } => Told {
            word: failure_type,
            text: message,
        },
    }
}

fn throttled() -> ServiceError {
    ServiceError::throttling()
}
