//! What an honest server answers in TLS 1.3. Every row is written by hand from the text it cites.

use super::*;
use crate::registry::AlertDescription;
use ProtocolVersion as V;

const AES128: &str = "TLS_AES_128_GCM_SHA256";
const AES256: &str = "TLS_AES_256_GCM_SHA384";
const ECDHE_RSA: &str = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";

fn server() -> Policy {
    policy(V::TLS1_2, V::TLS1_3, &format!("{AES256} {AES128} {ECDHE_RSA}"))
}

fn reason(identity: Option<&KeyType>, offer: &Offer) -> Result<CipherSuite, RefusalReason> {
    select(&server(), identity, offer).map(|p| p.suite).map_err(|refusal| refusal.reason)
}

fn suite(name: &str) -> Result<CipherSuite, RefusalReason> {
    Ok(name.parse().expect("a suite"))
}

#[test]
fn a_full_handshake_has_suite_group_and_the_size_of_the_certificate() {
    let found = select(&server(), Some(&RSA), &tls13(&format!("{AES128} {AES256}"))).expect("all in common");
    let expected = Proposal {
        version: V::TLS1_3,
        suite: suite(AES256).expect("a suite"),
        group: Some(NamedGroup::X25519),
        dh_bits: None,
        psk_ke: false,
        certificate_bits: Some(2048),
        scheme: Some(SignatureScheme::RSA_PSS_RSAE_SHA256),
        hello_retry: false,
        renegotiation_info: false,
    };
    assert_eq!(found, expected);
}

#[test]
fn the_order_that_decides_is_the_one_the_policy_names() {
    let client = Policy { order: Order::Client, ..server() };
    let offer = tls13(&format!("{AES128} {AES256}"));
    assert_eq!(select(&client, Some(&RSA), &offer).map(|p| p.suite.to_string()), Ok(AES128.to_owned()));
}

#[test]
fn a_suite_of_an_older_version_is_not_taken() {
    assert_eq!(reason(Some(&RSA), &tls13(&format!("{ECDHE_RSA} {AES128}"))), suite(AES128));
    assert_eq!(reason(Some(&RSA), &tls13(ECDHE_RSA)), Err(RefusalReason::NoCommonSuite));
}

#[test]
fn a_server_without_a_certificate_leaves_tls_1_3_out() {
    // RFC 8446 4.4.2.1: the server's certificate list is never empty.
    let list = format!("{AES128} TLS_ECDH_anon_WITH_AES_128_CBC_SHA");
    let server = policy(V::TLS1_2, V::TLS1_3, &list);
    let found = select(&server, None, &tls13(&list)).expect("anonymous");
    assert_eq!((found.version, found.certificate_bits), (V::TLS1_2, None));
    let only = Offer { supported_versions: Some(vec![V::TLS1_3]), ..tls13(&list) };
    assert_eq!(select(&server, None, &only), Err(RefusalReason::NoCommonVersion.into()));
}

#[test]
fn extensions_of_a_certificate_handshake_may_not_be_missing() {
    // RFC 8446 9.2, 4.2.3.
    let whole = tls13(AES128);
    let missing = Err(RefusalReason::MissingExtension);
    assert_eq!(reason(Some(&RSA), &whole), suite(AES128));
    assert_eq!(reason(Some(&RSA), &Offer { schemes: None, ..whole.clone() }), missing);
    assert_eq!(reason(Some(&RSA), &Offer { groups: None, ..whole.clone() }), missing);
    assert_eq!(reason(Some(&RSA), &Offer { key_shares: None, ..whole.clone() }), missing);
    assert_eq!(reason(Some(&RSA), &Offer { groups: None, key_shares: None, ..whole.clone() }), missing);
    // "An empty KeyShare.client_shares vector is permitted": a HelloRetryRequest asks for the group.
    let empty = Offer { key_shares: Some(Vec::new()), ..whole };
    assert_eq!(reason(Some(&RSA), &empty), suite(AES128));
    let alerts = RefusalReason::MissingExtension.alerts();
    assert_eq!(alerts.first(), Some(&AlertDescription::MISSING_EXTENSION));
}

#[test]
fn a_hello_for_a_pre_shared_key_alone_is_refused_for_want_of_the_key() {
    let psk = Offer {
        offers_psk: true,
        psk_modes: Some(vec![0]),
        groups: None,
        key_shares: None,
        schemes: None,
        ..tls13(AES128)
    };
    assert_eq!(reason(Some(&RSA), &psk), Err(RefusalReason::NoPsk));
    // RFC 8446 4.2.9: the modes "MUST" come with the key.
    assert_eq!(reason(Some(&RSA), &Offer { psk_modes: None, ..psk }), Err(RefusalReason::MissingExtension));
}

#[test]
fn a_pre_shared_key_beside_a_whole_hello_is_declined() {
    // RFC 8446 4.2.11: "SHOULD perform a non-PSK handshake if possible".
    let offer = Offer { offers_psk: true, psk_modes: Some(vec![1, 0]), ..tls13(AES128) };
    let found = select(&server(), Some(&RSA), &offer).expect("completes");
    assert!(!found.psk_ke);
    assert_eq!(found.group, Some(NamedGroup::X25519));
}

#[test]
fn a_server_with_nothing_but_a_pre_shared_key_needs_the_clients() {
    // RFC 8446 4.2.9, 4.2.11. (offers a key, modes, answer: psk_ke and group)
    let server = policy(V::TLS1_3, V::TLS1_3, AES128);
    let with = |offers_psk, modes: Option<&[u8]>, key_shares: Option<&str>| {
        let offer = Offer {
            offers_psk,
            psk_modes: modes.map(<[u8]>::to_vec),
            groups: key_shares.map(group_list),
            key_shares: key_shares.map(group_list),
            schemes: None,
            ..tls13(AES128)
        };
        select(&server, None, &offer).map(|p| (p.psk_ke, p.group)).map_err(|refusal| refusal.reason)
    };
    let x25519 = Some(NamedGroup::X25519);
    assert_eq!(with(true, Some(&[0]), Some("x25519")), Ok((true, None)));
    assert_eq!(with(true, Some(&[0]), None), Ok((true, None)));
    assert_eq!(with(true, Some(&[0, 1]), Some("x25519")), Ok((false, x25519)), "the better of the two");
    assert_eq!(with(true, Some(&[0, 1]), None), Ok((true, None)));
    assert_eq!(with(true, Some(&[1]), None), Err(RefusalReason::NoPsk));
    assert_eq!(with(true, None, Some("x25519")), Err(RefusalReason::MissingExtension));
    // What every client without the harness's key does.
    assert_eq!(with(false, Some(&[1]), Some("x25519")), Err(RefusalReason::NoPsk));
    assert_eq!(with(false, None, Some("x25519")), Err(RefusalReason::NoPsk));
    let other = Offer { offers_psk: true, psk_modes: Some(vec![0]), ..tls13(AES256) };
    assert_eq!(select(&server, None, &other), Err(RefusalReason::NoCommonSuite.into()));
}

#[test]
fn the_scheme_has_to_fit_the_key_and_ecdsa_binds_the_curve() {
    let schemes =
        "ecdsa_secp256r1_sha256 ecdsa_secp384r1_sha384 ed25519 rsa_pss_rsae_sha256 rsa_pkcs1_sha256";
    let server = Policy { schemes: scheme_list(schemes), ..server() };
    let with = |identity: &KeyType, offered: &str| {
        let offer = Offer { schemes: Some(scheme_list(offered)), ..tls13(AES128) };
        select(&server, Some(identity), &offer).map(|p| p.suite).map_err(|refusal| refusal.reason)
    };
    let none = Err(RefusalReason::NoCommonScheme);
    let p384 = KeyType::Ecdsa { group: NamedGroup::SECP384R1 };
    assert_eq!(with(&RSA, "rsa_pss_rsae_sha256"), suite(AES128));
    assert_eq!(with(&RSA, "rsa_pkcs1_sha256"), none, "RFC 8446 4.2.3: not in CertificateVerify");
    assert_eq!(with(&RSA, "rsa_pkcs1_sha256 rsa_pss_rsae_sha256"), suite(AES128));
    assert_eq!(with(&P256, "ecdsa_secp256r1_sha256"), suite(AES128));
    assert_eq!(with(&P256, "ecdsa_secp384r1_sha384"), none, "RFC 8446 4.2.3: the curve is part of it");
    assert_eq!(with(&p384, "ecdsa_secp384r1_sha384"), suite(AES128));
    assert_eq!(with(&p384, "ecdsa_secp256r1_sha256"), none);
    assert_eq!(with(&KeyType::Ed25519, "ed25519"), suite(AES128));
    assert_eq!(with(&KeyType::Ed25519, "rsa_pss_rsae_sha256"), none);
}

#[test]
fn the_curve_of_the_certificate_need_not_be_among_the_groups() {
    // RFC 8446 4.2.7: the groups are for key exchange only.
    let offer = Offer { groups: Some(group_list("x25519")), ..tls13(AES128) };
    assert_eq!(reason(Some(&P256), &offer), suite(AES128));
}

#[test]
fn a_group_whose_share_is_there_goes_before_one_that_needs_a_retry() {
    let with = |groups: &str, shares: &str| {
        let offer =
            Offer { groups: Some(group_list(groups)), key_shares: Some(group_list(shares)), ..tls13(AES128) };
        select(&server(), Some(&RSA), &offer).map(|p| p.group).map_err(|refusal| refusal.reason)
    };
    assert_eq!(with("x25519 secp256r1", "x25519"), Ok(Some(NamedGroup::X25519)));
    assert_eq!(with("x25519 secp256r1", "secp256r1"), Ok(Some(NamedGroup::SECP256R1)));
    assert_eq!(with("secp384r1 secp256r1", "secp384r1"), Ok(Some(NamedGroup::SECP256R1)), "by a retry");
    assert_eq!(with("x25519 secp256r1", ""), Ok(Some(NamedGroup::X25519)), "by a retry");
    assert_eq!(with("secp384r1", "secp384r1"), Err(RefusalReason::NoCommonGroup));
    assert_eq!(with("GREASE_0A0A", "GREASE_0A0A"), Err(RefusalReason::NoCommonGroup));
}

#[test]
fn groups_of_tls_1_2_only_are_not_taken_and_finite_fields_show_their_size() {
    let with = |groups: &str| {
        let server = Policy { groups: group_list(groups), ..server() };
        let offer =
            Offer { groups: Some(group_list(groups)), key_shares: Some(group_list(groups)), ..tls13(AES128) };
        select(&server, Some(&RSA), &offer).map(|p| (p.group, p.dh_bits)).map_err(|refusal| refusal.reason)
    };
    assert_eq!(with("brainpoolP256r1"), Err(RefusalReason::NoCommonGroup));
    assert_eq!(with("ffdhe2048"), Ok((Some(NamedGroup::FFDHE2048), Some(2048))));
    assert_eq!(with("X25519MLKEM768"), Ok((Some(NamedGroup::X25519MLKEM768), None)));
}

#[test]
fn compression_has_to_be_the_single_zero() {
    // RFC 8446 4.1.2: else "illegal_parameter".
    let with = |compressions: &[u8]| Offer { compressions: compressions.to_vec(), ..tls13(AES128) };
    assert_eq!(reason(Some(&RSA), &with(&[1, 0])), Err(RefusalReason::Compression));
    assert_eq!(reason(Some(&RSA), &with(&[])), Err(RefusalReason::Compression));
    assert_eq!(RefusalReason::Compression.alerts().first(), Some(&AlertDescription::ILLEGAL_PARAMETER));
}
