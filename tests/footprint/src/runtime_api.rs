//! Lambda's Runtime API for one process, which says to the microsecond when the process asked and when it answered.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// What a process did, and when.
#[derive(Debug)]
pub(crate) enum Step {
    /// It waits for an event.
    Asks(Instant),
    /// It has handled one.
    Answers(Instant, Bytes),
    /// It has failed, saying this.
    Fails(#[expect(dead_code, reason = "shown by a panic, as part of the step")] String),
}

/// The API of one process.
#[derive(Debug)]
pub(crate) struct RuntimeApi {
    address: SocketAddr,
    events: UnboundedSender<Bytes>,
    steps: UnboundedReceiver<Step>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    events: Mutex<UnboundedReceiver<Bytes>>,
    steps: UnboundedSender<Step>,
    handed_out: AtomicUsize,
}

impl RuntimeApi {
    pub(crate) async fn bind() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (events, for_process) = unbounded_channel();
        let (by_process, steps) = unbounded_channel();
        let shared = Arc::new(Shared {
            events: Mutex::new(for_process),
            steps: by_process,
            handed_out: AtomicUsize::new(0),
        });
        let accepting = tokio::spawn(accept(listener, shared));
        Ok(Self {
            address,
            events,
            steps,
            accepting,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Hands an event to the process, which waits for one.
    pub(crate) fn send(&self, event: Bytes) {
        self.events
            .send(event)
            .expect("the API is served as long as this is");
    }

    pub(crate) async fn step(&mut self) -> Step {
        self.steps
            .recv()
            .await
            .expect("the API is served as long as this is")
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        // As Lambda does: small answers go out at once.
        stream.set_nodelay(true).expect("it is a TCP socket");
        let shared = Arc::clone(&shared);
        let service = service_fn(move |request| answer(Arc::clone(&shared), request));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let now = Instant::now();
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    let step = match path.rsplit('/').next() {
        Some("next") => Step::Asks(now),
        Some("response") => Step::Answers(Instant::now(), body),
        _ => Step::Fails(format!("{path}: {}", String::from_utf8_lossy(&body))),
    };
    let asks = matches!(step, Step::Asks(_));
    let _ = shared.steps.send(step);
    if !asks {
        let mut accepted = Response::new(Full::default());
        *accepted.status_mut() = StatusCode::ACCEPTED;
        return Ok(accepted);
    }
    let event = shared.events.lock().await.recv().await.unwrap_or_default();
    let number = shared.handed_out.fetch_add(1, Ordering::Relaxed);
    let response = Response::builder()
        .header("content-type", "application/json")
        .header(
            "lambda-runtime-aws-request-id",
            format!("8476a536-e9f4-11e8-9739-{number:012}"),
        )
        .header("lambda-runtime-deadline-ms", "32503680000000")
        .header(
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:111122223333:function:measured",
        )
        .header(
            "lambda-runtime-trace-id",
            "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
        )
        .body(Full::new(event));
    Ok(response.expect("the headers are ours"))
}
