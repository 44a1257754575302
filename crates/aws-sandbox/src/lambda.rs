//! Lambda: invocations that wait for a function, and the Runtime API by which a function takes them.

mod runtime_api;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde_json::{Value, json};

use crate::ACCOUNT_ID;
use crate::timestamp::Timestamp;

/// The state of Lambda.
#[derive(Debug)]
pub struct Lambda {
    /// How long an invocation may take.
    pub timeout: Duration,
    waiting: VecDeque<Invocation>,
    running: BTreeMap<String, (Timestamp, Invocation)>,
    finished: Vec<Finished>,
}

impl Default for Lambda {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            waiting: VecDeque::new(),
            running: BTreeMap::new(),
            finished: Vec::new(),
        }
    }
}

/// One invocation of a function.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Identifies the invocation.
    pub request_id: String,
    /// The function's name.
    pub function: String,
    /// `arn:aws:lambda:us-east-1:111122223333:function:pipeline-gate`.
    pub function_arn: String,
    /// The event.
    pub payload: Value,
    /// When the function has to be done. Known once it has begun.
    pub deadline: Option<Timestamp>,
}

/// An invocation that has ended.
#[derive(Debug, Clone)]
pub struct Finished {
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub at: Timestamp,
    /// The invocation.
    pub invocation: Invocation,
    /// What the function returned, or the error object that it reported.
    pub result: Result<Value, Value>,
}

/// An event on its way to a function.
#[derive(Debug)]
pub(crate) struct Invoke {
    pub(crate) region: String,
    pub(crate) function: String,
    pub(crate) payload: Value,
}

impl Lambda {
    /// Takes an event for a function: it waits until the function asks for it.
    pub(crate) fn invoke(&mut self, request_id: String, invoke: Invoke) {
        let Invoke {
            region,
            function,
            payload,
        } = invoke;
        self.waiting.push_back(Invocation {
            request_id,
            function_arn: format!("arn:aws:lambda:{region}:{ACCOUNT_ID}:function:{function}"),
            function,
            payload,
            deadline: None,
        });
    }

    /// The next invocation of a function, which begins now.
    pub fn take(&mut self, now: Timestamp, function: &str) -> Option<Invocation> {
        let position = self
            .waiting
            .iter()
            .position(|invocation| invocation.function == function)?;
        self.begin(now, position)
    }

    /// The next invocation of any function, which begins now.
    pub fn take_any(&mut self, now: Timestamp) -> Option<Invocation> {
        self.begin(now, 0)
    }

    fn begin(&mut self, now: Timestamp, position: usize) -> Option<Invocation> {
        let mut invocation = self.waiting.remove(position)?;
        invocation.deadline = Some(now + self.timeout);
        self.running
            .insert(invocation.request_id.clone(), (now, invocation.clone()));
        Some(invocation)
    }

    /// A function has finished an invocation. False if no such invocation of it is running: Lambda ends one at its
    /// deadline.
    pub fn finish(
        &mut self,
        now: Timestamp,
        request_id: &str,
        mut result: Result<Value, Value>,
    ) -> bool {
        let Some((began, invocation)) = self.running.remove(request_id) else {
            return false;
        };
        let in_time = invocation.deadline.is_none_or(|deadline| now <= deadline);
        if !in_time {
            let text = format!(
                "{request_id} Task timed out after {:.2} seconds",
                self.timeout.as_secs_f64()
            );
            result = Err(json!({"errorType": "Sandbox.Timedout", "errorMessage": text}));
        }
        self.finished.push(Finished {
            began,
            at: now,
            invocation,
            result,
        });
        in_time
    }

    /// The invocations that have ended, oldest first.
    pub fn finished(&self) -> &[Finished] {
        &self.finished
    }
}
