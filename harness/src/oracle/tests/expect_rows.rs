//! What a connection must come to: duty, outcome, breaches.

use super::*;
use crate::policy::Treatment::{Fail, Warn};
use ProtocolVersion as V;

const ECDHE_RSA: &str = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
const RSA_GCM: &str = "TLS_RSA_WITH_AES_128_GCM_SHA256";
const RSA_CBC: &str = "TLS_RSA_WITH_AES_128_CBC_SHA";
const DHE_RSA: &str = "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256";

fn broken(expectation: &Expectation) -> Vec<Rule> {
    expectation.breaches.iter().map(|breach| breach.rule).collect()
}

#[test]
fn a_weak_session_that_the_client_offers_must_be_refused_by_the_client() {
    let server = policy(V::TLS1_2, V::TLS1_2, RSA_GCM);
    let found = expect(&server, Some(&RSA), &floor("aws"), &tls12(&format!("{ECDHE_RSA} {RSA_GCM}")), None);
    assert_eq!(found.duty, Duty::MustRefuse);
    assert_eq!(found.outcome.as_ref().map(|p| p.suite.to_string()), Ok(RSA_GCM.to_owned()));
    assert_eq!(found.breaches, [Breach { rule: Rule::ForwardSecrecy, treatment: Fail }]);
}

#[test]
fn a_weak_server_that_finds_nothing_in_common_is_still_a_case_of_must_refuse() {
    let server = policy(V::TLS1_2, V::TLS1_2, &format!("{RSA_GCM} {RSA_CBC}"));
    let found = expect(&server, Some(&RSA), &floor("aws"), &tls12(ECDHE_RSA), None);
    assert_eq!(found.duty, Duty::MustRefuse);
    assert_eq!(found.outcome, Err(RefusalReason::NoCommonSuite.into()));
    assert_eq!(broken(&found), [Rule::ForwardSecrecy]);
    let old = policy(V::TLS1_0, V::TLS1_1, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA");
    let found = expect(&old, Some(&RSA), &floor("aws"), &tls13("TLS_AES_128_GCM_SHA256"), None);
    assert_eq!((found.duty, broken(&found)), (Duty::MustRefuse, vec![Rule::Version]));
    assert_eq!(found.outcome, Err(RefusalReason::NoCommonVersion.into()));
}

#[test]
fn a_refusing_server_that_could_do_well_asks_nothing_of_the_client() {
    let server = policy(V::TLS1_2, V::TLS1_2, &format!("{ECDHE_RSA} {RSA_GCM}"));
    let found = expect(&server, Some(&RSA), &floor("aws"), &tls12(DHE_RSA), None);
    assert_eq!(found.duty, Duty::MayComplete);
    assert_eq!(broken(&found), []);
    // Its certificate lets it play neither suite: then its policy speaks for it.
    let found = expect(&server, Some(&P256), &floor("aws"), &tls12(DHE_RSA), None);
    assert_eq!(found.duty, Duty::MayComplete);
}

#[test]
fn a_refusing_server_whose_sessions_are_weak_in_different_ways_shares_no_breach() {
    let list = "TLS_ECDHE_RSA_WITH_RC4_128_SHA TLS_RSA_WITH_AES_128_GCM_SHA256";
    let server = policy(V::TLS1_2, V::TLS1_2, list);
    let found = expect(&server, Some(&RSA), &floor("aws"), &tls12(ECDHE_RSA), None);
    assert_eq!((found.duty, broken(&found)), (Duty::MustRefuse, Vec::new()));
}

#[test]
fn a_strong_session_may_complete_and_a_warning_forbids_nothing() {
    let strong = policy(V::TLS1_2, V::TLS1_2, &format!("{ECDHE_RSA} {DHE_RSA}"));
    let found = expect(&strong, Some(&RSA), &floor("aws"), &tls12(ECDHE_RSA), None);
    assert_eq!((found.duty, broken(&found)), (Duty::MayComplete, Vec::new()));
    let found = expect(&strong, Some(&RSA), &floor("aws"), &tls12(DHE_RSA), None);
    assert_eq!(found.duty, Duty::MayComplete);
    assert_eq!(found.breaches, [Breach { rule: Rule::FiniteFieldDhe, treatment: Warn }]);
    let found = expect(&strong, Some(&RSA), &floor("rfc10015"), &tls12(DHE_RSA), None);
    assert_eq!(found.duty, Duty::MustRefuse);
    let small = Policy { dhe_bits: Some(1024), ..strong };
    let found = expect(&small, Some(&RSA), &floor("aws"), &tls12(DHE_RSA), None);
    assert_eq!(
        (found.duty, broken(&found)),
        (Duty::MustRefuse, vec![Rule::FiniteFieldDhe, Rule::DhGroupSize])
    );
}

#[test]
fn a_forced_proposal_is_the_outcome_whatever_was_offered() {
    let strong = policy(V::TLS1_2, V::TLS1_3, &format!("TLS_AES_128_GCM_SHA256 {ECDHE_RSA}"));
    let offer = tls13(&format!("TLS_AES_128_GCM_SHA256 {ECDHE_RSA}"));
    let forced = Proposal::new(V::TLS1_2, RSA_GCM.parse().expect("a suite"));
    let found = expect(&strong, Some(&RSA), &floor("aws"), &offer, Some(&forced));
    assert_eq!(found.outcome, Ok(forced));
    assert_eq!((found.duty, broken(&found)), (Duty::MustRefuse, vec![Rule::ForwardSecrecy]));
    let good = Proposal::new(V::TLS1_2, ECDHE_RSA.parse().expect("a suite"));
    let found = expect(&strong, Some(&RSA), &floor("aws"), &offer, Some(&good));
    assert_eq!(found.duty, Duty::MayComplete);
}

#[test]
fn a_small_certificate_is_a_breach_of_its_own() {
    let strong = policy(V::TLS1_2, V::TLS1_3, &format!("TLS_AES_128_GCM_SHA256 {ECDHE_RSA}"));
    let small = KeyType::Rsa { bits: 1024 };
    let found = expect(&strong, Some(&small), &floor("aws"), &tls13("TLS_AES_128_GCM_SHA256"), None);
    assert_eq!((found.duty, broken(&found)), (Duty::MustRefuse, vec![Rule::RsaKeySize]));
    // And where the server refuses: both of its sessions show the certificate.
    let found = expect(&strong, Some(&small), &floor("aws"), &tls12(RSA_GCM), None);
    assert!(found.outcome.is_err());
    assert_eq!((found.duty, broken(&found)), (Duty::MustRefuse, vec![Rule::RsaKeySize]));
}

#[test]
fn a_policy_that_no_stack_can_play_is_judged_by_its_suites() {
    let server = policy(V::TLS1_2, V::TLS1_2, "TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256");
    let found =
        expect(&server, Some(&RSA), &floor("aws"), &tls12("TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256"), None);
    assert!(found.outcome.is_err());
    assert_eq!((found.duty, broken(&found)), (Duty::MustRefuse, vec![Rule::ForwardSecrecy]));
}

#[test]
fn a_policy_without_any_session_demands_nothing() {
    let server = policy(V::TLS1_3, V::TLS1_3, ECDHE_RSA);
    let found = expect(&server, Some(&RSA), &floor("aws"), &tls13(ECDHE_RSA), None);
    assert!(found.outcome.is_err());
    assert_eq!((found.duty, broken(&found)), (Duty::MayComplete, Vec::new()));
}
