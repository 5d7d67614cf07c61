//! What of a byte stream the two ends of a handshake have to agree on.

use crate::edit::without_record_versions;
use crate::wire::{Alert, AlertLevel, ContentType, HandshakeDeframer, HandshakeType, RecordDeframer};

/// A part of a stream that no honest end takes another for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Message(HandshakeType, Vec<u8>),
    /// Up to TLS 1.2: a ChangeCipherSpec.
    Keys,
    FatalAlert,
    Protected(Vec<u8>),
    /// No message, no record.
    Broken(Vec<u8>),
}

/// The parts of one direction. How messages in the clear are cut into records is none of it (RFC 8446 5.1), nor are
/// versions in record headers, warnings, HelloRequests (RFC 5246 7.4.1.1) and, in TLS 1.3, ChangeCipherSpecs (RFC 8446
/// 5).
pub(super) fn parts(bytes: &[u8], is_tls13: bool) -> Vec<Part> {
    let (mut records, mut messages) = (RecordDeframer::new(), HandshakeDeframer::new());
    records.push(&without_record_versions(bytes));
    let (mut parts, mut is_protected) = (Vec::new(), false);
    loop {
        let record = match records.next() {
            Ok(Some(record)) => record,
            Ok(None) => break,
            Err(_) => {
                parts.push(Part::Broken(bytes.to_vec()));
                return parts;
            }
        };
        match record.content_type {
            ContentType::CHANGE_CIPHER_SPEC if is_tls13 => {}
            ContentType::APPLICATION_DATA => {
                is_protected = true;
                parts.push(Part::Protected(record.payload));
            }
            _ if is_protected => parts.push(Part::Protected(record.payload)),
            ContentType::HANDSHAKE => {
                messages.push(&record.payload);
                while let Ok(Some((typ, body))) = messages.next() {
                    if typ != HandshakeType::HELLO_REQUEST {
                        parts.push(Part::Message(typ, body));
                    }
                }
            }
            ContentType::CHANGE_CIPHER_SPEC => {
                is_protected = true;
                parts.push(Part::Keys);
            }
            ContentType::ALERT => {
                if Alert::parse(&record.payload).is_ok_and(|alert| alert.level == AlertLevel::FATAL) {
                    parts.push(Part::FatalAlert);
                }
            }
            _ => parts.push(Part::Broken(record.payload)),
        }
    }
    if !messages.pending().is_empty() {
        parts.push(Part::Broken(messages.pending().to_vec()));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const DONE: [u8; 4] = [14, 0, 0, 0];
    const HELLO_REQUEST: [u8; 4] = [0, 0, 0, 0];
    const CHANGE: [u8; 6] = [20, 3, 3, 0, 1, 1];

    fn record(typ: u8, payload: &[u8]) -> Vec<u8> {
        [&[typ, 3, 3, 0, u8::try_from(payload.len()).unwrap()], payload].concat()
    }

    #[test]
    fn what_no_end_has_to_notice_is_no_part() {
        let plain = parts(&record(22, &DONE), false);
        assert_eq!(plain, [Part::Message(HandshakeType(14), Vec::new())]);
        let cut = [record(22, &DONE[..1]), record(22, &DONE[1..])].concat();
        let asked = [record(22, &HELLO_REQUEST), record(22, &DONE)].concat();
        let warned = [record(21, &[1, 90]), record(22, &DONE)].concat();
        let [mut old, mut odd] = [record(22, &DONE), record(22, &DONE)];
        old[2] = 1;
        odd[1] = 0x40;
        for same in [cut, asked, warned, old, odd] {
            assert_eq!(parts(&same, false), plain, "{same:02x?}");
        }
        assert_eq!(parts(&[&CHANGE, &record(22, &DONE)[..]].concat(), true), plain);
    }

    #[test]
    fn what_an_end_has_to_notice_is_a_part() {
        let plain = parts(&record(22, &DONE), false);
        let twice = record(22, &[DONE, DONE].concat());
        let other = record(22, &[13, 0, 0, 0]);
        let torn = record(22, &[14, 0, 0]);
        let fatal = [record(21, &[2, 40]), record(22, &DONE)].concat();
        let keys = [&CHANGE, &record(22, &DONE)[..]].concat();
        let retyped = record(23, &DONE);
        let broken = b"HTTP/1.1 400 Bad Request".to_vec();
        for differs in [twice, other, torn, fatal, keys, retyped, broken, Vec::new()] {
            assert_ne!(parts(&differs, false), plain, "{differs:02x?}");
        }
        // Behind keys nothing can be told from anything.
        let protected = [&CHANGE, &record(22, &HELLO_REQUEST)[..]].concat();
        assert_eq!(parts(&protected, false), [Part::Keys, Part::Protected(HELLO_REQUEST.to_vec())]);
    }
}
