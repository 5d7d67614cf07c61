//! Changes of whole handshake messages in the clear, header included.

use crate::registry::ProtocolVersion;
use crate::wire::HandshakeType;
use crate::wire::handshake::HANDSHAKE_HEADER_LEN;

use super::editor::{Fate, Shared};
use super::{Change, Sender, hello};

/// Type and whole length (header included) of the message that begins here; `None` if its header is not whole.
pub(super) fn header(payload: &[u8]) -> Option<(HandshakeType, usize)> {
    let &[typ, a, b, c] = payload.first_chunk::<HANDSHAKE_HEADER_LEN>()?;
    // Lossless: a uint24 fits usize wherever std has 32-bit pointers or wider.
    Some((HandshakeType(typ), HANDSHAKE_HEADER_LEN + u32::from_be_bytes([0, a, b, c]) as usize))
}

/// Messages that wait for the next one in their direction, to be sent behind it.
#[derive(Debug)]
pub(super) struct Waiting {
    pub bytes: Vec<u8>,
    /// The edit that holds them back.
    pub edit: usize,
    /// Of the record that they came in.
    pub version: ProtocolVersion,
}

impl Waiting {
    pub fn take(&mut self) -> Self {
        Self { bytes: std::mem::take(&mut self.bytes), ..*self }
    }
}

/// Applies all edits of one message and appends what comes of it. Gives the version that a changed ServerHello asks for
/// its record.
pub(super) fn pass(
    message: &[u8],
    typ: HandshakeType,
    sender: Sender,
    shared: &mut Shared,
    waiting: &mut Waiting,
    out: &mut Vec<u8>,
) -> Option<ProtocolVersion> {
    let mut record_version = None;
    let mut current = Some(message.to_vec());
    let mut behind = Vec::new();
    let mut is_swapped = false;
    for edit in shared.edits_of_next(typ) {
        let fate = match (&mut current, shared.change(edit)) {
            (None, _) => Fate::NoEffect,
            (Some(_), Change::Drop) => {
                current = None;
                Fate::Applied
            }
            (Some(bytes), Change::Duplicate) => {
                behind.extend_from_slice(bytes);
                Fate::Applied
            }
            (Some(_), Change::Swap) => {
                is_swapped = true;
                waiting.edit = edit;
                Fate::Applied
            }
            (Some(bytes), Change::Replay(other)) => replace(bytes, Some(other.clone())),
            (Some(bytes), change) => {
                let rewritten = hello::rewrite(bytes, change);
                if let Change::SetVersion(version) = change
                    && typ == HandshakeType::SERVER_HELLO
                    && rewritten.is_some()
                {
                    record_version = Some((*version).min(ProtocolVersion::TLS1_2));
                }
                replace(bytes, rewritten)
            }
        };
        shared.decide(edit, fate);
    }
    if typ == HandshakeType::SERVER_HELLO {
        shared.note_server_hello(sender, message, current.as_deref());
    }
    let line = [current.unwrap_or_default(), behind].concat();
    if is_swapped {
        // What waits already goes behind the next one, too.
        let earlier = std::mem::take(&mut waiting.bytes);
        waiting.bytes = [line, earlier].concat();
    } else {
        out.extend_from_slice(&line);
        out.append(&mut waiting.bytes);
    }
    record_version
}

fn replace(bytes: &mut Vec<u8>, new: Option<Vec<u8>>) -> Fate {
    match new {
        None => Fate::Unreadable,
        Some(new) if new == *bytes => Fate::NoEffect,
        Some(new) => {
            *bytes = new;
            Fate::Applied
        }
    }
}
