//! Log lines, in the format and at the level that Lambda's logging configuration asks for.

use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterExt, Targets, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;

use crate::clock::Clock;
use crate::settings::{LogFormat, Settings};

/// Sends log lines to stdout from now on, dated by `clock`. Call it once, first thing in `main`.
pub fn init(settings: &Settings, clock: Clock) {
    let subscriber = tracing_subscriber::registry().with(layer(settings, clock));
    // Only a second call can fail here; then the first one's subscriber stays, which is what it is for.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

fn layer<S>(settings: &Settings, clock: Clock) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let filter = level(settings.log_level.as_deref()).and(filter_fn(may_be_logged));
    let lines = tracing_subscriber::fmt::layer().with_timer(clock);
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
/// prints the raw job event, and the SDK the bodies of answers; both carry live artifact credentials.
fn may_be_logged(line: &Metadata<'_>) -> bool {
    const OURS: [&str; 3] = ["health_gate", "pipeline_gate", "stage_retry"];
    *line.level() <= Level::DEBUG || OURS.iter().any(|name| line.target().starts_with(name))
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
