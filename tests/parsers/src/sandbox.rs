//! What people and programs hand to the sandbox.

use aws_sandbox::{Answer, Sandbox, Scenario, Timestamp};
use bytes::Bytes;
use http::Request;

/// The beginning of 2026.
const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);

/// A scenario: it is refused as a whole, or its first steps are played.
pub(crate) fn scenario(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut sandbox = Sandbox::new(1);
    let begun = Scenario::parse(&text).and_then(|scenario| sandbox.begin_scenario(NOW, scenario));
    if let Err(error) = begun {
        assert!(!error.is_empty());
        return;
    }
    for _ in 0..100 {
        let Some(next) = sandbox.next_wake_up() else {
            break;
        };
        sandbox.wake_up(next);
    }
}

/// A request: a protocol and an operation by the first two bytes, the others are its body. Whatever it says, it is answered.
pub(crate) fn request(input: &[u8]) {
    const OPERATIONS: [(&str, &str); 16] = [
        ("CodePipeline_20150709", "AcknowledgeJob"),
        ("CodePipeline_20150709", "GetJobDetails"),
        ("CodePipeline_20150709", "GetPipeline"),
        ("CodePipeline_20150709", "GetPipelineExecution"),
        ("CodePipeline_20150709", "GetPipelineState"),
        ("CodePipeline_20150709", "ListActionExecutions"),
        ("CodePipeline_20150709", "ListPipelineExecutions"),
        ("CodePipeline_20150709", "ListPipelines"),
        ("CodePipeline_20150709", "PutJobFailureResult"),
        ("CodePipeline_20150709", "PutJobSuccessResult"),
        ("CodePipeline_20150709", "RetryStageExecution"),
        ("CodePipeline_20150709", "StartPipelineExecution"),
        ("CodePipeline_20150709", "TagResource"),
        ("CodePipeline_20150709", "UpdatePipeline"),
        ("AWSHealth_20160804", "DescribeEvents"),
        ("AWSHealth_20160804", "DescribeEventDetails"),
    ];
    let [protocol, operation, body @ ..] = input else {
        return;
    };
    let (service, operation) = OPERATIONS[usize::from(*operation) % OPERATIONS.len()];
    let request = Request::post("http://localhost/");
    let signed = |service: &str| {
        format!(
            "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
        )
    };
    let signing_name = if service.starts_with("AWSHealth") {
        "health"
    } else {
        "codepipeline"
    };
    let request = match protocol % 4 {
        0 => request
            .header("x-amz-target", format!("{service}.{operation}"))
            .header("content-type", "application/x-amz-json-1.1")
            .header("authorization", signed(signing_name)),
        1 => Request::post(format!(
            "http://localhost/service/{service}/operation/{operation}"
        ))
        .header("smithy-protocol", "rpc-v2-cbor")
        .header("content-type", "application/cbor")
        .header("authorization", signed(signing_name)),
        2 => request
            .header("content-type", "application/x-www-form-urlencoded")
            .header("authorization", signed("sns")),
        _ => Request::post("http://localhost/sandbox/commands"),
    };
    let request = request
        .body(Bytes::copy_from_slice(body))
        .expect("a request");
    let mut sandbox = Sandbox::new(1);
    let answer = sandbox.handle(NOW, &request);
    if let Answer::Now(response) | Answer::After(_, response) = answer {
        assert!(response.body().len() < 100_000 + 20 * body.len());
    }
    sandbox.wake_up(NOW);
}
