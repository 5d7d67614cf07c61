//! Fixed keys: handshakes of two runs are to differ by nothing but time.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::pki::{CertificateKind, Identity};

/// The TEST-ONLY CA and leaves of `harness/pki/bench`.
pub struct Keys {
    ca: Arc<Vec<u8>>,
    identities: BTreeMap<CertificateKind, Arc<Identity>>,
}

macro_rules! leaf {
    ($kind:expr, $name:literal) => {{
        let chain = vec![include_bytes!(concat!("../../pki/bench/", $name, ".cert.der")).to_vec()];
        let key = include_bytes!(concat!("../../pki/bench/", $name, ".test-only.key.der")).to_vec();
        ($kind, Arc::new(Identity { kind: $kind, chain, key }))
    }};
}

impl Keys {
    pub fn fixed() -> Self {
        let identities = BTreeMap::from([
            leaf!(CertificateKind::Rsa2048, "rsa2048"),
            leaf!(CertificateKind::Rsa3072, "rsa3072"),
            leaf!(CertificateKind::Rsa4096, "rsa4096"),
            leaf!(CertificateKind::EcdsaP256, "ecdsa-p256"),
            leaf!(CertificateKind::EcdsaP384, "ecdsa-p384"),
            leaf!(CertificateKind::Ed25519, "ed25519"),
        ]);
        Self { ca: Arc::new(include_bytes!("../../pki/bench/ca.cert.der").to_vec()), identities }
    }

    /// The CA's certificate, DER.
    pub fn ca(&self) -> &Arc<Vec<u8>> {
        &self.ca
    }

    /// The leaf of that kind, of the kinds that [`Cell::all`](super::Cell::all) has.
    pub fn identity(&self, kind: CertificateKind) -> Option<Arc<Identity>> {
        self.identities.get(&kind).cloned()
    }
}
