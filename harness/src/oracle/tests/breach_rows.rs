//! The traps, one by one, with the floors of the repository.

use super::*;
use crate::policy::Treatment::{self, Fail, Warn};
use ProtocolVersion as V;
use Rule::{
    Authentication, DhGroupSize, Encryption, FiniteFieldDhe, ForwardSecrecy, RsaKeySize, Undefined, Version,
    WeakCipher,
};

/// Version, suite, and what they break.
type Row = (V, &'static str, &'static [(Rule, Treatment)]);

fn proposal(version: V, suite: &str) -> Proposal {
    Proposal::new(version, suite.parse().expect("a suite"))
}

fn broken(floor_name: &str, proposal: &Proposal) -> Vec<(Rule, Treatment)> {
    breaches(&floor(floor_name), proposal).iter().map(|breach| (breach.rule, breach.treatment)).collect()
}

#[test]
fn each_trap_breaks_exactly_its_own_rules_of_floor_aws() {
    let rows: &[Row] = &[
        (V::TLS1_2, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", &[]),
        (V::TLS1_2, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", &[]),
        (V::TLS1_3, "TLS_AES_128_GCM_SHA256", &[]),
        (V::TLS1_2, "TLS_RSA_WITH_AES_128_GCM_SHA256", &[(ForwardSecrecy, Fail)]),
        (V::TLS1_2, "TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256", &[(ForwardSecrecy, Fail)]),
        (V::TLS1_2, "TLS_DH_RSA_WITH_AES_128_GCM_SHA256", &[(ForwardSecrecy, Fail)]),
        (V::TLS1_2, "TLS_RSA_PSK_WITH_AES_128_GCM_SHA256", &[(ForwardSecrecy, Fail)]),
        (V::TLS1_2, "TLS_PSK_WITH_AES_128_GCM_SHA256", &[(ForwardSecrecy, Fail)]),
        (V::TLS1_2, "TLS_KRB5_WITH_3DES_EDE_CBC_SHA", &[(ForwardSecrecy, Fail), (WeakCipher, Warn)]),
        (V::TLS1_2, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", &[(FiniteFieldDhe, Warn)]),
        (V::TLS1_2, "TLS_DHE_PSK_WITH_AES_128_GCM_SHA256", &[(FiniteFieldDhe, Warn)]),
        (V::TLS1_2, "TLS_DH_anon_WITH_AES_128_GCM_SHA256", &[(Authentication, Fail), (FiniteFieldDhe, Warn)]),
        (V::TLS1_2, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA", &[(Authentication, Fail)]),
        (V::TLS1_2, "TLS_ECDHE_RSA_WITH_RC4_128_SHA", &[(WeakCipher, Fail)]),
        (V::TLS1_2, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", &[(WeakCipher, Warn)]),
        (V::TLS1_2, "TLS_ECDHE_RSA_WITH_NULL_SHA", &[(Encryption, Fail)]),
        (V::TLS1_2, "TLS_RSA_WITH_NULL_SHA256", &[(ForwardSecrecy, Fail), (Encryption, Fail)]),
        (V::TLS1_3, "TLS_SHA256_SHA256", &[(Encryption, Fail)]),
        (V::TLS1_1, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", &[(Version, Fail)]),
        (V::TLS1_0, "TLS_RSA_WITH_AES_128_CBC_SHA", &[(Version, Fail), (ForwardSecrecy, Fail)]),
        (V::SSL3, "TLS_RSA_WITH_AES_128_CBC_SHA", &[(Version, Fail), (ForwardSecrecy, Fail)]),
        (
            V::TLS1_0,
            "TLS_RSA_EXPORT_WITH_RC4_40_MD5",
            &[(Version, Fail), (ForwardSecrecy, Fail), (WeakCipher, Fail)],
        ),
        // Nothing that any specification knows: refusing it proves none of the other rules.
        (V::TLS1_2, "TLS_AES_128_GCM_SHA256", &[(Undefined, Fail)]),
        (V::TLS1_3, "TLS_RSA_WITH_AES_128_GCM_SHA256", &[(Undefined, Fail)]),
        (V::TLS1_2, "GREASE_0A0A", &[(Undefined, Fail)]),
        (V::TLS1_3, "TLS_FALLBACK_SCSV", &[(Undefined, Fail)]),
        (V::TLS1_0, "GREASE_0A0A", &[(Version, Fail), (Undefined, Fail)]),
        (V(0x0305), "TLS_AES_128_GCM_SHA256", &[(Undefined, Fail)]),
        (V(0x0200), "TLS_RSA_WITH_RC4_128_MD5", &[(Undefined, Fail)]),
        (V(0xFEFD), "TLS_RSA_WITH_AES_128_CBC_SHA", &[(Undefined, Fail)]),
        (V::TLS1_1, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", &[(Version, Fail), (Undefined, Fail)]),
    ];
    for (version, suite, expected) in rows {
        assert_eq!(broken("aws", &proposal(*version, suite)), *expected, "{version} {suite}");
    }
    let unregistered = Proposal::new(V::TLS1_2, CipherSuite(0xBEEF));
    assert_eq!(broken("aws", &unregistered), [(Undefined, Fail)]);
}

#[test]
fn a_tls_1_3_session_by_pre_shared_key_alone_has_no_forward_secrecy() {
    let strong = proposal(V::TLS1_3, "TLS_AES_256_GCM_SHA384");
    assert_eq!(broken("aws", &strong), []);
    assert_eq!(broken("aws", &Proposal { psk_ke: true, ..strong }), [(ForwardSecrecy, Fail)]);
}

#[test]
fn rfc_10015_forbids_in_tls_1_2_the_diffie_hellman_that_aws_allows() {
    let dhe = proposal(V::TLS1_2, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256");
    assert_eq!(broken("aws", &dhe), [(FiniteFieldDhe, Warn)]);
    assert_eq!(broken("rfc10015", &dhe), [(FiniteFieldDhe, Fail)]);
    let tls13 = Proposal {
        group: Some(NamedGroup::FFDHE2048),
        dh_bits: Some(2048),
        ..proposal(V::TLS1_3, "TLS_AES_128_GCM_SHA256")
    };
    assert_eq!(broken("rfc10015", &tls13), [], "TLS 1.3 keeps its finite-field groups");
}

#[test]
fn the_legacy_floor_takes_tls_1_0_and_not_ssl_3() {
    assert_eq!(broken("aws-legacy", &proposal(V::TLS1_0, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA")), []);
    let ssl3 = proposal(V::SSL3, "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA");
    assert_eq!(broken("aws-legacy", &ssl3), [(Version, Fail), (FiniteFieldDhe, Warn), (WeakCipher, Warn)]);
}

#[test]
fn the_size_of_a_finite_field_counts_where_it_is_known() {
    let dhe = |dh_bits, group| {
        let plain = proposal(V::TLS1_2, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256");
        broken("aws", &Proposal { dh_bits, group, ..plain })
    };
    assert_eq!(dhe(Some(1024), None), [(FiniteFieldDhe, Warn), (DhGroupSize, Fail)]);
    assert_eq!(dhe(Some(2047), None), [(FiniteFieldDhe, Warn), (DhGroupSize, Fail)]);
    assert_eq!(dhe(Some(2048), None), [(FiniteFieldDhe, Warn)]);
    assert_eq!(dhe(None, None), [(FiniteFieldDhe, Warn)], "an unknown size breaks nothing");
    assert_eq!(dhe(None, Some(NamedGroup::FFDHE2048)), [(FiniteFieldDhe, Warn)]);
    assert_eq!(
        dhe(Some(512), Some(NamedGroup::FFDHE2048)),
        [(FiniteFieldDhe, Warn), (DhGroupSize, Fail)],
        "what is on the wire counts before what its name says"
    );
    let strict = Floor { min_dhe_bits: 3072, ..floor("aws") };
    let named =
        Proposal { group: Some(NamedGroup::FFDHE2048), ..proposal(V::TLS1_3, "TLS_AES_128_GCM_SHA256") };
    let rules: Vec<Rule> = breaches(&strict, &named).iter().map(|breach| breach.rule).collect();
    assert_eq!(rules, [DhGroupSize]);
    let curve =
        Proposal { dh_bits: Some(256), ..proposal(V::TLS1_2, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256") };
    assert_eq!(broken("aws", &curve), [], "a curve is no finite field");
}

#[test]
fn the_size_of_an_rsa_certificate_counts_where_the_suite_can_show_one() {
    let with = |version, suite, bits| {
        broken("aws", &Proposal { certificate_bits: Some(bits), ..proposal(version, suite) })
    };
    let rsa = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
    assert_eq!(with(V::TLS1_2, rsa, 1024), [(RsaKeySize, Fail)]);
    assert_eq!(with(V::TLS1_2, rsa, 2048), []);
    assert_eq!(with(V::TLS1_3, "TLS_AES_128_GCM_SHA256", 1024), [(RsaKeySize, Fail)]);
    assert_eq!(with(V::TLS1_2, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", 256), []);
    assert_eq!(with(V::TLS1_2, "TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256", 1024), []);
}

#[test]
fn export_suites_fail_even_where_weak_ciphers_are_allowed() {
    let lax = Floor {
        weak_cipher: Treatment::Allow,
        triple_des: Treatment::Allow,
        min_version: V::SSL3,
        ..floor("aws")
    };
    let rules = |suite| breaches(&lax, &proposal(V::TLS1_0, suite));
    assert_eq!(rules("TLS_ECDHE_RSA_WITH_RC4_128_SHA"), []);
    assert_eq!(rules("TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"), []);
    let export = rules("TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA");
    assert!(export.contains(&Breach { rule: WeakCipher, treatment: Fail }), "{export:?}");
}
