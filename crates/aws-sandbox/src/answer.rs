//! What the state machine tells its driver to do with a request.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};

/// What a driver does with a request.
#[derive(Debug)]
pub enum Answer {
    /// Answer it.
    Now(Response<Bytes>),
    /// Answer it so much later.
    After(Duration, Response<Bytes>),
    /// Hand it in again so much later, marked as one that has waited, and whether or not the client still does. Nothing has happened yet.
    Wait(Duration),
    /// Hand it in again when the state has changed: a long poll. Nothing has happened yet.
    Later,
    /// Answer it with a status of success and bytes that never end.
    Endless,
    /// Answer it, as somebody does who is not AWS.
    Foreign(Response<Bytes>),
    /// End the connection without an answer, for this reason.
    Broken(&'static str),
    /// Leave it without an answer.
    Never,
}

/// The header of a request that has waited already, in milliseconds.
const WAITED: &str = "x-sandbox-waited";

pub(crate) fn mark_as_waited(request: &mut Request<Bytes>, by: Duration) {
    let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
    request
        .headers_mut()
        .insert(WAITED, HeaderValue::from(millis));
}

/// How long a request has waited already, if it has.
pub(crate) fn has_waited(request: &Request<Bytes>) -> Option<Duration> {
    let millis = request.headers().get(WAITED)?.to_str().ok()?;
    millis.parse().ok().map(Duration::from_millis)
}
