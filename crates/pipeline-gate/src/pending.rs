//! Reading one thing beside another, and not for ever.

use std::time::Duration;

use futures_util::future::BoxFuture;

/// Something that is read beside something else, and perhaps not needed in the end.
pub(crate) struct Pending<'a, T> {
    reading: Option<BoxFuture<'a, T>>,
    value: Option<T>,
}

impl<T> Default for Pending<'_, T> {
    /// Nothing is read.
    fn default() -> Self {
        Self {
            reading: None,
            value: None,
        }
    }
}

impl<'a, T> Pending<'a, T> {
    pub(crate) fn new(reading: BoxFuture<'a, T>) -> Self {
        Self {
            reading: Some(reading),
            value: None,
        }
    }

    /// Goes on reading while `other` does its work, and no longer.
    pub(crate) async fn beside<O>(&mut self, mut other: BoxFuture<'_, O>) -> O {
        loop {
            let Some(reading) = &mut self.reading else {
                return other.await;
            };
            tokio::select! {
                biased;
                value = reading => {
                    self.value = Some(value);
                    self.reading = None;
                }
                done = &mut other => return done,
            }
        }
    }

    /// What is there without waiting any longer.
    pub(crate) fn so_far(&mut self) -> Option<T> {
        self.value.take()
    }

    /// What was read, once it is; `None` if nothing is read.
    pub(crate) async fn get(&mut self) -> Option<T> {
        match self.reading.take() {
            Some(reading) => Some(reading.await),
            None => self.value.take(),
        }
    }
}

/// What could not be read in time was not read.
pub(crate) async fn in_time<T>(
    budget: Duration,
    read: impl Future<Output = Result<T, String>>,
) -> Result<T, String> {
    match tokio::time::timeout(budget, read).await {
        Ok(read) => read,
        Err(_) => Err(format!("no answer within {:.1} s", budget.as_secs_f64())),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::time::{Instant, sleep};

    use super::*;

    const SHORT: Duration = Duration::from_secs(1);
    const LONG: Duration = Duration::from_secs(2);

    /// A reading of seven that takes a time, and something else that takes one.
    async fn after(reading: Duration, other: Duration) -> (Pending<'static, u8>, Duration) {
        let mut pending = Pending::new(sleep(reading).map(|()| 7).boxed());
        let began = Instant::now();
        pending.beside(sleep(other).boxed()).await;
        (pending, began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_reading_goes_on_beside_something_else_and_delays_nothing() {
        let (mut quick, took) = after(SHORT, LONG).await;
        assert_eq!((took, quick.so_far()), (LONG, Some(7)));
        let (mut slow, took) = after(LONG, SHORT).await;
        assert_eq!((took, slow.so_far()), (SHORT, None));
        // It has only the rest of its time to go, and has not begun anew.
        let began = Instant::now();
        slow.beside(sleep(SHORT / 2).boxed()).await;
        assert_eq!(slow.get().await, Some(7));
        assert_eq!(began.elapsed(), LONG - SHORT);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_read_can_be_had_once() {
        let (mut quick, _) = after(SHORT, LONG).await;
        assert_eq!((quick.get().await, quick.get().await), (Some(7), None));
        let mut nothing: Pending<'_, u8> = Pending::default();
        nothing.beside(sleep(SHORT).boxed()).await;
        assert_eq!((nothing.so_far(), nothing.get().await), (None, None));
    }
}
