//! The protocols that the services speak, and how a request says which one, which service and which operation
//! it means.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::constraints::Constraints;
use crate::faults::Garbage;
use crate::service_error::ServiceError;

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    /// awsJson1.1: JSON, the operation in `x-amz-target`.
    Json,
    /// Smithy RPC v2 CBOR: CBOR, the operation in the path.
    Cbor,
    /// awsQuery: a form, the operation in `Action`; the answer is XML.
    Query,
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) codec: Codec,
    /// The service's name with its version: `AWSHealth_20160804`.
    pub(crate) service: String,
    pub(crate) operation: String,
    /// The region of the credential's scope.
    pub(crate) region: String,
    /// The credential's access key.
    pub(crate) principal: String,
}

impl Target {
    /// Reads the request's headers and path, and for awsQuery its form. `None` if it is of no protocol of AWS.
    pub(crate) fn of(request: &Request<Bytes>) -> Option<Result<Self, (Codec, ServiceError)>> {
        let header = |name: &str| {
            request
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        if request.method() != Method::POST {
            return None;
        }
        let (codec, service, operation) = if header("smithy-protocol") == Some("rpc-v2-cbor") {
            let path = request.uri().path().strip_prefix("/service/")?;
            let (service, operation) = path.split_once("/operation/")?;
            (Codec::Cbor, service.to_owned(), operation.to_owned())
        } else if header("content-type")
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
        {
            let member = |name: &str| {
                form_urlencoded::parse(request.body())
                    .find(|(key, _)| key == name)
                    .map(|(_, value)| value.into_owned())
            };
            // The version tells the service.
            let service = if member("Version")? == SNS_VERSION {
                "SNS"
            } else {
                return None;
            };
            (Codec::Query, service.to_owned(), member("Action")?)
        } else {
            let (service, operation) = header("x-amz-target")?.split_once('.')?;
            (Codec::Json, service.to_owned(), operation.to_owned())
        };
        let Some([principal, region, signing_name]) = header("authorization").and_then(scope)
        else {
            let error = ServiceError::new(
                "MissingAuthenticationTokenException",
                "Missing Authentication Token",
            );
            return Some(Err((codec, error)));
        };
        let expected = signing_name_of(&service);
        if expected.is_some_and(|expected| expected != signing_name) {
            let message = format!(
                "Credential should be scoped to correct service: '{}'.",
                expected.unwrap_or_default()
            );
            return Some(Err((
                codec,
                ServiceError::new("InvalidSignatureException", message),
            )));
        }
        // An endpoint takes only what is signed for its own region.
        if let Some(of_host) = header("host")
            .or(request.uri().host())
            .and_then(region_of_host)
            && of_host != region
        {
            let message = format!(
                "Credential should be scoped to a valid region: this is {of_host}, and not {region}."
            );
            return Some(Err((
                codec,
                ServiceError::new("InvalidSignatureException", message),
            )));
        }
        Some(Ok(Self {
            codec,
            service,
            operation,
            region: region.to_owned(),
            principal: principal.to_owned(),
        }))
    }
}

/// The version of SNS's API.
const SNS_VERSION: &str = "2010-03-31";

/// The region of `health.us-east-2.amazonaws.com`. The sandbox's own address stands for all regions.
fn region_of_host(host: &str) -> Option<&str> {
    let (_, rest) = host.split_once('.')?;
    rest.strip_suffix(".amazonaws.com")
        .filter(|region| !region.contains('.'))
}

/// Access key, region and service of `AWS4-HMAC-SHA256 Credential=AKIA…/20261123/us-east-1/health/aws4_request, …`.
fn scope(authorization: &str) -> Option<[&str; 3]> {
    let mut parts = authorization.split_once("Credential=")?.1.split('/');
    let access_key = parts.next()?;
    let mut scope = parts.skip(1);
    Some([access_key, scope.next()?, scope.next()?])
}

fn signing_name_of(service: &str) -> Option<&'static str> {
    match service {
        "AWSHealth_20160804" => Some("health"),
        "CodePipeline_20150709" => Some("codepipeline"),
        "SNS" => Some("sns"),
        _ => None,
    }
}

impl Codec {
    pub(crate) fn decode<T: DeserializeOwned>(self, body: &[u8]) -> Result<T, ServiceError> {
        // An operation without members is sent with an empty body, or with an empty map.
        match self {
            Self::Query => serde_json::from_value(form(body)).map_err(ServiceError::serialization),
            Self::Json if body.is_empty() => self.decode(b"{}"),
            Self::Json => {
                let mut deserializer = serde_json::Deserializer::from_slice(body);
                serde_path_to_error::deserialize(&mut deserializer)
                    .map_err(|error| refusal(error.path(), error.inner()))
            }
            Self::Cbor if body.is_empty() => self.decode(&[0xa0]),
            Self::Cbor => ciborium::from_reader(body).map_err(|error| match error {
                // Its own text shows the enum's name around it.
                ciborium::de::Error::Semantic(_, reason) => ServiceError::serialization(reason),
                error @ (ciborium::de::Error::Io(_)
                | ciborium::de::Error::Syntax(_)
                | ciborium::de::Error::RecursionLimitExceeded) => {
                    ServiceError::serialization(error)
                }
            }),
        }
    }

    pub(crate) fn encode<T: Serialize>(self, operation: &str, output: &T) -> Vec<u8> {
        match self {
            Self::Query => {
                let output = serde_json::to_value(output).expect("outputs have string keys");
                let mut answer = Map::new();
                answer.insert(format!("{operation}Result"), output);
                answer.insert(
                    "ResponseMetadata".to_owned(),
                    json!({"RequestId": "sandbox"}),
                );
                document(&format!("{operation}Response"), &Value::Object(answer))
            }
            Self::Json => serde_json::to_vec(output).expect("outputs have string keys"),
            Self::Cbor => {
                let mut body = Vec::new();
                ciborium::into_writer(output, &mut body).expect("a vector takes every byte");
                body
            }
        }
    }

    /// An answer of this protocol.
    pub(crate) fn respond(self, status: StatusCode, body: Vec<u8>) -> Response<Bytes> {
        let response = Response::builder().status(status);
        let response = match self {
            Self::Json => response.header("content-type", "application/x-amz-json-1.1"),
            Self::Query => response.header("content-type", "text/xml"),
            Self::Cbor => response
                .header("content-type", "application/cbor")
                .header("smithy-protocol", "rpc-v2-cbor"),
        };
        response
            .body(Bytes::from(body))
            .expect("the headers are valid")
    }

    /// An answer of somebody who is not the service.
    pub(crate) fn garbage(self, garbage: Garbage) -> Answer {
        let html = |body: &[u8]| {
            let mut response = self.respond(StatusCode::OK, body.to_vec());
            let html = HeaderValue::from_static("text/html; charset=utf-8");
            response.headers_mut().insert("content-type", html);
            response
        };
        Answer::Foreign(match garbage {
            Garbage::Bytes => self.respond(StatusCode::OK, b"\xff<garbage".to_vec()),
            Garbage::Beginning => {
                let body: &[u8] = match self {
                    Self::Json => b"{\"events\": [",
                    // A map without a length, with the text `events` and a list without a length.
                    Self::Cbor => b"\xbf\x66events\x9f",
                    Self::Query => b"<PublishResponse><PublishResult>",
                };
                self.respond(StatusCode::OK, body.to_vec())
            }
            Garbage::OtherType => html(&self.encode("", &json!({}))),
            Garbage::Page => {
                html(b"<!DOCTYPE html><html><body><h1>Please log in</h1></body></html>")
            }
            Garbage::Empty => self.respond(StatusCode::OK, Vec::new()),
            Garbage::Endless => return Answer::Endless,
        })
    }

    /// The answer for an error: code in `__type`, text in `message`.
    pub(crate) fn respond_error(self, error: &ServiceError) -> Response<Bytes> {
        #[derive(Serialize)]
        struct Body<'a> {
            #[serde(rename = "__type")]
            code: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            message: Option<&'a str>,
        }
        let body = Body {
            code: &error.code,
            message: error.message.as_deref(),
        };
        let body = match self {
            Self::Query => {
                let kind = if error.status.is_server_error() {
                    "Receiver"
                } else {
                    "Sender"
                };
                let error = json!({
                    "Error": {"Type": kind, "Code": error.code, "Message": error.message},
                    "RequestId": "sandbox",
                });
                document("ErrorResponse", &error)
            }
            Self::Json | Self::Cbor => self.encode("", &body),
        };
        self.respond(error.status, body)
    }
}

/// The members of a form: `Name=x`, and a map as `Attributes.entry.1.key=x&Attributes.entry.1.value=y`.
fn form(body: &[u8]) -> Value {
    let mut members = Map::new();
    let mut keys: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(body) {
        let text = value.into_owned();
        match name.split('.').collect::<Vec<_>>()[..] {
            ["Action" | "Version"] => {}
            [_, "entry", _, "key"] => {
                keys.insert(name.trim_end_matches(".key").to_owned(), text);
            }
            [map, "entry", _, "value"] => {
                let key = keys
                    .remove(name.trim_end_matches(".value"))
                    .unwrap_or_default();
                let map = members.entry(map).or_insert_with(|| json!({}));
                map[key] = Value::String(text);
            }
            _ => {
                members.insert(name.into_owned(), Value::String(text));
            }
        }
    }
    Value::Object(members)
}

/// How AWS words what is wrong with a body: a member that is missing, or is no value of its enumeration, breaks a constraint.
fn refusal(path: &serde_path_to_error::Path, error: &serde_json::Error) -> ServiceError {
    let text = error.to_string();
    let mut place = String::new();
    for segment in path {
        use serde_path_to_error::Segment;
        match segment {
            Segment::Seq { index } => place.push_str(&format!(".{}.member", index + 1)),
            Segment::Map { key } => place.push_str(&format!(".{key}")),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    let place = place.trim_start_matches('.');
    let mut quoted = text.split('`').skip(1).step_by(2);
    let mut c = Constraints::default();
    if text.starts_with("missing field") {
        let path = [place, quoted.next().unwrap_or_default()].join(".");
        c.broken(path.trim_start_matches('.'), "Member must not be null");
    } else if text.starts_with("unknown variant") {
        let allowed: Vec<&str> = quoted.skip(1).collect();
        let set = format!(
            "Member must satisfy enum value set: [{}]",
            allowed.join(", ")
        );
        c.broken(place, &set);
    }
    match c.finish() {
        Err(refused) => refused,
        Ok(()) => ServiceError::serialization(format!("{text} at `{place}`")),
    }
}

/// An answer of SNS.
fn document(name: &str, members: &Value) -> Vec<u8> {
    let mut xml = String::new();
    element(&mut xml, name, members);
    let tag = format!("<{name} xmlns=\"http://sns.amazonaws.com/doc/{SNS_VERSION}/\">");
    xml.replacen(&format!("<{name}>"), &tag, 1).into_bytes()
}

/// An element of XML: a member's name, and its text or its members.
fn element(xml: &mut String, name: &str, value: &Value) {
    if value.is_null() {
        return;
    }
    xml.push_str(&format!("<{name}>"));
    match value {
        Value::Object(members) => members
            .iter()
            .for_each(|(name, value)| element(xml, name, value)),
        Value::String(text) => xml.push_str(
            &text
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;"),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            xml.push_str(&value.to_string())
        }
    }
    xml.push_str(&format!("</{name}>"));
}
