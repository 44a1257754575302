//! Times and durations as people write them in options and files.

use health_gate::Span;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcDateTime};

/// What an option that takes a time accepts.
const ACCEPTED: &str = "accepted: a time in UTC, like 2026-11-23T18:00Z";

/// Reads a time in RFC 3339; the seconds may be left out. None that is of another year than four digits in UTC.
pub(crate) fn instant(text: &str) -> Option<UtcDateTime> {
    let parse = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
    let with_seconds = || {
        let (minutes, zone) = text.split_at_checked(16)?;
        parse(&format!("{minutes}:00{zone}"))
    };
    parse(text)
        .or_else(with_seconds)
        .and_then(OffsetDateTime::checked_to_utc)
}

/// Reads the time of an option.
pub(crate) fn option(text: &str) -> Result<UtcDateTime, String> {
    instant(text).ok_or_else(|| ACCEPTED.to_owned())
}

/// How long an override may last: at least a minute, at most a week.
pub(crate) type OverrideSpan = Span<60, { 7 * 24 * 60 * 60 }>;

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::utc_datetime;

    #[test]
    fn a_time_has_a_zone_and_may_lack_seconds() {
        for text in [
            "2026-05-04T06:02Z",
            "2026-05-04T06:02:00Z",
            "2026-05-04T06:02:00.000000+00:00",
            "2026-05-04T08:02+02:00",
        ] {
            assert_eq!(
                instant(text),
                Some(utc_datetime!(2026-05-04 06:02:00)),
                "{text}"
            );
        }
        for text in [
            "",
            "2026-05-04",
            "2026-05-04T06:02",
            "yesterday",
            "2026-05-04T06:02:00é",
            // In UTC, the year 10000.
            "9999-12-31T23:59:59-01:00",
        ] {
            assert_eq!(instant(text), None, "{text}");
        }
    }
}
