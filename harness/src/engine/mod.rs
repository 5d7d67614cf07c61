//! TLS stacks behind one small, object-safe, sans-IO trait.
//!
//! An engine never blocks, never opens a socket and never reads the clock: bytes go in with [`Engine::feed`] and
//! come out with [`Engine::drain`]. Engines decide by their own stack's logic; none of them knows the oracle.

mod dh;
pub mod openssl;
pub mod pair;
pub mod rustls;
pub mod s2n;
pub mod scripted;
pub mod seeded;

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::pki::Identity;
use crate::registry::{AlertDescription, CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};

/// One live handshake of a TLS stack.
pub trait Engine: Send {
    /// Takes bytes from the peer. Never blocks; failure shows in [`Engine::status`].
    fn feed(&mut self, from_peer: &[u8]);
    /// Appends the bytes that the peer is to get. The buffer is the caller's and reused.
    fn drain(&mut self, to_peer: &mut Vec<u8>);
    fn status(&self) -> Status;
    /// Whether the handshake was done once, whatever became of the connection then: the peer's Finished and what ends it may
    /// come in one piece.
    fn was_done(&self) -> bool;
    /// Queues application data; ignored before the handshake is done.
    fn send(&mut self, plaintext: &[u8]);
    /// Appends the application data that arrived.
    fn receive(&mut self, plaintext: &mut Vec<u8>);
    /// Sends close_notify.
    fn close(&mut self);
    /// Whether the peer's close_notify arrived.
    fn peer_closed(&self) -> bool;
    /// What the stack itself says was negotiated: a cross-check of what the tap read from the wire.
    fn negotiated(&self) -> Option<Negotiated>;
    /// The peer's certificates as they were shown, leaf first, DER; none if there are none or the stack does not tell, as s2n's
    /// client. In a resumed handshake nothing is shown, and some stacks tell those of the first.
    fn peer_chain(&self) -> Vec<Vec<u8>> {
        Vec::new()
    }
    /// What a client can come back with: see [`EndpointSpec::session`].
    fn session(&self) -> Option<Session> {
        None
    }
    /// Keying material that both ends of a completed handshake share and nobody else has (RFC 5705, RFC 8446 7.5);
    /// none before that, in SSL 3, or if the stack does not tell.
    fn exporter(&self) -> Option<[u8; 32]> {
        None
    }
    /// Whether the handshake was an abbreviated one.
    fn is_resumed(&self) -> bool {
        false
    }
}

/// The label under which [`Engine::exporter`] asks; the prefix is for those that are not registered (RFC 5705 4).
const EXPORTER_LABEL: &str = "EXPERIMENTAL shakedown";

/// Where a handshake stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    Running,
    /// The handshake is done as this side sees it. For a client this is provisional until a
    /// post-handshake byte or an orderly close of the server arrives.
    Done,
    Failed(EngineFailure),
}

/// Why an engine gave up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineFailure {
    /// The stack's own words. For people; nothing decides on it.
    pub text: String,
    /// The peer's fatal alert, where that was the reason.
    pub alert_received: Option<AlertDescription>,
}

/// What a stack says of a completed handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Negotiated {
    pub version: ProtocolVersion,
    pub suite: CipherSuite,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    Client,
    Server,
}

/// By what sessions are resumed: a server offers it, a client takes it. None of it by default, so that no case of a
/// run depends on an earlier one.
///
/// A server keeps to it. No stack's client takes tickets and no session ids, and OpenSSL's has a session to come back with
/// wherever the server gives one. s2n's server gives none to clients that it asks for a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Resumption {
    /// Session ids (RFC 5246 7.3).
    pub ids: bool,
    /// Tickets (RFC 5077 up to TLS 1.2, RFC 8446 4.6.1).
    pub tickets: bool,
}

/// A stack's own form of an earlier session, for a client of the same stack. Holds secrets, so it prints nothing.
#[derive(Clone)]
pub struct Session(Arc<dyn Any + Send + Sync>);

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session")
    }
}

/// An external pre-shared key (RFC 8446 2.2) and the key-exchange mode it is used in.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ExternalPsk {
    pub identity: String,
    /// Test-only key bytes; not printed.
    pub key: Vec<u8>,
    /// `psk_ke`: without (EC)DHE, so without forward secrecy (RFC 8446 4.2.9).
    pub without_dhe: bool,
}

impl fmt::Debug for ExternalPsk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExternalPsk")
            .field("identity", &self.identity)
            .field("without_dhe", &self.without_dhe)
            .finish_non_exhaustive()
    }
}

/// What one end of a handshake is set to. An empty list leaves the stack's own default.
#[derive(Clone, Debug, Default)]
pub struct EndpointSpec {
    /// Oldest first.
    pub versions: Vec<ProtocolVersion>,
    /// Most wanted first.
    pub suites: Vec<CipherSuite>,
    pub groups: Vec<NamedGroup>,
    pub schemes: Vec<SignatureScheme>,
    /// Server only: choose in its own order. s2n knows no other.
    pub server_order: bool,
    /// Certificates with their keys, each of another kind of key; none for anonymous and PSK suites. A client's is what it
    /// shows to a server that asks; s2n takes one.
    pub identities: Vec<Arc<Identity>>,
    /// The CA's certificate (DER). `None` trusts anybody. A server looks at it where it asks its client: then one who shows no
    /// certificate for clients of that CA is refused.
    pub trust: Option<Arc<Vec<u8>>>,
    /// Client only.
    pub server_name: String,
    /// Server only: asks for a certificate of the client (RFC 8446 4.3.2), and without `trust` takes any or none.
    pub asks_client: bool,
    /// Most wanted first (RFC 7301).
    pub alpn: Vec<Vec<u8>>,
    /// Server only: bits of the finite-field group for DHE; 0 leaves DHE unconfigured.
    pub dh_bits: u16,
    pub psk: Option<ExternalPsk>,
    pub resumption: Resumption,
    /// Client only: comes back with this session, in the settings in which it was made but for the suites' order. Any number
    /// of times, but rustls takes a ticket of TLS 1.3 once: it needs the one that the resumed connection is given, and says
    /// where there is none.
    pub session: Option<Session>,
}

/// Why a stack cannot play an [`EndpointSpec`]. Found by trying, and shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotPlay {
    #[error("{backend} has no {version}")]
    Version { backend: String, version: ProtocolVersion },
    #[error("{backend} has no {suite}")]
    Suite { backend: String, suite: CipherSuite },
    #[error("{backend} has no group {group}")]
    Group { backend: String, group: NamedGroup },
    #[error("{backend} has no signature scheme {scheme}")]
    Scheme { backend: String, scheme: SignatureScheme },
    #[error("{backend} has no finite-field group of {bits} bits")]
    FiniteField { backend: String, bits: u16 },
    #[error("{backend} cannot do {what}")]
    Feature { backend: String, what: &'static str },
    #[error("{backend} refused the configuration: {text}")]
    Configuration { backend: String, text: String },
}

/// A TLS stack.
pub trait Backend: Send + Sync {
    /// The name that `--backend` takes.
    fn id(&self) -> &'static str;
    /// The library's version.
    fn version(&self) -> String;
    /// Whether a server can be told to choose suites in the client's order.
    fn knows_client_order(&self) -> bool {
        true
    }
    /// Builds all that the handshakes of a specification have in common: keys, certificates, lists.
    fn prepare(&self, role: Role, spec: &EndpointSpec) -> Result<Box<dyn Prepared>, CannotPlay>;
    /// Opens one end of a handshake. Tried, not looked up.
    fn open(&self, role: Role, spec: &EndpointSpec) -> Result<Box<dyn Engine>, CannotPlay> {
        self.prepare(role, spec)?.open()
    }
}

/// One end of handshakes, ready to be opened any number of times.
pub trait Prepared: Send + Sync {
    fn open(&self) -> Result<Box<dyn Engine>, CannotPlay>;
}

/// The backends of this build, by name.
pub fn backends() -> BTreeMap<&'static str, Arc<dyn Backend>> {
    let all: [Arc<dyn Backend>; 3] =
        [Arc::new(openssl::OpenSsl::new()), Arc::new(rustls::Rustls::new()), Arc::new(s2n::S2n::new())];
    all.into_iter().map(|backend| (backend.id(), backend)).collect()
}
