//! What is done to a world: by AWS, by people, and by everything that goes wrong.

use std::fmt;
use std::time::Duration;

use aws_sandbox::sns::Disturbance;
use aws_sandbox::{Fault, Garbage, ServiceError};
use fastrand::Rng;
use serde_json::json;

/// A stage of a pipeline, both by number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub(crate) pipeline: usize,
    /// Beyond the last one: the last one.
    pub(crate) stage: usize,
}

/// One thing that is done. Numbers choose a pipeline or an incident of the world.
#[derive(Debug, Clone)]
pub(crate) enum Deed {
    /// AWS Health writes a version of an incident.
    Write { incident: usize, version: usize },
    /// A person begins an execution.
    Release(usize),
    /// A person retries what has failed in a stage of the newest execution.
    Retry { target: Target, all: bool },
    /// A person stops the newest execution.
    Stop { pipeline: usize, abandon: bool },
    /// A person rolls a stage back.
    RollBack(Target),
    /// A person disables the transition into a stage.
    Freeze(Target),
    /// A person enables it.
    Thaw(Target),
    /// A person tags a pipeline.
    Override(usize, OverrideTag),
    /// A person removes the tag.
    RemoveOverride(usize),
    /// The schedule publishes a sweep.
    Sweep,
    /// Somebody says that a pipeline has failed.
    Rumour(usize),
    /// A message arrives that says nothing of which stage-retry has to do anything.
    Idle(Idle),
    /// Lambda delivers the last event of a function once more.
    Redeliver(Function),
    /// The next calls of an operation go wrong.
    Fail {
        operation: &'static str,
        region: Option<&'static str>,
        fault: Fault,
        calls: usize,
    },
    /// An operation takes so many calls a second.
    Limit {
        operation: &'static str,
        calls_a_second: usize,
    },
    /// The next messages of SNS are disturbed.
    Disturb {
        disturbance: Disturbance,
        deliveries: usize,
    },
    /// The next invocation of a function is interrupted.
    Interrupt(Function, Interruption),
    /// Invocations may take so long from now on.
    TimeOut(Duration),
    /// Another endpoint of AWS Health is the active one.
    FailOver(&'static str),
}

/// A message that says nothing of which stage-retry has to do anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Idle {
    /// Of nobody that it knows.
    Unknown,
    /// An incident has begun.
    Open,
    /// An incident is over, as the other region tells it once more.
    Backup,
    /// An incident is over, and this is the second page of those whom it concerned.
    FurtherPage,
    /// Somebody else's incident is over.
    OtherAccount,
    /// A pipeline has failed in another region.
    OtherRegion,
    /// A pipeline has succeeded.
    Success,
}

impl Idle {
    const ALL: [Self; 7] = [
        Self::Unknown,
        Self::Open,
        Self::Backup,
        Self::FurtherPage,
        Self::OtherAccount,
        Self::OtherRegion,
        Self::Success,
    ];
}

/// The two functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Function {
    PipelineGate,
    StageRetry,
}

/// What a person writes into the tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OverrideTag {
    /// An override for so many minutes.
    Minutes(u32),
    /// One that is over.
    Expired,
    /// One that nobody can read.
    Malformed,
    /// One for longer than is allowed.
    TooLong,
}

/// How an invocation is interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interruption {
    /// At its call of this number, from zero.
    pub(crate) call: usize,
    pub(crate) moment: Moment,
    /// The process stands still until Lambda ends it, and does not end by itself.
    pub(crate) hangs: bool,
}

/// When, of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    Before,
    After,
}

/// The operations that the functions call.
pub(crate) const OPERATIONS: [&str; 11] = [
    "DescribeEvents",
    "GetPipelineState",
    "ListActionExecutions",
    "ListPipelines",
    "ListPipelineExecutions",
    "RetryStageExecution",
    "ListTagsForResource",
    "GetJobDetails",
    "PutJobSuccessResult",
    "PutJobFailureResult",
    "Publish",
];

impl Deed {
    pub(super) fn random(rng: &mut Rng, pipelines: usize) -> Self {
        let target = Target::random(rng, pipelines);
        let pipeline = target.pipeline;
        let function = if rng.bool() {
            Function::PipelineGate
        } else {
            Function::StageRetry
        };
        match rng.u32(..44) {
            0..=13 => Self::Release(pipeline),
            14..=17 => Self::Sweep,
            18..=24 => fail(rng),
            25..=28 => Self::Interrupt(
                function,
                Interruption {
                    call: if rng.u32(..4) == 0 {
                        rng.usize(..40)
                    } else {
                        rng.usize(..8)
                    },
                    moment: if rng.bool() {
                        Moment::Before
                    } else {
                        Moment::After
                    },
                    hangs: rng.u32(..3) == 0,
                },
            ),
            29 | 30 => Self::Disturb {
                disturbance: disturbance(rng),
                deliveries: rng.usize(1..4),
            },
            31 => Self::Redeliver(function),
            32..=34 => Self::meddling(rng, target),
            35 => Self::RollBack(target),
            36 => Self::Thaw(target),
            37 | 38 => Self::Override(
                pipeline,
                match rng.u32(..6) {
                    0 => OverrideTag::Expired,
                    1 => OverrideTag::Malformed,
                    2 => OverrideTag::TooLong,
                    _ => OverrideTag::Minutes([2, 10, 60][rng.usize(..3)]),
                },
            ),
            39 => Self::RemoveOverride(pipeline),
            40 => Self::FailOver(if rng.bool() { "us-east-2" } else { "us-east-1" }),
            41 => Self::TimeOut(Duration::from_secs([3, 8, 30, 300][rng.usize(..4)])),
            42 => Self::Limit {
                operation: OPERATIONS[rng.usize(..OPERATIONS.len())],
                calls_a_second: 1,
            },
            _ if rng.u32(..3) == 0 => Self::Rumour(pipeline),
            _ => Self::Idle(Idle::ALL[rng.usize(..Idle::ALL.len())]),
        }
    }

    /// Calls meet a fault: by the seed, so that each operation meets each.
    pub(super) fn fault_of(rng: &mut Rng, seed: u64) -> Self {
        let every = OPERATIONS
            .into_iter()
            .flat_map(|operation| FAULTS.map(|name| (operation, name)))
            .chain(OWN_ERRORS);
        // Few worlds come to a retry.
        let times = |operation| {
            if operation == "RetryStageExecution" {
                3
            } else {
                1
            }
        };
        let cells: Vec<(&str, &str)> = every
            .flat_map(|cell| std::iter::repeat_n(cell, times(cell.0)))
            .collect();
        let (operation, name) = cells[(seed % cells.len() as u64) as usize];
        Self::Fail {
            operation,
            region: None,
            fault: fault(rng, name),
            calls: rng.usize(1..3),
        }
    }

    /// A release was begun at `at`. While it goes on, a person stops it, and may let it go on later; or rolls back when it is through.
    pub(super) fn meddling_with_a_release(
        rng: &mut Rng,
        pipeline: usize,
        at: Duration,
    ) -> Vec<(Duration, Self)> {
        let target = Target {
            pipeline,
            stage: rng.usize(..2),
        };
        if rng.u32(..3) == 0 {
            let through = at + Duration::from_secs(rng.u64(60..400));
            return vec![(through, Self::RollBack(target))];
        }
        let stop = Self::Stop {
            pipeline,
            abandon: rng.bool(),
        };
        let stops = at + Duration::from_secs(rng.u64(2..90));
        let mut deeds = vec![(stops, stop)];
        if rng.bool() {
            let retries = stops + Duration::from_secs([3, 15, 50, 100][rng.usize(..4)]);
            let all = rng.bool();
            deeds.push((retries, Self::Retry { target, all }));
        }
        deeds
    }

    /// A person decides something about a stage.
    fn meddling(rng: &mut Rng, target: Target) -> Self {
        match rng.u32(..3) {
            0 => Self::Retry {
                target,
                all: rng.bool(),
            },
            1 => Self::Stop {
                pipeline: target.pipeline,
                abandon: rng.bool(),
            },
            _ => Self::Freeze(target),
        }
    }

    /// An incident is over at `at`. While stage-retry, which is told so ten seconds later, waits for AWS Health, a person decides
    /// something about a stage that it has looked at.
    pub(super) fn meddling_with_a_look(
        rng: &mut Rng,
        pipelines: usize,
        at: Duration,
    ) -> [(Duration, Self); 2] {
        let slow = Self::Fail {
            operation: "DescribeEvents",
            region: None,
            fault: Fault::Late(Duration::from_secs(4)),
            calls: rng.usize(1..3),
        };
        let told = at + Duration::from_secs(10);
        let after = Duration::from_millis(rng.u64(400..3_800));
        let target = Target::random(rng, pipelines);
        let meddling = if rng.bool() {
            Self::Freeze(target)
        } else {
            Self::meddling(rng, target)
        };
        // Or what it lets go on goes wrong.
        if rng.bool() {
            let mut failing = fail_at(rng, "RetryStageExecution");
            if let Self::Fail {
                operation, fault, ..
            } = &mut failing
                && rng.bool()
            {
                *fault = of_its_own(rng, operation);
            }
            return [(told, failing), (told + after, Self::Sweep)];
        }
        [(told, slow), (told + after, meddling)]
    }
}

impl Target {
    fn random(rng: &mut Rng, pipelines: usize) -> Self {
        Self {
            pipeline: rng.usize(..pipelines),
            stage: rng.usize(..2),
        }
    }
}

fn disturbance(rng: &mut Rng) -> Disturbance {
    match rng.u32(..4) {
        0 => Disturbance::Twice,
        1 => Disturbance::Late(Duration::from_secs([40, 400][rng.usize(..2)])),
        2 => Disturbance::Retried(2),
        _ => Disturbance::Lost,
    }
}

fn fail(rng: &mut Rng) -> Deed {
    // What decides goes wrong most often, and what is seldom called more often than it would.
    let operation = match rng.u32(..12) {
        0..4 => "DescribeEvents",
        4 => "RetryStageExecution",
        5 => "ListPipelineExecutions",
        _ => OPERATIONS[rng.usize(..OPERATIONS.len())],
    };
    fail_at(rng, operation)
}

/// What any operation may meet, by its name.
pub(crate) const FAULTS: [&str; 15] = [
    "ThrottlingException",
    "InternalFailure",
    "AccessDeniedException",
    "ConflictException",
    "silence",
    "cut",
    "no connection",
    "garbage",
    "broken answer",
    "wrong content type",
    "page of HTML",
    "empty answer",
    "endless answer",
    "late",
    "slow",
];

/// The fault of this name.
fn fault(rng: &mut Rng, name: &str) -> Fault {
    let error = |code: &str| Fault::Error(ServiceError::new(code, "so it goes"));
    match name {
        "ThrottlingException" => Fault::Error(ServiceError::throttling()),
        "InternalFailure" => Fault::Error(ServiceError::internal_failure()),
        "silence" => Fault::Silence,
        "cut" => Fault::Cut,
        "no connection" => Fault::NoConnection("connection refused"),
        "late" => Fault::Late(Duration::from_secs([1, 20][rng.usize(..2)])),
        "slow" => Fault::Slow(Duration::from_secs([1, 10][rng.usize(..2)])),
        name => {
            let is_called = |garbage: &Garbage| Fault::Garbage(*garbage).name() == name;
            let garbage = Garbage::ALL.into_iter().find(is_called);
            garbage.map_or_else(|| error(name), Fault::Garbage)
        }
    }
}

fn fail_at(rng: &mut Rng, operation: &'static str) -> Deed {
    let number = rng.usize(..FAULTS.len() + 2);
    let fault = if number < FAULTS.len() {
        fault(rng, FAULTS[number])
    } else {
        of_its_own(rng, operation)
    };
    let region = match rng.u32(..6) {
        0 | 1 if operation == "DescribeEvents" => Some("us-east-1"),
        2 if operation == "DescribeEvents" => Some("us-east-2"),
        _ => None,
    };
    Deed::Fail {
        operation,
        region,
        fault,
        calls: [1, 2, 4, 12][rng.usize(..4)],
    }
}

/// What only some operations answer with: an error.
pub(crate) const OWN_ERRORS: [(&str, &str); 24] = [
    ("DescribeEvents", "SubscriptionRequiredException"),
    (
        "RetryStageExecution",
        "ConcurrentPipelineExecutionsLimitExceededException",
    ),
    ("RetryStageExecution", "NotLatestPipelineExecutionException"),
    ("RetryStageExecution", "StageNotRetryableException"),
    ("RetryStageExecution", "StageNotFoundException"),
    ("RetryStageExecution", "PipelineNotFoundException"),
    ("GetPipelineState", "PipelineNotFoundException"),
    ("ListActionExecutions", "PipelineNotFoundException"),
    ("ListActionExecutions", "PipelineExecutionNotFoundException"),
    ("ListActionExecutions", "InvalidNextTokenException"),
    ("ListPipelineExecutions", "PipelineNotFoundException"),
    ("ListPipelineExecutions", "InvalidNextTokenException"),
    ("ListPipelines", "InvalidNextTokenException"),
    ("ListPipelines", "ServiceUnavailable"),
    ("ListTagsForResource", "ResourceNotFoundException"),
    ("GetJobDetails", "JobNotFoundException"),
    ("GetJobDetails", "ServiceUnavailable"),
    ("PutJobSuccessResult", "JobNotFoundException"),
    // What is refused for its form.
    (
        "PutJobSuccessResult",
        "OutputVariablesSizeExceededException",
    ),
    ("PutJobSuccessResult", "ValidationException"),
    ("PutJobFailureResult", "JobNotFoundException"),
    ("PutJobFailureResult", "ValidationException"),
    ("Publish", "NotFound"),
    ("Publish", "ServiceUnavailable"),
];

/// What only some operations answer with.
fn of_its_own(rng: &mut Rng, operation: &str) -> Fault {
    match rng.u32(..3) {
        // No list of events is no answer, and neither is one page after the other without an end. Of what is written CodePipeline
        // says no more than that it was.
        0 if operation.starts_with("Describe")
            || operation.starts_with("List")
            || operation.starts_with("Get") =>
        {
            Fault::Output(json!({}))
        }
        1 if operation == "DescribeEvents" => {
            Fault::Output(json!({"events": [], "nextToken": "again"}))
        }
        _ => {
            let own = OWN_ERRORS.iter().filter(|(of, _)| *of == operation);
            let own: Vec<&str> = own.map(|(_, code)| *code).collect();
            Fault::Error(ServiceError::new(own[rng.usize(..own.len())], "so it goes"))
        }
    }
}

impl Function {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PipelineGate => crate::functions::GATE,
            Self::StageRetry => crate::functions::RETRY,
        }
    }
}

impl fmt::Display for Interruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.hangs { "stands still" } else { "ends" };
        let moment = match self.moment {
            Moment::Before => "before",
            Moment::After => "after",
        };
        write!(f, "{how} {moment} its call number {}", self.call + 1)
    }
}
