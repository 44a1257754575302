//! How long a sweep of stage-retry takes, what it costs, and what it does to CodePipeline.
//!
//! With the pace lifted, the real program works over HTTP on a sandbox whose every call takes 20 ms: real time, peak memory, calls in
//! flight. The floor is what its calls take with ten of them in flight at any time, and nothing else. At a pace, and when
//! CodePipeline throttles, the handler works in virtual time, which the machine's speed does not change.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use aws_sandbox::codepipeline::{ActionDeclaration, PipelineDeclaration, StageDeclaration, Status};
use aws_sandbox::lambda::Invocation;
use aws_sandbox::{Fault, HttpServer, Outcome, Sandbox, Timestamp, World};
use health_gate::GateFunctions;
use health_gate_aws::{Clients, Clock, CnameLookUp, Settings};
use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};
use stage_retry::StageRetry;
use tokio::process::Command;
use tokio::time::Instant;

const REGION: &str = "us-east-1";
const GATE: &str = "pipeline-gate";
const RETRY: &str = "stage-retry";
const CALL: Duration = Duration::from_millis(20);
const IN_FLIGHT: u32 = 10;
const OPERATIONS: [&str; 6] = [
    "DescribeEvents",
    "GetPipelineState",
    "ListActionExecutions",
    "ListPipelines",
    "ListTagsForResource",
    "RetryStageExecution",
];

/// What is measured.
struct Load {
    pipelines: usize,
    stopped: usize,
}

/// A sandbox in which everything has happened some minutes ago: so many pipelines, of which the gate has stopped some.
fn sandbox(load: &Load, now: Timestamp) -> Sandbox {
    let mut at = Timestamp::from_millis(now.as_millis() - 600_000);
    let mut sandbox = Sandbox::new(11);
    let names: Vec<String> = (0..load.pipelines)
        .map(|number| format!("team-{:02}-service-{number:05}", number % 40))
        .collect();
    for name in &names {
        let gate = ActionDeclaration::lambda("HealthGate", GATE, Some("us-east-1,global"));
        let deploy = ActionDeclaration::deploy("Deploy", "website").run_order(2);
        let stages = vec![
            StageDeclaration::new("Source", vec![ActionDeclaration::source("Source")]),
            StageDeclaration::new("Production", vec![gate, deploy]),
        ];
        sandbox.create_pipeline(at, REGION, PipelineDeclaration::new(name, stages));
        sandbox
            .start_execution(at, name)
            .expect("nothing is going on");
    }
    let end = Timestamp::from_millis(now.as_millis() - 1_000);
    let mut answered = 0;
    while let Some(next) = sandbox.next_wake_up().filter(|next| *next <= end) {
        at = next;
        sandbox.wake_up(at);
        while let Some(invocation) = sandbox.lambda.take_any(at) {
            // The stopped ones are spread over all.
            let stops = (answered + 1) * load.stopped / load.pipelines
                > answered * load.stopped / load.pipelines;
            answered += 1;
            answer(&mut sandbox, at, &invocation, stops);
        }
    }
    let failed = names
        .iter()
        .filter(|name| sandbox.codepipeline.newest_execution(name) == Some(Status::Failed));
    assert_eq!((answered, failed.count()), (load.pipelines, load.stopped));
    sandbox
}

fn answer(sandbox: &mut Sandbox, at: Timestamp, invocation: &Invocation, stops: bool) {
    let id = &invocation.payload["CodePipeline.job"]["id"];
    let message = "health-gate blocked: 1 open AWS Health issue in us-east-1";
    let (operation, input) = if stops {
        let details = json!({"type": "JobFailed", "message": message});
        (
            "PutJobFailureResult",
            json!({"jobId": id, "failureDetails": details}),
        )
    } else {
        ("PutJobSuccessResult", json!({"jobId": id}))
    };
    sandbox
        .call(at, "CodePipeline", operation, REGION, &input)
        .expect("the job is open");
    sandbox
        .lambda
        .finish(at, &invocation.request_id, Ok(Value::Null));
}

fn sweep() -> Value {
    json!({"Records": [{"Sns": {
        "TopicArn": "arn:aws:sns:us-east-1:111122223333:health-gate-signals",
        "Message": json!({"source": "health-gate", "detail-type": "Sweep"}).to_string(),
    }}]})
}

/// Calls of AWS, and how many of them were throttled.
fn calls(sandbox: &Sandbox) -> (BTreeMap<&'static str, usize>, usize) {
    let count = |operation: &'static str| (operation, sandbox.transcript.of(operation).count());
    let throttled = sandbox.transcript.calls().iter();
    let throttled = throttled.filter(
        |call| matches!(&call.outcome, Outcome::Error(error) if error.code == "ThrottlingException"),
    );
    (OPERATIONS.map(count).into(), throttled.count())
}

/// The program over HTTP, with the pace lifted.
async fn over_http(load: &Load) {
    let now: std::time::SystemTime = Clock::default().now().into();
    let mut sandbox = sandbox(load, now.into());
    sandbox.lambda.timeout = Duration::from_mins(5);
    for operation in OPERATIONS {
        sandbox.fail(operation, Fault::Late(CALL), 0..usize::MAX);
    }
    let server = HttpServer::bind(([127, 0, 0, 1], 0).into(), sandbox)
        .await
        .expect("loopback has a free port");
    let address = server.address();
    let mut program = Command::new(env!("CARGO_BIN_EXE_stage-retry-under-test"))
        .env_clear()
        .envs([
            (
                "AWS_LAMBDA_RUNTIME_API",
                format!("http://{address}/lambda/{RETRY}"),
            ),
            ("AWS_LAMBDA_FUNCTION_NAME", RETRY.to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128".to_owned()),
            ("AWS_LAMBDA_LOG_FORMAT", "JSON".to_owned()),
            ("AWS_ENDPOINT_URL", format!("http://{address}")),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", "sandbox".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "sandbox".to_owned()),
            ("GATE_FUNCTION_NAME", GATE.to_owned()),
            ("PACE", "0".to_owned()),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("the program is built");
    let before = server.look(|sandbox| sandbox.lambda.finished().len());
    let begin = Instant::now();
    server.with(|sandbox, _| sandbox.invoke(REGION, RETRY, sweep()));
    let account = server
        .wait_for(|sandbox| {
            let done = sandbox.lambda.finished().get(before)?;
            Some(done.result.clone())
        })
        .await
        .expect("a sweep is handled");
    let took = begin.elapsed();
    let memory = peak_memory(program.id().expect("it runs"));
    let (calls, _) = server.look(calls);
    program.kill().await.expect("it can be killed");

    let retried = retried(&account);
    assert_eq!((retried, &account["unread"]), (load.stopped, &json!(0)));
    let all: usize = calls.values().sum();
    let floor = CALL * u32::try_from(all).expect("not so many") / IN_FLIGHT;
    println!(
        "| {} | {} | {:.1} s | {:.2} | {all} | {} | {} | {memory:.0} MB |",
        load.pipelines,
        load.stopped,
        took.as_secs_f64(),
        took.as_secs_f64() / floor.as_secs_f64(),
        calls["DescribeEvents"],
        server.most_in_flight(),
    );
}

fn retried(account: &Value) -> usize {
    let stages = account["stages"].as_array().expect("a list").iter();
    stages.filter(|stage| stage["outcome"] == "retried").count()
}

/// The most that a process has had in memory, in MB (proc(5), `VmHWM`).
fn peak_memory(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kilobytes.expect("a number of kB") / 1_024.0
}

/// The handler in virtual time, at a pace, with sweeps every ten minutes until one has nothing left to do.
async fn in_virtual_time(load: &Load, pace: f64, limit: Option<usize>) {
    let start = Timestamp::from_millis(1_795_424_400_000);
    let world = World::new(start, 11);
    let mut prepared = sandbox(load, start);
    prepared.lambda.timeout = Duration::from_mins(5);
    if let Some(limit) = limit {
        for operation in OPERATIONS {
            prepared.limit(operation, limit);
        }
    }
    world.with(|sandbox, _| *sandbox = prepared);
    let usual = || CnameLookUp::with(async |_| Ok("health.us-east-1.amazonaws.com.".to_owned()));
    let clients = Clients::new(&world.sdk_config(REGION), usual).expect("the region is one");
    let settings = Settings {
        gates: GateFunctions::from_list(GATE),
        pace: Ok(pace),
        ..Settings::default()
    };
    let function = StageRetry::new(clients, &settings).expect("there is a gate");
    let mut sweeps = Vec::new();
    let mut left = load.stopped;
    let mut finished = start;
    while left > 0 && sweeps.len() < 9 {
        let begin = world.now();
        world.with(|sandbox, _| sandbox.invoke(REGION, RETRY, sweep()));
        let before = world.with(|sandbox, _| sandbox.lambda.finished().len());
        let functions = async |invocation: &Invocation| {
            if invocation.function != RETRY {
                // The gate passes.
                let id = &invocation.payload["CodePipeline.job"]["id"];
                let result = json!({"jobId": id});
                world.with(|sandbox, now| {
                    sandbox
                        .call(now, "CodePipeline", "PutJobSuccessResult", REGION, &result)
                        .expect("the job is open")
                });
                return Ok(Value::Null);
            }
            let mut context = Context::default();
            let deadline = invocation.deadline.expect("it has begun").as_millis();
            context.deadline = deadline.try_into().expect("after 1970");
            let event = serde_json::from_value(invocation.payload.clone()).expect("any JSON");
            let account = function.handle(LambdaEvent::new(event, context)).await;
            Ok(json!(account.expect("a sweep is handled")))
        };
        world.play(Duration::ZERO, functions).await;
        let (account, at) = world.with(|sandbox, _| {
            let mut done = sandbox.lambda.finished().iter().skip(before);
            let done = done
                .find(|done| done.invocation.function == RETRY)
                .expect("the sweep has ended");
            (done.result.clone().expect("a sweep is handled"), done.at)
        });
        finished = at;
        left -= retried(&account);
        sweeps.push(format!(
            "{} retried, {} unread, {:.0} s",
            retried(&account),
            account["unread"],
            (at.as_millis() - begin.as_millis()) as f64 / 1_000.0
        ));
        let next = begin.as_millis() + 600_000 - world.now().as_millis();
        let pause = Duration::from_millis(next.max(0).try_into().expect("not negative"));
        world.play(pause, functions).await;
    }
    let (calls, throttled) = world.with(|sandbox, _| calls(sandbox));
    assert_eq!(left, 0, "nothing is lost");
    let pace = if pace == 0.0 {
        "lifted".to_owned()
    } else {
        format!("{pace} a second")
    };
    let limit = limit.map_or_else(|| "none".to_owned(), |limit| format!("{limit} a second"));
    println!(
        "| {} | {} | {pace} | {limit} | {:.0} s | {} | {throttled} | {} |",
        load.pipelines,
        load.stopped,
        (finished.as_millis() - start.as_millis()) as f64 / 1_000.0,
        calls.values().sum::<usize>(),
        sweeps.join("; ")
    );
}

fn main() {
    // `cargo test --benches` only wants to know that it is there.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let real = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    println!(
        "| pipelines | stopped | time | times the floor | calls | of AWS Health | in flight at most | peak memory |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (pipelines, stopped) in [(1_000, 300), (1_000, 0), (10_000, 3_000)] {
        real.block_on(over_http(&Load { pipelines, stopped }));
    }
    println!();
    println!(
        "| pipelines | stopped | pace | CodePipeline's limit | until all are retried | calls | throttled | sweeps, every 10 minutes |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let load = Load {
        pipelines: 1_000,
        stopped: 300,
    };
    for (pace, limit) in [(5.0, None), (5.0, Some(10)), (0.0, Some(10))] {
        let virtually = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        virtually.block_on(in_virtual_time(&load, pace, limit));
    }
}
