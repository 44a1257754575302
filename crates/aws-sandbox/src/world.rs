//! The driver in virtual time: the sandbox behind the HTTP connector of real SDK clients, in this process. The
//! clients encode, sign, retry, time out and decode as ever; hours take milliseconds, and the same seed gives the
//! same story.

use std::future::pending;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use aws_types::region::Region;
use bytes::Bytes;
use http::Response;
use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::answer::{Answer, mark_as_waited};
use crate::endless;
use crate::lambda::Invocation;
use crate::sandbox::Sandbox;
use crate::timestamp::Timestamp;

/// A sandbox and its virtual time. Clones are the same world.
#[derive(Debug, Clone)]
pub struct World {
    sandbox: Arc<Mutex<Sandbox>>,
    clock: Clock,
    /// Told after every call.
    changed: Arc<Notify>,
}

/// Tokio's paused clock, as a time of day.
#[derive(Debug, Clone, Copy)]
struct Clock {
    start: SystemTime,
    origin: Instant,
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        self.start + self.origin.elapsed()
    }
}

impl World {
    /// What a request and its answer take on the way, each half of it.
    pub const ROUND_TRIP: Duration = Duration::from_millis(20);

    /// Begins a world at `start`. Call it inside a current-thread runtime with paused time, and let one world
    /// run on a thread at a time: the SDK's random numbers are seeded for the thread.
    pub fn new(start: Timestamp, seed: u64) -> Self {
        fastrand::seed(seed);
        Self {
            sandbox: Arc::new(Mutex::new(Sandbox::new(seed))),
            clock: Clock {
                start: start.into(),
                origin: Instant::now(),
            },
            changed: Arc::new(Notify::new()),
        }
    }

    /// The virtual time.
    pub fn now(&self) -> Timestamp {
        self.clock.now().into()
    }

    /// Does something with the sandbox, now.
    ///
    /// # Panics
    /// If the work itself uses the world.
    pub fn with<T>(&self, work: impl FnOnce(&mut Sandbox, Timestamp) -> T) -> T {
        let mut sandbox = self
            .sandbox
            .try_lock()
            .expect("nobody else uses the world on this thread");
        work(&mut sandbox, self.now())
    }

    /// Lets time pass, and what is due in it happen: `functions` is the code of every function, which runs each
    /// invocation as soon as it waits, one after the other.
    pub async fn play(
        &self,
        duration: Duration,
        functions: impl AsyncFn(&Invocation) -> Result<Value, Value>,
    ) {
        let end = self.now() + duration;
        self.run(&functions).await;
        while let Some(at) = self
            .with(|sandbox, _| sandbox.next_wake_up())
            .filter(|at| *at <= end)
        {
            self.sleep_until(at).await;
            self.with(Sandbox::wake_up);
            self.run(&functions).await;
        }
        self.sleep_until(end).await;
    }

    /// Lets time pass without any function: what they are sent waits.
    pub async fn sleep(&self, duration: Duration) {
        let end = self.now() + duration;
        while let Some(at) = self
            .with(|sandbox, _| sandbox.next_wake_up())
            .filter(|at| *at <= end)
        {
            self.sleep_until(at).await;
            self.with(Sandbox::wake_up);
        }
        self.sleep_until(end).await;
    }

    /// Runs all invocations that wait, and those that they cause.
    async fn run(&self, functions: impl AsyncFn(&Invocation) -> Result<Value, Value>) {
        while let Some(invocation) = self.with(|sandbox, now| sandbox.lambda.take_any(now)) {
            let work = pin!(functions(&invocation));
            if let Some(result) = self.until_killed(work, &invocation).await {
                self.with(|sandbox, now| {
                    sandbox.lambda.finish(now, &invocation.request_id, result)
                });
            }
        }
    }

    /// Runs a function while the world goes on around it. `None` if Lambda has ended it meanwhile.
    async fn until_killed<T>(
        &self,
        mut work: Pin<&mut impl Future<Output = T>>,
        invocation: &Invocation,
    ) -> Option<T> {
        loop {
            let changed = self.changed.notified();
            let due = async {
                match self.with(|sandbox, _| sandbox.next_wake_up()) {
                    Some(at) => self.sleep_until(at).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                biased;
                result = &mut work => return Some(result),
                () = due => self.with(Sandbox::wake_up),
                () = changed => {}
            }
            if !self.with(|sandbox, _| sandbox.lambda.is_running(&invocation.request_id)) {
                return None;
            }
        }
    }

    /// Lets time pass until then, and nothing happen in it.
    pub async fn sleep_until(&self, at: Timestamp) {
        let left = SystemTime::from(at)
            .duration_since(self.clock.now())
            .unwrap_or_default();
        tokio::time::sleep(left).await;
    }

    /// Waits for the next call of a client.
    pub fn changed(&self) -> impl Future<Output = ()> {
        // From now on, not from the first poll on.
        self.changed.notified()
    }

    /// What the SDK's clients of a process in `region` are made from.
    pub fn sdk_config(&self, region: &str) -> SdkConfig {
        self.sdk_config_of("AKIDSANDBOX", region)
    }

    /// The same for a process that calls as `principal`: its role says what it may do, if there is one.
    pub fn sdk_config_of(&self, principal: &str, region: &str) -> SdkConfig {
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(region.to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                principal,
                "sandbox",
                None,
                None,
                "aws-sandbox",
            )))
            .http_client(self.http_client())
            .time_source(SharedTimeSource::new(self.clock))
            .sleep_impl(TokioSleep::new())
            .build()
    }

    fn http_client(&self) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(InMemory(self.clone()));
        http_client_fn(move |_, _| connector.clone())
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = request
            .try_into_http1x()
            .map_err(|error| ConnectorError::user(error.into()))?;
        let mut request =
            request.map(|body| Bytes::copy_from_slice(body.bytes().unwrap_or_default()));
        tokio::time::sleep(Self::ROUND_TRIP / 2).await;
        let mut answer = self.with(|sandbox, now| sandbox.handle(now, &request));
        if let Answer::Wait(by) = answer {
            mark_as_waited(&mut request, by);
            let world = self.clone();
            // It is done whether or not the client still waits for the answer.
            let work = tokio::spawn(async move {
                tokio::time::sleep(by).await;
                let answer = world.with(|sandbox, now| sandbox.handle(now, &request));
                world.changed.notify_waiters();
                answer
            });
            answer = work.await.expect("the sandbox does not panic");
        }
        self.changed.notify_waiters();
        tokio::time::sleep(Self::ROUND_TRIP / 2).await;
        match answer {
            Answer::Now(response) | Answer::Foreign(response) => {
                let response = response.map(|body| SdkBody::from(body.as_ref()));
                HttpResponse::try_from(response).map_err(|error| ConnectorError::user(error.into()))
            }
            Answer::After(by, response) => {
                tokio::time::sleep(by).await;
                let response = response.map(|body| SdkBody::from(body.as_ref()));
                HttpResponse::try_from(response).map_err(|error| ConnectorError::user(error.into()))
            }
            Answer::Endless => {
                let response = Response::new(SdkBody::from_body_1_x(endless::body()));
                HttpResponse::try_from(response).map_err(|error| ConnectorError::user(error.into()))
            }
            Answer::Broken(why) => Err(ConnectorError::io(why.into())),
            // Nothing that an SDK client calls is a long poll.
            Answer::Wait(_) | Answer::Later | Answer::Never => pending().await,
        }
    }
}

#[derive(Debug)]
struct InMemory(World);

impl HttpConnector for InMemory {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let world = self.0.clone();
        HttpConnectorFuture::new(async move { world.exchange(request).await })
    }
}
