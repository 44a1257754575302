//! The only source of now: the time source of the SDK configuration. It signs the requests, dates the decisions
//! and measures what is left of an invocation, so a world in virtual time has one thing to install.

use std::fmt;
use std::time::{Duration, SystemTime};

use aws_smithy_async::time::SharedTimeSource;
use time::UtcDateTime;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

/// The longest that Lambda lets an invocation run (Lambda developer guide, "Lambda quotas").
const LONGEST: Duration = Duration::from_mins(15);
/// What an invocation has that is told no deadline.
const USUAL: Duration = Duration::from_secs(30);

/// Tells what time it is.
#[derive(Debug, Clone)]
pub struct Clock(SharedTimeSource);

impl Clock {
    /// The clock of an SDK configuration.
    pub fn new(time_source: SharedTimeSource) -> Self {
        Self(time_source)
    }

    /// The time source, for an SDK configuration.
    pub fn time_source(&self) -> SharedTimeSource {
        self.0.clone()
    }

    /// Now, in UTC.
    pub fn now(&self) -> UtcDateTime {
        self.0.now().into()
    }

    /// When an invocation has to have ended, by the deadline that the Runtime API tells. One that was over before any invocation that still runs
    /// can have begun is none (`cargo lambda watch` tells one in 1970): then the invocation has 30 s.
    pub fn deadline(&self, told: SystemTime) -> SystemTime {
        let now = self.0.now();
        if told + LONGEST < now {
            now + USUAL
        } else {
            told
        }
    }

    /// How long it is until `deadline`; nothing if that has passed.
    pub fn until(&self, deadline: SystemTime) -> Duration {
        deadline.duration_since(self.0.now()).unwrap_or_default()
    }
}

/// The system's time.
impl Default for Clock {
    fn default() -> Self {
        Self(SharedTimeSource::default())
    }
}

/// RFC 3339 with milliseconds, the form of Lambda's own JSON log lines.
impl FormatTime for Clock {
    fn format_time(&self, w: &mut Writer<'_>) -> fmt::Result {
        let now = self.now();
        let (year, month, day) = now.to_calendar_date();
        let (hour, minute, second, milli) = now.as_hms_milli();
        write!(
            w,
            "{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z",
            u8::from(month)
        )
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_async::time::StaticTimeSource;

    use super::*;

    #[test]
    fn a_deadline_of_long_ago_is_none() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_424_400);
        let clock = Clock::new(SharedTimeSource::new(StaticTimeSource::new(now)));
        let cases = [
            (now + Duration::from_secs(3), now + Duration::from_secs(3)),
            // A process that was frozen may wake up late.
            (now - Duration::from_mins(14), now - Duration::from_mins(14)),
            (now - Duration::from_mins(16), now + USUAL),
            (
                SystemTime::UNIX_EPOCH + Duration::from_mins(10),
                now + USUAL,
            ),
        ];
        for (told, expected) in cases {
            assert_eq!(clock.deadline(told), expected);
        }
    }
}
