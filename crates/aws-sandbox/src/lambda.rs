//! Lambda: asynchronous invocations, the environments that functions run in, and the Runtime API by which a function takes
//! its invocations.

mod environment;
mod runtime_api;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde_json::{Value, json};

use crate::ACCOUNT_ID;
use crate::agenda::Agenda;
use crate::timestamp::Timestamp;
use environment::Environment;
pub use environment::{Order, Program};

/// How many lines of functions are kept.
const MOST_LINES: usize = 1_000;

/// The state of Lambda.
#[derive(Debug)]
pub struct Lambda {
    /// How long an invocation may take, of functions of which nothing else is said.
    pub timeout: Duration,
    /// How long Lambda waits before it runs an event again that a function has failed (developer guide, "How Lambda handles
    /// errors and retries with asynchronous invocation"). After the last time the event is a dead letter.
    pub retries_after: [Duration; 2],
    /// By ARN.
    functions: BTreeMap<String, Function>,
    waiting: VecDeque<Invocation>,
    running: BTreeMap<String, (Timestamp, Invocation)>,
    finished: Vec<Finished>,
    agenda: Agenda<Step>,
    orders: VecDeque<Order>,
    logs: VecDeque<String>,
}

impl Default for Lambda {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            retries_after: [Duration::from_secs(60), Duration::from_secs(120)],
            functions: BTreeMap::new(),
            waiting: VecDeque::new(),
            running: BTreeMap::new(),
            finished: Vec::new(),
            agenda: Agenda::default(),
            orders: VecDeque::new(),
            logs: VecDeque::new(),
        }
    }
}

/// What is known of a function. One of which nothing is known exists all the same: whoever asks for its invocations is it.
#[derive(Debug, Default)]
struct Function {
    timeout: Option<Duration>,
    is_deleted: bool,
    program: Option<Program>,
    environment: Environment,
    dead_letters: Vec<Value>,
}

/// One invocation of a function.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Identifies the event: all tries of it have the same.
    pub request_id: String,
    /// The function's name.
    pub function: String,
    /// `arn:aws:lambda:us-east-1:111122223333:function:pipeline-gate`.
    pub function_arn: String,
    /// The event.
    pub payload: Value,
    /// When the function has to be done. Known once it has begun.
    pub deadline: Option<Timestamp>,
    /// How often the event was tried before.
    pub retries: usize,
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
#[derive(Debug, Clone)]
pub(crate) struct Invoke {
    pub(crate) region: String,
    pub(crate) function: String,
    pub(crate) payload: Value,
}

#[derive(Debug)]
enum Step {
    /// An invocation has taken as long as it may.
    Deadline { request_id: String, retries: usize },
    /// An event that a function has failed is tried again.
    Retry(Invocation),
}

impl Lambda {
    /// Takes an event for a function: it waits until the function asks for it. False if there is no such function.
    pub(crate) fn invoke(&mut self, request_id: String, invoke: Invoke) -> bool {
        let Invoke {
            region,
            function,
            payload,
        } = invoke;
        let arn = function_arn(&region, &function);
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let is_valid = (1..=64).contains(&function.len()) && function.chars().all(is_name);
        let is_deleted = self
            .functions
            .get(&arn)
            .is_some_and(|known| known.is_deleted);
        if !is_valid || is_deleted {
            return false;
        }
        self.waiting.push_back(Invocation {
            request_id,
            function_arn: arn.clone(),
            function,
            payload,
            deadline: None,
            retries: 0,
        });
        self.start_if_needed(&arn);
        true
    }

    /// The next invocation of a function, which begins now.
    pub fn take(&mut self, now: Timestamp, function: &str) -> Option<Invocation> {
        let mut waiting = self.waiting.iter();
        let position = waiting.position(|invocation| invocation.function == function)?;
        self.begin(now, position)
    }

    /// The next invocation of any function, which begins now.
    pub fn take_any(&mut self, now: Timestamp) -> Option<Invocation> {
        self.begin(now, 0)
    }

    /// The next invocation of a function of one region, which begins now.
    fn take_of(&mut self, now: Timestamp, arn: &str) -> Option<Invocation> {
        let position = self.waiting_for(arn)?;
        self.begin(now, position)
    }

    fn waiting_for(&self, arn: &str) -> Option<usize> {
        let mut waiting = self.waiting.iter();
        waiting.position(|invocation| invocation.function_arn == arn)
    }

    fn begin(&mut self, now: Timestamp, position: usize) -> Option<Invocation> {
        let mut invocation = self.waiting.remove(position)?;
        let deadline = now + self.timeout_of(&invocation.function_arn);
        invocation.deadline = Some(deadline);
        let request_id = invocation.request_id.clone();
        let step = Step::Deadline {
            request_id: request_id.clone(),
            retries: invocation.retries,
        };
        self.agenda
            .schedule(deadline + Duration::from_millis(1), step);
        self.running.insert(request_id, (now, invocation.clone()));
        Some(invocation)
    }

    fn timeout_of(&self, arn: &str) -> Duration {
        let known = self.functions.get(arn);
        known
            .and_then(|known| known.timeout)
            .unwrap_or(self.timeout)
    }

    /// A function has finished an invocation. False if no such invocation of it is running, or it is too late.
    pub fn finish(
        &mut self,
        now: Timestamp,
        request_id: &str,
        result: Result<Value, Value>,
    ) -> bool {
        let Some((_, invocation)) = self.running.get(request_id) else {
            return false;
        };
        if invocation.deadline.is_some_and(|deadline| now > deadline) {
            self.time_out(now, request_id);
            return false;
        }
        self.end(now, request_id, result);
        true
    }

    fn time_out(&mut self, now: Timestamp, request_id: &str) {
        let Some((_, invocation)) = self.running.get(request_id) else {
            return;
        };
        let arn = invocation.function_arn.clone();
        let seconds = self.timeout_of(&arn).as_secs_f64();
        let text = format!("{request_id} Task timed out after {seconds:.2} seconds");
        let error = json!({"errorType": "Sandbox.Timedout", "errorMessage": text});
        self.end(now, request_id, Err(error));
        self.kill(now, &arn, "its environment was reset");
    }

    /// An invocation has ended. One that has failed is tried twice more, and then is a dead letter.
    fn end(&mut self, now: Timestamp, request_id: &str, result: Result<Value, Value>) {
        let Some((began, invocation)) = self.running.remove(request_id) else {
            return;
        };
        let is_deleted = self.function(&invocation.function_arn).is_deleted;
        if result.is_err() && !is_deleted {
            match self.retries_after.get(invocation.retries).copied() {
                Some(after) => {
                    let mut again = invocation.clone();
                    again.retries += 1;
                    again.deadline = None;
                    self.agenda.schedule(now + after, Step::Retry(again));
                }
                None => {
                    let function = self.function(&invocation.function_arn);
                    function.dead_letters.push(invocation.payload.clone());
                }
            }
        }
        self.finished.push(Finished {
            began,
            at: now,
            invocation,
            result,
        });
    }

    /// Whether an invocation has begun and not ended.
    pub fn is_running(&self, request_id: &str) -> bool {
        self.running.contains_key(request_id)
    }

    /// The invocations that have begun and not ended.
    pub fn running(&self) -> impl Iterator<Item = &Invocation> {
        self.running.values().map(|(_, invocation)| invocation)
    }

    /// The invocations that have ended, oldest first.
    pub fn finished(&self) -> &[Finished] {
        &self.finished
    }

    /// The events that a function has failed for good, in any region: what its dead-letter queue holds, if it has one.
    pub fn dead_letters(&self, function: &str) -> Vec<&Value> {
        let name = format!(":{function}");
        let functions = self
            .functions
            .iter()
            .filter(|(arn, _)| arn.ends_with(&name));
        functions
            .flat_map(|(_, known)| &known.dead_letters)
            .collect()
    }

    /// The same of all functions, by their ARNs.
    pub(crate) fn all_dead_letters(&self) -> Value {
        let functions = self.functions.iter();
        let functions = functions.filter(|(_, known)| !known.dead_letters.is_empty());
        functions
            .map(|(arn, known)| (arn.clone(), json!(known.dead_letters)))
            .collect()
    }

    /// A function's program has written a line.
    pub fn log(&mut self, function: &str, line: &str) {
        if self.logs.len() == MOST_LINES {
            self.logs.pop_front();
        }
        self.logs.push_back(format!("{function}: {line}"));
    }

    /// The last lines that functions have written, oldest first.
    pub fn logs(&self) -> &VecDeque<String> {
        &self.logs
    }

    /// When something happens by itself next.
    pub(crate) fn next_step(&self) -> Option<Timestamp> {
        self.agenda.next()
    }

    /// Does the next thing that is due. False if there is none.
    pub(crate) fn step(&mut self, now: Timestamp) -> bool {
        match self.agenda.take(now) {
            None => return false,
            Some(Step::Deadline {
                request_id,
                retries,
            }) => {
                // All tries of an event have its id; this is of one of them.
                let running = self.running.get(&request_id);
                if running.is_some_and(|(_, invocation)| invocation.retries == retries) {
                    self.time_out(now, &request_id);
                }
            }
            Some(Step::Retry(invocation)) => {
                let arn = invocation.function_arn.clone();
                if !self.function(&arn).is_deleted {
                    self.waiting.push_back(invocation);
                    self.start_if_needed(&arn);
                }
            }
        }
        true
    }

    fn function(&mut self, arn: &str) -> &mut Function {
        self.functions.entry(arn.to_owned()).or_default()
    }
}

fn function_arn(region: &str, function: &str) -> String {
    format!("arn:aws:lambda:{region}:{ACCOUNT_ID}:function:{function}")
}
