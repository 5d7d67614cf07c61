//! One rustls connection behind the sans-IO trait.

use std::io::{Read, Write};
use std::sync::Arc;

use rustls::{Connection, HandshakeKind};

use crate::registry::{AlertDescription, CipherSuite, ProtocolVersion};

use super::super::{EXPORTER_LABEL, Engine, EngineFailure, Negotiated, Session, Status};
use super::session::Kept;

pub(super) struct RustlsEngine {
    connection: Connection,
    /// A client's, where it resumes or can be resumed.
    kept: Option<Kept>,
    failure: Option<EngineFailure>,
    peer_closed: bool,
    received: Vec<u8>,
}

impl RustlsEngine {
    pub(super) fn new(connection: Connection, kept: Option<Kept>) -> Self {
        Self { connection, kept, failure: None, peer_closed: false, received: Vec::new() }
    }

    fn process(&mut self) {
        match self.connection.process_new_packets() {
            Ok(state) => self.peer_closed |= state.peer_has_closed(),
            Err(error) => self.failure = Some(failure(&error)),
        }
        // Also what came before the alert. An error says that there is no more: it would have to wait.
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = self.connection.reader().read(&mut buffer) {
            self.received.extend_from_slice(&buffer[..length]);
        }
    }
}

impl Engine for RustlsEngine {
    fn feed(&mut self, mut from_peer: &[u8]) {
        while self.failure.is_none() && !from_peer.is_empty() {
            match self.connection.read_tls(&mut from_peer) {
                Ok(0) => return, // close_notify was seen: what follows is not TLS
                Ok(_) => self.process(),
                Err(error) => {
                    self.failure = Some(EngineFailure { text: error.to_string(), alert_received: None });
                }
            }
        }
    }

    fn drain(&mut self, to_peer: &mut Vec<u8>) {
        while self.connection.wants_write() {
            if self.connection.write_tls(to_peer).is_err() {
                return; // a Vec takes everything; not reached
            }
        }
    }

    fn status(&self) -> Status {
        match &self.failure {
            Some(failure) => Status::Failed(failure.clone()),
            None if self.connection.is_handshaking() => Status::Running,
            None => Status::Done,
        }
    }

    fn was_done(&self) -> bool {
        !self.connection.is_handshaking()
    }

    fn send(&mut self, plaintext: &[u8]) {
        if self.status() == Status::Done && self.connection.writer().write_all(plaintext).is_err() {
            self.failure =
                Some(EngineFailure { text: "the send buffer is full".to_owned(), alert_received: None });
        }
    }

    fn receive(&mut self, plaintext: &mut Vec<u8>) {
        plaintext.append(&mut self.received);
    }

    fn close(&mut self) {
        if self.status() == Status::Done {
            self.connection.send_close_notify();
        }
    }

    fn peer_closed(&self) -> bool {
        self.peer_closed
    }

    fn negotiated(&self) -> Option<Negotiated> {
        let version = ProtocolVersion(u16::from(self.connection.protocol_version()?));
        let suite = CipherSuite(u16::from(self.connection.negotiated_cipher_suite()?.suite()));
        Some(Negotiated { version, suite })
    }

    fn peer_chain(&self) -> Vec<Vec<u8>> {
        let chain = self.connection.peer_certificates().unwrap_or_default();
        chain.iter().map(|certificate| certificate.to_vec()).collect()
    }

    fn session(&self) -> Option<Session> {
        let kept = self.kept.as_ref().filter(|kept| kept.is_there())?;
        Some(Session(Arc::new(kept.clone())))
    }

    fn is_resumed(&self) -> bool {
        self.status() == Status::Done && self.connection.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    fn exporter(&self) -> Option<[u8; 32]> {
        self.connection.export_keying_material([0; 32], EXPORTER_LABEL.as_bytes(), None).ok()
    }
}

fn failure(error: &rustls::Error) -> EngineFailure {
    let alert_received = match error {
        rustls::Error::AlertReceived(description) => Some(AlertDescription(u8::from(*description))),
        _ => None,
    };
    EngineFailure { text: error.to_string(), alert_received }
}
