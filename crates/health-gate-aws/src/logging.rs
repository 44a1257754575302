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
    const OURS: [&str; 2] = ["health_gate", "pipeline_gate"];
    *line.level() <= Level::DEBUG || OURS.iter().any(|name| line.target().starts_with(name))
}

/// Lambda's level names are tracing's, but for FATAL. What cannot be read means INFO: too much to read beats
/// nothing to read.
fn level(text: Option<&str>) -> Targets {
    let text = text.unwrap_or_default();
    if text.eq_ignore_ascii_case("fatal") {
        return Targets::new().with_default(LevelFilter::ERROR);
    }
    match text.parse::<Targets>() {
        Ok(targets) if !text.is_empty() => targets,
        Ok(_) | Err(_) => Targets::new().with_default(LevelFilter::INFO),
    }
}
