//! What a service does later, in the order of time.

use std::collections::BTreeMap;

use crate::timestamp::Timestamp;

/// Things to do, each at its time; of the same time, first come first.
#[derive(Debug)]
pub(crate) struct Agenda<T> {
    steps: BTreeMap<(Timestamp, u64), T>,
    count: u64,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self {
            steps: BTreeMap::new(),
            count: 0,
        }
    }
}

impl<T> Agenda<T> {
    pub(crate) fn schedule(&mut self, at: Timestamp, step: T) {
        self.count += 1;
        self.steps.insert((at, self.count), step);
    }

    /// Forgets what is not kept.
    pub(crate) fn retain(&mut self, keeps: impl Fn(&T) -> bool) {
        self.steps.retain(|_, step| keeps(step));
    }

    /// When the next one is due.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.steps.keys().next().map(|(at, _)| *at)
    }

    /// The next one that is due.
    pub(crate) fn take(&mut self, now: Timestamp) -> Option<T> {
        self.next().filter(|at| *at <= now)?;
        self.steps.pop_first().map(|(_, step)| step)
    }
}
