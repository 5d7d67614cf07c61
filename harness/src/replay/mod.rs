//! A saved edit list between a client and an honest server: what was applied, how it ended, and whether the client went
//! on although its handshake was not the server's.

mod handshake;
mod proxy;

pub use proxy::{Capture, Play, Proxy, Seen};

use crate::edit::Fate;
use crate::observe::{Ending, Observation, Reach};

/// What came of a connection with edits in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The client sent data in a handshake that was not the server's.
    Survived,
    /// The edits changed nothing that the handshake protects, and it was completed.
    Unchanged,
    RefusedByClient,
    RefusedByServer,
    /// Nobody ended it, or nothing was tried: this proves nothing.
    Undecided,
}

impl Outcome {
    pub const ALL: [Self; 5] =
        [Self::Survived, Self::Unchanged, Self::RefusedByClient, Self::RefusedByServer, Self::Undecided];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Survived => "survived",
            Self::Unchanged => "completed-unchanged",
            Self::RefusedByClient => "refused-by-client",
            Self::RefusedByServer => "refused-by-server",
            Self::Undecided => "undecided",
        }
    }

    pub fn of(observation: &Observation, seen: &Seen) -> Self {
        // An empty list is honest: there is nothing that could have been applied.
        let is_tried = seen.fates.is_empty() || seen.fates.iter().any(|(_, fate)| *fate == Fate::Applied);
        match (seen.data, &observation.ending) {
            (Some(Capture::Differs), _) => Self::Survived,
            (Some(Capture::TooLong), _) => Self::Undecided,
            _ if !is_tried || observation.reach < Reach::Offered => Self::Undecided,
            (Some(Capture::Same), _) => Self::Unchanged,
            (None, ending) if ending.by_client() => Self::RefusedByClient,
            (None, Ending::ServerAlert(_) | Ending::ServerFailed(_)) => Self::RefusedByServer,
            (None, _) => Self::Undecided,
        }
    }
}
