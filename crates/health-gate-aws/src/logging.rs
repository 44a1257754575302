//! Log lines, in the format and at the level that Lambda's logging configuration asks for.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};

use health_gate::escaped;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterExt, Targets, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use crate::clock::Clock;
use crate::metrics;
use crate::settings::{LogFormat, Settings};

/// Sends log lines to stdout from now on, dated by `clock`. Call it once, first thing in `main`.
pub fn init(settings: &Settings, clock: Clock) {
    // Only a second call can fail here; then the first one's subscriber stays, which is what it is for.
    let _ = tracing::subscriber::set_global_default(subscriber(settings, clock, io::stdout));
}

/// What writes log lines and metrics to `out`, dated by `clock`.
pub fn subscriber<W>(settings: &Settings, clock: Clock, out: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Clone + Send + Sync + 'static,
{
    let out = OneLine(out);
    let metric_lines = MetricLines {
        level: metric_level(settings.log_level.as_deref()),
        clock: clock.clone(),
        out: out.clone(),
    };
    // Told what it is for, so that it does not make every crate's TRACE lines worth writing.
    let is_metrics =
        filter_fn(|line| line.target() == metrics::TARGET).with_max_level_hint(LevelFilter::ERROR);
    tracing_subscriber::registry()
        .with(layer(settings, clock, out))
        .with(metric_lines.with_filter(is_metrics))
}

fn layer<S, W>(settings: &Settings, clock: Clock, out: W) -> Box<dyn Layer<S> + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let filter = level(settings.log_level.as_deref()).and(filter_fn(may_be_logged));
    let lines = tracing_subscriber::fmt::layer()
        .with_timer(clock)
        .with_writer(out);
    match settings.log_format {
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .with_filter(filter)
            .boxed(),
        LogFormat::Text => lines.with_ansi(false).with_filter(filter).boxed(),
    }
}

/// Other crates' lines below DEBUG are never logged, whatever level is asked for: at TRACE the Lambda runtime
/// prints the raw job event, and the SDK the bodies of answers; both carry live artifact credentials. A release does not have them at all
/// (`release_max_level_debug`).
fn may_be_logged(line: &Metadata<'_>) -> bool {
    const OURS: [&str; 3] = ["health_gate", "pipeline_gate", "stage_retry"];
    if line.target() == metrics::TARGET {
        return false;
    }
    *line.level() <= Level::DEBUG || OURS.iter().any(|name| line.target().starts_with(name))
}

/// Writes the lines of metrics as they are, at whatever level and in whatever format the log is. With Lambda's JSON log
/// format, Lambda drops lines without `timestamp` and `level`, and those whose level is too low: they carry both.
struct MetricLines<W> {
    level: &'static str,
    clock: Clock,
    out: W,
}

impl<S, W> Layer<S> for MetricLines<W>
where
    S: Subscriber,
    W: for<'w> MakeWriter<'w> + 'static,
{
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line::default();
        event.record(&mut line);
        let mut now = String::new();
        if self.clock.format_time(&mut Writer::new(&mut now)).is_err() {
            return;
        }
        let rest = line.0.strip_prefix('{').unwrap_or_default();
        let text = format!(
            "{{\"level\":\"{}\",\"timestamp\":\"{now}\",{rest}\n",
            self.level
        );
        // Nobody is left to tell when stdout is closed.
        let _ = self.out.make_writer().write_all(text.as_bytes());
    }
}

/// Writes each line as one line that shows all of itself, whatever somebody has written into the texts in it: what cannot be seen
/// is written as JSON escapes it, which in JSON changes nothing. The layers write a line at a time.
#[derive(Debug, Clone)]
struct OneLine<W>(W);

impl<'w, W: MakeWriter<'w>> MakeWriter<'w> for OneLine<W> {
    type Writer = OneLine<W::Writer>;

    fn make_writer(&'w self) -> Self::Writer {
        OneLine(self.0.make_writer())
    }

    fn make_writer_for(&'w self, line: &Metadata<'_>) -> Self::Writer {
        OneLine(self.0.make_writer_for(line))
    }
}

impl<W: Write> Write for OneLine<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let (text, end) = match text.strip_suffix('\n') {
            Some(text) => (text, "\n"),
            None => (&*text, ""),
        };
        match escaped(text) {
            Cow::Borrowed(_) => self.0.write_all(line)?,
            Cow::Owned(text) => self.0.write_all((text + end).as_bytes())?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[derive(Default)]
struct Line(String);

impl Visit for Line {
    fn record_str(&mut self, _: &Field, value: &str) {
        value.clone_into(&mut self.0);
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// The level that Lambda lets through when it is set to `text`: INFO, or what is more severe.
fn metric_level(text: Option<&str>) -> &'static str {
    match text
        .unwrap_or_default()
        .trim()
        .to_ascii_uppercase()
        .as_str()
    {
        "WARN" => "WARN",
        "ERROR" => "ERROR",
        "FATAL" => "FATAL",
        _ => "INFO",
    }
}

/// A level, or a list like `warn,health_gate=debug`. Lambda's level names are tracing's, but for FATAL. What cannot be
/// read, and what a list leaves open, is INFO: too much to read beats nothing to read.
fn level(text: Option<&str>) -> Targets {
    let text = text.unwrap_or_default().trim();
    let every = |level: LevelFilter| Targets::new().with_default(level);
    if text.eq_ignore_ascii_case("fatal") {
        return every(LevelFilter::ERROR);
    }
    if let (false, Ok(level)) = (text.is_empty(), text.parse()) {
        return every(level);
    }
    // A word alone would be read as the name of a target, and everything else be silent.
    match text.parse::<Targets>() {
        Ok(list) if text.contains('=') => match list.default_level() {
            Some(_) => list,
            None => list.with_default(LevelFilter::INFO),
        },
        Ok(_) | Err(_) => every(LevelFilter::INFO),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_that_shows_all_of_itself() {
        for (line, written) in [
            ("a: “é” 日本\n", "a: “é” 日本\n"),
            (
                "a\r\nb\tc\u{1b}[1m\n",
                "a\\u000d\\u000ab\\u0009c\\u001b[1m\n",
            ),
            (
                "a\u{202e}b\u{2028}c\u{e0041}\n",
                "a\\u202eb\\u2028c\\udb40\\udc41\n",
            ),
            ("{\"a\":\"\\n\"}\n", "{\"a\":\"\\n\"}\n"),
        ] {
            let mut out = OneLine(Vec::new());
            out.write_all(line.as_bytes()).expect("memory is there");
            assert_eq!(String::from_utf8(out.0).expect("text"), written);
        }
    }

    #[test]
    fn a_level_that_cannot_be_read_is_info() {
        let every = |level: LevelFilter| Targets::new().with_default(level);
        for (text, expected) in [
            (None, every(LevelFilter::INFO)),
            (Some(""), every(LevelFilter::INFO)),
            (Some("inof"), every(LevelFilter::INFO)),
            (Some("verbose"), every(LevelFilter::INFO)),
            (Some("trace,"), every(LevelFilter::INFO)),
            (Some("warn"), every(LevelFilter::WARN)),
            (Some(" WARN "), every(LevelFilter::WARN)),
            (Some("TRACE"), every(LevelFilter::TRACE)),
            (Some("FATAL"), every(LevelFilter::ERROR)),
            (Some("off"), every(LevelFilter::OFF)),
            (
                Some("warn,health_gate=debug"),
                every(LevelFilter::WARN).with_target("health_gate", LevelFilter::DEBUG),
            ),
            (
                Some("health_gate=debug"),
                every(LevelFilter::INFO).with_target("health_gate", LevelFilter::DEBUG),
            ),
        ] {
            assert_eq!(level(text), expected, "{text:?}");
        }
    }
}
