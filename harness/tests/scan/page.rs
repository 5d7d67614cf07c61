//! The page for people, as a whole.

use std::io::Read;
use std::sync::Arc;

use insta::assert_snapshot;
use regex::Regex;
use shakedown::engine::EndpointSpec;
use shakedown::pki::{CertificateKind, Identity};

use crate::memory::{identity, plain};
use crate::port::{honest, liar};
use crate::run::{scan, scan_json};

const ARGUMENTS: [&str; 4] = ["--policy", "elb/ELBSecurityPolicy-TLS13-1-2-2021-06", "--floor", "aws"];

/// What differs from one time to the next: the port, the length of an ECDSA signature, the cost.
fn page(address: &str, more: &[&str], exit: i32) -> String {
    let output = scan(&[&[address, "--jobs", "1"], more].concat());
    assert_eq!(output.status.code(), Some(exit), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap().replace(address, "127.0.0.1:PORT");
    let text = Regex::new(r"chain of [0-9 +]+ bytes").unwrap().replace_all(&text, "chain of N bytes");
    let cost = Regex::new(r"\d+ connections, \d+ retries, [0-9.]+ s").unwrap();
    cost.replace(&text, "N connections, N retries, N s").into_owned()
}

#[test]
fn the_page_of_a_server_beside_a_policy_and_a_floor() {
    let address = honest(plain(), |_, _| true);
    assert_snapshot!(page(&address, &ARGUMENTS, 1), @r"
    127.0.0.1:PORT

    versions     TLS 1.1, TLS 1.2, TLS 1.3
    refused      SSL 3 (alert handshake_failure)
    refused      TLS 1.0 (alert protocol_version)

    TLS 1.3      2 suites, picked in the server's order
                 TLS_AES_256_GCM_SHA384
                 TLS_AES_128_GCM_SHA256

    TLS 1.2      4 suites, picked in the server's order
                 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
                 TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA
                 TLS_DHE_RSA_WITH_AES_128_GCM_SHA256
                 TLS_RSA_WITH_AES_128_CBC_SHA                    no forward secrecy

    TLS 1.1      2 suites, picked in the server's order
                 TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA
                 TLS_RSA_WITH_AES_128_CBC_SHA                    no forward secrecy

    groups       TLS 1.2: x25519, secp256r1, x448, secp384r1, secp521r1
                 TLS 1.3: X25519MLKEM768, x25519, secp256r1, x448, secp384r1, secp521r1, ffdhe2048,
                 ffdhe3072
    schemes      TLS 1.2: rsa_pss_rsae_sha256, rsa_pkcs1_sha256, rsa_pss_rsae_sha384, rsa_pkcs1_sha384,
                 rsa_pss_rsae_sha512, rsa_pkcs1_sha512, rsa_pkcs1_sha1
                 TLS 1.3: rsa_pss_rsae_sha256, rsa_pss_rsae_sha384, rsa_pss_rsae_sha512
    DHE group    2048 bits
    certificate  RSA 2048 bits, CN=shakedown test server (chain of N bytes)
    resumption   session id no; ticket no; TLS 1.3 ticket no
    renegotiat.  secure renegotiation yes
    downgrade    fallback signal heeded: yes; sentinel in the random: yes
    others       extended master secret yes; compression no

    policy       elb/ELBSecurityPolicy-TLS13-1-2-2021-06
    differs      versions: TLS 1.1 is accepted and not in the policy
    differs      suites: TLS_CHACHA20_POLY1305_SHA256 is in the policy and refused (TLS 1.3)
    differs      suites: TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256 is in the policy and refused (TLS 1.2)
    differs      suites: TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384 is in the policy and refused (TLS 1.2)
    differs      suites: TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 is in the policy and refused (TLS 1.2)
    differs      suites: TLS_RSA_WITH_AES_128_CBC_SHA is accepted and not in the policy (TLS 1.2)
    differs      suites: TLS_DHE_RSA_WITH_AES_128_GCM_SHA256 is accepted and not in the policy (TLS 1.2)
    differs      suites: TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA is accepted and not in the policy (TLS 1.2)
    differs      suites: TLS 1.3: TLS_AES_256_GCM_SHA384 goes before TLS_AES_128_GCM_SHA256, unlike in
                 the policy
    differs      groups: x448 is accepted and not in the policy (TLS 1.2) (no source states this field:
                 it is derived)
    differs      groups: secp521r1 is accepted and not in the policy (TLS 1.2) (no source states this
                 field: it is derived)
    differs      groups: X25519MLKEM768 is accepted and not in the policy (TLS 1.3) (no source states
                 this field: it is derived)
    differs      groups: x448 is accepted and not in the policy (TLS 1.3) (no source states this field:
                 it is derived)
    differs      groups: secp521r1 is accepted and not in the policy (TLS 1.3) (no source states this
                 field: it is derived)
    differs      groups: ffdhe2048 is accepted and not in the policy (TLS 1.3) (no source states this
                 field: it is derived)
    differs      groups: ffdhe3072 is accepted and not in the policy (TLS 1.3) (no source states this
                 field: it is derived)
    differs      schemes: rsa_pkcs1_sha1 is accepted and not in the policy (TLS 1.2) (no source states
                 this field: it is derived)
    not testable TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: the server shows no certificate with an
                 elliptic-curve key
    not testable TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: the server shows no certificate with an
                 elliptic-curve key
    not testable TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: the server shows no certificate with an
                 elliptic-curve key
    not testable TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384: the server shows no certificate with an
                 elliptic-curve key
    not testable ecdsa_secp256r1_sha256 (TLS 1.2): no certificate with such a key signs here
    not testable ecdsa_secp384r1_sha384 (TLS 1.2): no certificate with such a key signs here
    not testable ecdsa_secp256r1_sha256 (TLS 1.3): no certificate with such a key signs here
    not testable ecdsa_secp384r1_sha384 (TLS 1.3): no certificate with such a key signs here

    floor        aws: AWS guides: TLS 1.2 required, 1.3 recommended, forward secrecy (Infrastructure
                 security, Amazon OpenSearch Service developer guide, 2026-10)
    FAIL         below-minimum-version: TLS 1.1 TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, TLS 1.1
                 TLS_RSA_WITH_AES_128_CBC_SHA
    FAIL         no-forward-secrecy: TLS 1.1 TLS_RSA_WITH_AES_128_CBC_SHA, TLS 1.2
                 TLS_RSA_WITH_AES_128_CBC_SHA
    warn         finite-field-dhe: TLS 1.2 TLS_DHE_RSA_WITH_AES_128_GCM_SHA256

    asked        N connections, N retries, N s
    ");
}

#[test]
fn the_page_of_a_server_that_says_nothing() {
    let address = liar(|mut stream| {
        let _ = stream.read(&mut [0; 4096]);
    });
    assert_snapshot!(page(&address, &ARGUMENTS, 3), @r"
    127.0.0.1:PORT

    not judged   it closed the connection without a word (closed)
    policy       elb/ELBSecurityPolicy-TLS13-1-2-2021-06
                 nothing of it could be tested

    floor        aws: AWS guides: TLS 1.2 required, 1.3 recommended, forward secrecy (Infrastructure
                 security, Amazon OpenSearch Service developer guide, 2026-10)

    asked        N connections, N retries, N s
    ");
}

#[test]
fn a_chain_that_is_too_long_to_be_listed_is_counted() {
    let leaf = identity(CertificateKind::EcdsaP256);
    let chain = std::iter::repeat_n(leaf.chain[0].clone(), 20).collect();
    let long = Arc::new(Identity { kind: leaf.kind, chain, key: leaf.key.clone() });
    let address = honest(EndpointSpec { identities: vec![long], ..plain() }, |_, _| true);
    let (_, found) = scan_json(&[&address]);
    let certificate = &found["certificates"][0];
    let listed = certificate["chain_bytes"].as_array().map(Vec::len);
    assert_eq!((listed, certificate["chain_length"].as_u64()), (Some(16), Some(20)), "{found}");
    let page = String::from_utf8(scan(&[&address]).stdout).unwrap();
    assert!(page.contains("and 4 more"), "{page}");
}
