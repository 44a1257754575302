//! The state of a hold: a continuation token, which CodePipeline brings back with the next round of the action. Each
//! round is a new job in a new invocation, so the clock of a hold lives here and nowhere else.

use serde::{Deserialize, Serialize};
use time::{Duration, UtcDateTime};

use crate::instant::{rfc3339, to_the_minute};
use crate::policy::Policy;
use crate::text::shown;

/// The version that is written. Every version that was released stays readable.
const VERSION: u64 = 1;
/// The longest token.
const TOKEN_BYTES: usize = 2_048;
/// Clocks of two machines differ. A token from further ahead than this was not written by this gate.
const SKEW: Duration = Duration::minutes(5);

/// What a hold remembers from round to round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldState {
    /// When the first round of this hold was.
    pub since: UtcDateTime,
    /// When AWS Health was read last.
    pub last_reading: UtcDateTime,
    /// Whether people were told that the hold began.
    pub notified: bool,
    /// What the reports about this hold have in common: the ARN of the event that began first, or the code of why AWS
    /// Health could not be read.
    pub thread: Option<String>,
    /// The pipeline's name, if it is known: a round that reads nothing has it from here.
    pub pipeline: Option<String>,
}

/// The token as it is written. Times are whole seconds since 1970, UTC.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    v: u64,
    held_since: i64,
    last_reading: i64,
    notified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline: Option<String>,
}

/// The version alone, which every version has.
#[derive(Debug, Deserialize)]
struct Version {
    v: u64,
}

/// A continuation token that cannot be read. The job fails, and its retry starts the hold anew.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// A token of a later version of the gate, which was replaced by this one.
    #[error("the continuation token has version {0}; this gate reads version {VERSION}")]
    Version(u64),
    /// Not a token of the gate.
    #[error(
        "the continuation token is not one of this gate: {0}; accepted: what the gate itself gave to CodePipeline in the round before"
    )]
    Foreign(String),
}

impl TokenError {
    /// The stable reason code for logs and alarms.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Version(_) => "token.version",
            Self::Foreign(_) => "token.foreign",
        }
    }
}

impl HoldState {
    /// A hold that begins now.
    pub fn begin(now: UtcDateTime) -> Self {
        Self {
            since: now,
            last_reading: now,
            notified: false,
            thread: None,
            pipeline: None,
        }
    }

    /// The same hold after a reading that did not end it. `thread` is for the first one: a hold keeps its own.
    pub fn after_reading(&self, now: UtcDateTime, thread: &str) -> Self {
        Self {
            last_reading: now,
            thread: Some(self.thread.clone().unwrap_or_else(|| thread.to_owned())),
            ..self.clone()
        }
    }

    /// Whether this round may do without a reading: the last one is fresh, and the hold has not run out.
    pub fn is_fresh(&self, policy: &Policy, now: UtcDateTime) -> bool {
        let age = now - self.last_reading;
        !age.is_negative() && age < policy.check_every.duration() && !self.has_run_out(policy, now)
    }

    /// Whether the hold has lasted as long as it may.
    pub fn has_run_out(&self, policy: &Policy, now: UtcDateTime) -> bool {
        now - self.since >= policy.max_hold.duration()
    }

    /// When it began, in RFC 3339.
    pub fn since_text(&self) -> String {
        rfc3339(self.since)
    }

    /// What a round says that reads nothing.
    pub fn waiting(&self, policy: &Policy) -> String {
        format!(
            "held since {}; AWS Health was read at {} and is read at most every {}",
            to_the_minute(self.since),
            rfc3339(self.last_reading),
            policy.check_every
        )
    }

    /// The token: at most 2,048 characters (CodePipeline API reference). What would not fit is left out: the names for people,
    /// never the times.
    pub fn to_token(&self) -> String {
        let written = |thread: &Option<String>, pipeline: &Option<String>| {
            let written = Written {
                v: VERSION,
                held_since: self.since.unix_timestamp(),
                last_reading: self.last_reading.unix_timestamp(),
                notified: self.notified,
                thread: thread.clone(),
                pipeline: pipeline.clone(),
            };
            serde_json::to_string(&written).unwrap_or_default()
        };
        let tokens = [
            written(&self.thread, &self.pipeline),
            written(&self.thread, &None),
        ];
        let fitting = tokens.into_iter().find(|token| token.len() <= TOKEN_BYTES);
        fitting.unwrap_or_else(|| written(&None, &None))
    }

    /// Reads a token.
    ///
    /// # Errors
    /// [`TokenError`] for anything that no gate of this version or an earlier one wrote.
    pub fn read(token: &str, now: UtcDateTime) -> Result<Self, TokenError> {
        let foreign = || TokenError::Foreign(shown(token));
        let Version { v } = serde_json::from_str(token).map_err(|_| foreign())?;
        if v > VERSION {
            return Err(TokenError::Version(v));
        }
        let written: Written = serde_json::from_str(token).map_err(|_| foreign())?;
        let time = |seconds| {
            UtcDateTime::from_unix_timestamp(seconds)
                .ok()
                .filter(|time| *time - now <= SKEW)
                .ok_or_else(foreign)
        };
        Ok(Self {
            since: time(written.held_since)?,
            last_reading: time(written.last_reading)?,
            notified: written.notified,
            thread: written.thread,
            pipeline: written.pipeline,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::utc_datetime;

    const NOW: UtcDateTime = utc_datetime!(2026-11-23 09:00:00);
    const ARN: &str = "arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/1";

    fn hold() -> HoldState {
        HoldState {
            notified: true,
            thread: Some(ARN.to_owned()),
            ..HoldState::begin(NOW)
        }
    }

    /// A hold outlives a deployment of the gate: a token of each released version is kept here.
    #[test]
    fn tokens_of_every_released_version_are_readable() {
        let token = r#"{"v":1,"heldSince":1795424400,"lastReading":1795424400,"notified":true,"thread":"arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/1"}"#;
        assert_eq!(HoldState::read(token, NOW), Ok(hold()));
        assert_eq!(hold().to_token(), token);
        let short = r#"{"v":1,"heldSince":1795424400,"lastReading":1795424400,"notified":false}"#;
        assert_eq!(HoldState::read(short, NOW), Ok(HoldState::begin(NOW)));
        assert_eq!(HoldState::begin(NOW).to_token(), short);
    }

    #[test]
    fn anything_else_is_refused_and_shown() {
        for (token, code) in [
            (
                r#"{"previous_job_id": "55555555-aaaa-4555-8555-555555555555"}"#,
                "token.foreign",
            ),
            ("", "token.foreign"),
            ("next", "token.foreign"),
            ("[1]", "token.foreign"),
            (r#"{"v":1}"#, "token.foreign"),
            (
                r#"{"v":1,"heldSince":"now","lastReading":0,"notified":true}"#,
                "token.foreign",
            ),
            (
                r#"{"v":1,"heldSince":9999999999999999,"lastReading":0,"notified":true}"#,
                "token.foreign",
            ),
            // A year ahead: a hold that never ends.
            (
                r#"{"v":1,"heldSince":1826960400,"lastReading":1826960400,"notified":true}"#,
                "token.foreign",
            ),
            (r#"{"v":2,"held":"differently"}"#, "token.version"),
        ] {
            let error = HoldState::read(token, NOW).expect_err(token);
            assert_eq!(error.code(), code, "{token}");
            assert!(
                code == "token.version" || error.to_string().contains(&format!("`{token}`")),
                "{error}"
            );
        }
    }

    #[test]
    fn a_token_always_fits_and_never_loses_its_times() {
        for (thread, pipeline, kept) in [
            ("x", "checkout", (true, true)),
            (&*"x".repeat(1_500), &*"p".repeat(600), (true, false)),
            (&*"\u{1}".repeat(1_000), "checkout", (false, false)),
            (&*"\"".repeat(1_600), &*"p".repeat(3_000), (false, false)),
        ] {
            let hold = HoldState {
                thread: Some(thread.to_owned()),
                pipeline: Some(pipeline.to_owned()),
                ..hold()
            };
            let token = hold.to_token();
            assert!(token.len() <= 2_048, "{} bytes", token.len());
            let read = HoldState::read(&token, NOW).expect("its own token");
            assert_eq!(
                (read.since, read.last_reading, read.notified),
                (NOW, NOW, true)
            );
            assert_eq!((read.thread.is_some(), read.pipeline.is_some()), kept);
        }
    }

    #[test]
    fn a_round_without_a_reading_says_since_when_it_holds_and_when_it_was_read() {
        let policy = Policy::of_region(&"us-east-1".parse().expect("a region"));
        let hold = hold().after_reading(NOW + Duration::minutes(3), "another");
        assert_eq!(hold.since_text(), "2026-11-23T09:00:00Z");
        assert_eq!(
            hold.waiting(&policy),
            "held since 2026-11-23 09:00 UTC; AWS Health was read at 2026-11-23T09:03:00Z and is read at most every 1m"
        );
    }

    #[test]
    fn a_round_soon_after_a_reading_needs_none() {
        let policy = Policy::of_region(&"us-east-1".parse().expect("a region"));
        for (seconds, fresh) in [(0, true), (59, true), (60, false), (-1, false)] {
            assert_eq!(
                hold().is_fresh(&policy, NOW + Duration::seconds(seconds)),
                fresh,
                "{seconds} s"
            );
        }
        let old = HoldState {
            since: NOW - Duration::hours(4),
            ..hold()
        };
        assert!(
            !old.is_fresh(&policy, NOW),
            "the last round reads once more"
        );
    }
}
