//! Traffic recorded from programs in use, as hexadecimal text: known facts of each, and the same bytes again.
//!
//! The facts were read off the bytes with another dissector, not with this module.

use crate::registry::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use crate::wire::codec::Encode;
use crate::wire::extension::{Extension, ExtensionType as E};
use crate::wire::handshake::{
    Certificate, CertificateRequest, ClientHello, ClientKeyExchange, Context, Handshake, HandshakeDeframer,
    HandshakeType as T, KeyExchangeShape, NewSessionTicket, ServerHello, ServerKeyExchange,
};
use crate::wire::record::{CHANGE_CIPHER_SPEC_PAYLOAD, ContentType, RecordDeframer};

const TLS10: ProtocolVersion = ProtocolVersion::TLS1_0;
const TLS11: ProtocolVersion = ProtocolVersion::TLS1_1;
const TLS12: ProtocolVersion = ProtocolVersion::TLS1_2;
const TLS13: ProtocolVersion = ProtocolVersion::TLS1_3;

macro_rules! recorded {
    ($name:literal) => {
        bytes_of(include_str!(concat!("../testdata/", $name, ".hex")))
    };
}

/// Two digits a byte, lines that begin with `#` are comments.
fn bytes_of(text: &str) -> Vec<u8> {
    let digits: String = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(digits.len().is_multiple_of(2) && digits.len() > 100);
    (0..digits.len()).step_by(2).map(|i| u8::from_str_radix(&digits[i..i + 2], 16).unwrap()).collect()
}

/// The handshake messages of a stream. Records and messages must encode to the bytes that they came from.
fn messages(stream: &[u8], context: Context) -> Vec<Handshake> {
    let (mut records, mut handshake) = (RecordDeframer::new(), HandshakeDeframer::new());
    let (mut again, mut messages) = (Vec::new(), Vec::new());
    records.push(stream);
    while let Some(record) = records.next().unwrap() {
        record.encode(&mut again);
        if record.content_type == ContentType::CHANGE_CIPHER_SPEC {
            assert_eq!(record.payload, CHANGE_CIPHER_SPEC_PAYLOAD);
            continue;
        }
        assert_eq!(record.content_type, ContentType::HANDSHAKE);
        handshake.push(&record.payload);
        let mut of_record = Vec::new();
        while let Some((typ, body)) = handshake.next().unwrap() {
            let message = Handshake::decode(typ, &body, &context).unwrap();
            message.encode_message(&mut of_record);
            messages.push(message);
        }
        assert_eq!(of_record, record.payload);
    }
    assert!(records.pending().is_empty() && handshake.pending().is_empty());
    assert_eq!(again, stream);
    messages
}

fn only_client_hello(stream: &[u8]) -> ClientHello {
    match messages(stream, Context::new(TLS12)).as_slice() {
        [Handshake::ClientHello(hello)] => hello.clone(),
        other => panic!("not one ClientHello: {other:?}"),
    }
}

fn types(messages: &[Handshake]) -> Vec<T> {
    messages.iter().map(Handshake::typ).collect()
}

fn server_hello(messages: &[Handshake]) -> &ServerHello {
    messages
        .iter()
        .find_map(|m| if let Handshake::ServerHello(hello) = m { Some(hello) } else { None })
        .unwrap()
}

fn extension_types(hello: &ClientHello) -> Vec<u16> {
    hello.extensions().iter().map(|extension| extension.typ().0).collect()
}

/// What every hello of a client that offers TLS 1.3 has in common.
fn assert_modern(hello: &ClientHello, suites: usize) {
    assert_eq!(hello.legacy_version, TLS12);
    assert_eq!(hello.session_id.len(), 32);
    assert_eq!(hello.cipher_suites.len(), suites);
    assert_eq!(hello.cipher_suites[0], CipherSuite(0x1302));
    assert_eq!(hello.compression_methods, [0]);
    assert!(hello.renegotiation_info());
    assert_eq!(hello.first_duplicate(), None);
    assert_eq!(hello.supported_versions().unwrap()[0], TLS13);
    assert!(hello.psk_modes().unwrap().contains(&1));
}

#[test]
fn curl_offers_four_versions_and_two_protocols() {
    let hello = only_client_hello(&recorded!("curl-default"));
    assert_modern(&hello, 31);
    assert_eq!(hello.supported_versions(), Some(&[TLS13, TLS12, TLS11, TLS10][..]));
    assert_eq!(hello.server_name(), Some(&b"localhost"[..]));
    assert_eq!(hello.alpn(), Some(&[b"h2".to_vec(), b"http/1.1".to_vec()][..]));
    assert_eq!(hello.key_share_groups(), Some(vec![NamedGroup::X25519]));
    assert_eq!(hello.groups().unwrap().len(), 10);
    assert_eq!(hello.signature_schemes().unwrap().len(), 20);
    assert_eq!(extension_types(&hello), [0, 11, 10, 16, 22, 23, 49, 13, 43, 45, 51, 21]);
    assert!(hello.extended_master_secret() && hello.has(E::POST_HANDSHAKE_AUTH));
    assert!(!hello.has(E::SESSION_TICKET) && !hello.has(E::RENEGOTIATION_INFO));
    let padding = Extension::Unknown { typ: E::PADDING, body: vec![0; 180] };
    assert_eq!(hello.extensions().last(), Some(&padding));
}

#[test]
fn wget_is_gnutls_and_names_its_limit_and_two_shares() {
    let hello = only_client_hello(&recorded!("wget-default"));
    assert_modern(&hello, 29);
    assert_eq!(hello.supported_versions(), Some(&[TLS13, TLS12, TLS11, TLS10][..]));
    assert_eq!(hello.server_name(), Some(&b"localhost"[..]));
    assert_eq!(hello.key_share_groups(), Some(vec![NamedGroup::SECP256R1, NamedGroup::X25519]));
    assert_eq!(hello.psk_modes(), Some(&[1, 0][..]));
    assert!(hello.extensions().contains(&Extension::RecordSizeLimit(0x4001)));
    assert!(hello.extensions().contains(&Extension::RenegotiationInfo(vec![])));
    assert!(!hello.cipher_suites.contains(&CipherSuite::EMPTY_RENEGOTIATION_INFO_SCSV));
    assert!(!hello.extended_master_secret() && hello.alpn().is_none());
}

#[test]
fn python_offers_two_versions() {
    let hello = only_client_hello(&recorded!("python-default"));
    assert_modern(&hello, 18);
    assert_eq!(hello.supported_versions(), Some(&[TLS13, TLS12][..]));
    assert_eq!(hello.server_name(), Some(&b"localhost"[..]));
    assert!(hello.extensions().contains(&Extension::SessionTicket(vec![])));
}

#[test]
fn node_offers_two_versions_and_59_suites() {
    let hello = only_client_hello(&recorded!("node-default"));
    assert_modern(&hello, 59);
    assert_eq!(hello.supported_versions(), Some(&[TLS13, TLS12][..]));
    assert_eq!(hello.server_name(), Some(&b"localhost"[..]));
    assert_eq!(hello.key_share_groups(), Some(vec![NamedGroup::X25519]));
}

#[test]
fn java_sends_no_name_for_localhost_and_signature_schemes_twice() {
    let hello = only_client_hello(&recorded!("java-default"));
    assert_modern(&hello, 37);
    assert_eq!(hello.server_name(), None);
    assert_eq!(extension_types(&hello), [5, 10, 11, 17, 23, 35, 13, 43, 45, 50, 51]);
    assert_eq!(hello.signature_schemes().unwrap().len(), 21);
    let for_certificates = hello.extensions().iter().find(|x| x.typ() == E::SIGNATURE_ALGORITHMS_CERT);
    let schemes = hello.signature_schemes().unwrap().to_vec();
    assert_eq!(for_certificates, Some(&Extension::SignatureAlgorithmsCert(schemes)));
    let shares = hello.key_shares().unwrap();
    assert_eq!(hello.key_share_groups(), Some(vec![NamedGroup::X25519, NamedGroup::SECP256R1]));
    assert_eq!((shares[0].key_exchange.len(), shares[1].key_exchange.len()), (32, 65));
}

#[test]
fn openssl_offers_four_versions() {
    let hello = only_client_hello(&recorded!("openssl-default"));
    assert_modern(&hello, 31);
    assert_eq!(hello.supported_versions(), Some(&[TLS13, TLS12, TLS11, TLS10][..]));
    assert_eq!(extension_types(&hello), [0, 11, 10, 35, 22, 23, 13, 43, 45, 51]);
}

#[test]
fn openssl_held_to_tls10_states_a_maximum_and_no_versions() {
    let hello = only_client_hello(&recorded!("openssl-tls10"));
    assert_eq!(hello.legacy_version, TLS10);
    assert_eq!(hello.cipher_suites.len(), 23);
    assert_eq!(
        (hello.supported_versions(), hello.signature_schemes(), hello.key_shares()),
        (None, None, None)
    );
    assert_eq!((hello.server_name(), hello.session_id.len()), (None, 0));
    assert_eq!(hello.groups().unwrap().len(), 5);
    assert!(hello.renegotiation_info() && hello.extended_master_secret());
}

#[test]
fn openssl_held_to_tls12_asks_for_a_status_and_signals_a_fallback() {
    let hello = only_client_hello(&recorded!("openssl-tls12-alpn-status"));
    assert_eq!(hello.legacy_version, TLS12);
    assert_eq!(hello.cipher_suites.len(), 29);
    let scsvs = [CipherSuite::EMPTY_RENEGOTIATION_INFO_SCSV, CipherSuite::FALLBACK_SCSV];
    assert!(hello.cipher_suites.ends_with(&scsvs));
    assert!(hello.has(E::STATUS_REQUEST) && hello.has(E::ALPN) && hello.supported_versions().is_none());
}

#[test]
fn a_mutual_dhe_handshake_of_tls12_is_read_in_both_directions() {
    let context = Context::new(TLS12).with_key_exchange(KeyExchangeShape::Dhe { signed: true });
    let server = messages(&recorded!("openssl-tls12-dhe-mutual.server"), context);
    let expected = [
        T::SERVER_HELLO,
        T::CERTIFICATE,
        T::SERVER_KEY_EXCHANGE,
        T::CERTIFICATE_REQUEST,
        T::SERVER_HELLO_DONE,
        T::NEW_SESSION_TICKET,
    ];
    assert_eq!(types(&server), expected);
    let hello = server_hello(&server);
    assert_eq!((hello.negotiated_version(), hello.cipher_suite), (TLS12, CipherSuite(0x009E)));
    assert!(hello.has(E::EXTENDED_MASTER_SECRET) && !hello.has(E::ENCRYPT_THEN_MAC));
    let Handshake::ServerKeyExchange(exchange) = &server[2] else { unreachable!("by its type above") };
    assert_eq!((exchange.dh_bits(), exchange.group()), (Some(1024), None));
    let signature = exchange.signature().unwrap();
    assert_eq!((signature.scheme.map(|s| s.0), signature.signature.len()), (Some(0x0804), 128));
    let Handshake::CertificateRequest(CertificateRequest::Legacy { certificate_types, schemes, authorities }) =
        &server[3]
    else {
        unreachable!("by its type above")
    };
    assert_eq!((certificate_types.as_slice(), authorities.len()), (&[1, 2, 0x40][..], 0));
    assert_eq!(schemes.as_ref().unwrap().len(), 23);
    let Handshake::NewSessionTicket(NewSessionTicket::Legacy { lifetime_hint, ticket }) = &server[5] else {
        unreachable!("by its type above")
    };
    assert_eq!((*lifetime_hint, ticket.len()), (7200, 704));

    let client = messages(&recorded!("openssl-tls12-dhe-mutual.client"), context);
    assert_eq!(
        types(&client),
        [T::CLIENT_HELLO, T::CERTIFICATE, T::CLIENT_KEY_EXCHANGE, T::CERTIFICATE_VERIFY]
    );
    let (Handshake::Certificate(theirs), Handshake::Certificate(ours)) = (&server[1], &client[1]) else {
        unreachable!("by their types above")
    };
    assert_eq!(theirs, ours, "both sides used the same certificate");
    assert_eq!(ours.chain().iter().map(|der| (der.len(), der[0])).collect::<Vec<_>>(), [(520, 0x30)]);
    let Handshake::ClientKeyExchange(ClientKeyExchange::Dhe { yc }) = &client[2] else {
        unreachable!("by its type above")
    };
    assert_eq!(yc.len(), 128);
    let Handshake::CertificateVerify(verify) = &client[3] else { unreachable!("by its type above") };
    assert_eq!((verify.scheme, verify.signature.len()), (Some(SignatureScheme::RSA_PSS_RSAE_SHA256), 128));
}

#[test]
fn an_ecdhe_handshake_of_tls10_is_read_in_both_directions() {
    let context = Context::new(TLS10).with_key_exchange(KeyExchangeShape::Ecdhe { signed: true });
    let server = messages(&recorded!("openssl-tls10-ecdhe.server"), context);
    let expected = [
        T::SERVER_HELLO,
        T::CERTIFICATE,
        T::SERVER_KEY_EXCHANGE,
        T::SERVER_HELLO_DONE,
        T::NEW_SESSION_TICKET,
    ];
    assert_eq!(types(&server), expected);
    let hello = server_hello(&server);
    assert_eq!((hello.negotiated_version(), hello.cipher_suite), (TLS10, CipherSuite(0xC013)));
    assert_eq!((hello.key_share_group(), hello.has_downgrade_sentinel()), (None, false));
    let Handshake::ServerKeyExchange(exchange) = &server[2] else { unreachable!("by its type above") };
    assert_eq!((exchange.group(), exchange.dh_bits()), (Some(NamedGroup::X25519), None));
    let signature = exchange.signature().unwrap();
    assert_eq!((signature.scheme, signature.signature.len()), (None, 128));

    let client = messages(&recorded!("openssl-tls10-ecdhe.client"), context);
    assert_eq!(types(&client), [T::CLIENT_HELLO, T::CLIENT_KEY_EXCHANGE]);
    let Handshake::ClientKeyExchange(ClientKeyExchange::Ecdhe { point }) = &client[1] else {
        unreachable!("by its type above")
    };
    assert_eq!(point.len(), 32);
}

#[test]
fn a_static_rsa_handshake_of_tls12_is_read_in_both_directions() {
    let context = Context::new(TLS12).with_key_exchange(KeyExchangeShape::Rsa);
    let server = messages(&recorded!("openssl-tls12-rsa.server"), context);
    assert_eq!(
        types(&server),
        [T::SERVER_HELLO, T::CERTIFICATE, T::SERVER_HELLO_DONE, T::NEW_SESSION_TICKET]
    );
    assert!(server_hello(&server).has(E::ENCRYPT_THEN_MAC));
    let client = messages(&recorded!("openssl-tls12-rsa.client"), context);
    assert_eq!(types(&client), [T::CLIENT_HELLO, T::CLIENT_KEY_EXCHANGE]);
    let Handshake::ClientKeyExchange(ClientKeyExchange::Rsa { encrypted_premaster }) = &client[1] else {
        unreachable!("by its type above")
    };
    assert_eq!(encrypted_premaster.len(), 128);
}

#[test]
fn a_hello_retry_request_and_the_second_try_are_told_apart() {
    let server = messages(&recorded!("openssl-tls13-retry.server"), Context::new(TLS13));
    let [Handshake::ServerHello(retry), Handshake::ServerHello(hello)] = server.as_slice() else {
        panic!("not two ServerHellos: {server:?}")
    };
    assert!(retry.is_hello_retry_request() && !hello.is_hello_retry_request());
    for answer in [retry, hello] {
        assert_eq!((answer.legacy_version, answer.negotiated_version()), (TLS12, TLS13));
        assert_eq!(answer.key_share_group(), Some(NamedGroup::SECP384R1));
    }
    let client = messages(&recorded!("openssl-tls13-retry.client"), Context::new(TLS13));
    let [Handshake::ClientHello(first), Handshake::ClientHello(second)] = client.as_slice() else {
        panic!("not two ClientHellos: {client:?}")
    };
    assert_eq!(first.key_share_groups(), Some(vec![NamedGroup::X25519]));
    assert_eq!(second.key_share_groups(), Some(vec![NamedGroup::SECP384R1]));
    assert_eq!(second.key_shares().unwrap()[0].key_exchange.len(), 97);
    assert_eq!(first.random, second.random);
}

#[test]
fn a_resumption_offers_a_ticket_and_early_data_and_may_be_declined() {
    let hello = only_client_hello(&recorded!("openssl-tls13-resume.client"));
    assert!(hello.has(E::EARLY_DATA) && hello.has(E::PRE_SHARED_KEY));
    let Some(Extension::PreSharedKeyOffer(psks)) = hello.extensions().last() else {
        panic!("the last extension is another one")
    };
    assert_eq!((psks.identities.len(), psks.binders.len()), (1, 1));
    assert_eq!((psks.identities[0].identity.len(), psks.binders[0].len()), (32, 48));
    assert_eq!(psks.identities[0].obfuscated_ticket_age, 0x3795_14E9);
    let server = messages(&recorded!("openssl-tls13-resume.server"), Context::new(TLS13));
    let hello = server_hello(&server);
    assert_eq!((hello.selected_psk(), hello.key_share_group()), (None, Some(NamedGroup::X25519)));
}

#[test]
fn a_recorded_flight_read_in_the_wrong_version_never_panics() {
    for stream in [recorded!("openssl-tls12-dhe-mutual.server"), recorded!("openssl-tls12-dhe-mutual.client")]
    {
        let (mut records, mut handshake) = (RecordDeframer::new(), HandshakeDeframer::new());
        records.push(&stream);
        while let Some(record) = records.next().unwrap() {
            if record.content_type == ContentType::HANDSHAKE {
                handshake.push(&record.payload);
            }
        }
        while let Some((typ, body)) = handshake.next().unwrap() {
            for version in ProtocolVersion::ALL {
                for shape in [
                    KeyExchangeShape::Rsa,
                    KeyExchangeShape::Dhe { signed: true },
                    KeyExchangeShape::Dhe { signed: false },
                    KeyExchangeShape::Ecdhe { signed: true },
                    KeyExchangeShape::Ecdhe { signed: false },
                    KeyExchangeShape::Other,
                ] {
                    let context = Context::new(version).with_key_exchange(shape);
                    if let Ok(message) = Handshake::decode(typ, &body, &context) {
                        let mut again = Vec::new();
                        message.encode_body(&mut again);
                        assert_eq!(again, body, "{typ} in {version} with {shape:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_prime_is_measured_without_its_leading_zeros() {
    let bits = |p: &[u8]| {
        ServerKeyExchange::Dhe { p: p.to_vec(), g: vec![2], ys: vec![1], signature: None }.dh_bits().unwrap()
    };
    assert_eq!(bits(&[0x80, 0, 0]), 24);
    assert_eq!(bits(&[0, 0, 0x1F, 0xFF]), 13);
    assert_eq!((bits(&[1]), bits(&[0]), bits(&[])), (1, 0, 0));
    assert_eq!(ServerKeyExchange::Opaque(vec![1]).dh_bits(), None);
}

#[test]
fn a_chain_lists_certificates_in_either_form() {
    assert_eq!(Certificate::Legacy(vec![vec![1], vec![2]]).chain(), [[1], [2]]);
    assert!(Certificate::Tls13 { context: vec![], entries: vec![] }.chain().is_empty());
}
