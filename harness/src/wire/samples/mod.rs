//! One table of messages and one of extensions: the bytes, written by hand, and the value that they mean.
//!
//! The tests of `wire` drive both tables; fuzz targets and other tests may start from them. Nothing in here is
//! random, and neither column is computed from the other.

mod extensions;
mod keys;
mod messages;

pub use extensions::extensions;
pub use messages::messages;

use super::extension::{Extension, ExtensionContext, ExtensionType};
use super::handshake::{Context, Handshake, HandshakeType, KeyExchangeShape};
use crate::registry::ProtocolVersion;

/// Where a body may be cut short and still be a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cuts {
    /// Nowhere: each prefix is an error.
    Never,
    /// Only at these lengths, for this reason.
    At(&'static [usize], &'static str),
    /// Anywhere, for this reason; also it may be longer.
    Anywhere(&'static str),
}

impl Cuts {
    pub fn allow(self, len: usize) -> bool {
        match self {
            Self::Never => false,
            Self::At(lengths, _) => lengths.contains(&len),
            Self::Anywhere(_) => true,
        }
    }
}

/// A handshake message as it stands in some versions.
#[derive(Debug, Clone)]
pub struct MessageSample {
    pub name: &'static str,
    pub typ: HandshakeType,
    pub versions: &'static [ProtocolVersion],
    pub key_exchange: KeyExchangeShape,
    pub body: Vec<u8>,
    pub message: Handshake,
    pub cuts: Cuts,
}

impl MessageSample {
    pub fn contexts(&self) -> impl Iterator<Item = Context> + '_ {
        self.versions.iter().map(|version| Context::new(*version).with_key_exchange(self.key_exchange))
    }
}

/// An extension's body as it stands in one message.
#[derive(Debug, Clone)]
pub struct ExtensionSample {
    pub context: ExtensionContext,
    pub typ: ExtensionType,
    pub body: Vec<u8>,
    pub extension: Extension,
    pub cuts: Cuts,
}

const SSL3: &[ProtocolVersion] = &[ProtocolVersion::SSL3];
const TLS13: &[ProtocolVersion] = &[ProtocolVersion::TLS1_3];
const TLS12: &[ProtocolVersion] = &[ProtocolVersion::TLS1_2];
const TLS10_TO_11: &[ProtocolVersion] = &[ProtocolVersion::TLS1_0, ProtocolVersion::TLS1_1];
const TLS10_TO_12: &[ProtocolVersion] =
    &[ProtocolVersion::TLS1_0, ProtocolVersion::TLS1_1, ProtocolVersion::TLS1_2];
const UP_TO_TLS11: &[ProtocolVersion] =
    &[ProtocolVersion::SSL3, ProtocolVersion::TLS1_0, ProtocolVersion::TLS1_1];
const UP_TO_TLS12: &[ProtocolVersion] =
    &[ProtocolVersion::SSL3, ProtocolVersion::TLS1_0, ProtocolVersion::TLS1_1, ProtocolVersion::TLS1_2];
const ALL: &[ProtocolVersion] = &ProtocolVersion::ALL;

/// The pairs of assigned type and version that have no sample, each with the reason.
pub const OMITTED: &[(HandshakeType, &[ProtocolVersion], &str)] = &[
    (HandshakeType::HELLO_REQUEST, TLS13, "TLS 1.3 has no renegotiation (RFC 8446 4.1.2)"),
    (HandshakeType::HELLO_VERIFY_REQUEST, ALL, "DTLS only (RFC 6347 4.2.1)"),
    (HandshakeType::NEW_SESSION_TICKET, SSL3, "tickets need an extension of TLS (RFC 5077)"),
    (HandshakeType::END_OF_EARLY_DATA, UP_TO_TLS12, "early data came with TLS 1.3"),
    (HandshakeType::HELLO_RETRY_REQUEST, ALL, "a draft's message; it became a ServerHello (RFC 8446 4.1.4)"),
    (HandshakeType::ENCRYPTED_EXTENSIONS, UP_TO_TLS12, "came with TLS 1.3"),
    (HandshakeType::REQUEST_CONNECTION_ID, ALL, "DTLS only (RFC 9147 9)"),
    (HandshakeType::NEW_CONNECTION_ID, ALL, "DTLS only (RFC 9147 9)"),
    (HandshakeType::SERVER_KEY_EXCHANGE, TLS13, "key_share took its place (RFC 8446 4.2.8)"),
    (HandshakeType::SERVER_HELLO_DONE, TLS13, "Finished took its place"),
    (HandshakeType::CLIENT_KEY_EXCHANGE, TLS13, "key_share took its place (RFC 8446 4.2.8)"),
    (
        HandshakeType::CLIENT_CERTIFICATE_REQUEST,
        ALL,
        "exported authenticators, never in a handshake (RFC 9261 4)",
    ),
    (HandshakeType::CERTIFICATE_URL, ALL, "no client in use sends it and TLS 1.3 forbids it (RFC 6066 5)"),
    (HandshakeType::CERTIFICATE_STATUS, SSL3, "status_request is an extension of TLS (RFC 6066 8)"),
    (HandshakeType::CERTIFICATE_STATUS, TLS13, "an extension of the certificate there (RFC 8446 4.4.2.1)"),
    (HandshakeType::SUPPLEMENTAL_DATA, ALL, "no stack in use sends it (RFC 4680)"),
    (HandshakeType::KEY_UPDATE, UP_TO_TLS12, "came with TLS 1.3"),
    (HandshakeType::COMPRESSED_CERTIFICATE, UP_TO_TLS12, "TLS 1.3 only (RFC 8879 2)"),
    (HandshakeType::EKT_KEY, ALL, "DTLS-SRTP only (RFC 8870 5)"),
    (HandshakeType::MESSAGE_HASH, UP_TO_TLS12, "belongs to HelloRetryRequest"),
];

const OTHER: KeyExchangeShape = KeyExchangeShape::Other;
const OPAQUE: &str = "the body has no structure that is read";

fn sample(
    name: &'static str,
    versions: &'static [ProtocolVersion],
    key_exchange: KeyExchangeShape,
    cuts: Cuts,
    body: &str,
    message: Handshake,
) -> MessageSample {
    MessageSample { name, typ: message.typ(), versions, key_exchange, body: hex(body), message, cuts }
}

/// The bytes that `text` spells; everything but hexadecimal digits is for the reader.
fn hex(text: &str) -> Vec<u8> {
    let digit = |c: char| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let digits: Vec<u8> = text.chars().filter_map(digit).collect();
    digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect()
}
