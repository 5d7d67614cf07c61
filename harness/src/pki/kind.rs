//! The certificates that a scenario can name.

use std::fmt;
use std::str::FromStr;

/// The key of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    Rsa2048,
    EcdsaP256,
    /// For the census of suites only: no client in use takes it.
    Dsa2048,
}

impl KeyKind {
    /// Bits of the RSA modulus, `None` for other keys.
    pub const fn rsa_bits(self) -> Option<u32> {
        match self {
            Self::Rsa2048 => Some(2048),
            Self::EcdsaP256 | Self::Dsa2048 => None,
        }
    }
}

/// A certificate that the server can present. All but the first two are wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CertificateKind {
    Rsa2048,
    EcdsaP256,
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
    /// What a scenario can name.
    pub const ALL: [Self; 6] = [
        Self::Rsa2048,
        Self::EcdsaP256,
        Self::UntrustedIssuer,
        Self::WrongHost,
        Self::Expired,
        Self::Rsa2048SignOnly,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rsa2048 => "rsa2048",
            Self::EcdsaP256 => "ecdsa-p256",
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
#[error("unknown certificate {0:?}; allowed: {allowed}", allowed = CertificateKind::ALL.map(CertificateKind::as_str).join(", "))]
pub struct UnknownCertificateKind(pub String);

impl FromStr for CertificateKind {
    type Err = UnknownCertificateKind;

    fn from_str(name: &str) -> Result<Self, UnknownCertificateKind> {
        Self::ALL
            .into_iter()
            .find(|k| k.as_str() == name)
            .ok_or_else(|| UnknownCertificateKind(name.to_owned()))
    }
}
