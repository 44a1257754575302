//! One world, from its beginning to its end: deeds are done, functions run, and after each step everything is checked.

mod deeds;
mod settlement;

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::time::Duration;

use aws_sandbox::codepipeline::Deployment;
use aws_sandbox::eventbridge::NotificationRule;
use aws_sandbox::iam::Permission;
use aws_sandbox::lambda::Invocation;
use aws_sandbox::{ACCOUNT_ID, Sandbox, Timestamp, World};
use futures_util::future::{AbortHandle, Abortable, Aborted};
use futures_util::stream::{FuturesUnordered, StreamExt};
use health_gate::{AccountPolicy, GateFunctions, Wildcards};
use health_gate_aws::{Clock, CnameLookUp, Settings, logging};
use serde_json::json;

use crate::functions::{Calls, Ending, Environment, FOREIGN, GATE, RETRY};
use crate::invariants::{Checks, Ended, Invariant, Violation, action_rows};
use crate::log::Log;
use crate::plan::{Function, Interruption, LookUp, Plan, START};
use crate::timeline::Timeline;
use crate::truth::Truth;

/// The bucket to which every deployment fails.
const BROKEN: &str = crate::plan::BROKEN;
/// The topic on which people are told.
const PEOPLE: &str = "health-gate-notifications";
/// What `template.yaml` allows each function.
const ALLOWED: &str = include_str!("../../template/allowed.json");

/// Gives the functions their roles, and encrypts the topic on which people are told.
fn put_roles(sandbox: &mut Sandbox, region: &str) {
    let allowed = ALLOWED.replace("{region}", region);
    let roles: BTreeMap<String, Vec<Permission>> =
        serde_json::from_str(&allowed).expect("the template's permissions");
    for (function, permissions) in roles {
        sandbox.iam.put_role(&function, permissions);
    }
    let topic = format!("arn:aws:sns:{region}:{ACCOUNT_ID}:{PEOPLE}");
    let key = format!("arn:aws:kms:{region}:{ACCOUNT_ID}:key/TopicsKey");
    sandbox.sns.encrypt_topic(&topic, &key);
}

/// A world in which a plan is carried out.
pub(crate) struct Simulation {
    plan: Plan,
    world: World,
    region: &'static str,
    settings: Settings,
    log: Log,
    truth: Truth,
    /// Environments that wait for an event.
    idle: BTreeMap<&'static str, Vec<Environment>>,
    started: usize,
    running: FuturesUnordered<Running>,
    /// By which Lambda ends what runs.
    handles: BTreeMap<(String, usize), Begun>,
    /// What the next invocations of each function meet.
    interruptions: BTreeMap<Function, Interruption>,
    pub(crate) timeline: Timeline,
    pub(crate) checks: Checks,
}

/// An invocation that goes on, until it ends by itself or by Lambda.
type Running = Pin<Box<dyn Future<Output = Result<Run, Aborted>>>>;

/// An invocation that has begun.
struct Begun {
    handle: AbortHandle,
    calls: Calls,
    ended: Ended,
}

/// An invocation that has ended by itself.
struct Run {
    environment: Environment,
    invocation: Invocation,
    ending: Ending,
}

impl Simulation {
    /// A world as it is before anything is done. Call it inside a current-thread runtime with paused time.
    fn new(plan: Plan, log: Log) -> Self {
        let region = plan.regions.home;
        let world = World::new(START, plan.seed);
        let topic = world.with(|sandbox, now| {
            let fails = Some("the deployment failed".to_owned());
            let takes = Duration::from_secs(20);
            sandbox
                .codepipeline
                .set_deployment(BROKEN, Deployment { takes, fails });
            sandbox.health.replication_lag = plan.lag;
            sandbox.health.longest_page = plan.page;
            put_roles(sandbox, region);
            sandbox.connect_signals(now, region, RETRY);
            for pipeline in &plan.pipelines {
                sandbox.create_pipeline(now, region, pipeline.declaration());
                if let Some((event, detail_type)) = plan.notified_of {
                    let rule = NotificationRule {
                        resource: arn(region, pipeline.name),
                        event_type_ids: vec![format!("codepipeline-pipeline-{event}")],
                        detail_type,
                        topic_arn: sandbox.sns.create_topic(region, "health-gate-signals"),
                    };
                    let told = sandbox.eventbridge.put_notification_rule(rule);
                    told.expect("the event is one");
                }
            }
            for incident in plan.incidents.iter().filter(|incident| incident.is_stray) {
                sandbox.health.show_always(incident.arn());
            }
            sandbox.sns.create_topic(region, PEOPLE)
        });
        let settings = Settings {
            log_format: plan.log_format,
            gates: GateFunctions::from_list(plan.gates),
            account_policy: AccountPolicy::new(plan.account_policy.text()),
            pipelines: Wildcards::from_list(plan.scanned.map_or("*", |(list, _)| list)),
            pace: Ok(plan.pace),
            notification_topic: Some(topic),
            ..Settings::default()
        };
        Self {
            truth: Truth::new(START, plan.lag, &plan.incidents),
            checks: Checks::default(),
            timeline: Timeline::default(),
            idle: BTreeMap::new(),
            started: 0,
            running: FuturesUnordered::new(),
            handles: BTreeMap::new(),
            interruptions: BTreeMap::new(),
            plan,
            world,
            region,
            settings,
            log,
        }
    }

    /// Carries out a plan in a world of its own.
    pub(crate) fn play(plan: &Plan) -> Played {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let _inside = runtime.enter();
        let log = Log::default();
        let mut simulation = Self::new(plan.clone(), log.clone());
        let clock = Clock::new(
            simulation
                .world
                .sdk_config("us-east-1")
                .time_source()
                .unwrap_or_default(),
        );
        let lines = logging::subscriber(&simulation.settings, clock, log.clone());
        let guard = tracing::subscriber::set_default(lines);
        let carry_out = || runtime.block_on(simulation.carry_out()).err();
        let ended = catch_unwind(AssertUnwindSafe(carry_out));
        drop(guard);
        let violation = ended.unwrap_or_else(|panic| {
            Some(Violation {
                invariant: Invariant::NoPanic,
                at: simulation.world.now(),
                what: text_of(&*panic),
            })
        });
        simulation.finish(violation, &log)
    }

    fn finish(mut self, violation: Option<Violation>, log: &Log) -> Played {
        let calls = self
            .world
            .with(|sandbox, _| sandbox.transcript.calls().to_vec());
        for pipeline in &self.plan.pipelines {
            for row in action_rows(&self.world, &self.plan, pipeline) {
                self.timeline.action(pipeline.name, &row);
            }
        }
        Played {
            violation,
            unused: self.world.with(|sandbox, _| sandbox.iam.unused()),
            calls,
            timeline: self.timeline,
            checks: self.checks,
            log: log.since(0),
        }
    }

    async fn carry_out(&mut self) -> Result<(), Violation> {
        for (after, deed) in self.plan.deeds.clone() {
            self.live_until(START + after).await?;
            self.act(&deed);
            self.check()?;
        }
        self.settle().await
    }

    /// Lets the world go on until a time.
    async fn live_until(&mut self, end: Timestamp) -> Result<(), Violation> {
        loop {
            self.start_what_waits();
            let changed = self.world.changed();
            let due = self.world.with(|sandbox, _| sandbox.next_wake_up());
            let at = due.filter(|due| *due <= end).unwrap_or(end);
            tokio::select! {
                biased;
                Some(run) = self.running.next(), if !self.running.is_empty() => {
                    if let Ok(run) = run {
                        self.end(run)?;
                    }
                }
                () = self.world.sleep_until(at) => {
                    if due.is_none_or(|due| due > end) {
                        return Ok(());
                    }
                    self.world.with(aws_sandbox::Sandbox::wake_up);
                }
                () = changed => {}
            }
            self.end_what_lambda_has_killed()?;
        }
    }

    fn start_what_waits(&mut self) {
        loop {
            let retries = self
                .handles
                .values()
                .filter(|begun| begun.ended.invocation.function == RETRY)
                .count();
            let functions: &[&'static str] = if retries < self.plan.retries_at_once {
                &[GATE, FOREIGN, RETRY]
            } else {
                &[GATE, FOREIGN]
            };
            let next = functions.iter().find_map(|function| {
                let taken = self
                    .world
                    .with(|sandbox, now| sandbox.lambda.take(now, function));
                taken.map(|invocation| (*function, invocation))
            });
            let Some((function, invocation)) = next else {
                return;
            };
            self.start(function, invocation);
        }
    }

    fn start(&mut self, function: &'static str, invocation: Invocation) {
        let environment = self.idle.get_mut(function).and_then(Vec::pop);
        let mut environment = environment.unwrap_or_else(|| {
            self.started += 1;
            let (region, look_up) = (self.region, self.look_up());
            Environment::start(
                &self.world,
                function,
                self.started,
                region,
                &self.settings,
                look_up,
            )
        });
        let of = match function {
            GATE => Some(Function::PipelineGate),
            RETRY => Some(Function::StageRetry),
            _ => None,
        };
        let interruption = of.and_then(|of| self.interruptions.remove(&of));
        let first_call = self
            .world
            .with(|sandbox, _| sandbox.transcript.calls().len());
        let now = self.world.now();
        let name = environment.begin(interruption);
        self.timeline.begins(now, &name, &invocation, interruption);
        let ended = Ended {
            invocation: invocation.clone(),
            name,
            began: now,
            first_call,
            interruption,
            made: Vec::new(),
        };
        let calls = environment.calls.clone();
        let (handle, registration) = AbortHandle::new_pair();
        self.handles.insert(
            (invocation.request_id.clone(), invocation.retries),
            Begun {
                handle,
                calls,
                ended,
            },
        );
        let world = self.world.clone();
        let run = async move {
            let ending = environment.handle(&world, &invocation, interruption).await;
            Run {
                environment,
                invocation,
                ending,
            }
        };
        self.running
            .push(Box::pin(Abortable::new(run, registration)));
    }

    fn look_up(&self) -> CnameLookUp {
        let world = self.world.clone();
        let look_up = self.plan.look_up;
        CnameLookUp::with(move |_| {
            let world = world.clone();
            async move {
                match look_up {
                    LookUp::Honest(after) => {
                        tokio::time::sleep(after).await;
                        let active = world.with(|sandbox, _| sandbox.health.active.clone());
                        Ok(format!("health.{active}.amazonaws.com."))
                    }
                    LookUp::Silent => std::future::pending().await,
                    LookUp::Fails => Err("SERVFAIL".to_owned()),
                }
            }
        })
    }

    /// An invocation has ended by itself.
    fn end(&mut self, run: Run) -> Result<(), Violation> {
        let Run {
            environment,
            invocation,
            ending,
        } = run;
        let key = (invocation.request_id.clone(), invocation.retries);
        let Some(Begun {
            mut ended, calls, ..
        }) = self.handles.remove(&key)
        else {
            return Ok(());
        };
        ended.made = calls.made();
        let result = match &ending {
            Ending::Returned(result) => result.clone(),
            Ending::Crashed => Err(
                json!({"errorType": "Runtime.ExitError", "errorMessage": "the process has ended"}),
            ),
        };
        self.world
            .with(|sandbox, now| sandbox.lambda.finish(now, &invocation.request_id, result));
        self.timeline
            .ends(self.world.now(), &ended.name, Some(&ending));
        if let Ending::Returned(_) = ending {
            let function = if invocation.function == GATE {
                GATE
            } else if invocation.function == RETRY {
                RETRY
            } else {
                FOREIGN
            };
            self.idle.entry(function).or_default().push(environment);
        }
        self.checks
            .invocation(&self.world, &self.truth, &self.plan, ended, Some(ending))?;
        self.check()
    }

    /// Lambda has ended some invocations.
    fn end_what_lambda_has_killed(&mut self) -> Result<(), Violation> {
        let is_over = |begun: &Begun| {
            let id = &begun.ended.invocation.request_id;
            self.world.with(|sandbox, _| !sandbox.lambda.is_running(id))
        };
        let killed: Vec<_> = self
            .handles
            .iter()
            .filter(|(_, begun)| is_over(begun))
            .map(|(key, _)| key.clone())
            .collect();
        for key in killed {
            let Some(Begun {
                handle,
                calls,
                mut ended,
            }) = self.handles.remove(&key)
            else {
                continue;
            };
            handle.abort();
            ended.made = calls.made();
            self.timeline.ends(self.world.now(), &ended.name, None);
            self.checks
                .invocation(&self.world, &self.truth, &self.plan, ended, None)?;
        }
        Ok(())
    }

    /// What has to hold at any time.
    fn check(&mut self) -> Result<(), Violation> {
        self.checks.always(&self.world, &self.log)
    }
}

fn arn(region: &str, pipeline: &str) -> String {
    format!(
        "arn:aws:codepipeline:{region}:{}:{pipeline}",
        aws_sandbox::ACCOUNT_ID
    )
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}

/// What came of a plan.
pub(crate) struct Played {
    pub(crate) violation: Option<Violation>,
    pub(crate) calls: Vec<aws_sandbox::Call>,
    pub(crate) timeline: Timeline,
    pub(crate) checks: Checks,
    /// What the template allows and no function has done: the function and the action.
    pub(crate) unused: BTreeSet<(String, String)>,
    pub(crate) log: String,
}
