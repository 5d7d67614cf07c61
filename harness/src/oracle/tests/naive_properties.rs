//! The oracle and the naive model give one answer; and the comparison sees errors when there are any.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::naive_mutants::MUTANTS;
use super::naive_worlds::world;
use super::*;
use crate::oracle::naive::{Kx, kx};
use crate::oracle::naive::{World, answer, wanted_alerts};

/// A session, or the reason of a refusal with its alerts, the proper one first.
type Answer = Result<Proposal, (RefusalReason, Vec<u8>)>;

const CASES: usize = 2000;

/// The same worlds in every run, each with the naive model's answer.
fn sample() -> &'static [(World, Answer)] {
    static SAMPLE: OnceLock<Vec<(World, Answer)>> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let mut runner = TestRunner::deterministic();
        let mut next = || world().new_tree(&mut runner).expect("a value").current();
        (0..CASES).map(|_| next()).map(|world| (world.clone(), naive(&world))).collect()
    })
}

fn naive(w: &World) -> Answer {
    answer(w).map_err(|reason| (reason, wanted_alerts(w, reason).to_vec()))
}

fn told(answer: Result<Proposal, Refusal>) -> Answer {
    answer.map_err(|refusal| (refusal.reason, refusal.alerts.iter().map(|alert| alert.0).collect()))
}

fn oracle(w: &World) -> Answer {
    told(select(&w.policy, w.identity.as_ref(), &w.offer))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    #[test]
    fn the_oracle_and_the_naive_model_give_one_answer(w in world()) {
        prop_assert_eq!(oracle(&w), naive(&w));
    }
}

#[test]
fn they_give_one_answer_in_every_world_of_the_sample() {
    for (w, naive) in sample() {
        assert_eq!(&oracle(w), naive, "{w:#?}");
    }
}

fn counted<K: Ord>(keys: impl Iterator<Item = K>) -> BTreeMap<K, usize> {
    let mut counts = BTreeMap::new();
    for key in keys {
        *counts.entry(key).or_default() += 1;
    }
    counts
}

#[test]
fn every_answer_comes_up_often() {
    let reasons = counted(sample().iter().filter_map(|(_, naive)| Some(&naive.as_ref().err()?.0)));
    for reason in RefusalReason::ALL {
        assert!(reasons.get(reason).is_some_and(|n| *n >= 15), "{reason:?} in {reasons:?}");
    }
    let sessions: Vec<&Proposal> = sample().iter().filter_map(|(_, naive)| naive.as_ref().ok()).collect();
    assert!(sessions.len() >= CASES / 4, "{} sessions", sessions.len());
    let exchanges = counted(sessions.iter().map(|p| kx(p.suite)));
    for kind in [
        Kx::Tls13,
        Kx::Rsa,
        Kx::RsaPsk,
        Kx::DheRsa,
        Kx::EcdheRsa,
        Kx::EcdheEcdsa,
        Kx::DhAnon,
        Kx::EcdhAnon,
        Kx::Psk,
        Kx::DhePsk,
        Kx::EcdhePsk,
    ] {
        assert!(exchanges.get(&kind).is_some_and(|n| *n >= 15), "{kind:?} in {exchanges:?}");
    }
    let versions = counted(sessions.iter().map(|p| p.version));
    assert!(versions.len() == 5 && versions.values().all(|n| *n >= 10), "{versions:?}");
}

/// What a session can show, how often it has to come up, and how to tell.
type Sight = (&'static str, usize, fn(&World, &Proposal) -> bool);

#[test]
fn every_field_of_a_proposal_takes_all_its_values_often() {
    let sights: [Sight; 12] = [
        ("a retry", 15, |_, p| p.hello_retry),
        ("a share that is there", 15, |_, p| {
            p.version == ProtocolVersion::TLS1_3 && !p.hello_retry && !p.psk_ke
        }),
        ("psk_ke", 10, |_, p| p.psk_ke),
        ("psk_dhe_ke", 10, |w, p| {
            p.version == ProtocolVersion::TLS1_3 && w.identity.is_none() && p.group.is_some()
        }),
        ("renegotiation_info", 50, |_, p| p.renegotiation_info),
        ("none though asked", 10, |w, p| w.offer.renegotiation_info && !p.renegotiation_info),
        ("a size of the server's own", 5, |_, p| p.group.is_none() && p.dh_bits.is_some()),
        ("a named field", 5, |_, p| p.group.is_some() && p.dh_bits.is_some()),
        ("SHA-1 by default", 15, |w, p| w.offer.schemes.is_none() && p.scheme.is_some()),
        ("an RSA scheme", 20, |w, p| w.identity == Some(RSA) && p.scheme.is_some()),
        ("an ECDSA scheme", 10, |w, p| {
            matches!(w.identity, Some(KeyType::Ecdsa { .. })) && p.scheme.is_some()
        }),
        ("Ed25519", 5, |_, p| p.scheme == Some(SignatureScheme::ED25519)),
    ];
    for (what, least, shows) in sights {
        let sessions = sample().iter().filter_map(|(w, naive)| naive.as_ref().ok().map(|p| (w, p)));
        let seen = sessions.filter(|(w, p)| shows(w, p)).count();
        assert!(seen >= least, "{what}: {seen} of {CASES}");
    }
}

#[test]
fn every_planted_error_is_seen() {
    let mut unseen = Vec::new();
    for (what, mutant) in MUTANTS {
        let differs =
            |(w, naive): &&(World, Answer)| told(mutant(&w.policy, w.identity.as_ref(), &w.offer)) != *naive;
        let seen = sample().iter().filter(differs).count();
        if seen < 5 {
            unseen.push(format!("{what}: seen in {seen} of {CASES} worlds"));
        }
    }
    assert!(unseen.is_empty(), "{unseen:#?}");
}
