//! How an invocation divides its time, so that it answers its job before Lambda ends it.

use std::time::{Duration, SystemTime};

use health_gate_aws::Clock;

/// What is kept for the answer to CodePipeline, with its retries. Never more than half of what an invocation has.
const ANSWER: Duration = Duration::from_secs(10);
/// What the calls beside AWS Health may take, which tell about the pipeline.
const SUPPORTING: Duration = Duration::from_secs(3);
/// What telling people may take.
const NOTIFICATION: Duration = Duration::from_secs(2);
/// What is kept for the closing line and the way back to Lambda.
const CLOSING: Duration = Duration::from_millis(250);

/// The time of an invocation. Every part is a duration from now, cut so that what comes after it has its time too.
#[derive(Debug, Clone)]
pub(crate) struct TimeBudget {
    clock: Clock,
    deadline: SystemTime,
    answer: Duration,
    supporting: Duration,
    notification: Duration,
}

impl TimeBudget {
    pub(crate) fn new(clock: &Clock, deadline: SystemTime) -> Self {
        let whole = clock.until(deadline);
        Self {
            clock: clock.clone(),
            deadline,
            answer: ANSWER.min(whole / 2),
            supporting: SUPPORTING.min(whole / 8),
            notification: NOTIFICATION.min(whole / 8),
        }
    }

    fn left(&self, kept: Duration) -> Duration {
        self.clock.until(self.deadline).saturating_sub(kept)
    }

    /// For the reading of AWS Health.
    pub(crate) fn reading(&self) -> Duration {
        self.left(self.answer + self.supporting)
    }

    /// For a step that tells about the pipeline.
    pub(crate) fn supporting(&self) -> Duration {
        self.supporting.min(self.left(self.answer))
    }

    /// For telling people before the answer.
    pub(crate) fn early_notification(&self) -> Duration {
        self.notification.min(self.left(self.answer / 2))
    }

    /// For the answer.
    pub(crate) fn answer(&self) -> Duration {
        self.left(self.notification + CLOSING)
    }

    /// For each of the two steps after the answer: which pipeline it was, and telling people.
    pub(crate) fn notification(&self) -> Duration {
        self.notification.min(self.left(CLOSING) / 2)
    }
}
