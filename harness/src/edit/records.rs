//! Changes of records: framing, type, version, single bytes. What stands in them is not looked into.

use crate::registry::ProtocolVersion;
use crate::wire::record::{CHANGE_CIPHER_SPEC_PAYLOAD, RECORD_HEADER_LEN};
use crate::wire::{ContentType, Encode};

use super::Change;

/// A record as it crosses: its payload may be longer than any that is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub content_type: ContentType,
    pub version: ProtocolVersion,
    pub payload: Vec<u8>,
}

impl Piece {
    pub fn write(&self, out: &mut Vec<u8>) {
        self.content_type.encode(out);
        self.version.encode(out);
        // Two bytes of length: nothing here makes a longer payload.
        let length = u16::try_from(self.payload.len()).unwrap_or(u16::MAX);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&self.payload[..usize::from(length)]);
    }
}

/// The same stream with one version in all record headers: it is none of the handshake ("MUST be ignored for all
/// purposes", RFC 8446 5.1), and some stacks do ignore it.
pub fn without_record_versions(stream: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (stream.to_vec(), 0);
    while let Some([_, major, minor, high, low]) = out.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        [*major, *minor] = ProtocolVersion::TLS1_2.to_be_bytes();
        at += RECORD_HEADER_LEN + usize::from(u16::from_be_bytes([*high, *low]));
    }
    out
}

/// One record on its way, with what is put before and behind it.
pub(super) struct Pieces {
    before: Vec<Piece>,
    current: Option<Piece>,
    after: Vec<Piece>,
}

impl Pieces {
    pub const fn of(record: Piece) -> Self {
        Self { before: Vec::new(), current: Some(record), after: Vec::new() }
    }

    /// Whether the change did anything. Swapping and merging are the lane's, which has the next record.
    pub fn change(&mut self, change: &Change) -> bool {
        let Some(record) = &mut self.current else { return false };
        match change {
            Change::Drop => {
                self.current = None;
                true
            }
            Change::Duplicate => {
                self.after.insert(0, record.clone());
                true
            }
            Change::Split(bytes) => {
                let at = usize::from(*bytes);
                if at == 0 || at >= record.payload.len() {
                    return false;
                }
                let payload = record.payload.split_off(at);
                self.after.insert(0, Piece { payload, ..*record });
                true
            }
            Change::Truncate(bytes) => {
                let is_longer = record.payload.len() > usize::from(*bytes);
                record.payload.truncate(usize::from(*bytes));
                is_longer
            }
            Change::Oversize(bytes) => {
                let is_shorter = record.payload.len() < usize::from(*bytes);
                record.payload.resize(record.payload.len().max(usize::from(*bytes)), 0);
                is_shorter
            }
            Change::Retype(typ) => std::mem::replace(&mut record.content_type, *typ) != *typ,
            Change::SetVersion(version) => std::mem::replace(&mut record.version, *version) != *version,
            Change::Xor { offset, mask } => match record.payload.get_mut(usize::from(*offset)) {
                Some(byte) => {
                    *byte ^= mask;
                    *mask != 0
                }
                None => false,
            },
            Change::InjectChangeCipherSpec => {
                self.inject(ContentType::CHANGE_CIPHER_SPEC, CHANGE_CIPHER_SPEC_PAYLOAD.to_vec())
            }
            Change::InjectAlert(alert) => {
                let mut payload = Vec::new();
                alert.encode(&mut payload);
                self.inject(ContentType::ALERT, payload)
            }
            Change::InjectHandshake(bytes) => self.inject(ContentType::HANDSHAKE, bytes.clone()),
            _ => false,
        }
    }

    fn inject(&mut self, content_type: ContentType, payload: Vec<u8>) -> bool {
        let version = self.current.as_ref().map_or(ProtocolVersion::TLS1_2, |record| record.version);
        self.before.push(Piece { content_type, version, payload });
        true
    }

    pub fn into_line(self) -> Vec<Piece> {
        self.before.into_iter().chain(self.current).chain(self.after).collect()
    }
}
