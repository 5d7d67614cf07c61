//! The CA in the forms that programs read: PEM, and a PKCS #12 trust store for JVMs.

use p12_keystore::{Certificate, KeyStore, KeyStoreEntry};

use super::mint::{MintError, Pki};

/// The password of `{ca_p12}`. It guards nothing: the file holds one public certificate.
pub const CA_P12_PASSWORD: &str = "shakedown";

/// The CA's certificate, RFC 7468.
pub fn ca_pem(pki: &Pki) -> String {
    pem::encode_config(
        &pem::Pem::new("CERTIFICATE", pki.ca_der()),
        pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF),
    )
}

/// The CA's certificate in a trust store that a JVM reads, RFC 7292. Costs milliseconds: the format stretches even
/// this password.
pub fn ca_p12(ca_der: &[u8]) -> Result<Vec<u8>, MintError> {
    let mut store = KeyStore::new();
    store.add_entry("shakedown", KeyStoreEntry::Certificate(Certificate::from_der(ca_der)?));
    Ok(store.writer(CA_P12_PASSWORD).write()?)
}
