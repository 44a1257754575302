//! What the state machine tells its driver to do with a request.

use std::time::Duration;

use bytes::Bytes;
use http::Response;

/// What a driver does with a request.
#[derive(Debug)]
pub enum Answer {
    /// Answer it.
    Now(Response<Bytes>),
    /// Answer it so much later.
    After(Duration, Response<Bytes>),
    /// Hand it in again when the state has changed: a long poll. Nothing has happened yet.
    Later,
    /// End the connection without an answer, for this reason.
    Broken(&'static str),
    /// Leave it without an answer.
    Never,
}
