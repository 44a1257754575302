//! What the state machine tells its driver to do with a request.

use bytes::Bytes;
use http::Response;

/// What a driver does with a request.
#[derive(Debug)]
pub enum Answer {
    /// Answer it.
    Now(Response<Bytes>),
    /// Hand it in again when the state has changed: a long poll. Nothing has happened yet.
    Later,
    /// Leave it without an answer.
    Never,
}
