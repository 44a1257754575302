//! The certificates that a server's has to go back to: the system's.

use std::fs;
use std::path::PathBuf;

use base64_simd::STANDARD;
use memchr::{memchr, memmem};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls_native_certs::ErrorKind;

use crate::environment::variable;

/// What was read.
#[derive(Debug)]
pub(crate) struct Store {
    roots: RootCertStore,
    /// How many more there are, of which a root cannot be made.
    unusable: usize,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            roots: RootCertStore::empty(),
            unusable: 0,
        }
    }
}

impl Store {
    fn add(&mut self, certificate: CertificateDer<'_>) {
        if self.roots.add(certificate).is_err() {
            self.unusable += 1;
        }
    }
}

/// The system's trust store: what `SSL_CERT_FILE` and `SSL_CERT_DIR` name, or where the system has it. `quickly` may know a quicker way to it.
pub(crate) fn trust_store(quickly: impl FnOnce() -> Option<Store>) -> RootCertStore {
    let Store { roots, unusable } = quickly().unwrap_or_else(of_system);
    if roots.is_empty() {
        tracing::warn!(
            unusable,
            "the trust store has no certificate that can be used, so nothing can be reached over TLS; SSL_CERT_FILE names a file of certificates"
        );
    } else if unusable > 0 {
        tracing::info!(
            unusable,
            "certificates of the trust store cannot be used: servers that need one of them are not trusted"
        );
    }
    roots
}

/// The system's certificates from its one file that has them all, as Lambda's image does.
///
/// rustls's reader of such files reads all folders besides, and takes care that nobody learns by its timing what it decodes: a function would
/// spend most of its start on it. What everybody knows can be read in a tenth of the time.
pub(crate) fn of_bundle() -> Option<Store> {
    if variable("SSL_CERT_DIR").is_some() {
        return None;
    }
    let named = variable("SSL_CERT_FILE").map(PathBuf::from);
    let file = named.or_else(|| openssl_probe::probe().cert_file)?;
    let text = fs::read(file).ok()?;
    let mut store = Store::default();
    for certificate in certificates(&text) {
        // One at a time: all of them are a fifth of what a function has on its heap.
        store.add(certificate?);
    }
    (!store.roots.is_empty()).then_some(store)
}

/// The certificates in a file of PEM (RFC 7468). None for one that cannot be read.
fn certificates(text: &[u8]) -> impl Iterator<Item = Option<CertificateDer<'static>>> {
    const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
    const END: &[u8] = b"-----END CERTIFICATE-----";
    let end = memmem::Finder::new(END);
    let decode = move |begin: usize| {
        let block = text.get(begin + BEGIN.len()..)?;
        let block = block.get(..end.find(block)?)?;
        // The decoder itself takes line ends one byte after the other: nine tenths of its time.
        let certificate = STANDARD.decode_to_vec(without_line_ends(block)).ok()?;
        Some(certificate.into())
    };
    memmem::find_iter(text, BEGIN).map(decode)
}

fn without_line_ends(text: &[u8]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((line, after)) = memchr(b'\n', rest).and_then(|end| rest.split_at_checked(end)) {
        joined.extend_from_slice(line.trim_ascii_end());
        rest = after.get(1..).unwrap_or_default();
    }
    joined.extend_from_slice(rest);
    joined
}

/// The same from wherever the system has them, and what is wrong with them.
fn of_system() -> Store {
    let found = rustls_native_certs::load_native_certs();
    for error in found.errors {
        // Its text names no file, and shows what it has of one as a list of numbers.
        let error = if matches!(error.kind, ErrorKind::Pem(_)) {
            format!("{} is not all PEM (RFC 7468)", places())
        } else {
            error.to_string()
        };
        tracing::warn!("a part of the trust store cannot be read: {error}");
    }
    let mut store = Store::default();
    for certificate in found.certs {
        store.add(certificate);
    }
    store
}

/// Where rustls's reader looks.
fn places() -> String {
    let named = ["SSL_CERT_FILE", "SSL_CERT_DIR"]
        .map(|name| variable(name).map(|place| format!("{name} ({place})")));
    let named: Vec<String> = named.into_iter().flatten().collect();
    if named.is_empty() {
        return "the system's".to_owned();
    }
    named.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_is_read_with_everything_that_stands_between_its_certificates() {
        let of = |text: &str| -> Option<Vec<_>> { certificates(text.as_bytes()).collect() };
        let certificate = |bytes: &[u8]| CertificateDer::from(bytes.to_vec());
        let text = "# Amazon Root CA 1\n-----BEGIN CERTIFICATE-----\nAQID\nBAU=\n-----END CERTIFICATE-----\n\n\
            -----BEGIN TRUSTED CERTIFICATE-----\n????\n-----END TRUSTED CERTIFICATE-----\n\
            -----BEGIN CERTIFICATE-----\r\nBgc=\r\n-----END CERTIFICATE-----";
        let both = vec![certificate(&[1, 2, 3, 4, 5]), certificate(&[6, 7])];
        assert_eq!(of(text), Some(both));
        assert_eq!(of(""), Some(Vec::new()));
        // Not a part of it: rustls's reader says what is wrong.
        assert_eq!(of("-----BEGIN CERTIFICATE-----\nAQID\n"), None);
        assert_eq!(
            of("-----BEGIN CERTIFICATE-----\nA?\n-----END CERTIFICATE-----\n"),
            None
        );
    }

    #[test]
    fn what_is_no_certificate_is_counted() {
        let mut store = Store::default();
        store.add(vec![1, 2, 3].into());
        assert_eq!((store.roots.len(), store.unusable), (0, 1));
    }

    /// Wherever a test runs there is a bundle, and both readers find the same in it.
    #[test]
    fn the_bundle_is_read_as_rustls_reads_it() {
        let file = openssl_probe::probe()
            .cert_file
            .expect("the machine has a bundle");
        let text = fs::read(&file).expect("it can be read");
        let ours: Option<Vec<_>> = certificates(&text).collect();
        let mut ours = ours.expect("PEM");
        let theirs = rustls_native_certs::load_certs_from_paths(Some(&file), None);
        assert!(theirs.errors.is_empty() && !ours.is_empty());
        // Theirs is in order, and has each certificate once.
        ours.sort_unstable_by(|a, b| a.as_ref().cmp(b.as_ref()));
        ours.dedup();
        assert_eq!(ours, theirs.certs);
    }
}
