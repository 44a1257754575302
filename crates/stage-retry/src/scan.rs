//! Looks at many pipelines: some at a time, as long as there is time.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt};

use crate::IN_FLIGHT;
use crate::account::StageOutcome;
use crate::look::{Observer, Seen};
use crate::targets::Target;
use crate::time_budget::TimeBudget;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// The pipelines that have stages which may go on.
    pub(crate) stopped: Vec<Seen>,
    /// What is settled already.
    pub(crate) outcomes: Vec<StageOutcome>,
    /// The pipelines that were not reached, in the order of the targets.
    pub(crate) unreached: Vec<String>,
}

impl Scan {
    /// Looks at the targets. It ends when the time that is left is needed for what it has found: the next sweep reaches the
    /// rest. One pipeline's trouble is an outcome of its own, and others are looked at all the same.
    pub(crate) async fn of(targets: &[Target], observer: Observer<'_>, time: &TimeBudget) -> Self {
        let mut scan = Self::default();
        let calls_before = observer.clients.calls();
        let looks = targets
            .iter()
            .enumerate()
            .map(|(place, target)| async move {
                let seen = observer.look(target).await;
                let seen =
                    seen.map_err(|refusal| StageOutcome::of_pipeline(&target.pipeline, refusal));
                (place, seen)
            });
        let mut looks = stream::iter(looks).buffer_unordered(IN_FLIGHT);
        let mut reached = BTreeSet::new();
        let mut needed = 0;
        while reached.len() < targets.len() {
            let calls = observer.clients.calls() - calls_before;
            let patience = time.looking(calls, needed);
            let Ok(Some((place, seen))) = tokio::time::timeout(patience, looks.next()).await else {
                break;
            };
            reached.insert(place);
            match seen {
                Ok(mut seen) => {
                    needed += seen.stopped.len() * seen.calls_each;
                    scan.outcomes.append(&mut seen.outcomes);
                    if !seen.stopped.is_empty() {
                        scan.stopped.push(seen);
                    }
                }
                Err(outcome) => scan.outcomes.push(outcome),
            }
        }
        let unreached = targets.iter().enumerate();
        let unreached = unreached.filter(|(place, _)| !reached.contains(place));
        scan.unreached = unreached
            .map(|(_, target)| target.pipeline.clone())
            .collect();
        scan
    }
}
