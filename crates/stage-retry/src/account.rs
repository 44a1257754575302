//! What an invocation came to: an account of every stage that it found, and of what it did not reach.

use std::collections::BTreeMap;

use health_gate::{RetriedStage, RetryOutcome, Settlement, plural};
use serde::Serialize;

/// In the closing line's text, so many stages are named.
const NAMED: usize = 5;

/// What became of a stage, or of a pipeline that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StageOutcome {
    /// The pipeline's name.
    pub pipeline: String,
    /// The stage's name; `None` if it is about the whole pipeline or execution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// The execution; `None` if it is about the whole pipeline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline_execution_id: Option<String>,
    /// What became of it, and why.
    #[serde(flatten)]
    pub settled: Settlement,
}

impl StageOutcome {
    pub(crate) fn of_pipeline(pipeline: &str, settled: impl Into<Settlement>) -> Self {
        Self {
            pipeline: pipeline.to_owned(),
            stage: None,
            pipeline_execution_id: None,
            settled: settled.into(),
        }
    }

    /// `checkout / Production`, for people.
    fn place(&self) -> String {
        match &self.stage {
            Some(stage) => format!("{} / {stage}", self.pipeline),
            None => self.pipeline.clone(),
        }
    }
}

/// The account of an invocation. Lambda ignores it and `sam local invoke` shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Account {
    /// How many messages the invocation was about.
    pub signals: usize,
    /// How many of them said nothing that stage-retry knows.
    pub ignored: usize,
    /// Why not all pipelines were looked at that should have been.
    #[serde(rename = "notListed", skip_serializing_if = "Option::is_none")]
    pub not_listed: Option<Settlement>,
    /// How many pipelines there were to look at.
    pub pipelines: usize,
    /// How many of them were not reached, or could not be read: the next sweep looks at them again.
    pub unread: usize,
    /// What became of each stage that the gate has stopped, by pipeline.
    pub stages: Vec<StageOutcome>,
}

impl Account {
    /// How many stages came to this.
    pub(crate) fn count(&self, outcome: RetryOutcome) -> usize {
        let is = |stage: &&StageOutcome| stage.settled.outcome == outcome;
        self.stages.iter().filter(is).count()
    }

    /// How many stages CodePipeline had no time for. A pipeline that it had no time for is unread.
    pub(crate) fn busy_stages(&self) -> usize {
        let is_stage = |stage: &&StageOutcome| stage.pipeline_execution_id.is_some();
        let stages = self.stages.iter().filter(is_stage);
        stages
            .filter(|stage| stage.settled.outcome == RetryOutcome::Busy)
            .count()
    }

    pub(crate) fn retried(&self) -> Vec<RetriedStage> {
        let retried = |stage: &StageOutcome| {
            (stage.settled.outcome == RetryOutcome::Retried).then(|| RetriedStage {
                pipeline: stage.pipeline.clone(),
                stage: stage.stage.clone().unwrap_or_default(),
                pipeline_execution_id: stage.pipeline_execution_id.clone().unwrap_or_default(),
                why: stage.settled.why.clone(),
            })
        };
        self.stages.iter().filter_map(retried).collect()
    }

    /// `3 blocked, 1 busy, 20 pipelines not reached`: what was not retried. `None`: nothing of that kind.
    pub(crate) fn rest(&self) -> Option<String> {
        let mut counts: BTreeMap<RetryOutcome, usize> = BTreeMap::new();
        for stage in &self.stages {
            *counts.entry(stage.settled.outcome).or_default() += 1;
        }
        counts.remove(&RetryOutcome::Retried);
        let count =
            |(outcome, count): (RetryOutcome, usize)| format!("{count} {}", outcome.as_str());
        let mut rest: Vec<String> = counts.into_iter().map(count).collect();
        if self.unread > 0 {
            rest.push(format!(
                "{} of {} pipelines not read, left to the next sweep",
                self.unread, self.pipelines
            ));
        }
        (!rest.is_empty()).then(|| rest.join(", "))
    }

    /// The closing line's text: few stages are named, many are counted.
    pub(crate) fn summary(&self) -> String {
        match &self.not_listed {
            Some(not_listed) => format!(
                "the pipelines could not be listed: {}; of those that failures name: {}",
                not_listed.why,
                self.summary_of_stages()
            ),
            None => self.summary_of_stages(),
        }
    }

    fn summary_of_stages(&self) -> String {
        if self.ignored == self.signals {
            return "nothing to look at: no message says where".to_owned();
        }
        if self.pipelines == 0 {
            return "there is no pipeline to look at".to_owned();
        }
        if self.stages.is_empty() && self.unread == 0 {
            return format!(
                "no stage is stopped by the gate, of {}",
                plural(self.pipelines, "pipeline")
            );
        }
        if self.stages.len() <= NAMED {
            let named = self.stages.iter().map(|stage| {
                let Settlement { outcome, why } = &stage.settled;
                format!("{}: {}: {why}", stage.place(), outcome.as_str())
            });
            let unread = (self.unread > 0)
                .then(|| format!("{} of {} pipelines not read", self.unread, self.pipelines));
            return named.chain(unread).collect::<Vec<_>>().join("; ");
        }
        let head = RetriedStage::headline(&self.retried());
        let parts = [head, self.rest()].into_iter().flatten();
        parts.collect::<Vec<_>>().join("; ")
    }
}
