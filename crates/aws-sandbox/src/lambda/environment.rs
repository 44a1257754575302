//! The environment that a function runs in: one process a function, started when an event waits, used again for the next
//! one, killed when an invocation takes too long. A driver does the starting and killing, by order.

use std::time::Duration;

use serde_json::json;

use super::Lambda;
use crate::timestamp::Timestamp;

/// A function's program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The executable and its arguments.
    pub command: Vec<String>,
    /// Its environment, beside what Lambda sets.
    pub environment: Vec<(String, String)>,
}

/// What a driver has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Start a function's program: a cold start.
    Start {
        /// The function's name.
        function: String,
        /// Its program.
        program: Program,
    },
    /// Kill a function's program.
    Kill {
        /// The function's name.
        function: String,
    },
}

/// Whether a function's program runs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Environment {
    #[default]
    None,
    Started,
}

impl Lambda {
    /// From now on a function is a program of its own, which is started when it is needed.
    pub fn create_function(&mut self, function: &str, timeout: Duration, program: Option<Program>) {
        let known = self.function(function);
        known.is_deleted = false;
        known.timeout = Some(timeout);
        known.program = program;
        self.start_if_needed(function);
    }

    /// From now on there is no such function.
    pub fn delete_function(&mut self, function: &str) {
        self.function(function).is_deleted = true;
        self.waiting
            .retain(|invocation| invocation.function != function);
        self.kill(function);
    }

    /// What a driver has to do since it was asked last.
    pub fn take_orders(&mut self) -> Vec<Order> {
        self.orders.drain(..).collect()
    }

    /// A function's program has ended by itself: what it was doing has failed.
    pub fn environment_ended(&mut self, now: Timestamp, function: &str, how: &str) {
        let known = self.function(function);
        if known.environment == Environment::None {
            return;
        }
        known.environment = Environment::None;
        let running = self
            .running
            .values()
            .filter(|(_, invocation)| invocation.function == function);
        let running: Vec<String> = running
            .map(|(_, invocation)| invocation.request_id.clone())
            .collect();
        for request_id in &running {
            let text = format!("RequestId: {request_id} Error: Runtime exited with error: {how}");
            let error = json!({"errorType": "Runtime.ExitError", "errorMessage": text});
            self.end(now, request_id, Err(error));
        }
        // One that ends before it takes anything is not started for the same event again and again.
        if running.is_empty() {
            self.waiting
                .retain(|invocation| invocation.function != function);
        } else {
            self.start_if_needed(function);
        }
    }

    /// An event waits: a program that does not run is started.
    pub(super) fn start_if_needed(&mut self, function: &str) {
        let waits = self
            .waiting
            .iter()
            .any(|invocation| invocation.function == function);
        let known = self.function(function);
        if let (true, Environment::None, Some(program)) =
            (waits, &known.environment, &known.program)
        {
            let program = program.clone();
            known.environment = Environment::Started;
            self.orders.push_back(Order::Start {
                function: function.to_owned(),
                program,
            });
        }
    }

    pub(super) fn kill(&mut self, function: &str) {
        let known = self.function(function);
        if known.environment == Environment::Started {
            known.environment = Environment::None;
            self.orders.push_back(Order::Kill {
                function: function.to_owned(),
            });
            self.start_if_needed(function);
        }
    }
}
