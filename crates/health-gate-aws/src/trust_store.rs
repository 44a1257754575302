//! The certificates that a server's has to go back to: the system's.

use std::fs;
use std::path::PathBuf;

use base64_simd::STANDARD;
use memchr::{memchr, memmem};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, pem};
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
            "the trust store has no certificate that can be used, so nothing can be reached over TLS: {}; SSL_CERT_FILE names a file of certificates",
            places()
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
/// rustls's reader of such files reads all folders besides, takes one byte after the other, and puts what it has found in order: a function would
/// spend most of its start on it. It can be done in a tenth of the time.
pub(crate) fn of_bundle() -> Option<Store> {
    if variable("SSL_CERT_DIR").is_some() {
        return None;
    }
    let named = variable("SSL_CERT_FILE").map(PathBuf::from);
    let file = named.or_else(|| openssl_probe::probe().cert_file)?;
    let text = fs::read(file).ok()?;
    let mut store = Store::default();
    each_certificate(&text, |certificate| store.add(certificate))?;
    (!store.roots.is_empty()).then_some(store)
}

/// Hands over the certificates in a file of PEM (RFC 7468). None if one of them cannot be read.
fn each_certificate(text: &[u8], mut add: impl FnMut(CertificateDer<'_>)) -> Option<()> {
    const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
    const END: &[u8] = b"-----END CERTIFICATE-----";
    let begins = memmem::Finder::new(BEGIN);
    let mut rest = text;
    // One at a time, in one place: all of them are a fifth of what a function has on its heap.
    let mut joined = Vec::new();
    while let Some(begin) = begins.find(rest) {
        (_, rest) = rest.split_at_checked(begin + BEGIN.len())?;
        joined.clear();
        // The decoder itself takes line ends one byte after the other: nine tenths of its time.
        while *rest.first()? != b'-' {
            let line;
            (line, rest) = rest.split_at_checked(memchr(b'\n', rest)? + 1)?;
            joined.extend_from_slice(line.trim_ascii_end());
        }
        if !rest.starts_with(END) {
            return None;
        }
        let certificate = STANDARD.decode_inplace(&mut joined).ok()?;
        add(CertificateDer::from_slice(certificate));
    }
    Some(())
}

/// The same from wherever the system has them, and what is wrong with them.
fn of_system() -> Store {
    let found = rustls_native_certs::load_native_certs();
    for error in found.errors {
        let error = what_is_wrong(&error.kind).unwrap_or_else(|| error.to_string());
        tracing::warn!("a part of the trust store cannot be read: {error}");
    }
    let mut store = Store::default();
    for certificate in found.certs {
        store.add(certificate);
    }
    store
}

/// What is wrong with a file, where rustls's text names no file, or shows what it has of one as a list of numbers.
fn what_is_wrong(error: &ErrorKind) -> Option<String> {
    let ErrorKind::Pem(error) = error else {
        return None;
    };
    let why = if let pem::Error::MissingSectionEnd { end_marker: line }
    | pem::Error::IllegalSectionStart { line } = error
    {
        format!(
            "`{}` is missing or not whole",
            String::from_utf8_lossy(line).trim_end()
        )
    } else {
        error.to_string()
    };
    Some(format!("{} is not all PEM (RFC 7468): {why}", places()))
}

/// Where certificates are looked for.
pub(crate) fn places() -> String {
    let named = ["SSL_CERT_FILE", "SSL_CERT_DIR"]
        .map(|name| variable(name).map(|place| format!("{name} ({place})")));
    let named: Vec<String> = named.into_iter().flatten().collect();
    if named.is_empty() {
        return "the system's trust store".to_owned();
    }
    named.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificates(text: &[u8]) -> Option<Vec<Vec<u8>>> {
        let mut all = Vec::new();
        each_certificate(text, |certificate| all.push(certificate.to_vec()))?;
        Some(all)
    }

    #[test]
    fn a_bundle_is_read_with_everything_that_stands_between_its_certificates() {
        let of = |text: &str| certificates(text.as_bytes());
        let text = "# Amazon Root CA 1\n-----BEGIN CERTIFICATE-----\nAQID\nBAU=\n-----END CERTIFICATE-----\n\n\
            -----BEGIN TRUSTED CERTIFICATE-----\n????\n-----END TRUSTED CERTIFICATE-----\n\
            -----BEGIN CERTIFICATE-----\r\nBgc=\r\n-----END CERTIFICATE-----";
        let both = vec![vec![1, 2, 3, 4, 5], vec![6, 7]];
        assert_eq!(of(text), Some(both));
        assert_eq!(of(""), Some(Vec::new()));
        // Not a part of it: rustls's reader says what is wrong.
        for text in [
            "-----BEGIN CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\nAQID\n",
            "-----BEGIN CERTIFICATE-----\nAQID\n-----END PKCS7-----\n",
            "-----BEGIN CERTIFICATE-----\nA?\n-----END CERTIFICATE-----\n",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_file_can_be_read() {
        let end_marker = b"-----END CERTIFICATE-----".to_vec();
        let error = ErrorKind::Pem(pem::Error::MissingSectionEnd { end_marker });
        let said = what_is_wrong(&error).expect("it is PEM");
        let end = ": `-----END CERTIFICATE-----` is missing or not whole";
        assert!(said.starts_with(&places()) && said.ends_with(end), "{said}");
        let error = ErrorKind::Pem(pem::Error::Base64Decode("InvalidCharacter(63)".to_owned()));
        let said = what_is_wrong(&error).expect("it is PEM");
        assert!(said.ends_with("InvalidCharacter(63)"), "{said}");
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
        let mut ours = certificates(&text).expect("PEM");
        let theirs = rustls_native_certs::load_certs_from_paths(Some(&file), None);
        assert!(theirs.errors.is_empty() && !ours.is_empty());
        // Theirs is in order, and has each certificate once.
        ours.sort_unstable();
        ours.dedup();
        let theirs: Vec<_> = theirs.certs.iter().map(|one| one.to_vec()).collect();
        assert_eq!(ours, theirs);
    }
}
