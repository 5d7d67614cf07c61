//! What counts as a difference from a policy.

use shakedown::engine::EndpointSpec;
use shakedown::pki::CertificateKind;
use shakedown::policy::Policy;
use shakedown::registry::CipherSuite;
use shakedown::scan::{Comparison, Source};

use crate::memory::{identity, plain, scanned, server};

const TEXT: &str = r#"
title = "a policy"
versions = ["TLSv1.1", "TLSv1.2", "TLSv1.3"]
order = "server"
suites = ["TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_128_CBC_SHA"]
groups = ["x25519", "secp256r1"]
schemes = ["rsa_pss_rsae_sha256", "rsa_pkcs1_sha256"]
dhe_bits = 2048
"#;

fn policy(text: &str) -> Policy {
    Policy::parse("policies/test/one.toml", text).unwrap()
}

fn compared(policy: &Policy, spec: EndpointSpec) -> Comparison {
    Comparison::of(policy, &scanned(&server(spec)))
}

/// The policy itself, on OpenSSL.
fn same() -> EndpointSpec {
    let policy = policy(TEXT);
    EndpointSpec { groups: policy.groups, schemes: policy.schemes, ..plain() }
}

#[test]
fn a_server_that_keeps_the_policy_does_not_differ() {
    let found = compared(&policy(TEXT), same());
    assert_eq!((found.differences, found.is_empty), (Vec::new(), false));
}

#[test]
fn each_field_differs_by_itself() {
    use shakedown::registry::{NamedGroup, ProtocolVersion as V, SignatureScheme};
    let base = same();
    let without =
        |suite: u16| base.suites.iter().copied().filter(|other| other.0 != suite).collect::<Vec<_>>();
    let mut swapped = base.suites.clone();
    swapped.swap(2, 3);
    let rows: [(&str, EndpointSpec, &[&str]); 9] = [
        (
            "versions",
            EndpointSpec { versions: vec![V::TLS1_2, V::TLS1_3], ..same() },
            &["TLS 1.1 is in the policy"],
        ),
        (
            "versions",
            EndpointSpec { versions: vec![V::TLS1_0, V::TLS1_1, V::TLS1_2, V::TLS1_3], ..same() },
            &["TLS 1.0 is accepted"],
        ),
        ("suites", EndpointSpec { suites: without(0xC014), ..same() }, &["AES_256_CBC_SHA is in the policy"]),
        (
            "suites",
            EndpointSpec { suites: [&base.suites[..], &[CipherSuite(0x0035)]].concat(), ..same() },
            &["TLS_RSA_WITH_AES_256_CBC_SHA is accepted"],
        ),
        ("suites", EndpointSpec { suites: swapped, ..same() }, &["goes before"]),
        ("order", EndpointSpec { server_order: false, ..same() }, &["in the client's order"; 3]),
        (
            "groups",
            EndpointSpec { groups: vec![NamedGroup::X25519], ..same() },
            &["secp256r1 is in the policy", "secp256r1 is in the policy"],
        ),
        (
            "schemes",
            EndpointSpec { schemes: [0x0804, 0x0401, 0x0805].map(SignatureScheme).to_vec(), ..same() },
            &["rsa_pss_rsae_sha384 is accepted", "rsa_pss_rsae_sha384 is accepted"],
        ),
        ("dhe_bits", EndpointSpec { dh_bits: 1024, ..same() }, &["1024 bits instead of 2048"]),
    ];
    for (field, spec, texts) in rows {
        let found = compared(&policy(TEXT), spec).differences;
        assert_eq!(found.len(), texts.len(), "{field}: {found:?}");
        for (difference, text) in found.iter().zip(texts) {
            assert_eq!((difference.field, difference.source), (field, Source::Stated));
            assert!(difference.text.contains(text), "{text}: {}", difference.text);
        }
    }
}

#[test]
fn a_difference_in_what_no_source_states_is_marked() {
    let provenance = r#"
[provenance]
status = "current"
certainty = "derived"
sources = ["x"]
derived = ["dhe_bits"]
unordered = ["suites"]
"#;
    let derived = policy(&format!("{TEXT}{provenance}"));
    let mut swapped = same().suites;
    swapped.swap(2, 3);
    let found = compared(&derived, EndpointSpec { dh_bits: 1024, suites: swapped, ..same() });
    let [difference] = &found.differences[..] else { panic!("the order is not stated: {found:?}") };
    assert_eq!((difference.field, difference.source), ("dhe_bits", Source::Derived));
    assert!(!found.has_stated());
}

#[test]
fn suites_without_a_certificate_for_them_are_not_testable_and_no_difference() {
    let text = TEXT.replace(r#""TLS_DHE_RSA"#, r#""TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "TLS_DHE_RSA"#);
    let found = compared(&policy(&text), same());
    assert_eq!(found.differences, []);
    let names: Vec<&str> = found.not_testable.iter().map(|(what, _)| what.as_str()).collect();
    assert_eq!(names, ["TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"]);

    // With the certificate it is a difference.
    let identities = [CertificateKind::Rsa2048, CertificateKind::EcdsaP256].map(identity).to_vec();
    let mut spec = EndpointSpec { identities, ..same() };
    spec.suites.push(CipherSuite(0xC00A));
    let found = compared(&policy(&text), spec);
    assert!(
        found
            .differences
            .iter()
            .any(|difference| difference.text.contains("ECDSA_WITH_AES_128_CBC_SHA is in"))
    );
}
