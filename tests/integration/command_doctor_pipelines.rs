//! What `health-gate doctor` says of pipelines and of the gates' functions.

use aws_sandbox::Fault;
use aws_sandbox::codepipeline::{ActionDeclaration, Part, Status};
use insta::assert_snapshot;
use serde_json::json;

use crate::command::CommandLine;
use crate::command_doctor::{account, deploy, examine, gate, ills, sound, with_stage};
use crate::in_world::FUNCTION;
use crate::program::patiently;
use crate::retry_process::quick;
use crate::story::ALWAYS;

/// One pipeline for each way to have a gate in the wrong place, and one without.
#[tokio::test(start_paused = true)]
async fn gates_that_are_not_where_they_should_be() {
    let without = with_stage("a-without", vec![deploy()]);
    let late = with_stage(
        "b-late",
        vec![gate("us-east-1").run_order(2), deploy().run_order(1)],
    );
    let beside = with_stage("c-beside", vec![gate("us-east-1"), deploy().run_order(1)]);
    let unnamed = ActionDeclaration::lambda("HealthGate", FUNCTION, Some("us-east-1"));
    let unnamed = with_stage("d-without-namespace", vec![unnamed, deploy()]);
    let invalid = with_stage("e-invalid", vec![gate(r#"{"maxhold": "2h"}"#), deploy()]);
    let command = account(vec![without, late, beside, unnamed, invalid]).await;
    assert_snapshot!(ills(&examine(&command, &[]).await), @r"
    doubt   no gate in a-without
            If they deploy, put the gate into the stage that does, run order 1. --gate-function says which functions are gates.
    broken  b-late: `Deploy` deploys in the same stage before the gate `HealthGate`, which then comes too late (at pipeline.stages[1].actions[0])
            give the gate run order 1, and what deploys a higher one
    broken  c-beside: `Deploy` deploys with the same run order as the gate `HealthGate`: both begin at the same time, and the gate stops nothing (at pipeline.stages[1].actions[0])
            give what deploys a higher run order than the gate
    doubt   d-without-namespace: the gate `HealthGate` has no variable namespace: later actions cannot read its output variables (at pipeline.stages[1].actions[0])
            give it a namespace, like `HealthGate`, for `#{HealthGate.Verdict}`
    broken  e-invalid: Production / HealthGate: UserParameters: unknown key: `maxhold` (did you mean `maxHold`?); accepted: `regions`, `services`, `ignoreServices`, `categories`, `eventTypeCodes`, `ignoreEventTypeCodes`, `scopes`, `ignoreEvents`, `staleAfter`, `quietPeriod`, `onIncident`, `onUnknown`, `onRollback`, `maxHold`, `checkEvery`, `retry`, `retryWithin`
            Correct the action's UserParameters; `health-gate validate` tries them.
    19 checks in all: 3 broken, 2 in doubt
    --- exit code 1
    ");
}

/// CodePipeline's own words for a stage that is rolled back, or retried, when its gate stops it.
#[tokio::test(start_paused = true)]
async fn a_stage_that_is_rolled_back_when_its_gate_stops() {
    for (result, word, code) in [("ROLLBACK", "broken", 1), ("RETRY", "doubt ", 0)] {
        let command = account(vec![]).await;
        let mut output = command
            .server
            .with(|sandbox, now| {
                sandbox.call(
                    now,
                    "CodePipeline",
                    "GetPipeline",
                    "us-east-1",
                    &json!({"name": "checkout"}),
                )
            })
            .expect("it is there");
        output["pipeline"]["stages"][1]["onFailure"] = json!({"result": result});
        command
            .server
            .with(|sandbox, _| sandbox.fail("GetPipeline", Fault::Output(output), ALWAYS));
        let found = ills(&examine(&command, &[]).await);
        assert!(found.starts_with(&format!("{word}  checkout: ")), "{found}");
        assert!(
            found.contains(result) && found.ends_with(&format!("exit code {code}")),
            "{found}"
        );
        tokio::time::pause();
    }
}

/// What Lambda says of a function that timed out is what CodePipeline shows.
#[tokio::test]
async fn a_function_that_never_answers() {
    let command = CommandLine::new().await;
    command.server.with(|sandbox, now| {
        sandbox.codepipeline.delays = quick();
        sandbox.create_pipeline(now, "us-east-1", sound("checkout"));
        sandbox
            .start_execution(now, "checkout")
            .expect("nothing is going on");
    });
    let begun = command.server.wait_for(|sandbox| {
        let is_gate =
            |part: &Part| matches!(part, Part::Action(_, action) if action == "HealthGate");
        let mut happenings = sandbox.codepipeline.history().iter();
        happenings
            .find(|happening| is_gate(&happening.part))
            .map(drop)
    });
    patiently(begun).await;
    command.server.with(|sandbox, now| {
        let invoked = sandbox.lambda.take(now, FUNCTION);
        let job = invoked
            .as_ref()
            .map(|invocation| &invocation.payload["CodePipeline.job"]["id"]);
        let details = json!({"type": "JobFailed", "message": "Task timed out after 3.00 seconds"});
        let input = json!({"jobId": job, "failureDetails": details});
        sandbox
            .call(
                now,
                "CodePipeline",
                "PutJobFailureResult",
                "us-east-1",
                &input,
            )
            .expect("it is accepted");
    });
    let failed = command.server.wait_for(|sandbox| {
        let newest = sandbox.codepipeline.newest_execution("checkout");
        (newest == Some(Status::Failed)).then_some(())
    });
    patiently(failed).await;
    assert_snapshot!(ills(&examine(&command, &[]).await), @r"
    broken  the function pipeline-gate did not answer its newest job, N s ago in checkout: Task timed out after 3.00 seconds
            See whether it exists in this region, whether the pipeline's role may invoke it, and what its log group /aws/lambda/pipeline-gate says.
    14 checks in all: 1 broken, 0 in doubt
    --- exit code 1
    ");
}
