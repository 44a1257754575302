//! Points in time as the report writes them: always UTC, and saying so.

use time::UtcDateTime;

/// RFC 3339 to the second, for machines: `2026-11-23T06:40:00Z`.
pub fn rfc3339(at: UtcDateTime) -> String {
    let (hour, minute, second) = at.as_hms();
    format!("{}T{hour:02}:{minute:02}:{second:02}Z", date(at))
}

/// To the minute, for people: `2026-11-23 06:40 UTC`.
pub fn to_the_minute(at: UtcDateTime) -> String {
    let (hour, minute, _) = at.as_hms();
    format!("{} {hour:02}:{minute:02} UTC", date(at))
}

fn date(at: UtcDateTime) -> String {
    let (year, month, day) = at.to_calendar_date();
    format!("{year:04}-{:02}-{day:02}", u8::from(month))
}
