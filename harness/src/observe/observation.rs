//! One connection, summed up.

use crate::oracle::{Offer, Proposal};
use crate::registry::AlertDescription;

use super::reach::Reach;
use super::transcript::Transcript;

/// Who ended a connection, and how. The first end counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Nobody yet.
    Open,
    ClientAlert(AlertDescription),
    ClientCloseNotify,
    ClientFin,
    ClientReset,
    ServerAlert(AlertDescription),
    /// Our stack gave up without a readable alert.
    ServerFailed(String),
    /// The deadline, or the end of the client program while it was ours to answer.
    Deadline,
    /// The exchange was completed: request received, answer sent.
    Completed,
}

impl Ending {
    /// Whether the client itself ended it.
    pub const fn by_client(&self) -> bool {
        matches!(self, Self::ClientAlert(_) | Self::ClientCloseNotify | Self::ClientFin | Self::ClientReset)
    }
}

/// Bytes that are not TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotTls {
    /// A plain HTTP request.
    Http,
    /// An SSL 2 ClientHello.
    Ssl2,
    Other,
}

/// What was seen of one connection.
#[derive(Clone, Debug)]
pub struct Observation {
    pub reach: Reach,
    /// From the first ClientHello.
    pub offer: Option<Offer>,
    /// From the ServerHello (and ServerKeyExchange) that the client was sent.
    pub proposal: Option<Proposal>,
    /// Whether the whole proposing flight was handed to the client.
    pub delivered: bool,
    pub ending: Ending,
    /// The client's alert, also one that came after the server's.
    pub client_alert: Option<AlertDescription>,
    pub server_alert: Option<AlertDescription>,
    /// Decrypted bytes of the client.
    pub application_bytes: usize,
    pub not_tls: Option<NotTls>,
    /// Where the engine's own answer and the wire differ.
    pub disagreement: Option<String>,
    pub transcript: Transcript,
}

impl Observation {
    /// A connection on which nothing was seen.
    pub fn empty() -> Self {
        Self {
            reach: Reach::Connected,
            offer: None,
            proposal: None,
            delivered: false,
            ending: Ending::Open,
            client_alert: None,
            server_alert: None,
            application_bytes: 0,
            not_tls: None,
            disagreement: None,
            transcript: Transcript::default(),
        }
    }

    /// Whether the client has shown anything at all: some programs open spare connections and close them unused.
    pub const fn is_silent(&self) -> bool {
        matches!(self.reach, Reach::Connected) && self.not_tls.is_none()
    }
}
