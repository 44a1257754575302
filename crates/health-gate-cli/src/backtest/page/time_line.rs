//! The time line: a row with all blocked time, and below it a row a region, or a service in a region if these are few.

use std::collections::BTreeMap;

use health_gate::{Backtest, BlockingEvent, Window, grouped, hours_and_minutes};
use time::{Duration, UtcDateTime};

use super::axis::{Tick, place, ticks};
use super::filters::to_the_minute;
use super::{events, named};

/// More rows than these are drawn by region only.
const FEW: usize = 10;
/// The widest that a page shows a time line, in pixels: what is nearer than one of them is drawn as one bar.
const PIXELS: i32 = 1_120;
/// How many events or ARNs a bar names.
const NAMED: usize = 4;
/// The heights of a row and of the labels above the first one, in pixels.
const ROW: usize = 42;
const LABELS: usize = 24;

/// What is drawn.
#[derive(Debug, Clone)]
pub(super) struct TimeLine {
    /// All blocked time first.
    pub(super) rows: Vec<Row>,
    pub(super) ticks: Vec<Tick>,
    /// What the rows below the first one are.
    pub(super) rows_are: &'static str,
    /// In pixels.
    pub(super) height: usize,
}

#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) events: String,
    pub(super) blocked: String,
    pub(super) bars: Vec<Bar>,
    /// Its upper end, in pixels.
    pub(super) y: usize,
}

#[derive(Debug, Clone)]
pub(super) struct Bar {
    pub(super) from: UtcDateTime,
    pub(super) until: UtcDateTime,
    /// Its place and width, in percent of the width.
    pub(super) x: f64,
    pub(super) width: f64,
    /// It would be too narrow to be seen.
    pub(super) is_thin: bool,
    pub(super) events: usize,
    /// The first few, with spaces between them.
    pub(super) arns: String,
    pub(super) title: String,
}

impl TimeLine {
    pub(super) fn of(backtest: &Backtest) -> Self {
        let window = backtest.window;
        let by_both = rows_by(&backtest.events, |event| {
            format!(
                "{} {}",
                named(event.service.as_ref()),
                named(event.region.as_ref())
            )
        });
        let (rows_are, rows) = if by_both.len() <= FEW {
            ("service and region", by_both)
        } else {
            let region = |event: &BlockingEvent| named(event.region.as_ref()).to_owned();
            ("region", rows_by(&backtest.events, region))
        };
        let mut rows: Vec<(Duration, Row)> = rows
            .into_iter()
            .map(|(name, events)| Row::of_events(name, events, window))
            .collect();
        rows.sort_by_key(|(blocked, _)| std::cmp::Reverse(*blocked));
        let rows = rows.into_iter().map(|(_, row)| row);
        let mut rows: Vec<Row> = [Row::of_spans(backtest)].into_iter().chain(rows).collect();
        for (number, row) in rows.iter_mut().enumerate() {
            row.y = LABELS + number * ROW;
        }
        Self {
            height: LABELS + rows.len() * ROW,
            rows,
            ticks: ticks(window),
            rows_are,
        }
    }
}

fn rows_by(
    events: &[BlockingEvent],
    name: impl Fn(&BlockingEvent) -> String,
) -> BTreeMap<String, Vec<&BlockingEvent>> {
    let mut rows: BTreeMap<String, Vec<&BlockingEvent>> = BTreeMap::new();
    // The first one first.
    for event in events.iter().rev() {
        rows.entry(name(event)).or_default().push(event);
    }
    rows
}

impl Row {
    /// All blocked time, to the second.
    fn of_spans(backtest: &Backtest) -> Self {
        let bars = backtest.spans.iter().map(|span| {
            let what = format!("no way through, {}", events(span.arns.len()));
            let arns = span.arns.iter().map(String::as_str);
            Bar::new(
                (span.from, span.until),
                backtest.window,
                &what,
                span.arns.len(),
                arns,
            )
        });
        let times = match backtest.spans.len() {
            1 => "once".to_owned(),
            times => format!("{} times", grouped(times)),
        };
        Self {
            name: "Deployments stopped".to_owned(),
            events: times,
            blocked: hours_and_minutes(backtest.blocked),
            bars: bars.collect(),
            y: 0,
        }
    }

    /// A bar an event, but what overlaps or is nearer than a pixel is one bar. With how long there was at least one.
    fn of_events(name: String, row: Vec<&BlockingEvent>, window: Window) -> (Duration, Self) {
        let pixel = window.length() / PIXELS;
        let mut blocked = Duration::ZERO;
        let mut last_until = window.from;
        let mut bars: Vec<Vec<&BlockingEvent>> = Vec::new();
        for event in &row {
            blocked += (event.until - event.from.max(last_until)).max(Duration::ZERO);
            match bars.last_mut() {
                Some(bar) if event.from - last_until < pixel => bar.push(event),
                _ => bars.push(vec![event]),
            }
            last_until = last_until.max(event.until);
        }
        let bars = bars.into_iter().map(|bar| Bar::of_events(&bar, window));
        let row = Self {
            name: cut(&name),
            events: events(row.len()),
            blocked: hours_and_minutes(blocked),
            bars: bars.collect(),
            y: 0,
        };
        (blocked, row)
    }
}

impl Bar {
    fn of_events(events: &[&BlockingEvent], window: Window) -> Self {
        let from = events.iter().map(|event| event.from).min();
        let until = events.iter().map(|event| event.until).max();
        let names = events.iter().take(NAMED).map(|event| {
            let (code, region) = (event.type_code.as_ref(), event.region.as_ref());
            format!("{} in {}", named(code), named(region))
        });
        let mut names: Vec<String> = names.collect();
        if events.len() > NAMED {
            names.push(format!("{} more", events.len() - NAMED));
        }
        let what = match events.len() {
            1 => names.concat(),
            count => format!("{}: {}", super::events(count), names.join("; ")),
        };
        let when = (from.unwrap_or(window.from), until.unwrap_or(window.until));
        let arns = events.iter().map(|event| event.arn.as_str());
        Self::new(when, window, &what, events.len(), arns)
    }

    fn new<'a>(
        (from, until): (UtcDateTime, UtcDateTime),
        window: Window,
        what: &str,
        events: usize,
        arns: impl Iterator<Item = &'a str>,
    ) -> Self {
        let (x, end) = (place(from, window), place(until, window));
        Self {
            from,
            until,
            x,
            width: end - x,
            is_thin: until - from < window.length() / PIXELS,
            events,
            arns: arns.take(NAMED).collect::<Vec<_>>().join(" "),
            title: format!(
                "{} to {} UTC ({}): {what}",
                to_the_minute(from),
                to_the_minute(until),
                hours_and_minutes(until - from),
            ),
        }
    }
}

/// A name that leaves room for what stands beside it.
fn cut(name: &str) -> String {
    const LONGEST: usize = 40;
    if name.chars().count() <= LONGEST {
        return name.to_owned();
    }
    let start: String = name.chars().take(LONGEST - 1).collect();
    format!("{start}…")
}
