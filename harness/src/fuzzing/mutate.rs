//! A mutator for inputs that are records: what it changes keeps its length prefixes right, so that a change deep inside a
//! hello is not lost at the first length.

use fastrand::Rng;

use crate::registry::{self, CipherSuite, NamedGroup, ProtocolVersion};
use crate::wire::record::write_records;
use crate::wire::{
    ClientHello, ContentType, Context, Encode, Extension, ExtensionType, Handshake, HandshakeDeframer,
    HandshakeType, Record, RecordDeframer, ServerHello,
};

/// libFuzzer's own mutation: buffer, size, largest size; the new size.
pub type Plain<'a> = &'a mut dyn FnMut(&mut [u8], usize, usize) -> usize;

/// Changes an input whose first `settings` bytes are not the wire's; the new size. One call in four is libFuzzer's own
/// mutation, and so is every one on what is no stream of records.
pub fn mutate(
    settings: usize,
    data: &mut [u8],
    size: usize,
    max_size: usize,
    seed: u32,
    plain: Plain<'_>,
) -> usize {
    let mut rng = Rng::with_seed(u64::from(seed));
    if rng.u8(..4) == 0 || size <= settings {
        return plain(data, size, max_size);
    }
    let Some((mut records, rest)) = records(&data[settings..size]) else {
        return plain(data, size, max_size);
    };
    for _ in 0..=rng.usize(..3) {
        edit(&mut records, &mut rng);
    }
    let mut out = Vec::with_capacity(size);
    records.iter().for_each(|record| record.encode(&mut out));
    out.extend_from_slice(&rest);
    let new = settings + out.len();
    // As it came: libFuzzer would not take it for a mutation.
    if new > max_size || data[settings..size] == out[..] {
        return plain(data, size, max_size);
    }
    data[settings..new].copy_from_slice(&out);
    new
}

/// The records and what is behind them; `None` where there is none.
fn records(bytes: &[u8]) -> Option<(Vec<Record>, Vec<u8>)> {
    let mut deframer = RecordDeframer::new();
    deframer.push(bytes);
    let mut records = Vec::new();
    while let Ok(Some(record)) = deframer.next() {
        records.push(record);
    }
    (!records.is_empty()).then(|| (records, deframer.pending().to_vec()))
}

fn edit(records: &mut Vec<Record>, rng: &mut Rng) {
    let Some(at) = (!records.is_empty()).then(|| rng.usize(..records.len())) else { return };
    match rng.u8(..16) {
        0..=2 => rearrange(records, at, rng),
        3 => {
            let (record, cut) = (&mut records[at], rng.usize(..=8));
            let length = record.payload.len().saturating_sub(cut);
            record.payload.truncate(length);
        }
        4 => split(records, at, rng),
        5 => records[at].content_type = ContentType(rng.u8(20..=24)),
        6 => records[at].version = version(rng),
        7 => {
            let (content_type, payload) = match rng.u8(..3) {
                0 => (ContentType::CHANGE_CIPHER_SPEC, vec![1]),
                1 => (ContentType::ALERT, vec![rng.u8(1..=2), rng.u8(..120)]),
                _ => (ContentType::HANDSHAKE, vec![0, 0, 0, 0]),
            };
            let version = records[at].version;
            records.insert(at, Record { content_type, version, payload });
        }
        8 => {
            let payload = &mut records[at].payload;
            if !payload.is_empty() {
                let at = rng.usize(..payload.len());
                payload[at] ^= 1 << rng.u8(..8);
            }
        }
        _ => messages(&mut records[at], rng),
    }
}

/// Drops one of a list, doubles it, or gives it another's place.
fn rearrange<T: Clone>(list: &mut Vec<T>, at: usize, rng: &mut Rng) {
    match rng.u8(..3) {
        0 => drop(list.remove(at)),
        1 => list.insert(at, list[at].clone()),
        _ => {
            let other = rng.usize(..list.len());
            list.swap(at, other);
        }
    }
}

fn split(records: &mut Vec<Record>, at: usize, rng: &mut Rng) {
    let record = &mut records[at];
    if record.payload.len() < 2 {
        return;
    }
    let behind = record.payload.split_off(rng.usize(1..record.payload.len()));
    let second = Record { content_type: record.content_type, version: record.version, payload: behind };
    records.insert(at + 1, second);
}

/// A change to the messages of a record that holds whole ones.
fn messages(record: &mut Record, rng: &mut Rng) {
    if record.content_type != ContentType::HANDSHAKE {
        return;
    }
    let mut deframer = HandshakeDeframer::new();
    deframer.push(&record.payload);
    let mut list: Vec<(HandshakeType, Vec<u8>)> = Vec::new();
    while let Ok(Some(message)) = deframer.next() {
        list.push(message);
    }
    if list.is_empty() || !deframer.pending().is_empty() {
        return;
    }
    let at = rng.usize(..list.len());
    match rng.u8(..12) {
        0..=2 => rearrange(&mut list, at, rng),
        3 => {
            let body = &mut list[at].1;
            if !body.is_empty() {
                let at = rng.usize(..body.len());
                body[at] = rng.u8(..);
            }
        }
        _ => {
            let (typ, body) = &list[at];
            match Handshake::decode(*typ, body, &Context::new(ProtocolVersion::TLS1_2)) {
                Ok(Handshake::ClientHello(mut hello)) => {
                    client_hello(&mut hello, rng);
                    list[at].1 = body_of(&Handshake::ClientHello(hello));
                }
                Ok(Handshake::ServerHello(mut hello)) => {
                    server_hello(&mut hello, rng);
                    list[at].1 = body_of(&Handshake::ServerHello(hello));
                }
                _ => {}
            }
        }
    }
    let mut payload = Vec::new();
    for (typ, body) in list {
        Handshake::Unknown { typ, body }.encode_message(&mut payload);
    }
    // What no longer fits one record stays as it is.
    let mut probe = Vec::new();
    write_records(ContentType::HANDSHAKE, record.version, &payload, &mut probe);
    if !payload.is_empty() && probe.len() == payload.len() + 5 {
        record.payload = payload;
    }
}

fn body_of(message: &Handshake) -> Vec<u8> {
    let mut body = Vec::new();
    message.encode_body(&mut body);
    body
}

fn client_hello(hello: &mut ClientHello, rng: &mut Rng) {
    match rng.u8(..8) {
        0 => hello.legacy_version = version(rng),
        1 => {
            let at = rng.usize(..=hello.cipher_suites.len());
            hello.cipher_suites.insert(at, suite(rng));
        }
        2 => {
            if let Some(at) = some(hello.cipher_suites.len(), rng) {
                hello.cipher_suites[at] = suite(rng);
            }
        }
        3 => {
            if hello.cipher_suites.len() > 1 {
                let at = rng.usize(..hello.cipher_suites.len());
                hello.cipher_suites.remove(at);
            }
        }
        4 => hello.session_id = vec![rng.u8(..); [0, 1, 31, 32][rng.usize(..4)]],
        5 => hello.compression_methods = [vec![0], vec![1, 0], vec![1], vec![0, 0]][rng.usize(..4)].clone(),
        _ => extensions(&mut hello.extensions, rng),
    }
}

fn server_hello(hello: &mut ServerHello, rng: &mut Rng) {
    match rng.u8(..6) {
        0 => hello.legacy_version = version(rng),
        1 => hello.cipher_suite = suite(rng),
        2 => hello.compression_method = rng.u8(..2),
        3 => hello.random[24..].copy_from_slice(if rng.bool() { b"DOWNGRD\x01" } else { b"DOWNGRD\x00" }),
        4 => hello.session_id = vec![rng.u8(..); [0, 1, 32][rng.usize(..3)]],
        _ => extensions(&mut hello.extensions, rng),
    }
}

fn extensions(block: &mut Option<Vec<Extension>>, rng: &mut Rng) {
    let Some(list) = block else {
        *block = Some(Vec::new());
        return;
    };
    let Some(at) = some(list.len(), rng) else {
        list.push(Extension::ExtendedMasterSecret);
        return;
    };
    match rng.u8(..8) {
        0..=2 => rearrange(list, at, rng),
        3 => {
            let body = vec![rng.u8(..); rng.usize(..4)];
            list.insert(at, Extension::Unknown { typ: ExtensionType(u16::from(rng.u8(..80))), body });
        }
        _ => match &mut list[at] {
            Extension::SupportedVersions(versions) => point(versions, rng, version),
            Extension::SupportedGroups(groups) => point(groups, rng, group),
            Extension::KeyShareOffer(shares) => {
                if let Some(at) = some(shares.len(), rng) {
                    shares[at].group = group(rng);
                }
            }
            Extension::SelectedVersion(selected) => *selected = version(rng),
            Extension::KeyShareRetry(selected) => *selected = group(rng),
            Extension::SignatureAlgorithms(schemes) => schemes.reverse(),
            Extension::PskKeyExchangeModes(modes) => *modes = vec![rng.u8(..3)],
            _ => {}
        },
    }
}

/// Adds, replaces or removes one of a list.
fn point<T: Copy>(list: &mut Vec<T>, rng: &mut Rng, one: fn(&mut Rng) -> T) {
    let at = some(list.len(), rng);
    match (rng.u8(..3), at) {
        (0, Some(at)) => drop(list.remove(at)),
        (1, Some(at)) => list[at] = one(rng),
        _ => list.insert(at.unwrap_or(0), one(rng)),
    }
}

fn some(length: usize, rng: &mut Rng) -> Option<usize> {
    (length > 0).then(|| rng.usize(..length))
}

fn version(rng: &mut Rng) -> ProtocolVersion {
    match rng.usize(..8) {
        at @ 0..5 => ProtocolVersion::ALL[at],
        _ => ProtocolVersion(rng.u16(..)),
    }
}

fn suite(rng: &mut Rng) -> CipherSuite {
    if rng.u8(..16) == 0 {
        return CipherSuite(rng.u16(..));
    }
    let all = registry::suites();
    all[rng.usize(..all.len())].suite
}

fn group(rng: &mut Rng) -> NamedGroup {
    if rng.u8(..16) == 0 {
        return NamedGroup(rng.u16(..));
    }
    let all = registry::groups();
    all[rng.usize(..all.len())].group
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Not one call in four: three quarters of what comes out are streams of records with messages of the right length.
    #[test]
    fn what_is_changed_is_still_a_stream_of_records_and_hellos() {
        let seeds = crate::fuzzing::target("server_bytes").unwrap().seeds();
        let (mut changed, mut whole, mut hellos, mut total) = (0, 0, 0, 0);
        for (_, seed) in &seeds {
            for number in 0..40 {
                let mut data = seed.clone();
                data.resize(8192, 0);
                let mut was_plain = false;
                let size = mutate(1, &mut data, seed.len(), 8192, number, &mut |_, size, _| {
                    was_plain = true;
                    size
                });
                if was_plain {
                    continue;
                }
                total += 1;
                changed += usize::from(data[..size] != seed[..]);
                assert_eq!(data[0], seed[0], "the settings stay");
                let Some((list, rest)) = records(&data[1..size]) else { continue };
                whole += usize::from(rest.is_empty());
                let mut messages = HandshakeDeframer::new();
                list.iter()
                    .filter(|r| r.content_type == ContentType::HANDSHAKE)
                    .for_each(|r| messages.push(&r.payload));
                let first = messages.next().ok().flatten();
                hellos += usize::from(first.is_some_and(|(typ, body)| {
                    Handshake::decode(typ, &body, &Context::new(ProtocolVersion::TLS1_2)).is_ok()
                }));
            }
        }
        assert!(total > 1000 && changed == total, "{changed} of {total} changed");
        assert!(whole * 10 > total * 9, "{whole} of {total} are whole records");
        assert!(hellos * 10 > total * 7, "{hellos} of {total} begin with a message that decodes");
    }
}
