//! HTTP as our programs speak it: hyper's client, HTTP/1.1, over rustls with ring.
//!
//! The SDK's own client (aws-smithy-http-client) is made of the same libraries. It links HTTP/2, which neither service needs, reads the
//! trust store anew for each set of time-outs, and has no way to open a connection before there is a request for it.

use std::error::Error;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::ErrorKind;
use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{
    CaptureConnection, HttpConnector as TcpConnector, capture_connection,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::crypto::ring;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tower_service::Service;

use crate::trust_store::{of_bundle, places, trust_store};

/// A connection that takes longer to set up, TLS with it, is better tried again.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);

/// A connection that nobody has used for longer may have been closed by its other end.
const FRESH_FOR: Duration = Duration::from_secs(5);

/// A client of HTTP for the SDK.
#[derive(Clone)]
pub(crate) struct Https {
    client: legacy::Client<Connections, SdkBody>,
    connections: Connections,
}

impl Https {
    /// Makes one for a function, with the trust store of its image.
    pub(crate) fn of_function() -> Self {
        Self::trusting(trust_store(of_bundle))
    }

    /// Makes one for a person's machine, whose trust store may be anywhere.
    pub(crate) fn of_person() -> Self {
        Self::trusting(trust_store(|| None))
    }

    fn trusting(roots: RootCertStore) -> Self {
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap_or_else(|_| unreachable!("ring has what TLS 1.2 and 1.3 need"))
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = TcpConnector::new();
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let connections = Connections {
            https,
            opened: Arc::default(),
        };
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .build(connections.clone());
        Self {
            client,
            connections,
        }
    }

    /// For the SDK's configuration.
    pub(crate) fn shared(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    /// Opens a connection, which the next request that needs one to the same place takes. One that cannot be opened is left to that
    /// request, which says why.
    pub(crate) async fn open(&self, place: Uri) {
        match self.connections.connect(place.clone()).await {
            Ok(stream) => self.connections.keep(place, stream),
            Err(error) => {
                tracing::debug!(%place, error, "a connection could not be opened ahead of its request");
            }
        }
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connections")
    }
}

impl fmt::Debug for Https {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Https")
    }
}

type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;

/// Something has taken too long.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct TooLate(String);

/// A server has shown a certificate that may not be trusted. It will have the same one a moment later.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Untrusted(String);

impl Untrusted {
    fn new(place: &str, why: &rustls::Error) -> Self {
        let refused = format!("{place} is not trusted: {why}");
        // Of its name or its time other authorities would say the same.
        let nobody_known = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        Self(if *why == nobody_known {
            format!("{refused} (trusted are the authorities of {})", places())
        } else {
            refused
        })
    }
}

/// Makes connections, or hands out those that have been opened ahead.
#[derive(Clone)]
struct Connections {
    https: HttpsConnector<TcpConnector>,
    opened: Arc<Mutex<Vec<Opened>>>,
}

struct Opened {
    place: Uri,
    at: Instant,
    stream: Stream,
}

impl Connections {
    async fn connect(&self, place: Uri) -> Result<Stream, BoxError> {
        let connecting = self.https.clone().call(place.clone());
        let connected = tokio::time::timeout(CONNECT_WITHIN, connecting).await;
        let place = || {
            let authority = place.authority().map(ToString::to_string);
            authority.unwrap_or_default()
        };
        match connected {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => match cause::<rustls::Error>(&*error) {
                Some(why @ rustls::Error::InvalidCertificate(_)) => {
                    Err(Untrusted::new(&place(), why).into())
                }
                Some(_) | None => Err(error),
            },
            Err(_) => Err(TooLate(format!(
                "no connection to {} within {} s",
                place(),
                CONNECT_WITHIN.as_secs()
            ))
            .into()),
        }
    }

    fn keep(&self, place: Uri, stream: Stream) {
        let at = Instant::now();
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.push(Opened { place, at, stream });
    }

    fn take(&self, place: &Uri) -> Option<Stream> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.retain(|opened| opened.at.elapsed() < FRESH_FOR);
        let is_there = |opened: &Opened| {
            opened.place.scheme() == place.scheme() && opened.place.authority() == place.authority()
        };
        let position = opened.iter().position(is_there)?;
        Some(opened.swap_remove(position).stream)
    }
}

impl Service<Uri> for Connections {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, place: Uri) -> Self::Future {
        let connections = self.clone();
        Box::pin(async move {
            match connections.take(&place) {
                Some(stream) => Ok(stream),
                None => connections.connect(place).await,
            }
        })
    }
}

impl HttpClient for Https {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector {
            client: self.client.clone(),
            answer_within: settings.read_timeout(),
        })
    }
}

/// A connector of the client, with what the SDK has set for it. How long a connection may take to set up is the same for all.
#[derive(Debug)]
struct Connector {
    client: legacy::Client<Connections, SdkBody>,
    /// Until an answer begins, connection and all, as in the SDK's own client: the sources of credentials rely on it.
    answer_within: Option<Duration>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.client.clone();
        let answer_within = self.answer_within;
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x();
            let mut request = request.map_err(|error| ConnectorError::user(error.into()))?;
            let connection = capture_connection(&mut request);
            if let Some(capture) = request.extensions().get::<CaptureSmithyConnection>() {
                capture.set_connection_retriever(move || metadata(&connection));
            }
            let answering = client.request(request);
            let response = match answer_within {
                Some(limit) => tokio::time::timeout(limit, answering).await.map_err(|_| {
                    let why = format!("no answer within {:.1} s", limit.as_secs_f64());
                    ConnectorError::timeout(TooLate(why).into())
                })?,
                None => answering.await,
            };
            let response = response.map_err(of_hyper)?;
            HttpResponse::try_from(response.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// How the SDK gives up a connection whose other end has failed: what is tried again goes over another one.
fn metadata(connection: &CaptureConnection) -> Option<ConnectionMetadata> {
    connection.connection_metadata().as_ref()?;
    let connection = connection.clone();
    let give_up = move || {
        if let Some(connection) = connection.connection_metadata().as_ref() {
            connection.poison();
        }
    };
    let metadata = ConnectionMetadata::builder().proxied(false);
    Some(metadata.poison_fn(give_up).build())
}

/// What the SDK may try again: what became of the connection, not what was said over it.
fn of_hyper(error: legacy::Error) -> ConnectorError {
    if cause::<TooLate>(&error).is_some() {
        return ConnectorError::timeout(error.into());
    }
    if cause::<Untrusted>(&error).is_some() {
        return ConnectorError::other(error.into(), None);
    }
    match cause::<hyper::Error>(&error) {
        Some(hyper) if hyper.is_user() => ConnectorError::user(error.into()),
        Some(hyper) if hyper.is_incomplete_message() => {
            ConnectorError::other(error.into(), Some(ErrorKind::TransientError))
        }
        Some(hyper) if hyper.is_parse() => ConnectorError::other(error.into(), None),
        Some(_) | None => ConnectorError::io(error.into()),
    }
}

fn cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut chain = std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
        let error = *error;
        // What an I/O error wraps is none of its sources.
        let wrapped = error.downcast_ref().and_then(io::Error::get_ref);
        match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        }
    });
    chain.find_map(|error| error.downcast_ref())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// A server that reads a request and says `answer`, or nothing at all; how long a client of it may wait is up to the client.
    async fn server(answer: Option<&'static [u8]>) -> Uri {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let _ = stream.read(&mut [0; 1_024]).await;
                    match answer {
                        Some(answer) => stream.write_all(answer).await,
                        None => std::future::pending().await,
                    }
                });
            }
        });
        format!("http://{address}/").parse().expect("an address")
    }

    async fn ask(place: Uri) -> Result<HttpResponse, ConnectorError> {
        let connector = Connector {
            client: Https::trusting(RootCertStore::empty()).client,
            answer_within: Some(Duration::from_millis(500)),
        };
        let request = http::Request::get(place).body(SdkBody::empty());
        let request = HttpRequest::try_from(request.expect("a request"));
        connector.call(request.expect("a request")).await
    }

    #[tokio::test]
    async fn what_becomes_of_a_request_says_whether_it_may_be_made_again() {
        let answers = ask(server(Some(b"HTTP/1.1 204 No Content\r\n\r\n")).await).await;
        assert_eq!(answers.expect("an answer").status().as_u16(), 204);
        let silent = ask(server(None).await).await.expect_err("no answer");
        assert!(silent.is_timeout(), "{silent:?}");
        let cut = ask(server(Some(b"HTTP/1.1 2")).await).await;
        let cut = cut.expect_err("half an answer");
        assert_eq!(cut.as_other(), Some(ErrorKind::TransientError), "{cut:?}");
        let foreign = ask(server(Some(b"220 mail.example.com ESMTP\r\n")).await).await;
        let foreign = foreign.expect_err("no HTTP");
        assert!(foreign.is_other() && foreign.as_other().is_none());
        let nobody = ask("http://127.0.0.1:1/".parse().expect("an address")).await;
        assert!(nobody.expect_err("nobody listens").is_io());
    }

    /// `.ci/footprint check` has a server that is not trusted: no test has TLS.
    #[test]
    fn what_hyper_wraps_in_errors_of_io_is_found() {
        let refused = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let of_tls = io::Error::new(io::ErrorKind::InvalidData, refused.clone());
        let of_hyper: BoxError = io::Error::other(of_tls).into();
        assert_eq!(cause::<rustls::Error>(&*of_hyper), Some(&refused));
        let other = io::Error::from(io::ErrorKind::ConnectionReset);
        assert_eq!(cause::<rustls::Error>(&other), None);
    }

    #[test]
    fn of_whom_nobody_vouches_for_it_is_said_whose_word_counts() {
        let said = |error| {
            let error = rustls::Error::InvalidCertificate(error);
            Untrusted::new("aws.example", &error).to_string()
        };
        assert_eq!(
            said(CertificateError::UnknownIssuer),
            format!(
                "aws.example is not trusted: invalid peer certificate: UnknownIssuer (trusted are the authorities of {})",
                places()
            )
        );
        assert_eq!(
            said(CertificateError::Expired),
            "aws.example is not trusted: invalid peer certificate: Expired"
        );
    }
}
