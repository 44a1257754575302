//! stage-retry in any world: pipelines of all kinds, incidents that come and go, people who meddle, messages that are lost, doubled and
//! late, and faults of every call. Whatever happens, nothing is retried but what may be, nothing twice, and in the end nothing
//! is left that should have been.

mod oracle;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sandbox::codepipeline::{
    ActionDeclaration, ExecutionMode, PipelineDeclaration, StageDeclaration,
};
use aws_sandbox::health::Event;
use aws_sandbox::sns::Disturbance;
use aws_sandbox::{Fault, ServiceError};
use health_gate_aws::Settings;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::in_world::{FUNCTION, GateWorld, RETRY_FUNCTION, START, usual};
use crate::story::{break_deployments, deploy, lambda};

const REGION: &str = "us-east-1";
const REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];

const KINDS: usize = 11;

/// A pipeline: name, mode, and the actions of the stage Production with their run orders.
type Kind = (&'static str, ExecutionMode, Vec<(u32, ActionDeclaration)>);

/// The pipelines.
fn pipelines() -> Vec<PipelineDeclaration> {
    let policy =
        |key: &str, value: &str| format!(r#"{{"regions": ["us-east-1"], "{key}": "{value}"}}"#);
    let gate = |parameters: &str| (1, lambda(FUNCTION, parameters));
    let after = (2, deploy(true));
    let serial = ExecutionMode::Superseded;
    let kinds: Vec<Kind> = vec![
        ("plain", serial, vec![gate("us-east-1"), after.clone()]),
        (
            "quiet",
            serial,
            vec![gate(&policy("quietPeriod", "10m")), after.clone()],
        ),
        (
            "never",
            serial,
            vec![gate(&policy("retry", "never")), after.clone()],
        ),
        (
            "beside",
            serial,
            vec![gate("us-east-1"), (1, deploy(false))],
        ),
        ("after", serial, vec![gate("us-east-1"), (2, deploy(false))]),
        (
            "foreign",
            serial,
            vec![(1, lambda("smoke-test", "us-east-1"))],
        ),
        (
            "hold",
            serial,
            vec![
                gate(r#"{"regions": ["eu-west-1"], "onIncident": "hold", "maxHold": "1m"}"#),
                after.clone(),
            ],
        ),
        (
            "parallel",
            ExecutionMode::Parallel,
            vec![gate("us-east-1"), after.clone()],
        ),
        (
            "queued",
            ExecutionMode::Queued,
            vec![gate("us-east-1"), after.clone()],
        ),
        (
            "two",
            serial,
            vec![gate("us-east-1"), gate("eu-west-1"), after.clone()],
        ),
        (
            "lenient",
            serial,
            vec![gate(&policy("onUnknown", "pass")), after],
        ),
    ];
    let declaration = |(name, mode, actions): Kind| {
        let source = StageDeclaration::new("Source", vec![ActionDeclaration::source("Source")]);
        let actions = actions
            .into_iter()
            .enumerate()
            .map(|(number, (run_order, action))| {
                let name = format!("Action{number}");
                ActionDeclaration { name, ..action }.run_order(run_order)
            });
        let production = StageDeclaration::new("Production", actions.collect());
        PipelineDeclaration::new(name, vec![source, production]).in_mode(mode)
    };
    kinds.into_iter().map(declaration).collect()
}

/// Something that happens. Numbers choose among what there is.
#[derive(Debug, Clone)]
enum Deed {
    Release(usize),
    Open(usize),
    Close(usize),
    Pass(u64),
    Sweep,
    Fault {
        operation: usize,
        fault: usize,
        calls: usize,
    },
    Disturb {
        disturbance: usize,
        deliveries: usize,
    },
    Freeze(usize),
    Thaw(usize),
    PersonRetries(usize),
    TimeOut(u64),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => (0..32usize).prop_map(Deed::Release),
        4 => (0..2usize).prop_map(Deed::Open),
        3 => (0..4usize).prop_map(Deed::Close),
        // CodePipeline's waits, a back-off's, the waits between retries, a day.
        10 => prop_oneof![Just(5), Just(20), Just(45), Just(50), Just(130), Just(700), Just(1_900), Just(40_000)].prop_map(Deed::Pass),
        3 => Just(Deed::Sweep),
        3 => (0..32usize, 0..16usize, 1..12usize).prop_map(|(operation, fault, calls)| Deed::Fault { operation, fault, calls }),
        2 => (0..4usize, 1..4usize).prop_map(|(disturbance, deliveries)| Deed::Disturb { disturbance, deliveries }),
        2 => (0..32usize).prop_map(Deed::Freeze),
        1 => (0..32usize).prop_map(Deed::Thaw),
        2 => (0..32usize).prop_map(Deed::PersonRetries),
        1 => prop_oneof![Just(3), Just(30), Just(300)].prop_map(Deed::TimeOut),
    ]
}

const OPERATIONS: [&str; 10] = [
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
];

fn fault(number: usize) -> Fault {
    let error = |code: &str| Fault::Error(ServiceError::new(code, "so it goes"));
    match number {
        0 => error("ThrottlingException"),
        1 => error("InternalFailure"),
        2 => error("AccessDeniedException"),
        3 => error("ConflictException"),
        4 => Fault::Silence,
        5 => Fault::Cut,
        6 => Fault::NoConnection("connection refused"),
        7 => Fault::Garbage,
        8 => Fault::Late(Duration::from_secs(20)),
        _ => Fault::Slow(Duration::from_secs(1)),
    }
}

/// An event of AWS Health, as the test has made it.
struct Incident {
    arn: String,
    region: &'static str,
    opened: i64,
    closed: Option<i64>,
}

struct Machine {
    gate: GateWorld,
    names: Vec<String>,
    incidents: Vec<Incident>,
    /// Since when each pipeline's stage is frozen, and until when.
    frozen: BTreeMap<String, Vec<(i64, Option<i64>)>>,
}

impl Machine {
    /// A world with some of the pipelines: of few, more happens to each.
    fn new(kinds: &[usize]) -> Self {
        let gate = GateWorld::at(START, REGION, Settings::default(), usual());
        let all = pipelines();
        let declarations: Vec<_> = kinds.iter().map(|kind| all[*kind].clone()).collect();
        let names = declarations
            .iter()
            .map(|declaration| declaration.name.clone())
            .collect();
        gate.world.with(|sandbox, now| {
            break_deployments(sandbox, Duration::from_secs(20));
            sandbox.connect_signals(now, REGION, RETRY_FUNCTION);
            for declaration in declarations {
                sandbox.create_pipeline(now, REGION, declaration);
            }
        });
        Self {
            gate,
            names,
            incidents: Vec::new(),
            frozen: BTreeMap::new(),
        }
    }

    fn now(&self) -> i64 {
        self.gate.world.now().as_millis()
    }

    fn call(&self, operation: &str, input: Value) -> Result<Value, ServiceError> {
        self.gate
            .world
            .with(|sandbox, now| sandbox.call(now, "CodePipeline", operation, REGION, &input))
    }

    fn name(&self, number: usize) -> String {
        self.names[number % self.names.len()].clone()
    }

    async fn act(&mut self, deed: &Deed) {
        let now = self.now();
        match *deed {
            Deed::Release(number) => {
                let name = self.name(number);
                // Too many of them may go on already.
                let _ = self
                    .gate
                    .world
                    .with(|sandbox, now| sandbox.start_execution(now, &name));
            }
            Deed::Open(region) => {
                let region = REGIONS[region];
                let name = self.incidents.len().to_string();
                let event = Event::operational_issue("EC2", region, &name, self.gate.world.now());
                self.incidents.push(Incident {
                    arn: event.arn.clone(),
                    region,
                    opened: now,
                    closed: None,
                });
                self.gate
                    .world
                    .with(|sandbox, now| sandbox.open_event(now, event));
            }
            Deed::Close(number) => {
                let mut open = self
                    .incidents
                    .iter_mut()
                    .filter(|incident| incident.closed.is_none());
                if let Some(incident) = open.nth(number) {
                    incident.closed = Some(now);
                    self.gate
                        .world
                        .with(|sandbox, now| sandbox.close_event(now, &incident.arn));
                }
            }
            Deed::Pass(seconds) => self.gate.play(Duration::from_secs(seconds)).await,
            Deed::Sweep => {
                self.sweep().await;
            }
            Deed::Fault {
                operation,
                fault: number,
                calls,
            } => self.gate.world.with(|sandbox, _| {
                let operation = OPERATIONS[operation % OPERATIONS.len()];
                sandbox.fail(operation, fault(number), 0..calls);
            }),
            Deed::Disturb {
                disturbance,
                deliveries,
            } => self.gate.world.with(|sandbox, _| {
                let disturbance = match disturbance {
                    0 => Disturbance::Twice,
                    1 => Disturbance::Late(Duration::from_mins(7)),
                    2 => Disturbance::Retried(2),
                    _ => Disturbance::Lost,
                };
                sandbox.sns.disturb(disturbance, 0..deliveries);
            }),
            Deed::Freeze(number) => self.freeze(&self.name(number)),
            Deed::Thaw(number) => self.thaw(&self.name(number)),
            Deed::PersonRetries(number) => {
                let name = self.name(number);
                let id = self
                    .gate
                    .world
                    .with(|sandbox, _| sandbox.codepipeline.newest_execution_id(&name));
                // What cannot be retried is refused.
                let _ = self.call(
                    "RetryStageExecution",
                    json!({"pipelineName": name, "stageName": "Production", "pipelineExecutionId": id, "retryMode": "FAILED_ACTIONS"}),
                );
            }
            Deed::TimeOut(seconds) => self
                .gate
                .world
                .with(|sandbox, _| sandbox.lambda.timeout = Duration::from_secs(seconds)),
        }
    }

    fn transition(name: &str) -> Value {
        json!({"pipelineName": name, "stageName": "Production", "transitionType": "Inbound"})
    }

    fn freeze(&mut self, name: &str) {
        // CodePipeline shows no transition of a pipeline in PARALLEL mode.
        if name == "parallel" {
            return;
        }
        let mut transition = Self::transition(name);
        transition["reason"] = json!("the week-end");
        let is_frozen =
            |spans: &Vec<(i64, Option<i64>)>| spans.last().is_some_and(|span| span.1.is_none());
        if self.call("DisableStageTransition", transition).is_ok()
            && !self.frozen.get(name).is_some_and(is_frozen)
        {
            let now = self.now();
            self.frozen
                .entry(name.to_owned())
                .or_default()
                .push((now, None));
        }
    }

    fn thaw(&mut self, name: &str) {
        let _ = self.call("EnableStageTransition", Self::transition(name));
        let now = self.now();
        if let Some(span) = self.frozen.get_mut(name).and_then(|spans| spans.last_mut()) {
            span.1.get_or_insert(now);
        }
    }

    /// What a sweep came to; `None` if its message was lost, or its function ended without a result.
    async fn sweep(&self) -> Option<Value> {
        let finished = |gate: &GateWorld| {
            gate.world
                .with(|sandbox, _| sandbox.lambda.finished().len())
        };
        let before = finished(&self.gate);
        self.gate.world.with(|sandbox, now| {
            sandbox.publish_signal(
                now,
                REGION,
                &json!({"source": "health-gate", "detail-type": "Sweep"}),
            );
        });
        self.gate.run().await;
        self.gate.world.with(|sandbox, _| {
            let done = sandbox.lambda.finished().iter().skip(before);
            done.filter(|done| done.invocation.function == RETRY_FUNCTION)
                .find_map(|done| done.result.clone().ok())
        })
    }

    /// The incidents end, people let go, nothing goes wrong any more; and sweeps come until one has nothing left to do.
    async fn settle(&mut self) {
        for number in (0..self.incidents.len()).rev() {
            self.act(&Deed::Close(number)).await;
        }
        for name in self.names.clone() {
            self.thaw(&name);
        }
        self.gate.world.with(|sandbox, _| {
            for operation in OPERATIONS {
                sandbox.fail(operation, fault(0), 0..0);
            }
            sandbox.sns.disturb(Disturbance::Lost, 0..0);
            sandbox.lambda.timeout = Duration::from_mins(5);
        });
        for _ in 0..12 {
            // Longer than any wait, and than the 20 minutes of a job that was never answered.
            self.gate.play(Duration::from_mins(31)).await;
            let Some(account) = self.sweep().await else {
                continue;
            };
            let stages = account["stages"].as_array().expect("a list");
            let left = |stage: &Value| {
                matches!(
                    stage["outcome"].as_str(),
                    Some("retried" | "waiting" | "busy" | "blocked" | "unknown")
                )
            };
            if account["unread"] == 0 && !stages.iter().any(left) {
                return;
            }
        }
        panic!("sweeps come to no end");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_stop_is_retried_once_and_nothing_else(
        kinds in proptest::sample::subsequence((0..KINDS).collect::<Vec<_>>(), 1..=4),
        deeds in proptest::collection::vec(deed(), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let mut machine = Machine::new(&kinds);
            // Something is stopped from the beginning.
            machine.act(&Deed::Open(0)).await;
            for number in 0..kinds.len() {
                machine.act(&Deed::Release(number)).await;
            }
            machine.act(&Deed::Pass(45)).await;
            for deed in &deeds {
                machine.act(deed).await;
            }
            machine.settle().await;
            machine.check_retries()?;
            machine.check_rest()
        })?;
    }
}
