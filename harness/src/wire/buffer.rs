//! Bytes that wait for the rest of their unit, shared by both deframers.

use super::bounds::{MAX_BUFFERED, MAX_RECORD_PAYLOAD};
use super::codec::DecodeError;
use super::record::RECORD_HEADER_LEN;

/// Memory that an empty buffer may keep: two full records, little enough for thousands of idle connections.
const IDLE_CAPACITY: usize = 2 * (RECORD_HEADER_LEN + MAX_RECORD_PAYLOAD);

/// A queue of at most [`MAX_BUFFERED`] bytes. What does not fit is dropped and remembered as an overflow.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    /// Where the unread part begins: taking moves this, pushing moves the bytes.
    start: usize,
    overflowed: bool,
}

impl Buffer {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.overflowed {
            return; // What follows a gap must not be joined to what came before it.
        }
        self.bytes.drain(..self.start);
        self.start = 0;
        let room = MAX_BUFFERED - self.bytes.len();
        self.overflowed = bytes.len() > room;
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    pub(super) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// Marks the first `n` unread bytes as read.
    pub(super) fn consume(&mut self, n: usize) {
        self.start = (self.start + n).min(self.bytes.len());
        if self.start == self.bytes.len() {
            self.bytes.clear();
            self.bytes.shrink_to(IDLE_CAPACITY);
            self.start = 0;
        }
    }

    /// An error once bytes were lost: asked when the unread part is no whole unit any more.
    pub(super) fn check_overflow(&self, what: &'static str) -> Result<(), DecodeError> {
        if self.overflowed {
            Err(DecodeError::TooLong { what, len: MAX_BUFFERED + 1, max: MAX_BUFFERED })
        } else {
            Ok(())
        }
    }

    /// Forgets everything: after an error nothing behind it has a meaning.
    pub(super) fn discard(&mut self) {
        self.bytes = Vec::new();
        self.start = 0;
    }
}
