//! The CA in the forms that programs read: PEM, and a PKCS #12 trust store for JVMs.

use p12_keystore::{Certificate, KeyStore, KeyStoreEntry};

use super::mint::{MintError, Pki};

/// The password of `{ca_p12}`. It guards nothing: the file holds one public certificate.
pub const CA_P12_PASSWORD: &str = "shakedown";

/// The harness's CA as files' contents.
#[derive(Clone, Debug)]
pub struct CaBundle {
    pub pem: String,
    pub p12: Vec<u8>,
}

impl CaBundle {
    pub fn of(pki: &Pki) -> Result<Self, MintError> {
        let mut store = KeyStore::new();
        store.add_entry("shakedown", KeyStoreEntry::Certificate(Certificate::from_der(pki.ca_der())?));
        let p12 = store.writer(CA_P12_PASSWORD).write()?;
        Ok(Self { pem: pem("CERTIFICATE", pki.ca_der()), p12 })
    }
}

/// RFC 7468 text of a DER structure.
fn pem(label: &str, der: &[u8]) -> String {
    pem::encode_config(
        &pem::Pem::new(label, der),
        pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF),
    )
}
