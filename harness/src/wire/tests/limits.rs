//! Lengths that the grammar forbids, one row each, with the error that names the element.

use crate::registry::ProtocolVersion;
use crate::wire::codec::DecodeError;
use crate::wire::extension::{Extension, ExtensionContext as In, ExtensionType as E};
use crate::wire::handshake::{Context, Handshake, HandshakeType as T, KeyExchangeShape};

fn too_short(what: &'static str, len: usize, min: usize) -> DecodeError {
    DecodeError::TooShort { what, len, min }
}

fn too_long(what: &'static str, len: usize, max: usize) -> DecodeError {
    DecodeError::TooLong { what, len, max }
}

fn odd(what: &'static str, len: usize) -> DecodeError {
    DecodeError::Misaligned { what, len, unit: 2 }
}

#[test]
fn extensions_with_forbidden_lengths_are_refused() {
    let binder = |len: u8| [&[0, 7, 0, 1, 0x78, 0, 0, 0, 0, 0, 33, len], [0; 32].as_slice()].concat();
    let rows: &[(E, In, &[u8], DecodeError)] = &[
        (E::SERVER_NAME, In::ClientHello, &[0, 0], too_short("server_name list", 0, 1)),
        (E::SERVER_NAME, In::ClientHello, &[0, 3, 0, 0, 0], too_short("server_name", 0, 1)),
        (E::SERVER_NAME, In::ServerHello, &[0, 0], DecodeError::Trailing { what: "server_name", extra: 2 }),
        (E::SUPPORTED_GROUPS, In::ClientHello, &[0, 0], too_short("supported_groups", 0, 2)),
        (E::SUPPORTED_GROUPS, In::ClientHello, &[0, 3, 0, 23, 0], odd("supported_groups", 3)),
        (E::EC_POINT_FORMATS, In::ClientHello, &[0], too_short("ec_point_formats", 0, 1)),
        (E::SIGNATURE_ALGORITHMS, In::ClientHello, &[0, 0], too_short("signature schemes", 0, 2)),
        (E::SIGNATURE_ALGORITHMS, In::CertificateRequest, &[0, 1, 4], too_short("signature schemes", 1, 2)),
        (E::SIGNATURE_ALGORITHMS_CERT, In::ClientHello, &[0, 3, 4, 1, 5], odd("signature schemes", 3)),
        (
            E::SIGNATURE_ALGORITHMS,
            In::ClientHello,
            &[0xFF, 0xFF],
            too_long("signature schemes", 65535, 65534),
        ),
        (E::ALPN, In::ClientHello, &[0, 0], too_short("protocol_name_list", 0, 2)),
        (E::ALPN, In::ClientHello, &[0, 3, 1, 0x68, 0], too_short("protocol_name", 0, 1)),
        (E::SIGNED_CERTIFICATE_TIMESTAMP, In::Certificate, &[0, 0], too_short("sct_list", 0, 1)),
        (E::SIGNED_CERTIFICATE_TIMESTAMP, In::Certificate, &[0, 2, 0, 0], too_short("sct", 0, 1)),
        (
            E::COMPRESS_CERTIFICATE,
            In::ClientHello,
            &[0xFF],
            too_long("certificate compression algorithms", 255, 254),
        ),
        (
            E::COMPRESS_CERTIFICATE,
            In::ClientHello,
            &[3, 0, 1, 0],
            odd("certificate compression algorithms", 3),
        ),
        (E::STATUS_REQUEST, In::Certificate, &[1, 0, 0, 0], too_short("ocsp_response", 0, 1)),
        (
            E::STATUS_REQUEST,
            In::Certificate,
            &[1, 0x04, 0x00, 0x01],
            too_long("ocsp_response", 262_145, 262_144),
        ),
        (E::STATUS_REQUEST, In::ClientHello, &[1, 0, 2, 0, 0, 0, 0], too_short("responder_id", 0, 1)),
        (E::SUPPORTED_VERSIONS, In::ClientHello, &[0], too_short("supported_versions", 0, 2)),
        (E::SUPPORTED_VERSIONS, In::ClientHello, &[0xFF], too_long("supported_versions", 255, 254)),
        (E::SUPPORTED_VERSIONS, In::ClientHello, &[3, 3, 4, 3], odd("supported_versions", 3)),
        (E::COOKIE, In::HelloRetryRequest, &[0, 0], too_short("cookie", 0, 1)),
        (E::PSK_KEY_EXCHANGE_MODES, In::ClientHello, &[0], too_short("psk_key_exchange_modes", 0, 1)),
        (E::KEY_SHARE, In::ClientHello, &[0, 4, 0, 29, 0, 0], too_short("key_exchange", 0, 1)),
        (E::KEY_SHARE, In::ServerHello, &[0, 29, 0, 0], too_short("key_exchange", 0, 1)),
        (E::CERTIFICATE_AUTHORITIES, In::ClientHello, &[0, 0], too_short("certificate_authorities", 0, 3)),
        (
            E::CERTIFICATE_AUTHORITIES,
            In::ClientHello,
            &[0, 4, 0, 0, 0, 0],
            too_short("distinguished name", 0, 1),
        ),
        (E::PRE_SHARED_KEY, In::ClientHello, &[0, 6], too_short("psk identities", 6, 7)),
        (E::PRE_SHARED_KEY, In::ClientHello, &[0, 7, 0, 0, 0, 0, 0, 0, 0], too_short("psk identity", 0, 1)),
        (E::PRE_SHARED_KEY, In::ClientHello, &binder(31), too_short("psk binder", 31, 32)),
        (
            E::PRE_SHARED_KEY,
            In::ClientHello,
            &[0, 7, 0, 1, 0x78, 0, 0, 0, 0, 0, 32],
            too_short("psk binders", 32, 33),
        ),
    ];
    for (typ, context, body, error) in rows {
        let decoded = Extension::decode_body(*typ, body, *context);
        assert_eq!(decoded, Err(*error), "{typ} in {context:?}: {body:02X?}");
    }
}

/// Either hello up to and including its random.
const HELLO: [u8; 34] = [3; 34];

#[test]
fn messages_with_forbidden_lengths_are_refused() {
    let hello = |tail: &[u8]| [HELLO.as_slice(), tail].concat();
    let tls = |minor: u16| ProtocolVersion(0x0300 | minor);
    let rows: &[(T, ProtocolVersion, Vec<u8>, DecodeError)] = &[
        (T::CLIENT_HELLO, tls(3), hello(&[33]), too_long("session_id", 33, 32)),
        (T::CLIENT_HELLO, tls(3), hello(&[0, 0, 0]), too_short("cipher_suites", 0, 2)),
        (T::CLIENT_HELLO, tls(3), hello(&[0, 0, 3, 0, 1, 0]), odd("cipher_suites", 3)),
        (T::CLIENT_HELLO, tls(3), hello(&[0, 0xFF, 0xFF]), too_long("cipher_suites", 65535, 65534)),
        (T::CLIENT_HELLO, tls(3), hello(&[0, 0, 2, 0, 1, 0]), too_short("compression_methods", 0, 1)),
        (T::SERVER_HELLO, tls(3), hello(&[33]), too_long("session_id", 33, 32)),
        (T::CERTIFICATE, tls(3), vec![4, 0, 1], too_long("certificate_list", 0x4_0001, 0x4_0000)),
        (T::CERTIFICATE, tls(3), vec![0, 0, 3, 0, 0, 0], too_short("certificate", 0, 1)),
        (T::CERTIFICATE, tls(4), vec![0, 0, 0, 3, 0, 0, 0], too_short("certificate", 0, 1)),
        (T::CERTIFICATE_REQUEST, tls(2), vec![0], too_short("certificate_types", 0, 1)),
        (T::CERTIFICATE_REQUEST, tls(3), vec![1, 1, 0, 0], too_short("signature schemes", 0, 2)),
        (T::CERTIFICATE_REQUEST, tls(2), vec![1, 1, 0, 2, 0, 0], too_short("distinguished name", 0, 1)),
        (T::COMPRESSED_CERTIFICATE, tls(4), vec![0, 2, 0, 0, 9, 0, 0, 0], {
            too_short("compressed_certificate_message", 0, 1)
        }),
        (T::NEW_SESSION_TICKET, tls(4), [&[0; 9][..], &[0, 0]].concat(), too_short("ticket", 0, 1)),
        (T::FINISHED, tls(0), vec![0; 35], too_short("finished.verify_data", 35, 36)),
        (T::FINISHED, tls(0), vec![0; 37], too_long("finished.verify_data", 37, 36)),
        (T::FINISHED, tls(2), vec![0; 13], too_long("finished.verify_data", 13, 12)),
        (T::FINISHED, tls(3), vec![0; 65], too_long("finished.verify_data", 65, 64)),
        (T::FINISHED, tls(4), vec![0; 31], too_short("finished.verify_data", 31, 32)),
        (T::FINISHED, tls(4), vec![0; 65], too_long("finished.verify_data", 65, 64)),
        (T(0xFF), tls(3), vec![0; 262_145], too_long("handshake body", 262_145, 262_144)),
    ];
    for (typ, version, body, error) in rows {
        let decoded = Handshake::decode(*typ, body, &Context::new(*version));
        assert_eq!(decoded, Err(*error), "{typ} in {version}");
    }
}

#[test]
fn empty_keys_are_refused() {
    let dhe = KeyExchangeShape::Dhe { signed: false };
    let ecdhe = KeyExchangeShape::Ecdhe { signed: false };
    let rows: &[(T, KeyExchangeShape, &[u8], &'static str)] = &[
        (T::SERVER_KEY_EXCHANGE, dhe, &[0, 0], "dh_p"),
        (T::SERVER_KEY_EXCHANGE, dhe, &[0, 1, 7, 0, 0], "dh_g"),
        (T::SERVER_KEY_EXCHANGE, dhe, &[0, 1, 7, 0, 1, 2, 0, 0], "dh_Ys"),
        (T::SERVER_KEY_EXCHANGE, ecdhe, &[3, 0, 23, 0], "ec point"),
        (T::CLIENT_KEY_EXCHANGE, dhe, &[0, 0], "dh_Yc"),
        (T::CLIENT_KEY_EXCHANGE, ecdhe, &[0], "ec point"),
        (T::CLIENT_KEY_EXCHANGE, KeyExchangeShape::Rsa, &[0, 0], "encrypted_premaster_secret"),
    ];
    for (typ, shape, body, what) in rows {
        let context = Context::new(ProtocolVersion::TLS1_2).with_key_exchange(*shape);
        assert_eq!(Handshake::decode(*typ, body, &context), Err(too_short(what, 0, 1)));
    }
}

#[test]
fn an_extension_that_does_not_parse_makes_its_hello_an_error() {
    let extensions = [0, 7, 0, 0x2B, 0, 3, 3, 3, 4];
    let hello = [HELLO.as_slice(), &[0, 0, 2, 0, 1, 1, 0], &extensions].concat();
    let decoded = Handshake::decode(T::CLIENT_HELLO, &hello, &Context::new(ProtocolVersion::TLS1_2));
    assert_eq!(decoded, Err(odd("supported_versions", 3)));
}
