//! What every operation gets beside its input.

use crate::turn::Turn;

/// What an operation runs in.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) turn: Turn<'a>,
    /// The region that the call is signed for.
    pub(crate) region: &'a str,
}
