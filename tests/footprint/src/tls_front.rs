//! TLS before the sandbox, as AWS's endpoints have it: a chain of a leaf and an intermediate, of an authority that the trust store has
//! among all others.

use std::error::Error;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The machine's own certificates.
pub(crate) const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// A running front. It stops when this is dropped.
#[derive(Debug)]
pub(crate) struct TlsFront {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl TlsFront {
    /// Listens before `behind`.
    pub(crate) async fn before(behind: SocketAddr, chain: TlsAcceptor) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let connections = Arc::new(AtomicUsize::new(0));
        let accepting = tokio::spawn(accept(listener, chain, behind, connections.clone()));
        Ok(Self {
            address,
            connections,
            accepting,
        })
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many connections there have been, with those whose client has not trusted it.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// What accepts clients. In `folder` there is `bundle.pem` then, which has its authority after the machine's own certificates.
pub(crate) async fn chain(folder: &Path) -> io::Result<TlsAcceptor> {
    write_chain(folder).await?;
    let machines = fs::read_to_string(CERTIFICATES)?;
    let root = fs::read_to_string(folder.join("root.pem"))?;
    fs::write(folder.join("bundle.pem"), machines + &root)?;
    let config = read_chain(folder).map_err(io::Error::other)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// A chain for `localhost` with its key, by the authority in `root.pem`. With RSA keys, as AWS's endpoints have them: what a client checks of
/// these takes it a tenth of the time that it takes with elliptic curves.
async fn write_chain(folder: &Path) -> io::Result<()> {
    let with_key = "req -x509 -newkey rsa:2048 -nodes -days 2 -batch";
    let authority = "-addext basicConstraints=critical,CA:TRUE";
    for line in [
        format!("{with_key} -subj /CN=Root -keyout root.key -out root.pem"),
        format!(
            "{with_key} -subj /CN=Intermediate -keyout intermediate.key -out intermediate.pem -CA root.pem -CAkey root.key {authority}"
        ),
        format!(
            "{with_key} -subj /CN=localhost -keyout leaf.key -out leaf.pem -CA intermediate.pem -CAkey intermediate.key \
             -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE"
        ),
    ] {
        let mut openssl = Command::new("openssl");
        openssl.args(line.split_whitespace()).current_dir(folder);
        let made = openssl.output().await;
        let made =
            made.map_err(|error| io::Error::new(error.kind(), format!("openssl: {error}")))?;
        if !made.status.success() {
            let said = String::from_utf8_lossy(&made.stderr);
            return Err(io::Error::other(format!("openssl {line}: {said}")));
        }
    }
    Ok(())
}

fn read_chain(folder: &Path) -> Result<ServerConfig, Box<dyn Error + Send + Sync>> {
    let certificate = |name: &str| CertificateDer::from_pem_file(folder.join(name));
    let chain = vec![certificate("leaf.pem")?, certificate("intermediate.pem")?];
    let key = PrivateKeyDer::from_pem_file(folder.join("leaf.key"))?;
    let config = ServerConfig::builder().with_no_client_auth();
    Ok(config.with_single_cert(chain, key)?)
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    behind: SocketAddr,
    connections: Arc<AtomicUsize>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        connections.fetch_add(1, Ordering::Relaxed);
        stream.set_nodelay(true).expect("it is a TCP socket");
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let mut client = acceptor.accept(stream).await?;
            let mut server = TcpStream::connect(behind).await?;
            server.set_nodelay(true)?;
            copy_bidirectional(&mut client, &mut server).await
        });
    }
}
