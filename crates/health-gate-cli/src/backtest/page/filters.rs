//! How the template writes times, lengths and numbers.
#![expect(
    unreachable_pub,
    reason = "askama makes a public function of each filter"
)]

use std::borrow::Borrow;

use askama::{Result, Values};
use time::{Duration, UtcDateTime};

/// For programs: `2026-11-23T06:40:00Z`.
#[askama::filter_fn]
pub(crate) fn rfc3339(at: impl Borrow<UtcDateTime>, _: &dyn Values) -> Result<String> {
    Ok(health_gate::rfc3339(*at.borrow()))
}

/// For people: `2026-11-23 06:40`. That it is UTC is said once, where it is used.
#[askama::filter_fn]
pub(crate) fn minute(at: impl Borrow<UtcDateTime>, _: &dyn Values) -> Result<String> {
    Ok(to_the_minute(*at.borrow()))
}

/// `61 h 20 min`
#[askama::filter_fn]
pub(crate) fn length(length: impl Borrow<Duration>, _: &dyn Values) -> Result<String> {
    Ok(health_gate::hours_and_minutes(*length.borrow()))
}

/// `2.8 %`
#[askama::filter_fn]
pub(crate) fn percent(share: impl Borrow<f64>, _: &dyn Values) -> Result<String> {
    Ok(percentage(*share.borrow()))
}

/// `4,012`
#[askama::filter_fn]
pub(crate) fn count(number: impl Borrow<usize>, _: &dyn Values) -> Result<String> {
    Ok(health_gate::grouped(number.borrow()))
}

/// `2026-11-23 06:40`
pub(super) fn to_the_minute(at: UtcDateTime) -> String {
    let text = health_gate::to_the_minute(at);
    text.strip_suffix(" UTC").unwrap_or(&text).to_owned()
}

/// Something is never nothing, and not quite all is never all.
pub(super) fn percentage(share: f64) -> String {
    match 100.0 * share {
        none if none <= 0.0 => "0 %".to_owned(),
        little if little < 0.1 => "less than 0.1 %".to_owned(),
        most if (99.9..100.0).contains(&most) => "more than 99.9 %".to_owned(),
        all if all >= 100.0 => "100 %".to_owned(),
        some => format!("{some:.1} %"),
    }
}
