//! What the tap reads off recorded handshakes. The facts were read off the bytes with another dissector
//! (`wire/tests/recorded.rs` tells which).

use super::Tap;
use crate::oracle::Proposal;
use crate::registry::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};

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
