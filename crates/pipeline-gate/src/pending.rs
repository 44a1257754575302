//! Reading one thing beside another, and not for ever.

use std::time::Duration;

use futures_util::future::BoxFuture;

/// Something that is read beside something else, and perhaps not needed in the end.
pub(crate) struct Pending<'a, T> {
    reading: BoxFuture<'a, T>,
    value: Option<T>,
}

impl<'a, T> Pending<'a, T> {
    pub(crate) fn new(reading: BoxFuture<'a, T>) -> Self {
        Self {
            reading,
            value: None,
        }
    }

    /// Goes on reading while `other` does its work, and no longer.
    pub(crate) async fn beside<O>(&mut self, mut other: BoxFuture<'_, O>) -> O {
        loop {
            tokio::select! {
                biased;
                value = &mut self.reading, if self.value.is_none() => self.value = Some(value),
                done = &mut other => return done,
            }
        }
    }

    /// What is there without waiting any longer.
    pub(crate) fn so_far(self) -> Option<T> {
        self.value
    }

    pub(crate) async fn get(self) -> T {
        match self.value {
            Some(value) => value,
            None => self.reading.await,
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
