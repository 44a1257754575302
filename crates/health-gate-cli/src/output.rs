//! What the command prints: data on standard output, as text for people or as JSON for programs.

use std::io::{self, IsTerminal as _, Write};

use anstyle::{AnsiColor, Style};
use anyhow::Result;
use clap::{Args, ValueEnum};
use comfy_table::{ContentArrangement, Table, presets};
use health_gate::escaped;
use serde::Serialize;
use time::UtcDateTime;

/// The form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    // For people. (Comments of the other kind would make a paragraph each of the help.)
    Text,
    // For programs: one JSON object.
    Json,
}

/// The form of the output.
#[derive(Debug, Clone, Args)]
pub(crate) struct FormatArgument {
    /// The form of the output.
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
}

/// Good news.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
/// News that somebody should see.
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// Bad news.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// What is less important.
pub(crate) const QUIET: Style = Style::new().dimmed();
/// A heading.
pub(crate) const HEADING: Style = Style::new().bold();

/// A text in a style.
pub(crate) fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Prints one JSON object. What cannot be seen is escaped, which changes nothing for programs.
pub(crate) fn print_json(out: &mut impl Write, value: &impl Serialize) -> Result<()> {
    let json = serde_json::to_string_pretty(value)?;
    // The line breaks are its own: those of texts are escaped.
    for line in json.lines() {
        writeln!(out, "{}", escaped(line))?;
    }
    Ok(())
}

/// A table that fits the terminal; without one, as wide as it is.
pub(crate) fn table(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    match width() {
        Some(width) => {
            table.set_content_arrangement(ContentArrangement::Dynamic);
            table.set_width(width);
        }
        None => {
            table.set_content_arrangement(ContentArrangement::Disabled);
        }
    }
    table.set_header(headings.iter().map(|heading| heading.to_uppercase()));
    table
}

/// Prints a table, without blanks at the ends of its lines.
pub(crate) fn print_table(out: &mut impl Write, table: &Table) -> Result<()> {
    for line in table.to_string().lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// A text in lines that fit the terminal, each with this before it; without a terminal, as it is. No word is broken: an address is to be
/// copied.
pub(crate) fn lines_of(text: &str, indent: &str) -> Vec<String> {
    let Some(width) = width() else {
        return vec![format!("{indent}{text}")];
    };
    let options = textwrap::Options::new(width.into())
        .initial_indent(indent)
        .subsequent_indent(indent)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    let lines = textwrap::wrap(text, options).into_iter();
    lines.map(std::borrow::Cow::into_owned).collect()
}

/// The columns of the terminal that standard output is.
fn width() -> Option<u16> {
    let stdout = io::stdout();
    let size = stdout
        .is_terminal()
        .then(|| terminal_size::terminal_size_of(&stdout))?;
    size.map(|(terminal_size::Width(columns), _)| columns)
}

/// `14:05 UTC`, with the day if that is another one than `now`'s.
pub(crate) fn clock(at: UtcDateTime, now: UtcDateTime) -> String {
    let text = health_gate::to_the_minute(at);
    let today = at.date() == now.date();
    text.split_once(' ')
        .filter(|_| today)
        .map_or_else(|| text.clone(), |(_, time)| time.to_owned())
}
