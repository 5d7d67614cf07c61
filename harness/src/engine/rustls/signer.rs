//! A server key that signs with the schemes of a specification only.

use std::sync::Arc;

use rustls::sign::{Signer, SigningKey};
use rustls::{SignatureAlgorithm, SignatureScheme};

use crate::registry::{self, KeyAlgorithm};

use super::super::CannotPlay;
use super::ID;

/// The key as it is if `schemes` is empty. Else it signs with those alone, the first that the client accepts: rustls
/// asks its key in the key's own order, too.
///
/// A scheme for this kind of key that rustls does not sign with is said; those for other keys do not matter.
pub(super) fn restricted(
    key: Arc<dyn SigningKey>,
    schemes: &[registry::SignatureScheme],
) -> Result<Arc<dyn SigningKey>, CannotPlay> {
    if schemes.is_empty() {
        return Ok(key);
    }
    let mut ours = Vec::new();
    for &scheme in schemes {
        if key.choose_scheme(&[SignatureScheme::from(scheme.0)]).is_some() {
            ours.push(SignatureScheme::from(scheme.0));
        } else if registry::scheme(scheme).is_some_and(|facts| signs(key.algorithm(), facts.key_type)) {
            return Err(CannotPlay::Scheme { backend: ID.to_owned(), scheme });
        }
    }
    Ok(Arc::new(Restricted { key, schemes: ours }))
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
