//! Applying a list of edits to the two byte streams of a handshake.

use crate::registry::{CipherSuite, ProtocolVersion, SignatureScheme};
use crate::wire::{
    ClientHello, ContentType, Context, Decode, Encode, Extension, Handshake, HandshakeType, KeyExchangeShape,
    Reader, Record, RecordDeframer, ServerHello,
};

use super::{Change, Edit, Sentinel, Target};

/// `DOWNGRD`, RFC 8446 4.1.3.
const DOWNGRADE: [u8; 7] = *b"DOWNGRD";

/// Stands between the client and the server and applies the edits to the first message of each kind.
///
/// What cannot be read passes unchanged: an editor never makes bytes up for a message that did not come.
#[derive(Debug)]
pub struct Editor {
    to_server: Stream,
    to_client: Stream,
}

impl Editor {
    pub fn new(edits: &[Edit]) -> Self {
        let of = |target| edits.iter().filter(|e| e.at == target).map(|e| e.change.clone()).collect();
        Self {
            to_server: Stream::new(HandshakeType::CLIENT_HELLO, of(Target::ClientHello)),
            to_client: Stream::new(HandshakeType::SERVER_HELLO, of(Target::ServerHello)),
        }
    }

    /// Bytes from the client; appends what the server is to get.
    pub fn client_to_server(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.to_server.pass(bytes, out);
    }

    /// Bytes from the server; appends what the client is to get.
    pub fn server_to_client(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.to_client.pass(bytes, out);
    }
}

/// One direction: waits for its message, rewrites it, then passes everything through.
#[derive(Debug)]
struct Stream {
    wanted: HandshakeType,
    changes: Vec<Change>,
    /// What came so far, while the message is not complete. `None` when done.
    held: Option<Vec<u8>>,
}

impl Stream {
    fn new(wanted: HandshakeType, changes: Vec<Change>) -> Self {
        let held = (!changes.is_empty()).then(Vec::new);
        Self { wanted, changes, held }
    }

    fn pass(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let Some(held) = &mut self.held else {
            out.extend_from_slice(bytes);
            return;
        };
        held.extend_from_slice(bytes);
        match first_message(held) {
            First::Incomplete => {}
            First::NotHandshake => {
                out.append(held);
                self.held = None;
            }
            First::Message { record_version, kind, body, rest, behind } => {
                let rewritten = (kind == self.wanted).then(|| self.rewrite(&body)).flatten();
                match rewritten {
                    Some((message, version)) => {
                        let version = version.unwrap_or(record_version);
                        let payload = [message, rest].concat();
                        crate::wire::record::write_records(ContentType::HANDSHAKE, version, &payload, out);
                        out.extend_from_slice(&behind);
                    }
                    None => out.append(&mut self.held.take().unwrap_or_default()),
                }
                self.held = None;
            }
        }
    }

    /// The changed message with its header, and the record version it asks for.
    fn rewrite(&self, body: &[u8]) -> Option<(Vec<u8>, Option<ProtocolVersion>)> {
        let context = Context { version: ProtocolVersion::TLS1_2, key_exchange: KeyExchangeShape::Other };
        let mut record_version = None;
        let message = match Handshake::decode(self.wanted, body, &context).ok()? {
            Handshake::ClientHello(mut hello) => {
                for change in &self.changes {
                    change_client_hello(&mut hello, change);
                }
                Handshake::ClientHello(hello)
            }
            Handshake::ServerHello(mut hello) => {
                for change in &self.changes {
                    change_server_hello(&mut hello, change);
                    if let Change::SetVersion(version) = change {
                        record_version = Some((*version).min(ProtocolVersion::TLS1_2));
                    }
                }
                Handshake::ServerHello(hello)
            }
            _ => return None,
        };
        let mut out = Vec::new();
        message.encode_message(&mut out);
        Some((out, record_version))
    }
}

fn change_client_hello(hello: &mut ClientHello, change: &Change) {
    match change {
        Change::SetVersion(version) => {
            hello.legacy_version = (*version).min(ProtocolVersion::TLS1_2);
            if *version < ProtocolVersion::TLS1_3 {
                remove(&mut hello.extensions, |e| matches!(e, Extension::SupportedVersions(_)));
            }
        }
        Change::OfferSuites(wanted) => {
            let offered: Vec<_> =
                wanted.iter().copied().filter(|s| hello.cipher_suites.contains(s)).collect();
            // The signal of RFC 5746 stands among the suites and is none. Without it the server would not answer
            // secure renegotiation, and some clients refuse for that alone.
            let signal = CipherSuite::EMPTY_RENEGOTIATION_INFO_SCSV;
            let signals = hello.cipher_suites.contains(&signal).then_some(signal);
            hello.cipher_suites = if offered.is_empty() { wanted.clone() } else { offered };
            hello.cipher_suites.extend(signals);
        }
        Change::RemoveExtension(kind) => remove(&mut hello.extensions, |e| e.typ() == *kind),
        Change::OfferSchemes(schemes) => offer_schemes(&mut hello.extensions, schemes),
        Change::SetSuite(_) | Change::SetSentinel(_) => {}
    }
}

/// A hello without the extension means SHA-1 (RFC 5246 7.4.1.4.1), which an honest server of today does not sign with.
fn offer_schemes(extensions: &mut Option<Vec<Extension>>, schemes: &[SignatureScheme]) {
    let is_list = |e: &Extension| matches!(e, Extension::SignatureAlgorithms(_));
    let is_offered = extensions.iter().flatten().any(
        |e| matches!(e, Extension::SignatureAlgorithms(offered) if offered.iter().any(|s| schemes.contains(s))),
    );
    if !is_offered {
        remove(extensions, is_list);
        extensions.get_or_insert_default().push(Extension::SignatureAlgorithms(schemes.to_vec()));
    }
}

fn change_server_hello(hello: &mut ServerHello, change: &Change) {
    match change {
        Change::SetVersion(version) => {
            hello.legacy_version = *version;
            if *version < ProtocolVersion::TLS1_3 {
                remove(&mut hello.extensions, |e| matches!(e, Extension::SelectedVersion(_)));
            }
        }
        Change::SetSuite(suite) => hello.cipher_suite = *suite,
        Change::SetSentinel(sentinel) => set_sentinel(&mut hello.random, *sentinel),
        Change::RemoveExtension(kind) => remove(&mut hello.extensions, |e| e.typ() == *kind),
        Change::OfferSuites(_) | Change::OfferSchemes(_) => {}
    }
}

fn set_sentinel(random: &mut [u8; 32], sentinel: Sentinel) {
    let end = &mut random[24..];
    match sentinel {
        Sentinel::Tls12 => end.copy_from_slice(&[&DOWNGRADE[..], &[1]].concat()),
        Sentinel::Tls11 => end.copy_from_slice(&[&DOWNGRADE[..], &[0]].concat()),
        Sentinel::Absent if end.starts_with(&DOWNGRADE) => end[0] ^= 0xFF,
        Sentinel::Absent => {}
    }
}

fn remove(extensions: &mut Option<Vec<Extension>>, unwanted: impl Fn(&Extension) -> bool) {
    if let Some(list) = extensions {
        list.retain(|e| !unwanted(e));
    }
}

enum First {
    Incomplete,
    NotHandshake,
    Message {
        record_version: ProtocolVersion,
        kind: HandshakeType,
        body: Vec<u8>,
        /// What follows the message in its last record.
        rest: Vec<u8>,
        /// The bytes behind that record.
        behind: Vec<u8>,
    },
}

/// Cuts the first handshake message out of a byte stream.
fn first_message(bytes: &[u8]) -> First {
    let mut records = RecordDeframer::new();
    records.push(bytes);
    let (mut payload, mut version, mut used) = (Vec::new(), None, 0);
    loop {
        let record = match records.next() {
            Ok(Some(record)) => record,
            Ok(None) => return First::Incomplete,
            Err(_) => return First::NotHandshake,
        };
        if record.content_type != ContentType::HANDSHAKE {
            return First::NotHandshake;
        }
        used += encoded_length(&record);
        version.get_or_insert(record.version);
        payload.extend_from_slice(&record.payload);
        if let Some((kind, length)) = message_header(&payload)
            && payload.len() >= length
        {
            return First::Message {
                record_version: version.unwrap_or(record.version),
                kind,
                body: payload[crate::wire::handshake::HANDSHAKE_HEADER_LEN..length].to_vec(),
                rest: payload[length..].to_vec(),
                behind: bytes[used..].to_vec(),
            };
        }
    }
}

fn encoded_length(record: &Record) -> usize {
    let mut out = Vec::new();
    record.encode(&mut out);
    out.len()
}

/// Type and whole length (header included) of the message that begins here.
fn message_header(payload: &[u8]) -> Option<(HandshakeType, usize)> {
    let mut reader = Reader::new(payload);
    let kind = HandshakeType::decode(&mut reader).ok()?;
    let length = reader.u24("handshake length").ok()?;
    Some((kind, crate::wire::handshake::HANDSHAKE_HEADER_LEN + usize::try_from(length).ok()?))
}
