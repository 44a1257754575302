//! What the command's exit code says. Scripts depend on the numbers.

/// The exit codes of every subcommand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitCode {
    /// Done; the deployment may go on.
    Pass = 0,
    /// The deployment is to wait; of other subcommands: something is not as it should be.
    Blocked = 1,
    /// Something failed, or AWS Health could not be read.
    Error = 2,
    /// The command was called in the wrong way (`EX_USAGE` of sysexits.h).
    Usage = 64,
}

/// The command was called in a way that does not go together: exit code 64, and what would.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct WrongUsage(pub(crate) String);

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}
