//! A saved edit list between a client and an honest server: what was applied, how it ended, and whether the client went
//! on although its handshake was not the server's.

mod handshake;
mod proxy;

pub use proxy::{Capture, Play, Proxy, Seen};

use crate::edit::{Change, Edit, Fate, Place, Sender};
use crate::observe::{Ending, Observation, Reach};
use crate::registry::AlertDescription;
use crate::wire::ContentType;

/// What came of a connection with edits in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The client sent data in a handshake that was not the server's.
    Survived,
    /// The edits changed nothing that the handshake protects, and it was completed.
    Unchanged,
    RefusedByClient,
    RefusedByServer,
    /// Nobody refused it, or nothing was tried: this proves nothing.
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

    /// `is_own_end`: whether the client ended by itself, as far as is known. One that was killed, that crashed or ran out
    /// of time has refused nothing, whatever its socket looked like.
    pub fn of(observation: &Observation, seen: &Seen, is_own_end: bool) -> Self {
        // An empty list is honest: there is nothing that could have been applied.
        let is_tried = seen.fates.is_empty() || applied(seen).next().is_some();
        match (seen.data, &observation.ending) {
            (Some(Capture::Differs), _) => Self::Survived,
            (Some(Capture::TooLong), _) => Self::Undecided,
            _ if !is_tried || observation.reach < Reach::Offered => Self::Undecided,
            (Some(Capture::Same), _) => Self::Unchanged,
            // Either end then says what the edits made it say.
            _ if !is_own_end || applied(seen).any(makes_an_alert) => Self::Undecided,
            (None, ending) if ending.by_client() && is_refusal(observation, seen) => Self::RefusedByClient,
            // Without an alert it is our own stack's error.
            (None, Ending::ServerAlert(_)) => Self::RefusedByServer,
            (None, _) => Self::Undecided,
        }
    }

    pub const fn is_refusal(self) -> bool {
        matches!(self, Self::RefusedByClient | Self::RefusedByServer)
    }
}

fn applied(seen: &Seen) -> impl Iterator<Item = &Edit> {
    seen.fates.iter().filter(|(_, fate)| *fate == Fate::Applied).map(|(edit, _)| edit)
}

const fn makes_an_alert(edit: &Edit) -> bool {
    matches!(edit.change, Change::InjectAlert(_) | Change::Retype(ContentType::ALERT))
}

/// Whether a client that ended a connection refused what it was shown, the whole of it.
///
/// Without an alert, or with `user_canceled`, it may as well have given up waiting. That can be ruled out only where it had
/// to decide next: nothing of the server's flight is held back, and the client has not sent its own.
fn is_refusal(observation: &Observation, seen: &Seen) -> bool {
    let says_why = observation.client_alert.is_some_and(|alert| alert != USER_CANCELED);
    let may_wait = observation.reach > Reach::Proposed
        || applied(seen).any(|edit| matches!(edit.at, Place::Record { sender: Sender::Server, .. }));
    observation.delivered && observation.reach >= Reach::Proposed && (says_why || !may_wait)
}

const USER_CANCELED: AlertDescription = AlertDescription(90);
