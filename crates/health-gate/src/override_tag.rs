//! The override: a tag on the pipeline with which a person lets a deployment go on, saying who, why and until when.

use time::{Date, Duration, Month, Time, UtcDateTime};

use crate::instant::rfc3339;
use crate::text::one_line;

/// The key of the tag.
pub const OVERRIDE_TAG: &str = "health-gate:override";

/// An override may last this long.
const LONGEST: Duration = Duration::days(7);
/// The most characters of a reason.
const REASON_CHARACTERS: usize = 180;

/// The most characters of a tag's value (CodePipeline API reference, `Tag`).
const TAG_CHARACTERS: usize = 256;

/// An override that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// It is in force before this time.
    pub until: UtcDateTime,
    /// Who set it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Why a tag is no override. It is ignored and reported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OverrideError {
    /// Not in the documented form.
    #[error(
        "{what} in `{value}`; accepted: `until=2026-11-23T18:00Z by=alice reason=INC-42 hotfix`, in this order, with single spaces"
    )]
    Malformed {
        /// What is missing or wrong.
        what: &'static str,
        /// The tag's value.
        value: String,
    },
    /// Its time is over.
    #[error("it expired at {}: `{value}`", rfc3339(*.until))]
    Expired {
        /// When.
        until: UtcDateTime,
        /// The tag's value.
        value: String,
    },
    /// It would last too long.
    #[error("`until` is more than 7 days ahead: `{value}`; accepted: at most {}", rfc3339(*.latest))]
    TooFarAhead {
        /// The latest end that is accepted now.
        latest: UtcDateTime,
        /// The tag's value.
        value: String,
    },
}

impl OverrideError {
    /// The stable reason code for logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "override.malformed",
            Self::Expired { .. } => "override.expired",
            Self::TooFarAhead { .. } => "override.too-far-ahead",
        }
    }
}

impl Override {
    /// The tag's value: what [`read`](Self::read) takes.
    ///
    /// # Errors
    /// [`OverrideError`] if it would not be in force at `now`, or has a character that no tag takes.
    pub fn to_tag(&self, now: UtcDateTime) -> Result<String, OverrideError> {
        let Self { until, by, reason } = self;
        let value = format!("until={} by={by} reason={reason}", rfc3339(*until));
        let is_taken = |c: char| c.is_alphanumeric() || " _.:/=+-@".contains(c);
        let malformed = |what| OverrideError::Malformed {
            what,
            value: value.clone(),
        };
        if by.contains(' ') {
            return Err(malformed("a space in the name after `by=`"));
        }
        if !value.chars().all(is_taken) {
            return Err(malformed(
                "a character that no tag takes (letters, digits, spaces and _ . : / = + - @ are taken)",
            ));
        }
        if value.chars().count() > TAG_CHARACTERS {
            return Err(malformed("more than the 256 characters of a tag"));
        }
        Self::read(&value, now)?;
        Ok(value)
    }

    /// Reads the tag's value: `until=… by=… reason=…`.
    ///
    /// # Errors
    /// [`OverrideError`] if it is not in this form, or not in force at `now`.
    pub fn read(value: &str, now: UtcDateTime) -> Result<Self, OverrideError> {
        let malformed = |what| OverrideError::Malformed {
            what,
            value: value.to_owned(),
        };
        let rest = value
            .strip_prefix("until=")
            .ok_or_else(|| malformed("no `until=` at the beginning"))?;
        let (until, rest) = rest
            .split_once(' ')
            .ok_or_else(|| malformed("no `by=` after `until=`"))?;
        let until = instant(until).ok_or_else(|| {
            malformed(
                "`until` is no time of the form YYYY-MM-DDTHH:MMZ or YYYY-MM-DDTHH:MM:SSZ, in UTC,",
            )
        })?;
        let rest = rest
            .strip_prefix("by=")
            .ok_or_else(|| malformed("no `by=` after `until=`"))?;
        let (by, rest) = rest
            .split_once(' ')
            .ok_or_else(|| malformed("no `reason=` after `by=`"))?;
        if is_blank(by) {
            return Err(malformed("nobody after `by=`"));
        }
        let reason = rest
            .strip_prefix("reason=")
            .ok_or_else(|| malformed("no `reason=` after `by=`"))?;
        if is_blank(reason) || reason.starts_with(' ') {
            return Err(malformed("no reason after `reason=`"));
        }
        if reason.chars().count() > REASON_CHARACTERS {
            return Err(malformed("a reason of more than 180 characters"));
        }
        if until <= now {
            return Err(OverrideError::Expired {
                until,
                value: value.to_owned(),
            });
        }
        if until - now > LONGEST {
            return Err(OverrideError::TooFarAhead {
                latest: now + LONGEST,
                value: value.to_owned(),
            });
        }
        Ok(Self {
            until,
            by: by.to_owned(),
            reason: reason.to_owned(),
        })
    }
}

/// Whether nothing of a text can be seen: it names nobody, and no reason.
fn is_blank(text: &str) -> bool {
    one_line(text).trim().is_empty()
}

/// `YYYY-MM-DDTHH:MM[:SS]Z`, exactly.
fn instant(text: &str) -> Option<UtcDateTime> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = match time.len() {
        5 => numbers(&format!("{time}:00"), ':', [2, 2, 2])?,
        _ => numbers(time, ':', [2, 2, 2])?,
    };
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date = Date::from_calendar_date(i32::from(year), month, u8::try_from(day).ok()?).ok()?;
    let part = |number: u16| u8::try_from(number).ok();
    let time = Time::from_hms(part(hour)?, part(minute)?, part(second)?).ok()?;
    Some(UtcDateTime::new(date, time))
}

/// Three numbers of so many digits each.
fn numbers(text: &str, separator: char, digits: [usize; 3]) -> Option<[u16; 3]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; 3];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts
            .next()
            .filter(|part| part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::utc_datetime;

    const NOW: UtcDateTime = utc_datetime!(2026-11-23 09:00:00);

    fn code(value: &str) -> Result<UtcDateTime, &'static str> {
        Override::read(value, NOW)
            .map(|o| o.until)
            .map_err(|error| error.code())
    }

    #[test]
    fn an_override_says_until_when_who_and_why() {
        assert_eq!(
            Override::read("until=2026-11-23T18:00Z by=alice reason=INC-42 hotfix", NOW),
            Ok(Override {
                until: utc_datetime!(2026-11-23 18:00:00),
                by: "alice".to_owned(),
                reason: "INC-42 hotfix".to_owned(),
            })
        );
        assert_eq!(
            code("until=2026-11-23T18:00:30Z by=a reason=b"),
            Ok(utc_datetime!(2026-11-23 18:00:30))
        );
    }

    /// What is written is what is read, or it is not written.
    #[test]
    fn an_override_is_written_as_it_is_read() {
        let of = |by: &str, reason: &str, until| Override {
            until,
            by: by.to_owned(),
            reason: reason.to_owned(),
        };
        let until = utc_datetime!(2026-11-23 18:00:30);
        let overridden = of("alice", "INC-42: a+b = c/d_e @home", until);
        let value = overridden.to_tag(NOW).expect("it is valid");
        assert_eq!(
            value,
            "until=2026-11-23T18:00:30Z by=alice reason=INC-42: a+b = c/d_e @home"
        );
        assert_eq!(Override::read(&value, NOW), Ok(overridden));
        let longest = "x".repeat(180);
        // 256 characters, and no more.
        let longest_tag = of(&"a".repeat(38), &longest, until).to_tag(NOW);
        assert_eq!(longest_tag.map(|value| value.len()), Ok(256));
        for (overridden, code) in [
            (of("alice b", "c", until), "override.malformed"),
            (of("", "c", until), "override.malformed"),
            (of("alice", "", until), "override.malformed"),
            (of("alice", "what?", until), "override.malformed"),
            (of("alice", "two\nlines", until), "override.malformed"),
            (
                of("alice", &format!("{longest}y"), until),
                "override.malformed",
            ),
            (of(&"a".repeat(39), &longest, until), "override.malformed"),
            (of("alice", "c", NOW), "override.expired"),
            (
                of("alice", "c", NOW + Duration::days(8)),
                "override.too-far-ahead",
            ),
        ] {
            let error = overridden.to_tag(NOW).expect_err("it is not valid");
            assert_eq!(error.code(), code, "{overridden:?}");
        }
    }

    #[test]
    fn it_is_in_force_before_its_end_and_at_most_seven_days() {
        assert!(code("until=2026-11-23T09:00:01Z by=a reason=b").is_ok());
        assert_eq!(
            code("until=2026-11-23T09:00Z by=a reason=b"),
            Err("override.expired")
        );
        assert!(code("until=2026-11-30T09:00Z by=a reason=b").is_ok());
        assert_eq!(
            code("until=2026-11-30T09:00:01Z by=a reason=b"),
            Err("override.too-far-ahead")
        );
        let error = Override::read("until=2027-11-23T09:00Z by=a reason=b", NOW);
        let text = error.expect_err("a year").to_string();
        assert!(text.contains("2026-11-30T09:00"), "{text}");
    }

    #[test]
    fn a_reason_has_at_most_180_characters() {
        let value = |length| format!("until=2026-11-23T18:00Z by=a reason={}", "é".repeat(length));
        assert!(code(&value(180)).is_ok());
        assert_eq!(code(&value(181)), Err("override.malformed"));
    }

    #[test]
    fn anything_else_is_malformed() {
        let long = format!("until=2026-11-23T18:00Z by=a reason={}", "x".repeat(181));
        for value in [
            "",
            "yes",
            "by=a until=2026-11-23T18:00Z reason=b",
            "until=2026-11-23T18:00Z reason=b by=a",
            "until=2026-11-23T18:00Z by=a",
            "until=2026-11-23T18:00Z by=a reason=",
            "until=2026-11-23T18:00Z by=a reason= ",
            "until=2026-11-23T18:00Z by=a reason= b",
            "until=2026-11-23T18:00Z by= reason=b",
            "until=2026-11-23T18:00Z by=\u{3164} reason=b",
            "until=2026-11-23T18:00Z by=a reason=\u{3164}\u{2800}",
            "until=2026-11-23T18:00Z  by=a reason=b",
            "until=2026-11-23T18:00Z by=a  reason=b",
            " until=2026-11-23T18:00Z by=a reason=b",
            "until=2026-11-23T18:00 by=a reason=b",
            "until=2026-11-23T18:00+01:00 by=a reason=b",
            "until=2026-11-23 18:00Z by=a reason=b",
            "until=2026-11-31T18:00Z by=a reason=b",
            "until=2026-11-23T24:00Z by=a reason=b",
            "until=2026-11-23T18Z by=a reason=b",
            "until=2026-11-23T18:00:00.5Z by=a reason=b",
            "until=26-11-23T18:00Z by=a reason=b",
            "until=+026-11-23T18:00Z by=a reason=b",
            "UNTIL=2026-11-23T18:00Z by=a reason=b",
            &long,
        ] {
            assert_eq!(code(value), Err("override.malformed"), "{value:?}");
        }
    }
}
