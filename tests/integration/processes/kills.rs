//! A program is killed before or after each of its calls, and its event comes again: whatever it did before, the release goes out,
//! each job has one result, a stage is retried once, and people know.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sandbox::codepipeline::{Delays, Status};
use aws_sandbox::{Call, Fault, HttpServer, Outcome, Sandbox};
use serde_json::json;

use crate::event_files;
use crate::function_process::{serve, start};
use crate::in_world::{FUNCTION, RETRY_FUNCTION, TOPIC, ec2_issue, ec2_issue_at};
use crate::program::{Program, patiently};
use crate::retry_process::quick;
use crate::story::{deploy, lambda, pipeline};

const FAIL: &str = "us-east-1";
const HOLD: &str = r#"{"regions": ["us-east-1"], "onIncident": "hold", "checkEvery": "0s"}"#;

const WARN: &str = r#"{"regions": ["us-east-1"], "onIncident": "warn"}"#;

/// When a program is killed: at one of its calls, which it has made and is not answered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Death {
    operation: String,
    /// The how-manieth call of the operation, from 0.
    number: usize,
    /// AWS has done what was asked.
    is_done: bool,
}

/// A program that runs, and is started anew after its death.
struct Victim<'s> {
    server: &'s HttpServer,
    function: &'static str,
    program: Program,
}

impl<'s> Victim<'s> {
    fn start(server: &'s HttpServer, function: &'static str) -> Self {
        let program = start(
            server,
            function,
            &[
                ("NOTIFICATION_TOPIC_ARN", TOPIC),
                ("PACE", "0"),
                ("AWS_SDK_UA_APP_ID", function),
            ],
        );
        Self {
            server,
            function,
            program,
        }
    }

    /// From now on a call of it is not answered.
    fn plan(&self, death: &Death) {
        let fault = if death.is_done {
            Fault::Late(Duration::from_hours(1))
        } else {
            Fault::Silence
        };
        self.server.with(|sandbox, _| {
            sandbox.fail(&death.operation, fault, death.number..death.number + 1)
        });
    }

    /// Waits for the call, kills the program, and starts another one. Lambda hears of it, and sends the event again.
    async fn die(self) -> Self {
        let Self {
            server,
            function,
            program,
        } = self;
        patiently(server.wait_for(|sandbox| {
            sandbox
                .transcript
                .calls()
                .iter()
                .any(|call| call.fault.is_some())
                .then_some(())
        }))
        .await;
        program.kill().await;
        server.with(|sandbox, now| {
            let running = sandbox
                .lambda
                .running()
                .find(|invocation| invocation.function == function);
            let id = running.expect("it was doing something").request_id.clone();
            assert!(sandbox.lambda.finish(
                now,
                &id,
                Err(json!({"errorType": "Runtime.ExitError"}))
            ));
        });
        Self::start(server, function)
    }
}

/// Which invocation of the function that dies it dies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum In {
    First,
    /// The one after the issue was closed: of a hold, the round that ends it.
    Last,
}

/// A release that meets an issue, until it has gone out. `death` is of the function `dies`.
async fn play(policy: &str, dies: &'static str, which: In, death: Option<&Death>) -> HttpServer {
    let server = serve().await;
    server.with(|sandbox, now| {
        sandbox.health.put_event(ec2_issue_at(now, "1"));
        sandbox
            .sns
            .create_topic("us-east-1", "health-gate-notifications");
        sandbox.codepipeline.delays = Delays {
            continuation: Duration::from_millis(100),
            ..quick()
        };
        sandbox.lambda.retries_after = [Duration::from_millis(20); 2];
        let actions = vec![(1, lambda(FUNCTION, policy)), (2, deploy(true))];
        sandbox.create_pipeline(now, "us-east-1", pipeline("checkout", actions));
    });
    let mut gate = Victim::start(&server, FUNCTION);
    let gate_dies = death.filter(|_| dies == FUNCTION);
    if let Some(death) = gate_dies {
        gate.plan(death);
    }
    server.with(|sandbox, now| {
        sandbox
            .start_execution(now, "checkout")
            .expect("nothing is going on")
    });
    if gate_dies.is_some() && which == In::First {
        gate = gate.die().await;
    }
    let stopped = server.wait_for(|sandbox| {
        let is_held = accepted(sandbox, "PutJobSuccessResult").next().is_some();
        (is_held || sandbox.codepipeline.newest_execution("checkout") == Some(Status::Failed))
            .then_some(())
    });
    patiently(stopped).await;
    server.with(|sandbox, now| sandbox.health.close_event(now, &ec2_issue("1").arn));
    let mut retry = None;
    if policy == FAIL {
        let mut started = Victim::start(&server, RETRY_FUNCTION);
        let retry_dies = death.filter(|_| dies == RETRY_FUNCTION);
        if let Some(death) = retry_dies {
            started.plan(death);
        }
        server.with(|sandbox, _| {
            sandbox.invoke(
                "us-east-1",
                RETRY_FUNCTION,
                event_files::read("sns-sweep.json"),
            )
        });
        if retry_dies.is_some() {
            started = started.die().await;
        }
        retry = Some(started);
    }
    if gate_dies.is_some() && which == In::Last {
        gate = gate.die().await;
    }
    let out = server.wait_for(|sandbox| {
        let is_out = sandbox.codepipeline.newest_execution("checkout") == Some(Status::Succeeded);
        let is_quiet = sandbox.lambda.running().next().is_none()
            && sandbox
                .lambda
                .finished()
                .iter()
                .filter(|done| done.result.is_err())
                .count()
                == usize::from(death.is_some());
        (is_out && is_quiet && has_ended(sandbox, death)).then_some(())
    });
    patiently(out).await;
    gate.program.kill().await;
    if let Some(retry) = retry {
        retry.program.kill().await;
    }
    server
}

/// The event of a program that was killed has come again, and was handled.
fn has_ended(sandbox: &Sandbox, death: Option<&Death>) -> bool {
    let again = sandbox
        .lambda
        .finished()
        .iter()
        .filter(|done| done.invocation.retries > 0);
    again.filter(|done| done.result.is_ok()).count() == usize::from(death.is_some())
}

fn accepted<'s>(sandbox: &'s Sandbox, operation: &'s str) -> impl Iterator<Item = &'s Call> {
    sandbox
        .transcript
        .of(operation)
        .filter(|call| matches!(call.outcome, Outcome::Output(_)))
}

/// Before and after each call of an invocation of the function, by a story without a death.
async fn deaths(policy: &str, dies: &'static str, which: In) -> BTreeSet<Death> {
    let server = play(policy, dies, which, None).await;
    server.look(|sandbox| {
        let ended = sandbox.lambda.finished().iter();
        let mut its = ended.filter(|done| done.invocation.function == dies);
        let invocation = match which {
            In::First => its.next(),
            In::Last => its.next_back(),
        };
        let invocation = invocation.expect("it ran");
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        let mut deaths = BTreeSet::new();
        let is_its = |call: &&Call| call.caller.as_deref() == Some(dies);
        for call in sandbox.transcript.calls().iter().filter(is_its) {
            let number = seen.entry(&call.operation).or_default();
            if (invocation.began..=invocation.at).contains(&call.at) {
                for is_done in [false, true] {
                    deaths.insert(Death {
                        operation: call.operation.clone(),
                        number: *number,
                        is_done,
                    });
                }
            }
            *number += 1;
        }
        deaths
    })
}

async fn survive(policy: &str, dies: &'static str, which: In, at_least: usize) {
    let deaths = deaths(policy, dies, which).await;
    assert!(deaths.len() >= at_least, "{deaths:?}");
    for death in &deaths {
        let server = play(policy, dies, which, Some(death)).await;
        server.look(|sandbox| {
            let mut results: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
            for call in accepted(sandbox, "PutJobSuccessResult")
                .chain(accepted(sandbox, "PutJobFailureResult"))
            {
                let job = call.input["jobId"].as_str().expect("a job");
                results
                    .entry(job)
                    .or_default()
                    .insert(call.input.to_string());
            }
            assert!(
                results.values().all(|results| results.len() == 1),
                "{death:?}: {results:?}"
            );
            let retries = accepted(sandbox, "RetryStageExecution").count();
            assert_eq!(retries, usize::from(policy == FAIL), "{death:?}");
            // Before the job has its result: whoever dies after that has told them.
            let told_at = accepted(sandbox, "Publish").next().map(|call| call.at);
            let result = accepted(sandbox, "PutJobFailureResult").next();
            assert!(
                result.is_none_or(|result| told_at.is_some_and(|told| told <= result.at)),
                "{death:?}: people know of the failure before CodePipeline does"
            );
            assert!(
                policy == WARN || told_at.is_some(),
                "{death:?}: people know"
            );
            // Of a retry, unless it dies between retrying and telling: ARCHITECTURE.md does not promise that.
            let dies_between = matches!(
                (&*death.operation, death.is_done),
                ("RetryStageExecution", true) | ("Publish", false)
            );
            let told = sandbox.sns.published().iter();
            let mut subjects = told.filter_map(|told| told.subject.as_deref());
            assert!(
                dies != RETRY_FUNCTION
                    || dies_between
                    || subjects.any(|subject| subject.starts_with("Retried")),
                "{death:?}: people hear of the retry"
            );
            assert!(sandbox.lambda.dead_letters(dies).is_empty(), "{death:?}");
        });
    }
    println!(
        "kills of {dies} ({}): {} survived",
        match policy {
            FAIL => "a failure",
            HOLD if which == In::Last => "the end of a hold",
            HOLD => "a hold",
            _ => "a pass",
        },
        deaths.len()
    );
}

#[tokio::test]
async fn a_gate_that_is_killed_between_any_two_calls_of_a_job_that_fails() {
    survive(FAIL, FUNCTION, In::First, 12).await;
}

#[tokio::test]
async fn a_gate_that_is_killed_between_any_two_calls_of_a_job_that_passes() {
    survive(WARN, FUNCTION, In::First, 6).await;
}

#[tokio::test]
async fn a_gate_that_is_killed_between_any_two_calls_of_a_hold_that_begins() {
    survive(HOLD, FUNCTION, In::First, 12).await;
}

#[tokio::test]
async fn a_gate_that_is_killed_between_any_two_calls_of_the_round_that_ends_a_hold() {
    survive(HOLD, FUNCTION, In::Last, 6).await;
}

#[tokio::test]
async fn stage_retry_that_is_killed_between_any_two_calls() {
    survive(FAIL, RETRY_FUNCTION, In::First, 14).await;
}
