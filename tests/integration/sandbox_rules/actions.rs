//! Actions: jobs and their limits, variables, regions, functions.

use std::time::Duration;

use aws_sandbox::codepipeline::{
    ActionDeclaration, Deployment, ExecutionMode, PipelineDeclaration,
};
use serde_json::{Value, json};

use crate::in_world::FUNCTION;
use crate::releases::{Releases, shop};

const SUPERSEDED: ExecutionMode = ExecutionMode::Superseded;

/// A job without a reply for 20 minutes fails its action; each continuation starts the 20 minutes anew ("Quotas in AWS
/// CodePipeline").
#[tokio::test(start_paused = true)]
async fn a_job_waits_twenty_minutes_for_its_reply() {
    let releases = Releases::new(SUPERSEDED);
    let execution = releases.start().await;
    releases.pass(Duration::from_mins(19)).await;
    releases.hold(&releases.job()).await;
    releases.pass(Duration::from_mins(19)).await;
    assert_eq!(releases.shown("Prod").1, "InProgress");
    releases.pass(Duration::from_mins(2)).await;
    assert_eq!(releases.status(&execution), "Failed");
    let error = releases.action("Prod", "Gate")["errorDetails"].clone();
    assert!(
        error["message"].as_str().is_some_and(|text| text
            .starts_with("The AWS Lambda function pipeline-gate failed to return a result.")),
        "{error}"
    );
}

/// A Lambda action ends after 24 hours, however often it replies ("Quotas in AWS CodePipeline").
#[tokio::test(start_paused = true)]
async fn a_lambda_action_ends_after_a_day() {
    let releases = Releases::new(SUPERSEDED);
    let execution = releases.start().await;
    let mut rounds = 0;
    while let Some(invocation) = releases.invocation() {
        rounds += 1;
        assert!(rounds < 4_000, "it goes on for longer than a day");
        let job = &invocation.payload["CodePipeline.job"]["id"];
        releases.hold(job.as_str().expect("an id")).await;
    }
    // A round about every 29 seconds, and none after the end.
    assert!((2_900..3_000).contains(&rounds), "{rounds} rounds");
    assert_eq!(releases.status(&execution), "Failed");
    let rows = releases.call("ListActionExecutions", json!({"pipelineName": "shop"}));
    let row = &rows["actionExecutionDetails"][0];
    let seconds = |name: &str| row[name].as_f64().expect("a time");
    assert_eq!(seconds("lastUpdateTime") - seconds("startTime"), 86_400.0);
}

/// Output variables of an action are values for later ones; one that does not exist fails the action ("Variables reference").
#[tokio::test(start_paused = true)]
async fn output_variables_are_resolved_in_later_actions() {
    let mut pipeline = shop(SUPERSEDED);
    let gate = ActionDeclaration::lambda(
        "Gate",
        FUNCTION,
        Some(r##"{"regions":["#{variables.Region}"]}"##),
    );
    let mut deploy = ActionDeclaration::deploy("Deploy", "website-#{gate.Colour}").run_order(2);
    deploy.configuration.insert(
        "ObjectKey".to_owned(),
        "#{codepipeline.PipelineExecutionId}".to_owned(),
    );
    pipeline.stages[1].actions = vec![gate.namespace("gate"), deploy];
    pipeline.variables = vec![
        serde_json::from_value(json!({"name": "Region", "defaultValue": "eu-west-1"}))
            .expect("a variable"),
    ];
    let releases = Releases::of(pipeline);
    releases.world.with(|sandbox, _| {
        let deployment = Deployment {
            takes: Duration::from_secs(1),
            fails: Some("full".to_owned()),
        };
        sandbox
            .codepipeline
            .set_deployment("website-green", deployment);
    });
    let execution = releases.start().await;
    let invocation = releases.invocation().expect("the gate is asked");
    let job = &invocation.payload["CodePipeline.job"];
    assert_eq!(
        job["data"]["actionConfiguration"]["configuration"]["UserParameters"],
        r#"{"regions":["eu-west-1"]}"#
    );
    let input = json!({"jobId": job["id"], "outputVariables": {"Colour": "green"}});
    releases.call("PutJobSuccessResult", input);
    releases.pass(Duration::from_secs(40)).await;
    assert_eq!(releases.rows(&execution)[0], "Prod/Deploy Failed");
    let rows = releases.call("ListActionExecutions", json!({"pipelineName": "shop"}));
    let input = &rows["actionExecutionDetails"][0]["input"];
    assert_eq!(
        input["configuration"]["BucketName"],
        "website-#{gate.Colour}"
    );
    assert_eq!(
        input["resolvedConfiguration"]["BucketName"],
        "website-green"
    );
    assert_eq!(input["resolvedConfiguration"]["ObjectKey"], *execution);

    let execution = releases.start().await;
    releases.succeed(&releases.job()).await;
    assert_eq!(releases.rows(&execution)[0], "Prod/Deploy Failed");
    let error = releases.action("Prod", "Deploy")["errorDetails"]["message"].clone();
    assert!(
        error.as_str().is_some_and(
            |text| text.contains("variables could not be resolved: Action name=Deploy")
        ),
        "{error}"
    );
}

/// A job belongs to the region of its action, and no other takes its result ("Invoke a Lambda function in a pipeline").
#[tokio::test(start_paused = true)]
async fn an_action_in_another_region_is_answered_there() {
    let mut pipeline = shop(SUPERSEDED);
    pipeline.stages[1].actions[0].region = Some("eu-west-1".to_owned());
    let releases = Releases::of(pipeline);
    releases.start().await;
    let invocation = releases.invocation().expect("the gate is asked");
    assert!(
        invocation
            .function_arn
            .starts_with("arn:aws:lambda:eu-west-1:")
    );
    let input = json!({"jobId": invocation.payload["CodePipeline.job"]["id"]});
    assert!(
        releases
            .refused("PutJobSuccessResult", input.clone())
            .starts_with("JobNotFoundException")
    );
    releases
        .world
        .with(|sandbox, now| {
            sandbox.call(
                now,
                "CodePipeline",
                "PutJobSuccessResult",
                "eu-west-1",
                &input,
            )
        })
        .expect("this is its region");
}

/// A function that does not exist fails the action at once, and has no external id (seen with real CodePipeline).
#[tokio::test(start_paused = true)]
async fn a_missing_function_fails_its_action() {
    let releases = Releases::new(SUPERSEDED);
    releases
        .world
        .with(|sandbox, now| sandbox.lambda.delete_function(now, "us-east-1", FUNCTION));
    let execution = releases.start().await;
    releases.pass(Duration::from_secs(5)).await;
    assert_eq!(releases.status(&execution), "Failed");
    let shown = releases.action("Prod", "Gate");
    assert_eq!(
        shown["errorDetails"],
        json!({"code": "ConfigurationError", "message": "The AWS Lambda function pipeline-gate does not exist."})
    );
    assert_eq!(shown["externalExecutionId"], Value::Null);
}

/// Producers come before their consumers: in an earlier stage or run order; and a namespace is one action's ("Variables reference").
#[tokio::test(start_paused = true)]
async fn what_runs_together_does_not_refer_to_each_other() {
    let releases = Releases::new(SUPERSEDED);
    let update = |change: &dyn Fn(&mut PipelineDeclaration)| {
        let mut pipeline = shop(SUPERSEDED);
        pipeline.stages[1].actions[0].namespace = Some("gate".to_owned());
        let parameters = "#{gate.Verdict}".to_owned();
        pipeline.stages[1].actions[1]
            .configuration
            .insert("ObjectKey".to_owned(), parameters);
        change(&mut pipeline);
        releases.try_call("UpdatePipeline", json!({"pipeline": pipeline}))
    };
    update(&|_| {}).expect("the gate runs before the deployment");
    let together = update(&|pipeline| pipeline.stages[1].actions[1].run_order = 1);
    assert_eq!(
        together.expect_err("they run together").code,
        "InvalidActionDeclarationException"
    );
    let twice =
        update(&|pipeline| pipeline.stages[2].actions[0].namespace = Some("gate".to_owned()));
    assert_eq!(
        twice.expect_err("it is used").code,
        "InvalidActionDeclarationException"
    );
}
