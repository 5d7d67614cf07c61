//! The handshakes that are measured: version, key exchange, certificate and kind, and the suite that goes with them.

use std::fmt;

use crate::pki::CertificateKind;
use crate::registry::{CipherSuite, KeyAlgorithm, NamedGroup, ProtocolVersion};

/// How the session's secret is agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exchange {
    /// Sent under the certificate's key, without forward secrecy (RFC 5246 7.4.7.1).
    Rsa,
    /// In a finite field of 2048 bits.
    Dhe2048,
    P256,
    P384,
    X25519,
    /// With ML-KEM beside it (draft-ietf-tls-ecdhe-mlkem).
    X25519MlKem768,
}

impl Exchange {
    pub const ALL: [Self; 6] =
        [Self::Rsa, Self::Dhe2048, Self::P256, Self::P384, Self::X25519, Self::X25519MlKem768];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rsa => "rsa",
            Self::Dhe2048 => "dhe2048",
            Self::P256 => "p256",
            Self::P384 => "p384",
            Self::X25519 => "x25519",
            Self::X25519MlKem768 => "x25519mlkem768",
        }
    }

    /// Of the registry; none where there is no group or a server names a field by its numbers.
    pub const fn group(self) -> Option<NamedGroup> {
        match self {
            Self::Rsa | Self::Dhe2048 => None,
            Self::P256 => Some(NamedGroup::SECP256R1),
            Self::P384 => Some(NamedGroup::SECP384R1),
            Self::X25519 => Some(NamedGroup::X25519),
            Self::X25519MlKem768 => Some(NamedGroup::X25519MLKEM768),
        }
    }
}

/// What is done of a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The server shows a certificate, the client none.
    Full,
    /// Both show one, of the same kind of key, and both verify it.
    Mutual,
    /// An abbreviated one with a ticket (RFC 5077; RFC 8446 2.2, `psk_dhe_ke`).
    Resumed,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Full, Self::Mutual, Self::Resumed];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Mutual => "mutual",
            Self::Resumed => "resumed",
        }
    }
}

/// One handshake of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    pub version: ProtocolVersion,
    pub exchange: Exchange,
    pub certificate: CertificateKind,
    pub kind: Kind,
}

/// The keys whose cost is compared.
const CERTIFICATES: [CertificateKind; 6] = [
    CertificateKind::Rsa2048,
    CertificateKind::Rsa3072,
    CertificateKind::Rsa4096,
    CertificateKind::EcdsaP256,
    CertificateKind::EcdsaP384,
    CertificateKind::Ed25519,
];

impl Cell {
    /// Every handshake that the protocol has and that costs something of its own; a stack may not have it.
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for version in ProtocolVersion::ALL.into_iter().filter(|v| *v != ProtocolVersion::SSL3) {
            for exchange in Exchange::ALL {
                for certificate in CERTIFICATES {
                    all.extend(Kind::ALL.map(|kind| Self { version, exchange, certificate, kind }));
                }
            }
        }
        all.retain(|cell| cell.suite().is_some() && cell.is_of_interest());
        all
    }

    /// What a client's certificate costs does not depend on the key exchange, and what a resumption costs not on the
    /// certificate; up to TLS 1.2 there is no key exchange in one, either.
    fn is_of_interest(self) -> bool {
        let is_usual = self.exchange == Exchange::X25519;
        match self.kind {
            Kind::Full => true,
            Kind::Mutual => is_usual,
            Kind::Resumed => {
                self.certificate == CertificateKind::EcdsaP256
                    && (is_usual || self.version == ProtocolVersion::TLS1_3)
            }
        }
    }

    /// Whether a secret is agreed on anew: up to TLS 1.2 an abbreviated handshake takes that of the first (RFC 5246 7.3).
    pub fn has_exchange(self) -> bool {
        self.kind != Kind::Resumed || self.version == ProtocolVersion::TLS1_3
    }

    /// What both ends have: the group, and up to TLS 1.2 the curve of the certificate, which counts as one there (RFC 8422 5.3).
    pub fn groups(self) -> Vec<NamedGroup> {
        let curve = match self.certificate {
            CertificateKind::EcdsaP256 => Some(NamedGroup::SECP256R1),
            CertificateKind::EcdsaP384 => Some(NamedGroup::SECP384R1),
            _ => None,
        };
        let curve = curve.filter(|curve| {
            self.version < ProtocolVersion::TLS1_3
                && self.exchange.group().is_some_and(|group| group != *curve)
        });
        self.exchange.group().into_iter().chain(curve).collect()
    }

    /// The suite with AES-128, and with GCM where the version has it, so that suites do not differ beside the key exchange.
    pub fn suite(self) -> Option<CipherSuite> {
        use Exchange as X;
        let is_rsa = self.certificate.key().algorithm() == KeyAlgorithm::Rsa;
        let is_elliptic = self.exchange.group().is_some();
        let number = match self.version {
            ProtocolVersion::TLS1_3 if is_elliptic => 0x1301,
            ProtocolVersion::TLS1_2 => match self.exchange {
                X::Rsa if is_rsa => 0x009C,
                X::Dhe2048 if is_rsa => 0x009E,
                X::P256 | X::P384 | X::X25519 if is_rsa => 0xC02F,
                X::P256 | X::P384 | X::X25519 => 0xC02B,
                _ => return None,
            },
            ProtocolVersion::TLS1_0 | ProtocolVersion::TLS1_1 => match self.exchange {
                X::Rsa if is_rsa => 0x002F,
                X::Dhe2048 if is_rsa => 0x0033,
                X::P256 | X::P384 | X::X25519 if is_rsa => 0xC013,
                // No EdDSA before TLS 1.2 (RFC 8422 5.1.3).
                X::P256 | X::P384 | X::X25519 if self.certificate != CertificateKind::Ed25519 => 0xC009,
                _ => return None,
            },
            _ => return None,
        };
        Some(CipherSuite(number))
    }
}

impl fmt::Display for Cell {
    /// `TLSv1.3/x25519/ecdsa-p256/full`, as benches are named.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, exchange, certificate, kind } = self;
        write!(f, "{version}/{}/{certificate}/{}", exchange.as_str(), kind.as_str())
    }
}
