//! A gate, and how it stands.

use health_gate::{Bystander, GateState, Override, Reading, RetryRules, rfc3339};
use serde::Serialize;
use time::UtcDateTime;

use super::seen::Seen;
use crate::pipelines::Selection;

/// A gate, and how it stands.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    pub(super) pipeline: String,
    pub(super) stage: String,
    pub(super) action: String,
    pub(super) pipeline_execution_id: Option<String>,
    /// `passed`, `running`, `held`, `stopped`, `moved-on` (it was stopped, and the stage has gone on since), `abandoned`, or `not-run`.
    pub(super) state: &'static str,
    pub(super) since: Option<String>,
    pub(super) why: String,
    pub(super) overridden_until: Option<String>,
    pub(super) overridden_by: Option<String>,
    pub(super) override_reason: Option<String>,
    pub(super) note: Option<String>,
    #[serde(skip)]
    pub(super) since_time: Option<UtcDateTime>,
    #[serde(skip)]
    pub(super) overridden: Option<Override>,
}

impl Seen<'_> {
    /// The gates of the pipeline.
    pub(super) fn lines(
        &self,
        selection: &Selection,
        rules: &RetryRules,
        reading: &Reading,
        now: UtcDateTime,
    ) -> Vec<Line> {
        let bystander = Bystander {
            rules,
            reading,
            overridden: self.overridden.as_ref(),
            now,
        };
        let mut lines = Vec::new();
        for (stage, gate) in self.pipeline.gates(&selection.gates) {
            let attempts = self.newest(stage, &gate.name);
            if attempts.is_empty() {
                lines.push(self.line(stage, &gate.name, None, None));
            }
            for attempt in attempts {
                let id = &attempt.pipeline_execution_id;
                let of_execution = self.of_execution(id);
                let shown = self
                    .stages
                    .iter()
                    .find(|shown| shown.name == stage && shown.pipeline_execution_id == *id);
                let state = bystander.sees(attempt, shown, &of_execution);
                lines.push(self.line(stage, &gate.name, Some(id), Some(&state)));
            }
        }
        lines
    }

    fn line(
        &self,
        stage: &str,
        action: &str,
        execution: Option<&String>,
        state: Option<&GateState>,
    ) -> Line {
        let since = state.and_then(GateState::since);
        let overridden = self.overridden.as_ref();
        Line {
            pipeline: self.pipeline.at.name.clone(),
            stage: stage.to_owned(),
            action: action.to_owned(),
            pipeline_execution_id: execution.cloned(),
            state: state.map_or("not-run", GateState::word),
            since: since.map(rfc3339),
            why: state.map(GateState::explanation).unwrap_or_default(),
            overridden_until: overridden.map(|overridden| rfc3339(overridden.until)),
            overridden_by: overridden.map(|overridden| overridden.by.clone()),
            override_reason: overridden.map(|overridden| overridden.reason.clone()),
            note: self.note.clone(),
            since_time: since,
            overridden: self.overridden.clone(),
        }
    }
}
