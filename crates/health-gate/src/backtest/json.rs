//! How times and lengths of time are written: RFC 3339 and whole seconds for programs, hours and minutes for people.

use serde::Serializer;
use time::{Duration, UtcDateTime};

use crate::instant::rfc3339;

pub(super) fn time<S: Serializer>(at: &UtcDateTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*at))
}

pub(super) fn seconds<S: Serializer>(length: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(length.whole_seconds())
}

/// `61 h 20 min`; seconds only of what is shorter than an hour: `4 min 30 s`, `0 s`.
pub fn hours_and_minutes(length: Duration) -> String {
    let seconds = length.whole_seconds();
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes, seconds) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}
