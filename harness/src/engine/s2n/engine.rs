//! One s2n connection behind the sans-IO trait.

use std::sync::Arc;

use crate::registry::AlertDescription;

use super::super::{EXPORTER_LABEL, Engine, EngineFailure, Negotiated, Role, Session, Status};
use super::handle::{Connection, Fault, FaultKind};
use super::session::Place;

pub(super) struct S2nEngine {
    connection: Connection,
    /// A client's, where it resumes or can be resumed.
    place: Option<Place>,
    status: Status,
    was_done: bool,
    negotiated: Option<Negotiated>,
    peer_closed: bool,
    /// We said close_notify.
    closed: bool,
    received: Vec<u8>,
}

impl S2nEngine {
    pub(super) fn new(role: Role, connection: Connection, place: Option<Place>) -> Self {
        let mut engine = Self {
            connection,
            place,
            status: Status::Running,
            was_done: false,
            negotiated: None,
            peer_closed: false,
            closed: false,
            received: Vec::new(),
        };
        if role == Role::Client {
            engine.advance();
        }
        engine
    }

    fn advance(&mut self) {
        if self.status == Status::Running {
            match self.connection.negotiate() {
                Ok(()) => {
                    self.status = Status::Done;
                    self.was_done = true;
                    // Before, the library answers with what it would like.
                    self.negotiated =
                        self.connection.negotiated().map(|(version, suite)| Negotiated { version, suite });
                }
                Err(fault) => self.fail_reading(fault),
            }
        }
        if self.status == Status::Done {
            self.read_plaintext();
        }
    }

    fn read_plaintext(&mut self) {
        let mut buffer = [0; 4096];
        loop {
            match self.connection.receive(&mut buffer) {
                Ok(0) => {
                    self.peer_closed = true;
                    return;
                }
                Ok(length) => self.received.extend_from_slice(&buffer[..length]),
                Err(fault) => return self.fail_reading(fault),
            }
        }
    }

    /// A closed stream is the peer's doing only where it was read from: to send behind our own close fails alike.
    fn fail_reading(&mut self, fault: Fault) {
        self.peer_closed |= fault.kind == FaultKind::Closed;
        self.fail(fault);
    }

    /// Waiting for the peer is no failure. After one, the library has its alert ready, but sends it only when it is
    /// told to shut down.
    fn fail(&mut self, fault: Fault) {
        if fault.kind == FaultKind::Blocked {
            return;
        }
        let alert_received = match fault.kind {
            FaultKind::Alert => self.connection.alert().map(AlertDescription),
            _ => None,
        };
        self.status = Status::Failed(EngineFailure { text: fault.text, alert_received });
        self.connection.shut_down();
    }
}

impl Engine for S2nEngine {
    fn feed(&mut self, from_peer: &[u8]) {
        if matches!(self.status, Status::Failed(_)) {
            return;
        }
        self.connection.feed(from_peer);
        self.advance();
    }

    fn drain(&mut self, to_peer: &mut Vec<u8>) {
        self.connection.drain(to_peer);
    }

    fn status(&self) -> Status {
        self.status.clone()
    }

    fn was_done(&self) -> bool {
        self.was_done
    }

    fn send(&mut self, mut plaintext: &[u8]) {
        while self.status == Status::Done && !self.closed && !plaintext.is_empty() {
            match self.connection.send(plaintext) {
                Ok(sent) if sent > 0 => plaintext = plaintext.get(sent..).unwrap_or_default(),
                Ok(_) => return, // not reached: the queue takes everything
                Err(fault) => return self.fail(fault),
            }
        }
    }

    fn receive(&mut self, plaintext: &mut Vec<u8>) {
        plaintext.append(&mut self.received);
    }

    fn close(&mut self) {
        if self.status == Status::Done && !self.closed {
            self.closed = true;
            self.connection.shut_down();
        }
    }

    fn peer_closed(&self) -> bool {
        self.peer_closed
    }

    fn negotiated(&self) -> Option<Negotiated> {
        self.negotiated
    }

    /// A client's: the library tells it what it verified, and not what it was shown.
    fn peer_chain(&self) -> Vec<Vec<u8>> {
        if self.was_done { self.connection.client_chain() } else { Vec::new() }
    }

    fn session(&self) -> Option<Session> {
        let place = self.place.as_ref().filter(|_| self.status == Status::Done)?;
        Some(Session(Arc::new(place.keep(self.connection.session()?))))
    }

    fn is_resumed(&self) -> bool {
        self.status == Status::Done && self.connection.is_resumed()
    }

    fn exporter(&self) -> Option<[u8; 32]> {
        if self.status == Status::Done { self.connection.exporter(EXPORTER_LABEL) } else { None }
    }
}
