//! Every operation of the sandbox's CodePipeline and SNS by the Rust SDK's clients: they read what boto3 reads.

use std::time::Duration;

use aws_sandbox::World;
use aws_sdk_codepipeline::Client;
use aws_sdk_codepipeline::error::ProvideErrorMetadata;
use aws_sdk_codepipeline::types::{
    ActionCategory, ActionDeclaration, ActionExecutionFilter, ActionOwner, ActionTypeId,
    ArtifactStore, ArtifactStoreType, ExecutionMode, ExecutionType,
    LatestInPipelineExecutionFilter, PipelineDeclaration, PipelineExecutionStatus, PipelineType,
    StageDeclaration, StageExecutionStatus, StageRetryMode, StageTransitionType, StartTimeRange,
    Tag,
};
use serde_json::Value;

use crate::in_world::{FUNCTION, START};

fn action(
    name: &str,
    category: ActionCategory,
    provider: &str,
    configuration: &[(&str, &str)],
) -> ActionDeclaration {
    let id = ActionTypeId::builder()
        .category(category)
        .owner(ActionOwner::Aws)
        .provider(provider)
        .version("1")
        .build()
        .expect("complete");
    let action = ActionDeclaration::builder().name(name).action_type_id(id);
    let action = configuration.iter().fold(action, |action, (key, value)| {
        action.configuration(*key, *value)
    });
    action.build().expect("complete")
}

fn stage(name: &str, action: ActionDeclaration) -> StageDeclaration {
    StageDeclaration::builder()
        .name(name)
        .actions(action)
        .build()
        .expect("complete")
}

fn pipeline() -> PipelineDeclaration {
    let store = ArtifactStore::builder()
        .r#type(ArtifactStoreType::S3)
        .location("artifacts")
        .build()
        .expect("complete");
    let source = [("S3Bucket", "b"), ("S3ObjectKey", "k")];
    let source = action("Source", ActionCategory::Source, "S3", &source);
    let gate = action(
        "Gate",
        ActionCategory::Invoke,
        "Lambda",
        &[("FunctionName", FUNCTION)],
    );
    PipelineDeclaration::builder()
        .name("shop")
        .role_arn("arn:aws:iam::111122223333:role/pipeline")
        .artifact_store(store)
        .stages(stage("Source", source))
        .stages(stage("Prod", gate))
        .pipeline_type(PipelineType::V2)
        .execution_mode(ExecutionMode::Superseded)
        .build()
        .expect("complete")
}

/// The gate's job, in the function's stead.
async fn answer(world: &World, client: &Client, succeeds: bool) {
    let invocation = world
        .with(|sandbox, now| sandbox.lambda.take(now, FUNCTION))
        .expect("the gate is asked");
    world.with(|sandbox, now| {
        sandbox
            .lambda
            .finish(now, &invocation.request_id, Ok(Value::Null))
    });
    let id = invocation.payload["CodePipeline.job"]["id"]
        .as_str()
        .expect("an id");
    let call = client.put_job_success_result().job_id(id);
    if succeeds {
        call.send().await.expect("it is taken");
    } else {
        let details = aws_sdk_codepipeline::types::FailureDetails::builder()
            .r#type(aws_sdk_codepipeline::types::FailureType::JobFailed)
            .message("no")
            .build()
            .expect("complete");
        let call = client.put_job_failure_result().job_id(id);
        call.failure_details(details)
            .send()
            .await
            .expect("it is taken");
    }
    world.sleep(Duration::from_secs(40)).await;
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_s_life_by_the_sdk() {
    let world = World::new(START, 11);
    let client = Client::new(&world.sdk_config("us-east-1"));
    let tag = Tag::builder()
        .key("team")
        .value("shop")
        .build()
        .expect("complete");
    let created = client
        .create_pipeline()
        .pipeline(pipeline())
        .tags(tag)
        .send()
        .await
        .expect("it is created");
    assert_eq!(created.tags()[0].value(), "shop");
    world.sleep(Duration::from_secs(3)).await;
    let listed = client.list_pipelines().send().await.expect("a list");
    assert_eq!(listed.pipelines()[0].name(), Some("shop"));
    answer(&world, &client, true).await;

    let started = client
        .start_pipeline_execution()
        .name("shop")
        .send()
        .await
        .expect("it begins");
    let bad = started.pipeline_execution_id().expect("an id").to_owned();
    world.sleep(Duration::from_secs(2)).await;
    answer(&world, &client, false).await;
    let execution = client
        .get_pipeline_execution()
        .pipeline_name("shop")
        .pipeline_execution_id(&bad)
        .send()
        .await
        .expect("it is there");
    let execution = execution.pipeline_execution().expect("it is shown");
    assert_eq!(execution.status(), Some(&PipelineExecutionStatus::Failed));
    assert!(execution.execution_type().is_none());

    let state = client
        .get_pipeline_state()
        .name("shop")
        .send()
        .await
        .expect("a state");
    let prod = &state.stage_states()[1];
    assert_eq!(
        prod.latest_execution().map(|latest| latest.status()),
        Some(&StageExecutionStatus::Failed)
    );
    let latest = prod.action_states()[0].latest_execution().expect("it ran");
    assert_eq!(
        latest.error_details().and_then(|error| error.message()),
        Some("no")
    );
    let filter = LatestInPipelineExecutionFilter::builder()
        .pipeline_execution_id(&bad)
        .start_time_range(StartTimeRange::All)
        .build()
        .expect("complete");
    let rows = client
        .list_action_executions()
        .pipeline_name("shop")
        .filter(
            ActionExecutionFilter::builder()
                .latest_in_pipeline_execution(filter)
                .build(),
        )
        .send()
        .await
        .expect("rows");
    let result = rows.action_execution_details()[0]
        .output()
        .and_then(|output| output.execution_result());
    assert_eq!(
        result.and_then(|result| result.external_execution_summary()),
        Some("no")
    );

    client
        .retry_stage_execution()
        .pipeline_name("shop")
        .stage_name("Prod")
        .pipeline_execution_id(&bad)
        .retry_mode(StageRetryMode::FailedActions)
        .send()
        .await
        .expect("it is accepted");
    world.sleep(Duration::from_secs(10)).await;
    client
        .stop_pipeline_execution()
        .pipeline_name("shop")
        .pipeline_execution_id(&bad)
        .abandon(true)
        .reason("enough")
        .send()
        .await
        .expect("it is stopped");
    world.sleep(Duration::from_secs(2)).await;

    let executions = client
        .list_pipeline_executions()
        .pipeline_name("shop")
        .send()
        .await
        .expect("a list");
    let executions = executions.pipeline_execution_summaries();
    assert_eq!(
        executions[0].status(),
        Some(&PipelineExecutionStatus::Stopped)
    );
    assert_eq!(executions[0].status_summary(), Some("enough"));
    let good = executions[1]
        .pipeline_execution_id()
        .expect("an id")
        .to_owned();
    client
        .rollback_stage()
        .pipeline_name("shop")
        .stage_name("Prod")
        .target_pipeline_execution_id(good)
        .send()
        .await
        .expect("it begins");
    let executions = client
        .list_pipeline_executions()
        .pipeline_name("shop")
        .max_results(1)
        .send()
        .await
        .expect("a list");
    assert_eq!(
        executions.pipeline_execution_summaries()[0].execution_type(),
        Some(&ExecutionType::Rollback)
    );
    assert!(executions.next_token().is_some());

    let transition = client
        .disable_stage_transition()
        .pipeline_name("shop")
        .stage_name("Prod");
    transition
        .transition_type(StageTransitionType::Inbound)
        .reason("a freeze")
        .send()
        .await
        .expect("it is disabled");
    let state = client
        .get_pipeline_state()
        .name("shop")
        .send()
        .await
        .expect("a state");
    let inbound = state.stage_states()[1]
        .inbound_transition_state()
        .expect("it has one");
    assert_eq!(
        (inbound.enabled(), inbound.disabled_reason()),
        (false, Some("a freeze"))
    );
    let transition = client
        .enable_stage_transition()
        .pipeline_name("shop")
        .stage_name("Prod");
    transition
        .transition_type(StageTransitionType::Inbound)
        .send()
        .await
        .expect("it is enabled");

    client
        .update_pipeline()
        .pipeline(pipeline())
        .send()
        .await
        .expect("it is updated");
    let shown = client
        .get_pipeline()
        .name("shop")
        .send()
        .await
        .expect("it is there");
    assert_eq!(
        shown.pipeline().and_then(|pipeline| pipeline.version()),
        Some(2)
    );
    let arn = shown
        .metadata()
        .and_then(|metadata| metadata.pipeline_arn())
        .expect("an ARN")
        .to_owned();
    client
        .untag_resource()
        .resource_arn(&arn)
        .tag_keys("team")
        .send()
        .await
        .expect("it is untagged");
    let tag = Tag::builder()
        .key("a")
        .value("b")
        .build()
        .expect("complete");
    client
        .tag_resource()
        .resource_arn(&arn)
        .tags(tag)
        .send()
        .await
        .expect("it is tagged");
    let tags = client
        .list_tags_for_resource()
        .resource_arn(&arn)
        .send()
        .await
        .expect("tags");
    assert_eq!(tags.tags().iter().map(Tag::key).collect::<Vec<_>>(), ["a"]);
}

/// The SDK knows the modelled errors by their types.
#[tokio::test(start_paused = true)]
async fn errors_are_of_the_sdk_s_own_types() {
    let world = World::new(START, 11);
    let client = Client::new(&world.sdk_config("us-east-1"));
    let retry = client
        .retry_stage_execution()
        .pipeline_name("shop")
        .stage_name("Prod")
        .pipeline_execution_id("00000000-0000-4000-8000-000000000000")
        .retry_mode(StageRetryMode::FailedActions);
    let error = retry
        .clone()
        .send()
        .await
        .expect_err("there is no pipeline");
    assert!(error.into_service_error().is_pipeline_not_found_exception());
    client
        .create_pipeline()
        .pipeline(pipeline())
        .send()
        .await
        .expect("it is created");
    let error = retry.send().await.expect_err("there is no such execution");
    assert!(
        error
            .into_service_error()
            .is_stage_not_retryable_exception()
    );
    let error = client
        .create_pipeline()
        .pipeline(pipeline())
        .send()
        .await
        .expect_err("there is one");
    let error = error.into_service_error();
    assert_eq!(error.code(), Some("PipelineNameInUseException"));
    assert!(error.is_pipeline_name_in_use_exception());
}
