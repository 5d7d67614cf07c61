//! An editor in front of an honest engine, which is an engine again: wherever a server can be played, so can this.

use std::sync::{Arc, Mutex, PoisonError};

use crate::edit::{Edit, Editor, Fate};
use crate::engine::{Engine, Negotiated, Session, Status};
use crate::registry::ProtocolVersion;

use super::handshake::{Part, parts};

/// Bytes of one direction that are kept for comparing: a handshake has a few thousand.
const KEPT: usize = 512 * 1024;

/// How the client's and the server's handshakes compare when the first data of the client was decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capture {
    Same,
    Differs,
    /// More crossed before than is kept.
    TooLong,
}

/// What a connection came to, as far as the proxy knows.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub fates: Vec<(Edit, Fate)>,
    /// `None` if no data of the client was decrypted.
    pub data: Option<Capture>,
    /// The server's own words where it gave up.
    pub server_failure: Option<String>,
    pub negotiated: Option<Negotiated>,
    /// The connection is over.
    pub is_over: bool,
}

/// What several connections came to, in the order in which they were opened.
#[derive(Clone, Debug, Default)]
pub struct Play(Arc<Mutex<Vec<Seen>>>);

impl Play {
    pub fn seen(&self) -> Vec<Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts the edits in front of a server's end.
    pub fn open(&self, engine: Box<dyn Engine>, edits: &[Edit]) -> Proxy {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(Seen::default());
        Proxy {
            engine,
            editor: Editor::new(edits),
            client: Stream::default(),
            server: Stream::default(),
            scratch: Vec::new(),
            plaintext: Vec::new(),
            data: None,
            place: all.len() - 1,
            play: self.clone(),
        }
    }
}

/// One direction, before and behind the editor.
#[derive(Debug, Default)]
struct Stream {
    sent: Vec<u8>,
    arrived: Vec<u8>,
}

/// The server's end with the proxy before it.
pub struct Proxy {
    engine: Box<dyn Engine>,
    editor: Editor,
    client: Stream,
    server: Stream,
    scratch: Vec<u8>,
    plaintext: Vec<u8>,
    data: Option<Capture>,
    place: usize,
    play: Play,
}

impl Proxy {
    /// Looked at when the first data has been decrypted: what is edited later is none of the handshake.
    fn compare(&self) -> Capture {
        if [&self.client, &self.server].iter().any(|s| s.sent.len() > KEPT || s.arrived.len() > KEPT) {
            return Capture::TooLong;
        }
        let version = self.engine.negotiated().map(|negotiated| negotiated.version);
        let of = |bytes: &[u8]| -> Vec<Part> { parts(bytes, version >= Some(ProtocolVersion::TLS1_3)) };
        // Of the client's bytes some may still be held back; the server's have to be there.
        let is_same = of(&self.client.sent).starts_with(&of(&self.client.arrived))
            && of(&self.server.sent) == of(&self.server.arrived);
        if is_same { Capture::Same } else { Capture::Differs }
    }

    fn forward(&mut self, bytes: &[u8]) {
        let mut out = std::mem::take(&mut self.scratch);
        keep(&mut self.client.sent, bytes);
        self.editor.client_to_server(bytes, &mut out);
        if !out.is_empty() {
            keep(&mut self.client.arrived, &out);
            self.engine.feed(&out);
            self.engine.receive(&mut self.plaintext);
            if self.data.is_none() && !self.plaintext.is_empty() {
                self.data = Some(self.compare());
            }
        }
        out.clear();
        self.scratch = out;
    }
}

/// One more than [`KEPT`] says that it was too much.
fn keep(kept: &mut Vec<u8>, bytes: &[u8]) {
    let room = (KEPT + 1).saturating_sub(kept.len());
    kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
}

impl Engine for Proxy {
    fn feed(&mut self, mut from_peer: &[u8]) {
        // Byte by byte, so that no edit of a later record is taken for one that came before the data.
        while self.data.is_none()
            && let Some((byte, rest)) = from_peer.split_first()
        {
            self.forward(std::slice::from_ref(byte));
            from_peer = rest;
        }
        if !from_peer.is_empty() {
            self.forward(from_peer);
        }
    }

    fn drain(&mut self, to_peer: &mut Vec<u8>) {
        let mut out = std::mem::take(&mut self.scratch);
        self.engine.drain(&mut out);
        let start = to_peer.len();
        self.editor.server_to_client(&out, to_peer);
        if self.data.is_none() {
            keep(&mut self.server.sent, &out);
            keep(&mut self.server.arrived, &to_peer[start..]);
        }
        out.clear();
        self.scratch = out;
    }

    fn status(&self) -> Status {
        self.engine.status()
    }

    fn was_done(&self) -> bool {
        self.engine.was_done()
    }

    fn send(&mut self, plaintext: &[u8]) {
        self.engine.send(plaintext);
    }

    fn receive(&mut self, plaintext: &mut Vec<u8>) {
        plaintext.append(&mut self.plaintext);
        self.engine.receive(plaintext);
    }

    fn close(&mut self) {
        self.engine.close();
    }

    fn peer_closed(&self) -> bool {
        self.engine.peer_closed()
    }

    fn negotiated(&self) -> Option<Negotiated> {
        self.engine.negotiated()
    }

    fn peer_chain(&self) -> Vec<Vec<u8>> {
        self.engine.peer_chain()
    }

    fn session(&self) -> Option<Session> {
        self.engine.session()
    }

    fn is_resumed(&self) -> bool {
        self.engine.is_resumed()
    }

    fn exporter(&self) -> Option<[u8; 32]> {
        self.engine.exporter()
    }
}

/// The connection is over: what came of it is told.
impl Drop for Proxy {
    fn drop(&mut self) {
        let seen = Seen {
            fates: self.editor.fates().map(|(edit, fate)| (edit.clone(), fate)).collect(),
            data: self.data,
            server_failure: match self.engine.status() {
                Status::Failed(failure) => Some(failure.text),
                _ => None,
            },
            negotiated: self.engine.negotiated(),
            is_over: true,
        };
        let mut all = self.play.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = all.get_mut(self.place) {
            *place = seen;
        }
    }
}

#[cfg(test)]
mod tests;
