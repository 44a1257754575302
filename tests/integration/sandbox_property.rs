//! The release engine under any order of what people and functions do: nobody shares a stage, nothing stays locked, and when all is
//! answered everything has ended.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sandbox::codepipeline::{
    ActionDeclaration, ExecutionMode, PipelineDeclaration, StageDeclaration,
};
use aws_sandbox::{Sandbox, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::in_world::{FUNCTION, START};
use crate::releases::REGION;

/// Something that a person, a function or time does. Numbers choose among what there is.
#[derive(Debug, Clone)]
enum Deed {
    Start,
    Answer(Reply),
    Stop {
        which: usize,
        abandon: bool,
    },
    Retry {
        which: usize,
        stage: usize,
        all: bool,
    },
    RollBack {
        which: usize,
        stage: usize,
    },
    Update {
        with_between: bool,
    },
    Disable(usize),
    Enable(usize),
    Pass(u64),
}

#[derive(Debug, Clone, Copy)]
enum Reply {
    Success,
    Failure,
    Continuation,
    Silence,
}

fn deed() -> impl Strategy<Value = Deed> {
    let reply = prop_oneof![
        4 => Just(Reply::Success),
        3 => Just(Reply::Failure),
        1 => Just(Reply::Continuation),
        1 => Just(Reply::Silence),
    ];
    prop_oneof![
        4 => Just(Deed::Start),
        6 => reply.prop_map(Deed::Answer),
        2 => (0..6usize, any::<bool>()).prop_map(|(which, abandon)| Deed::Stop { which, abandon }),
        4 => (0..6usize, 0..3usize, any::<bool>()).prop_map(|(which, stage, all)| Deed::Retry { which, stage, all }),
        2 => (0..6usize, 0..3usize).prop_map(|(which, stage)| Deed::RollBack { which, stage }),
        1 => any::<bool>().prop_map(|with_between| Deed::Update { with_between }),
        1 => (0..3usize).prop_map(Deed::Disable),
        1 => (0..3usize).prop_map(Deed::Enable),
        // The waits of the engine are from 0.4 s to 30 s, and 20 minutes.
        8 => prop_oneof![Just(100), Just(600), Just(2_000), Just(9_000), Just(31_000), Just(1_300_000)].prop_map(Deed::Pass),
    ]
}

const STAGES: [&str; 3] = ["Source", "Prod", "After"];

/// Source; Prod with two gates beside each other, then a deployment; After with a gate.
fn shop(mode: ExecutionMode, with_between: bool) -> PipelineDeclaration {
    let gate = |name: &str| ActionDeclaration::lambda(name, FUNCTION, None);
    let deploy = ActionDeclaration::deploy("Deploy", "website").run_order(2);
    let mut stages = vec![
        StageDeclaration::new("Source", vec![ActionDeclaration::source("Source")]),
        StageDeclaration::new("Prod", vec![gate("A"), gate("B"), deploy]),
        StageDeclaration::new("After", vec![gate("C")]),
    ];
    if with_between {
        stages.insert(1, StageDeclaration::new("Between", vec![gate("D")]));
    }
    PipelineDeclaration::new("shop", stages).in_mode(mode)
}

struct Machine {
    sandbox: Sandbox,
    now: Timestamp,
    mode: ExecutionMode,
}

impl Machine {
    fn new(mode: ExecutionMode) -> Self {
        let mut sandbox = Sandbox::new(9);
        sandbox.create_pipeline(START, REGION, shop(mode, false));
        Self {
            sandbox,
            now: START,
            mode,
        }
    }

    /// Refusals are part of the game.
    fn call(&mut self, operation: &str, input: Value) -> Option<Value> {
        self.sandbox
            .call(self.now, "CodePipeline", operation, REGION, &input)
            .ok()
    }

    fn pass(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        while let Some(at) = self.sandbox.next_wake_up().filter(|at| *at <= end) {
            self.now = at.max(self.now);
            self.sandbox.wake_up(self.now);
            self.check();
        }
        self.now = end;
    }

    fn executions(&mut self) -> Vec<Value> {
        let output = self.call("ListPipelineExecutions", json!({"pipelineName": "shop"}));
        let list = output.expect("a list")["pipelineExecutionSummaries"].take();
        list.as_array().expect("a list").clone()
    }

    /// One of the newest executions.
    fn pick(&mut self, which: usize) -> Value {
        let executions = self.executions();
        let execution = executions.get(which).or(executions.last());
        execution.map_or(Value::Null, |execution| {
            execution["pipelineExecutionId"].clone()
        })
    }

    fn answer(&mut self, reply: Reply) {
        let Some(invocation) = self.sandbox.lambda.take_any(self.now) else {
            return;
        };
        let id = &invocation.payload["CodePipeline.job"]["id"];
        let failure = json!({"type": "JobFailed", "message": "no"});
        let _ = match reply {
            Reply::Success => self.call("PutJobSuccessResult", json!({"jobId": id})),
            Reply::Failure => self.call(
                "PutJobFailureResult",
                json!({"jobId": id, "failureDetails": failure}),
            ),
            Reply::Continuation => self.call(
                "PutJobSuccessResult",
                json!({"jobId": id, "continuationToken": "t"}),
            ),
            Reply::Silence => None,
        };
        self.sandbox
            .lambda
            .finish(self.now, &invocation.request_id, Ok(Value::Null));
    }

    fn act(&mut self, deed: &Deed) {
        match deed.clone() {
            Deed::Start => {
                self.call("StartPipelineExecution", json!({"name": "shop"}));
            }
            Deed::Answer(reply) => self.answer(reply),
            Deed::Stop { which, abandon } => {
                let id = self.pick(which);
                self.call(
                    "StopPipelineExecution",
                    json!({"pipelineName": "shop", "pipelineExecutionId": id, "abandon": abandon}),
                );
            }
            Deed::Retry { which, stage, all } => {
                let id = self.pick(which);
                let mode = if all { "ALL_ACTIONS" } else { "FAILED_ACTIONS" };
                let input = json!({"pipelineName": "shop", "stageName": STAGES[stage], "pipelineExecutionId": id, "retryMode": mode});
                self.call("RetryStageExecution", input);
            }
            Deed::RollBack { which, stage } => {
                let id = self.pick(which);
                self.call("RollbackStage", json!({"pipelineName": "shop", "stageName": STAGES[stage], "targetPipelineExecutionId": id}));
            }
            Deed::Update { with_between } => {
                self.call(
                    "UpdatePipeline",
                    json!({"pipeline": shop(self.mode, with_between)}),
                );
            }
            Deed::Disable(stage) => {
                self.call("DisableStageTransition", json!({"pipelineName": "shop", "stageName": STAGES[stage], "transitionType": "Inbound", "reason": "no"}));
            }
            Deed::Enable(stage) => self.enable(STAGES[stage]),
            Deed::Pass(millis) => self.pass(millis),
        }
        self.check();
    }

    fn enable(&mut self, stage: &str) {
        self.call(
            "EnableStageTransition",
            json!({"pipelineName": "shop", "stageName": stage, "transitionType": "Inbound"}),
        );
    }

    /// But in PARALLEL mode, the actions in progress of a stage are all of one execution; and an execution that is over has none.
    fn check(&mut self) {
        let rows = self
            .call("ListActionExecutions", json!({"pipelineName": "shop"}))
            .expect("a list");
        let rows = rows["actionExecutionDetails"]
            .as_array()
            .expect("a list")
            .clone();
        let mut holders: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let text = |row: &Value, name: &str| row[name].as_str().expect("a text").to_owned();
        for row in rows.iter().filter(|row| row["status"] == "InProgress") {
            let holder = text(row, "pipelineExecutionId");
            holders
                .entry(text(row, "stageName"))
                .or_default()
                .insert(holder);
        }
        if self.mode != ExecutionMode::Parallel {
            assert!(
                holders.values().all(|holders| holders.len() == 1),
                "a stage is shared: {holders:?}"
            );
        }
        let over = ["Succeeded", "Failed", "Stopped", "Cancelled", "Superseded"];
        for execution in self.executions() {
            let id = text(&execution, "pipelineExecutionId");
            if over.contains(&execution["status"].as_str().expect("a status")) {
                let acts = holders.values().any(|holders| holders.contains(&id));
                assert!(!acts, "an execution that is over acts: {execution}");
            }
        }
    }

    /// All transitions are enabled, every job succeeds, and time goes by, until nothing goes on.
    fn settle(&mut self) {
        for stage in ["Source", "Between", "Prod", "After"] {
            self.enable(stage);
        }
        for _ in 0..400 {
            let goes_on = |execution: &Value| {
                matches!(
                    execution["status"].as_str(),
                    Some("InProgress" | "Stopping")
                )
            };
            if !self.executions().iter().any(goes_on) {
                return;
            }
            while self
                .sandbox
                .lambda
                .take_any(self.now)
                .is_some_and(|invocation| {
                    let id = &invocation.payload["CodePipeline.job"]["id"];
                    self.call("PutJobSuccessResult", json!({"jobId": id}));
                    self.sandbox
                        .lambda
                        .finish(self.now, &invocation.request_id, Ok(Value::Null));
                    true
                })
            {}
            self.pass(31_000);
        }
        let executions = self.executions();
        panic!("something goes on for ever: {executions:#?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_stays_locked(
        mode in prop_oneof![Just(ExecutionMode::Superseded), Just(ExecutionMode::Queued), Just(ExecutionMode::Parallel)],
        deeds in proptest::collection::vec(deed(), 1..40),
    ) {
        let mut machine = Machine::new(mode);
        for deed in &deeds {
            machine.act(deed);
        }
        machine.settle();
        // The stages are free: one more release goes through all of them.
        machine.act(&Deed::Start);
        machine.settle();
        let newest = machine.executions().into_iter().next().expect("it has begun");
        prop_assert_eq!(&newest["status"], "Succeeded", "{:#?}", newest);
    }
}
