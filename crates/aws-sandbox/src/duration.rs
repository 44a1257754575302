//! Durations as people write them in a scenario: one integer and one unit of `ms`, `s`, `m`, `h`, `d`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer};

const UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

/// No duration of a scenario is longer: ten years.
const LONGEST: u64 = 3_650 * 86_400_000;

/// Reads `90s`.
///
/// # Errors
/// What is accepted.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let number = digits
        .parse::<u64>()
        .ok()
        .filter(|_| !digits.starts_with('+'));
    let unit = UNITS
        .iter()
        .find(|(unit, _)| *unit == &text[digits.len()..]);
    let millis = number
        .zip(unit)
        .and_then(|(n, (_, millis))| n.checked_mul(*millis))
        .filter(|millis| *millis <= LONGEST);
    millis.map(Duration::from_millis).ok_or_else(|| {
        format!("`{text}` is no duration; it is an integer and a unit of ms, s, m, h, d: `90s`")
    })
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).map_err(serde::de::Error::custom)
}

pub(crate) fn serialize<S: Serializer>(
    duration: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format!("{}ms", duration.as_millis()))
}

/// The same for a duration that may be left out.
pub(crate) mod option {
    use super::{Deserialize, Deserializer, Duration, Serializer, parse};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| parse(&text))
            .transpose()
            .map_err(serde::de::Error::custom)
    }

    pub(crate) fn serialize<S: Serializer>(
        duration: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match duration {
            Some(duration) => super::serialize(duration, serializer),
            None => serializer.serialize_none(),
        }
    }
}
