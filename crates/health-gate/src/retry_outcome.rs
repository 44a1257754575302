//! What became of a stage that stage-retry looked at.

use serde::Serialize;

/// The kinds of outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RetryOutcome {
    /// CodePipeline accepted the retry.
    Retried,
    /// The gate would stop it again.
    Blocked,
    /// AWS Health could not be read.
    Unknown,
    /// Something else in the stage failed too.
    Mixed,
    /// The gate has failed several times in this execution: the next retry has to wait.
    Waiting,
    /// The gate stopped it so long ago that it is left to people.
    Expired,
    /// The policy leaves retries to people.
    Never,
    /// The stage's inbound transition is disabled: people froze it.
    Frozen,
    /// The stage has changed meanwhile, or cannot be retried.
    MovedOn,
    /// A newer execution has failed in the stage.
    Superseded,
    /// CodePipeline is busy, throttles, or failed, or there was no time: left to the next sweep.
    Busy,
    /// The pipeline or the stage does not exist any more.
    Gone,
    /// IAM refuses the call.
    Denied,
}

impl RetryOutcome {
    /// The word for logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retried => "retried",
            Self::Blocked => "blocked",
            Self::Unknown => "unknown",
            Self::Mixed => "mixed",
            Self::Waiting => "waiting",
            Self::Expired => "expired",
            Self::Never => "never",
            Self::Frozen => "frozen",
            Self::MovedOn => "moved-on",
            Self::Superseded => "superseded",
            Self::Busy => "busy",
            Self::Gone => "gone",
            Self::Denied => "denied",
        }
    }

    /// The outcome, and why.
    pub fn because(self, why: impl Into<String>) -> Settlement {
        Settlement {
            outcome: self,
            why: why.into(),
        }
    }
}

/// What became of a stage, or of a pipeline that could not be looked at, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Settlement {
    /// What became of it.
    pub outcome: RetryOutcome,
    /// Why, for people.
    pub why: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_for_logs_is_that_of_the_account() {
        let outcomes = [
            RetryOutcome::Retried,
            RetryOutcome::Blocked,
            RetryOutcome::Unknown,
            RetryOutcome::Mixed,
            RetryOutcome::Waiting,
            RetryOutcome::Expired,
            RetryOutcome::Never,
            RetryOutcome::Frozen,
            RetryOutcome::MovedOn,
            RetryOutcome::Superseded,
            RetryOutcome::Busy,
            RetryOutcome::Gone,
            RetryOutcome::Denied,
        ];
        for outcome in outcomes {
            let written = serde_json::to_value(outcome).expect("a word");
            assert_eq!(written, outcome.as_str());
        }
    }
}
