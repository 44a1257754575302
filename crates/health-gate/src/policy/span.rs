//! Durations as a policy writes them: one whole number and one unit.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use time::Duration;

/// A length of time of at least `MIN` and at most `MAX` seconds. `u64::MAX` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span<const MIN: u64, const MAX: u64>(u64);

const UNITS: [(char, u64); 4] = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];

/// Why a text is no span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoSpan {
    /// Not one whole number and one unit.
    Form,
    /// Shorter or longer than what is accepted.
    Range,
}

impl<const MIN: u64, const MAX: u64> Span<MIN, MAX> {
    /// A span that is known when this is compiled.
    ///
    /// # Panics
    /// If it is out of range; in a constant, that is an error of the compiler.
    #[expect(clippy::panic, reason = "for constants only")]
    pub const fn of(seconds: u64) -> Self {
        if seconds < MIN || seconds > MAX {
            panic!("the span is out of its range")
        }
        Self(seconds)
    }

    pub(super) fn read(text: &str) -> Result<Self, NoSpan> {
        let unit = text.chars().next_back().ok_or(NoSpan::Form)?;
        let (_, seconds) = UNITS
            .into_iter()
            .find(|(name, _)| *name == unit)
            .ok_or(NoSpan::Form)?;
        let number = text.strip_suffix(unit).unwrap_or_default();
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NoSpan::Form);
        }
        // More than a number takes is as long as possible.
        let number: u64 = number.parse().unwrap_or(u64::MAX);
        let seconds = number.saturating_mul(seconds);
        if (MIN..=MAX).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(NoSpan::Range)
        }
    }

    /// What is accepted, for an error.
    pub(super) fn accepted() -> String {
        let range = if MAX == u64::MAX {
            format!("of {} or more", Self(MIN))
        } else {
            format!("from {} to {}", Self(MIN), Self(MAX))
        };
        format!(
            "a duration {range}, one whole number and one unit of `s`, `m`, `h` or `d`, like `{}`",
            Self::example()
        )
    }

    fn example() -> Self {
        Self(
            [3_600 * 2, 60 * 10, MIN]
                .into_iter()
                .find(|s| (MIN..=MAX).contains(s))
                .unwrap_or(MIN),
        )
    }

    /// As a length of time. One that no clock reaches is as long as possible.
    pub fn duration(self) -> Duration {
        Duration::seconds(i64::try_from(self.0).unwrap_or(i64::MAX))
    }

    /// Whether it is no time at all.
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }
}

/// As a policy writes it.
impl<const MIN: u64, const MAX: u64> FromStr for Span<MIN, MAX> {
    type Err = String;

    /// The error says what is accepted.
    fn from_str(text: &str) -> Result<Self, String> {
        Self::read(text).map_err(|_| format!("accepted: {}", Self::accepted()))
    }
}

/// In the largest unit that leaves no rest, days only from a week on: `7d`, `72h`, `90s`.
impl<const MIN: u64, const MAX: u64> fmt::Display for Span<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(self.0))
    }
}

fn text(seconds: u64) -> String {
    let whole = |unit: &(char, u64)| {
        (unit.0 != 'd' || seconds >= 7 * unit.1) && seconds.is_multiple_of(unit.1)
    };
    let (unit, length) = UNITS
        .into_iter()
        .rev()
        .find(whole)
        .filter(|_| seconds > 0)
        .unwrap_or(('s', 1));
    format!("{}{unit}", seconds / length)
}

impl<const MIN: u64, const MAX: u64> Serialize for Span<MIN, MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_range_belong_to_it() {
        assert_eq!(Span::<1, 10>::of(1).duration(), Duration::seconds(1));
        assert_eq!(Span::<1, 10>::of(10).duration(), Duration::seconds(10));
    }

    #[test]
    #[should_panic(expected = "out of its range")]
    fn less_than_the_range_is_no_span() {
        Span::<1, 10>::of(0);
    }

    #[test]
    #[should_panic(expected = "out of its range")]
    fn more_than_the_range_is_no_span() {
        Span::<1, 10>::of(11);
    }
}
