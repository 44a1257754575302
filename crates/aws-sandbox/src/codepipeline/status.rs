//! The statuses of executions, stages and actions.

/// The status of an execution, a stage or an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Going on.
    InProgress,
    /// Ended well.
    Succeeded,
    /// Ended badly.
    Failed,
    /// A person is stopping it: what has begun may end.
    Stopping,
    /// A person has stopped it.
    Stopped,
    /// An action whose execution was stopped, or cancelled, without waiting for it.
    Abandoned,
    /// Something whose pipeline was updated meanwhile.
    Cancelled,
    /// An execution whose place in the queue a newer one has taken.
    Superseded,
}

impl Status {
    /// As the API has it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "InProgress",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Stopping => "Stopping",
            Self::Stopped => "Stopped",
            Self::Abandoned => "Abandoned",
            Self::Cancelled => "Cancelled",
            Self::Superseded => "Superseded",
        }
    }

    /// As the API has it of an action, which is never cancelled.
    pub(super) fn as_action_str(self) -> &'static str {
        match self {
            Self::Cancelled => Self::Abandoned.as_str(),
            Self::InProgress
            | Self::Succeeded
            | Self::Failed
            | Self::Stopping
            | Self::Stopped
            | Self::Abandoned
            | Self::Superseded => self.as_str(),
        }
    }

    /// As events have it (user guide, "Monitoring CodePipeline events").
    pub(super) fn as_event_state(self) -> &'static str {
        match self {
            Self::InProgress => "STARTED",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Stopping => "STOPPING",
            Self::Stopped => "STOPPED",
            Self::Abandoned => "ABANDONED",
            Self::Cancelled => "CANCELED",
            Self::Superseded => "SUPERSEDED",
        }
    }

    pub(super) fn is_going_on(self) -> bool {
        matches!(self, Self::InProgress | Self::Stopping)
    }
}
