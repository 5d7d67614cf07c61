//! Code points as newtypes: unknown values are legal, survive round trips and print as hex.

use std::fmt;
use std::str::FromStr;

/// Declares a 16-bit code point with named constants for the values that the harness names in code.
///
/// The IANA names of all registered values live in the tables of `registry`, not here.
macro_rules! code_point_u16 {
    ($(#[$doc:meta])* $name:ident { $($(#[$cdoc:meta])* $const:ident = $value:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u16);

        impl $name {
            $($(#[$cdoc])* pub const $const: Self = Self($value);)*

            /// The value in network byte order.
            pub const fn to_be_bytes(self) -> [u8; 2] {
                self.0.to_be_bytes()
            }

            /// Whether this is one of the sixteen reserved values of RFC 8701 (0x0A0A, 0x1A1A, ...).
            pub const fn is_grease(self) -> bool {
                self.0 & 0x0F0F == 0x0A0A && self.0 >> 8 == self.0 & 0xFF
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

code_point_u16! {
    /// A protocol version as it stands on the wire (RFC 8446 4.1.2, 4.2.1). Ordered by age.
    ProtocolVersion {
        SSL3 = 0x0300,
        TLS1_0 = 0x0301,
        TLS1_1 = 0x0302,
        TLS1_2 = 0x0303,
        TLS1_3 = 0x0304,
    }
}

impl ProtocolVersion {
    /// The five versions that the harness plays, oldest first.
    pub const ALL: [Self; 5] = [Self::SSL3, Self::TLS1_0, Self::TLS1_1, Self::TLS1_2, Self::TLS1_3];

    const NAMES: [(Self, &'static str); 5] = [
        (Self::SSL3, "SSLv3"),
        (Self::TLS1_0, "TLSv1.0"),
        (Self::TLS1_1, "TLSv1.1"),
        (Self::TLS1_2, "TLSv1.2"),
        (Self::TLS1_3, "TLSv1.3"),
    ];

    /// The name that data files use (`TLSv1.2`), or `None` for a value nobody assigned.
    pub fn name(self) -> Option<&'static str> {
        Self::NAMES.iter().find(|(v, _)| *v == self).map(|(_, n)| *n)
    }

    /// The name that sentences use (`TLS 1.2`, `SSL 3`).
    pub fn title(self) -> String {
        match self.name() {
            Some("SSLv3") => "SSL 3".to_owned(),
            Some(name) => name.replacen('v', " ", 1),
            None => self.to_string(),
        }
    }
}

impl fmt::Display for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{:#06X}", self.0),
        }
    }
}

/// A version name that no data file may use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown version {0:?}; allowed: SSLv3, TLSv1.0, TLSv1.1, TLSv1.2, TLSv1.3")]
pub struct UnknownVersion(pub String);

impl FromStr for ProtocolVersion {
    type Err = UnknownVersion;

    fn from_str(name: &str) -> Result<Self, UnknownVersion> {
        Self::NAMES
            .iter()
            .find(|(_, n)| *n == name)
            .map(|(v, _)| *v)
            .ok_or_else(|| UnknownVersion(super::shortened(name)))
    }
}

code_point_u16! {
    /// A cipher suite (IANA "TLS Cipher Suites"). Its facts are in [`crate::registry::suite`].
    CipherSuite {
        EMPTY_RENEGOTIATION_INFO_SCSV = 0x00FF,
        FALLBACK_SCSV = 0x5600,
    }
}

code_point_u16! {
    /// A key-exchange group (IANA "TLS Supported Groups").
    NamedGroup {
        SECP256R1 = 0x0017,
        SECP384R1 = 0x0018,
        SECP521R1 = 0x0019,
        X25519 = 0x001D,
        X448 = 0x001E,
        FFDHE2048 = 0x0100,
        X25519MLKEM768 = 0x11EC,
    }
}

code_point_u16! {
    /// A signature scheme (IANA "TLS SignatureScheme"); in TLS 1.2 a (hash, signature) pair.
    SignatureScheme {
        RSA_PKCS1_SHA1 = 0x0201,
        ECDSA_SHA1 = 0x0203,
        RSA_PKCS1_SHA256 = 0x0401,
        ECDSA_SECP256R1_SHA256 = 0x0403,
        RSA_PSS_RSAE_SHA256 = 0x0804,
        ED25519 = 0x0807,
    }
}

/// An alert description (RFC 8446 6, IANA "TLS Alerts").
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertDescription(pub u8);

impl AlertDescription {
    pub const CLOSE_NOTIFY: Self = Self(0);
    pub const UNEXPECTED_MESSAGE: Self = Self(10);
    pub const BAD_RECORD_MAC: Self = Self(20);
    pub const HANDSHAKE_FAILURE: Self = Self(40);
    pub const BAD_CERTIFICATE: Self = Self(42);
    pub const UNSUPPORTED_CERTIFICATE: Self = Self(43);
    pub const CERTIFICATE_EXPIRED: Self = Self(45);
    pub const CERTIFICATE_UNKNOWN: Self = Self(46);
    pub const ILLEGAL_PARAMETER: Self = Self(47);
    pub const UNKNOWN_CA: Self = Self(48);
    pub const DECODE_ERROR: Self = Self(50);
    pub const PROTOCOL_VERSION: Self = Self(70);
    pub const INSUFFICIENT_SECURITY: Self = Self(71);
    pub const INTERNAL_ERROR: Self = Self(80);
    pub const INAPPROPRIATE_FALLBACK: Self = Self(86);
    pub const MISSING_EXTENSION: Self = Self(109);
    pub const UNKNOWN_PSK_IDENTITY: Self = Self(115);
}

impl fmt::Debug for AlertDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
