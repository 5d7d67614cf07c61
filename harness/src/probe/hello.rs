//! ClientHellos written by `wire`, with key shares that every stack takes for real ones.

use crate::registry::{NamedGroup, ProtocolVersion};
use crate::wire::extension::KeyShareEntry;
use crate::wire::record::write_records;
use crate::wire::{ClientHello, ContentType, Handshake};

/// The hello as the bytes of its records.
///
/// The record says SSL 3 for an SSL 3 hello and else TLS 1.0, as RFC 8446 5.1 and RFC 5246 E.1 have it.
pub fn records(hello: &ClientHello) -> Vec<u8> {
    let version = hello.legacy_version.min(ProtocolVersion::TLS1_0).max(ProtocolVersion::SSL3);
    let mut bytes = Vec::new();
    let message = Handshake::ClientHello(hello.clone()).to_message_bytes();
    write_records(ContentType::HANDSHAKE, version, &message, &mut bytes);
    bytes
}

/// A public key of that group which no stack has a reason to refuse; `None` for groups without one here.
///
/// Nobody knows or needs the private key: only the server's first flight is read.
pub fn key_share(group: NamedGroup) -> Option<KeyShareEntry> {
    let key_exchange = match group {
        NamedGroup::X25519 => little_endian(9, 32),
        NamedGroup::X448 => little_endian(5, 56),
        NamedGroup::SECP256R1 => P256.to_vec(),
        NamedGroup::SECP384R1 => P384.to_vec(),
        NamedGroup::FFDHE2048 => big_endian(2, 256),
        NamedGroup::X25519MLKEM768 => [ml_kem(1184), little_endian(9, 32)].concat(),
        SECP256R1_MLKEM768 => [P256.to_vec(), ml_kem(1184)].concat(),
        SECP384R1_MLKEM1024 => [P384.to_vec(), ml_kem(1568)].concat(),
        MLKEM512 => ml_kem(800),
        MLKEM768 => ml_kem(1184),
        MLKEM1024 => ml_kem(1568),
        _ => return None,
    };
    Some(KeyShareEntry { group, key_exchange })
}

const MLKEM512: NamedGroup = NamedGroup(0x0200);
const MLKEM768: NamedGroup = NamedGroup(0x0201);
const MLKEM1024: NamedGroup = NamedGroup(0x0202);
const SECP256R1_MLKEM768: NamedGroup = NamedGroup(0x11EB);
const SECP384R1_MLKEM1024: NamedGroup = NamedGroup(0x11ED);

/// An encapsulation key whose coefficients are all zero: each is below the modulus, which is all that
/// FIPS 203 7.2 has a server check.
fn ml_kem(length: usize) -> Vec<u8> {
    vec![0; length]
}

/// The base point of a Montgomery curve (RFC 7748 4.1, 4.2).
fn little_endian(value: u8, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    bytes[0] = value;
    bytes
}

/// The generator of a finite-field group (RFC 7919 A.1).
fn big_endian(value: u8, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    bytes[length - 1] = value;
    bytes
}

/// The base points of SEC 2, 2.4.2 and 2.5.1, uncompressed.
const P256: [u8; 65] = hex(b"046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296\
4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5");
const P384: [u8; 97] = hex(
    b"04AA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7\
3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F",
);

const fn hex<const N: usize>(text: &[u8]) -> [u8; N] {
    assert!(text.len() == 2 * N);
    let mut bytes = [0; N];
    let mut at = 0;
    while at < N {
        bytes[at] = digit(text[2 * at]) << 4 | digit(text[2 * at + 1]);
        at += 1;
    }
    bytes
}

const fn digit(letter: u8) -> u8 {
    match letter {
        b'0'..=b'9' => letter - b'0',
        b'A'..=b'F' => letter - b'A' + 10,
        _ => panic!("not a hex digit"),
    }
}
