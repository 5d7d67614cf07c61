//! The certificates that a scenario can name.

use std::fmt;
use std::str::FromStr;

use crate::registry::KeyAlgorithm;

/// The key of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    Rsa2048,
    Rsa3072,
    Rsa4096,
    EcdsaP256,
    EcdsaP384,
    Ed25519,
    /// For the census of suites only: no client in use takes it.
    Dsa2048,
}

impl KeyKind {
    /// What a stack keeps one certificate of.
    pub const fn algorithm(self) -> KeyAlgorithm {
        match self {
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => KeyAlgorithm::Rsa,
            Self::EcdsaP256 | Self::EcdsaP384 => KeyAlgorithm::Ecdsa,
            Self::Ed25519 => KeyAlgorithm::Ed25519,
            Self::Dsa2048 => KeyAlgorithm::Dsa,
        }
    }

    /// Bits of the RSA modulus, `None` for other keys.
    pub const fn rsa_bits(self) -> Option<u32> {
        match self {
            Self::Rsa2048 => Some(2048),
            Self::Rsa3072 => Some(3072),
            Self::Rsa4096 => Some(4096),
            Self::EcdsaP256 | Self::EcdsaP384 | Self::Ed25519 | Self::Dsa2048 => None,
        }
    }
}

/// A certificate that a server can present.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CertificateKind {
    Rsa2048,
    EcdsaP256,
    Rsa3072,
    Rsa4096,
    EcdsaP384,
    Ed25519,
    /// Signed by a CA that nobody trusts (RFC 5280 6.1).
    UntrustedIssuer,
    /// For another host name (RFC 9525 6).
    WrongHost,
    /// Ended yesterday (RFC 5280 6.1.3).
    Expired,
    /// RSA, `digitalSignature` only: forbids RSA key transport (RFC 5280 4.2.1.3).
    Rsa2048SignOnly,
    /// A fixed test-only key, self-signed: for the census of suites.
    Dsa2048,
}

impl CertificateKind {
    /// What a scenario can name: each has a control with the same key (design 1, rule 1), or is wrong on purpose.
    pub const IN_SCENARIOS: [Self; 6] = [
        Self::Rsa2048,
        Self::EcdsaP256,
        Self::UntrustedIssuer,
        Self::WrongHost,
        Self::Expired,
        Self::Rsa2048SignOnly,
    ];

    /// All that are minted.
    pub const ALL: [Self; 10] = [
        Self::Rsa2048,
        Self::EcdsaP256,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::EcdsaP384,
        Self::Ed25519,
        Self::UntrustedIssuer,
        Self::WrongHost,
        Self::Expired,
        Self::Rsa2048SignOnly,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rsa2048 => "rsa2048",
            Self::EcdsaP256 => "ecdsa-p256",
            Self::Rsa3072 => "rsa3072",
            Self::Rsa4096 => "rsa4096",
            Self::EcdsaP384 => "ecdsa-p384",
            Self::Ed25519 => "ed25519",
            Self::UntrustedIssuer => "untrusted-issuer",
            Self::WrongHost => "wrong-host",
            Self::Expired => "expired",
            Self::Rsa2048SignOnly => "rsa2048-sign-only",
            Self::Dsa2048 => "dsa2048",
        }
    }

    pub const fn key(self) -> KeyKind {
        match self {
            Self::Rsa2048 | Self::Rsa2048SignOnly => KeyKind::Rsa2048,
            Self::Rsa3072 => KeyKind::Rsa3072,
            Self::Rsa4096 => KeyKind::Rsa4096,
            Self::EcdsaP384 => KeyKind::EcdsaP384,
            Self::Ed25519 => KeyKind::Ed25519,
            Self::Dsa2048 => KeyKind::Dsa2048,
            Self::EcdsaP256 | Self::UntrustedIssuer | Self::WrongHost | Self::Expired => KeyKind::EcdsaP256,
        }
    }

    /// Whether a client that verifies must reject it.
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::UntrustedIssuer | Self::WrongHost | Self::Expired)
    }
}

impl fmt::Display for CertificateKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A certificate name that no scenario may use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown certificate {0:?}; allowed: {allowed}", allowed = CertificateKind::IN_SCENARIOS.map(CertificateKind::as_str).join(", "))]
pub struct UnknownCertificateKind(pub String);

impl FromStr for CertificateKind {
    type Err = UnknownCertificateKind;

    fn from_str(name: &str) -> Result<Self, UnknownCertificateKind> {
        Self::IN_SCENARIOS
            .into_iter()
            .find(|k| k.as_str() == name)
            .ok_or_else(|| UnknownCertificateKind(name.to_owned()))
    }
}
