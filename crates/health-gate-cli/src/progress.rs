//! What is shown on a terminal while something takes time; nothing elsewhere.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Something that goes on, gone when it is dropped.
pub(crate) struct Progress(ProgressBar);

/// Goes on for a time that is not known.
pub(crate) fn spinner(message: impl Into<String>) -> Progress {
    let bar = ProgressBar::new_spinner();
    dress(bar, "{spinner} {wide_msg}", message)
}

/// Goes on for so many steps.
pub(crate) fn steps(count: usize, message: impl Into<String>) -> Progress {
    let bar = ProgressBar::new(u64::try_from(count).unwrap_or(u64::MAX));
    dress(bar, "{spinner} {msg} {pos}/{len} {wide_bar}", message)
}

fn dress(bar: ProgressBar, template: &str, message: impl Into<String>) -> Progress {
    if !is_shown() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(message.into());
    bar.enable_steady_tick(Duration::from_millis(120));
    Progress(bar)
}

/// Whether anybody sees it.
pub(crate) fn is_shown() -> bool {
    io::stderr().is_terminal()
}

impl Progress {
    /// Says what is awaited now.
    pub(crate) fn say(&self, message: impl Into<String>) {
        self.0.set_message(message.into());
    }

    /// One more step is done.
    pub(crate) fn step(&self) {
        self.0.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
