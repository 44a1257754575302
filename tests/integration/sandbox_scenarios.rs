//! Scenarios and the control API: what ships plays, and a slip is told before anything is done.

use std::time::Duration;

use aws_sandbox::Scenario;
use aws_sandbox::codepipeline::Status;
use serde_json::{Value, json};

use crate::in_world::{FUNCTION, GateWorld, RETRY_FUNCTION};
use crate::releases::REGION;

fn scenario(name: &str) -> Scenario {
    let path = format!("{}/../examples/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("it is there");
    Scenario::parse(&text).expect("it is a scenario")
}

/// Plays a shipped scenario with the functions' handlers in virtual time, and says how each release ended.
async fn play(name: &str) -> Vec<(String, Option<Status>)> {
    let gate = GateWorld::new(REGION);
    gate.world.with(|sandbox, now| {
        for function in [FUNCTION, RETRY_FUNCTION] {
            sandbox
                .programs
                .insert(function.to_owned(), vec![function.to_owned()]);
        }
        sandbox
            .begin_scenario(now, scenario(name))
            .expect("each of its commands can be done");
    });
    gate.play(Duration::from_mins(3)).await;
    gate.world.with(|sandbox, _| {
        let refused = sandbox.transcript.calls().iter().find(|call| {
            call.service == "Scenario" && matches!(call.outcome, aws_sandbox::Outcome::Error(_))
        });
        assert!(refused.is_none(), "{refused:?}");
        let commands = sandbox
            .transcript
            .calls()
            .iter()
            .filter(|call| call.operation == "pipeline");
        let names: Vec<String> = commands
            .map(|call| call.input["name"].as_str().expect("a name").to_owned())
            .collect();
        let end = |name: String| {
            let status = sandbox.codepipeline.newest_execution(&name);
            (name, status)
        };
        names.into_iter().map(end).collect()
    })
}

#[tokio::test(start_paused = true)]
async fn the_scenario_of_a_regional_outage() {
    let ends = play("regional-outage").await;
    assert_eq!(ends.len(), 9);
    for (pipeline, status) in ends {
        // Its policy leaves it to people.
        let expected = if pipeline == "billing" {
            Status::Failed
        } else {
            Status::Succeeded
        };
        assert_eq!(status, Some(expected), "{pipeline}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_scenario_of_a_flapping_incident() {
    assert_eq!(
        play("flapping-incident").await,
        [("checkout".to_owned(), Some(Status::Succeeded))]
    );
}

/// A slip in a scenario is told with its place.
#[test]
fn a_scenario_that_cannot_be_read_says_why() {
    let command = |text: &str| {
        Scenario::parse(&format!(r#"{{"commands": [{text}]}}"#)).expect_err("it is refused")
    };
    assert_eq!(
        command(r#"{"do": "release", "pipeline": "p"}"#),
        "command 1: `at` is missing: when it is done, as in \"90s\""
    );
    assert_eq!(
        command(r#"{"at": "soon", "do": "release", "pipeline": "p"}"#),
        "command 1: `at`: `soon` is no duration; it is an integer and a unit of ms, s, m, h, d: `90s`"
    );
    assert!(
        command(r#"{"at": "1s", "do": "relase"}"#)
            .starts_with("command 1: unknown variant `relase`, expected one of")
    );
    assert!(
        command(r#"{"at": "1s", "do": "release", "pipeline": "p", "when": 1}"#)
            .contains("unknown field `when`")
    );
    assert_eq!(
        Scenario::parse("[]").expect_err("it is refused"),
        "it is no object: {\"commands\": [{\"at\": \"0s\", \"do\": …}]}"
    );
}

/// A command that could not be done is told before anything is.
#[tokio::test(start_paused = true)]
async fn a_scenario_with_a_slip_does_not_begin() {
    let slips = [
        (
            r#""do": "create-function", "function": "f", "runs": "nope""#,
            "no program `nope` can be run",
        ),
        (
            r#""do": "delays", "source": "soon""#,
            "`soon` is no duration",
        ),
        (
            r#""do": "call", "service": "Foo", "operation": "Publish""#,
            "no service `Foo`",
        ),
        (
            r#""do": "fault", "operation": "DescribeEvent", "fault": "throttle""#,
            "no operation `DescribeEvent`",
        ),
        (
            r#""do": "fault", "operation": "DescribeEvents", "fault": "late""#,
            "`by` is missing, which `late` and `slow` need",
        ),
        (
            r#""do": "fault", "operation": "DescribeEvents", "fault": "cut", "by": "1s""#,
            "`by` means nothing here",
        ),
        (
            r#""do": "health", "active": "mars-1""#,
            "AWS Health has no endpoint in `mars-1`",
        ),
        (
            r#""do": "open-event", "service": "EC2", "name": "x", "pages": 4000000000"#,
            "`pages` is 4000000000; accepted: 1 to 100",
        ),
        (
            r#""do": "open-event", "service": "", "name": "x""#,
            "`service` is \"\"",
        ),
        (r#""do": "rule", "pattern": [], "topic-arn": "x""#, ""),
        (
            r#""do": "connect-signals", "function": "a b""#,
            "`function` is \"a b\"",
        ),
    ];
    for (command, why) in slips {
        let text = format!(
            r#"{{"commands": [{{"at": "0s", "do": "release", "pipeline": "p"}}, {{"at": "1s", {command}}}]}}"#
        );
        let scenario = Scenario::parse(&text).expect("it can be read");
        let gate = GateWorld::new(REGION);
        let refused = gate.world.with(|sandbox, now| {
            let refused = sandbox.begin_scenario(now, scenario);
            assert!(sandbox.transcript.calls().is_empty(), "nothing has begun");
            refused
        });
        let refused = refused.expect_err(command);
        assert!(
            refused.starts_with(&format!("command 2: {why}")),
            "{refused}"
        );
    }
    for text in [
        "106751991167d",
        "18446744073709551615ms",
        "+5s",
        "1.5s",
        "5",
    ] {
        let text =
            format!(r#"{{"commands": [{{"at": "{text}", "do": "release", "pipeline": "p"}}]}}"#);
        assert!(
            Scenario::parse(&text)
                .expect_err("it is refused")
                .contains("is no duration")
        );
    }
}

/// Of a list of commands over HTTP, what was done before one is refused is told.
#[tokio::test(start_paused = true)]
async fn a_list_of_commands_tells_what_was_done() {
    let gate = GateWorld::new(REGION);
    let body = json!([
        {"do": "pipeline", "name": "shop"},
        {"do": "release", "pipeline": "shop"},
        {"do": "pipeline", "name": "shop"},
    ]);
    let (status, answer) = post_commands(&gate, &body);
    assert_eq!(status, 400);
    assert_eq!(
        answer["error"],
        "command 3: PipelineNameInUseException: A pipeline with the name 'shop' already exists in account '111122223333'"
    );
    assert!(
        answer["results"][1]["pipelineExecutionId"].is_string(),
        "{answer}"
    );
    let (status, answer) = post_commands(
        &gate,
        &json!([{"do": "release", "pipeline": "shop"}, {"do": "nonsense"}]),
    );
    assert_eq!(
        (status, &answer["results"]),
        (400, &json!([])),
        "nothing is done if one cannot be read"
    );
}

fn post_commands(gate: &GateWorld, body: &Value) -> (u16, Value) {
    let request = http::Request::post("/sandbox/commands")
        .body(body.to_string().into_bytes().into())
        .expect("a request");
    let answer = gate
        .world
        .with(|sandbox, now| sandbox.handle(now, &request));
    let aws_sandbox::Answer::Now(response) = answer else {
        panic!("answered at once")
    };
    let status = response.status().as_u16();
    (
        status,
        serde_json::from_slice(response.body()).expect("JSON"),
    )
}
