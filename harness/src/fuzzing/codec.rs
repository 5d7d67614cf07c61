//! The codecs: bytes in, and typed messages in.

use std::sync::OnceLock;

use crate::registry::ProtocolVersion;
use crate::wire::bounds::{MAX_BUFFERED, MAX_RECORD_PAYLOAD};
use crate::wire::record::write_records;
use crate::wire::samples::{ExtensionSample, MessageSample, extensions, messages};
use crate::wire::{
    Alert, ContentType, Context, Encode, Extension, ExtensionContext, ExtensionType, Handshake,
    HandshakeDeframer, KeyExchangeShape, Record, RecordDeframer,
};

use super::Seen;
use super::draw::Draw;
use super::hello::{Scope, client_hello, everything};

const SHAPES: [KeyExchangeShape; 6] = [
    KeyExchangeShape::Other,
    KeyExchangeShape::Rsa,
    KeyExchangeShape::Dhe { signed: true },
    KeyExchangeShape::Dhe { signed: false },
    KeyExchangeShape::Ecdhe { signed: true },
    KeyExchangeShape::Ecdhe { signed: false },
];

/// Every decoder over the same kinds of bytes: what is read has to be written as it came.
pub(super) fn bytes(input: &[u8]) -> Seen {
    let mut draw = Draw::new(input);
    let kind = draw.byte();
    let settings = draw.byte();
    let version = ProtocolVersion::ALL[usize::from(settings & 0x0F) % ProtocolVersion::ALL.len()];
    let context = Context::new(version).with_key_exchange(SHAPES[usize::from(settings >> 4) % SHAPES.len()]);
    match kind % 4 {
        0 => stream(draw.rest(), &context, usize::from(settings)),
        1 => message(draw.rest(), &context),
        2 => {
            let typ = ExtensionType(draw.word());
            let place = ExtensionContext::ALL[usize::from(settings) % ExtensionContext::ALL.len()];
            extension(typ, draw.rest(), place)
        }
        _ => alert(draw.rest()),
    }
}

/// The settings byte of a context.
pub(super) fn settings(context: &Context) -> u8 {
    let version = ProtocolVersion::ALL.iter().position(|one| *one == context.version);
    let shape = SHAPES.iter().position(|one| *one == context.key_exchange);
    // Both tables are shorter than sixteen.
    u8::try_from(version.unwrap_or(0) | shape.unwrap_or(0) << 4).unwrap_or(0)
}

/// A stream of records and the messages in it, cut in two in a place of the fuzzer's.
fn stream(bytes: &[u8], context: &Context, cut: usize) -> Seen {
    let (whole, whole_error) = records(&[bytes]);
    let at = cut.min(bytes.len());
    let (cut, cut_error) = records(&[&bytes[..at], &bytes[at..]]);
    assert!(
        whole == cut && whole_error == cut_error,
        "ORACLE cut: records differ by how the bytes arrive (cut at {at})"
    );
    let mut written = Vec::new();
    whole.iter().for_each(|record| record.encode(&mut written));
    assert!(bytes.starts_with(&written), "ORACLE round-trip: records are written otherwise than they came");
    let mut deframer = HandshakeDeframer::new();
    let mut read = 0;
    for record in &whole {
        assert!(record.payload.len() <= MAX_RECORD_PAYLOAD, "ORACLE bound: a record above its bound");
        if record.content_type != ContentType::HANDSHAKE {
            continue;
        }
        deframer.push(&record.payload);
        assert!(deframer.pending().len() <= MAX_BUFFERED, "ORACLE bound: more is held than may be");
        while let Ok(Some((typ, body))) = deframer.next() {
            read += 1;
            if let Ok(decoded) = Handshake::decode(typ, &body, context) {
                let mut again = Vec::new();
                decoded.encode_body(&mut again);
                assert_eq!(again, body, "ORACLE round-trip: {typ} in a stream");
            }
        }
    }
    Seen::new(format_args!("{} records, {read} messages, error {whole_error}", whole.len()))
}

fn records(parts: &[&[u8]]) -> (Vec<Record>, bool) {
    let mut deframer = RecordDeframer::new();
    let mut read = Vec::new();
    for part in parts {
        deframer.push(part);
        loop {
            match deframer.next() {
                Ok(Some(record)) => read.push(record),
                Ok(None) => break,
                Err(_) => return (read, true),
            }
        }
    }
    (read, false)
}

fn message(bytes: &[u8], context: &Context) -> Seen {
    match Handshake::decode_message(bytes, context) {
        Ok(decoded) => {
            assert_eq!(decoded.to_message_bytes(), bytes, "ORACLE round-trip: {}", decoded.typ());
            Seen::new(decoded.typ())
        }
        Err(_) => Seen::new("no message"),
    }
}

fn extension(typ: ExtensionType, bytes: &[u8], place: ExtensionContext) -> Seen {
    match Extension::decode_body(typ, bytes, place) {
        Ok(decoded) => {
            assert_eq!(decoded.typ(), typ, "ORACLE round-trip: an extension of another type");
            let mut again = Vec::new();
            decoded.encode_body(&mut again);
            assert_eq!(again, bytes, "ORACLE round-trip: {typ:?} in {place:?}");
            Seen::new(format_args!("{typ:?} in {place:?}"))
        }
        Err(_) => Seen::new("no extension"),
    }
}

fn alert(bytes: &[u8]) -> Seen {
    match Alert::parse(bytes) {
        Ok(alert) => {
            let mut again = Vec::new();
            alert.encode(&mut again);
            assert_eq!(again, bytes, "ORACLE round-trip: an alert");
            Seen::new("alert")
        }
        Err(_) => Seen::new("no alert"),
    }
}

/// Typed messages, encoded, cut into records of a drawn size, and read again.
pub(super) fn structs(input: &[u8]) -> Seen {
    let mut draw = Draw::new(input);
    let (message, context) = if draw.coin() {
        let mut hello = client_hello(&mut draw, &everything(), Scope::Any);
        if let Some(list) = &mut hello.extensions {
            list.extend(draw.list(4, any_extension).into_iter().flatten());
        }
        (Handshake::ClientHello(hello), Context::new(ProtocolVersion::TLS1_2))
    } else {
        static MESSAGES: OnceLock<Vec<MessageSample>> = OnceLock::new();
        let all = MESSAGES.get_or_init(messages);
        let sample = &all[draw.below(all.len())];
        let contexts: Vec<Context> = sample.contexts().collect();
        (sample.message.clone(), contexts[draw.below(contexts.len())])
    };
    let bytes = message.to_message_bytes();
    let read = Handshake::decode_message(&bytes, &context);
    assert_eq!(read.as_ref(), Ok(&message), "ORACLE round-trip: what was encoded reads otherwise");
    // Re-fragmented it is the same message.
    let mut records = Vec::new();
    for piece in bytes.chunks(1 + draw.below(usize::from(u8::MAX))) {
        write_records(ContentType::HANDSHAKE, ProtocolVersion::TLS1_2, piece, &mut records);
    }
    let mut deframer = RecordDeframer::new();
    let mut joined = HandshakeDeframer::new();
    for piece in records.chunks(1 + draw.below(usize::from(u8::MAX))) {
        deframer.push(piece);
        while let Ok(Some(record)) = deframer.next() {
            joined.push(&record.payload);
        }
    }
    let found = joined.next().ok().flatten().map(|(typ, body)| Handshake::decode(typ, &body, &context));
    assert_eq!(found, Some(Ok(message)), "ORACLE cut: a message that comes in pieces reads otherwise");
    Seen::new(format_args!("{:?}", read.map(|message| message.typ())))
}

fn any_extension(draw: &mut Draw<'_>) -> Option<Extension> {
    static EXTENSIONS: OnceLock<Vec<ExtensionSample>> = OnceLock::new();
    let all = EXTENSIONS.get_or_init(extensions);
    let sample = &all[draw.below(all.len())];
    (sample.context == ExtensionContext::ClientHello).then(|| sample.extension.clone())
}
