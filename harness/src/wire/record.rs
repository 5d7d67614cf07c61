//! The record layer's framing (RFC 8446 5.1, RFC 5246 6.2.1, RFC 6101 5.2). Payloads are not looked into.

use std::fmt;

use super::bounds::{Bound, Prefix};
pub use super::bounds::{MAX_BUFFERED, MAX_PLAINTEXT, MAX_RECORD_PAYLOAD};
use super::buffer::Buffer;
use super::codec::{Decode, DecodeError, Encode, Reader, Start, code_point_codec, put_bytes};
use crate::registry::ProtocolVersion;

/// What a record carries (IANA "TLS ContentType").
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentType(pub u8);

impl ContentType {
    pub const CHANGE_CIPHER_SPEC: Self = Self(20);
    pub const ALERT: Self = Self(21);
    pub const HANDSHAKE: Self = Self(22);
    pub const APPLICATION_DATA: Self = Self(23);
    pub const HEARTBEAT: Self = Self(24);

    /// The name in IANA's registry, for the types that TLS over TCP uses.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::CHANGE_CIPHER_SPEC => "change_cipher_spec",
            Self::ALERT => "alert",
            Self::HANDSHAKE => "handshake",
            Self::APPLICATION_DATA => "application_data",
            Self::HEARTBEAT => "heartbeat",
            _ => return None,
        })
    }

    /// Whether IANA keeps this value for TLS, assigned or not (RFC 7983 7).
    const fn belongs_to_tls(self) -> bool {
        20 <= self.0 && self.0 <= 63
    }
}

impl fmt::Display for ContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{:#04X}", self.0),
        }
    }
}

impl fmt::Debug for ContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

code_point_codec! { ContentType(u8) "content type", }

/// Type, version and length.
pub const RECORD_HEADER_LEN: usize = 5;

/// The whole payload of a ChangeCipherSpec record (RFC 5246 7.1).
pub const CHANGE_CIPHER_SPEC_PAYLOAD: [u8; 1] = [1];

/// Two bytes of length that no valid record exceeds.
const PAYLOAD: Bound = Bound::of(Prefix::U16, 0, MAX_RECORD_PAYLOAD, "record payload");

/// One record, in the clear or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub content_type: ContentType,
    pub version: ProtocolVersion,
    pub payload: Vec<u8>,
}

impl Encode for Record {
    fn encode(&self, out: &mut Vec<u8>) {
        put_record(self.content_type, self.version, &self.payload, out);
    }
}

impl Decode for Record {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            content_type: ContentType::decode(r)?,
            version: ProtocolVersion::decode(r)?,
            payload: r.bytes(&PAYLOAD)?,
        })
    }
}

/// Appends `payload` as as many records as it needs. An empty payload is one empty record.
pub fn write_records(content_type: ContentType, version: ProtocolVersion, payload: &[u8], out: &mut Vec<u8>) {
    if payload.is_empty() {
        put_record(content_type, version, payload, out);
    }
    for fragment in payload.chunks(MAX_PLAINTEXT) {
        put_record(content_type, version, fragment, out);
    }
}

fn put_record(content_type: ContentType, version: ProtocolVersion, payload: &[u8], out: &mut Vec<u8>) {
    content_type.encode(out);
    version.encode(out);
    put_bytes(out, &PAYLOAD, payload);
}

/// Cuts one direction of a byte stream into records.
///
/// A header is refused as soon as the bytes that condemn it are there. Errors are final: there is no way back
/// into step with a stream whose framing is broken.
#[derive(Debug, Default)]
pub struct RecordDeframer {
    buffer: Buffer,
    /// Whether a record came before: SSL 2 framing is only possible at the start (RFC 5246 E.2).
    started: bool,
    failed: Option<DecodeError>,
}

impl RecordDeframer {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds bytes as they came from the peer. Beyond [`MAX_BUFFERED`] unread ones they are lost, and [`next`]
    /// says so after the records before the gap.
    ///
    /// [`next`]: Self::next
    pub fn push(&mut self, bytes: &[u8]) {
        if self.failed.is_none() {
            self.buffer.push(bytes);
        }
    }

    /// The next whole record, or `None` if more bytes are needed.
    #[expect(clippy::should_implement_trait, reason = "None means not yet, so this is no Iterator")]
    pub fn next(&mut self) -> Result<Option<Record>, DecodeError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.try_next().inspect_err(|error| {
            self.failed = Some(*error);
            self.buffer.discard();
        })
    }

    /// What was pushed and is not part of a record yet. At the end of a stream it is a truncated record.
    pub fn pending(&self) -> &[u8] {
        self.buffer.unread()
    }

    fn try_next(&mut self) -> Result<Option<Record>, DecodeError> {
        let unread = self.buffer.unread();
        check_start(unread, self.started)?;
        let Some(header) = unread.first_chunk::<RECORD_HEADER_LEN>() else {
            self.buffer.check_overflow("buffered records")?;
            return Ok(None);
        };
        let [content_type, major, minor, high, low] = *header;
        let len = usize::from(u16::from_be_bytes([high, low]));
        PAYLOAD.check(len)?;
        let Some(payload) = unread[RECORD_HEADER_LEN..].get(..len) else {
            self.buffer.check_overflow("buffered records")?;
            return Ok(None);
        };
        let record = Record {
            content_type: ContentType(content_type),
            version: ProtocolVersion(u16::from_be_bytes([major, minor])),
            payload: payload.to_vec(),
        };
        self.buffer.consume(RECORD_HEADER_LEN + len);
        self.started = true;
        Ok(Some(record))
    }
}

/// Refuses what cannot become a record header, judging by as many bytes as there are.
fn check_start(unread: &[u8], started: bool) -> Result<(), DecodeError> {
    let not_tls = Err(DecodeError::NotTls { start: Start::of(unread) });
    match *unread {
        [] => Ok(()),
        // SSL 2: a length of 15 bits behind a set bit, then message type 1, then the highest version.
        [first, ..] if first & 0x80 != 0 && !started => match unread[1..] {
            [_, 1, major @ (0 | 3), minor, ..] => {
                Err(DecodeError::Sslv2ClientHello { version: u16::from_be_bytes([major, minor]) })
            }
            [] | [_] | [_, 1] | [_, 1, 0 | 3] => Ok(()),
            _ => not_tls,
        },
        [first, ..] if !ContentType(first).belongs_to_tls() => not_tls,
        [_, major, ..] if major != 3 => not_tls,
        _ => Ok(()),
    }
}
