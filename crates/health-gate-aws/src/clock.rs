//! The only source of now: the time source of the SDK configuration. It signs the requests, dates the decisions
//! and measures what is left of an invocation, so a world in virtual time has one thing to install.

use std::fmt;
use std::time::{Duration, SystemTime};

use aws_smithy_async::time::SharedTimeSource;
use time::UtcDateTime;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

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
