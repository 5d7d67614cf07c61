//! What an honest server answers up to TLS 1.2. Every row is written by hand from the text it cites.

use super::*;
use crate::registry::AlertDescription;
use ProtocolVersion as V;

const ECDHE_RSA: &str = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
const ECDHE_ECDSA: &str = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
const DHE_RSA: &str = "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256";
const RSA_GCM: &str = "TLS_RSA_WITH_AES_128_GCM_SHA256";
const RSA_CBC: &str = "TLS_RSA_WITH_AES_128_CBC_SHA";
const ECDHE_CBC: &str = "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA";
const AES13: &str = "TLS_AES_128_GCM_SHA256";

/// Version and suite of an answer, or the reason of the refusal.
fn answer(policy: &Policy, identity: Option<&KeyType>, offer: &Offer) -> Result<(V, String), RefusalReason> {
    match select(policy, identity, offer) {
        Ok(proposal) => Ok((proposal.version, proposal.suite.to_string())),
        Err(refusal) => Err(refusal.reason),
    }
}

fn ok(version: V, suite: &str) -> Result<(V, String), RefusalReason> {
    Ok((version, suite.to_owned()))
}

#[test]
fn without_supported_versions_the_field_is_a_maximum() {
    // (server from, server to, version field, answer): RFC 5246 E.1.
    let rows = [
        (V::TLS1_0, V::TLS1_2, V::TLS1_2, Some(V::TLS1_2)),
        (V::TLS1_0, V::TLS1_2, V::TLS1_1, Some(V::TLS1_1)),
        (V::TLS1_0, V::TLS1_1, V::TLS1_2, Some(V::TLS1_1)),
        (V::TLS1_0, V::TLS1_2, V::SSL3, None),
        (V::TLS1_2, V::TLS1_2, V::TLS1_1, None),
        (V::SSL3, V::SSL3, V::TLS1_2, Some(V::SSL3)),
        // RFC 8446 4.2.1: "MUST negotiate TLS 1.2 or prior", even if the field says 0x0304 or more.
        (V::TLS1_0, V::TLS1_3, V::TLS1_3, Some(V::TLS1_2)),
        (V::TLS1_0, V::TLS1_3, V(0x0305), Some(V::TLS1_2)),
        (V::TLS1_3, V::TLS1_3, V::TLS1_2, None),
        (V::TLS1_3, V::TLS1_3, V::TLS1_3, None),
    ];
    for (from, to, field, expected) in rows {
        let suites = format!("{AES13} TLS_RSA_WITH_3DES_EDE_CBC_SHA");
        let found = select(&policy(from, to, &suites), Some(&RSA), &bare(field, &suites));
        match expected {
            Some(version) => assert_eq!(found.map(|p| p.version), Ok(version), "{from}..{to}, {field}"),
            None => assert_eq!(found, Err(RefusalReason::NoCommonVersion.into()), "{from}..{to}, {field}"),
        }
    }
}

#[test]
fn supported_versions_alone_decides_where_it_is_present() {
    let suites = format!("{AES13} {ECDHE_CBC}");
    let found = |from, to, field, list: &[V]| {
        let offer = Offer { supported_versions: Some(list.to_vec()), ..tls13(&suites) };
        let offer = Offer { legacy_version: field, ..offer };
        select(&policy(from, to, &suites), Some(&RSA), &offer).map(|p| p.version).map_err(|r| r.reason)
    };
    let none = Err(RefusalReason::NoCommonVersion);
    assert_eq!(found(V::TLS1_0, V::TLS1_3, V::TLS1_2, &[V::TLS1_2, V::TLS1_3]), Ok(V::TLS1_3), "the highest");
    assert_eq!(found(V::TLS1_0, V::TLS1_2, V::TLS1_2, &[V::TLS1_3, V::TLS1_1]), Ok(V::TLS1_1));
    assert_eq!(
        found(V::TLS1_0, V::TLS1_2, V::TLS1_2, &[V::TLS1_3]),
        none,
        "the field says 1.2 and counts not"
    );
    assert_eq!(found(V::TLS1_2, V::TLS1_3, V::TLS1_0, &[V::TLS1_2]), Ok(V::TLS1_2));
    assert_eq!(found(V::TLS1_2, V::TLS1_3, V::TLS1_3, &[V::TLS1_2]), Ok(V::TLS1_2));
    assert_eq!(found(V::TLS1_2, V::TLS1_3, V(0x0305), &[V::TLS1_3]), Ok(V::TLS1_3));
    // RFC 8446 D.5: "MUST abort the handshake" if the field says SSL 3, whatever else is there.
    assert_eq!(found(V::TLS1_2, V::TLS1_3, V::SSL3, &[V::TLS1_2]), none);
    assert_eq!(found(V::SSL3, V::TLS1_2, V::SSL3, &[V::SSL3]), none);
    assert_eq!(found(V::TLS1_0, V::TLS1_3, V(0x0002), &[V::TLS1_3]), none);
    assert_eq!(found(V::TLS1_0, V::TLS1_3, V::TLS1_2, &[V(0x0A0A), V(0x0305)]), none, "unknown is ignored");
    assert_eq!(found(V::TLS1_0, V::TLS1_3, V::TLS1_2, &[]), none);
    assert_eq!(found(V::TLS1_0, V::TLS1_3, V::TLS1_2, &[V(0x0A0A), V::TLS1_0]), Ok(V::TLS1_0));
}

#[test]
fn a_fallback_is_refused_if_the_server_could_have_more() {
    // RFC 7507 3: the highest version of the server against the client's.
    let suites = "TLS_RSA_WITH_3DES_EDE_CBC_SHA";
    let found = |from, to, max| {
        let offer = Offer { fallback_scsv: true, ..bare(max, suites) };
        select(&policy(from, to, suites), Some(&RSA), &offer)
    };
    let refusal = found(V::TLS1_0, V::TLS1_2, V::TLS1_1).expect_err("a fallback");
    assert_eq!(refusal.reason, RefusalReason::InappropriateFallback);
    assert_eq!(refusal.alerts, [AlertDescription::INAPPROPRIATE_FALLBACK]);
    assert_eq!(found(V::TLS1_0, V::TLS1_2, V::TLS1_2).map(|p| p.version), Ok(V::TLS1_2));
    assert_eq!(found(V::TLS1_0, V::TLS1_1, V::TLS1_1).map(|p| p.version), Ok(V::TLS1_1));
    assert_eq!(found(V::TLS1_0, V::TLS1_1, V::TLS1_2).map(|p| p.version), Ok(V::TLS1_1));
    let refusal = found(V::TLS1_2, V::TLS1_2, V::TLS1_0).expect_err("a fallback below all");
    assert_eq!(refusal.reason, RefusalReason::InappropriateFallback);
    assert!(refusal.alerts.contains(&AlertDescription::PROTOCOL_VERSION));
}

#[test]
fn the_order_that_decides_is_the_one_the_policy_names() {
    let ours = format!("{ECDHE_RSA} {DHE_RSA} {RSA_GCM}");
    let offer = tls12(&format!("{RSA_GCM} {DHE_RSA} {ECDHE_RSA}"));
    let server = policy(V::TLS1_2, V::TLS1_2, &ours);
    let client = Policy { order: Order::Client, ..server.clone() };
    assert_eq!(answer(&server, Some(&RSA), &offer), ok(V::TLS1_2, ECDHE_RSA));
    assert_eq!(answer(&client, Some(&RSA), &offer), ok(V::TLS1_2, RSA_GCM));
}

#[test]
fn a_suite_is_taken_only_in_a_version_that_can_use_it() {
    let both = format!("{RSA_GCM} {RSA_CBC}");
    let server = policy(V::TLS1_0, V::TLS1_2, &both);
    assert_eq!(answer(&server, Some(&RSA), &tls12(&both)), ok(V::TLS1_2, RSA_GCM));
    // RFC 5288 4: GCM "MUST NOT be negotiated in older versions".
    assert_eq!(answer(&server, Some(&RSA), &bare(V::TLS1_1, &both)), ok(V::TLS1_1, RSA_CBC));
    let none = Err(RefusalReason::NoCommonSuite);
    assert_eq!(answer(&server, Some(&RSA), &bare(V::TLS1_1, RSA_GCM)), none);
    // The version is settled before the suite: nothing falls back to what would fit.
    let mixed = policy(V::TLS1_2, V::TLS1_3, &format!("{AES13} {ECDHE_RSA}"));
    assert_eq!(answer(&mixed, Some(&RSA), &tls13(ECDHE_RSA)), none);
}

#[test]
fn nothing_in_common_is_a_handshake_failure() {
    let refusal = select(&policy(V::TLS1_2, V::TLS1_2, RSA_GCM), Some(&RSA), &tls12(ECDHE_RSA));
    let refusal = refusal.expect_err("nothing in common");
    assert_eq!(refusal.reason, RefusalReason::NoCommonSuite);
    assert_eq!(refusal.alerts.first(), Some(&AlertDescription::HANDSHAKE_FAILURE));
    assert!(refusal.alerts.contains(&AlertDescription::INSUFFICIENT_SECURITY));
}

#[test]
fn signals_and_grease_are_never_taken() {
    let list = "GREASE_0A0A TLS_FALLBACK_SCSV TLS_EMPTY_RENEGOTIATION_INFO_SCSV";
    let server = policy(V::TLS1_2, V::TLS1_2, list);
    assert_eq!(answer(&server, Some(&RSA), &tls12(list)), Err(RefusalReason::NoCommonSuite));
}

#[test]
fn exchanges_that_no_stack_plays_are_never_taken() {
    let list = "TLS_NULL_WITH_NULL_NULL TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256 \
                TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256 TLS_DH_RSA_WITH_AES_128_GCM_SHA256 \
                TLS_KRB5_WITH_3DES_EDE_CBC_SHA TLS_SRP_SHA_RSA_WITH_AES_128_CBC_SHA \
                TLS_DHE_DSS_WITH_AES_128_GCM_SHA256";
    let server = policy(V::TLS1_2, V::TLS1_2, list);
    for identity in [Some(&RSA), Some(&P256), None] {
        assert!(answer(&server, identity, &tls12(list)).is_err(), "{identity:?}");
    }
}

#[test]
fn the_certificate_decides_which_suites_can_be_played() {
    let all = format!("{ECDHE_ECDSA} {ECDHE_RSA} {DHE_RSA} {RSA_GCM} TLS_ECDH_anon_WITH_AES_128_CBC_SHA");
    let server = policy(V::TLS1_2, V::TLS1_2, &all);
    let take = |identity, list: &str| answer(&server, identity, &tls12(list));
    let no_certificate = Err(RefusalReason::NoUsableCertificate);
    assert_eq!(take(Some(&RSA), &all), ok(V::TLS1_2, ECDHE_RSA));
    assert_eq!(take(Some(&P256), &all), ok(V::TLS1_2, ECDHE_ECDSA));
    assert_eq!(take(None, &all), ok(V::TLS1_2, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA"));
    assert_eq!(take(Some(&P256), RSA_GCM), no_certificate);
    assert_eq!(take(Some(&P256), ECDHE_RSA), no_certificate);
    assert_eq!(take(Some(&RSA), ECDHE_ECDSA), no_certificate);
    assert_eq!(take(None, ECDHE_RSA), no_certificate);
    // A server with a certificate may still play the anonymous suite that its policy names.
    let anonymous = "TLS_ECDH_anon_WITH_AES_128_CBC_SHA";
    assert_eq!(take(Some(&RSA), anonymous), ok(V::TLS1_2, anonymous));
}

#[test]
fn the_size_of_the_certificate_is_shown_where_there_is_one() {
    let all = format!("{ECDHE_ECDSA} {ECDHE_RSA} TLS_ECDH_anon_WITH_AES_128_CBC_SHA");
    let server = policy(V::TLS1_2, V::TLS1_2, &all);
    let bits = |identity, list| select(&server, identity, &tls12(list)).map(|p| p.certificate_bits);
    assert_eq!(bits(Some(&KeyType::Rsa { bits: 1024 }), ECDHE_RSA), Ok(Some(1024)));
    assert_eq!(bits(Some(&P256), ECDHE_ECDSA), Ok(None));
    assert_eq!(bits(Some(&RSA), "TLS_ECDH_anon_WITH_AES_128_CBC_SHA"), Ok(None));
}

#[test]
fn a_curve_has_to_be_in_common_unless_the_client_leaves_the_choice() {
    let server = policy(V::TLS1_2, V::TLS1_2, &format!("{ECDHE_RSA} {RSA_GCM}"));
    let with = |groups: Option<&str>, order, suites: &str| {
        let offer = Offer { groups: groups.map(group_list), ..tls12(suites) };
        select(&Policy { order, ..server.clone() }, Some(&RSA), &offer)
            .map(|p| (p.suite.to_string(), p.group))
            .map_err(|refusal| refusal.reason)
    };
    let ecdhe = |group| Ok((ECDHE_RSA.to_owned(), Some(group)));
    assert_eq!(with(Some("secp256r1 x25519"), Order::Server, ECDHE_RSA), ecdhe(NamedGroup::X25519));
    assert_eq!(with(Some("secp256r1 x25519"), Order::Client, ECDHE_RSA), ecdhe(NamedGroup::SECP256R1));
    // RFC 8422 4: without the extension the server is free.
    assert_eq!(with(None, Order::Server, ECDHE_RSA), ecdhe(NamedGroup::X25519));
    // RFC 8422 5.1: no curve in common, no ECC suite.
    let both = format!("{ECDHE_RSA} {RSA_GCM}");
    assert_eq!(with(Some("secp384r1"), Order::Server, &both), Ok((RSA_GCM.to_owned(), None)));
    assert_eq!(with(Some("secp384r1"), Order::Server, ECDHE_RSA), Err(RefusalReason::NoCommonGroup));
    assert_eq!(with(Some(""), Order::Server, ECDHE_RSA), Err(RefusalReason::NoCommonGroup));
    // Groups of TLS 1.3 only, and finite fields, are no curves.
    let hybrid = Policy { groups: group_list("X25519MLKEM768 ffdhe2048 x25519"), ..server.clone() };
    let offer = Offer { groups: Some(group_list("X25519MLKEM768 ffdhe2048 x25519")), ..tls12(ECDHE_RSA) };
    assert_eq!(select(&hybrid, Some(&RSA), &offer).map(|p| p.group), Ok(Some(NamedGroup::X25519)));
}

#[test]
fn the_curve_of_an_ecdsa_certificate_has_to_be_one_of_the_clients() {
    // RFC 8422 5.3.
    let server = policy(V::TLS1_2, V::TLS1_2, ECDHE_ECDSA);
    let with = |groups: Option<&str>| {
        answer(&server, Some(&P256), &Offer { groups: groups.map(group_list), ..tls12(ECDHE_ECDSA) })
    };
    assert_eq!(with(Some("x25519 secp256r1")), ok(V::TLS1_2, ECDHE_ECDSA));
    assert_eq!(with(Some("x25519")), Err(RefusalReason::NoCommonGroup));
    assert_eq!(with(None), ok(V::TLS1_2, ECDHE_ECDSA));
}

#[test]
fn in_tls_1_2_a_signature_scheme_has_to_fit_the_key() {
    let server = policy(V::TLS1_2, V::TLS1_2, &format!("{ECDHE_RSA} {ECDHE_ECDSA} {RSA_GCM}"));
    let with = |identity: &KeyType, schemes: Option<&str>, suites: &str| {
        answer(&server, Some(identity), &Offer { schemes: schemes.map(scheme_list), ..tls12(suites) })
    };
    let none = Err(RefusalReason::NoCommonScheme);
    assert_eq!(with(&RSA, Some("rsa_pkcs1_sha256"), ECDHE_RSA), ok(V::TLS1_2, ECDHE_RSA));
    assert_eq!(with(&RSA, Some("rsa_pss_rsae_sha256"), ECDHE_RSA), ok(V::TLS1_2, ECDHE_RSA));
    assert_eq!(with(&RSA, Some("ecdsa_secp256r1_sha256"), ECDHE_RSA), none);
    assert_eq!(with(&RSA, Some("rsa_pss_pss_sha256"), ECDHE_RSA), none, "not for a plain RSA key");
    assert_eq!(with(&RSA, Some("rsa_pkcs1_sha384"), ECDHE_RSA), none, "not in the policy");
    assert_eq!(with(&P256, Some("ecdsa_secp256r1_sha256"), ECDHE_ECDSA), ok(V::TLS1_2, ECDHE_ECDSA));
    assert_eq!(with(&KeyType::Ed25519, Some("ed25519"), ECDHE_ECDSA), ok(V::TLS1_2, ECDHE_ECDSA));
    assert_eq!(with(&KeyType::Ed25519, Some("ecdsa_secp256r1_sha256"), ECDHE_ECDSA), none);
    // A scheme of TLS 1.3 clients only, though both sides name it.
    let legacy = Policy { schemes: scheme_list("rsa_pkcs1_sha256_legacy"), ..server.clone() };
    let offer = Offer { schemes: Some(scheme_list("rsa_pkcs1_sha256_legacy")), ..tls12(ECDHE_RSA) };
    assert_eq!(answer(&legacy, Some(&RSA), &offer), none);
    // A curve of another name: in TLS 1.2 the scheme names the hash alone.
    let p384 = KeyType::Ecdsa { group: NamedGroup::SECP384R1 };
    assert_eq!(with(&p384, Some("ecdsa_secp256r1_sha256"), ECDHE_ECDSA), ok(V::TLS1_2, ECDHE_ECDSA));
    // Key transport signs nothing.
    assert_eq!(with(&RSA, Some("ecdsa_secp256r1_sha256"), RSA_GCM), ok(V::TLS1_2, RSA_GCM));
}

#[test]
fn a_tls_1_2_client_without_signature_algorithms_is_taken_to_accept_sha_1() {
    // RFC 5246 7.4.1.4.1.
    let server = policy(V::TLS1_2, V::TLS1_2, &format!("{ECDHE_RSA} {ECDHE_ECDSA}"));
    let modern = Policy { schemes: scheme_list("rsa_pkcs1_sha256 ecdsa_secp256r1_sha256"), ..server.clone() };
    for (identity, suite) in [(RSA, ECDHE_RSA), (P256, ECDHE_ECDSA)] {
        let offer = Offer { schemes: None, ..tls12(suite) };
        assert_eq!(answer(&server, Some(&identity), &offer), ok(V::TLS1_2, suite));
        // RFC 9155 4: a server without SHA-1 has to refuse.
        assert_eq!(answer(&modern, Some(&identity), &offer), Err(RefusalReason::NoCommonScheme));
        let empty = Offer { schemes: Some(Vec::new()), ..tls12(suite) };
        assert_eq!(answer(&server, Some(&identity), &empty), Err(RefusalReason::NoCommonScheme), "empty");
    }
}

#[test]
fn before_tls_1_2_no_scheme_is_negotiated_and_eddsa_cannot_sign() {
    let server = Policy {
        schemes: Vec::new(),
        ..policy(V::TLS1_0, V::TLS1_1, &format!("{ECDHE_CBC} TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"))
    };
    assert_eq!(answer(&server, Some(&RSA), &bare(V::TLS1_1, ECDHE_CBC)), ok(V::TLS1_1, ECDHE_CBC));
    let ecdsa = "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA";
    assert_eq!(answer(&server, Some(&P256), &bare(V::TLS1_1, ecdsa)), ok(V::TLS1_1, ecdsa));
    // No hello can say before TLS 1.2 that it knows EdDSA (RFC 8422 5.1.3).
    let refused = answer(&server, Some(&KeyType::Ed25519), &bare(V::TLS1_1, ecdsa));
    assert_eq!(refused, Err(RefusalReason::NoUsableCertificate));
}

#[test]
fn named_finite_fields_are_negotiated_where_both_sides_name_them() {
    let classic = policy(V::TLS1_2, V::TLS1_2, DHE_RSA);
    let named = Policy { groups: group_list("ffdhe3072 ffdhe2048"), ..classic.clone() };
    let own = Policy { dhe_bits: Some(1024), ..named.clone() };
    let with = |policy: &Policy, groups: Option<&str>| {
        let offer = Offer { groups: groups.map(group_list), ..tls12(DHE_RSA) };
        select(policy, Some(&RSA), &offer).map(|p| (p.group, p.dh_bits)).map_err(|refusal| refusal.reason)
    };
    let ffdhe3072 = NamedGroup(0x0101);
    assert_eq!(with(&classic, Some("x25519 ffdhe2048")), Ok((None, None)), "a server from before RFC 7919");
    assert_eq!(with(&named, Some("x25519 ffdhe2048")), Ok((Some(NamedGroup::FFDHE2048), Some(2048))));
    assert_eq!(with(&named, Some("ffdhe2048 ffdhe3072")), Ok((Some(ffdhe3072), Some(3072))));
    // RFC 7919 4: "MUST NOT select an FFDHE cipher suite".
    assert_eq!(with(&named, Some("x25519 ffdhe8192")), Err(RefusalReason::NoCommonFiniteField));
    // RFC 7919 4: a client that names none leaves the choice.
    assert_eq!(with(&named, Some("x25519")), Ok((Some(ffdhe3072), Some(3072))));
    assert_eq!(with(&named, None), Ok((Some(ffdhe3072), Some(3072))));
    assert_eq!(with(&own, Some("ffdhe8192")), Ok((None, Some(1024))), "a group of the server's own");
}

#[test]
fn a_client_whose_finite_fields_are_not_the_servers_is_refused_with_an_alert_of_its_own() {
    // RFC 7919 4: "none of the client's offered groups are acceptable by the server, and none of the client's proposed
    // non-FFDHE cipher suites are acceptable to the server": insufficient_security.
    const DHE_ANON: &str = "TLS_DH_anon_WITH_AES_128_GCM_SHA256";
    const DHE_PSK: &str = "TLS_DHE_PSK_WITH_AES_128_GCM_SHA256";
    let all = format!("{DHE_RSA} {DHE_ANON} {DHE_PSK} {ECDHE_RSA} {RSA_GCM}");
    let named = Policy { groups: group_list("x25519 ffdhe2048"), ..policy(V::TLS1_2, V::TLS1_2, &all) };
    let with = |groups: &[u16], suites: &str| {
        let groups = Some(groups.iter().copied().map(NamedGroup).collect());
        select(&named, Some(&RSA), &Offer { groups, ..tls12(suites) })
            .map(|p| p.suite.to_string())
            .map_err(|refusal| (refusal.reason, refusal.alerts[0].to_string()))
    };
    let (x25519, p384, ffdhe3072) = (0x001D, 0x0018, 0x0101);
    let field = Err((RefusalReason::NoCommonFiniteField, "insufficient_security".to_owned()));
    let group = Err((RefusalReason::NoCommonGroup, "handshake_failure".to_owned()));
    for suite in [DHE_RSA, DHE_ANON, DHE_PSK] {
        assert_eq!(with(&[ffdhe3072], suite), field, "{suite}");
        // 256 to 511, "even if unknown to the server".
        assert_eq!(with(&[0x01FF], suite), field, "{suite}");
    }
    // The suites with a curve are no way out either, whichever stands first.
    assert_eq!(with(&[ffdhe3072, p384], &format!("{DHE_RSA} {ECDHE_RSA}")), field);
    assert_eq!(with(&[ffdhe3072, p384], &format!("{ECDHE_RSA} {DHE_RSA}")), field);
    // "In this case, the server SHOULD select an acceptable non-FFDHE cipher suite".
    assert_eq!(with(&[ffdhe3072, x25519], &format!("{DHE_RSA} {ECDHE_RSA}")), Ok(ECDHE_RSA.to_owned()));
    assert_eq!(with(&[ffdhe3072], &format!("{DHE_RSA} {RSA_GCM}")), Ok(RSA_GCM.to_owned()));
    // Without a suite that needs the field it is not about fields.
    assert_eq!(with(&[ffdhe3072, p384], ECDHE_RSA), group);
    // 512 is none, and a client that names none leaves the choice.
    assert_eq!(with(&[0x0200, p384], DHE_RSA), Ok(DHE_RSA.to_owned()));
}

#[test]
fn pre_shared_key_suites_need_a_certificate_only_by_rsa() {
    let list = "TLS_RSA_PSK_WITH_AES_128_GCM_SHA256 TLS_DHE_PSK_WITH_AES_128_GCM_SHA256 \
                TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256 TLS_PSK_WITH_AES_128_GCM_SHA256";
    let server = policy(V::TLS1_2, V::TLS1_2, list);
    for suite in list.split_whitespace() {
        assert_eq!(answer(&server, Some(&RSA), &tls12(suite)), ok(V::TLS1_2, suite));
        let expected = if suite.contains("RSA_PSK") {
            Err(RefusalReason::NoUsableCertificate)
        } else {
            ok(V::TLS1_2, suite)
        };
        assert_eq!(answer(&server, None, &tls12(suite)), expected);
    }
}

#[test]
fn a_hello_up_to_tls_1_2_has_to_offer_no_compression() {
    let server = policy(V::TLS1_2, V::TLS1_2, RSA_GCM);
    let with = |compressions: &[u8]| {
        answer(&server, Some(&RSA), &Offer { compressions: compressions.to_vec(), ..tls12(RSA_GCM) })
    };
    assert_eq!(with(&[1, 0]), ok(V::TLS1_2, RSA_GCM));
    assert_eq!(with(&[1]), Err(RefusalReason::Compression));
    assert_eq!(with(&[]), Err(RefusalReason::Compression));
}

#[test]
fn the_refusal_names_the_obstacle_of_the_suite_that_came_furthest() {
    let server = policy(V::TLS1_2, V::TLS1_2, &format!("{ECDHE_ECDSA} {ECDHE_RSA} {DHE_RSA}"));
    let offer =
        Offer { groups: Some(group_list("secp384r1")), ..tls12(&format!("{ECDHE_ECDSA} {ECDHE_RSA}")) };
    assert_eq!(answer(&server, Some(&RSA), &offer), Err(RefusalReason::NoCommonGroup));
    assert_eq!(answer(&server, None, &offer), Err(RefusalReason::NoUsableCertificate));
    // Whichever of them comes last.
    let reversed = policy(V::TLS1_2, V::TLS1_2, &format!("{ECDHE_RSA} {ECDHE_ECDSA}"));
    assert_eq!(answer(&reversed, Some(&RSA), &offer), Err(RefusalReason::NoCommonGroup));
}

#[test]
fn ssl_3_is_played_with_the_suites_that_stacks_play_in_it() {
    let server = policy(V::SSL3, V::SSL3, &format!("{ECDHE_CBC} {RSA_CBC} TLS_RSA_WITH_RC4_128_SHA"));
    let all = format!("{ECDHE_CBC} {RSA_CBC} TLS_RSA_WITH_RC4_128_SHA");
    assert_eq!(answer(&server, Some(&RSA), &bare(V::SSL3, &all)), ok(V::SSL3, RSA_CBC));
    assert_eq!(answer(&server, Some(&RSA), &bare(V::SSL3, ECDHE_CBC)), Err(RefusalReason::NoCommonSuite));
}
