//! What is read off hellos and recorded handshakes. The facts of the latter are those of
//! `wire/tests/recorded.rs`, which come from another dissector.

use super::{Tap, offer_of};
use crate::oracle::{Offer, Proposal};
use crate::registry::{AlertDescription, CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use crate::wire::{ClientHello, Extension};

/// Two digits a byte, lines that begin with `#` are comments.
fn bytes_of(text: &str) -> Vec<u8> {
    let digits: String = text.lines().filter(|line| !line.starts_with('#')).collect();
    (0..digits.len()).step_by(2).map(|i| u8::from_str_radix(&digits[i..i + 2], 16).unwrap()).collect()
}

fn proposal(client: &str, server: &str) -> Proposal {
    let mut tap = Tap::new();
    tap.from_client(&bytes_of(client));
    tap.from_server(&bytes_of(server));
    tap.proposal.expect("a ServerHello")
}

macro_rules! recorded {
    ($name:literal) => {
        proposal(
            include_str!(concat!("../wire/testdata/", $name, ".client.hex")),
            include_str!(concat!("../wire/testdata/", $name, ".server.hex")),
        )
    };
}

#[test]
fn a_retry_is_part_of_the_proposal_that_follows_it() {
    let found = recorded!("openssl-tls13-retry");
    assert_eq!(found.version, ProtocolVersion::TLS1_3);
    assert_eq!((found.hello_retry, found.group), (true, Some(NamedGroup::SECP384R1)));
    // The CertificateVerify is encrypted.
    assert_eq!((found.scheme, found.renegotiation_info), (None, false));
    assert!(!recorded!("openssl-tls13-resume").hello_retry);
}

#[test]
fn the_scheme_of_a_server_key_exchange_is_read_in_tls_1_2_only() {
    let dhe = recorded!("openssl-tls12-dhe-mutual");
    assert_eq!((dhe.version, dhe.suite), (ProtocolVersion::TLS1_2, CipherSuite(0x009E)));
    assert_eq!(dhe.scheme, Some(SignatureScheme::RSA_PSS_RSAE_SHA256));
    assert_eq!(recorded!("openssl-tls10-ecdhe").scheme, None, "TLS 1.0 names none");
    assert_eq!(recorded!("openssl-tls12-rsa").scheme, None, "nothing is signed");
}

#[test]
fn an_answer_to_renegotiation_info_is_seen() {
    assert!(recorded!("openssl-tls12-dhe-mutual").renegotiation_info);
    assert!(recorded!("openssl-tls10-ecdhe").renegotiation_info);
}

/// A record of TLS 1.2 with an alert of the level "warning": close_notify (RFC 5246 7.2).
const CLOSE_NOTIFY: [u8; 7] = [21, 3, 3, 0, 2, 1, 0];

#[test]
fn a_servers_close_notify_is_its_answer_only_before_it_proposes() {
    let client = bytes_of(include_str!("../wire/testdata/openssl-tls12-rsa.client.hex"));
    let server = bytes_of(include_str!("../wire/testdata/openssl-tls12-rsa.server.hex"));
    let mut refused = Tap::new();
    refused.from_client(&client);
    refused.from_server(&CLOSE_NOTIFY);
    assert_eq!(refused.server_alert, Some(AlertDescription::CLOSE_NOTIFY));
    assert!(!refused.client_close_notify);
    // The first alert counts, as ever.
    let mut failed = Tap::new();
    failed.from_client(&client);
    failed.from_server(&[21, 3, 3, 0, 2, 2, 40]);
    failed.from_server(&CLOSE_NOTIFY);
    assert_eq!(failed.server_alert, Some(AlertDescription::HANDSHAKE_FAILURE));
    let mut proposed = Tap::new();
    proposed.from_client(&client);
    // The ServerHello is in the first of its records.
    proposed.from_server(&server[..5 + usize::from(server[4]) + 256 * usize::from(server[3])]);
    proposed.from_server(&CLOSE_NOTIFY);
    assert!(proposed.proposal.is_some());
    assert_eq!(proposed.server_alert, None);
}

fn hello(extensions: Vec<Extension>, suites: &[u16]) -> Offer {
    offer_of(&ClientHello {
        legacy_version: ProtocolVersion::TLS1_2,
        random: [7; 32],
        session_id: vec![],
        cipher_suites: suites.iter().copied().map(CipherSuite).collect(),
        compression_methods: vec![0],
        extensions: Some(extensions),
    })
}

#[test]
fn point_formats_are_offered_as_they_stand_and_absent_is_not_empty() {
    assert_eq!(hello(vec![], &[0xC02F]).point_formats, None);
    for formats in [vec![], vec![0], vec![1, 2], vec![0, 1, 2]] {
        let offer = hello(vec![Extension::EcPointFormats(formats.clone())], &[0xC02F]);
        assert_eq!(offer.point_formats, Some(formats));
    }
}

#[test]
fn verify_data_in_a_hello_is_a_renegotiation_and_an_empty_one_is_not() {
    // (extensions, suites, asks for the answer, renegotiates)
    let info = |data: &[u8]| vec![Extension::RenegotiationInfo(data.to_vec())];
    let rows: [(Vec<Extension>, &[u16], bool, bool); 5] = [
        (vec![], &[0xC02F], false, false),
        (vec![], &[0xC02F, 0x00FF], true, false),
        (info(&[]), &[0xC02F], true, false),
        (info(&[0; 12]), &[0xC02F], true, true),
        (info(&[1]), &[0xC02F, 0x00FF], true, true),
    ];
    for (extensions, suites, asks, renegotiates) in rows {
        let offer = hello(extensions.clone(), suites);
        assert_eq!((offer.renegotiation_info, offer.renegotiates), (asks, renegotiates), "{extensions:?}");
    }
}
