//! Does the same to many pipelines, and says what became of it.

use std::io::Write;

use anyhow::Result;
use futures_util::stream::{self, StreamExt as _};
use health_gate::{RetryOutcome, one_line, plural};
use health_gate_aws::Refusal;
use serde::Serialize;

use crate::exit_code::ExitCode;
use crate::output::{BAD, GOOD, WARNING, styled};
use crate::pipelines::{IN_FLIGHT, Pipeline};
use crate::progress;

/// What became of a change of many pipelines, in their order.
pub(super) struct Done {
    pub(super) failed: Vec<Failed>,
    total: usize,
}

#[derive(Debug, Serialize)]
pub(super) struct Failed {
    pipeline: String,
    why: String,
    #[serde(skip)]
    is_denied: bool,
}

/// Changes pipelines, some at a time.
pub(super) async fn change(
    pipelines: &[Pipeline],
    doing: &str,
    with: impl AsyncFn(&Pipeline) -> Result<(), Refusal>,
) -> Done {
    let bar = progress::steps(pipelines.len(), doing);
    let changes = pipelines.iter().map(async |pipeline| {
        let done = with(pipeline).await;
        bar.step();
        (pipeline, done)
    });
    let done: Vec<_> = stream::iter(changes).buffered(IN_FLIGHT).collect().await;
    let failed = done.into_iter().filter_map(|(pipeline, done)| {
        let refusal = done.err()?;
        Some(Failed {
            pipeline: pipeline.at.name.clone(),
            is_denied: refusal.outcome == RetryOutcome::Denied,
            why: refusal.why,
        })
    });
    Done {
        failed: failed.collect(),
        total: pipelines.len(),
    }
}

impl Done {
    pub(super) fn exit_code(&self) -> ExitCode {
        if self.failed.is_empty() {
            ExitCode::Pass
        } else {
            ExitCode::Error
        }
    }

    pub(super) fn changed<'p>(
        &'p self,
        pipelines: &'p [Pipeline],
    ) -> impl Iterator<Item = &'p Pipeline> {
        let has_failed = |pipeline: &Pipeline| {
            let mut failed = self.failed.iter();
            failed.any(|failed| failed.pipeline == pipeline.at.name)
        };
        pipelines
            .iter()
            .filter(move |pipeline| !has_failed(pipeline))
    }

    pub(super) fn names<'p>(&'p self, pipelines: &'p [Pipeline]) -> Vec<&'p str> {
        self.changed(pipelines)
            .map(|pipeline| pipeline.at.name.as_str())
            .collect()
    }

    pub(super) fn print(&self, what: &str, out: &mut impl Write) -> Result<()> {
        let changed = self.total - self.failed.len();
        let style = if self.failed.is_empty() {
            GOOD
        } else {
            WARNING
        };
        writeln!(
            out,
            "{}",
            styled(style, format!("{} {what}", plural(changed, "pipeline")))
        )?;
        for failed in &self.failed {
            let text = one_line(&format!("{}: {}", failed.pipeline, failed.why));
            writeln!(out, "  {}", styled(BAD, text))?;
        }
        if self.failed.iter().any(|failed| failed.is_denied) {
            writeln!(
                out,
                "These credentials need `codepipeline:TagResource` and `codepipeline:UntagResource` on the pipelines; SECURITY.md has a policy."
            )?;
        }
        Ok(())
    }
}
