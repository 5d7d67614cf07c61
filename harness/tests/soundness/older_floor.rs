//! A floor that allows TLS 1.0: what warns there, what still fails, and that nothing is proven more cheaply.

use shakedown::judge::{CaseFacts, Class, Controls, FindingCode, Judgement, Verdict, judge};
use shakedown::observe::{Ending, Reach};
use shakedown::oracle::breaches;
use shakedown::pki::KeyKind;
use shakedown::policy::Floor;
use shakedown::registry::{AlertDescription, CipherSuite, ProtocolVersion};
use shakedown::run::stage::Stage;
use shakedown::scenario::Tier;

use crate::support::made::{
    ECDHE_GCM, Made, RSA_CBC, RSA_GCM, TLS13_GCM, by_itself, modern, states_a_maximum,
};
use crate::support::world;

/// TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA
const ECDHE_CBC: CipherSuite = CipherSuite(0xC013);

fn floor(id: &str) -> &'static Floor {
    world().catalogue.floor(id).unwrap()
}

/// A session that was completed under a floor, as the judge sees it.
fn completed(floor: &Floor, version: ProtocolVersion, suite: CipherSuite) -> Judgement {
    let mut made = Made::new(version, suite, &[]);
    made.breaches = breaches(floor, &made.proposal());
    let seen = made.seen(Reach::Data, Ending::Completed, true);
    let offer = modern();
    let controls = Controls { positive: Ok(()), offer: Some(&offer), canary: Ok(()) };
    judge(&CaseFacts { floor, ..made.facts() }, &[seen], &by_itself(), &controls)
}

#[test]
fn a_completed_session_is_judged_by_the_floors_own_versions() {
    use FindingCode::{BelowMinimumVersion, BelowRecommendedVersion, NoForwardSecrecy};
    use ProtocolVersion as V;
    let table: [(&str, V, CipherSuite, Verdict, &[FindingCode]); 12] = [
        ("aws-legacy", V::SSL3, RSA_CBC, Verdict::Fail, &[BelowMinimumVersion, NoForwardSecrecy]),
        ("aws-legacy", V::TLS1_0, ECDHE_CBC, Verdict::Warn, &[BelowRecommendedVersion]),
        ("aws-legacy", V::TLS1_1, ECDHE_CBC, Verdict::Warn, &[BelowRecommendedVersion]),
        ("aws-legacy", V::TLS1_0, RSA_CBC, Verdict::Fail, &[NoForwardSecrecy]),
        ("aws-legacy", V::TLS1_2, ECDHE_GCM, Verdict::Pass, &[]),
        ("aws-legacy", V::TLS1_2, RSA_GCM, Verdict::Fail, &[NoForwardSecrecy]),
        ("aws-legacy", V::TLS1_3, TLS13_GCM, Verdict::Pass, &[]),
        ("aws", V::TLS1_0, ECDHE_CBC, Verdict::Fail, &[BelowMinimumVersion]),
        ("aws", V::TLS1_0, RSA_CBC, Verdict::Fail, &[BelowMinimumVersion, NoForwardSecrecy]),
        // The recommendation speaks of what a client offers: a session of TLS 1.2 is not weak.
        ("aws", V::TLS1_2, ECDHE_GCM, Verdict::Pass, &[]),
        ("aws", V::TLS1_3, TLS13_GCM, Verdict::Pass, &[]),
        ("rfc10015", V::TLS1_1, ECDHE_CBC, Verdict::Fail, &[BelowMinimumVersion]),
    ];
    for (id, version, suite, verdict, codes) in table {
        let judged = completed(floor(id), version, suite);
        let found: Vec<FindingCode> = judged.findings.iter().map(|finding| finding.code).collect();
        assert_eq!((judged.verdict, found.as_slice()), (verdict, codes), "{id} {version} {suite}");
        for finding in judged.findings.iter().filter(|f| f.code == BelowRecommendedVersion) {
            // Page and date as scenarios/floors/aws-legacy.toml has them: only that floor warns.
            let words = "; recommended is TLS 1.2: Infrastructure security, AWS CloudHSM and Amazon SWF user guides, \
                         older text (2022)";
            assert!(finding.detail.ends_with(words), "{}", finding.detail);
        }
    }
}

#[test]
fn the_control_has_the_oldest_version_of_the_floor_and_no_older_one() {
    let world = world();
    let openssl = world.openssl();
    for (id, oldest) in [("aws-legacy", ProtocolVersion::TLS1_0), ("aws", ProtocolVersion::TLS1_2)] {
        for key in [KeyKind::Rsa2048, KeyKind::EcdsaP256] {
            let stage = Stage::positive(key, floor(id), openssl, &world.pki).unwrap();
            assert_eq!(stage.policy.versions.first(), Some(&oldest), "{id}");
            for suite in &stage.policy.suites {
                let name = suite.to_string();
                let is_tls13 = !name.contains("_WITH_");
                assert!(is_tls13 || name.starts_with("TLS_ECDHE_"), "{id}: {name} is not forward secret");
            }
        }
    }
    // A stack without old versions plays what it has.
    let rustls = Stage::positive(KeyKind::Rsa2048, floor("aws-legacy"), world.rustls(), &world.pki).unwrap();
    assert_eq!(rustls.policy.versions.first(), Some(&ProtocolVersion::TLS1_2));
}

/// In core only TLS 1.2 is asked for anonymous and unencrypted sessions. Under a floor that allows TLS 1.0 a client
/// could refuse those for their version, and take them in TLS 1.0.
#[test]
fn where_a_floor_allows_an_old_version_core_asks_for_every_class_in_it() {
    let legacy = floor("aws-legacy");
    let old = [ProtocolVersion::TLS1_0, ProtocolVersion::TLS1_1];
    for version in old {
        for (class, part) in
            [("anonymous", "_anon_WITH_AES"), ("unencrypted", "_WITH_NULL_"), ("static RSA", "+RSA+")]
        {
            let asked = world().catalogue.cases.iter().any(|case| {
                let is_asked = case.is_in(Tier::Core, legacy.min_version);
                is_asked && case.version == version && case.id.contains(part)
            });
            assert!(asked, "{class} in {version}");
        }
    }
    // Elsewhere core is what it says it is.
    for case in &world().catalogue.cases {
        assert_eq!(case.is_in(Tier::Core, ProtocolVersion::TLS1_2), case.tier == Tier::Core, "{}", case.id);
        assert!(!case.is_in(Tier::Core, legacy.min_version) || case.tier <= Tier::Default, "{}", case.id);
        assert!(case.is_in(Tier::Full, legacy.min_version), "{}", case.id);
    }
}

/// The client ends a proposal of TLS 1.0 with RSA key transport, which such a floor forbids for its key exchange alone.
#[test]
fn whoever_does_not_state_an_old_version_has_refused_that_and_proves_no_other_class() {
    use AlertDescription as A;
    let old = ProtocolVersion::TLS1_0;
    let table = [
        (modern(), A::PROTOCOL_VERSION, None),
        (modern(), A::HANDSHAKE_FAILURE, None),
        (states_a_maximum(ProtocolVersion::TLS1_2, &[RSA_CBC]), A::HANDSHAKE_FAILURE, None),
        (states_a_maximum(old, &[ECDHE_CBC]), A::PROTOCOL_VERSION, None),
        (states_a_maximum(old, &[ECDHE_CBC]), A::HANDSHAKE_FAILURE, Some(Class::ForwardSecrecy)),
    ];
    for (offer, alert, proven) in table {
        let mut made = Made::new(old, RSA_CBC, &[]).forced();
        made.breaches = breaches(floor("aws-legacy"), &made.proposal());
        let mut seen = made.seen(Reach::Proposed, Ending::ClientAlert(alert), true);
        seen.offer = Some(offer.clone());
        let controls = Controls { positive: Ok(()), offer: Some(&offer), canary: Ok(()) };
        let facts = CaseFacts { floor: floor("aws-legacy"), ..made.facts() };
        let judged = judge(&facts, &[seen], &by_itself(), &controls);
        assert_eq!((judged.verdict, judged.proven), (Verdict::Pass, proven), "{offer:?} {alert}");
    }
}
