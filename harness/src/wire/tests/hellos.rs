//! What the hellos say about themselves.

use crate::registry::{CipherSuite, NamedGroup, ProtocolVersion};
use crate::wire::extension::{Extension, ExtensionType, KeyShareEntry, ServerName, first_duplicate};
use crate::wire::handshake::{ClientHello, HELLO_RETRY_REQUEST_RANDOM, ServerHello};

fn client(extensions: Option<Vec<Extension>>) -> ClientHello {
    ClientHello {
        legacy_version: ProtocolVersion::TLS1_2,
        random: [7; 32],
        session_id: vec![],
        cipher_suites: vec![CipherSuite(0xC02F)],
        compression_methods: vec![0],
        extensions,
    }
}

fn server(extensions: Vec<Extension>) -> ServerHello {
    ServerHello {
        legacy_version: ProtocolVersion::TLS1_2,
        random: [7; 32],
        session_id: vec![],
        cipher_suite: CipherSuite(0x1301),
        compression_method: 0,
        extensions: Some(extensions),
    }
}

#[test]
fn a_hello_without_extensions_answers_none_to_everything() {
    for hello in [client(None), client(Some(vec![]))] {
        assert_eq!(hello.supported_versions(), None);
        assert_eq!(hello.groups(), None);
        assert_eq!(hello.signature_schemes(), None);
        assert_eq!(hello.key_share_groups(), None);
        assert_eq!(hello.alpn(), None);
        assert_eq!(hello.server_name(), None);
        assert_eq!(hello.psk_modes(), None);
        assert!(!hello.extended_master_secret() && !hello.renegotiation_info());
        assert_eq!(hello.first_duplicate(), None);
    }
}

#[test]
fn an_absent_key_share_differs_from_an_empty_one() {
    let hello = client(Some(vec![Extension::KeyShareOffer(vec![])]));
    assert_eq!(hello.key_share_groups(), Some(vec![]));
}

#[test]
fn secure_renegotiation_is_signalled_by_extension_or_by_suite() {
    assert!(client(Some(vec![Extension::RenegotiationInfo(vec![])])).renegotiation_info());
    let mut hello = client(None);
    hello.cipher_suites.push(CipherSuite(0x00FF));
    assert!(hello.renegotiation_info());
}

#[test]
fn the_server_name_is_the_first_host_name_and_no_other_type() {
    let other = ServerName { name_type: 1, name: b"other".to_vec() };
    let named = client(Some(vec![Extension::ServerName(vec![other.clone(), ServerName::host("a.example")])]));
    assert_eq!(named.server_name(), Some(&b"a.example"[..]));
    assert_eq!(client(Some(vec![Extension::ServerName(vec![other])])).server_name(), None);
}

#[test]
fn of_two_equal_extensions_the_first_counts_and_the_second_is_reported() {
    let hello = client(Some(vec![
        Extension::SupportedVersions(vec![ProtocolVersion::TLS1_3]),
        Extension::EncryptThenMac,
        Extension::SupportedVersions(vec![ProtocolVersion::TLS1_0]),
        Extension::EncryptThenMac,
    ]));
    assert_eq!(hello.supported_versions(), Some(&[ProtocolVersion::TLS1_3][..]));
    assert_eq!(hello.first_duplicate(), Some(ExtensionType::SUPPORTED_VERSIONS));
    assert_eq!(first_duplicate(&hello.extensions()[..2]), None);
}

#[test]
fn the_negotiated_version_is_the_extensions_before_the_fields() {
    assert_eq!(server(vec![]).negotiated_version(), ProtocolVersion::TLS1_2);
    let selected = Extension::SelectedVersion(ProtocolVersion::TLS1_3);
    assert_eq!(server(vec![selected]).negotiated_version(), ProtocolVersion::TLS1_3);
}

#[test]
fn the_key_share_group_is_the_servers_or_the_one_asked_for() {
    let share = KeyShareEntry { group: NamedGroup::X25519, key_exchange: vec![1] };
    assert_eq!(server(vec![Extension::KeyShareServer(share)]).key_share_group(), Some(NamedGroup::X25519));
    let retry = Extension::KeyShareRetry(NamedGroup::SECP384R1);
    assert_eq!(server(vec![retry]).key_share_group(), Some(NamedGroup::SECP384R1));
    assert_eq!(server(vec![]).key_share_group(), None);
}

#[test]
fn a_server_hello_names_its_psk_and_protocol() {
    let hello = server(vec![Extension::PreSharedKeySelected(3), Extension::Alpn(vec![b"h2".to_vec()])]);
    assert_eq!((hello.selected_psk(), hello.alpn()), (Some(3), Some(&b"h2"[..])));
    assert_eq!((server(vec![]).selected_psk(), server(vec![]).alpn()), (None, None));
}

#[test]
fn both_downgrade_sentinels_are_seen_and_only_at_the_end() {
    let mut hello = server(vec![]);
    assert!(!hello.has_downgrade_sentinel());
    for last in [0x00, 0x01] {
        hello.random[24..].copy_from_slice(&[0x44, 0x4F, 0x57, 0x4E, 0x47, 0x52, 0x44, last]);
        assert!(hello.has_downgrade_sentinel());
    }
    hello.random[31] = 2;
    assert!(!hello.has_downgrade_sentinel());
}

#[test]
fn a_hello_retry_request_is_known_by_its_random_alone() {
    let mut hello = server(vec![]);
    assert!(!hello.is_hello_retry_request());
    hello.random = HELLO_RETRY_REQUEST_RANDOM;
    assert!(hello.is_hello_retry_request());
    hello.random[31] ^= 1;
    assert!(!hello.is_hello_retry_request());
}
