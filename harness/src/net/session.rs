//! A connection without its socket: engine, edits, tap and the small HTTP answer. Used over sockets and in memory.

use crate::edit::{Edit, Editor};
use crate::engine::{Engine, Status};
use crate::observe::{Ending, Observation, Reach, Seen, Side, Tap};

/// Request bytes read before the answer is given anyway.
const REQUEST_LIMIT: usize = 64 * 1024;

/// What every request is answered with.
const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";

/// How the client's byte stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientEnd {
    Fin,
    Reset,
}

/// The server's end of a connection, ready to be opened.
pub struct Setup {
    pub engine: Box<dyn Engine>,
    pub edits: Vec<Edit>,
}

/// One connection of a case.
pub struct Session {
    engine: Box<dyn Engine>,
    editor: Editor,
    tap: Tap,
    ending: Ending,
    delivered: bool,
    request: Vec<u8>,
    application_bytes: usize,
    answered: bool,
    client_closed: bool,
    scratch: Vec<u8>,
}

impl Session {
    pub fn new(setup: Setup) -> Self {
        Self {
            engine: setup.engine,
            editor: Editor::new(&setup.edits),
            tap: Tap::new(),
            ending: Ending::Open,
            delivered: false,
            request: Vec::new(),
            application_bytes: 0,
            answered: false,
            client_closed: false,
            scratch: Vec::new(),
        }
    }

    /// Bytes from the client; appends what it is to get.
    pub fn client_bytes(&mut self, bytes: &[u8], to_client: &mut Vec<u8>) {
        self.tap.from_client(bytes);
        let mut to_server = std::mem::take(&mut self.scratch);
        self.editor.client_to_server(bytes, &mut to_server);
        if self.tap.not_tls.is_none() && !to_server.is_empty() {
            self.engine.feed(&to_server);
        }
        to_server.clear();
        self.scratch = to_server;
        self.after_feed(to_client);
    }

    fn after_feed(&mut self, to_client: &mut Vec<u8>) {
        self.read_plaintext();
        self.flush(to_client);
        if !self.answered && self.request_is_complete() {
            self.answered = true;
            self.engine.send(ANSWER);
            self.engine.close();
            self.flush(to_client);
        }
        self.note_ending();
    }

    fn read_plaintext(&mut self) {
        let before = self.request.len();
        self.engine.receive(&mut self.request);
        let received = self.request.len() - before;
        if received > 0 {
            self.application_bytes += received;
            self.tap.raise(Reach::Data);
            self.tap.transcript.push(Side::Client, Seen::ApplicationData(received));
        }
        self.request.truncate(REQUEST_LIMIT);
        if self.engine.status() == Status::Done && self.tap.reach() >= Reach::Proposed {
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

    fn request_is_complete(&self) -> bool {
        self.request.len() >= REQUEST_LIMIT || self.request.windows(4).any(|w| w == b"\r\n\r\n")
    }

    fn note_ending(&mut self) {
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
        } else if self.answered {
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

    /// Everything that was appended so far has been handed to the client.
    pub fn mark_delivered(&mut self) {
        self.delivered |= self.tap.reach() >= Reach::Proposed && self.tap.flight_complete;
    }

    /// What was handed to the client came too late: it had closed before.
    pub fn flight_was_lost(&mut self) {
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

    /// Whether our side has nothing more to say: the socket's write half can be closed.
    pub fn has_said_all(&self) -> bool {
        self.answered || self.tap.not_tls.is_some() || matches!(self.engine.status(), Status::Failed(_))
    }

    /// Whether the client has closed its side.
    pub const fn client_is_gone(&self) -> bool {
        self.client_closed
    }

    pub fn into_observation(self) -> Observation {
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
            offer: self.tap.offer,
            proposal: self.tap.proposal,
            delivered: self.delivered,
            ending: self.ending,
            client_alert: self.tap.client_alert,
            server_alert: self.tap.server_alert,
            application_bytes: self.application_bytes,
            not_tls: self.tap.not_tls,
            disagreement,
            transcript: self.tap.transcript,
        }
    }
}
