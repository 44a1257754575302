//! Looks at many pipelines: some at a time, as long as there is time.

use futures_util::stream::{self, StreamExt};

use crate::IN_FLIGHT;
use crate::account::StageOutcome;
use crate::look::{Observer, Seen};
use crate::targets::Target;
use crate::time_budget::TimeBudget;

/// How many calls a stopped stage takes after the look: its state once more and the retry, or its pipeline's tags.
const CALLS_OF_A_STOP: usize = 2;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// The pipelines that have stages which may go on.
    pub(crate) stopped: Vec<Seen>,
    /// What is settled already.
    pub(crate) outcomes: Vec<StageOutcome>,
    /// How many pipelines were not reached.
    pub(crate) unreached: usize,
}

impl Scan {
    /// Looks at the targets. It ends when the time that is left is needed for what it has found: the next sweep reaches the
    /// rest. One pipeline's trouble is an outcome of its own, and others are looked at all the same.
    pub(crate) async fn of(targets: &[Target], observer: Observer<'_>, time: &TimeBudget) -> Self {
        let mut scan = Self::default();
        let calls_before = observer.clients.calls();
        let looks = targets.iter().map(|target| async move {
            let seen = observer.look(target).await;
            seen.map_err(|refusal| StageOutcome::of_pipeline(&target.pipeline, refusal))
        });
        let mut looks = stream::iter(looks).buffer_unordered(IN_FLIGHT);
        let mut found = 0;
        for reached in 0..targets.len() {
            let calls = observer.clients.calls() - calls_before;
            let patience = time.looking(calls, found * CALLS_OF_A_STOP);
            match tokio::time::timeout(patience, looks.next()).await {
                Ok(Some(Ok(mut seen))) => {
                    found += seen.stopped.len();
                    scan.outcomes.append(&mut seen.outcomes);
                    if !seen.stopped.is_empty() {
                        scan.stopped.push(seen);
                    }
                }
                Ok(Some(Err(outcome))) => scan.outcomes.push(outcome),
                Ok(None) | Err(_) => {
                    scan.unreached = targets.len() - reached;
                    break;
                }
            }
        }
        scan
    }
}
