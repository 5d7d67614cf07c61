//! Handshake messages out of the payloads of handshake records.

use super::HandshakeType;
use crate::wire::bounds::MAX_HANDSHAKE_BODY;
use crate::wire::buffer::Buffer;
use crate::wire::codec::DecodeError;

/// Type and 24-bit length.
pub const HANDSHAKE_HEADER_LEN: usize = 4;

/// Joins handshake fragments and cuts them into messages (RFC 8446 5.1): a message may span records, and a
/// record may hold several.
///
/// A message whose stated length is above [`MAX_HANDSHAKE_BODY`] is refused at its header. Errors are final.
#[derive(Debug, Default)]
pub struct HandshakeDeframer {
    buffer: Buffer,
    failed: Option<DecodeError>,
}

impl HandshakeDeframer {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the decrypted payload of one handshake record.
    pub fn push(&mut self, payload: &[u8]) {
        if self.failed.is_none() {
            self.buffer.push(payload);
        }
    }

    /// The next whole message without its header, or `None` if more bytes are needed.
    #[expect(clippy::should_implement_trait, reason = "None means not yet, so this is no Iterator")]
    pub fn next(&mut self) -> Result<Option<(HandshakeType, Vec<u8>)>, DecodeError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.try_next().inspect_err(|error| {
            self.failed = Some(*error);
            self.buffer.discard();
        })
    }

    /// What was pushed and is not part of a whole message yet. TLS 1.3 forbids any before a key change.
    pub fn pending(&self) -> &[u8] {
        self.buffer.unread()
    }

    fn try_next(&mut self) -> Result<Option<(HandshakeType, Vec<u8>)>, DecodeError> {
        let unread = self.buffer.unread();
        if let Some((&[typ, a, b, c], rest)) = unread.split_first_chunk::<HANDSHAKE_HEADER_LEN>() {
            // Lossless: a uint24 fits usize wherever std has 32-bit pointers or wider.
            let len = u32::from_be_bytes([0, a, b, c]) as usize;
            if len > MAX_HANDSHAKE_BODY {
                return Err(DecodeError::TooLong { what: "handshake body", len, max: MAX_HANDSHAKE_BODY });
            }
            if let Some(body) = rest.get(..len) {
                let message = (HandshakeType(typ), body.to_vec());
                self.buffer.consume(HANDSHAKE_HEADER_LEN + len);
                return Ok(Some(message));
            }
        }
        self.buffer.check_overflow("buffered handshake messages")?;
        Ok(None)
    }
}
