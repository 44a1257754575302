//! The driver in real time: the sandbox behind HTTP, for clients that are processes of their own.

mod functions;

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::answer::{Answer, mark_as_waited};
use crate::endless::{self, Endless};
use crate::sandbox::Sandbox;
use crate::timestamp::Timestamp;

/// A running server. It stops when this is dropped.
#[derive(Debug)]
pub struct HttpServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    tasks: [JoinHandle<()>; 3],
}

#[derive(Debug)]
struct Shared {
    sandbox: Mutex<Sandbox>,
    /// Told after everything that may have changed the state: long polls and waiters look again then.
    changed: watch::Sender<()>,
    /// Nothing happens by itself any more: a bug of the sandbox.
    clock_has_stopped: AtomicBool,
    /// How many calls of AWS services are being answered, and how many that were at most.
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

impl HttpServer {
    /// Serves a sandbox. Port 0 takes a free one.
    ///
    /// # Errors
    /// If the address cannot be listened on.
    pub async fn bind(address: SocketAddr, sandbox: Sandbox) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            sandbox: Mutex::new(sandbox),
            changed: watch::Sender::new(()),
            clock_has_stopped: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
            most_in_flight: AtomicUsize::new(0),
        });
        let tasks = [
            tokio::spawn(accept(listener, Arc::clone(&shared))),
            tokio::spawn(watch_time(Arc::clone(&shared))),
            tokio::spawn(functions::run(Arc::clone(&shared), address)),
        ];
        Ok(Self {
            address,
            shared,
            tasks,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Does something with the sandbox, now.
    pub fn with<T>(&self, work: impl FnOnce(&mut Sandbox, Timestamp) -> T) -> T {
        self.shared.with(work)
    }

    /// Looks at the sandbox without changing it: nobody is told.
    pub fn look<T>(&self, look: impl FnOnce(&Sandbox) -> T) -> T {
        look(&self.shared.lock())
    }

    /// How many calls of AWS services were being answered at the same time, at most.
    pub fn most_in_flight(&self) -> usize {
        self.shared.most_in_flight.load(Ordering::Relaxed)
    }

    /// Waits until the sandbox has what `look` looks for. It looks at every change.
    ///
    /// # Panics
    /// If the sandbox itself has a bug, and nothing happens in it any more.
    pub async fn wait_for<T>(&self, mut look: impl FnMut(&Sandbox) -> Option<T>) -> T {
        let mut changed = self.shared.changed.subscribe();
        loop {
            assert!(
                !self.shared.clock_has_stopped.load(Ordering::Relaxed),
                "the sandbox's clock has stopped"
            );
            if let Some(found) = look(&self.shared.lock()) {
                return found;
            }
            if changed.changed().await.is_err() {
                return pending().await;
            }
        }
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Sandbox> {
        // One bad request must not end the service for all others.
        self.sandbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, work: impl FnOnce(&mut Sandbox, Timestamp) -> T) -> T {
        let done = work(&mut self.lock(), now());
        self.changed.send_replace(());
        done
    }

    /// An error ends the connection.
    async fn answer(self: &Arc<Self>, request: Request<Bytes>) -> io::Result<Response<Reply>> {
        // Lambda's Runtime API and the control have paths, services do not.
        let path = request.uri().path();
        if path.starts_with("/lambda/") || path.starts_with("/sandbox/") {
            return self.answer_patiently(request).await;
        }
        let in_flight = self.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_in_flight.fetch_max(in_flight, Ordering::Relaxed);
        let answer = self.answer_patiently(request).await;
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        answer
    }

    /// A task of its own does it, which goes on when the client has gone.
    async fn handle_later(
        self: Arc<Self>,
        mut request: Request<Bytes>,
        by: Duration,
    ) -> io::Result<Answer> {
        mark_as_waited(&mut request, by);
        let work = tokio::spawn(async move {
            tokio::time::sleep(by).await;
            self.with(|sandbox, now| sandbox.handle(now, &request))
        });
        work.await.map_err(io::Error::other)
    }

    async fn answer_patiently(
        self: &Arc<Self>,
        request: Request<Bytes>,
    ) -> io::Result<Response<Reply>> {
        let mut changed = self.changed.subscribe();
        loop {
            let mut answer = self.lock().handle(now(), &request);
            if let Answer::Wait(by) = answer {
                answer = Arc::clone(self).handle_later(request.clone(), by).await?;
            }
            match answer {
                Answer::Now(response) | Answer::Foreign(response) => {
                    self.changed.send_replace(());
                    return Ok(whole(response));
                }
                Answer::After(by, response) => {
                    self.changed.send_replace(());
                    tokio::time::sleep(by).await;
                    return Ok(whole(response));
                }
                Answer::Endless => {
                    self.changed.send_replace(());
                    return Ok(Response::new(Either::Right(endless::body())));
                }
                Answer::Broken(why) => {
                    self.changed.send_replace(());
                    return Err(io::Error::other(why));
                }
                // One that has waited never waits again.
                Answer::Wait(_) => return pending().await,
                Answer::Later if changed.changed().await.is_ok() => {}
                Answer::Never => {
                    self.changed.send_replace(());
                    return pending().await;
                }
                Answer::Later => return pending().await,
            }
        }
    }
}

/// The body of an answer: most are known as a whole.
type Reply = Either<Full<Bytes>, Endless>;

fn whole(response: Response<Bytes>) -> Response<Reply> {
    response.map(|body| Either::Left(Full::new(body)))
}

#[expect(
    clippy::disallowed_methods,
    reason = "this driver's clock is the system's"
)]
fn now() -> Timestamp {
    SystemTime::now().into()
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Too many open files, mostly: it passes when connections end.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let shared = Arc::clone(&shared);
        let service = service_fn(move |request: Request<Incoming>| {
            let shared = Arc::clone(&shared);
            async move {
                let (head, body) = request.into_parts();
                match body.collect().await {
                    Ok(body) => {
                        shared
                            .answer(Request::from_parts(head, body.to_bytes()))
                            .await
                    }
                    Err(error) => {
                        let mut response = whole(Response::new(Bytes::from(error.to_string())));
                        *response.status_mut() = StatusCode::BAD_REQUEST;
                        Ok(response)
                    }
                }
            }
        });
        // A client that hangs up ends its own connection only.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

/// Keeps time, and says so if that ends: a sandbox that answers and does nothing would be believed.
async fn watch_time(shared: Arc<Shared>) {
    let mut keeping = AbortOnDrop(tokio::spawn(keep_time(Arc::clone(&shared))));
    if (&mut keeping.0).await.is_err_and(|error| error.is_panic()) {
        shared.clock_has_stopped.store(true, Ordering::Relaxed);
        shared.changed.send_replace(());
    }
}

/// A task that ends with whoever waits for it.
struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Wakes the sandbox up when something is due.
async fn keep_time(shared: Arc<Shared>) {
    let mut changed = shared.changed.subscribe();
    loop {
        let wake_up = shared.lock().next_wake_up();
        let due = async {
            match wake_up {
                Some(at) => {
                    let left = SystemTime::from(at)
                        .duration_since(now().into())
                        .unwrap_or_default();
                    tokio::time::sleep(left).await;
                }
                None => pending().await,
            }
        };
        tokio::select! {
            () = due => shared.with(|sandbox, now| sandbox.wake_up(now)),
            told = changed.changed() => if told.is_err() { return },
        }
    }
}
