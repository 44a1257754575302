//! Where a time line has its marks, and what they say.

use health_gate::Window;
use time::{Duration, Month, UtcDateTime};

/// A mark of the axis.
#[derive(Debug, Clone)]
pub(super) struct Tick {
    pub(super) at: UtcDateTime,
    /// Its place, in percent of the width.
    pub(super) x: f64,
    /// What stands there. `None` too near at the end.
    pub(super) label: Option<String>,
    /// Its label is left out on a narrow screen.
    pub(super) is_minor: bool,
}

/// As many labels stand side by side without touching: those with an hour, and those without.
const HOURS: i32 = 9;
const DAYS: i32 = 14;

/// The place of a point in time, in percent of a window's length.
pub(super) fn place(at: UtcDateTime, window: Window) -> f64 {
    let length = window.length().as_seconds_f64().max(1.0);
    100.0 * (at - window.from).as_seconds_f64() / length
}

/// Marks at full hours, days, Mondays or months, whichever are few enough.
pub(super) fn ticks(window: Window) -> Vec<Tick> {
    let hours = [1, 3, 6, 12, 24, 48, 7 * 24, 14 * 24].map(Duration::hours);
    let few = |step: &Duration| {
        let most = if *step < Duration::days(1) {
            HOURS
        } else {
            DAYS
        };
        *step * most >= window.length()
    };
    let (times, label): (Vec<UtcDateTime>, fn(UtcDateTime) -> String) =
        match hours.into_iter().find(few) {
            Some(step) if step < Duration::days(1) => (every(step, window), hour),
            Some(step) => (every(step, window), day),
            None => (months(window), month),
        };
    let ticks = times.into_iter().enumerate().map(|(number, at)| {
        let x = place(at, window);
        Tick {
            at,
            x,
            label: (x < 94.0).then(|| label(at)),
            is_minor: number % 3 != 0 || x > 80.0,
        }
    });
    ticks.collect()
}

fn every(step: Duration, window: Window) -> Vec<UtcDateTime> {
    // The first Monday of Unix time.
    let monday = UtcDateTime::UNIX_EPOCH + Duration::days(4);
    let past = (window.from - monday)
        .whole_seconds()
        .rem_euclid(step.whole_seconds());
    let first = match past {
        0 => Some(window.from),
        past => window.from.checked_add(step - Duration::seconds(past)),
    };
    let times = std::iter::successors(first, |at| at.checked_add(step));
    times.take_while(|at| *at < window.until).collect()
}

/// The first days of months, in years' steps if they are too many.
fn months(window: Window) -> Vec<UtcDateTime> {
    let count = window.length().whole_days() / 30;
    let step = [1, 3, 6, 12].into_iter().find(|step| count / step <= 12);
    let step = step.unwrap_or(12 * (1 + count / 12 / 12));
    let day = |year: i32, month: i64| {
        let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
        let date = time::Date::from_calendar_date(year, month, 1).ok()?;
        Some(UtcDateTime::new(date, time::Time::MIDNIGHT))
    };
    let (first, last) = (window.from.year(), window.until.year());
    let months = i64::from(first) * 12..=i64::from(last) * 12 + 11;
    let fits = months.filter(|month| month.rem_euclid(step) == 0);
    let days = fits.filter_map(|month| {
        let year = i32::try_from(month.div_euclid(12)).ok()?;
        day(year, month.rem_euclid(12) + 1)
    });
    days.filter(|at| (window.from..window.until).contains(at))
        .collect()
}

fn hour(at: UtcDateTime) -> String {
    format!("{} {:02}:00", day(at), at.hour())
}

fn day(at: UtcDateTime) -> String {
    format!("{} {}", at.day(), short(at.month()))
}

fn month(at: UtcDateTime) -> String {
    if at.month() == Month::January {
        at.year().to_string()
    } else {
        short(at.month())
    }
}

fn short(month: Month) -> String {
    month.to_string().chars().take(3).collect()
}

/// `23 November 2026`
pub(super) fn day_and_year(at: UtcDateTime) -> String {
    format!("{} {} {}", at.day(), at.month(), at.year())
}
