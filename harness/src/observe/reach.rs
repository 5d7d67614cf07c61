//! How far a client went in a connection.

use serde::Serialize;

/// How far the client went, in the order of a handshake (design section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// A connection, no complete ClientHello.
    Connected,
    /// A complete ClientHello arrived.
    Offered,
    /// A ServerHello was sent to the client.
    Proposed,
    /// The client went past the ServerHello: ClientKeyExchange, ChangeCipherSpec or Finished up to
    /// TLS 1.2; Certificate, Finished or 0-RTT data in TLS 1.3.
    Committed,
    /// The handshake is complete as the server sees it.
    Finished,
    /// A decrypted application byte of the client arrived.
    Data,
}

impl Reach {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Offered => "offered",
            Self::Proposed => "proposed",
            Self::Committed => "committed",
            Self::Finished => "finished",
            Self::Data => "data",
        }
    }
}
