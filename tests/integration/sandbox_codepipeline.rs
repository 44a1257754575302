//! Jobs of the sandbox's CodePipeline, as real CodePipeline was seen to treat them.

use std::time::Duration;

use aws_sandbox::World;
use aws_sandbox::codepipeline::NewJob;
use aws_sdk_codepipeline::Client;
use aws_sdk_codepipeline::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_codepipeline::operation::put_job_success_result::builders::PutJobSuccessResultFluentBuilder;
use aws_sdk_codepipeline::types::{FailureDetails, FailureType};
use insta::assert_snapshot;

use crate::in_world::{FUNCTION, START};

fn world_with_job() -> (World, Client, String) {
    let world = World::new(START, 1);
    let client = Client::new(&world.sdk_config("us-east-1"));
    let id =
        world.with(|sandbox, now| sandbox.start_job(now, "us-east-1", FUNCTION, NewJob::default()));
    (world, client, id)
}

fn outcome<T, E: ProvideErrorMetadata>(answer: Result<T, SdkError<E>>, id: &str) -> String {
    match answer {
        Ok(_) => "accepted".to_owned(),
        Err(error) => {
            let text = format!(
                "{}: {}",
                error.code().unwrap_or("?"),
                error.message().unwrap_or("?")
            );
            text.replace(id, "JOB")
        }
    }
}

async fn fail(client: &Client, id: &str, message: &str) -> String {
    let details = FailureDetails::builder()
        .r#type(FailureType::JobFailed)
        .message(message)
        .build()
        .expect("complete");
    outcome(
        client
            .put_job_failure_result()
            .job_id(id)
            .failure_details(details)
            .send()
            .await,
        id,
    )
}

async fn succeed(
    client: &Client,
    id: &str,
    more: impl FnOnce(PutJobSuccessResultFluentBuilder) -> PutJobSuccessResultFluentBuilder,
) -> String {
    outcome(
        more(client.put_job_success_result().job_id(id))
            .send()
            .await,
        id,
    )
}

#[tokio::test(start_paused = true)]
async fn an_identical_repeat_is_accepted_and_another_result_is_refused() {
    let (_world, client, id) = world_with_job();
    let success = [
        succeed(&client, &id, |r| r.output_variables("A", "1")).await,
        succeed(&client, &id, |r| r.output_variables("A", "1")).await,
        succeed(&client, &id, |r| r.output_variables("A", "2")).await,
        fail(&client, &id, "no").await,
    ];
    assert_snapshot!(success.join("\n"), @"
    accepted
    accepted
    InvalidJobStateException: The status of job with id JOB is already set to the desired value. It cannot be updated with the same status, but different result or output variables.
    InvalidJobStateException: Job with id JOB has already terminated
    ");

    let (_world, client, id) = world_with_job();
    let failure = [
        fail(&client, &id, "no").await,
        fail(&client, &id, "no").await,
        fail(&client, &id, "never").await,
        succeed(&client, &id, |r| r).await,
    ];
    assert_snapshot!(failure.join("\n"), @"
    accepted
    accepted
    InvalidJobStateException: The status of job with id JOB is already set to the desired value. It cannot be updated with the same status, but different result or output variables.
    InvalidJobStateException: Job with id JOB has already terminated
    ");
}

/// Round 1 was answered, so a new job with a new id goes on about 28 s later, with the token and the same action execution.
#[tokio::test(start_paused = true)]
async fn a_continuation_token_makes_a_new_job() {
    let (world, client, first) = world_with_job();
    world
        .with(|sandbox, now| sandbox.lambda.take(now, FUNCTION))
        .expect("round 1 is invoked");
    assert_eq!(
        succeed(&client, &first, |r| r
            .continuation_token("round 2")
            .output_variables("A", "1"))
        .await,
        "ValidationException: A job can not contain both a continuation token and output variables."
    );
    assert_eq!(
        succeed(&client, &first, |r| r.continuation_token("round 2")).await,
        "accepted"
    );

    world.sleep(Duration::from_secs(27)).await;
    assert!(
        world
            .with(|sandbox, now| sandbox.lambda.take(now, FUNCTION))
            .is_none()
    );
    world.sleep(Duration::from_secs(2)).await;
    let invocation = world
        .with(|sandbox, now| sandbox.lambda.take(now, FUNCTION))
        .expect("round 2 is invoked");
    let job = &invocation.payload["CodePipeline.job"];
    let second = job["id"].as_str().expect("an id").to_owned();
    assert_ne!(second, first);
    assert_eq!(job["data"]["continuationToken"], "round 2");
    world.with(|sandbox, _| {
        let job = |id: &str| sandbox.codepipeline.job(id).expect("a job").clone();
        assert_eq!(
            job(&second).context.action_execution_id,
            job(&first).context.action_execution_id
        );
    });
    assert_eq!(succeed(&client, &second, |r| r).await, "accepted");
    // The first round's job is over.
    assert!(
        succeed(&client, &first, |r| r)
            .await
            .starts_with("InvalidJobStateException")
    );
}

#[tokio::test(start_paused = true)]
async fn job_details_name_the_pipeline() {
    let (_world, client, id) = world_with_job();
    let output = client
        .get_job_details()
        .job_id(&id)
        .send()
        .await
        .expect("details");
    let details = output.job_details().expect("details");
    let context = details
        .data()
        .and_then(|data| data.pipeline_context())
        .expect("a pipeline context");
    assert_eq!(
        (details.id(), details.account_id()),
        (Some(id.as_str()), Some("111122223333"))
    );
    assert_eq!(context.pipeline_name(), Some("sandbox"));
    assert_eq!(
        context.pipeline_arn(),
        Some("arn:aws:codepipeline:us-east-1:111122223333:sandbox")
    );
    assert!(context.pipeline_execution_id().is_some());
}

#[tokio::test(start_paused = true)]
async fn unknown_jobs_and_broken_limits_are_refused() {
    let (world, client, id) = world_with_job();
    let ireland = Client::new(&world.sdk_config("eu-west-1"));
    let refusals = [
        succeed(&client, "00000000-0000-0000-0000-000000000001", |r| r).await,
        succeed(&client, "not-a-uuid", |r| r).await,
        succeed(&ireland, &id, |r| r).await,
        succeed(&client, &id, |r| r.continuation_token("x".repeat(2_049))).await,
        succeed(&client, &id, |r| r.output_variables("no spaces", "1")).await,
        succeed(&client, &id, |r| {
            r.output_variables("A", "x".repeat(122_880))
        })
        .await,
        fail(&client, &id, "").await,
        fail(&client, &id, &"x".repeat(5_001)).await,
        outcome(client.list_pipelines().send().await, &id),
    ];
    assert_snapshot!(refusals.join("\n"), @r"
    JobNotFoundException: Job with id 'JOB' does not exist
    ValidationException: 1 validation error detected: Value at 'jobId' failed to satisfy constraint: Member must satisfy regular expression pattern: [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}
    JobNotFoundException: Job with id 'JOB' does not exist
    ValidationException: 1 validation error detected: Value at 'continuationToken' failed to satisfy constraint: Member must have length less than or equal to 2048
    ValidationException: 1 validation error detected: Value at 'outputVariables' failed to satisfy constraint: Member must satisfy regular expression pattern: [A-Za-z0-9@\-_]+
    OutputVariablesSizeExceededException: Output variables take 122881 bytes; at most 122880 are allowed.
    ValidationException: 1 validation error detected: Value at 'failureDetails.message' failed to satisfy constraint: Member must have length greater than or equal to 1
    ValidationException: 1 validation error detected: Value at 'failureDetails.message' failed to satisfy constraint: Member must have length less than or equal to 5000
    accepted
    ");
    assert_eq!(succeed(&client, &id, |r| r).await, "accepted");
}
