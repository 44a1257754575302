//! What is measured of a subject, run by run, and its medians.

use std::io;
use std::time::Duration;

use crate::aws::{Aws, Way};
use crate::function::{Function, Subject};

/// How many warm invocations a run has.
const WARM: usize = 10;
/// What one run of a subject calls for.
pub(crate) const EVENTS: usize = 2 * (1 + WARM);

/// The figures of the runs of one subject. Times are in milliseconds, memory is in MB.
#[derive(Debug, Default)]
pub(crate) struct Measurement {
    pub(crate) init_plain: Vec<f64>,
    pub(crate) init_tls: Vec<f64>,
    pub(crate) init_processor: Vec<f64>,
    pub(crate) first_plain: Vec<f64>,
    pub(crate) first_tls: Vec<f64>,
    pub(crate) first_processor: Vec<f64>,
    pub(crate) cold_start: Vec<f64>,
    pub(crate) warm: Vec<f64>,
    pub(crate) warm_processor: Vec<f64>,
    pub(crate) peak: Vec<f64>,
}

impl Measurement {
    /// One run more: a process that reaches AWS plainly, and one that does over TLS.
    pub(crate) async fn run(&mut self, subject: &Subject, aws: &mut Aws) -> io::Result<()> {
        for way in [Way::Plain, Way::Tls] {
            // What ran before it has left the caches in a state of its own: a process like it goes first, and is not counted.
            let mut before = Function::start(subject, aws, way, &[]).await?;
            before.asks().await;
            before.end().await?;
            let mut function = Function::start(subject, aws, way, &[]).await?;
            let init = function.asks().await;
            let started = function.usage().await?;
            let first = function.invoke(aws).await;
            let begun = function.usage().await?;
            let mut warm = Vec::new();
            for _ in 0..WARM {
                warm.push(milliseconds(function.invoke(aws).await));
            }
            let ended = function.usage().await?;
            function.end().await?;
            if way == Way::Plain {
                self.init_plain.push(milliseconds(init));
                self.first_plain.push(milliseconds(first));
                continue;
            }
            self.init_tls.push(milliseconds(init));
            self.init_processor.push(milliseconds(started.processor));
            self.first_tls.push(milliseconds(first));
            let first_processor = begun.processor - started.processor;
            self.first_processor.push(milliseconds(first_processor));
            self.cold_start.push(milliseconds(init + first));
            self.warm.push(median(&warm));
            let warm_processor = milliseconds(ended.processor - begun.processor);
            self.warm_processor.push(warm_processor / WARM as f64);
            self.peak.push(ended.peak as f64 * 1_024.0 / 1e6);
        }
        Ok(())
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// The middle one, or the mean of both.
pub(crate) fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}
