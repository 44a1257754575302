//! Points in time, as AWS puts them on the wire.

use std::fmt;
use std::ops::Add;
use std::time::{Duration, SystemTime};

use ciborium::tag::Required;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::UtcDateTime;

/// Tag 1 of CBOR: seconds since the epoch (RFC 8949, 3.4.2). Smithy RPC v2 CBOR requires it for timestamps.
const EPOCH_SECONDS: u64 = 1;

/// Milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// `2026-11-23T07:00:00.250Z`.
    pub fn rfc3339(self) -> String {
        format!("{}Z", self.to_string().replace(' ', "T"))
    }

    /// The same in whole seconds, as the envelopes of events have it.
    pub(crate) fn rfc3339_seconds(self) -> String {
        format!("{}Z", &self.rfc3339()[..19])
    }

    fn as_seconds(self) -> f64 {
        self.0 as f64 / 1_000.0
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let since_epoch = time
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Self(since_epoch.as_millis() as i64)
    }
}

impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        SystemTime::UNIX_EPOCH + Duration::from_millis(timestamp.0.try_into().unwrap_or_default())
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(millis))
    }
}

/// `2026-11-23 07:00:00.250`, in UTC.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = UtcDateTime::from(SystemTime::from(*self));
        let (year, month, day) = time.to_calendar_date();
        let (hour, minute, second, milli) = time.as_hms_milli();
        write!(
            f,
            "{year:04}-{:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{milli:03}",
            u8::from(month)
        )
    }
}

/// A number of seconds; in CBOR with its tag.
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            self.as_seconds().serialize(serializer)
        } else {
            Required::<f64, EPOCH_SECONDS>(self.as_seconds()).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Seconds(seconds) = if deserializer.is_human_readable() {
            Seconds::deserialize(deserializer)?
        } else {
            Required::<Seconds, EPOCH_SECONDS>::deserialize(deserializer)?.0
        };
        Ok(Self((seconds * 1_000.0).round() as i64))
    }
}

/// A number of seconds, whole or not: clients send both.
struct Seconds(f64);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;

        impl Visitor<'_> for Number {
            type Value = Seconds;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of seconds")
            }

            fn visit_f64<E>(self, seconds: f64) -> Result<Seconds, E> {
                Ok(Seconds(seconds))
            }

            fn visit_u64<E>(self, seconds: u64) -> Result<Seconds, E> {
                Ok(Seconds(seconds as f64))
            }

            fn visit_i64<E>(self, seconds: i64) -> Result<Seconds, E> {
                Ok(Seconds(seconds as f64))
            }
        }

        deserializer.deserialize_any(Number)
    }
}
