//! Many seeds, on all processors, and the account of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::invariants::{Invariant, Tally, Violation};
use crate::plan::{FAULTS, LABELS, OPERATIONS, OWN_ERRORS};
use crate::story::{Story, play};

/// What goes wrong beside the calls: what, and with what.
const OTHER_TROUBLE: [(&str, &str); 13] = [
    ("crash", "pipeline-gate"),
    ("crash", "stage-retry"),
    ("stands still", "pipeline-gate"),
    ("stands still", "stage-retry"),
    ("delivered again", "pipeline-gate"),
    ("delivered again", "stage-retry"),
    ("failover", "AWS Health"),
    ("late", "message"),
    ("lost", "message"),
    ("retried", "message"),
    ("twice", "message"),
    ("wrong output", "DescribeEvents"),
    ("wrong output", "GetPipelineState"),
];

/// What many seeds came to.
#[derive(Debug, Default)]
pub struct Seeds {
    /// How many were played.
    pub played: usize,
    tallies: BTreeMap<Invariant, Tally>,
    faults: BTreeMap<(String, String), usize>,
    labels: BTreeSet<(usize, usize)>,
    people: BTreeMap<&'static str, (usize, usize)>,
    /// What the template allows and no function has done in any of them.
    unused: Option<BTreeSet<(String, String)>>,
    steps: usize,
    calls: usize,
    took: Duration,
    /// The failed one with the lowest number, if one has failed. Those after it may not have been played.
    pub failure: Option<Failure>,
}

/// A seed in which an invariant does not hold.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// What does not hold.
    pub violation: Violation,
}

impl Seeds {
    /// Plays all seeds of a range, or those before the first failure.
    pub fn play(range: Range<u64>) -> Self {
        let begin = stopwatch();
        let next = AtomicU64::new(range.start);
        let all = Mutex::new(Self::default());
        let failed = AtomicU64::new(range.end);
        let work = || loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= failed.load(Ordering::Relaxed) {
                return;
            }
            let story = play(seed);
            if story.violation.is_some() {
                failed.fetch_min(seed, Ordering::Relaxed);
            }
            all.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .add(story);
        };
        thread::scope(|scope| {
            let threads = thread::available_parallelism().map_or(1, usize::from);
            for _ in 0..threads {
                scope.spawn(work);
            }
        });
        let mut all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
        all.took = begin.elapsed();
        all
    }

    fn add(&mut self, story: Story) {
        self.played += 1;
        self.steps += story.steps;
        self.calls += story.calls.len();
        for (invariant, Tally { checked, in_danger }) in story.tallies {
            let tally = self.tallies.entry(invariant).or_default();
            tally.checked += checked;
            tally.in_danger += in_danger;
        }
        self.labels.extend(story.labels);
        for (deed, (done, refused)) in story.people {
            let count = self.people.entry(deed).or_default();
            *count = (count.0 + done, count.1 + refused);
        }
        self.unused = Some(match self.unused.take() {
            None => story.unused,
            Some(unused) => &unused & &story.unused,
        });
        for (fault, count) in story.faults {
            *self.faults.entry(fault).or_default() += count;
        }
        if let Some(violation) = story.violation
            && self
                .failure
                .as_ref()
                .is_none_or(|failure| story.seed < failure.seed)
        {
            self.failure = Some(Failure {
                seed: story.seed,
                violation,
            });
        }
    }

    /// How often an operation met a fault.
    fn met(&self, fault: &str, operation: &str) -> usize {
        let cell = (fault.to_owned(), operation.to_owned());
        self.faults.get(&cell).copied().unwrap_or_default()
    }

    /// What no operation met, of what each can meet: the fault, and the operation.
    pub fn unmet(&self) -> Vec<(&'static str, &'static str)> {
        let cells = FAULTS
            .into_iter()
            .flat_map(|fault| OPERATIONS.map(|operation| (fault, operation)))
            .chain(OWN_ERRORS.map(|(operation, error)| (error, operation)))
            .chain(OTHER_TROUBLE);
        cells
            .filter(|(fault, operation)| self.met(fault, operation) == 0)
            .collect()
    }

    /// What people tried in vain in every seed.
    pub fn undone(&self) -> Vec<&'static str> {
        let undone = self.people.iter().filter(|(_, (done, _))| *done == 0);
        undone.map(|(deed, _)| *deed).collect()
    }

    /// What the template allows a function and it never did: the function and the action. What Lambda does in its name (writing
    /// logs) is not played.
    pub fn unused(&self) -> Vec<&(String, String)> {
        let all = self.unused.iter().flatten();
        all.filter(|(_, action)| !action.starts_with("logs:"))
            .collect()
    }

    /// A line an operation, a column a fault.
    fn write_matrix(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |fault: &'static str| fault.trim_end_matches("Exception");
        write!(f, "{:24}", "")?;
        for fault in FAULTS {
            write!(f, "  {}", short(fault))?;
        }
        for operation in OPERATIONS {
            write!(f, "\n  {operation:22}")?;
            for fault in FAULTS {
                let width = short(fault).len();
                write!(f, "  {:>width$}", self.met(fault, operation))?;
            }
        }
        writeln!(f)
    }

    /// The invariants that were never in danger: of these the seeds show nothing.
    pub fn idle(&self) -> Vec<Invariant> {
        let in_danger = |invariant: &Invariant| {
            self.tallies
                .get(invariant)
                .is_some_and(|tally| tally.in_danger > 0)
        };
        let all = Invariant::ALL.into_iter();
        all.filter(|invariant| !in_danger(invariant)).collect()
    }
}

impl fmt::Display for Seeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            played,
            steps,
            calls,
            took,
            ..
        } = self;
        writeln!(
            f,
            "{played} seeds, {steps} steps, {calls} calls of AWS, {:.1} s",
            took.as_secs_f64()
        )?;
        writeln!(f, "\nwhat went wrong on purpose")?;
        self.write_matrix(f)?;
        let mut kinds: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let others = self
            .faults
            .iter()
            .filter(|((kind, of), _)| !FAULTS.contains(&&**kind) || !OPERATIONS.contains(&&**of));
        for ((kind, of), count) in others {
            kinds.entry(kind).or_default().push(format!("{of} {count}"));
        }
        for (kind, of) in kinds {
            writeln!(f, "  {kind}: {}", of.join(", "))?;
        }
        writeln!(f, "\nwhat people did")?;
        for (deed, (done, refused)) in &self.people {
            writeln!(f, "  {deed}: {done}, and {refused} refused")?;
        }
        writeln!(
            f,
            "\n{} of the {LABELS} labels of the policies' table were those of an incident that was read",
            self.labels.len()
        )?;
        writeln!(f, "\n  checked  could have been broken")?;
        for invariant in Invariant::ALL {
            let Tally { checked, in_danger } =
                self.tallies.get(&invariant).copied().unwrap_or_default();
            writeln!(f, "{checked:>9}  {in_danger:>9}  {}", invariant.sentence())?;
        }
        Ok(())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "what the whole run takes is real time"
)]
fn stopwatch() -> Instant {
    Instant::now()
}
