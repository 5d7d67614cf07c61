//! What the server's first flight shows beside version, suite and group. Every row is written by hand from
//! the text it cites.

use super::*;
use ProtocolVersion as V;

const ECDHE_RSA: &str = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
const ECDHE_ECDSA: &str = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
const ECDHE_CBC: &str = "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA";
const DHE_RSA: &str = "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256";
const RSA_CBC: &str = "TLS_RSA_WITH_AES_128_CBC_SHA";
const AES13: &str = "TLS_AES_128_GCM_SHA256";

fn scheme(policy: &Policy, identity: Option<&KeyType>, offer: &Offer) -> Option<String> {
    let found = select(policy, identity, offer).expect("a session");
    found.scheme.map(|scheme| scheme.to_string())
}

#[test]
fn in_tls_1_2_the_first_common_scheme_of_the_key_signs() {
    // (order, key, server's, client's, expected): RFC 5246 7.4.1.4.1 and 7.4.3 bind the server to the
    // client's list; whose order counts is the policy's matter.
    use Order::{Client, Server};
    let p384 = KeyType::Ecdsa { group: NamedGroup::SECP384R1 };
    let rows = [
        (
            Server,
            RSA,
            "rsa_pss_rsae_sha256 rsa_pkcs1_sha256",
            "rsa_pkcs1_sha256 rsa_pss_rsae_sha256",
            "rsa_pss_rsae_sha256",
        ),
        (
            Client,
            RSA,
            "rsa_pss_rsae_sha256 rsa_pkcs1_sha256",
            "rsa_pkcs1_sha256 rsa_pss_rsae_sha256",
            "rsa_pkcs1_sha256",
        ),
        (
            Server,
            RSA,
            "ecdsa_secp256r1_sha256 rsa_pkcs1_sha384",
            "ecdsa_secp256r1_sha256 rsa_pkcs1_sha384",
            "rsa_pkcs1_sha384",
        ),
        (
            Server,
            RSA,
            "rsa_pkcs1_sha224 rsa_pkcs1_sha256",
            "rsa_pkcs1_sha256 rsa_pkcs1_sha224",
            "rsa_pkcs1_sha224",
        ),
        (
            Server,
            RSA,
            "rsa_pss_pss_sha256 rsa_pkcs1_sha1",
            "rsa_pss_pss_sha256 rsa_pkcs1_sha1",
            "rsa_pkcs1_sha1",
        ),
        (
            Server,
            P256,
            "ecdsa_secp384r1_sha384 ecdsa_secp256r1_sha256",
            "ecdsa_secp256r1_sha256 ecdsa_secp384r1_sha384",
            "ecdsa_secp384r1_sha384",
        ),
        (Server, p384, "ecdsa_secp256r1_sha256", "ecdsa_secp256r1_sha256", "ecdsa_secp256r1_sha256"),
        (
            Server,
            KeyType::Ed25519,
            "ecdsa_secp256r1_sha256 ed448 ed25519",
            "ed448 ed25519 ecdsa_secp256r1_sha256",
            "ed25519",
        ),
    ];
    for (order, key, ours, theirs, expected) in rows {
        let suites = format!("{ECDHE_RSA} {ECDHE_ECDSA}");
        let server = Policy { order, schemes: scheme_list(ours), ..policy(V::TLS1_2, V::TLS1_2, &suites) };
        let offer = Offer { schemes: Some(scheme_list(theirs)), ..tls12(&suites) };
        assert_eq!(scheme(&server, Some(&key), &offer).as_deref(), Some(expected), "{ours} / {theirs}");
    }
}

#[test]
fn without_signature_algorithms_sha_1_signs_by_the_algorithm_of_the_suite() {
    // RFC 5246 7.4.1.4.1.
    for (key, suite, expected) in [
        (RSA, ECDHE_RSA, "rsa_pkcs1_sha1"),
        (RSA, DHE_RSA, "rsa_pkcs1_sha1"),
        (P256, ECDHE_ECDSA, "ecdsa_sha1"),
    ] {
        let server = policy(V::TLS1_2, V::TLS1_2, suite);
        let offer = Offer { schemes: None, ..tls12(suite) };
        assert_eq!(scheme(&server, Some(&key), &offer).as_deref(), Some(expected), "{suite}");
    }
    // Ed25519 has no SHA-1 form to fall back to.
    let offer = Offer { schemes: None, ..tls12(ECDHE_ECDSA) };
    let refused = select(&policy(V::TLS1_2, V::TLS1_2, ECDHE_ECDSA), Some(&KeyType::Ed25519), &offer);
    assert_eq!(refused, Err(RefusalReason::NoCommonScheme.into()));
}

#[test]
fn what_is_not_signed_has_no_scheme() {
    // RFC 5246 7.4.3: no ServerKeyExchange for RSA, no signature for anonymous suites; RFC 4279, RFC 5489:
    // none for pre-shared keys. RFC 4346 7.4.3: before TLS 1.2 the hashes are fixed.
    let unsigned = [
        "TLS_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_DH_anon_WITH_AES_128_GCM_SHA256",
        "TLS_ECDH_anon_WITH_AES_128_CBC_SHA",
        "TLS_PSK_WITH_AES_128_GCM_SHA256",
        "TLS_DHE_PSK_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256",
        "TLS_RSA_PSK_WITH_AES_128_GCM_SHA256",
    ];
    for suite in unsigned {
        assert_eq!(scheme(&policy(V::TLS1_2, V::TLS1_2, suite), Some(&RSA), &tls12(suite)), None, "{suite}");
    }
    for version in [V::TLS1_0, V::TLS1_1] {
        let server = policy(version, version, ECDHE_CBC);
        assert_eq!(scheme(&server, Some(&RSA), &tls12(ECDHE_CBC)), None, "{version}");
    }
}

#[test]
fn in_tls_1_3_only_schemes_of_certificate_verify_sign() {
    // RFC 8446 4.2.3: no PKCS#1, no SHA-1, no SHA-224 in CertificateVerify, wherever they stand in the lists.
    let all = "rsa_pkcs1_sha256 rsa_pkcs1_sha1 rsa_pkcs1_sha224 ecdsa_sha1 ecdsa_sha224 \
               rsa_pkcs1_sha256_legacy rsa_pss_pss_sha256 rsa_pss_rsae_sha384 rsa_pss_rsae_sha256 \
               ecdsa_secp384r1_sha384 ecdsa_secp256r1_sha256 ed448 ed25519";
    let server = Policy { schemes: scheme_list(all), ..policy(V::TLS1_3, V::TLS1_3, AES13) };
    let p384 = KeyType::Ecdsa { group: NamedGroup::SECP384R1 };
    for (key, expected) in [
        (RSA, "rsa_pss_rsae_sha384"),
        (P256, "ecdsa_secp256r1_sha256"),
        (p384, "ecdsa_secp384r1_sha384"),
        (KeyType::Ed25519, "ed25519"),
    ] {
        let offer = Offer { schemes: Some(scheme_list(all)), ..tls13(AES13) };
        assert_eq!(scheme(&server, Some(&key), &offer).as_deref(), Some(expected), "{key:?}");
    }
    let client = Policy { order: Order::Client, ..server };
    let offer =
        Offer { schemes: Some(scheme_list("rsa_pss_rsae_sha256 rsa_pss_rsae_sha384")), ..tls13(AES13) };
    assert_eq!(scheme(&client, Some(&RSA), &offer).as_deref(), Some("rsa_pss_rsae_sha256"));
}

#[test]
fn a_session_by_a_pre_shared_key_signs_nothing() {
    // RFC 8446 4.1.1: either a pre-shared key or a certificate, never both.
    let server = policy(V::TLS1_3, V::TLS1_3, AES13);
    let offer = Offer { offers_psk: true, psk_modes: Some(vec![1]), ..tls13(AES13) };
    assert_eq!(scheme(&server, None, &offer), None);
}

#[test]
fn a_retry_is_asked_for_exactly_where_no_share_fits() {
    // RFC 8446 4.1.1, 4.1.4. (groups, shares, expected group and retry); the server has x25519, secp256r1.
    let (x25519, p256) = (NamedGroup::X25519, NamedGroup::SECP256R1);
    let rows = [
        ("x25519 secp256r1", "x25519", x25519, false),
        ("x25519 secp256r1", "secp256r1", p256, false),
        ("x25519 secp256r1", "secp256r1 x25519", x25519, false),
        // RFC 8446 4.2.8: the client wants to be asked.
        ("x25519 secp256r1", "", x25519, true),
        ("secp384r1 secp256r1", "secp384r1", p256, true),
        ("GREASE_1A1A secp256r1", "GREASE_1A1A", p256, true),
        ("X25519MLKEM768 x25519", "X25519MLKEM768", x25519, true),
        ("X25519MLKEM768 x25519", "X25519MLKEM768 x25519", x25519, false),
        // A share outside `supported_groups` is no offer: "MUST NOT send a KeyShareEntry" for it.
        ("secp256r1", "x25519", p256, true),
        // Twice the same group: servers "MAY check", this one does not.
        ("x25519", "x25519 x25519", x25519, false),
    ];
    for (groups, shares, group, retry) in rows {
        let offer =
            Offer { groups: Some(group_list(groups)), key_shares: Some(group_list(shares)), ..tls13(AES13) };
        let found = select(&policy(V::TLS1_3, V::TLS1_3, AES13), Some(&RSA), &offer).expect("a session");
        assert_eq!((found.group, found.hello_retry), (Some(group), retry), "{groups} / {shares}");
    }
}

#[test]
fn a_retry_is_for_a_key_share_and_so_for_tls_1_3_alone() {
    let server = policy(V::TLS1_3, V::TLS1_3, AES13);
    let with = |modes: &[u8], shares: &str| {
        let offer = Offer {
            offers_psk: true,
            psk_modes: Some(modes.to_vec()),
            key_shares: Some(group_list(shares)),
            ..tls13(AES13)
        };
        select(&server, None, &offer).map(|p| (p.psk_ke, p.hello_retry)).map_err(|refusal| refusal.reason)
    };
    assert_eq!(with(&[1], "x25519"), Ok((false, false)));
    assert_eq!(with(&[1], ""), Ok((false, true)), "psk_dhe_ke needs a share");
    assert_eq!(with(&[0], ""), Ok((true, false)), "psk_ke needs none");
    let older = policy(V::TLS1_2, V::TLS1_2, ECDHE_RSA);
    let offer = Offer { key_shares: Some(Vec::new()), ..tls13(ECDHE_RSA) };
    assert_eq!(select(&older, Some(&RSA), &offer).map(|p| p.hello_retry), Ok(false));
}

#[test]
fn renegotiation_info_is_answered_up_to_tls_1_2_where_the_hello_asks() {
    // RFC 5746 3.6, for SSL 3 4.5; RFC 8446 4.1.3 has no room for it. The signal counts as the extension.
    let suites = format!("{AES13} {ECDHE_CBC} {RSA_CBC}");
    for (version, asks, expected) in [
        (V::SSL3, true, true),
        (V::TLS1_0, true, true),
        (V::TLS1_1, true, true),
        (V::TLS1_2, true, true),
        (V::TLS1_3, true, false),
        (V::TLS1_2, false, false),
        (V::TLS1_3, false, false),
    ] {
        let offer = Offer { renegotiation_info: asks, ..tls13(&suites) };
        let offer = Offer { supported_versions: Some(vec![version]), ..offer };
        let found = select(&policy(version, version, &suites), Some(&RSA), &offer).expect("a session");
        assert_eq!((found.version, found.renegotiation_info), (version, expected), "{version} {asks}");
    }
}
