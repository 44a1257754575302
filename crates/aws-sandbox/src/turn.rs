//! A moment of the state machine, and what one service does in it to another.

use serde_json::Value;

use crate::ids::Ids;
use crate::lambda::Invoke;
use crate::timestamp::Timestamp;

/// A moment: when it is, where ids come from, and what comes of it.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    pub(crate) now: Timestamp,
    pub(crate) ids: &'a mut Ids,
    pub(crate) effects: Vec<Effect>,
}

impl<'a> Turn<'a> {
    pub(crate) fn new(now: Timestamp, ids: &'a mut Ids) -> Self {
        Self {
            now,
            ids,
            effects: Vec::new(),
        }
    }
}

/// What a service does to another one.
#[derive(Debug)]
pub(crate) enum Effect {
    /// CodePipeline invokes the function of a job.
    Job { job_id: String, invoke: Invoke },
    /// SNS hands a message to a function.
    Invoke(Invoke),
    /// A service tells EventBridge what has happened in a region.
    Event(Event),
    /// EventBridge publishes a message.
    Publish { topic_arn: String, message: String },
}

/// An event, and what notifications tell beyond it.
#[derive(Debug)]
pub(crate) struct Event {
    /// As EventBridge has it.
    pub(crate) event: Value,
    /// `additionalAttributes` of a FULL notification.
    pub(crate) additional: Value,
}
