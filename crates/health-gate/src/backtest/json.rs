//! How a program reads times and lengths of time: in RFC 3339 and in whole seconds.

use serde::Serializer;
use time::{Duration, UtcDateTime};

use crate::instant::rfc3339;

pub(super) fn time<S: Serializer>(at: &UtcDateTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*at))
}

pub(super) fn seconds<S: Serializer>(length: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(length.whole_seconds())
}
