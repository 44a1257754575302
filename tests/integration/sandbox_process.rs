//! The sandbox starts the functions' real programs itself, and a release runs through them.

use std::time::Duration;

use aws_sandbox::HttpServer;
use aws_sandbox::codepipeline::{ActionDeclaration, PipelineDeclaration, StageDeclaration, Status};
use aws_sandbox::lambda::Program;
use serde_json::{Value, json};

use crate::function_process::{program_of, serve};
use crate::in_world::{FUNCTION, GateWorld, RETRY_FUNCTION, ec2_issue, ec2_issue_at};
use crate::program::patiently;
use crate::releases::REGION;
use crate::retry_process::quick;

/// A function that is a program of the sandbox's own.
fn create(server: &HttpServer, function: &str, command: &[&str], timeout: Duration) {
    let program = Program {
        command: command.iter().map(|&word| word.to_owned()).collect(),
        environment: vec![("GATE_FUNCTION_NAME".to_owned(), FUNCTION.to_owned())],
    };
    server.with(|sandbox, now| {
        sandbox
            .lambda
            .create_function(now, REGION, function, timeout, Some(program));
    });
}

/// Source, Gate, Deploy.
fn shop(policy: &Value) -> PipelineDeclaration {
    let gate = ActionDeclaration::lambda("Gate", FUNCTION, Some(&policy.to_string()));
    let deploy = ActionDeclaration::deploy("Deploy", "website").run_order(2);
    let stages = vec![
        StageDeclaration::new("Source", vec![ActionDeclaration::source("Source")]),
        StageDeclaration::new("Prod", vec![gate, deploy]),
    ];
    PipelineDeclaration::new("shop", stages)
}

fn release(server: &HttpServer, policy: &Value) {
    server.with(|sandbox, now| {
        sandbox.create_pipeline(now, REGION, shop(policy));
        sandbox
            .start_execution(now, "shop")
            .expect("nothing is going on");
    });
}

async fn wait_for(server: &HttpServer, status: Status) {
    let reached = server.wait_for(|sandbox| {
        let newest = sandbox.codepipeline.newest_execution("shop");
        newest.filter(|newest| *newest == status)
    });
    patiently(reached).await;
}

#[tokio::test]
async fn a_release_passes_fails_is_retried_holds_and_passes() {
    let server = serve().await;
    let timeout = Duration::from_secs(30);
    create(&server, FUNCTION, &[program_of(FUNCTION)], timeout);
    create(
        &server,
        RETRY_FUNCTION,
        &[program_of(RETRY_FUNCTION)],
        timeout,
    );
    server.with(|sandbox, now| {
        sandbox.codepipeline.delays = quick();
        sandbox.eventbridge.delays = aws_sandbox::eventbridge::EventDelays::NONE;
        sandbox.connect_signals(now, REGION, RETRY_FUNCTION);
    });

    release(&server, &json!({}));
    wait_for(&server, Status::Succeeded).await;

    server.with(|sandbox, now| sandbox.open_event(now, ec2_issue_at(now, "1")));
    release(&server, &json!({}));
    wait_for(&server, Status::Failed).await;
    server.with(|sandbox, now| {
        sandbox.close_event(now, &ec2_issue("1").arn);
        let sweep = json!({"source": "health-gate", "detail-type": "Sweep"});
        sandbox.publish_signal(now, REGION, &sweep);
    });
    wait_for(&server, Status::Succeeded).await;

    server.with(|sandbox, now| sandbox.open_event(now, ec2_issue_at(now, "2")));
    release(&server, &json!({"onIncident": "hold", "checkEvery": "0s"}));
    let rounds = server.wait_for(|sandbox| {
        let held = sandbox.transcript.of("PutJobSuccessResult");
        let held = held.filter(|call| call.input["continuationToken"].is_string());
        (held.count() >= 3).then_some(())
    });
    patiently(rounds).await;
    server.with(|sandbox, now| sandbox.close_event(now, &ec2_issue("2").arn));
    wait_for(&server, Status::Succeeded).await;

    server.with(|sandbox, _| {
        let callers: Vec<_> = sandbox
            .transcript
            .of("DescribeEvents")
            .map(|call| call.caller.clone())
            .collect();
        assert!(callers.contains(&Some(FUNCTION.to_owned())), "{callers:?}");
        assert!(
            callers.contains(&Some(RETRY_FUNCTION.to_owned())),
            "{callers:?}"
        );
        let lines = sandbox.lambda.logs();
        assert!(
            lines
                .iter()
                .any(|line| line.starts_with("pipeline-gate: {")),
            "{lines:?}"
        );
        let denied: Vec<_> = sandbox.iam.denied().collect();
        assert!(denied.is_empty(), "{denied:?}");
        // What Lambda does in the functions' name.
        let unused = sandbox.iam.unused();
        assert!(
            !unused.iter().any(|(_, action)| action.starts_with("logs:")),
            "{unused:?}"
        );
    });
}

/// Without a role that allows it, nothing reaches AWS, and Lambda cannot write down why.
#[tokio::test]
async fn a_function_may_do_what_its_role_allows() {
    let server = serve().await;
    server.with(|sandbox, _| {
        sandbox.codepipeline.delays = quick();
        sandbox.iam.put_role(FUNCTION, Vec::new());
    });
    let timeout = Duration::from_secs(2);
    create(&server, FUNCTION, &[program_of(FUNCTION)], timeout);
    release(&server, &json!({}));
    let first = server.wait_for(|sandbox| sandbox.lambda.finished().first().cloned());
    let error = patiently(first)
        .await
        .result
        .expect_err("CodePipeline refuses");
    let text = error.to_string();
    assert!(text.contains("codepipeline:PutJob"), "{text}");
    server.with(|sandbox, _| {
        let denied = |action: &str| sandbox.iam.denied().any(|denied| denied.action == action);
        for action in [
            "health:DescribeEvents",
            "codepipeline:GetJobDetails",
            "codepipeline:PutJobFailureResult",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        ] {
            assert!(denied(action), "{action}");
        }
        assert!(sandbox.lambda.logs().is_empty());
    });
}

/// The same through the gate's handler, in virtual time: three hours, and then it goes out.
#[tokio::test(start_paused = true)]
async fn a_release_holds_for_three_hours_and_passes() {
    let gate = GateWorld::new(REGION);
    gate.put_event(ec2_issue("1"));
    gate.world.with(|sandbox, now| {
        sandbox.create_pipeline(now, REGION, shop(&json!({"onIncident": "hold"})));
        sandbox
            .start_execution(now, "shop")
            .expect("nothing is going on");
    });
    gate.play(Duration::from_hours(3)).await;
    let status = || {
        gate.world
            .with(|sandbox, _| sandbox.codepipeline.newest_execution("shop"))
    };
    assert_eq!(status(), Some(Status::InProgress));
    let rounds = gate.calls("PutJobSuccessResult");
    assert!((370..390).contains(&rounds), "a round every 28 s: {rounds}");
    gate.world
        .with(|sandbox, now| sandbox.close_event(now, &ec2_issue("1").arn));
    gate.play(Duration::from_mins(3)).await;
    assert_eq!(status(), Some(Status::Succeeded));
}

/// A shell that tells its process id and then does nothing.
const IDLE: [&str; 3] = ["/bin/sh", "-c", "echo $$; exec sleep 600"];

async fn process_id(server: &HttpServer, lines: usize) -> String {
    let line = server.wait_for(|sandbox| sandbox.lambda.logs().get(lines).cloned());
    let line = patiently(line).await;
    line.rsplit(' ').next().expect("a word").to_owned()
}

/// One environment a function: started for the first event, used again, killed when an invocation takes too long, and started
/// anew for the next event.
#[tokio::test]
async fn an_environment_is_started_once_and_killed_at_a_time_out() {
    let server = serve().await;
    create(&server, "idle", &IDLE, Duration::from_millis(200));
    server.with(|sandbox, _| sandbox.invoke(REGION, "idle", json!(1)));
    let first = process_id(&server, 0).await;
    let is_alive = |id: &str| std::path::Path::new("/proc").join(id).exists();
    assert!(is_alive(&first));
    // The test is the function: it takes two events, and returns from the first.
    server.with(|sandbox, now| {
        sandbox.invoke(REGION, "idle", json!(2));
        let invocation = sandbox.lambda.take(now, "idle").expect("an event waits");
        assert!(
            sandbox
                .lambda
                .finish(now, &invocation.request_id, Ok(Value::Null))
        );
        sandbox
            .lambda
            .take(now, "idle")
            .expect("another event waits");
        // This one waits when the environment is killed.
        sandbox.invoke(REGION, "idle", json!(3));
    });
    let timed_out = server.wait_for(|sandbox| sandbox.lambda.finished().get(1).cloned());
    let timed_out = patiently(timed_out).await;
    assert_eq!(
        timed_out.result.expect_err("it took too long")["errorType"],
        "Sandbox.Timedout"
    );
    let second = process_id(&server, 1).await;
    // It was started for the event that waited, and not for Lambda's next try of the other one a minute later.
    server.with(|sandbox, now| {
        let invocation = sandbox.lambda.take(now, "idle").expect("an event waits");
        assert_eq!(invocation.payload, json!(3));
        assert!(sandbox.lambda.take(now, "idle").is_none());
    });
    assert_ne!(first, second);
    let gone = async {
        while is_alive(&first) {
            tokio::task::yield_now().await;
        }
    };
    patiently(gone).await;
    assert!(is_alive(&second));
}

/// A function that ends in the middle of an invocation has failed it; it is started anew when Lambda tries again.
#[tokio::test]
async fn a_function_that_crashes_has_failed() {
    let server = serve().await;
    create(
        &server,
        "crash",
        &["/bin/sh", "-c", "echo ready; read line; exit 3"],
        Duration::from_secs(30),
    );
    server.with(|sandbox, now| {
        sandbox.invoke(REGION, "crash", json!(1));
        sandbox.lambda.take(now, "crash").expect("an event waits");
    });
    let ended = server.wait_for(|sandbox| sandbox.lambda.finished().first().cloned());
    let error = patiently(ended).await.result.expect_err("it has crashed");
    assert_eq!(error["errorType"], "Runtime.ExitError");
    assert!(
        error["errorMessage"]
            .as_str()
            .is_some_and(|text| text.ends_with("exit status: 3")),
        "{error}"
    );
}

/// A program that cannot be started says so, and is not tried for ever.
#[tokio::test]
async fn a_program_that_cannot_start_is_told() {
    let server = serve().await;
    create(
        &server,
        "missing",
        &["/no/such/program"],
        Duration::from_secs(30),
    );
    server.with(|sandbox, _| sandbox.invoke(REGION, "missing", json!(1)));
    let line = server.wait_for(|sandbox| sandbox.lambda.logs().front().cloned());
    let line = patiently(line).await;
    assert!(
        line.starts_with("missing: cannot start /no/such/program: "),
        "{line}"
    );
    // The event has failed, and is tried again like any other.
    let failed = server.wait_for(|sandbox| sandbox.lambda.finished().first().cloned());
    let error = patiently(failed)
        .await
        .result
        .expect_err("it could not run");
    assert_eq!(error["errorType"], "Runtime.ExitError");
}
