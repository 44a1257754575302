//! What people should know beside the decision: what was ignored, and what could not be read and is as if it were not so.

use std::fmt;

use crate::override_tag::OverrideError;

/// A remark in a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The pipeline's override is not in force.
    OverrideIgnored(OverrideError),
    /// Which pipeline the job belongs to is not known, so it was decided without override and without the stage's state.
    PipelineUnread(String),
    /// Whether the pipeline has an override is not known.
    OverrideUnread(String),
    /// Whether this is a rollback, or is being stopped, is not known.
    StageUnread(String),
    /// AWS Health was read at the endpoint of this region, which is not the active one.
    MayBeBehind(String),
}

impl Note {
    /// The stable reason code for logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OverrideIgnored(error) => error.code(),
            Self::PipelineUnread(_) => "pipeline.unread",
            Self::OverrideUnread(_) => "override.unread",
            Self::StageUnread(_) => "stage.unread",
            Self::MayBeBehind(_) => "health.may-be-behind",
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OverrideIgnored(error) => {
                write!(f, "the pipeline's override is ignored: {error}")
            }
            Self::PipelineUnread(why) => write!(
                f,
                "decided without override and rollback, which pipeline this is could not be read: {why}"
            ),
            Self::OverrideUnread(why) => write!(
                f,
                "decided without override, the pipeline's tags could not be read: {why}"
            ),
            Self::StageUnread(why) => write!(
                f,
                "decided as no rollback, the stage's state could not be read: {why}"
            ),
            Self::MayBeBehind(region) => write!(
                f,
                "AWS Health was read at its endpoint in {region}, which may be behind"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_note_has_its_reason_code() {
        let why = || "AccessDeniedException".to_owned();
        for (note, code) in [
            (Note::PipelineUnread(why()), "pipeline.unread"),
            (Note::OverrideUnread(why()), "override.unread"),
            (Note::StageUnread(why()), "stage.unread"),
            (
                Note::MayBeBehind("us-east-2".to_owned()),
                "health.may-be-behind",
            ),
        ] {
            assert_eq!(note.code(), code);
        }
    }
}
