//! Calls of the services: which operation is meant, its input and output, its faults and its record.

use bytes::Bytes;
use http::{Request, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::codec::{Codec, Target};
use crate::faults::Fault;
use crate::sandbox::{Answer, Sandbox, not_found};
use crate::service_error::ServiceError;
use crate::timestamp::Timestamp;
use crate::transcript::{Call, Outcome};

/// An operation of the sandbox's AWS.
pub(crate) struct Context<'a> {
    pub(crate) now: Timestamp,
    pub(crate) region: &'a str,
}

/// What an operation did: its output on the wire, and both sides for the transcript.
struct Done {
    input: Value,
    result: Result<(Vec<u8>, Value), ServiceError>,
}

impl Sandbox {
    pub(crate) fn handle_service_call(
        &mut self,
        now: Timestamp,
        request: &Request<Bytes>,
    ) -> Answer {
        let target = match Target::of(request) {
            None => return Answer::Now(not_found(request)),
            Some(Err((codec, error))) => return Answer::Now(codec.respond_error(&error)),
            Some(Ok(target)) => target,
        };
        let mut call = Call {
            at: now,
            service: service_name(&target.service),
            operation: target.operation.clone(),
            region: target.region.clone(),
            input: Value::Null,
            outcome: Outcome::Silence,
        };
        let answer = match self.faults.take(&target.operation) {
            Some(Fault::Silence) => Answer::Never,
            Some(Fault::Garbage) => {
                call.outcome = Outcome::Garbage;
                Answer::Now(
                    target
                        .codec
                        .respond(StatusCode::OK, b"\xff<garbage".to_vec()),
                )
            }
            Some(Fault::Error(error)) => {
                call.outcome = Outcome::Error(error.clone());
                Answer::Now(target.codec.respond_error(&error))
            }
            None => {
                let done = self.operate(now, &target, request.body());
                call.input = done.input;
                match done.result {
                    Ok((body, output)) => {
                        call.outcome = Outcome::Output(output);
                        Answer::Now(target.codec.respond(StatusCode::OK, body))
                    }
                    Err(error) => {
                        let response = target.codec.respond_error(&error);
                        call.outcome = Outcome::Error(error);
                        Answer::Now(response)
                    }
                }
            }
        };
        self.transcript.record(call);
        answer
    }

    /// The operations that exist.
    fn operate(&mut self, now: Timestamp, target: &Target, body: &[u8]) -> Done {
        let context = Context {
            now,
            region: &target.region,
        };
        let codec = target.codec;
        match (target.service.as_str(), target.operation.as_str()) {
            ("AWSHealth_20160804", "DescribeEvents") => run(codec, body, |input| {
                self.health.describe_events(&context, input)
            }),
            ("CodePipeline_20150709", "GetJobDetails") => run(codec, body, |input| {
                self.codepipeline.job_details(&context, input)
            }),
            ("CodePipeline_20150709", "PutJobFailureResult") => run(codec, body, |input| {
                self.codepipeline.put_job_failure_result(&context, input)
            }),
            ("CodePipeline_20150709", "PutJobSuccessResult") => run(codec, body, |input| {
                self.codepipeline.put_job_success_result(&context, input)
            }),
            (service, operation) => Done {
                input: Value::Null,
                result: Err(ServiceError::unknown_operation(service, operation)),
            },
        }
    }
}

fn run<I, O>(
    codec: Codec,
    body: &[u8],
    operation: impl FnOnce(I) -> Result<O, ServiceError>,
) -> Done
where
    I: DeserializeOwned + Serialize,
    O: Serialize,
{
    let json = |value: Result<Value, serde_json::Error>| {
        value.expect("inputs and outputs have string keys")
    };
    match codec.decode::<I>(body) {
        Err(error) => Done {
            input: Value::Null,
            result: Err(error),
        },
        Ok(input) => {
            let recorded = json(serde_json::to_value(&input));
            let result = operation(input)
                .map(|output| (codec.encode(&output), json(serde_json::to_value(&output))));
            Done {
                input: recorded,
                result,
            }
        }
    }
}

fn service_name(service: &str) -> &'static str {
    match service {
        "AWSHealth_20160804" => "Health",
        "CodePipeline_20150709" => "CodePipeline",
        _ => "unknown service",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Event;

    const NOW: Timestamp = Timestamp::from_millis(1_795_424_400_250);
    const SCOPE: &str =
        "AWS4-HMAC-SHA256 Credential=AKID/20261123/us-east-1/health/aws4_request, Signature=0";

    fn post(
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> (StatusCode, http::HeaderMap, Bytes) {
        let mut sandbox = Sandbox::new(1);
        sandbox
            .health
            .put_event(Event::operational_issue("EC2", "us-east-1", "1", NOW));
        let mut request = Request::post(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request
            .body(Bytes::copy_from_slice(body))
            .expect("a request");
        let Answer::Now(response) = sandbox.handle(NOW, &request) else {
            panic!("answered at once")
        };
        let (head, body) = response.into_parts();
        (head.status, head.headers, body)
    }

    /// What the AWS CLI and boto3 send.
    fn json(target: &str, body: &str) -> (StatusCode, http::HeaderMap, Value) {
        let (status, headers, body) = post(
            "/",
            &[("x-amz-target", target), ("authorization", SCOPE)],
            body.as_bytes(),
        );
        (
            status,
            headers,
            serde_json::from_slice(&body).expect("JSON"),
        )
    }

    /// What the SDK for Rust sends.
    fn cbor(operation: &str, body: &[u8]) -> (StatusCode, http::HeaderMap, ciborium::Value) {
        let path = format!("/service/AWSHealth_20160804/operation/{operation}");
        let (status, headers, body) = post(
            &path,
            &[("smithy-protocol", "rpc-v2-cbor"), ("authorization", SCOPE)],
            body,
        );
        (
            status,
            headers,
            ciborium::from_reader(body.as_ref()).expect("CBOR"),
        )
    }

    fn member<'a>(value: &'a ciborium::Value, name: &str) -> &'a ciborium::Value {
        let (_, value) = value
            .as_map()
            .expect("a map")
            .iter()
            .find(|(key, _)| key.as_text() == Some(name))
            .expect(name);
        value
    }

    #[test]
    fn json_has_times_as_numbers_of_seconds() {
        let (status, headers, body) =
            json("AWSHealth_20160804.DescribeEvents", r#"{"maxResults": 10}"#);
        assert_eq!(
            (status, headers["content-type"].as_bytes()),
            (StatusCode::OK, &b"application/x-amz-json-1.1"[..])
        );
        assert_eq!(
            body["events"][0]["startTime"],
            serde_json::json!(1_795_424_400.25)
        );
        assert_eq!(headers["date"], "Mon, 23 Nov 2026 09:00:00 GMT");
    }

    #[test]
    fn cbor_has_times_with_tag_one() {
        let (status, headers, body) = cbor("DescribeEvents", &[0xa0]);
        assert_eq!(
            (status, headers["smithy-protocol"].as_bytes()),
            (StatusCode::OK, &b"rpc-v2-cbor"[..])
        );
        let event = &member(&body, "events").as_array().expect("a list")[0];
        let (tag, seconds) = member(event, "startTime").as_tag().expect("a tag");
        assert_eq!((tag, seconds.as_float()), (1, Some(1_795_424_400.25)));
    }

    #[test]
    fn errors_carry_their_code_in_both_protocols() {
        let (status, _, body) = json("AWSHealth_20160804.DescribeEvents", r#"{"locale": "de"}"#);
        assert_eq!(
            (status, &body["__type"]),
            (StatusCode::BAD_REQUEST, &Value::from("UnsupportedLocale"))
        );
        let (status, _, body) = cbor("DescribeEverything", &[0xa0]);
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(
            member(&body, "__type").as_text(),
            Some("UnknownOperationException")
        );
    }

    #[test]
    fn a_body_that_is_not_of_the_protocol_is_refused() {
        let (status, _, body) = json("AWSHealth_20160804.DescribeEvents", "{");
        assert_eq!(
            (status, &body["__type"]),
            (
                StatusCode::BAD_REQUEST,
                &Value::from("SerializationException")
            )
        );
        let (_, _, body) = cbor("DescribeEvents", b"{}");
        assert_eq!(
            member(&body, "__type").as_text(),
            Some("SerializationException")
        );
    }

    #[test]
    fn a_request_without_credentials_is_refused() {
        let (_, _, body) = post(
            "/",
            &[("x-amz-target", "AWSHealth_20160804.DescribeEvents")],
            b"{}",
        );
        assert!(String::from_utf8_lossy(&body).contains("MissingAuthenticationTokenException"));
    }

    #[test]
    fn what_is_no_request_of_aws_is_not_found() {
        assert_eq!(post("/favicon.ico", &[], b"").0, StatusCode::NOT_FOUND);
    }
}
