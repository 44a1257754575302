//! `health-gate doctor`: what is missing, what to do about it, and that looking changes nothing.

use std::time::Duration;

use aws_sandbox::codepipeline::{ActionDeclaration, PipelineDeclaration, StageDeclaration};
use aws_sandbox::{Call, Fault, Outcome, ServiceError};
use insta::assert_snapshot;
use serde_json::Value;

use crate::command::{CommandLine, redacted, told};
use crate::in_world::{FUNCTION, TOPIC};
use crate::retry_table::{serve, story};
use crate::story::ALWAYS;

/// 26 hours and a half: however long releases and tests take, that is 26 hours ago.
const AGO: Duration = Duration::from_mins(26 * 60 + 30);

pub(crate) fn gate(policy: &str) -> ActionDeclaration {
    ActionDeclaration::lambda("HealthGate", FUNCTION, Some(policy)).namespace("HealthGate")
}

pub(crate) fn with_stage(name: &str, actions: Vec<ActionDeclaration>) -> PipelineDeclaration {
    let source = StageDeclaration::new("Source", vec![ActionDeclaration::source("Source")]);
    let production = StageDeclaration::new("Production", actions);
    PipelineDeclaration::new(name, vec![source, production])
}

pub(crate) fn deploy() -> ActionDeclaration {
    ActionDeclaration::deploy("Deploy", "website").run_order(2)
}

pub(crate) fn sound(name: &str) -> PipelineDeclaration {
    with_stage(name, vec![gate("us-east-1"), deploy()])
}

/// A pipeline as it should be, whose gate has answered, and more pipelines.
pub(crate) async fn account(more: Vec<PipelineDeclaration>) -> CommandLine {
    let server = serve(story(AGO, vec![sound("checkout")]).await).await;
    server.with(|sandbox, now| {
        for pipeline in more {
            sandbox.create_pipeline(now, "us-east-1", pipeline);
        }
    });
    CommandLine::of(server)
}

/// Calls that were taken, and that do more than read.
fn changes(command: &CommandLine) -> usize {
    let changes = |call: &&Call| {
        let reads = ["Get", "List", "Describe"];
        let is_taken = matches!(call.outcome, Outcome::Output(_));
        is_taken
            && !reads.iter().any(|verb| call.operation.starts_with(verb))
            && call.service != "Lambda"
    };
    command.server.look(|sandbox| {
        let calls = sandbox.transcript.calls().iter().filter(changes);
        calls.count() + sandbox.sns.published().len()
    })
}

/// What is said, and that nothing was changed.
pub(crate) async fn examine(command: &CommandLine, arguments: &[&str]) -> String {
    let before = changes(command);
    let said = told(&command.run(&[&["doctor"], arguments].concat()).await);
    assert_eq!(changes(command), before, "{said}");
    said
}

/// Of what was said, what is not as it should be.
pub(crate) fn ills(said: &str) -> String {
    let ills = said.lines().filter(|line| !line.starts_with("ok "));
    ills.collect::<Vec<_>>().join("\n")
}

fn denied(action: &str) -> Fault {
    Fault::Error(ServiceError::access_denied(action))
}

#[tokio::test(start_paused = true)]
async fn a_sound_account_is_sound() {
    let command = account(vec![]).await;
    assert_snapshot!(examine(&command, &[]).await, @r"
    ok      there are credentials, for us-east-1
    ok      AWS Health is asked at the configured endpoint (signed for us-east-1)
    ok      health:DescribeEvents is allowed, and the support plan has the AWS Health API (1 event read)
    ok      codepipeline:GetJobDetails is allowed
    ok      codepipeline:PutJobSuccessResult is allowed
    ok      codepipeline:PutJobFailureResult is allowed
    ok      codepipeline:GetPipelineState is allowed
    ok      codepipeline:ListTagsForResource is allowed
    ok      codepipeline:ListPipelines is allowed
    ok      codepipeline:ListActionExecutions is allowed
    ok      codepipeline:ListPipelineExecutions is allowed
    ok      codepipeline:RetryStageExecution is allowed
    ok      checkout: its gate is in the right place, and its policy is valid
    ok      the function pipeline-gate answered its newest job, 26 h ago in checkout
    14 checks in all: 0 broken, 0 in doubt
    --- exit code 0
    ");
    let ended = command.run(&["doctor", "--format", "json"]).await;
    let findings: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let findings = findings["findings"].as_array().expect("a list").iter();
    let lines = findings.map(|finding| redacted(&finding.to_string()));
    assert_snapshot!("doctor-json", lines.collect::<Vec<_>>().join("\n"));
    let shown = command.run_at_terminal(80, &["doctor"]).await;
    assert_eq!(shown.code, 0);
    assert!(
        shown.screen().starts_with("ok      there are credentials"),
        "{}",
        shown.screen()
    );
}

/// What is said of an account in which an operation is refused.
async fn refused(operation: &str, fault: Fault, arguments: &[&str]) -> String {
    let command = account(vec![]).await;
    command.server.with(|sandbox, _| {
        sandbox
            .sns
            .create_topic("us-east-1", "health-gate-notifications");
        sandbox.fail(operation, fault, ALWAYS);
    });
    ills(&examine(&command, arguments).await)
}

#[tokio::test(start_paused = true)]
async fn events_that_may_not_be_read() {
    let fault = denied("health:DescribeEvents");
    assert_snapshot!(refused("DescribeEvents", fault, &[]).await, @r"
    broken  access to the AWS Health API is denied: AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/sandbox is not authorized to perform: health:DescribeEvents on resource: *
            These credentials need `health:DescribeEvents` on `*`; `aws sts get-caller-identity` says whose they are.
    14 checks in all: 1 broken, 0 in doubt
    --- exit code 1
    ");
}

#[tokio::test(start_paused = true)]
async fn an_account_without_a_support_plan() {
    let fault = Fault::Error(ServiceError::new("SubscriptionRequiredException", "no"));
    assert_snapshot!(refused("DescribeEvents", fault, &[]).await, @r"
    broken  this account has no support plan that includes the AWS Health API: SubscriptionRequiredException: no
            The AWS Health API needs a Business Support+, Enterprise Support or Unified Operations plan; the account has none.
    14 checks in all: 1 broken, 0 in doubt
    --- exit code 1
    ");
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_is_not_allowed() {
    let fault = denied("codepipeline:RetryStageExecution");
    assert_snapshot!(refused("RetryStageExecution", fault, &[]).await, @r#"
    broken  codepipeline:RetryStageExecution is denied: AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/sandbox is not authorized to perform: codepipeline:RetryStageExecution on resource: *
            Allow it. These are your credentials, not the functions': the table under "What the functions may do" in the README says which function needs it.
    14 checks in all: 1 broken, 0 in doubt
    --- exit code 1
    "#);
}

#[tokio::test(start_paused = true)]
async fn pipelines_that_may_not_be_listed() {
    let fault = denied("codepipeline:ListPipelines");
    assert_snapshot!(refused("ListPipelines", fault, &[]).await, @r#"
    broken  the pipelines cannot be listed: AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/sandbox is not authorized to perform: codepipeline:ListPipelines on resource: *
            These credentials need `codepipeline:ListPipelines`.
    doubt   whether codepipeline:ListTagsForResource is allowed is not known: there is no pipeline whose tags could be read
            Try again; without a pipeline there is nothing to try some calls with.
    broken  codepipeline:ListPipelines is denied: AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/sandbox is not authorized to perform: codepipeline:ListPipelines on resource: *
            Allow it. These are your credentials, not the functions': the table under "What the functions may do" in the README says which function needs it.
    13 checks in all: 2 broken, 1 in doubt
    --- exit code 1
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_may_be_published_to_gets_nothing() {
    let command = account(vec![]).await;
    command.server.with(|sandbox, _| {
        sandbox
            .sns
            .create_topic("us-east-1", "health-gate-notifications")
    });
    let said = examine(&command, &["--notification-topic", TOPIC]).await;
    assert!(
        said.contains("ok      sns:Publish is not denied on "),
        "{said}"
    );
    assert!(said.ends_with("exit code 0"), "{said}");
    assert!(command.calls("Publish").0 > 0);
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_may_not_be_published_to() {
    let mut error = ServiceError::new(
        "AuthorizationError",
        "not authorized to perform: SNS:Publish",
    );
    error.status = http::StatusCode::FORBIDDEN;
    let arguments = ["--notification-topic", TOPIC];
    assert_snapshot!(refused("Publish", Fault::Error(error), &arguments).await, @r#"
    broken  sns:Publish is denied: AuthorizationError: not authorized to perform: SNS:Publish
            Allow it. These are your credentials, not the functions': the table under "What the functions may do" in the README says which function needs it.
    15 checks in all: 1 broken, 0 in doubt
    --- exit code 1
    "#);
}

#[tokio::test]
async fn without_credentials_that_is_all_there_is_to_say() {
    let command = CommandLine::new().await.without("AWS_ACCESS_KEY_ID");
    assert_snapshot!(told(&command.run(&["doctor"]).await), @"
    broken  no AWS credentials: the credential provider was not enabled: no credentials found in chain.
            Set AWS_PROFILE or --profile to a profile that works (with SSO, `aws sso login` comes first), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
    1 check in all: 1 broken, 0 in doubt
    --- exit code 1
    ");
}

#[tokio::test(start_paused = true)]
async fn a_policy_of_the_account_that_is_not_valid() {
    let command = account(vec![])
        .await
        .with("HEALTH_GATE_POLICY", r#"{"maxHold": "no"}"#);
    assert_snapshot!(ills(&examine(&command, &[]).await), @r"
    broken  HEALTH_GATE_POLICY: not a duration in `maxHold`: `no`; accepted: a duration from 1s to 23h, one whole number and one unit of `s`, `m`, `h` or `d`, like `2h`
            Correct it, here and in the functions: each job fails as long as it is so.
    15 checks in all: 1 broken, 0 in doubt
    --- exit code 1
    ");
}
