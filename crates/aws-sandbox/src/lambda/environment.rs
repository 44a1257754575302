//! The environment that a function runs in: one process a function, started when an event waits, used again for the next
//! one, killed when an invocation takes too long. A driver does the starting and killing, by order.

use std::time::Duration;

use serde_json::json;

use super::{Lambda, function_arn};
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
        /// The function's ARN.
        arn: String,
        /// Its program.
        program: Program,
    },
    /// Kill a function's program.
    Kill {
        /// The function's ARN.
        arn: String,
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
    /// From now on a function of a region is a program of its own, which is started when it is needed. One that runs already
    /// is replaced.
    pub fn create_function(
        &mut self,
        now: Timestamp,
        region: &str,
        function: &str,
        timeout: Duration,
        program: Option<Program>,
    ) {
        let arn = function_arn(region, function);
        let known = self.function(&arn);
        known.is_deleted = false;
        known.timeout = Some(timeout);
        known.program = program;
        self.kill(now, &arn, "the function was updated");
        self.start_if_needed(&arn);
    }

    /// From now on there is no such function in a region.
    pub fn delete_function(&mut self, now: Timestamp, region: &str, function: &str) {
        let arn = function_arn(region, function);
        self.function(&arn).is_deleted = true;
        self.waiting
            .retain(|invocation| invocation.function_arn != arn);
        self.kill(now, &arn, "the function was deleted");
    }

    /// What a driver has to do since it was asked last.
    pub fn take_orders(&mut self) -> Vec<Order> {
        self.orders.drain(..).collect()
    }

    /// A function's program has ended by itself: what it was doing has failed.
    pub fn environment_ended(&mut self, now: Timestamp, arn: &str, how: &str) {
        let known = self.function(arn);
        if known.environment == Environment::None {
            return;
        }
        known.environment = Environment::None;
        // One that ends before it takes anything fails what waits for it: Lambda tries that again later, and not for ever.
        if !self.fail_running(now, arn, how) {
            while let Some(position) = self.waiting_for(arn) {
                if let Some(invocation) = self.begin(now, position) {
                    self.fail_exit(now, &invocation.request_id, how);
                }
            }
        }
        self.start_if_needed(arn);
    }

    /// What a function was doing has failed. False if it was doing nothing.
    fn fail_running(&mut self, now: Timestamp, arn: &str, how: &str) -> bool {
        let running = self.running.values();
        let running = running.filter(|(_, invocation)| invocation.function_arn == arn);
        let running: Vec<String> = running
            .map(|(_, invocation)| invocation.request_id.clone())
            .collect();
        for request_id in &running {
            self.fail_exit(now, request_id, how);
        }
        !running.is_empty()
    }

    fn fail_exit(&mut self, now: Timestamp, request_id: &str, how: &str) {
        let text = format!("RequestId: {request_id} Error: Runtime exited with error: {how}");
        let error = json!({"errorType": "Runtime.ExitError", "errorMessage": text});
        self.end(now, request_id, Err(error));
    }

    /// An event waits: a program that does not run is started.
    pub(super) fn start_if_needed(&mut self, arn: &str) {
        let waits = self.waiting_for(arn).is_some();
        let known = self.function(arn);
        if let (true, Environment::None, Some(program), false) =
            (waits, &known.environment, &known.program, known.is_deleted)
        {
            let program = program.clone();
            known.environment = Environment::Started;
            self.orders.push_back(Order::Start {
                arn: arn.to_owned(),
                program,
            });
        }
    }

    /// Ends a function's program, and with it what it is doing.
    pub(super) fn kill(&mut self, now: Timestamp, arn: &str, why: &str) {
        let known = self.function(arn);
        if known.environment == Environment::Started {
            known.environment = Environment::None;
            self.orders.push_back(Order::Kill {
                arn: arn.to_owned(),
            });
            self.fail_running(now, arn, why);
            self.start_if_needed(arn);
        }
    }
}
