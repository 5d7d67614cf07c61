//! What a hello is refused for before anything is chosen, and the alert of every reason. Every row is
//! written by hand from the text it cites.

use super::*;
use crate::registry::AlertDescription as A;
use ProtocolVersion as V;
use RefusalReason as R;

const ECDHE_RSA: &str = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
const ECDHE_CBC: &str = "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA";
const RSA_GCM: &str = "TLS_RSA_WITH_AES_128_GCM_SHA256";
const RSA_CBC: &str = "TLS_RSA_WITH_AES_128_CBC_SHA";
const AES13: &str = "TLS_AES_128_GCM_SHA256";

/// The version of the session, or the reason of the refusal.
fn version(policy: &Policy, offer: &Offer) -> Result<V, R> {
    select(policy, Some(&RSA), offer).map(|p| p.version).map_err(|refusal| refusal.reason)
}

#[test]
fn each_reason_has_its_proper_alert_first() {
    let rows = [
        // RFC 7507 3.
        (R::InappropriateFallback, A::INAPPROPRIATE_FALLBACK),
        // RFC 5246 E.1, RFC 8446 4.2.1 and D.2.
        (R::NoCommonVersion, A::PROTOCOL_VERSION),
        // RFC 8446 4.1.2. RFC 5246 names none.
        (R::Compression, A::ILLEGAL_PARAMETER),
        // RFC 5746 3.4, 3.5 for the other mismatches.
        (R::Renegotiation, A::HANDSHAKE_FAILURE),
        // RFC 8422 5.1.2.
        (R::PointFormats, A::ILLEGAL_PARAMETER),
        // RFC 8446 9.2.
        (R::MissingExtension, A::MISSING_EXTENSION),
        // RFC 8446 4.1.1, RFC 5246 7.4.1.3.
        (R::NoPsk, A::HANDSHAKE_FAILURE),
        (R::NoCommonSuite, A::HANDSHAKE_FAILURE),
        (R::NoUsableCertificate, A::HANDSHAKE_FAILURE),
        (R::NoCommonScheme, A::HANDSHAKE_FAILURE),
        (R::NoCommonGroup, A::HANDSHAKE_FAILURE),
    ];
    for (reason, alert) in rows {
        assert_eq!(reason.alerts().first(), Some(&alert), "{reason:?}");
    }
    assert!(rows.is_sorted_by(|a, b| a.0 < b.0), "the order of the reasons is that of the steps");
}

#[test]
fn a_hello_that_goes_on_with_another_connection_is_refused_up_to_tls_1_2() {
    // RFC 5746 3.6, for SSL 3 4.5: "MUST abort the handshake". TLS 1.3 has no such extension.
    let suites = format!("{AES13} {ECDHE_CBC} {RSA_CBC}");
    for (at, expected) in [
        (V::SSL3, Err(R::Renegotiation)),
        (V::TLS1_0, Err(R::Renegotiation)),
        (V::TLS1_1, Err(R::Renegotiation)),
        (V::TLS1_2, Err(R::Renegotiation)),
        (V::TLS1_3, Ok(V::TLS1_3)),
    ] {
        let offer = Offer { renegotiation_info: true, renegotiates: true, ..tls13(&suites) };
        let offer = Offer { supported_versions: Some(vec![at]), ..offer };
        assert_eq!(version(&policy(at, at, &suites), &offer), expected, "{at}");
        // An empty one is what every first hello has.
        let offer = Offer { renegotiates: false, ..offer };
        assert_eq!(version(&policy(at, at, &suites), &offer), Ok(at), "{at}");
    }
}

#[test]
fn point_formats_without_the_uncompressed_one_are_refused_with_the_curves_of_rfc_8422() {
    // (groups, formats, answer of a TLS 1.2 server that would take static RSA): RFC 8422 5.1.2.
    let taken = Ok((V::TLS1_2, RSA_GCM.to_owned()));
    let ecdhe = Ok((V::TLS1_2, ECDHE_RSA.to_owned()));
    let rows: [(Option<&str>, Option<&[u8]>, _); 13] = [
        (Some("x25519"), None, ecdhe.clone()),
        (Some("x25519"), Some(&[0]), ecdhe.clone()),
        (Some("x25519"), Some(&[2, 1, 0]), ecdhe.clone()),
        (None, Some(&[1, 0]), ecdhe),
        (Some("x25519"), Some(&[1]), Err(R::PointFormats)),
        (Some("x25519"), Some(&[]), Err(R::PointFormats)),
        (Some("x448"), Some(&[1, 2]), Err(R::PointFormats)),
        (Some("secp521r1"), Some(&[2]), Err(R::PointFormats)),
        (Some("brainpoolP256r1 secp384r1"), Some(&[1]), Err(R::PointFormats)),
        // No curve of that document: the hello is good, and no suite with a curve can be taken (5.1).
        (Some("brainpoolP256r1"), Some(&[1]), taken.clone()),
        (Some("GREASE_0A0A ffdhe2048"), Some(&[1]), taken.clone()),
        (Some(""), Some(&[1]), taken.clone()),
        (None, Some(&[1]), taken),
    ];
    let server = Policy {
        groups: group_list("x25519 brainpoolP256r1"),
        ..policy(V::TLS1_2, V::TLS1_2, &format!("{ECDHE_RSA} {RSA_GCM}"))
    };
    for (groups, formats, expected) in rows {
        let offer = Offer {
            groups: groups.map(group_list),
            point_formats: formats.map(<[u8]>::to_vec),
            ..tls12(&format!("{ECDHE_RSA} {RSA_GCM}"))
        };
        let found = select(&server, Some(&RSA), &offer).map(|p| (p.version, p.suite.to_string()));
        assert_eq!(found.map_err(|refusal| refusal.reason), expected, "{groups:?} {formats:?}");
        // Where there is no other suite, no group is in common.
        if matches!(&expected, Ok((_, suite)) if suite == RSA_GCM) {
            let offer = Offer { suites: suite_list(ECDHE_RSA), ..offer };
            assert_eq!(version(&server, &offer), Err(R::NoCommonGroup), "{groups:?} {formats:?}");
        }
    }
}

#[test]
fn point_formats_belong_to_tls_1_0_to_1_2() {
    // RFC 8446 4.2.8.2: TLS 1.3 removes them. SSL 3 has no extensions (RFC 6101 5.6.1.2).
    let suites = format!("{AES13} {ECDHE_CBC} {RSA_CBC}");
    for (at, expected) in [
        (V::SSL3, Ok(V::SSL3)),
        (V::TLS1_0, Err(R::PointFormats)),
        (V::TLS1_1, Err(R::PointFormats)),
        (V::TLS1_2, Err(R::PointFormats)),
        (V::TLS1_3, Ok(V::TLS1_3)),
    ] {
        let offer = Offer { point_formats: Some(vec![1]), ..tls13(&suites) };
        let offer = Offer { supported_versions: Some(vec![at]), ..offer };
        assert_eq!(version(&policy(at, at, &suites), &offer), expected, "{at}");
    }
}

#[test]
fn of_several_faults_the_first_step_is_named() {
    let server = policy(V::TLS1_1, V::TLS1_2, RSA_CBC);
    let good = bare(V::TLS1_1, RSA_CBC);
    let formats = Offer { point_formats: Some(vec![1]), groups: Some(group_list("x25519")), ..good };
    let renegotiates = Offer { renegotiates: true, ..formats.clone() };
    let compressed = Offer { compressions: vec![1], ..renegotiates.clone() };
    let too_old = Offer { legacy_version: V::TLS1_0, ..compressed.clone() };
    let fallback = Offer { fallback_scsv: true, ..too_old.clone() };
    let rows = [
        (formats, R::PointFormats),
        (renegotiates, R::Renegotiation),
        (compressed, R::Compression),
        (too_old, R::NoCommonVersion),
        (fallback, R::InappropriateFallback),
    ];
    for (offer, reason) in rows {
        assert_eq!(version(&server, &offer), Err(reason));
    }
}

#[test]
fn signals_and_reserved_values_alone_are_no_suite() {
    for list in ["", "TLS_EMPTY_RENEGOTIATION_INFO_SCSV", "TLS_FALLBACK_SCSV", "GREASE_2A2A"] {
        let server = policy(V::TLS1_2, V::TLS1_3, &format!("{AES13} {ECDHE_RSA}"));
        assert_eq!(version(&server, &tls12(list)), Err(R::NoCommonSuite), "TLS 1.2, {list:?}");
        assert_eq!(version(&server, &tls13(list)), Err(R::NoCommonSuite), "TLS 1.3, {list:?}");
    }
    let unknown = Offer { suites: vec![CipherSuite(0xBEEF)], ..tls12("") };
    let server = Policy { suites: vec![CipherSuite(0xBEEF)], ..policy(V::TLS1_2, V::TLS1_2, "") };
    assert_eq!(version(&server, &unknown), Err(R::NoCommonSuite), "a value that nobody knows, on both sides");
}

#[test]
fn supported_versions_without_tls_1_3_is_followed_all_the_same() {
    // RFC 8446 4.2.1: servers "MUST be prepared" for a list without TLS 1.3.
    let server = policy(V::TLS1_0, V::TLS1_3, &format!("{AES13} {ECDHE_CBC}"));
    let with = |list: &[V]| {
        let offer =
            Offer { supported_versions: Some(list.to_vec()), ..tls13(&format!("{AES13} {ECDHE_CBC}")) };
        version(&server, &offer)
    };
    assert_eq!(with(&[V::TLS1_1, V::TLS1_0]), Ok(V::TLS1_1));
    assert_eq!(with(&[V::TLS1_0, V::TLS1_2]), Ok(V::TLS1_2), "the highest, whatever the client's order");
    assert_eq!(with(&[V::SSL3]), Err(R::NoCommonVersion));
    assert_eq!(with(&[V(0x7F1C)]), Err(R::NoCommonVersion), "a draft");
}

#[test]
fn a_fallback_is_measured_by_what_the_hello_can_come_to() {
    // RFC 7507 3, with `supported_versions` in the place of the field where it is present.
    let server = |to| policy(V::TLS1_0, to, &format!("{AES13} {ECDHE_CBC}"));
    let with = |field, list: Option<&[V]>, to| {
        let offer = Offer {
            legacy_version: field,
            supported_versions: list.map(<[V]>::to_vec),
            fallback_scsv: true,
            ..tls13(&format!("{AES13} {ECDHE_CBC}"))
        };
        version(&server(to), &offer)
    };
    let refused = Err(R::InappropriateFallback);
    assert_eq!(with(V::TLS1_2, Some(&[V::TLS1_3, V::TLS1_2]), V::TLS1_3), Ok(V::TLS1_3));
    assert_eq!(with(V::TLS1_2, Some(&[V::TLS1_2]), V::TLS1_3), refused);
    assert_eq!(with(V::TLS1_2, None, V::TLS1_3), refused, "the usual second try of a TLS 1.3 client");
    assert_eq!(with(V::TLS1_2, None, V::TLS1_2), Ok(V::TLS1_2));
    // The client has more than the server, with a gap: no fallback.
    assert_eq!(with(V::TLS1_2, Some(&[V::TLS1_3, V::TLS1_1]), V::TLS1_2), Ok(V::TLS1_1));
    // Without the extension TLS 1.3 cannot be had, whatever the field says.
    assert_eq!(with(V::TLS1_3, None, V::TLS1_3), refused);
}

#[test]
fn the_extensions_of_a_key_share_come_together_with_a_pre_shared_key_too() {
    // RFC 8446 9.2.
    let server = policy(V::TLS1_3, V::TLS1_3, AES13);
    let psk = Offer { offers_psk: true, psk_modes: Some(vec![0, 1]), ..tls13(AES13) };
    let with = |identity: Option<&KeyType>, offer: Offer| {
        select(&server, identity, &offer).map(|p| p.psk_ke).map_err(|refusal| refusal.reason)
    };
    assert_eq!(with(None, psk.clone()), Ok(false));
    for identity in [None, Some(&RSA)] {
        assert_eq!(with(identity, Offer { groups: None, ..psk.clone() }), Err(R::MissingExtension));
        assert_eq!(with(identity, Offer { key_shares: None, ..psk.clone() }), Err(R::MissingExtension));
    }
    let neither = Offer { groups: None, key_shares: None, ..psk };
    assert_eq!(with(None, neither.clone()), Ok(true));
    assert_eq!(with(Some(&RSA), neither), Err(R::NoPsk));
}

#[test]
fn modes_that_nobody_knows_are_no_common_mode() {
    let server = policy(V::TLS1_3, V::TLS1_3, AES13);
    let with = |modes: &[u8]| {
        let offer = Offer { offers_psk: true, psk_modes: Some(modes.to_vec()), ..tls13(AES13) };
        select(&server, None, &offer).map(|p| p.psk_ke).map_err(|refusal| refusal.reason)
    };
    assert_eq!(with(&[0x0B, 0xE4]), Err(R::NoPsk), "GREASE");
    assert_eq!(with(&[]), Err(R::NoPsk));
    assert_eq!(with(&[0x0B, 0]), Ok(true));
}
