//! What has to hold in every world. Each invariant counts how often it was looked at, and how often in a situation in which it could
//! have been broken: an invariant that is never in danger shows nothing.

mod credentials;
mod decided;
mod decisions;
mod jobs;
mod outcomes;
mod reading;
mod rest;
mod results;
mod retries;
mod signals;
mod telling;

use std::collections::{BTreeMap, BTreeSet};

use aws_sandbox::lambda::Invocation;
use aws_sandbox::sns::Disturbance;
use aws_sandbox::{Call, Timestamp, World};

use crate::functions::{Ending, GATE, RETRY};
use crate::plan::{Deed, Interruption, Plan};
use crate::truth::Truth;
pub(crate) use rest::action_rows;
pub(crate) use retries::millis;
pub(crate) use signals::IDLE;

/// What has to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// An invocation gives its job at most one result, and says that it did only if CodePipeline has taken it.
    OneResult,
    /// No invocation has to be ended by Lambda.
    InTime,
    /// Nothing passes with a blocking event unless it is warned, overridden or rolled back.
    NoPassWhileBlocked,
    /// What was not read is never taken for clear.
    UnknownIsNotClear,
    /// What is stopped or held has a reason, and a person's word counts.
    StopsHaveReasons,
    /// A hold ends.
    HoldsEnd,
    /// A result has the form that people and stage-retry rely on.
    Report,
    /// Nothing is retried but what the gate has stopped and nothing stands in the way of, and nothing twice.
    OnlyItsStops,
    /// What the gate has stopped goes on.
    GoesOn,
    /// A message that calls for a look gets one, and any other costs no call.
    SignalsWake,
    /// What stage-retry says of the stages that it left alone is true.
    OutcomesAreTrue,
    /// People are told what they were promised to be told, once.
    PeopleAreTold,
    /// No log, message or result shows artifact credentials.
    NoCredentials,
    /// No function does what `template.yaml` does not allow it.
    OnlyAllowed,
    /// No function panics.
    NoPanic,
}

impl Invariant {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::OneResult,
        Self::InTime,
        Self::NoPassWhileBlocked,
        Self::UnknownIsNotClear,
        Self::StopsHaveReasons,
        Self::HoldsEnd,
        Self::Report,
        Self::OnlyItsStops,
        Self::GoesOn,
        Self::SignalsWake,
        Self::OutcomesAreTrue,
        Self::PeopleAreTold,
        Self::NoCredentials,
        Self::OnlyAllowed,
        Self::NoPanic,
    ];

    /// What has to hold, in words.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::OneResult => {
                "each job has exactly one result, and each invocation gives one at most"
            }
            Self::InTime => "no invocation has to be ended by Lambda",
            Self::NoPassWhileBlocked => {
                "nothing passes while blocked unless warned, overridden or rolled back"
            }
            Self::UnknownIsNotClear => "what was not read is never taken for clear",
            Self::StopsHaveReasons => {
                "what is stopped or held has a reason, and a person's word counts"
            }
            Self::HoldsEnd => "a hold ends",
            Self::Report => "a result has the form that people and stage-retry rely on",
            Self::OnlyItsStops => "nothing is retried but what the gate stopped and may go on",
            Self::GoesOn => "what the gate stopped goes on",
            Self::SignalsWake => {
                "a message that calls for a look gets one, and no other costs a call"
            }
            Self::OutcomesAreTrue => "why a stage was left alone is true",
            Self::PeopleAreTold => "people are told what they were promised to be told, once",
            Self::NoCredentials => "no log, message or result shows credentials",
            Self::OnlyAllowed => "no function does what template.yaml does not allow it",
            Self::NoPanic => "nothing panics",
        }
    }
}

/// An invariant that does not hold.
#[derive(Debug, Clone)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// When.
    pub at: Timestamp,
    /// What happened instead.
    pub what: String,
}

/// How often an invariant was looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// In all.
    pub checked: usize,
    /// In a situation in which it could have been broken.
    pub in_danger: usize,
}

/// An invocation, when it has ended.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    pub(crate) invocation: Invocation,
    /// By which its calls are known.
    pub(crate) name: String,
    pub(crate) began: Timestamp,
    /// The transcript's length then.
    pub(crate) first_call: usize,
    pub(crate) interruption: Option<Interruption>,
    /// The operations that it has called. A call that it gave up before it was done is not in the transcript.
    pub(crate) made: Vec<String>,
}

/// The invocation that is looked at, and the world around it.
struct Look<'a> {
    world: &'a World,
    truth: &'a Truth,
    plan: &'a Plan,
    ended: &'a Ended,
    /// `None`: Lambda has ended it.
    ending: Option<&'a Ending>,
    /// The calls that it made, oldest first.
    calls: Vec<Call>,
}

/// What is known of the checks so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Checks {
    pub(crate) tallies: BTreeMap<Invariant, Tally>,
    /// What went wrong on purpose, by kind, and what with: an operation, or a function or a message.
    pub(crate) faults: BTreeMap<(String, String), usize>,
    /// What people did, how often, and how often it was refused.
    pub(crate) people: BTreeMap<&'static str, (usize, usize)>,
    /// What was done, and how many invocations ended.
    pub(crate) steps: usize,
    /// The cells of the policies' table, filter and kind, by which something was decided.
    pub(crate) labels: BTreeSet<(usize, usize)>,
    seen: Seen,
    /// By the attempt of an action.
    holds: BTreeMap<String, Hold>,
    /// Stops that were lifted, by their actions' attempts.
    lifted: BTreeSet<String>,
    /// Invocations that were given credentials since the last look.
    given_credentials: usize,
    /// Jobs that a function was sent, and whether more than once.
    jobs: BTreeMap<String, bool>,
}

/// A hold, as its accepted rounds tell of it. Times are in milliseconds.
#[derive(Debug, Clone, Copy)]
struct Hold {
    /// When it began, as its token says: within its first round.
    since: i64,
}

/// How far each record has been looked through.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    calls: usize,
    log: usize,
    published: usize,
    finished: usize,
    disturbed: usize,
}

impl Look<'_> {
    /// Whether an operation was called.
    fn has_called(&self, operation: &str) -> bool {
        self.ended.made.iter().any(|made| made == operation)
    }

    /// Whether a call of an operation was answered, and nothing went wrong with it.
    fn was_answered(&self, operation: &str) -> bool {
        let mut calls = self.calls.iter();
        calls.any(|call| call.operation == operation && call.fault.is_none())
    }

    /// Whether the answer to a call had come back when the function went on without it: to another endpoint of AWS Health, to what the gate
    /// does with a reading, or to its end. `call` is one of `calls`. A call is in the transcript when it comes, and was sent half a round trip before.
    fn was_waited_for(&self, call: &Call) -> bool {
        let way = World::ROUND_TRIP.as_millis() as i64 / 2;
        let is_gate = self.ended.invocation.function == GATE;
        let goes_on = |next: &&Call| match &*next.operation {
            "DescribeEvents" => next.operation == call.operation && next.region != call.region,
            // It is read beside AWS Health.
            "GetJobDetails" => false,
            _ => is_gate,
        };
        let later = self
            .calls
            .iter()
            .skip_while(|next| !std::ptr::eq(*next, call))
            .skip(1);
        let next = later.filter(goes_on).map(|next| next.at.as_millis() - way);
        let went_on = next.min().unwrap_or(self.world.now().as_millis());
        call.at.as_millis() + way <= went_on
    }

    /// Whether something went wrong with a call of an operation.
    fn went_wrong(&self, operation: &str) -> bool {
        let of_operation = |call: &&Call| call.operation == operation;
        let made = self
            .ended
            .made
            .iter()
            .filter(|made| *made == operation)
            .count();
        let done: Vec<&Call> = self.calls.iter().filter(of_operation).collect();
        done.len() < made || done.iter().any(|call| call.fault.is_some())
    }
}

type Checked = Result<(), Violation>;

impl Checks {
    /// An invariant was looked at.
    fn count(&mut self, invariant: Invariant, in_danger: bool) {
        let tally = self.tallies.entry(invariant).or_default();
        tally.checked += 1;
        tally.in_danger += usize::from(in_danger);
    }

    /// An invariant holds, or not.
    fn hold(
        &mut self,
        invariant: Invariant,
        in_danger: bool,
        at: Timestamp,
        broken: Option<String>,
    ) -> Checked {
        self.count(invariant, in_danger);
        match broken {
            None => Ok(()),
            Some(what) => Err(Violation {
                invariant,
                at,
                what,
            }),
        }
    }

    /// A thing was done.
    pub(crate) fn deed(&mut self, deed: &Deed, is_refused: bool) {
        self.steps += 1;
        let mut person = |what| {
            let (done, refused) = self.people.entry(what).or_default();
            *(if is_refused { refused } else { done }) += 1;
        };
        match deed {
            Deed::Release(_) => person("releases"),
            Deed::Retry { .. } => person("retries"),
            Deed::Stop { .. } => person("stops"),
            Deed::RollBack(_) => person("rollbacks"),
            Deed::Freeze(_) => person("disabled transitions"),
            Deed::Redeliver(function) => self.fault("delivered again", function.name()),
            Deed::FailOver(_) => self.fault("failover", "AWS Health"),
            // Calls, messages and invocations count when they meet it.
            Deed::Fail { .. } | Deed::Limit { .. } | Deed::Disturb { .. } | Deed::Interrupt(..) => {
            }
            Deed::Write { .. }
            | Deed::Thaw(_)
            | Deed::Override(..)
            | Deed::RemoveOverride(_)
            | Deed::Sweep
            | Deed::Rumour(_)
            | Deed::Idle(_)
            | Deed::TimeOut(_) => {}
        }
    }

    fn fault(&mut self, kind: &str, of: &str) {
        *self
            .faults
            .entry((kind.to_owned(), of.to_owned()))
            .or_default() += 1;
    }

    /// An invocation has ended, or was by Lambda.
    pub(crate) fn invocation(
        &mut self,
        world: &World,
        truth: &Truth,
        plan: &Plan,
        ended: Ended,
        ending: Option<Ending>,
    ) -> Checked {
        self.steps += 1;
        self.count(Invariant::NoPanic, true);
        let calls = world.with(|sandbox, _| {
            let calls = &sandbox.transcript.calls()[ended.first_call..];
            let own = |call: &&Call| call.caller.as_deref() == Some(&*ended.name);
            calls.iter().filter(own).cloned().collect()
        });
        match (&ending, ended.interruption) {
            (Some(Ending::Crashed), _) => self.fault("crash", &ended.invocation.function),
            (None, Some(interruption)) if interruption.call < ended.made.len() => {
                self.fault("stands still", &ended.invocation.function)
            }
            (_, _) => {}
        }
        let look = Look {
            world,
            truth,
            plan,
            ended: &ended,
            ending: ending.as_ref(),
            calls,
        };
        self.in_time(&look)?;
        self.only_allowed(&look)?;
        match &*ended.invocation.function {
            GATE => {
                self.given_credentials += 1;
                self.one_result(&look)?;
                self.decision(&look)
            }
            RETRY => {
                self.looks(&look)?;
                self.retries(&look)
            }
            _ => Ok(()),
        }
    }

    fn only_allowed(&mut self, look: &Look<'_>) -> Checked {
        let denied = look
            .world
            .with(|sandbox, _| sandbox.iam.denied().next().cloned());
        let broken = denied.map(|denied| format!("IAM refuses {denied:?}"));
        let has_called = !look.calls.is_empty();
        self.hold(Invariant::OnlyAllowed, has_called, look.world.now(), broken)
    }

    /// What was written since the last time is looked through.
    pub(crate) fn always(&mut self, world: &World, log: &crate::log::Log) -> Checked {
        self.count_faults(world);
        self.no_credentials(world, log)
    }

    fn count_faults(&mut self, world: &World) {
        world.with(|sandbox, _| {
            for call in &sandbox.transcript.calls()[self.seen.calls..] {
                if let Some(fault) = &call.fault {
                    self.fault(fault.name(), &call.operation);
                }
            }
            let disturbed = sandbox.sns.disturbed();
            for disturbance in &disturbed[self.seen.disturbed..] {
                let kind = match disturbance {
                    Disturbance::Twice => "twice",
                    Disturbance::Late(_) => "late",
                    Disturbance::Retried(_) => "retried",
                    Disturbance::Lost => "lost",
                };
                self.fault(kind, "message");
            }
            self.seen.disturbed = disturbed.len();
        });
    }

    /// Everything is done, and nothing goes wrong any more.
    pub(crate) fn at_the_end(&mut self, world: &World, plan: &Plan) -> Checked {
        self.every_job_is_answered(world)?;
        self.every_hold_has_ended(world, plan)
    }

    /// Sweeps went on finding something.
    pub(crate) fn no_end(at: Timestamp) -> Violation {
        let what =
            "sweeps come to no end: each has found something that another one might go on with"
                .to_owned();
        Violation {
            invariant: Invariant::GoesOn,
            at,
            what,
        }
    }
}
