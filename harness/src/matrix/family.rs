//! The rows of the matrix's table.

use std::fmt;

use crate::registry::{KeyExchange, SuiteFacts};

/// What a cell is about: a kind of key exchange, or many suites at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    Tls13,
    Ecdhe,
    Dhe,
    Rsa,
    Anonymous,
    /// Pre-shared keys, with or without Diffie-Hellman.
    Psk,
    /// Static Diffie-Hellman, finite-field or on curves.
    StaticDh,
    /// Kerberos, GOST, SRP, ECCPWD, CECPQ1, and the null suite.
    Other,
    /// Seeded hellos.
    Seeded,
    /// Those that were refused, once more with that one fault mended.
    Mended,
}

impl Family {
    pub const fn of(facts: &SuiteFacts) -> Self {
        match facts.key_exchange {
            KeyExchange::Tls13 => Self::Tls13,
            KeyExchange::Ecdhe => Self::Ecdhe,
            KeyExchange::Dhe => Self::Dhe,
            KeyExchange::Rsa => Self::Rsa,
            KeyExchange::DhAnon | KeyExchange::EcdhAnon => Self::Anonymous,
            KeyExchange::Psk | KeyExchange::DhePsk | KeyExchange::RsaPsk | KeyExchange::EcdhePsk => Self::Psk,
            KeyExchange::Dh | KeyExchange::Ecdh => Self::StaticDh,
            KeyExchange::Null
            | KeyExchange::Krb5
            | KeyExchange::Gost
            | KeyExchange::Srp
            | KeyExchange::Eccpwd
            | KeyExchange::Cecpq1
            | KeyExchange::None => Self::Other,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tls13 => "TLS 1.3",
            Self::Ecdhe => "ECDHE",
            Self::Dhe => "DHE",
            Self::Rsa => "RSA",
            Self::Anonymous => "anonymous",
            Self::Psk => "PSK",
            Self::StaticDh => "static DH",
            Self::Other => "other",
            Self::Seeded => "many suites",
            Self::Mended => "mended",
        }
    }
}

impl serde::Serialize for Family {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
