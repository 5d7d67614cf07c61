//! Both deframers: fragmentation changes nothing, arbitrary bytes never panic, memory stays bounded.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::registry::ProtocolVersion;
use crate::wire::codec::{Decode, DecodeError, Encode, Start};
use crate::wire::handshake::{HANDSHAKE_HEADER_LEN, HandshakeDeframer, HandshakeType, MAX_HANDSHAKE_BODY};
use crate::wire::record::{
    ContentType, MAX_BUFFERED, MAX_PLAINTEXT, MAX_RECORD_PAYLOAD, RECORD_HEADER_LEN, Record, RecordDeframer,
    write_records,
};

const TLS12: ProtocolVersion = ProtocolVersion::TLS1_2;

fn first_of(bytes: &[u8]) -> Result<Option<Record>, DecodeError> {
    let mut deframer = RecordDeframer::new();
    deframer.push(bytes);
    deframer.next()
}

/// Whole records, in pieces as cut at `cuts`.
fn records_in_pieces(bytes: &[u8], cuts: &[usize]) -> Result<Vec<Record>, DecodeError> {
    let mut deframer = RecordDeframer::new();
    let mut records = Vec::new();
    for piece in pieces(bytes, cuts) {
        deframer.push(piece);
        while let Some(record) = deframer.next()? {
            records.push(record);
        }
    }
    Ok(records)
}

fn pieces<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    ends.push(bytes.len());
    ends.sort_unstable();
    let mut start = 0;
    ends.into_iter().map(|end| &bytes[std::mem::replace(&mut start, end)..end]).collect()
}

fn any_record() -> impl Strategy<Value = Record> {
    (20_u8..64, 0_u8..=255, vec(any::<u8>(), 0..40)).prop_map(|(content_type, minor, payload)| Record {
        content_type: ContentType(content_type),
        version: ProtocolVersion(0x0300 | u16::from(minor)),
        payload,
    })
}

proptest! {
    #[test]
    fn records_come_out_as_they_went_in_however_the_stream_is_cut(
        records in vec(any_record(), 0..8),
        cuts in vec(any::<usize>(), 0..12),
    ) {
        let mut stream = Vec::new();
        records.iter().for_each(|record| record.encode(&mut stream));
        prop_assert_eq!(records_in_pieces(&stream, &cuts), Ok(records));
    }

    #[test]
    fn a_stream_of_arbitrary_bytes_ends_the_same_way_however_it_is_cut(
        bytes in vec(prop_oneof![Just(0x16), Just(3), Just(0), Just(1), Just(0x80), any::<u8>()], 0..64),
        cuts in vec(any::<usize>(), 0..12),
    ) {
        let whole = records_in_pieces(&bytes, &[]);
        let cut = records_in_pieces(&bytes, &cuts);
        // Where it fails, a shorter first piece may show less of the offending bytes, and nothing else differs.
        match (whole, cut) {
            (Err(DecodeError::NotTls { .. }), Err(DecodeError::NotTls { .. })) => {}
            (whole, cut) => prop_assert_eq!(whole, cut),
        }
    }

    #[test]
    fn handshake_messages_come_out_as_they_went_in_however_they_are_fragmented(
        messages in vec((any::<u8>(), vec(any::<u8>(), 0..40)), 0..8),
        cuts in vec(any::<usize>(), 0..12),
    ) {
        let mut stream = Vec::new();
        for (typ, body) in &messages {
            stream.extend_from_slice(&[*typ, 0, 0, u8::try_from(body.len()).unwrap()]);
            stream.extend_from_slice(body);
        }
        let mut deframer = HandshakeDeframer::new();
        let mut found = Vec::new();
        for piece in pieces(&stream, &cuts) {
            deframer.push(piece);
            while let Some((typ, body)) = deframer.next().unwrap() {
                found.push((typ.0, body));
            }
        }
        prop_assert_eq!(found, messages);
        prop_assert!(deframer.pending().is_empty());
    }

    #[test]
    fn arbitrary_handshake_bytes_never_panic_and_never_pile_up(
        pushes in vec((vec(prop_oneof![4 => Just(0_u8), 1 => any::<u8>()], 0..8), 0_usize..200_000), 0..12),
        drain in any::<bool>(),
    ) {
        let mut deframer = HandshakeDeframer::new();
        for (head, padding) in pushes {
            deframer.push(&head);
            deframer.push(&vec![0x2A; padding]);
            while drain && matches!(deframer.next(), Ok(Some(_))) {}
            prop_assert!(deframer.pending().len() <= MAX_BUFFERED);
            if drain {
                prop_assert!(deframer.pending().len() <= MAX_HANDSHAKE_BODY + HANDSHAKE_HEADER_LEN);
            }
        }
    }
}

#[test]
fn plain_http_is_no_tls_and_the_error_shows_it() {
    let start = Start::of(b"GET / HTTP/1.1\r\n");
    assert_eq!(first_of(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), Err(DecodeError::NotTls { start }));
    assert!(matches!(first_of(b"G"), Err(DecodeError::NotTls { .. })));
    assert!(matches!(first_of(&[0x16, 0x02]), Err(DecodeError::NotTls { .. })));
}

#[test]
fn a_first_byte_outside_20_to_63_is_refused_at_once_unless_ssl2_may_follow() {
    for first in 0..=255 {
        match (first, first_of(&[first])) {
            (20..=63 | 128.., Ok(None)) | (0..=19 | 64..=127, Err(DecodeError::NotTls { .. })) => {}
            (_, other) => panic!("{first}: {other:?}"),
        }
    }
}

#[test]
fn plain_http_after_a_record_is_no_tls_either() {
    let mut deframer = RecordDeframer::new();
    deframer.push(&[21, 3, 3, 0, 2, 2, 40]);
    deframer.push(b"GET / HTTP/1.1\r\n");
    assert!(matches!(deframer.next(), Ok(Some(_))));
    assert_eq!(deframer.next(), Err(DecodeError::NotTls { start: Start::of(b"GET / HTTP/1.1\r\n") }));
}

#[test]
fn an_ssl2_client_hello_is_told_from_other_bytes_by_its_first_four() {
    // Length 46, client_hello, version 3.1: what OpenSSL 0.9.8 sent by default.
    let hello = [0x80, 0x2E, 0x01, 0x03, 0x01, 0x00, 0x15];
    assert_eq!(first_of(&hello), Err(DecodeError::Sslv2ClientHello { version: 0x0301 }));
    assert_eq!(
        first_of(&[0x80, 0x2E, 0x01, 0x00, 0x02]),
        Err(DecodeError::Sslv2ClientHello { version: 0x0002 })
    );
    for len in 0..5 {
        assert_eq!(first_of(&hello[..len]), Ok(None), "{len}");
    }
    assert!(matches!(first_of(&[0x80, 0x2E, 0x02]), Err(DecodeError::NotTls { .. })));
    assert!(matches!(first_of(&[0x80, 0x2E, 0x01, 0x04]), Err(DecodeError::NotTls { .. })));
}

#[test]
fn ssl2_framing_is_not_looked_for_after_the_first_record() {
    let mut deframer = RecordDeframer::new();
    deframer.push(&[21, 3, 3, 0, 2, 2, 40, 0x80, 0x2E, 0x01, 0x03, 0x01]);
    assert!(matches!(deframer.next(), Ok(Some(_))));
    assert!(matches!(deframer.next(), Err(DecodeError::NotTls { .. })));
}

#[test]
fn a_record_is_refused_at_its_header_when_it_is_too_long() {
    let longest = u16::try_from(MAX_RECORD_PAYLOAD).unwrap();
    let header = |len: u16| [&[23, 3, 3], len.to_be_bytes().as_slice()].concat();
    assert_eq!(first_of(&header(longest)), Ok(None));
    assert_eq!(
        first_of(&header(longest + 1)),
        Err(DecodeError::TooLong { what: "record payload", len: 18433, max: 18432 })
    );
}

#[test]
fn an_unknown_content_type_and_an_empty_payload_are_kept() {
    let record = first_of(&[0x3F, 3, 0x7F, 0, 0]).unwrap().unwrap();
    assert_eq!((record.content_type.0, record.version.0, record.payload.len()), (0x3F, 0x037F, 0));
    assert_eq!(record.to_bytes(), [0x3F, 3, 0x7F, 0, 0]);
}

#[test]
fn an_error_is_final() {
    let mut deframer = RecordDeframer::new();
    deframer.push(b"GET ");
    let error = deframer.next().unwrap_err();
    deframer.push(&[21, 3, 3, 0, 2, 2, 40]);
    assert_eq!(deframer.next(), Err(error));
    assert!(deframer.pending().is_empty());
}

#[test]
fn what_was_not_drained_is_kept_up_to_a_cap_and_then_reported_after_the_last_whole_record() {
    let record =
        Record { content_type: ContentType::APPLICATION_DATA, version: TLS12, payload: vec![7; 16384] };
    let bytes = record.to_bytes();
    let fit = MAX_BUFFERED / bytes.len();
    let mut deframer = RecordDeframer::new();
    for _ in 0..fit + 5 {
        deframer.push(&bytes);
        assert!(deframer.pending().len() <= MAX_BUFFERED);
    }
    for _ in 0..fit {
        assert_eq!(deframer.next(), Ok(Some(record.clone())));
    }
    deframer.push(&bytes); // Must not be glued to the part before the gap.
    let error = DecodeError::TooLong { what: "buffered records", len: 1_048_577, max: 1_048_576 };
    assert_eq!(deframer.next(), Err(error));
}

#[test]
fn a_long_payload_is_split_at_the_largest_plaintext() {
    let payload: Vec<u8> = (0..=255).cycle().take(2 * MAX_PLAINTEXT + 1).collect();
    let mut out = Vec::new();
    write_records(ContentType::HANDSHAKE, TLS12, &payload, &mut out);
    assert_eq!(out.len(), 3 * RECORD_HEADER_LEN + payload.len());
    assert_eq!(out[..5], [22, 3, 3, 0x40, 0x00]);
    let records = records_in_pieces(&out, &[]).unwrap();
    assert_eq!(records.iter().map(|r| r.payload.len()).collect::<Vec<_>>(), [16384, 16384, 1]);
    assert_eq!(records.into_iter().flat_map(|r| r.payload).collect::<Vec<_>>(), payload);
}

#[test]
fn no_payload_is_one_empty_record() {
    let mut out = Vec::new();
    write_records(ContentType::APPLICATION_DATA, ProtocolVersion::TLS1_0, &[], &mut out);
    assert_eq!(out, [23, 3, 1, 0, 0]);
}

#[test]
fn a_single_record_cut_short_is_an_error() {
    let bytes = [21, 3, 3, 0, 2, 2, 40];
    for len in 0..bytes.len() {
        let decoded = Record::decode_all(&bytes[..len], "record");
        assert!(matches!(decoded, Err(DecodeError::Truncated { .. })), "{len}");
    }
    assert!(Record::decode_all(&bytes, "record").is_ok());
}

#[test]
fn a_handshake_message_is_refused_at_its_header_when_it_is_too_long() {
    let header = |len: u32| [&[11], &len.to_be_bytes()[1..]].concat();
    let mut deframer = HandshakeDeframer::new();
    deframer.push(&header(262_144));
    assert_eq!(deframer.next(), Ok(None));
    let mut deframer = HandshakeDeframer::new();
    deframer.push(&header(262_145));
    let error = DecodeError::TooLong { what: "handshake body", len: 262_145, max: 262_144 };
    assert_eq!(deframer.next(), Err(error));
    deframer.push(&[14, 0, 0, 0]);
    assert_eq!(deframer.next(), Err(error));
}

#[test]
fn the_largest_client_hello_of_the_grammar_fits() {
    // version, random, session id, suites, compression methods, extensions: each with its prefix and at its end.
    let largest = 2 + 32 + (1 + 32) + (2 + 0xFFFE) + (1 + 0xFF) + (2 + 0xFFFF);
    assert_eq!(largest, 131_396);
    let mut deframer = HandshakeDeframer::new();
    deframer.push(&[1, 0x02, 0x01, 0x44]);
    deframer.push(&vec![0; largest]);
    assert_eq!(deframer.next(), Ok(Some((HandshakeType::CLIENT_HELLO, vec![0; largest]))));
}
