//! A server's end of a connection, without its socket and without what is spoken behind the handshake: engine, edits
//! and tap. Bytes go in and out; nothing here blocks or knows the time.

use crate::edit::{Edit, Editor};
use crate::engine::{Engine, Status};
use crate::observe::{Ending, Observation, Reach, Seen, Side, Tap};
use crate::wire::ClientHello;

use super::ending::ClientEnd;

/// The server's end of a connection, ready to be opened.
pub struct Setup {
    pub engine: Box<dyn Engine>,
    pub edits: Vec<Edit>,
}

/// An engine with its edits and its tap.
pub struct Tapped {
    engine: Box<dyn Engine>,
    editor: Editor,
    tap: Tap,
    ending: Ending,
    delivered: bool,
    application_bytes: usize,
    completed: bool,
    client_closed: bool,
    scratch: Vec<u8>,
}

impl Tapped {
    pub fn new(setup: Setup) -> Self {
        Self {
            engine: setup.engine,
            editor: Editor::new(&setup.edits),
            tap: Tap::new(),
            ending: Ending::Open,
            delivered: false,
            application_bytes: 0,
            completed: false,
            client_closed: false,
            scratch: Vec::new(),
        }
    }

    /// Bytes from the client. Appends the plaintext in them, and what the client is to get.
    pub fn client_bytes(&mut self, bytes: &[u8], plaintext: &mut Vec<u8>, to_client: &mut Vec<u8>) {
        self.tap.from_client(bytes);
        let mut to_server = std::mem::take(&mut self.scratch);
        self.editor.client_to_server(bytes, &mut to_server);
        if self.tap.not_tls.is_none() && !to_server.is_empty() {
            self.engine.feed(&to_server);
        }
        to_server.clear();
        self.scratch = to_server;
        self.read_plaintext(plaintext);
        self.flush(to_client);
    }

    fn read_plaintext(&mut self, plaintext: &mut Vec<u8>) {
        let before = plaintext.len();
        self.engine.receive(plaintext);
        let received = plaintext.len() - before;
        if received > 0 {
            self.application_bytes += received;
            self.tap.raise(Reach::Data);
            self.tap.transcript.push(Side::Client, Seen::ApplicationData(received));
        }
        if self.engine.was_done() && self.tap.reach() >= Reach::Proposed {
            self.tap.raise(Reach::Finished);
        }
    }

    fn flush(&mut self, to_client: &mut Vec<u8>) {
        let mut from_server = Vec::new();
        self.engine.drain(&mut from_server);
        if !from_server.is_empty() {
            let start = to_client.len();
            self.editor.server_to_client(&from_server, to_client);
            self.tap.from_server(&to_client[start..]);
        }
    }

    /// Sends application data; ignored before the handshake is done.
    pub fn send(&mut self, plaintext: &[u8], to_client: &mut Vec<u8>) {
        self.engine.send(plaintext);
        self.flush(to_client);
    }

    /// Says good-bye.
    pub fn close(&mut self, to_client: &mut Vec<u8>) {
        self.engine.close();
        self.flush(to_client);
    }

    /// The request was answered, whatever comes of the connection now.
    pub fn complete(&mut self) {
        self.completed = true;
        self.note_ending();
    }

    /// Who ended the connection, as far as it has ended. To be called when bytes have been dealt with.
    pub fn note_ending(&mut self) {
        let status = self.engine.status();
        // A protected alert of the client is in the engine's words only.
        if let Status::Failed(failure) = &status
            && let Some(alert) = failure.alert_received
        {
            self.tap.client_alert.get_or_insert(alert);
        }
        self.client_closed |= self.tap.client_close_notify || self.engine.peer_closed();
        if self.ending != Ending::Open {
            return;
        }
        self.ending = if let Some(alert) = self.tap.client_alert {
            Ending::ClientAlert(alert)
        } else if self.completed {
            Ending::Completed
        } else if self.client_closed {
            // Before our own stack's words: it gave up because the client said good-bye.
            Ending::ClientCloseNotify
        } else if let Some(alert) = self.tap.server_alert {
            Ending::ServerAlert(alert)
        } else if let Status::Failed(failure) = status {
            Ending::ServerFailed(failure.text)
        } else {
            Ending::Open
        };
    }

    /// Everything that was appended so far has been handed to the client. A flight that was handed over when the client's
    /// alert or end had come is none that it refused.
    pub fn mark_delivered(&mut self) {
        let has_left = self.tap.client_alert.is_some() || self.client_closed;
        self.delivered |= !has_left && self.tap.reach() >= Reach::Proposed && self.tap.flight_complete;
    }

    /// Whether it stands that the client got the server's flight.
    pub const fn is_delivered(&self) -> bool {
        self.delivered
    }

    /// What was handed to the client came too late: it had closed before.
    pub const fn flight_was_lost(&mut self) {
        self.delivered = false;
    }

    /// The client's stream ended.
    pub fn client_ended(&mut self, how: ClientEnd) {
        let (seen, ending) = match how {
            ClientEnd::Fin => (Seen::Fin, Ending::ClientFin),
            ClientEnd::Reset => (Seen::Reset, Ending::ClientReset),
        };
        self.tap.transcript.push(Side::Client, seen);
        self.client_closed = true;
        if self.ending == Ending::Open {
            self.ending = ending;
        }
    }

    /// The deadline passed.
    pub fn timed_out(&mut self) {
        if self.ending == Ending::Open {
            self.ending = Ending::Deadline;
        }
    }

    /// Whether the handshake is done, as the server sees it.
    pub fn is_established(&self) -> bool {
        self.engine.status() == Status::Done
    }

    /// Whether nothing can come of it any more: no TLS, or the server's stack gave up.
    pub fn is_over(&self) -> bool {
        self.tap.not_tls.is_some() || matches!(self.engine.status(), Status::Failed(_))
    }

    /// Whether the client has closed its side.
    pub const fn client_is_gone(&self) -> bool {
        self.client_closed
    }

    /// The first ClientHello, once it has come.
    pub const fn offer(&self) -> Option<&crate::oracle::Offer> {
        self.tap.offer.as_ref()
    }

    /// The first ClientHello as it came.
    pub fn client_hello(&self) -> Option<ClientHello> {
        self.tap.transcript.client_hello()
    }

    /// What the client was sent as a ServerHello.
    pub const fn proposal(&self) -> Option<&crate::oracle::Proposal> {
        self.tap.proposal.as_ref()
    }

    pub fn into_observation(mut self) -> Observation {
        self.observe()
    }

    /// What was seen, taken out: to be called once, when the connection is over.
    pub fn observe(&mut self) -> Observation {
        let disagreement = self.engine.negotiated().and_then(|own| {
            let wire = self.tap.proposal.as_ref()?;
            let differs = self.tap.reach() >= Reach::Finished
                && (own.version != wire.version || own.suite != wire.suite);
            differs.then(|| {
                format!(
                    "the stack says {} with {}, the wire {} with {}",
                    own.version, own.suite, wire.version, wire.suite
                )
            })
        });
        Observation {
            reach: self.tap.reach(),
            offer: self.tap.offer.take(),
            proposal: self.tap.proposal.take(),
            delivered: self.delivered,
            ending: self.ending.clone(),
            client_alert: self.tap.client_alert,
            server_alert: self.tap.server_alert,
            application_bytes: self.application_bytes,
            not_tls: self.tap.not_tls.clone(),
            disagreement,
            transcript: std::mem::take(&mut self.tap.transcript),
        }
    }
}
