//! Samples of handshake messages.

use super::keys::{certificates, key_exchanges};
use super::{
    ALL, Cuts, MessageSample, OPAQUE, OTHER, SSL3, TLS10_TO_11, TLS10_TO_12, TLS12, TLS13, UP_TO_TLS11,
    UP_TO_TLS12, sample,
};
use crate::registry::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use crate::wire::extension::{Extension, ExtensionType, KeyShareEntry, ServerName};
use crate::wire::handshake::{
    ClientHello, DigitallySigned, HELLO_RETRY_REQUEST_RANDOM, Handshake, HandshakeType, NewSessionTicket,
    ServerHello,
};

/// Thirty-two bytes that show where they went.
const RANDOM: [u8; 32] = [
    0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE, 0xAF, 0xB0,
    0xB1, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA, 0xBB, 0xBC, 0xBD, 0xBE, 0xBF,
];

/// [`RANDOM`] in hexadecimal, as a literal for `concat!`.
macro_rules! random {
    () => {
        "A0A1A2A3A4A5A6A7A8A9AAABACADAEAF B0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF"
    };
}

const NO_BLOCK: &str = "a hello may end before its extensions";
const HASH_LENGTH: &str = "nothing in the message says how long the hash is";

/// Every message that this harness reads or writes, in every version that has it.
pub fn messages() -> Vec<MessageSample> {
    let mut samples = hellos();
    samples.extend(certificates());
    samples.extend(key_exchanges());
    samples.extend(authentication());
    samples.extend(rest());
    samples
}

fn hellos() -> Vec<MessageSample> {
    let server_hello = ServerHello {
        legacy_version: ProtocolVersion::TLS1_2,
        random: RANDOM,
        session_id: vec![],
        cipher_suite: CipherSuite(0xC02F),
        compression_method: 0,
        extensions: None,
    };
    vec![
        sample(
            "client hello without extensions",
            ALL,
            OTHER,
            Cuts::Never,
            concat!("0300", random!(), "03 515253  0004 002F 0005  02 01 00"),
            Handshake::ClientHello(ClientHello {
                legacy_version: ProtocolVersion::SSL3,
                random: RANDOM,
                session_id: vec![0x51, 0x52, 0x53],
                cipher_suites: vec![CipherSuite(0x002F), CipherSuite(0x0005)],
                compression_methods: vec![1, 0],
                extensions: None,
            }),
        ),
        sample(
            "client hello with an empty block of extensions",
            ALL,
            OTHER,
            Cuts::At(&[41], NO_BLOCK),
            concat!("0301", random!(), "00  0002 002F  01 00  0000"),
            Handshake::ClientHello(ClientHello {
                legacy_version: ProtocolVersion::TLS1_0,
                random: RANDOM,
                session_id: vec![],
                cipher_suites: vec![CipherSuite(0x002F)],
                compression_methods: vec![0],
                extensions: Some(vec![]),
            }),
        ),
        sample(
            "client hello with known, unknown, GREASE and duplicate extensions",
            ALL,
            OTHER,
            Cuts::At(&[43], NO_BLOCK),
            concat!(
                "0303",
                random!(),
                "00  0004 1301 DADA  01 00  0028  4A4A 0000  0000 0009 0007 00 0004 686F7374  0017 0000",
                "002B 0005 04 0304 0303  FFF0 0002 BEEF  0017 0000"
            ),
            Handshake::ClientHello(ClientHello {
                legacy_version: ProtocolVersion::TLS1_2,
                random: RANDOM,
                session_id: vec![],
                cipher_suites: vec![CipherSuite(0x1301), CipherSuite(0xDADA)],
                compression_methods: vec![0],
                extensions: Some(vec![
                    Extension::Unknown { typ: ExtensionType(0x4A4A), body: vec![] },
                    Extension::ServerName(vec![ServerName { name_type: 0, name: b"host".to_vec() }]),
                    Extension::ExtendedMasterSecret,
                    Extension::SupportedVersions(vec![ProtocolVersion::TLS1_3, ProtocolVersion::TLS1_2]),
                    Extension::Unknown { typ: ExtensionType(0xFFF0), body: vec![0xBE, 0xEF] },
                    Extension::ExtendedMasterSecret,
                ]),
            }),
        ),
        sample(
            "server hello without extensions",
            ALL,
            OTHER,
            Cuts::Never,
            concat!("0303", random!(), "00  C02F  00"),
            Handshake::ServerHello(server_hello.clone()),
        ),
        sample(
            "server hello up to TLS 1.2",
            ALL,
            OTHER,
            Cuts::At(&[40], NO_BLOCK),
            concat!("0303", random!(), "02 5152  C02F  00  000F  FF01 0001 00  000B 0002 01 00  0023 0000"),
            Handshake::ServerHello(ServerHello {
                session_id: vec![0x51, 0x52],
                extensions: Some(vec![
                    Extension::RenegotiationInfo(vec![]),
                    Extension::EcPointFormats(vec![0]),
                    Extension::SessionTicket(vec![]),
                ]),
                ..server_hello.clone()
            }),
        ),
        sample(
            "server hello of TLS 1.3",
            ALL,
            OTHER,
            Cuts::At(&[38], NO_BLOCK),
            concat!("0303", random!(), "00  1301  00  0010  002B 0002 0304  0033 0006 001D 0002 7172"),
            Handshake::ServerHello(ServerHello {
                cipher_suite: CipherSuite(0x1301),
                extensions: Some(vec![
                    Extension::SelectedVersion(ProtocolVersion::TLS1_3),
                    Extension::KeyShareServer(KeyShareEntry {
                        group: NamedGroup::X25519,
                        key_exchange: vec![0x71, 0x72],
                    }),
                ]),
                ..server_hello.clone()
            }),
        ),
        sample(
            "hello retry request",
            ALL,
            OTHER,
            Cuts::At(&[38], NO_BLOCK),
            "0303 CF21AD74E59A6111BE1D8C021E65B891C2A211167ABB8C5E079E09E2C8A8339C  00  1301  00
             0013  002B 0002 0304  0033 0002 0017  002C 0003 0001 99",
            Handshake::ServerHello(ServerHello {
                random: HELLO_RETRY_REQUEST_RANDOM,
                cipher_suite: CipherSuite(0x1301),
                extensions: Some(vec![
                    Extension::SelectedVersion(ProtocolVersion::TLS1_3),
                    Extension::KeyShareRetry(NamedGroup::SECP256R1),
                    Extension::Cookie(vec![0x99]),
                ]),
                ..server_hello
            }),
        ),
        sample(
            "encrypted extensions",
            TLS13,
            OTHER,
            Cuts::Never,
            "0017  0000 0000  0010 0005 0003 02 6832  000A 0006 0004 001D 0017",
            Handshake::EncryptedExtensions(vec![
                Extension::ServerNameAck,
                Extension::Alpn(vec![b"h2".to_vec()]),
                Extension::SupportedGroups(vec![NamedGroup::X25519, NamedGroup::SECP256R1]),
            ]),
        ),
    ]
}

fn authentication() -> Vec<MessageSample> {
    let verify =
        |scheme| Handshake::CertificateVerify(DigitallySigned { scheme, signature: vec![0x51, 0x52] });
    let finished = |len| (hash_like(len), Handshake::Finished(hash_like(len)));
    let by_length = |name, versions, cuts, len| {
        let (body, message) = finished(len);
        MessageSample {
            name,
            typ: HandshakeType::FINISHED,
            versions,
            key_exchange: OTHER,
            body,
            message,
            cuts,
        }
    };
    // A prefix of at least 32 bytes is the Finished of a shorter hash.
    const SHORTER: &[usize] = &[32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47];
    vec![
        sample(
            "certificate verify up to TLS 1.1",
            UP_TO_TLS11,
            OTHER,
            Cuts::Never,
            "0002 5152",
            verify(None),
        ),
        sample(
            "certificate verify",
            &[ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_3],
            OTHER,
            Cuts::Never,
            "0403 0002 5152",
            verify(Some(SignatureScheme::ECDSA_SECP256R1_SHA256)),
        ),
        by_length("finished of SSL 3", SSL3, Cuts::Never, 36),
        by_length("finished", TLS10_TO_11, Cuts::Never, 12),
        by_length("finished of TLS 1.2", TLS12, Cuts::Never, 12),
        by_length("finished with SHA-256", TLS13, Cuts::Never, 32),
        by_length("finished with SHA-384", TLS13, Cuts::At(SHORTER, HASH_LENGTH), 48),
    ]
}

/// `len` bytes that count down from 0xFF.
fn hash_like(len: u8) -> Vec<u8> {
    (0..len).map(|i| 0xFF - i).collect()
}

fn rest() -> Vec<MessageSample> {
    let opaque = Cuts::Anywhere(OPAQUE);
    vec![
        sample("hello request", UP_TO_TLS12, OTHER, Cuts::Never, "", Handshake::HelloRequest),
        sample("server hello done", UP_TO_TLS12, OTHER, Cuts::Never, "", Handshake::ServerHelloDone),
        sample("end of early data", TLS13, OTHER, Cuts::Never, "", Handshake::EndOfEarlyData),
        sample(
            "session ticket up to TLS 1.2",
            TLS10_TO_12,
            OTHER,
            Cuts::Never,
            "00001C20  0002 7475",
            Handshake::NewSessionTicket(NewSessionTicket::Legacy {
                lifetime_hint: 7200,
                ticket: b"tu".to_vec(),
            }),
        ),
        sample(
            "session ticket of TLS 1.3",
            TLS13,
            OTHER,
            Cuts::Never,
            "00001C20  01020304  01 09  0002 7475  0008  002A 0004 00004000",
            Handshake::NewSessionTicket(NewSessionTicket::Tls13 {
                lifetime: 7200,
                age_add: 0x0102_0304,
                nonce: vec![9],
                ticket: b"tu".to_vec(),
                extensions: vec![Extension::EarlyDataLimit(16384)],
            }),
        ),
        sample("key update", TLS13, OTHER, Cuts::Never, "01", Handshake::KeyUpdate { request_update: 1 }),
        sample(
            "key update that means nothing",
            TLS13,
            OTHER,
            Cuts::Never,
            "07",
            Handshake::KeyUpdate { request_update: 7 },
        ),
        sample("message hash", TLS13, OTHER, opaque, "B1B2", Handshake::MessageHash(vec![0xB1, 0xB2])),
        sample(
            "a type nobody assigned",
            ALL,
            OTHER,
            opaque,
            "0102",
            Handshake::Unknown { typ: HandshakeType(0xFF), body: vec![1, 2] },
        ),
    ]
}
