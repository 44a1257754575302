//! How the program pipeline-gate reaches AWS: over connections that it has opened before there is a job, where its environment says.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sandbox::HttpServer;
use aws_sandbox::codepipeline::JobResult;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::event_files;
use crate::function_process::{serve, start};
use crate::in_world::FUNCTION;
use crate::program::patiently;

/// How many bytes each connection has brought, in the order in which they were opened.
type Connections = watch::Receiver<Vec<Arc<AtomicUsize>>>;

/// A listener that hands on what it gets.
async fn front(behind: SocketAddr) -> (SocketAddr, Connections) {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    let (connections, opened) = watch::channel(Vec::new());
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let brought = Arc::new(AtomicUsize::new(0));
            connections.send_modify(|all| all.push(Arc::clone(&brought)));
            let server = TcpStream::connect(behind).await.expect("it listens");
            tokio::spawn(hand_on(client, server, brought));
        }
    });
    (address, opened)
}

async fn hand_on(client: TcpStream, server: TcpStream, brought: Arc<AtomicUsize>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let there = async {
        let mut bytes = [0; 4_096];
        while let Ok(length @ 1..) = from_client.read(&mut bytes).await {
            brought.fetch_add(length, Ordering::Relaxed);
            to_server.write_all(&bytes[..length]).await?;
        }
        to_server.shutdown().await
    };
    let back = tokio::io::copy(&mut from_server, &mut to_client);
    let _ = tokio::join!(there, back);
}

async fn result_of(server: &HttpServer, file: &str) -> JobResult {
    let event = event_files::read(file);
    let id = server
        .with(|sandbox, now| sandbox.submit_job_event(now, "us-east-1", FUNCTION, event.clone()));
    let result = server.wait_for(|sandbox| sandbox.codepipeline.job(&id)?.result.clone());
    patiently(result).await
}

fn passes(result: &JobResult) -> bool {
    matches!(
        result,
        JobResult::Success {
            continuation_token: None,
            ..
        }
    )
}

#[tokio::test]
async fn a_job_finds_its_connections_open() {
    let server = serve().await;
    let (address, mut opened) = front(server.address()).await;
    let endpoint = format!("http://{address}");
    let program = start(&server, FUNCTION, &[("AWS_ENDPOINT_URL", &endpoint)]);
    // One to AWS Health and one to CodePipeline, before there is anything to say.
    patiently(opened.wait_for(|all| all.len() == 2))
        .await
        .expect("the listener goes on");
    let brought = || -> Vec<usize> {
        let all = opened.borrow();
        all.iter().map(|one| one.load(Ordering::Relaxed)).collect()
    };
    assert_eq!(brought(), [0, 0]);

    assert!(passes(&result_of(&server, "codepipeline-job.json").await));
    let brought = brought();
    assert!(brought[0] > 0 && brought[1] > 0, "{brought:?}");
    program.kill().await;
}

/// A name server, a route or an endpoint that does not answer keeps no job waiting that does without it.
#[tokio::test]
async fn a_start_does_not_wait_for_what_does_not_answer() {
    let server = serve().await;
    // It takes connections, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback has a free port");
    let address = silent.local_addr().expect("it is bound");
    let endpoint = format!("https://{address}");
    let program = start(&server, FUNCTION, &[("AWS_ENDPOINT_URL_HEALTH", &endpoint)]);
    let result = result_of(&server, "codepipeline-job-bad-parameters.json").await;
    assert!(!passes(&result), "{result:?}");
    program.kill().await;
}

#[tokio::test]
async fn a_service_is_asked_where_its_own_variable_says() {
    let server = serve().await;
    let endpoint = format!("http://{}", server.address());
    let program = start(
        &server,
        FUNCTION,
        &[
            // Nothing listens there.
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
            ("AWS_ENDPOINT_URL_HEALTH", &endpoint),
            ("AWS_ENDPOINT_URL_CODEPIPELINE", &endpoint),
        ],
    );
    assert!(passes(&result_of(&server, "codepipeline-job.json").await));
    program.kill().await;
}
