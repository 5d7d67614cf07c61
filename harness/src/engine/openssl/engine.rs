//! One OpenSSL connection over byte queues.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::Arc;

use openssl::error::ErrorStack;
use openssl::ssl::{ErrorCode, Ssl, SslContext, SslStream};
use openssl::x509::X509Ref;

use crate::registry::{AlertDescription, CipherSuite, ProtocolVersion};

use super::super::{EXPORTER_LABEL, Engine, EngineFailure, Negotiated, Role, Session, Status};
use super::session::Kept;

/// `SSL_R_*_ALERT_*` reason codes are 1000 plus the alert's number.
const ALERT_REASON_BASE: i32 = 1000;
/// `ERR_LIB_SSL`.
const SSL_LIBRARY: i32 = 20;

/// The two byte queues in the place of a socket.
#[derive(Default)]
struct Queues {
    incoming: VecDeque<u8>,
    outgoing: Vec<u8>,
}

impl Read for Queues {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.incoming.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.incoming.read(buffer)
    }
}

impl Write for Queues {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) struct OpenSslEngine {
    role: Role,
    stream: SslStream<Queues>,
    status: Status,
    was_done: bool,
    peer_closed: bool,
    received: Vec<u8>,
}

impl OpenSslEngine {
    /// With a `session` its own context is taken: a session belongs to one.
    pub(super) fn new(
        role: Role,
        context: &SslContext,
        server_name: &str,
        session: Option<&Kept>,
    ) -> Result<Self, ErrorStack> {
        let mut ssl = match session {
            Some(kept) => kept.resuming()?,
            None => Ssl::new(context)?,
        };
        if role == Role::Client && !server_name.is_empty() {
            ssl.set_hostname(server_name)?;
            ssl.param_mut().set_host(server_name)?;
        }
        let stream = SslStream::new(ssl, Queues::default())?;
        let mut engine = Self {
            role,
            stream,
            status: Status::Running,
            was_done: false,
            peer_closed: false,
            received: Vec::new(),
        };
        if role == Role::Client {
            engine.advance();
        }
        Ok(engine)
    }

    fn advance(&mut self) {
        if self.status == Status::Running {
            let result = match self.role {
                Role::Client => self.stream.connect(),
                Role::Server => self.stream.accept(),
            };
            match result {
                Ok(()) => {
                    self.status = Status::Done;
                    self.was_done = true;
                }
                Err(error) if is_pending(error.code()) => {}
                Err(error) => {
                    self.peer_closed |= error.code() == ErrorCode::ZERO_RETURN;
                    self.status = Status::Failed(failure(&error));
                }
            }
        }
        if self.status == Status::Done {
            self.read_plaintext();
        }
    }

    fn read_plaintext(&mut self) {
        let mut buffer = [0; 4096];
        loop {
            match self.stream.ssl_read(&mut buffer) {
                Ok(0) => {
                    self.peer_closed = true;
                    return;
                }
                Ok(length) => self.received.extend_from_slice(&buffer[..length]),
                Err(error) if is_pending(error.code()) => return,
                Err(error) if error.code() == ErrorCode::ZERO_RETURN => {
                    self.peer_closed = true;
                    return;
                }
                Err(error) => {
                    self.status = Status::Failed(failure(&error));
                    return;
                }
            }
        }
    }
}

impl Engine for OpenSslEngine {
    fn feed(&mut self, from_peer: &[u8]) {
        if matches!(self.status, Status::Failed(_)) {
            return;
        }
        self.stream.get_mut().incoming.extend(from_peer);
        self.advance();
    }

    fn drain(&mut self, to_peer: &mut Vec<u8>) {
        to_peer.append(&mut self.stream.get_mut().outgoing);
    }

    fn status(&self) -> Status {
        self.status.clone()
    }

    fn was_done(&self) -> bool {
        self.was_done
    }

    fn send(&mut self, plaintext: &[u8]) {
        if self.status != Status::Done {
            return;
        }
        // The queue takes everything, so a write is never partial.
        if let Err(error) = self.stream.ssl_write(plaintext) {
            self.status = Status::Failed(failure(&error));
        }
    }

    fn receive(&mut self, plaintext: &mut Vec<u8>) {
        plaintext.append(&mut self.received);
    }

    fn close(&mut self) {
        if self.status == Status::Done {
            // Failure to say good-bye changes nothing that was negotiated.
            let _ = self.stream.shutdown();
        }
    }

    fn peer_closed(&self) -> bool {
        self.peer_closed
    }

    fn exporter(&self) -> Option<[u8; 32]> {
        let mut material = [0; 32];
        let is_done = self.status == Status::Done;
        let told =
            is_done && self.stream.ssl().export_keying_material(&mut material, EXPORTER_LABEL, None).is_ok();
        told.then_some(material)
    }

    fn negotiated(&self) -> Option<Negotiated> {
        if self.status == Status::Running {
            return None;
        }
        let ssl = self.stream.ssl();
        let version = ssl.version2()?;
        let version = match version {
            openssl::ssl::SslVersion::SSL3 => ProtocolVersion::SSL3,
            openssl::ssl::SslVersion::TLS1 => ProtocolVersion::TLS1_0,
            openssl::ssl::SslVersion::TLS1_1 => ProtocolVersion::TLS1_1,
            openssl::ssl::SslVersion::TLS1_2 => ProtocolVersion::TLS1_2,
            openssl::ssl::SslVersion::TLS1_3 => ProtocolVersion::TLS1_3,
            _ => return None,
        };
        let suite = CipherSuite(u16::from_be_bytes(ssl.current_cipher()?.protocol_id()));
        Some(Negotiated { version, suite })
    }

    fn peer_chain(&self) -> Vec<Vec<u8>> {
        let ssl = self.stream.ssl();
        // A server is given the chain without the leaf.
        let leaf = if ssl.is_server() { ssl.peer_certificate() } else { None };
        let chain = ssl.peer_cert_chain().into_iter().flatten();
        let all = leaf.iter().map(AsRef::as_ref).chain(chain);
        all.filter_map(|certificate: &X509Ref| certificate.to_der().ok()).collect()
    }

    fn session(&self) -> Option<Session> {
        Some(Session(Arc::new(Kept::of(&self.stream)?)))
    }

    fn is_resumed(&self) -> bool {
        self.status == Status::Done && self.stream.ssl().session_reused()
    }
}

fn is_pending(code: ErrorCode) -> bool {
    code == ErrorCode::WANT_READ || code == ErrorCode::WANT_WRITE
}

fn failure(error: &openssl::ssl::Error) -> EngineFailure {
    let alert_received = error.ssl_error().and_then(|stack| {
        stack.errors().iter().find_map(|e| {
            let number = e.reason_code() - ALERT_REASON_BASE;
            (e.library_code() == SSL_LIBRARY)
                .then(|| u8::try_from(number).ok())
                .flatten()
                .map(AlertDescription)
        })
    });
    EngineFailure { text: error.to_string(), alert_received }
}
