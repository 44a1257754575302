//! The page that people put in front of their team: a back-test as one HTML file that needs no network and no script.

mod axis;
mod filters;
mod time_line;

use std::collections::{BTreeSet, HashMap};

use askama::Template;
use health_gate::{
    Backtest, BlockedSpan, BlockingEvent, EventEnd, EventScope, Group, QuietPeriod, Window,
    grouped, is_invisible,
};
use time::{Duration, UtcDateTime};

use time_line::TimeLine;

/// How many rows a table has at most. The time line has them all.
const ROWS: usize = 500;

/// What a back-test does not know of itself.
#[derive(Debug, Clone)]
pub(crate) struct About {
    /// The policy, as JSON on several lines.
    pub(crate) policy: String,
    /// Where the events come from: `AWS Health, account 111122223333`, or a file's name.
    pub(crate) source: String,
    /// When the page was made.
    pub(crate) made_at: UtcDateTime,
}

#[derive(Template)]
#[template(path = "backtest.html")]
struct Page<'b> {
    backtest: &'b Backtest,
    about: &'b About,
    time_line: TimeLine,
    by_arn: HashMap<&'b str, &'b BlockingEvent>,
}

/// The page. All text in it is escaped, and shows all of itself, whoever wrote it.
///
/// # Errors
/// None of its own: askama's, if nothing can be written.
pub(crate) fn page(backtest: &Backtest, about: &About) -> Result<String, askama::Error> {
    let time_line = TimeLine::of(backtest);
    let events = backtest.events.iter();
    let page = Page {
        backtest,
        about,
        time_line,
        by_arn: events.map(|event| (event.arn.as_str(), event)).collect(),
    };
    let page = page.render()?;
    // Of the page's own, there are only line breaks.
    Ok(page.replace(|c| c != '\n' && is_invisible(c), " "))
}

impl Page<'_> {
    /// The newest spans.
    fn spans(&self) -> impl Iterator<Item = &BlockedSpan> {
        self.backtest.spans.iter().rev().take(ROWS)
    }

    /// The newest events.
    fn events(&self) -> impl Iterator<Item = &BlockingEvent> {
        self.backtest.events.iter().take(ROWS)
    }

    /// What a table does not show: `the 500 newest of 1,204; the time line has them all`.
    fn left_out(&self, rows: usize) -> Option<String> {
        let rows_at_most = grouped(ROWS);
        (rows > ROWS).then(|| {
            let left_out = grouped(rows - ROWS);
            format!("The newest {rows_at_most}; {left_out} older ones are left out. The time line has them all.")
        })
    }

    /// The services and regions of a span's events, as many as a person would read.
    fn whose(&self, span: &BlockedSpan) -> String {
        const FEW: usize = 3;
        let events = span.arns.iter().map(|arn| self.by_arn.get(arn.as_str()));
        let names: BTreeSet<String> = events
            .flatten()
            .map(|event| {
                format!(
                    "{} in {}",
                    named(event.service.as_ref()),
                    named(event.region.as_ref())
                )
            })
            .collect();
        let more = names.len().saturating_sub(FEW);
        let mut text = names.into_iter().take(FEW).collect::<Vec<_>>().join(", ");
        if more > 0 {
            text.push_str(&format!(" and {more} more"));
        }
        text
    }

    /// The longest bar of a table is as long as its cell.
    fn part_of_longest(&self, groups: &[Group], blocked: Duration) -> String {
        let longest = groups.iter().map(|group| group.blocked).max();
        let longest = longest.unwrap_or_default().as_seconds_f64().max(1.0);
        format!("{:.1}", 100.0 * blocked.as_seconds_f64() / longest)
    }

    /// What a quiet period adds to none.
    fn added(&self, quiet: &QuietPeriod) -> Duration {
        let none = self.backtest.quiet_periods.first();
        quiet.blocked - none.map_or(quiet.blocked, |none| none.blocked)
    }
}

/// The days between which a window lies. A window that ends at midnight ends with the day before.
fn days(window: Window) -> String {
    let whole = |at: UtcDateTime| at == at.truncate_to_day();
    if whole(window.from) && whole(window.until) && window.from < window.until {
        let last = window.until.saturating_sub(Duration::days(1));
        let (first, last) = (axis::day_and_year(window.from), axis::day_and_year(last));
        if first == last {
            format!("On {first}")
        } else {
            format!("From {first} to {last}")
        }
    } else {
        let text = |at| health_gate::to_the_minute(at).replace(" UTC", "");
        format!("Between {} and {}", text(window.from), text(window.until))
    }
}

/// `4 events`.
fn events(count: usize) -> String {
    match count {
        1 => "1 event".to_owned(),
        count => format!("{} events", grouped(count)),
    }
}

fn named(name: Option<&String>) -> &str {
    name.map_or("not named", String::as_str)
}

fn end(end: EventEnd) -> &'static str {
    match end {
        EventEnd::Closed => "closed",
        EventEnd::Unknown => "closed, not known when",
        EventEnd::Stale => "open, but stale",
        EventEnd::Open => "still open",
    }
}

fn scope(scope: Option<EventScope>) -> &'static str {
    match scope {
        Some(EventScope::Public) => "public",
        Some(EventScope::AccountSpecific) => "this account",
        Some(EventScope::None) => "none",
        Some(EventScope::Other) => "another",
        None => "not named",
    }
}

/// A value of the policy: a list without quotation marks and brackets.
fn on_one_line(value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::Array(values) => values
            .iter()
            .map(on_one_line)
            .collect::<Vec<_>>()
            .join(", "),
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

/// The address of a public event. That of others is a list of open ones, which an event of the past is not in.
fn link(event: &BlockingEvent) -> Option<&str> {
    let link = event.link.as_deref();
    link.filter(|_| event.scope == Some(EventScope::Public))
}

#[cfg(test)]
mod tests;
