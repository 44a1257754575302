//! How an invocation divides its time.

use std::time::{Duration, SystemTime};

use health_gate_aws::Clock;

/// What is kept for telling people, the closing line and the way back to Lambda. Never more than an eighth of what an invocation has.
const CLOSING: Duration = Duration::from_secs(4);
/// What the reading of AWS Health may take. Never more than a quarter.
const READING: Duration = Duration::from_secs(15);

/// A retry that CodePipeline does not answer is given up after 3 s. It is not ended before that: it may have been taken.
const RETRY: Duration = Duration::from_millis(3_200);
/// The longest back-off, with its jitter.
const BACK_OFF: Duration = Duration::from_secs(8);

/// The time of an invocation.
#[derive(Debug, Clone)]
pub(crate) struct TimeBudget {
    clock: Clock,
    begin: SystemTime,
    deadline: SystemTime,
    closing: Duration,
    reading: Duration,
}

impl TimeBudget {
    pub(crate) fn new(clock: &Clock, deadline: SystemTime) -> Self {
        let begin = clock.now().into();
        let whole = clock.until(deadline);
        Self {
            clock: clock.clone(),
            begin,
            deadline,
            closing: CLOSING.min(whole / 8),
            reading: READING.min(whole / 4),
        }
    }

    /// What is left for calls.
    pub(crate) fn left(&self) -> Duration {
        self.clock.until(self.deadline).saturating_sub(self.closing)
    }

    /// Whether a retry that begins now ends in time, whatever CodePipeline does.
    pub(crate) fn has_time_for_a_retry(&self) -> bool {
        self.left() > RETRY
    }

    /// Whether there is time for another try of a retry, after a back-off.
    pub(crate) fn has_time_to_try_again(&self) -> bool {
        self.left() > BACK_OFF + RETRY
    }

    /// What is left for looking, if `calls` calls have been made and so many more will be needed for what was found: they will take as
    /// long as those so far.
    pub(crate) fn looking(&self, calls: usize, needed: usize) -> Duration {
        let calls = u32::try_from(calls.max(1)).unwrap_or(u32::MAX);
        let needed = u32::try_from(needed).unwrap_or(u32::MAX);
        let each = self.elapsed() / calls;
        self.left()
            .saturating_sub(self.reading + each.saturating_mul(needed))
    }

    /// For the reading of AWS Health.
    pub(crate) fn reading(&self) -> Duration {
        self.reading.min(self.left())
    }

    /// For telling people.
    pub(crate) fn notification(&self) -> Duration {
        self.clock.until(self.deadline) / 2
    }

    /// Since the invocation began.
    pub(crate) fn elapsed(&self) -> Duration {
        let now: SystemTime = self.clock.now().into();
        now.duration_since(self.begin).unwrap_or_default()
    }
}
