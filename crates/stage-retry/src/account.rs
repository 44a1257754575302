//! What an invocation came to: an account of every stage that it found, and of what it did not reach.

use std::collections::BTreeMap;

use health_gate::{RetriedStage, RetryOutcome, Settlement, plural};
use serde::Serialize;

/// In the closing line's text, so many stages are named.
const NAMED: usize = 5;

/// What the outcomes of the closing line may take, before the quotation marks are escaped: CloudWatch Logs takes 256 KB an event.
const OUTCOMES_BYTES: usize = 120_000;

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

    /// By what the outcomes of an account are sorted.
    pub(crate) fn order(&self) -> impl Ord {
        (&self.pipeline, &self.stage, &self.pipeline_execution_id)
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

    /// Each stage's outcome as JSON, and how many more there are than fit.
    pub(crate) fn outcomes(&self) -> (String, Option<usize>) {
        let mut text = String::from("[");
        for (number, stage) in self.stages.iter().enumerate() {
            let stage = serde_json::to_string(stage).unwrap_or_default();
            if text.len() + stage.len() > OUTCOMES_BYTES {
                return (text + "]", Some(self.stages.len() - number));
            }
            if number > 0 {
                text.push(',');
            }
            text.push_str(&stage);
        }
        (text + "]", None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(stages: usize) -> Account {
        let stage = |number: usize| StageOutcome {
            stage: Some("Production".to_owned()),
            pipeline_execution_id: Some("6f0d1c2b-2222-4333-8444-555566667777".to_owned()),
            ..StageOutcome::of_pipeline(
                &format!("team-{number}"),
                RetryOutcome::Blocked.because("1 open AWS Health issue in us-east-1"),
            )
        };
        Account {
            signals: 1,
            pipelines: stages,
            stages: (0..stages).map(stage).collect(),
            ..Account::default()
        }
    }

    /// A line that is too long for CloudWatch Logs would be cut in the middle of a name.
    #[test]
    fn outcomes_that_do_not_fit_are_counted() {
        for stages in [0, 1, 300, 3_000] {
            let (text, left_out) = account(stages).outcomes();
            assert!(text.len() <= OUTCOMES_BYTES + 1);
            let listed: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap_or_default();
            assert_eq!(listed.len() + left_out.unwrap_or_default(), stages);
            assert_eq!(left_out.is_some(), stages > 300);
        }
    }

    #[test]
    fn many_stages_are_counted_and_few_are_named() {
        let mut many = account(300);
        for stage in many.stages.iter_mut().take(14) {
            stage.settled = RetryOutcome::Retried.because("AWS Health is clear");
        }
        many.unread = 20;
        assert_eq!(
            many.summary(),
            "Retried 14 stages in 14 pipelines; 286 blocked, 20 of 300 pipelines not read, left to the next sweep"
        );
        assert_eq!(
            account(1).summary(),
            "team-0 / Production: blocked: 1 open AWS Health issue in us-east-1"
        );
        let nowhere = Account {
            signals: 1,
            ..Account::default()
        };
        assert_eq!(nowhere.summary(), "there is no pipeline to look at");
    }
}
