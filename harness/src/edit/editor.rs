//! The editor: both directions of a connection, and what became of each edit.

use std::collections::BTreeMap;
use std::fmt;

use crate::wire::HandshakeType;

use super::lane::Lane;
use super::{Change, Edit, Place, Sender, hello};

/// What became of an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    Applied,
    /// Its place came, and there was nothing to change: an extension that is not there, a split behind the end.
    NoEffect,
    /// Its message did not come in the clear, and what came later is protected.
    NeedsKeys,
    /// Its place did not come.
    NeverCame,
    /// Its message came and could not be read.
    Unreadable,
}

impl Fate {
    pub const ALL: [Self; 5] =
        [Self::Applied, Self::NoEffect, Self::NeedsKeys, Self::NeverCame, Self::Unreadable];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::NoEffect => "no-effect",
            Self::NeedsKeys => "needs-keys",
            Self::NeverCame => "never-came",
            Self::Unreadable => "unreadable",
        }
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Stands between the client and the server and applies edits to what crosses.
///
/// What cannot be read passes unchanged, and so does everything once no edit is left to apply: an editor never makes
/// bytes up for a message that did not come. It holds back no more than one unfinished run of handshake messages and
/// what an edit lets wait.
#[derive(Debug)]
pub struct Editor {
    shared: Shared,
    to_server: Lane,
    to_client: Lane,
}

impl Editor {
    pub fn new(edits: &[Edit]) -> Self {
        Self {
            shared: Shared {
                edits: edits.to_vec(),
                fates: vec![None; edits.len()],
                seen: BTreeMap::new(),
                is_tls13: [false; 2],
            },
            to_server: Lane::new(Sender::Client),
            to_client: Lane::new(Sender::Server),
        }
    }

    /// Bytes from the client; appends what the server is to get.
    pub fn client_to_server(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.to_server.pass(bytes, &mut self.shared, out);
    }

    /// Bytes from the server; appends what the client is to get.
    pub fn server_to_client(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.to_client.pass(bytes, &mut self.shared, out);
    }

    /// Every edit with what became of it so far, in the order of the list.
    pub fn fates(&self) -> impl Iterator<Item = (&Edit, Fate)> {
        let is_protected = self.to_server.is_protected() || self.to_client.is_protected();
        self.shared.edits.iter().zip(&self.shared.fates).map(move |(edit, fate)| {
            let undecided = match edit.at {
                Place::Message { .. } if is_protected => Fate::NeedsKeys,
                _ => Fate::NeverCame,
            };
            (edit, fate.unwrap_or(undecided))
        })
    }

    /// The edits that were not applied, and why.
    pub fn skipped(&self) -> impl Iterator<Item = (&Edit, Fate)> {
        self.fates().filter(|(_, fate)| *fate != Fate::Applied)
    }

    /// Whether bytes came that have not been passed on.
    pub fn is_holding(&self) -> bool {
        self.to_server.is_holding() || self.to_client.is_holding()
    }
}

/// What both directions know.
#[derive(Debug)]
pub(super) struct Shared {
    edits: Vec<Edit>,
    /// `None` while the place may still come.
    fates: Vec<Option<Fate>>,
    /// Messages of each type so far.
    seen: BTreeMap<HandshakeType, u32>,
    /// Whether TLS 1.3 was chosen, as the client and as the server see it.
    is_tls13: [bool; 2],
}

impl Shared {
    pub fn change(&self, edit: usize) -> &Change {
        &self.edits[edit].change
    }

    pub fn decide(&mut self, edit: usize, fate: Fate) {
        self.fates[edit] = Some(fate);
    }

    /// Whether a message may still come that an edit waits for.
    pub fn waits_for_messages(&self) -> bool {
        self.waits(|place| matches!(place, Place::Message { .. }))
    }

    pub fn waits_for_records(&self, of: Sender) -> bool {
        self.waits(|place| matches!(place, Place::Record { sender, .. } if sender == of))
    }

    fn waits(&self, is_meant: impl Fn(Place) -> bool) -> bool {
        self.edits.iter().zip(&self.fates).any(|(edit, fate)| fate.is_none() && is_meant(edit.at))
    }

    /// Counts a message, and gives the edits of it.
    pub fn edits_of_next(&mut self, typ: HandshakeType) -> Vec<usize> {
        let count = self.seen.entry(typ).or_default();
        *count = count.saturating_add(1);
        let place = Place::Message { typ, nth: *count };
        self.edits_at(place)
    }

    pub fn edits_at(&self, place: Place) -> Vec<usize> {
        (0..self.edits.len()).filter(|at| self.edits[*at].at == place && self.fates[*at].is_none()).collect()
    }

    pub fn note_server_hello(&mut self, sender: Sender, sent: &[u8], arrives: Option<&[u8]>) {
        if sender == Sender::Server {
            self.is_tls13 = [arrives.is_some_and(hello::chooses_tls13), hello::chooses_tls13(sent)];
        }
    }

    /// Whether the sender means TLS 1.3, where a ChangeCipherSpec changes nothing (RFC 8446 D.4).
    pub const fn is_tls13_to(&self, sender: Sender) -> bool {
        match sender {
            Sender::Client => self.is_tls13[0],
            Sender::Server => self.is_tls13[1],
        }
    }
}
