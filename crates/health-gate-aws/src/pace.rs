//! How fast CodePipeline is called: a sweep over all pipelines of an account must not throttle the people who look at them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

/// Calls take their turns at even distances. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pace {
    /// Between two calls. None at all: no call waits.
    interval: Duration,
    turns: Arc<Turns>,
}

#[derive(Debug, Default)]
struct Turns {
    /// When the next call may be made. Who waits for a turn holds it: it is handed on in the order of asking, and whoever gives up
    /// waiting leaves the turn to the next.
    next: Mutex<Option<Instant>>,
    taken: AtomicUsize,
}

impl Pace {
    /// So many calls a second; 0 is as many as there are.
    pub(crate) fn per_second(calls: f64) -> Self {
        let interval = Duration::try_from_secs_f64(1.0 / calls).unwrap_or_default();
        Self {
            interval,
            turns: Arc::default(),
        }
    }

    /// Waits for a turn.
    pub(crate) async fn turn(&self) {
        if !self.interval.is_zero() {
            let mut next = self.turns.next.lock().await;
            if let Some(at) = *next {
                sleep_until(at).await;
            }
            *next = Some(Instant::now() + self.interval);
        }
        self.turns.taken.fetch_add(1, Ordering::Relaxed);
    }

    /// How many turns have been taken.
    pub(crate) fn taken(&self) -> usize {
        self.turns.taken.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When each of four calls, all asked for at once, is made.
    async fn turns(calls_a_second: f64) -> Vec<u128> {
        let pace = Pace::per_second(calls_a_second);
        let begin = Instant::now();
        let turn = || async {
            pace.turn().await;
            begin.elapsed().as_millis()
        };
        let turns = [turn(), turn(), turn(), turn()];
        let turns = futures_util::future::join_all(turns).await;
        assert_eq!(pace.taken(), 4);
        turns
    }

    #[tokio::test(start_paused = true)]
    async fn calls_are_evenly_paced() {
        assert_eq!(turns(5.0).await, [0, 200, 400, 600]);
        assert_eq!(turns(0.5).await, [0, 2_000, 4_000, 6_000]);
        assert_eq!(turns(0.0).await, [0, 0, 0, 0]);
    }

    /// Time in which nobody called is not saved up.
    #[tokio::test(start_paused = true)]
    async fn a_pause_allows_no_burst() {
        let pace = Pace::per_second(1.0);
        pace.turn().await;
        tokio::time::sleep(Duration::from_secs(10)).await;
        let begin = Instant::now();
        pace.turn().await;
        pace.turn().await;
        assert_eq!(begin.elapsed().as_millis(), 1_000);
    }

    /// Who gives up waiting takes no turn.
    #[tokio::test(start_paused = true)]
    async fn a_turn_that_nobody_waits_for_any_more_is_the_next_one_s() {
        let pace = Pace::per_second(1.0);
        let begin = Instant::now();
        pace.turn().await;
        let impatient =
            (0..9).map(|_| tokio::time::timeout(Duration::from_millis(500), pace.turn()));
        let given_up = futures_util::future::join_all(impatient).await;
        assert!(given_up.iter().all(Result::is_err));
        pace.turn().await;
        assert_eq!((begin.elapsed().as_millis(), pace.taken()), (1_000, 2));
    }
}
