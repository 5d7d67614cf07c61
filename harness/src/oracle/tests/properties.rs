//! What holds for every policy and every hello.

use proptest::prelude::*;
use proptest::sample::{select as one_of, subsequence};

use super::*;
use crate::policy::Treatment;
use crate::registry;

fn any_of<T: Clone + std::fmt::Debug + 'static>(all: Vec<T>) -> impl Strategy<Value = Vec<T>> {
    let most = all.len().min(40);
    subsequence(all, 0..=most).prop_shuffle()
}

fn any_suites() -> impl Strategy<Value = Vec<CipherSuite>> {
    // Unknown, reserved and well-known values; the last so that lists meet often.
    let mut all: Vec<CipherSuite> = registry::suites().iter().map(|facts| facts.suite).collect();
    all.extend([CipherSuite(0xBEEF), CipherSuite(0xFFFE)]);
    let common = suite_list(
        "TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 \
         TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 TLS_DHE_RSA_WITH_AES_128_CBC_SHA \
         TLS_RSA_WITH_AES_128_CBC_SHA TLS_RSA_WITH_RC4_128_SHA TLS_DH_anon_WITH_AES_128_CBC_SHA",
    );
    (any_of(all), any_of(common)).prop_map(|(mut all, common)| {
        all.extend(common);
        all
    })
}

fn any_versions() -> impl Strategy<Value = Vec<ProtocolVersion>> {
    let mut all = ProtocolVersion::ALL.to_vec();
    all.extend([ProtocolVersion(0x1A1A), ProtocolVersion(0x0305)]);
    any_of(all)
}

fn any_groups() -> impl Strategy<Value = Vec<NamedGroup>> {
    any_of(registry::groups().iter().map(|facts| facts.group).collect())
}

fn any_schemes() -> impl Strategy<Value = Vec<SignatureScheme>> {
    any_of(registry::schemes().iter().map(|facts| facts.scheme).collect())
}

prop_compose! {
    fn any_policy()(
        versions in subsequence(ProtocolVersion::ALL.to_vec(), 1..=5),
        order in one_of(vec![Order::Server, Order::Client]),
        suites in any_suites(),
        groups in any_groups(),
        schemes in any_schemes(),
        dhe_bits in one_of(vec![None, Some(1024), Some(2048)]),
    ) -> Policy {
        let base = policy(ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_2, "");
        Policy { versions, order, suites, groups, schemes, dhe_bits, ..base }
    }
}

prop_compose! {
    fn any_offer()(
        legacy in one_of(vec![0x0200, 0x0300, 0x0301, 0x0302, 0x0303, 0x0304, 0x0A0A]),
        supported_versions in proptest::option::of(any_versions()),
        suites in any_suites(),
        compressions in one_of(vec![vec![0], vec![0], vec![0], vec![1, 0], vec![1], vec![]]),
        groups in proptest::option::weighted(0.8, any_groups()),
        schemes in proptest::option::weighted(0.8, any_schemes()),
        key_shares in proptest::option::weighted(0.8, any_groups()),
        psk_modes in proptest::option::of(one_of(vec![vec![0], vec![1], vec![0, 1]])),
        offers_psk in any::<bool>(),
        fallback_scsv in proptest::bool::weighted(0.1),
        point_formats in one_of(vec![None, None, Some(vec![0]), Some(vec![0, 1, 2]), Some(vec![1, 2])]),
        renegotiates in proptest::bool::weighted(0.1),
    ) -> Offer {
        Offer {
            supported_versions,
            suites,
            compressions,
            groups,
            schemes,
            key_shares,
            psk_modes,
            offers_psk,
            fallback_scsv,
            point_formats,
            renegotiation_info: renegotiates,
            renegotiates,
            ..Offer::new(ProtocolVersion(legacy))
        }
    }
}

fn any_identity() -> impl Strategy<Value = Option<KeyType>> {
    one_of(vec![None, Some(RSA), Some(P256), Some(KeyType::Ed25519), Some(KeyType::Rsa { bits: 1024 })])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn a_selected_session_is_within_both_policy_and_hello(
        policy in any_policy(), identity in any_identity(), offer in any_offer(),
    ) {
        let Ok(found) = select(&policy, identity.as_ref(), &offer) else { return Ok(()) };
        prop_assert!(policy.suites.contains(&found.suite) && offer.suites.contains(&found.suite));
        prop_assert!(policy.versions.contains(&found.version));
        prop_assert_ne!(offer.states_version(found.version), Stated::No);
        prop_assert!(Some(found.version) <= offer.max_version());
        let facts = registry::suite(found.suite).expect("no unknown suite is selected");
        prop_assert!(facts.played_in(found.version));
        if let Some(group) = found.group {
            prop_assert!(policy.groups.contains(&group));
            prop_assert!(!group.is_grease());
            // A DHE group may stand outside a list that names no finite field (RFC 7919 4).
            let names_field = |list: &Vec<NamedGroup>| list.iter().any(|g| g.0 >> 8 == 1);
            let bound = offer.groups.as_ref().filter(|list| found.dh_bits.is_none() || names_field(list));
            prop_assert!(bound.is_none_or(|list| list.contains(&group)));
        }
        prop_assert!(!found.psk_ke || identity.is_none(), "a server with a certificate resumes nothing");
        prop_assert!(!found.psk_ke || (offer.offers_psk && found.group.is_none()));
        let only_tls13 = policy.versions == [ProtocolVersion::TLS1_3];
        prop_assert!(found.version < ProtocolVersion::TLS1_3 || identity.is_some() || only_tls13);
    }

    #[test]
    fn a_refusal_names_its_proper_alert(
        policy in any_policy(), identity in any_identity(), offer in any_offer(),
    ) {
        if let Err(refusal) = select(&policy, identity.as_ref(), &offer) {
            prop_assert!(!refusal.alerts.is_empty());
            prop_assert!(refusal.alerts.iter().all(|alert| alert.name().is_some()));
        }
    }

    #[test]
    fn grease_in_a_hello_changes_no_answer(
        policy in any_policy(), identity in any_identity(), offer in any_offer(),
    ) {
        let plain = offer.normalised();
        prop_assert_eq!(&plain.normalised(), &plain);
        prop_assert_eq!(
            select(&policy, identity.as_ref(), &offer),
            select(&policy, identity.as_ref(), &plain)
        );
    }

    #[test]
    fn what_a_floor_allows_is_no_breach_of_any_session(
        policy in any_policy(), identity in any_identity(), offer in any_offer(),
    ) {
        if let Ok(session) = select(&policy, identity.as_ref(), &offer) {
            let found = breaches(&floor("aws-legacy"), &session);
            prop_assert!(found.iter().all(|breach| breach.treatment != Treatment::Allow));
        }
    }

    #[test]
    fn a_server_with_nothing_weak_breaks_nothing_whatever_the_hello(
        identity in one_of(vec![RSA, P256, KeyType::Ed25519]), offer in any_offer(),
    ) {
        let text = include_str!("../../../../scenarios/policies/harness/strong.toml");
        let strong = Policy::parse("policies/harness/strong.toml", text).expect("parses");
        let Ok(session) = select(&strong, Some(&identity), &offer) else { return Ok(()) };
        for name in ["aws", "aws-legacy", "rfc10015"] {
            prop_assert_eq!(breaches(&floor(name), &session), vec![]);
        }
    }
}

/// The generators are worth something only if both outcomes come up often.
#[test]
fn the_generators_reach_sessions_and_every_reason_of_refusal() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let strategy = (any_policy(), any_identity(), any_offer());
    let (mut sessions, mut reasons) = (0, std::collections::BTreeSet::new());
    for _ in 0..2000 {
        let (policy, identity, offer) = strategy.new_tree(&mut runner).expect("a value").current();
        match select(&policy, identity.as_ref(), &offer) {
            Ok(_) => sessions += 1,
            Err(refusal) => {
                reasons.insert(refusal.reason);
            }
        }
    }
    assert!(sessions > 100, "{sessions} sessions");
    assert_eq!(reasons.len(), 12, "{reasons:?}");
}
