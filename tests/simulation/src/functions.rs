//! The functions, as Lambda runs them: in environments, each with its own clients, of which one handles one event at a time and
//! dies when it is interrupted.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sandbox::lambda::Invocation;
use aws_sandbox::{Sandbox, World};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use health_gate_aws::{Clients, CnameLookUp, JobEvent, Settings};
use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use pipeline_gate::PipelineGate;
use serde::Serialize;
use serde_json::{Value, json};
use stage_retry::StageRetry;
use tokio::sync::Notify;

use crate::plan::{Interruption, Moment};

/// The gate's function.
pub(crate) const GATE: &str = "pipeline-gate";
/// The function that retries.
pub(crate) const RETRY: &str = "stage-retry";
/// A function of somebody else, which borrows the gate's words.
pub(crate) const FOREIGN: &str = "smoke-test";

/// How an invocation ended.
#[derive(Debug)]
pub(crate) enum Ending {
    /// The function returned this.
    Returned(Result<Value, Value>),
    /// Its process ended.
    Crashed,
}

/// A process of a function.
#[derive(Debug)]
pub(crate) struct Environment {
    name: String,
    handled: usize,
    /// The calls of the invocation that goes on in it.
    pub(crate) calls: Calls,
    code: Code,
}

#[derive(Debug)]
enum Code {
    Gate(PipelineGate),
    Retry(StageRetry),
    Foreign { region: &'static str },
}

impl Environment {
    /// A process of a function begins.
    pub(crate) fn start(
        world: &World,
        function: &str,
        number: usize,
        region: &'static str,
        settings: &Settings,
        look_up: CnameLookUp,
    ) -> Self {
        let name = format!("{function}-{number}");
        let calls = Calls::default();
        let config = world.sdk_config_of(function, region);
        let inner = config.http_client().expect("the world has one");
        let client = Interruptible {
            inner,
            calls: calls.clone(),
        };
        let config = config.to_builder().http_client(client).build();
        let clients = || Clients::new(&config, || look_up).expect("the region is one");
        let code = match function {
            GATE => Code::Gate(PipelineGate::new(clients(), settings)),
            RETRY => Code::Retry(StageRetry::new(clients(), settings).expect("there is a gate")),
            _ => Code::Foreign { region },
        };
        Self {
            name,
            handled: 0,
            calls,
            code,
        }
    }

    /// An event is given to it. Returns the name by which the calls are known that it makes for it.
    pub(crate) fn begin(&mut self, interruption: Option<Interruption>) -> String {
        self.handled += 1;
        let name = format!("{}.{}", self.name, self.handled);
        self.calls.begin(name.clone(), interruption);
        name
    }

    /// Handles the event, and maybe not to its end. Without an ending it stands still, until Lambda ends it.
    pub(crate) async fn handle(
        &self,
        world: &World,
        invocation: &Invocation,
        interruption: Option<Interruption>,
    ) -> Ending {
        let work = async { Ending::Returned(self.run(world, invocation).await) };
        tokio::select! {
            biased;
            () = self.calls.interrupted() => {
                if interruption.is_some_and(|interruption| interruption.hangs) {
                    std::future::pending::<()>().await;
                }
                Ending::Crashed
            }
            ending = work => ending,
        }
    }

    async fn run(&self, world: &World, invocation: &Invocation) -> Result<Value, Value> {
        let mut context = Context::default();
        let deadline = invocation.deadline.expect("it has begun").as_millis();
        context.deadline = deadline.try_into().expect("after 1970");
        context
            .invoked_function_arn
            .clone_from(&invocation.function_arn);
        let payload = invocation.payload.clone();
        match &self.code {
            Code::Gate(gate) => {
                let event: JobEvent = serde_json::from_value(payload).expect("no JSON is refused");
                returned(gate.handle(LambdaEvent::new(event, context)).await)
            }
            Code::Retry(stage_retry) => {
                let event = serde_json::from_value(payload).expect("no JSON is refused");
                returned(stage_retry.handle(LambdaEvent::new(event, context)).await)
            }
            Code::Foreign { region } => {
                world.with(|sandbox, now| {
                    fail_like_the_gate(sandbox, now, region, &payload);
                });
                Ok(Value::Null)
            }
        }
    }
}

fn fail_like_the_gate(
    sandbox: &mut Sandbox,
    now: aws_sandbox::Timestamp,
    region: &str,
    payload: &Value,
) {
    let body = json!({
        "jobId": payload["CodePipeline.job"]["id"],
        "failureDetails": {"type": "JobFailed", "message": "health-gate blocked: so it says"},
    });
    // A person may have ended the job.
    let _ = sandbox.call(now, "CodePipeline", "PutJobFailureResult", region, &body);
}

fn returned<T: Serialize, E: Into<Diagnostic>>(result: Result<T, E>) -> Result<Value, Value> {
    let json = |value: Result<Value, serde_json::Error>| value.expect("string keys");
    match result {
        Ok(output) => Ok(json(serde_json::to_value(&output))),
        Err(error) => Err(json(serde_json::to_value(error.into()))),
    }
}

/// Counts the calls of an invocation, and interrupts it at one of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calls {
    state: Arc<Mutex<CallsState>>,
    interrupted: Arc<Notify>,
}

#[derive(Debug, Default)]
struct CallsState {
    caller: String,
    /// The operations that were called, oldest first.
    made: Vec<String>,
    interruption: Option<Interruption>,
}

impl Calls {
    fn state(&self) -> MutexGuard<'_, CallsState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, caller: String, interruption: Option<Interruption>) {
        *self.state() = CallsState {
            caller,
            made: Vec::new(),
            interruption,
        };
    }

    /// A call begins. Says at which moment of it the invocation ends, if it does.
    fn next(&self, request: &mut HttpRequest) -> Option<Moment> {
        let mut state = self.state();
        let operation = operation(request);
        // By which the sandbox knows who calls.
        request
            .headers_mut()
            .insert("user-agent", format!("app/{}", state.caller));
        let number = state.made.len();
        state.made.push(operation);
        let interruption = state
            .interruption
            .filter(|interruption| interruption.call == number);
        interruption.map(|interruption| interruption.moment)
    }

    /// The operations that the invocation has called, each attempt of a client one.
    pub(crate) fn made(&self) -> Vec<String> {
        self.state().made.clone()
    }

    async fn interrupt<T>(&self) -> T {
        self.interrupted.notify_one();
        std::future::pending().await
    }

    async fn interrupted(&self) {
        self.interrupted.notified().await;
    }
}

/// The operation that a request calls.
fn operation(request: &HttpRequest) -> String {
    let target = request.headers().get("x-amz-target");
    let name = target.and_then(|target| target.rsplit('.').next());
    // SNS says it in the body, and its only operation here is this one.
    name.or_else(|| {
        request
            .uri()
            .rsplit('/')
            .next()
            .filter(|name| !name.is_empty())
    })
    .unwrap_or("Publish")
    .to_owned()
}

/// An HTTP client that an invocation may end in.
struct Interruptible<T> {
    inner: T,
    calls: Calls,
}

impl<T> fmt::Debug for Interruptible<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Interruptible")
    }
}

impl HttpClient for Interruptible<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Interruptible {
            inner: self.inner.http_connector(settings, components),
            calls: self.calls.clone(),
        })
    }
}

impl HttpConnector for Interruptible<SharedHttpConnector> {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let (inner, calls) = (self.inner.clone(), self.calls.clone());
        HttpConnectorFuture::new(async move {
            match calls.next(&mut request) {
                None => inner.call(request).await,
                Some(Moment::Before) => calls.interrupt().await,
                Some(Moment::After) => {
                    let _ = inner.call(request).await;
                    calls.interrupt().await
                }
            }
        })
    }
}
