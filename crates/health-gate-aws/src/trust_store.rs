//! The certificates that a server's has to go back to: the system's.

use std::fs;
use std::path::PathBuf;

use memchr::memmem;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

use crate::environment::variable;

type Certificates = Vec<CertificateDer<'static>>;

/// The system's trust store: what `SSL_CERT_FILE` and `SSL_CERT_DIR` name, or where the system has it. `quickly` may know a quicker way to it.
pub(crate) fn trust_store(quickly: impl FnOnce() -> Option<Certificates>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(quickly().unwrap_or_else(of_system));
    if roots.is_empty() {
        tracing::warn!(
            "the trust store is empty, so nothing can be reached over TLS; SSL_CERT_FILE names a file of certificates"
        );
    }
    roots
}

/// The system's certificates from its one file that has them all, as Lambda's image does.
///
/// rustls's reader of such files reads all folders besides, and takes care that nobody learns by its timing what it decodes: a function would
/// spend most of its start on it. What everybody knows can be read in a tenth of the time.
pub(crate) fn of_bundle() -> Option<Certificates> {
    if variable("SSL_CERT_DIR").is_some() {
        return None;
    }
    let named = variable("SSL_CERT_FILE").map(PathBuf::from);
    let file = named.or_else(|| openssl_probe::probe().cert_file)?;
    let certificates = read_bundle(&fs::read(file).ok()?)?;
    (!certificates.is_empty()).then_some(certificates)
}

/// The certificates in a file of PEM (RFC 7468). None if one of them cannot be read.
fn read_bundle(text: &[u8]) -> Option<Certificates> {
    const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
    const END: &[u8] = b"-----END CERTIFICATE-----";
    let decode = |begin: usize| {
        let block = text.get(begin + BEGIN.len()..)?;
        let block = block.get(..memmem::find(block, END)?)?;
        let certificate = base64_simd::forgiving_decode_to_vec(block).ok()?;
        Some(certificate.into())
    };
    memmem::find_iter(text, BEGIN).map(decode).collect()
}

/// The same from wherever the system has them, and what is wrong with them.
fn of_system() -> Certificates {
    let found = rustls_native_certs::load_native_certs();
    for error in found.errors {
        tracing::warn!("a part of the trust store cannot be read: {error}");
    }
    found.certs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_is_read_with_everything_that_stands_between_its_certificates() {
        let of = |text: &str| read_bundle(text.as_bytes());
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

    /// Wherever a test runs there is a bundle, and both readers find the same in it.
    #[test]
    fn the_bundle_is_read_as_rustls_reads_it() {
        let file = openssl_probe::probe()
            .cert_file
            .expect("the machine has a bundle");
        let mut ours = read_bundle(&fs::read(&file).expect("it can be read")).expect("PEM");
        let theirs = rustls_native_certs::load_certs_from_paths(Some(&file), None);
        assert!(theirs.errors.is_empty() && ours.len() > 100);
        ours.sort_unstable_by(|a, b| a.as_ref().cmp(b.as_ref()));
        assert_eq!(ours, theirs.certs);
    }
}
