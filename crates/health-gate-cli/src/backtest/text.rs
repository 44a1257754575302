//! A back-test for a terminal.

use std::io::Write;

use anyhow::Result;
use health_gate::{Backtest, Group, grouped, hours_and_minutes, one_line, to_the_minute};

use crate::output::{GOOD, HEADING, QUIET, WARNING, print_table, styled, table};

/// How many blocked times are shown: the newest.
const SPANS: usize = 20;

/// Prints the answer first, and then what it is made of.
pub(crate) fn print(backtest: &Backtest, source: &str, out: &mut impl Write) -> Result<()> {
    let window = backtest.window;
    let within = format!(
        "between {} and {}",
        to_the_minute(window.from),
        to_the_minute(window.until)
    );
    let Some(longest) = backtest.longest_span() else {
        let text = format!("{within}, this policy would have stopped nothing");
        writeln!(out, "{}", styled(GOOD, text))?;
        return tally(backtest, source, out);
    };
    let text = format!(
        "{within}, this policy would have stopped deployments {} for {} in all ({:.1} % of the time); the longest took {}, from {}",
        times(backtest.spans.len()),
        hours_and_minutes(backtest.blocked),
        backtest.blocked_share * 100.0,
        hours_and_minutes(backtest.longest),
        to_the_minute(longest.from),
    );
    writeln!(out, "{}", styled(WARNING, text))?;
    tally(backtest, source, out)?;

    let older = backtest.spans.len().saturating_sub(SPANS);
    let more = if older > 0 {
        format!(
            ", the newest {SPANS} ({} older ones are in --format json)",
            grouped(older)
        )
    } else {
        String::new()
    };
    writeln!(out, "\n{}{more}", styled(HEADING, "When"))?;
    let mut rows = table(&["from", "until", "for", "events"]);
    for span in backtest.spans.iter().rev().take(SPANS) {
        rows.add_row([
            to_the_minute(span.from),
            to_the_minute(span.until),
            hours_and_minutes(span.length()),
            grouped(span.arns.len()),
        ]);
    }
    print_table(out, &rows)?;

    groups("By service", "service", &backtest.services, out)?;
    groups("By region", "region", &backtest.regions, out)?;

    writeln!(out, "\n{}", styled(HEADING, "What each rule has changed"))?;
    let mut rows = table(&["rule", "kept out", "by it alone", "time saved"]);
    for rule in &backtest.rules {
        rows.add_row([
            rule.key.to_owned(),
            events(rule.events),
            events(rule.only_by_it),
            hours_and_minutes(rule.saved),
        ]);
    }
    print_table(out, &rows)?;

    writeln!(out, "\n{}", styled(HEADING, "What a quiet period comes to"))?;
    let mut rows = table(&["quietPeriod", "stopped", "for"]);
    for quiet in &backtest.quiet_periods {
        let own = if quiet.own { " (this policy's)" } else { "" };
        rows.add_row([
            format!("{}{own}", hours_and_minutes(quiet.length)),
            times(quiet.spans),
            hours_and_minutes(quiet.blocked),
        ]);
    }
    print_table(out, &rows)
}

fn tally(backtest: &Backtest, source: &str, out: &mut impl Write) -> Result<()> {
    let tally = backtest.tally;
    let text = format!(
        "{}: {}, of which {} stood in the way, {} did not pass a filter, {} were stale, {} had not begun, {} were outside of these days. \
         An event is taken to have stood in the way from its start to the later of its end and its last update, and to have been updated often enough.",
        one_line(source),
        events(tally.read),
        grouped(tally.blocking),
        grouped(tally.excluded),
        grouped(tally.stale),
        grouped(tally.not_begun),
        grouped(tally.outside),
    );
    Ok(writeln!(out, "{}", styled(QUIET, text))?)
}

fn groups(heading: &str, noun: &str, groups: &[Group], out: &mut impl Write) -> Result<()> {
    writeln!(out, "\n{}", styled(HEADING, heading))?;
    let mut rows = table(&[noun, "events", "for"]);
    for group in groups {
        rows.add_row([
            one_line(group.name.as_deref().unwrap_or("-")),
            grouped(group.events),
            hours_and_minutes(group.blocked),
        ]);
    }
    print_table(out, &rows)
}

fn events(count: usize) -> String {
    match count {
        1 => "1 event".to_owned(),
        count => format!("{} events", grouped(count)),
    }
}

fn times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{} times", grouped(count)),
    }
}
