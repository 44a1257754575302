//! What the real program stage-retry writes: one closing line an invocation, and its metrics.

use aws_sandbox::{Fault, ServiceError};
use serde_json::{Value, json};

use crate::event_files;
use crate::function_process::start;
use crate::in_world::{FUNCTION, RETRY_FUNCTION};
use crate::program::{Ended, patiently};
use crate::retry_table::{closed, serve, story};
use crate::story::{ALWAYS, Story, WHILE, gated, lambda, pipeline};

const REGION: &str = "us-east-1";

/// What a sweep of the program wrote, while an operation is refused.
async fn lines_of_a_sweep(
    story: Story,
    refusal: Option<(&str, &str)>,
    environment: &[(&str, &str)],
) -> (Vec<Value>, String) {
    if let Some((operation, code)) = refusal {
        let refused = Fault::Error(ServiceError::new(code, "refused"));
        story.fail(operation, refused, ALWAYS);
    }
    let server = serve(story).await;
    let json_lines = [("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("PACE", "0")];
    let program = start(
        &server,
        RETRY_FUNCTION,
        &[&json_lines, environment].concat(),
    );
    let finished = server.look(|sandbox| sandbox.lambda.finished().len());
    server.with(|sandbox, _| {
        sandbox.invoke(REGION, RETRY_FUNCTION, event_files::read("sns-sweep.json"));
    });
    patiently(
        server.wait_for(|sandbox| (sandbox.lambda.finished().len() > finished).then_some(())),
    )
    .await;
    let Ended { stdout, .. } = program.kill().await;
    let lines = stdout.lines();
    let lines = lines.map(|line| serde_json::from_str(line).expect("lines of JSON"));
    (lines.collect(), stdout)
}

/// Each trouble has its metric, and is seen at level WARN if a person has to know of it.
#[tokio::test(start_paused = true)]
async fn trouble_is_counted_and_seen() {
    for (operation, code, metric, level, is_open) in [
        (
            "GetPipelineState",
            "ThrottlingException",
            "PipelinesUnread",
            "WARN",
            false,
        ),
        (
            "ListActionExecutions",
            "ThrottlingException",
            "RetryBusy",
            "INFO",
            false,
        ),
        (
            "RetryStageExecution",
            "AccessDeniedException",
            "RetryDenied",
            "WARN",
            false,
        ),
        (
            "DescribeEvents",
            "AccessDeniedException",
            "Unknown",
            "WARN",
            false,
        ),
        (
            "ListTagsForResource",
            "AccessDeniedException",
            "",
            "WARN",
            true,
        ),
    ] {
        let story = story(WHILE, vec![gated("checkout")]).await;
        if !is_open {
            story.close_the_issue();
        }
        let (lines, stdout) = lines_of_a_sweep(story, Some((operation, code)), &[]).await;
        let closing = lines.last().expect("a closing line");
        assert_eq!(closing["level"], level, "{operation}: {stdout}");
        let metrics: Vec<&Value> = lines
            .iter()
            .filter(|line| line.get("_aws").is_some())
            .collect();
        if metric.is_empty() {
            assert!(metrics.is_empty(), "{operation}: {stdout}");
        } else {
            assert_eq!(metrics[0][metric], 1, "{operation}: {stdout}");
            let names = &metrics[0]["_aws"]["CloudWatchMetrics"][0]["Metrics"];
            assert_eq!(
                names.as_array().map(Vec::len),
                Some(1),
                "{operation}: {stdout}"
            );
        }
        tokio::time::pause();
    }
}

/// Nobody's pipelines can be judged by a policy of the account that is not valid: that is said.
#[tokio::test(start_paused = true)]
async fn an_invalid_policy_of_the_account_is_said() {
    let story = closed(WHILE, vec![gated("checkout")]).await;
    let (lines, stdout) = lines_of_a_sweep(story, None, &[("HEALTH_GATE_POLICY", "{oops")]).await;
    let is_said = |line: &Value| {
        let message = line["message"].as_str().unwrap_or_default();
        line["level"] == "WARN"
            && message.starts_with("nothing goes on but by an override: HEALTH_GATE_POLICY")
    };
    assert!(lines.iter().any(is_said), "{stdout}");
}

/// A list that cannot be read is said in the closing line, and counted.
#[tokio::test(start_paused = true)]
async fn a_list_that_cannot_be_read_is_no_empty_one() {
    let story = closed(WHILE, vec![gated("checkout")]).await;
    let refusal = Some(("ListPipelines", "AccessDeniedException"));
    let (lines, stdout) = lines_of_a_sweep(story, refusal, &[]).await;
    let is_said = |line: &Value| {
        let message = line["message"].as_str().unwrap_or_default();
        line["level"] == "WARN"
            && message.starts_with("the pipelines could not be listed: AccessDenied")
    };
    assert!(lines.iter().any(is_said), "{stdout}");
    assert!(
        lines.iter().any(|line| line["RetryDenied"] == 1),
        "{stdout}"
    );
    assert!(!stdout.contains("Refusal {"), "no debug dump: {stdout}");
}

/// One line has the outcome of each stage, and another one the metrics.
#[tokio::test(start_paused = true)]
async fn one_closing_line_says_what_became_of_each_stage() {
    let never = r#"{"regions": ["us-east-1"], "retry": "never"}"#;
    let never = pipeline("search", vec![(1, lambda(FUNCTION, never))]);
    let story = closed(WHILE, vec![gated("checkout"), never]).await;
    let id = story.execution("checkout");
    let (lines, stdout) = lines_of_a_sweep(story, None, &[]).await;
    let [metrics, line] = &lines[..] else {
        panic!("the metrics and the closing line: {stdout}")
    };
    assert_eq!(metrics["Retried"], 1);
    assert_eq!(
        metrics["_aws"]["CloudWatchMetrics"][0]["Dimensions"],
        json!([[]])
    );
    let outcomes: Value = serde_json::from_str(line["outcomes"].as_str().expect("a text"))
        .expect("the outcomes are JSON");
    assert_eq!(outcomes[0]["pipelineExecutionId"], id.as_str());
    let mut line = line.clone();
    for varying in ["timestamp", "span", "healthMillis", "millis", "outcomes"] {
        let value = line.as_object_mut().expect("an object").remove(varying);
        assert!(
            value.is_some_and(|value| !value.is_null()),
            "{varying} is missing: {stdout}"
        );
    }
    insta::assert_snapshot!(serde_json::to_string_pretty(&line).expect("JSON"), @r#"
    {
      "endpoint": "us-east-1",
      "eventsRead": 0,
      "healthCalls": 1,
      "ignored": 0,
      "level": "INFO",
      "mayBeBehind": false,
      "message": "checkout / Production: retried: AWS Health is clear; search / Production: never: its policy's `retry` is `never`: it is left to people",
      "pipelineCalls": 7,
      "pipelines": 2,
      "retried": 1,
      "signals": 1,
      "target": "stage_retry::closing",
      "unread": 0
    }
    "#);
}
