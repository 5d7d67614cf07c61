//! The plaintext static-RSA flight for SSL 3 to TLS 1.2, written by `wire` without any stack.
//!
//! ServerHello, Certificate and ServerHelloDone of an RSA key transport handshake (RFC 5246 7.3) need no key at all,
//! so the flight can be sent to any client, whatever it offered. It decides nothing: version and suites are given.
//! The handshake is never completed; a client that goes on sends its ClientKeyExchange, and that is what counts.

use std::sync::Arc;

use super::{Engine, EngineFailure, Negotiated, Status};
use crate::pki::Identity;
use crate::registry::{AlertDescription, CipherSuite, ProtocolVersion};
use crate::wire::handshake::Certificate;
use crate::wire::record::write_records;
use crate::wire::{
    Alert, AlertLevel, ClientHello, ContentType, Context, Encode, Extension, ExtensionType, Handshake,
    HandshakeDeframer, KeyExchangeShape, Record, RecordDeframer, ServerHello,
};

/// What the flight proposes.
#[derive(Clone, Debug)]
pub struct StaticRsaFlight {
    pub version: ProtocolVersion,
    /// The first that the client offered is proposed, else the first.
    pub suites: Vec<CipherSuite>,
    pub identity: Arc<Identity>,
    /// The first of these that is offered is answered, as in the control.
    pub alpn: Vec<Vec<u8>>,
    /// The server's random. The caller draws it; it carries no downgrade sentinel unless the caller wants one.
    pub random: [u8; 32],
}

impl StaticRsaFlight {
    pub fn open(self) -> Box<dyn Engine> {
        Box::new(Scripted {
            flight: self,
            records: RecordDeframer::new(),
            handshake: HandshakeDeframer::new(),
            sent: false,
            outgoing: Vec::new(),
            status: Status::Running,
        })
    }

    fn write(&self, hello: &ClientHello, out: &mut Vec<u8>) {
        let offered = self.suites.iter().find(|suite| hello.cipher_suites.contains(suite));
        let Some(&cipher_suite) = offered.or(self.suites.first()) else { return };
        // Answered when offered (design 1, rule 9): their absence must not be the reason of a refusal.
        let mut extensions = Vec::new();
        if self.version > ProtocolVersion::SSL3 {
            if hello.renegotiation_info() {
                extensions.push(Extension::RenegotiationInfo(Vec::new()));
            }
            if hello.has(ExtensionType::EXTENDED_MASTER_SECRET) {
                extensions.push(Extension::ExtendedMasterSecret);
            }
            let offered = hello.alpn().unwrap_or_default();
            if let Some(protocol) = self.alpn.iter().find(|protocol| offered.contains(protocol)) {
                extensions.push(Extension::Alpn(vec![protocol.clone()]));
            }
        }
        let server_hello = Handshake::ServerHello(ServerHello {
            legacy_version: self.version,
            random: self.random,
            session_id: Vec::new(),
            cipher_suite,
            compression_method: 0,
            extensions: (!extensions.is_empty()).then_some(extensions),
        });
        let mut flight = Vec::new();
        server_hello.encode_message(&mut flight);
        Handshake::Certificate(Certificate::Legacy(self.identity.chain.clone())).encode_message(&mut flight);
        Handshake::ServerHelloDone.encode_message(&mut flight);
        write_records(ContentType::HANDSHAKE, self.version, &flight, out);
    }
}

/// Why the flight ends when the client goes on.
const NO_KEYS: &str = "the flight has no keys to go on with";

struct Scripted {
    flight: StaticRsaFlight,
    records: RecordDeframer,
    handshake: HandshakeDeframer,
    sent: bool,
    outgoing: Vec<u8>,
    status: Status,
}

impl Scripted {
    fn fail(&mut self, text: String, alert_received: Option<AlertDescription>) {
        if alert_received.is_none() {
            let alert = Alert::fatal(AlertDescription::HANDSHAKE_FAILURE).to_bytes();
            write_records(ContentType::ALERT, self.flight.version, &alert, &mut self.outgoing);
        }
        self.status = Status::Failed(EngineFailure { text, alert_received });
    }

    /// What the client says to the flight is the tap's business; here it only ends the connection, so that a client
    /// that goes on need not wait for a Finished that will not come.
    fn after_the_flight(&mut self) {
        while self.status == Status::Running {
            match self.records.next() {
                Ok(Some(record)) if record.content_type == ContentType::ALERT => {
                    self.answered_by_alert(&record)
                }
                // A message may come in pieces; the tap has to see it whole.
                Ok(Some(record)) if record.content_type == ContentType::HANDSHAKE => {
                    self.handshake.push(&record.payload);
                    if !matches!(self.handshake.next(), Ok(None)) {
                        self.fail(NO_KEYS.to_owned(), None);
                    }
                }
                Ok(None) => return,
                Ok(Some(_)) | Err(_) => self.fail(NO_KEYS.to_owned(), None),
            }
        }
    }

    /// Warnings (unrecognized_name) end nothing; close_notify ends without being an alert.
    fn answered_by_alert(&mut self, record: &Record) {
        let Ok(alert) = Alert::parse(&record.payload) else {
            self.fail(NO_KEYS.to_owned(), None);
            return;
        };
        let is_close = alert.description == AlertDescription::CLOSE_NOTIFY;
        if alert.level == AlertLevel::FATAL || is_close {
            let text = "the client refused the flight".to_owned();
            let alert_received = (!is_close).then_some(alert.description);
            self.status = Status::Failed(EngineFailure { text, alert_received });
        }
    }

    fn message(&mut self, payload: &[u8]) {
        self.handshake.push(payload);
        match self.handshake.next() {
            Ok(Some((kind, body))) => {
                let context = Context { version: self.flight.version, key_exchange: KeyExchangeShape::Rsa };
                match Handshake::decode(kind, &body, &context) {
                    Ok(Handshake::ClientHello(hello)) => {
                        self.flight.write(&hello, &mut self.outgoing);
                        self.sent = true;
                    }
                    Ok(_) => self.fail("the first message is no ClientHello".to_owned(), None),
                    Err(error) => self.fail(error.to_string(), None),
                }
            }
            Ok(None) => {}
            Err(error) => self.fail(error.to_string(), None),
        }
    }
}

impl Engine for Scripted {
    fn feed(&mut self, from_peer: &[u8]) {
        if self.status != Status::Running {
            return;
        }
        self.records.push(from_peer);
        if self.sent {
            self.after_the_flight();
            return;
        }
        while !self.sent && self.status == Status::Running {
            match self.records.next() {
                Ok(Some(record)) if record.content_type == ContentType::HANDSHAKE => {
                    self.message(&record.payload)
                }
                Ok(Some(record)) if record.content_type == ContentType::ALERT => {
                    let alert = Alert::parse(&record.payload).map(|a| a.description).ok();
                    self.fail("an alert instead of a ClientHello".to_owned(), alert);
                }
                Ok(Some(_)) => self.fail("no ClientHello".to_owned(), None),
                Ok(None) => return,
                Err(error) => self.fail(error.to_string(), None),
            }
        }
    }

    fn drain(&mut self, to_peer: &mut Vec<u8>) {
        to_peer.append(&mut self.outgoing);
    }

    fn status(&self) -> Status {
        self.status.clone()
    }

    fn was_done(&self) -> bool {
        false
    }

    fn send(&mut self, _: &[u8]) {}

    fn receive(&mut self, _: &mut Vec<u8>) {}

    fn close(&mut self) {}

    fn peer_closed(&self) -> bool {
        false
    }

    fn negotiated(&self) -> Option<Negotiated> {
        None
    }
}
