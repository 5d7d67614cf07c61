//! Minting of the harness's own certificate authority and leaves.
//!
//! `check` and `survey` mint their own keys in memory at every run; nothing but the public CA is written to disk.
//! Certificates permit every key exchange of their key type (design 1, rule 9): with `digitalSignature` alone Java
//! and GnuTLS refuse static RSA because of the certificate, and a pass would be forged.

mod bundle;
mod kind;
mod mint;

pub use bundle::{CA_P12_PASSWORD, ca_p12, ca_pem};
pub use kind::{CertificateKind, KeyKind, UnknownCertificateKind};
pub use mint::{Identity, MintError, Pki, fixed};
