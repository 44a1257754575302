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

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_async::time::{SharedTimeSource, StaticTimeSource};
    use std::time::{Duration, SystemTime};

    /// 2026-11-23 09:00:00.250 UTC.
    fn clock() -> Clock {
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_424_400_250);
        Clock::new(SharedTimeSource::new(StaticTimeSource::new(at)))
    }

    fn line(metrics: &Metrics) -> Value {
        let line = metrics.line(&clock()).expect("something was counted");
        assert!(!line.contains('\n'), "one line: {line}");
        serde_json::from_str(&line).expect("one object")
    }

    #[test]
    fn a_line_is_what_cloudwatch_accepts() {
        let mut metrics = Metrics::of_pipeline(Some("checkout"));
        metrics.count("Blocked", 1);
        metrics.count("Passed", 0);
        metrics.millis("HealthReadMillis", 42);
        let line = line(&metrics);
        let directives = line["_aws"]["CloudWatchMetrics"]
            .as_array()
            .expect("directives");
        assert_eq!(
            line["_aws"]["Timestamp"], 1_795_424_400_250_i64,
            "milliseconds since 1970"
        );
        for directive in directives {
            assert_eq!(directive["Namespace"], "HealthGate");
            let metrics = directive["Metrics"].as_array().expect("metrics");
            assert!((1..=100).contains(&metrics.len()));
            for metric in metrics {
                let name = metric["Name"].as_str().expect("a name");
                assert!(line[name].is_number(), "{name} is a number at the root");
                assert!(
                    ["Count", "Milliseconds"].contains(&metric["Unit"].as_str().expect("a unit"))
                );
            }
            for set in directive["Dimensions"]
                .as_array()
                .expect("sets of dimensions")
            {
                let set = set.as_array().expect("a set");
                assert!(set.len() <= 30);
                for dimension in set {
                    let value = line[dimension.as_str().expect("a name")]
                        .as_str()
                        .expect("a string at the root");
                    assert!((1..=1_024).contains(&value.chars().count()));
                }
            }
        }
        assert_eq!(
            directives[0]["Dimensions"],
            json!([["Pipeline"], []]),
            "with the pipeline and without"
        );
        assert_eq!(
            (
                line.get("Passed"),
                &line["Blocked"],
                &line["HealthReadMillis"]
            ),
            (None, &json!(1), &json!(42))
        );
    }

    #[test]
    fn without_a_pipeline_there_is_no_dimension() {
        for pipeline in [None, Some("")] {
            let mut metrics = Metrics::of_pipeline(pipeline);
            metrics.count("Passed", 1);
            let line = line(&metrics);
            assert_eq!(
                line["_aws"]["CloudWatchMetrics"][0]["Dimensions"],
                json!([[]])
            );
            assert_eq!(line.get("Pipeline"), None);
        }
    }

    #[test]
    fn a_long_name_is_cut_and_nothing_is_written_for_nothing() {
        let mut metrics = Metrics::of_pipeline(Some(&"ü".repeat(2_000)));
        assert_eq!(metrics.line(&clock()), None);
        metrics.count("Passed", 1);
        assert_eq!(
            line(&metrics)["Pipeline"]
                .as_str()
                .map(|name| name.chars().count()),
            Some(1_024)
        );
    }
}
