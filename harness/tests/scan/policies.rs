//! Every policy, played by OpenSSL in memory: the scan finds what the policy's data says, and nothing else.

use std::sync::atomic::{AtomicUsize, Ordering};

use shakedown::fit::fit;
use shakedown::pki::CertificateKind;
use shakedown::policy::{Catalogue, Order, Policy};
use shakedown::registry::{self, Authentication, ProtocolVersion, SignatureScheme};
use shakedown::scan::{Comparison, Preference};

use crate::memory::{identity, openssl, scanned, server};

#[test]
fn a_scan_finds_exactly_the_versions_and_suites_of_every_policy_in_their_order() {
    let policies = Catalogue::embedded().unwrap().policies().unwrap();
    let mut seen: Vec<Policy> = Vec::new();
    let content = |policy: &Policy| {
        let Policy { versions, order, suites, groups, schemes, dhe_bits, .. } = policy.clone();
        (versions, order, suites, groups, schemes, dhe_bits)
    };
    for policy in policies.into_iter().filter(|policy| policy.playable().is_ok()) {
        if !seen.iter().any(|other| content(other) == content(&policy)) {
            seen.push(policy);
        }
    }
    assert!(seen.len() > 100, "{} different policies", seen.len());
    let identities = [CertificateKind::Rsa2048, CertificateKind::EcdsaP256].map(identity);
    let (next, played) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(policy) = seen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let Some(fitted) = fit(&*openssl(), policy, &identities).0 else { continue };
                    played.fetch_add(1, Ordering::Relaxed);
                    check(&fitted.policy, &server(fitted.spec));
                }
            });
        }
    });
    let played = played.into_inner();
    assert!(played > 100, "{played} of {}", seen.len());
}

fn check(policy: &Policy, server: &crate::memory::Memory) {
    let found = scanned(server);
    for version in ProtocolVersion::ALL {
        let (accepted, preference) = &found.versions[&version];
        // The server has no DSA certificate.
        let plays = |facts: &registry::SuiteFacts| {
            facts.played_in(version) && facts.authentication != Authentication::Dss
        };
        let is_there = |suite: &&registry::CipherSuite| registry::suite(**suite).is_some_and(plays);
        let mut expected: Vec<_> = policy.suites.iter().filter(is_there).copied().collect();
        if !policy.versions.contains(&version) {
            expected.clear();
        }
        // TLS 1.3 needs a scheme for one of the certificates, RSA 2048 and ECDSA P-256.
        let can_sign = [0x0403, 0x0804, 0x0805, 0x0806].map(SignatureScheme);
        if version == ProtocolVersion::TLS1_3
            && !policy.schemes.iter().any(|scheme| can_sign.contains(scheme))
        {
            expected.clear();
        }
        if policy.order == Order::Client {
            // A hello offers by ascending value.
            expected.sort();
        }
        assert_eq!(accepted.suites, expected, "{} {version}", policy.id);
        let expected = match (expected.len(), policy.order) {
            (0 | 1, _) => Preference::Single,
            (_, Order::Server) => Preference::Server,
            (_, Order::Client) => Preference::Client,
        };
        assert_eq!(*preference, expected, "{} {version}", policy.id);
    }
    let comparison = Comparison::of(policy, &found);
    assert_eq!(comparison.differences, [], "{}", policy.id);
}
