//! What a server answers: a proposal, or a refusal with its alert.

use crate::registry::{AlertDescription, CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};

/// What the server's certificate is. No certificate, and so anonymous or pre-shared-key suites only, is
/// `None` of `Option<&KeyType>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyType {
    /// An RSA key that may sign and decrypt.
    Rsa {
        /// Size of the modulus.
        bits: u32,
    },
    /// An ECDSA key.
    Ecdsa {
        /// Its curve.
        group: NamedGroup,
    },
    /// An Ed25519 key.
    Ed25519,
}

impl KeyType {
    /// Size of the RSA modulus; other keys have none.
    pub const fn rsa_bits(&self) -> Option<u32> {
        match self {
            Self::Rsa { bits } => Some(*bits),
            Self::Ecdsa { .. } | Self::Ed25519 => None,
        }
    }
}

/// What a server puts before a client: the parts of its first flight that follow from policy and hello.
///
/// A floor judges all but the last three ([`breaches`](super::breaches) does not read them).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Proposal {
    /// The version of the ServerHello (of `supported_versions` in TLS 1.3).
    pub version: ProtocolVersion,
    /// The suite of the ServerHello.
    pub suite: CipherSuite,
    /// The named group of the key exchange, if it has one and it is known.
    pub group: Option<NamedGroup>,
    /// Size of the prime of a finite-field exchange, if it is one and the size is known.
    pub dh_bits: Option<u16>,
    /// A TLS 1.3 ServerHello that takes a pre-shared key and has no `key_share`.
    pub psk_ke: bool,
    /// Size of the RSA modulus of the certificate; `None` for other keys, without a certificate, or if it
    /// is not known.
    pub certificate_bits: Option<u32>,
    /// What signs the ServerKeyExchange (TLS 1.2) or the CertificateVerify (TLS 1.3). `None` where nothing
    /// is signed, before TLS 1.2, which names no scheme (RFC 4346 7.4.3), or if it is not known.
    pub scheme: Option<SignatureScheme>,
    /// A HelloRetryRequest for `group` comes before the ServerHello (RFC 8446 4.1.4).
    pub hello_retry: bool,
    /// The ServerHello has an empty `renegotiation_info` (RFC 5746 3.6). TLS 1.3 has no room for it: its
    /// ServerHello carries what the keys and the version need and nothing else (RFC 8446 4.1.3).
    pub renegotiation_info: bool,
}

impl Proposal {
    /// A proposal of which no more than version and suite is known.
    pub const fn new(version: ProtocolVersion, suite: CipherSuite) -> Self {
        Self {
            version,
            suite,
            group: None,
            dh_bits: None,
            psk_ke: false,
            certificate_bits: None,
            scheme: None,
            hello_retry: false,
            renegotiation_info: false,
        }
    }
}

/// Declares every reason once, so that none is missing in [`RefusalReason::ALL`].
macro_rules! refusal_reasons {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Why an honest server has to refuse. Ordered by how far the negotiation came.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum RefusalReason { $($(#[$doc])* $name,)* }

        impl RefusalReason {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
        }
    };
}

refusal_reasons! {
    /// A second try below what both could speak (RFC 7507 3).
    InappropriateFallback,
    /// No version in common (RFC 5246 E.1, RFC 8446 4.2.1).
    NoCommonVersion,
    /// The compression methods are not what the version asks for (RFC 5246 7.4.1.2, RFC 8446 4.1.2).
    Compression,
    /// `renegotiation_info` speaks of a connection before this one (RFC 5746 3.6).
    Renegotiation,
    /// `ec_point_formats` leaves the uncompressed format out (RFC 8422 5.1.2).
    PointFormats,
    /// A TLS 1.3 hello lacks an extension that it has to have (RFC 8446 9.2).
    MissingExtension,
    /// TLS 1.3 by a pre-shared key is all that the hello allows and the server has none, or all that the
    /// server has and the hello does not allow it (RFC 8446 4.2.9, 4.2.11).
    NoPsk,
    /// No suite in common that the version can use (RFC 5246 7.4.1.3, RFC 8446 4.1.1).
    NoCommonSuite,
    /// The suites in common take another kind of certificate.
    NoUsableCertificate,
    /// No signature scheme in common for the certificate's key.
    NoCommonScheme,
    /// No group in common.
    NoCommonGroup,
    /// The client names finite fields and none is the server's, and no suite without one will do (RFC 7919 4).
    NoCommonFiniteField,
}

impl RefusalReason {
    /// The proper alert first, then those that real stacks send instead.
    pub const fn alerts(self) -> &'static [AlertDescription] {
        use AlertDescription as A;
        match self {
            Self::InappropriateFallback => &[A::INAPPROPRIATE_FALLBACK],
            Self::NoCommonVersion => &[A::PROTOCOL_VERSION, A::HANDSHAKE_FAILURE],
            Self::Compression => &[A::ILLEGAL_PARAMETER, A::DECODE_ERROR, A::HANDSHAKE_FAILURE],
            // RFC 5746 3.6 names no alert; its other mismatches are handshake failures (3.4, 3.5).
            Self::Renegotiation => &[A::HANDSHAKE_FAILURE, A::ILLEGAL_PARAMETER],
            // OpenSSL takes no notice of the format but for the certificate's key, and then finds no suite.
            Self::PointFormats => &[A::ILLEGAL_PARAMETER, A::HANDSHAKE_FAILURE],
            Self::MissingExtension => &[A::MISSING_EXTENSION, A::HANDSHAKE_FAILURE],
            Self::NoPsk => &[
                A::HANDSHAKE_FAILURE,
                A::INSUFFICIENT_SECURITY,
                A::MISSING_EXTENSION,
                A::UNKNOWN_PSK_IDENTITY,
            ],
            // s2n says no more than close_notify when nothing is in common.
            Self::NoCommonSuite | Self::NoUsableCertificate | Self::NoCommonScheme | Self::NoCommonGroup => {
                &[A::HANDSHAKE_FAILURE, A::INSUFFICIENT_SECURITY, A::CLOSE_NOTIFY]
            }
            // RFC 7919 4: "the server MUST end the connection with a fatal TLS alert of type
            // insufficient_security(71)".
            Self::NoCommonFiniteField => &[A::INSUFFICIENT_SECURITY, A::HANDSHAKE_FAILURE, A::CLOSE_NOTIFY],
        }
    }
}

/// An honest server's refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: RefusalReason,
    /// The proper alert first, then those that real stacks send instead.
    pub alerts: &'static [AlertDescription],
}

impl From<RefusalReason> for Refusal {
    fn from(reason: RefusalReason) -> Self {
        Self { reason, alerts: reason.alerts() }
    }
}
