//! What a certificate says of its key.

use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

use crate::registry::KeyAlgorithm;

/// Certificates of a chain whose sizes are kept.
const MOST_SIZES: usize = 16;
/// Letters of a subject or curve that are kept.
const MOST_LETTERS: usize = 256;

/// A chain that a server showed; small, whatever the server sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// SHA-256 of the leaf.
    pub leaf: [u8; 32],
    /// The leaf's key; `None` if it cannot be read or is of a kind without a name here.
    pub key: Option<KeyAlgorithm>,
    /// Size of the RSA modulus or DSA prime, or of the curve's field.
    pub bits: Option<u32>,
    /// The curve's object identifier or name.
    pub curve: Option<String>,
    /// As the certificate writes it.
    pub subject: Option<String>,
    /// Bytes of the first certificates, leaf first, in DER.
    pub sizes: Vec<usize>,
    /// How many there are.
    pub length: usize,
}

impl Chain {
    /// `None` if there is no certificate.
    pub fn read(chain: &[Vec<u8>]) -> Option<Self> {
        let der = chain.first()?;
        let mut read = Self {
            leaf: Sha256::digest(der).into(),
            key: None,
            bits: None,
            curve: None,
            subject: None,
            sizes: chain.iter().take(MOST_SIZES).map(Vec::len).collect(),
            length: chain.len(),
        };
        let Ok((_, leaf)) = X509Certificate::from_der(der) else { return Some(read) };
        read.subject = Some(shortened(&leaf.subject().to_string()));
        let spki = leaf.public_key();
        let oid = spki.algorithm.algorithm.to_id_string();
        let kinds = [
            ("1.2.840.113549.1.1.1", KeyAlgorithm::Rsa),
            ("1.2.840.113549.1.1.10", KeyAlgorithm::RsaPss),
            ("1.2.840.10040.4.1", KeyAlgorithm::Dsa),
            ("1.2.840.10045.2.1", KeyAlgorithm::Ecdsa),
            ("1.3.101.112", KeyAlgorithm::Ed25519),
            ("1.3.101.113", KeyAlgorithm::Ed448),
        ];
        read.key = kinds.iter().find(|(id, _)| *id == oid).map(|(_, kind)| *kind);
        let parameters = spki.algorithm.parameters.as_ref();
        let curve = parameters.and_then(|any| any.clone().oid().ok()).map(|oid| oid.to_id_string());
        read.bits = match spki.parsed() {
            Ok(PublicKey::RSA(key)) => u32::try_from(key.key_size()).ok(),
            Ok(PublicKey::EC(point)) => u32::try_from(point.key_size()).ok(),
            _ => None,
        };
        read.curve = curve.filter(|_| read.key == Some(KeyAlgorithm::Ecdsa)).map(|oid| match oid.as_str() {
            "1.2.840.10045.3.1.7" => "secp256r1".to_owned(),
            "1.3.132.0.34" => "secp384r1".to_owned(),
            "1.3.132.0.35" => "secp521r1".to_owned(),
            _ => shortened(&oid),
        });
        Some(read)
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(MOST_LETTERS).collect()
}
