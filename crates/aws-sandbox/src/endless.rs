//! A body that never ends: a piece each millisecond.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::time::{Interval, interval};

const PIECE: Bytes = Bytes::from_static(&[b' '; 64 * 1_024]);

/// Spaces, which in most protocols may stand before an answer.
pub(crate) fn body() -> Endless {
    Endless(interval(Duration::from_millis(1)))
}

#[derive(Debug)]
pub(crate) struct Endless(Interval);

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        ready!(self.0.poll_tick(context));
        Poll::Ready(Some(Ok(Frame::data(PIECE))))
    }
}
