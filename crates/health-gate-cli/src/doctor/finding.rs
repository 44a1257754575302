//! What the doctor finds.

use std::io::Write;

use anyhow::Result;
use serde::Serialize;

use crate::output::{BAD, GOOD, QUIET, WARNING, styled};
use health_gate::one_line;

/// Something that was looked at.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Finding {
    /// What was looked at, for programs.
    pub(super) check: &'static str,
    pub(super) health: Health,
    /// What it is about, if that is one pipeline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pipeline: Option<String>,
    pub(super) what: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remedy: Option<String>,
}

/// How well something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Health {
    /// As it should be.
    Fine,
    /// It may be as it is meant, or is not known.
    Doubtful,
    /// The gate does not work so.
    Broken,
}

impl Finding {
    pub(super) fn fine(check: &'static str, what: impl Into<String>) -> Self {
        Self {
            check,
            health: Health::Fine,
            pipeline: None,
            what: what.into(),
            remedy: None,
        }
    }

    pub(super) fn doubtful(
        check: &'static str,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            health: Health::Doubtful,
            remedy: Some(remedy.into()),
            ..Self::fine(check, what)
        }
    }

    pub(super) fn broken(
        check: &'static str,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            health: Health::Broken,
            ..Self::doubtful(check, what, remedy)
        }
    }

    /// An error whose second line says what to do.
    pub(super) fn of_error(check: &'static str, error: &anyhow::Error) -> Self {
        let text = format!("{error:#}");
        let (what, remedy) = text.split_once('\n').unwrap_or((&text, ""));
        Self::broken(check, what, remedy)
    }

    pub(super) fn of_pipeline(self, pipeline: &str) -> Self {
        Self {
            pipeline: Some(pipeline.to_owned()),
            ..self
        }
    }
}

/// Prints the findings, and how many there are of each kind.
pub(super) fn print(findings: &[Finding], out: &mut impl Write) -> Result<()> {
    for finding in findings {
        let (style, word) = match finding.health {
            Health::Fine => (GOOD, "ok    "),
            Health::Doubtful => (WARNING, "doubt "),
            Health::Broken => (BAD, "broken"),
        };
        let pipeline = finding.pipeline.as_ref();
        let pipeline = pipeline.map(|pipeline| one_line(&format!("{pipeline}: ")));
        writeln!(
            out,
            "{}  {}{}",
            styled(style, word),
            pipeline.unwrap_or_default(),
            one_line(&finding.what)
        )?;
        if let Some(remedy) = finding.remedy.as_ref().filter(|remedy| !remedy.is_empty()) {
            writeln!(out, "        {}", one_line(remedy))?;
        }
    }
    let count = |health| {
        findings
            .iter()
            .filter(|finding| finding.health == health)
            .count()
    };
    let text = format!(
        "{} in all: {} broken, {} in doubt",
        health_gate::plural(findings.len(), "check"),
        count(Health::Broken),
        count(Health::Doubtful)
    );
    Ok(writeln!(out, "{}", styled(QUIET, text))?)
}
