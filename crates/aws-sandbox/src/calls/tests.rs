use super::*;
use crate::health::Event;

const NOW: Timestamp = Timestamp::from_millis(1_795_424_400_250);
const SCOPE: &str =
    "AWS4-HMAC-SHA256 Credential=AKID/20261123/us-east-1/health/aws4_request, Signature=0";

fn post(path: &str, headers: &[(&str, &str)], body: &[u8]) -> (StatusCode, http::HeaderMap, Bytes) {
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

/// What is signed for one region is refused by the endpoint of another, as a failover that forgets to sign again finds out.
#[test]
fn an_endpoint_takes_only_what_is_signed_for_its_region() {
    let request = |host: &str| {
        let headers = [
            ("x-amz-target", "AWSHealth_20160804.DescribeEvents"),
            ("authorization", SCOPE),
            ("host", host),
        ];
        post("/", &headers, b"{}").0
    };
    assert_eq!(request("health.us-east-1.amazonaws.com"), StatusCode::OK);
    assert_eq!(
        request("health.us-east-2.amazonaws.com"),
        StatusCode::BAD_REQUEST
    );
    assert_eq!(request("127.0.0.1:4566"), StatusCode::OK);
}

/// awsQuery, as the AWS CLI and all SDKs speak to SNS.
fn publish(form: &str) -> (StatusCode, String) {
    let mut sandbox = Sandbox::new(1);
    sandbox.sns.create_topic("us-east-1", "people");
    let request = Request::post("/")
        .header(
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        )
        .header("authorization", SCOPE.replace("/health/", "/sns/"))
        .body(Bytes::from(format!(
            "Action=Publish&Version=2010-03-31&{form}"
        )))
        .expect("a request");
    let Answer::Now(response) = sandbox.handle(NOW, &request) else {
        panic!("answered at once")
    };
    let (head, body) = response.into_parts();
    assert_eq!(head.headers["content-type"], "text/xml");
    let stored = sandbox.sns.published().len();
    assert_eq!(stored == 1, head.status == StatusCode::OK);
    (head.status, String::from_utf8(body.to_vec()).expect("text"))
}

const TOPIC: &str = "TopicArn=arn%3Aaws%3Asns%3Aus-east-1%3A111122223333%3Apeople";

#[test]
fn a_message_is_published_and_answered_in_xml() {
    let (status, body) = publish(&format!(
        "{TOPIC}&Subject=hello&Message=a%26b&MessageStructure="
    ));
    assert_eq!(
        (status, body.contains("<Code>InvalidParameter</Code>")),
        (StatusCode::BAD_REQUEST, true),
        "{body}"
    );
    let (status, body) = publish(&format!("{TOPIC}&Subject=hello&Message=a%26b"));
    assert_eq!(status, StatusCode::OK, "{body}");
    assert!(
        body.starts_with("<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult><MessageId>"),
        "{body}"
    );
}

#[test]
fn what_sns_would_refuse_is_refused() {
    let long = "x".repeat(100);
    for (form, code) in [
        ("Message=x".to_owned(), "InvalidParameter"),
        (TOPIC.to_owned(), "InvalidParameter"),
        (format!("{TOPIC}&Message="), "InvalidParameter"),
        (
            format!("{TOPIC}&Message=x&Subject={long}"),
            "InvalidParameter",
        ),
        (
            format!("{TOPIC}&Message=x&Subject=a%0Ab"),
            "InvalidParameter",
        ),
        (
            format!("{TOPIC}&Message=x&Subject=%C3%BC"),
            "InvalidParameter",
        ),
        (
            format!("{TOPIC}&Message=x&MessageStructure=json"),
            "InvalidParameter",
        ),
        (
            format!("{TOPIC}&Message=%7B%22email%22%3A%22x%22%7D&MessageStructure=json"),
            "InvalidParameter",
        ),
        (
            format!("{TOPIC}&Message=%7B%22default%22%3A1%7D&MessageStructure=json"),
            "InvalidParameter",
        ),
        (
            format!("{}&Message=x", TOPIC.replace("us-east-1", "eu-west-1")),
            "InvalidParameter",
        ),
        (format!("{TOPIC}2&Message=x"), "NotFound"),
        (
            format!("{TOPIC}&Message=x&PhoneNumber=1"),
            "SerializationException",
        ),
    ] {
        let (status, body) = publish(&form);
        assert!(
            status.is_client_error() && body.contains(&format!("<Code>{code}</Code>")),
            "{form}: {body}"
        );
    }
    let (status, _) = publish(&format!(
        "{TOPIC}&Message=%7B%22default%22%3A%22x%22%7D&MessageStructure=json"
    ));
    assert_eq!(status, StatusCode::OK);
}
