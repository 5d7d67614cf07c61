//! Reads both directions of a connection as the client sees it (behind all edits).

use crate::oracle::{Offer, Proposal};
use crate::registry::{self, AlertDescription, ProtocolVersion};
use crate::wire::{
    Alert, AlertLevel, ContentType, Context, DecodeError, ExtensionType, Handshake, HandshakeDeframer,
    HandshakeType, KeyExchangeShape, RecordDeframer,
};

use super::observation::NotTls;
use super::offer::offer_of;
use super::reach::Reach;
use super::transcript::{Seen, Side, Transcript};

/// The tap. It decides nothing; it says what crossed.
#[derive(Debug)]
pub struct Tap {
    client: Direction,
    server: Direction,
    pub(crate) offer: Option<Offer>,
    pub(crate) proposal: Option<Proposal>,
    /// A HelloRetryRequest was sent.
    hello_retry: bool,
    /// The server's flight is complete: ServerHelloDone, its ChangeCipherSpec, or protected records in TLS 1.3.
    pub(crate) flight_complete: bool,
    pub(crate) reach: Reach,
    pub(crate) client_alert: Option<AlertDescription>,
    pub(crate) client_close_notify: bool,
    pub(crate) server_alert: Option<AlertDescription>,
    pub(crate) not_tls: Option<NotTls>,
    pub(crate) transcript: Transcript,
}

#[derive(Debug, Default)]
struct Direction {
    records: RecordDeframer,
    handshake: HandshakeDeframer,
    /// Handshake records are protected from here on.
    protected: bool,
    /// Framing is lost; the rest is not read.
    lost: bool,
}

impl Default for Tap {
    fn default() -> Self {
        Self {
            client: Direction::default(),
            server: Direction::default(),
            offer: None,
            proposal: None,
            hello_retry: false,
            flight_complete: false,
            reach: Reach::Connected,
            client_alert: None,
            client_close_notify: false,
            server_alert: None,
            not_tls: None,
            transcript: Transcript::default(),
        }
    }
}

impl Tap {
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes as the client sent them.
    pub fn from_client(&mut self, bytes: &[u8]) {
        self.bytes(Side::Client, bytes);
    }

    /// Bytes as the client gets them.
    pub fn from_server(&mut self, bytes: &[u8]) {
        self.bytes(Side::Server, bytes);
    }

    /// How far the client went, as far as bytes tell; the engine's word raises it further.
    pub const fn reach(&self) -> Reach {
        self.reach
    }

    pub(crate) fn raise(&mut self, reach: Reach) {
        self.reach = self.reach.max(reach);
    }

    fn direction(&mut self, side: Side) -> &mut Direction {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    fn bytes(&mut self, side: Side, bytes: &[u8]) {
        if self.direction(side).lost {
            return;
        }
        self.direction(side).records.push(bytes);
        loop {
            match self.direction(side).records.next() {
                Ok(Some(record)) => self.record(side, record.content_type, &record.payload),
                Ok(None) => return,
                Err(error) => {
                    self.direction(side).lost = true;
                    self.lost(side, &error);
                    return;
                }
            }
        }
    }

    fn lost(&mut self, side: Side, error: &DecodeError) {
        if side == Side::Client && self.offer.is_none() {
            self.not_tls = Some(match error {
                DecodeError::Sslv2ClientHello { .. } => NotTls::Ssl2,
                DecodeError::NotTls { start } if looks_like_http(start.as_bytes()) => NotTls::Http,
                _ => NotTls::Other,
            });
        }
        let seen = match error {
            DecodeError::NotTls { start } => Seen::NotTls(start.as_bytes().to_vec()),
            other => Seen::Malformed(other.to_string()),
        };
        self.transcript.push(side, seen);
    }

    fn record(&mut self, side: Side, content_type: ContentType, payload: &[u8]) {
        match content_type {
            // A plaintext alert has two bytes; a protected one has more. After a bad TLS 1.3 key share the
            // client's alert is in the clear although the server has switched keys: length tells them apart.
            ContentType::ALERT => match Alert::parse(payload) {
                Ok(alert) => self.alert(side, alert),
                Err(_) => self.protected(side, content_type, payload.len()),
            },
            ContentType::HANDSHAKE if !self.direction(side).protected => self.handshake(side, payload),
            ContentType::CHANGE_CIPHER_SPEC => self.change_cipher_spec(side),
            _ => self.protected(side, content_type, payload.len()),
        }
    }

    fn alert(&mut self, side: Side, alert: Alert) {
        self.transcript.push(side, Seen::Alert(alert));
        if alert.description == AlertDescription::CLOSE_NOTIFY {
            match side {
                Side::Client => self.client_close_notify = true,
                // Before the ServerHello nothing was opened that it could close: it is how s2n refuses, for most
                // reasons. That it says no more is why the oracle expects it only where nothing is in common.
                Side::Server if self.reach < Reach::Proposed => {
                    self.server_alert.get_or_insert(alert.description);
                }
                Side::Server => {}
            }
            return;
        }
        // Warnings (unrecognized_name, user_canceled) end nothing up to TLS 1.2.
        if alert.level == AlertLevel::WARNING {
            return;
        }
        let slot = match side {
            Side::Client => &mut self.client_alert,
            Side::Server => &mut self.server_alert,
        };
        slot.get_or_insert(alert.description);
    }

    fn protected(&mut self, side: Side, content_type: ContentType, length: usize) {
        self.transcript.push(side, Seen::Protected { content_type, length });
        if side == Side::Server && self.reach >= Reach::Proposed {
            self.flight_complete = true;
        }
        // Up to TLS 1.2 a protected handshake record of the client is its Finished.
        if side == Side::Client && content_type == ContentType::HANDSHAKE && !self.is_tls13() {
            self.commit();
        }
    }

    fn change_cipher_spec(&mut self, side: Side) {
        self.transcript.push(side, Seen::ChangeCipherSpec);
        if self.is_tls13() {
            return; // middlebox compatibility, no key change (RFC 8446 5)
        }
        self.direction(side).protected = true;
        match side {
            Side::Client => self.commit(),
            Side::Server => self.flight_complete = true,
        }
    }

    fn commit(&mut self) {
        if self.reach >= Reach::Proposed {
            self.raise(Reach::Committed);
        }
    }

    fn is_tls13(&self) -> bool {
        match &self.proposal {
            Some(proposal) => proposal.version >= ProtocolVersion::TLS1_3,
            // Before the ServerHello only 0-RTT and compatibility records of TLS 1.3 can come.
            None => true,
        }
    }

    fn handshake(&mut self, side: Side, payload: &[u8]) {
        self.direction(side).handshake.push(payload);
        loop {
            match self.direction(side).handshake.next() {
                Ok(Some((kind, body))) => self.message(side, kind, body),
                Ok(None) => return,
                Err(error) => {
                    self.transcript.push(side, Seen::Malformed(error.to_string()));
                    self.direction(side).lost = true;
                    return;
                }
            }
        }
    }

    fn message(&mut self, side: Side, kind: HandshakeType, body: Vec<u8>) {
        let decoded = Handshake::decode(kind, &body, &self.context());
        match (side, decoded) {
            (Side::Client, Ok(Handshake::ClientHello(hello))) => {
                self.offer.get_or_insert_with(|| offer_of(&hello));
                self.raise(Reach::Offered);
            }
            (Side::Server, Ok(Handshake::ServerHello(hello))) if hello.is_hello_retry_request() => {
                self.hello_retry = true;
            }
            (Side::Server, Ok(Handshake::ServerHello(hello))) => {
                let version = hello.negotiated_version();
                let group = hello.key_share_group();
                self.proposal = Some(Proposal {
                    group,
                    psk_ke: version >= ProtocolVersion::TLS1_3 && group.is_none(),
                    hello_retry: self.hello_retry,
                    renegotiation_info: hello.has(ExtensionType::RENEGOTIATION_INFO),
                    ..Proposal::new(version, hello.cipher_suite)
                });
                self.server.protected = version >= ProtocolVersion::TLS1_3;
                self.client.protected = self.server.protected;
                self.raise(Reach::Proposed);
            }
            (Side::Server, Ok(Handshake::ServerKeyExchange(exchange))) => {
                if let Some(proposal) = &mut self.proposal {
                    proposal.group = exchange.group();
                    proposal.dh_bits = exchange.dh_bits().and_then(|bits| u16::try_from(bits).ok());
                    proposal.scheme = exchange.signature().and_then(|signed| signed.scheme);
                }
            }
            (Side::Server, Ok(Handshake::ServerHelloDone)) => self.flight_complete = true,
            // Any ClientKeyExchange is one, whatever its body.
            (Side::Client, _)
                if kind == HandshakeType::CLIENT_KEY_EXCHANGE || kind == HandshakeType::FINISHED =>
            {
                self.commit();
            }
            _ => {}
        }
        self.transcript.push(side, Seen::Handshake { kind, body });
    }

    /// How messages behind the ServerHello are to be read.
    fn context(&self) -> Context {
        let version = self.proposal.as_ref().map_or(ProtocolVersion::TLS1_2, |p| p.version);
        let facts = self.proposal.as_ref().and_then(|p| registry::suite(p.suite));
        let key_exchange = facts.map_or(KeyExchangeShape::Other, |f| KeyExchangeShape::of(f.key_exchange));
        Context { version, key_exchange }
    }
}

/// The start of a stream may be shorter than a method's name.
fn looks_like_http(start: &[u8]) -> bool {
    const METHODS: [&[u8]; 8] =
        [b"GET ", b"POST ", b"PUT ", b"HEAD ", b"OPTIONS ", b"CONNECT ", b"DELETE ", b"PATCH "];
    !start.is_empty() && METHODS.iter().any(|method| start.starts_with(method) || method.starts_with(start))
}
