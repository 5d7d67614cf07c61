//! A server key that signs with the schemes of a specification only.

use std::sync::Arc;

use rustls::sign::{Signer, SigningKey};
use rustls::{ProtocolVersion, SignatureAlgorithm, SignatureScheme, SupportedProtocolVersion};

use crate::registry::{self, KeyAlgorithm, SchemeFacts};

use super::super::CannotPlay;
use super::ID;

/// The key as it is if `schemes` is empty. Else it signs with those alone, the first that the client accepts: rustls
/// asks its key in the key's own order, too.
///
/// A scheme that this key could use in one of the versions, and that rustls does not sign with, is said; the others do
/// not matter.
pub(super) fn restricted(
    key: Arc<dyn SigningKey>,
    schemes: &[registry::SignatureScheme],
    versions: &[&SupportedProtocolVersion],
) -> Result<Arc<dyn SigningKey>, CannotPlay> {
    if schemes.is_empty() {
        return Ok(key);
    }
    let mut ours = Vec::new();
    for &scheme in schemes {
        if key.choose_scheme(&[SignatureScheme::from(scheme.0)]).is_some() {
            ours.push(SignatureScheme::from(scheme.0));
        } else if registry::scheme(scheme).is_some_and(|facts| matters(key.algorithm(), facts, versions)) {
            return Err(CannotPlay::Scheme { backend: ID.to_owned(), scheme });
        }
    }
    Ok(Arc::new(Restricted { key, schemes: ours }))
}

/// Whether a scheme that rustls does not sign with could have been used by such a key in one of the versions.
///
/// TLS 1.3 binds an ECDSA scheme to a curve (RFC 8446 4.2.3), and rustls signs on each curve that it has with the scheme
/// of that curve: what it does not sign with belongs to another one. In TLS 1.2 the scheme names the hash alone.
fn matters(key: SignatureAlgorithm, scheme: &SchemeFacts, versions: &[&SupportedProtocolVersion]) -> bool {
    let in_version = |version: ProtocolVersion| match version {
        ProtocolVersion::TLSv1_2 => scheme.tls12,
        ProtocolVersion::TLSv1_3 => scheme.tls13_handshake && key != SignatureAlgorithm::ECDSA,
        _ => false,
    };
    signs(key, scheme.key_type) && versions.iter().any(|supported| in_version(supported.version))
}

fn signs(ours: SignatureAlgorithm, theirs: KeyAlgorithm) -> bool {
    match ours {
        SignatureAlgorithm::RSA => theirs == KeyAlgorithm::Rsa,
        SignatureAlgorithm::ECDSA => theirs == KeyAlgorithm::Ecdsa,
        SignatureAlgorithm::ED25519 => theirs == KeyAlgorithm::Ed25519,
        _ => false,
    }
}

#[derive(Debug)]
struct Restricted {
    key: Arc<dyn SigningKey>,
    schemes: Vec<SignatureScheme>,
}

impl SigningKey for Restricted {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let scheme = self.schemes.iter().find(|scheme| offered.contains(scheme))?;
        self.key.choose_scheme(&[*scheme])
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.key.algorithm()
    }
}
