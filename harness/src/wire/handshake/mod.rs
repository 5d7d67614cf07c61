//! Handshake messages of SSL 3 and TLS 1.0 to 1.3 (RFC 8446 4, RFC 5246 7.4, RFC 6101 5.6).
//!
//! A body does not say in which version it is written, nor which key exchange it belongs to: the caller does,
//! by a [`Context`]. Both hellos read the same in every version. A message that the version does not have, or
//! whose type nobody assigned, stays [`Handshake::Unknown`] with its bytes.

mod certificate;
mod deframer;
mod hello;
mod key_exchange;
mod ticket;
mod types;

pub use super::bounds::MAX_HANDSHAKE_BODY;
pub use certificate::{Certificate, CertificateEntry, CertificateRequest, CompressedCertificate};
pub use deframer::{HANDSHAKE_HEADER_LEN, HandshakeDeframer};
pub use hello::{
    ClientHello, DOWNGRADE_TO_TLS11, DOWNGRADE_TO_TLS12, HELLO_RETRY_REQUEST_RANDOM, ServerHello,
};
pub use key_exchange::{ClientKeyExchange, DigitallySigned, KeyExchangeShape, ServerKeyExchange};
pub use ticket::NewSessionTicket;
pub use types::HandshakeType;

use super::bounds::{self, Bound, Prefix};
use super::codec::{Decode, DecodeError, Encode, Reader, put_vector};
use super::extension::{
    CertificateStatus, Extension, ExtensionContext, decode_extensions, encode_extensions,
};
use crate::registry::ProtocolVersion;

/// What one must know to read a handshake message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Context {
    /// The negotiated version; before it is known any does, since only hellos come then.
    pub version: ProtocolVersion,
    /// By the negotiated suite; of no interest in TLS 1.3.
    pub key_exchange: KeyExchangeShape,
}

impl Context {
    /// Key-exchange messages stay bytes.
    pub const fn new(version: ProtocolVersion) -> Self {
        Self { version, key_exchange: KeyExchangeShape::Other }
    }

    #[must_use]
    pub const fn with_key_exchange(self, key_exchange: KeyExchangeShape) -> Self {
        Self { key_exchange, ..self }
    }
}

/// One handshake message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Handshake {
    /// Up to TLS 1.2 (RFC 5246 7.4.1.1).
    HelloRequest,
    ClientHello(ClientHello),
    /// A HelloRetryRequest too: see [`ServerHello::is_hello_retry_request`].
    ServerHello(ServerHello),
    /// From TLS 1.0 on (RFC 5077 3.3, RFC 8446 4.6.1).
    NewSessionTicket(NewSessionTicket),
    /// TLS 1.3 (RFC 8446 4.5).
    EndOfEarlyData,
    /// TLS 1.3 (RFC 8446 4.3.1).
    EncryptedExtensions(Vec<Extension>),
    Certificate(Certificate),
    /// Up to TLS 1.2 (RFC 5246 7.4.3).
    ServerKeyExchange(ServerKeyExchange),
    CertificateRequest(CertificateRequest),
    /// Up to TLS 1.2 (RFC 5246 7.4.5).
    ServerHelloDone,
    CertificateVerify(DigitallySigned),
    /// Up to TLS 1.2 (RFC 5246 7.4.7).
    ClientKeyExchange(ClientKeyExchange),
    /// The verify_data, or in SSL 3 both hashes.
    Finished(Vec<u8>),
    /// TLS 1.0 to 1.2 (RFC 6066 8).
    CertificateStatus(CertificateStatus),
    /// TLS 1.3 (RFC 8446 4.6.3): 0 not requested, 1 requested; others are kept.
    KeyUpdate {
        request_update: u8,
    },
    /// TLS 1.3 (RFC 8879 4).
    CompressedCertificate(CompressedCertificate),
    /// TLS 1.3, only in transcripts (RFC 8446 4.4.1): on the wire nobody may send it.
    MessageHash(Vec<u8>),
    Unknown {
        typ: HandshakeType,
        body: Vec<u8>,
    },
}

impl Handshake {
    /// Reads a message without its header, as [`HandshakeDeframer::next`] gives it.
    pub fn decode(typ: HandshakeType, body: &[u8], context: &Context) -> Result<Self, DecodeError> {
        BODY.check(body.len())?;
        let mut r = Reader::new(body);
        let message = Self::read(typ, &mut r, context)?;
        r.finish(typ.name().unwrap_or("handshake message"))?;
        Ok(message)
    }

    /// Reads a message with its header, which must fill `bytes`.
    pub fn decode_message(bytes: &[u8], context: &Context) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        let typ = HandshakeType::decode(&mut r)?;
        let body = r.vector(&BODY)?;
        r.finish("handshake message")?;
        Self::decode(typ, body, context)
    }

    fn read(typ: HandshakeType, r: &mut Reader<'_>, context: &Context) -> Result<Self, DecodeError> {
        use HandshakeType as T;
        let version = context.version;
        let tls13 = version >= ProtocolVersion::TLS1_3;
        let ssl3 = version <= ProtocolVersion::SSL3;
        Ok(match typ {
            T::CLIENT_HELLO => Self::ClientHello(Decode::decode(r)?),
            T::SERVER_HELLO => Self::ServerHello(Decode::decode(r)?),
            T::NEW_SESSION_TICKET if !ssl3 => Self::NewSessionTicket(NewSessionTicket::decode(r, version)?),
            T::CERTIFICATE => Self::Certificate(Certificate::decode(r, version)?),
            T::CERTIFICATE_REQUEST => Self::CertificateRequest(CertificateRequest::decode(r, version)?),
            T::CERTIFICATE_VERIFY => Self::CertificateVerify(DigitallySigned::decode(r, version)?),
            T::FINISHED => Self::Finished(finished(r, version)?),
            T::HELLO_REQUEST if !tls13 => Self::HelloRequest,
            T::SERVER_KEY_EXCHANGE if !tls13 => {
                Self::ServerKeyExchange(ServerKeyExchange::decode(r, context)?)
            }
            T::SERVER_HELLO_DONE if !tls13 => Self::ServerHelloDone,
            T::CLIENT_KEY_EXCHANGE if !tls13 => {
                Self::ClientKeyExchange(ClientKeyExchange::decode(r, context)?)
            }
            T::CERTIFICATE_STATUS if !tls13 && !ssl3 => Self::CertificateStatus(Decode::decode(r)?),
            T::END_OF_EARLY_DATA if tls13 => Self::EndOfEarlyData,
            T::ENCRYPTED_EXTENSIONS if tls13 => {
                Self::EncryptedExtensions(decode_extensions(r, ExtensionContext::EncryptedExtensions)?)
            }
            T::KEY_UPDATE if tls13 => Self::KeyUpdate { request_update: r.u8("key_update.request_update")? },
            T::COMPRESSED_CERTIFICATE if tls13 => Self::CompressedCertificate(Decode::decode(r)?),
            T::MESSAGE_HASH if tls13 => Self::MessageHash(r.rest().to_vec()),
            _ => Self::Unknown { typ, body: r.rest().to_vec() },
        })
    }

    pub fn typ(&self) -> HandshakeType {
        use HandshakeType as T;
        match self {
            Self::HelloRequest => T::HELLO_REQUEST,
            Self::ClientHello(_) => T::CLIENT_HELLO,
            Self::ServerHello(_) => T::SERVER_HELLO,
            Self::NewSessionTicket(_) => T::NEW_SESSION_TICKET,
            Self::EndOfEarlyData => T::END_OF_EARLY_DATA,
            Self::EncryptedExtensions(_) => T::ENCRYPTED_EXTENSIONS,
            Self::Certificate(_) => T::CERTIFICATE,
            Self::ServerKeyExchange(_) => T::SERVER_KEY_EXCHANGE,
            Self::CertificateRequest(_) => T::CERTIFICATE_REQUEST,
            Self::ServerHelloDone => T::SERVER_HELLO_DONE,
            Self::CertificateVerify(_) => T::CERTIFICATE_VERIFY,
            Self::ClientKeyExchange(_) => T::CLIENT_KEY_EXCHANGE,
            Self::Finished(_) => T::FINISHED,
            Self::CertificateStatus(_) => T::CERTIFICATE_STATUS,
            Self::KeyUpdate { .. } => T::KEY_UPDATE,
            Self::CompressedCertificate(_) => T::COMPRESSED_CERTIFICATE,
            Self::MessageHash(_) => T::MESSAGE_HASH,
            Self::Unknown { typ, .. } => *typ,
        }
    }

    /// Appends the message without its header.
    pub fn encode_body(&self, out: &mut Vec<u8>) {
        match self {
            Self::HelloRequest | Self::EndOfEarlyData | Self::ServerHelloDone => {}
            Self::ClientHello(hello) => hello.encode(out),
            Self::ServerHello(hello) => hello.encode(out),
            Self::NewSessionTicket(ticket) => ticket.encode(out),
            Self::EncryptedExtensions(extensions) => encode_extensions(extensions, out),
            Self::Certificate(certificate) => certificate.encode(out),
            Self::ServerKeyExchange(exchange) => exchange.encode(out),
            Self::CertificateRequest(request) => request.encode(out),
            Self::CertificateVerify(signed) => signed.encode(out),
            Self::ClientKeyExchange(exchange) => exchange.encode(out),
            Self::CertificateStatus(status) => status.encode(out),
            Self::KeyUpdate { request_update } => out.push(*request_update),
            Self::CompressedCertificate(compressed) => compressed.encode(out),
            Self::Finished(body) | Self::MessageHash(body) | Self::Unknown { body, .. } => {
                out.extend_from_slice(body);
            }
        }
    }

    /// Appends the message behind its four-byte header.
    pub fn encode_message(&self, out: &mut Vec<u8>) {
        self.typ().encode(out);
        put_vector(out, &BODY, |out| self.encode_body(out));
    }

    /// The message with its header, as a new vector.
    pub fn to_message_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode_message(&mut out);
        out
    }
}

/// Any handshake body, whatever its type.
const BODY: Bound = Bound::of(Prefix::U24, 0, MAX_HANDSHAKE_BODY, "handshake body");

/// The only body without an inner length whose size is known from outside.
fn finished(r: &mut Reader<'_>, version: ProtocolVersion) -> Result<Vec<u8>, DecodeError> {
    let (min, max) = match version {
        v if v <= ProtocolVersion::SSL3 => (bounds::FINISHED_SSL3, bounds::FINISHED_SSL3),
        v if v < ProtocolVersion::TLS1_2 => (bounds::FINISHED_MIN, bounds::FINISHED_MIN),
        v if v < ProtocolVersion::TLS1_3 => (bounds::FINISHED_MIN, bounds::FINISHED_MAX),
        _ => (bounds::FINISHED_TLS13_MIN, bounds::FINISHED_MAX),
    };
    let verify_data = r.rest();
    Bound::of(Prefix::U24, min, max, "finished.verify_data").check(verify_data.len())?;
    Ok(verify_data.to_vec())
}
