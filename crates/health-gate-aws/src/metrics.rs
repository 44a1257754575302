//! Metrics, in CloudWatch's embedded metric format: one line of JSON on stdout, from which CloudWatch Logs makes
//! metrics (CloudWatch user guide, "Embedded metric format specification").

use serde_json::{Map, Value, json};

use crate::clock::Clock;

/// The namespace of all metrics.
const NAMESPACE: &str = "HealthGate";
/// The longest value of a dimension.
const DIMENSION_CHARACTERS: usize = 1_024;
/// The target of the lines, by which the log lets them through whatever level is asked for.
pub(crate) const TARGET: &str = "health_gate_aws::metrics";

/// The metrics of one invocation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics {
    pipeline: Option<String>,
    values: Vec<(&'static str, &'static str, u64)>,
}

impl Metrics {
    /// Metrics of a pipeline, if it is known: with the dimension `Pipeline`, and without any.
    pub fn of_pipeline(pipeline: Option<&str>) -> Self {
        Self {
            // An empty value is no dimension.
            pipeline: pipeline
                .filter(|name| !name.is_empty())
                .map(|name| name.chars().take(DIMENSION_CHARACTERS).collect()),
            values: Vec::new(),
        }
    }

    /// Adds something that was counted. Nothing is not written.
    pub fn count(&mut self, name: &'static str, count: u64) {
        self.add(name, "Count", count);
    }

    /// Adds a length of time. None at all is not written.
    pub fn millis(&mut self, name: &'static str, millis: u64) {
        self.add(name, "Milliseconds", millis);
    }

    fn add(&mut self, name: &'static str, unit: &'static str, value: u64) {
        if value > 0 {
            self.values.push((name, unit, value));
        }
    }

    /// Writes the line, dated now, if there is anything to write.
    pub fn emit(&self, clock: &Clock) {
        if let Some(line) = self.line(clock) {
            tracing::error!(target: TARGET, line);
        }
    }

    fn line(&self, clock: &Clock) -> Option<String> {
        if self.values.is_empty() {
            return None;
        }
        let names: Vec<Value> = self
            .values
            .iter()
            .map(|(name, unit, _)| json!({"Name": name, "Unit": unit}))
            .collect();
        let dimensions = match self.pipeline {
            Some(_) => json!([["Pipeline"], []]),
            None => json!([[]]),
        };
        let mut line = Map::new();
        let timestamp = clock.now().unix_timestamp_nanos() / 1_000_000;
        let timestamp = i64::try_from(timestamp).unwrap_or_default();
        let directive = json!({"Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": names});
        line.insert(
            "_aws".to_owned(),
            json!({"Timestamp": timestamp, "CloudWatchMetrics": [directive]}),
        );
        if let Some(pipeline) = &self.pipeline {
            line.insert("Pipeline".to_owned(), json!(pipeline));
        }
        line.extend(
            self.values
                .iter()
                .map(|(name, _, value)| ((*name).to_owned(), json!(value))),
        );
        Some(Value::Object(line).to_string())
    }
}
