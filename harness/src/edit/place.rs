//! Where an edit applies: a message, or a record.

use std::fmt;
use std::str::FromStr;

use crate::wire::HandshakeType;

/// Who sends a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sender {
    Client,
    Server,
}

impl Sender {
    pub const ALL: [Self; 2] = [Self::Client, Self::Server];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// What an edit applies to, counted in the stream as it was sent: edits do not shift each other's places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A handshake message in the clear: the n-th of its type, from 1, whoever sends it.
    Message { typ: HandshakeType, nth: u32 },
    /// The n-th record of that sender, from 1, in the clear or not.
    Record { sender: Sender, nth: u32 },
}

impl Place {
    /// As the server gets it; the client does not know.
    pub const CLIENT_HELLO: Self = Self::message(HandshakeType::CLIENT_HELLO);
    /// As the client gets it; the server does not know. A HelloRetryRequest is one, too (RFC 8446 4.1.4).
    pub const SERVER_HELLO: Self = Self::message(HandshakeType::SERVER_HELLO);

    /// The first message of that type.
    pub const fn message(typ: HandshakeType) -> Self {
        Self::Message { typ, nth: 1 }
    }

    pub const fn record(sender: Sender, nth: u32) -> Self {
        Self::Record { sender, nth }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record { sender, nth } => write!(f, "record:{}:{nth}", sender.as_str()),
            Self::Message { typ, nth } => {
                match typ.name() {
                    Some(name) => f.write_str(&name.replace('_', "-"))?,
                    None => write!(f, "message:{}", typ.0)?,
                }
                if *nth == 1 { Ok(()) } else { write!(f, "#{nth}") }
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown place {0:?}; allowed: client-hello, server-hello, any other handshake message by its name, with #2 for \
     the second of its kind, record:client:N or record:server:N"
)]
pub struct UnknownPlace(pub String);

impl FromStr for Place {
    type Err = UnknownPlace;

    fn from_str(text: &str) -> Result<Self, UnknownPlace> {
        let unknown = || UnknownPlace(text.chars().take(60).collect());
        let number = |digits: &str| {
            let is_plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            digits.parse().ok().filter(|n: &u32| is_plain && *n > 0).ok_or_else(unknown)
        };
        if let Some(rest) = text.strip_prefix("record:") {
            let (sender, nth) = rest.split_once(':').ok_or_else(unknown)?;
            let sender = Sender::ALL.into_iter().find(|s| s.as_str() == sender).ok_or_else(unknown)?;
            return Ok(Self::Record { sender, nth: number(nth)? });
        }
        let (name, nth) = match text.split_once('#') {
            Some((name, nth)) => (name, number(nth)?),
            None => (text, 1),
        };
        let typ = match name.strip_prefix("message:") {
            Some(digits) => digits.parse().ok().map(HandshakeType),
            None => (0..=u8::MAX)
                .map(HandshakeType)
                .find(|typ| typ.name().is_some_and(|known| known.replace('_', "-") == name)),
        };
        Ok(Self::Message { typ: typ.ok_or_else(unknown)?, nth })
    }
}
