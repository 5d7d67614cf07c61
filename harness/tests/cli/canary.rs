//! The permissive client as client under test: what it accepts is what every scenario must find.

use std::collections::BTreeMap;

use shakedown::run::catalogue::Catalogue;
use shakedown::scenario::Tier;

use crate::support::*;

/// What a client that refuses nothing comes to, by the scenario's id and the case's own words: verdict and the
/// finding that must be among its findings. Written down by hand, from the guides and RFCs, not from the oracle.
fn expected(id: &str) -> (&'static str, &'static str) {
    let (scenario, axes) = id.split_once('@').unwrap();
    match scenario {
        "client/version/below-minimum" | "client/version/old-suites" | "client/version/ssl3-dhe" => {
            ("fail", "below-minimum-version")
        }
        "client/cipher/static-rsa" | "client/cipher/pre-shared-key" | "client/kex/psk-ke" => {
            ("fail", "no-forward-secrecy")
        }
        "client/cipher/anonymous" | "client/certificate/wrong" => ("fail", "unauthenticated"),
        "client/cipher/null-encryption" | "client/cipher/integrity-only" => ("fail", "unencrypted"),
        "client/cipher/weak-cipher" if axes.contains("_3DES_") => ("warn", "weak-cipher"),
        "client/cipher/weak-cipher" => ("fail", "weak-cipher"),
        "client/kex/small-dhe" => ("fail", "weak-dh-group"),
        "client/kex/dhe" => ("warn", "finite-field-dhe"),
        "client/cipher/ecdhe" | "client/version/tls13" => ("pass", ""),
        // The strong server refuses the weak offer, whoever makes it.
        _ if scenario.starts_with("server/") => ("pass", ""),
        _ => panic!("{scenario} is new: write here what a client comes to that refuses nothing"),
    }
}

#[test]
fn the_canary_is_caught_by_every_case_of_tier_default() {
    let planned: BTreeMap<String, _> = (Catalogue::load(&[]).unwrap().cases.iter())
        .filter(|case| case.tier <= Tier::Default)
        .map(|case| (case.id.clone(), expected(&case.id)))
        .collect();
    let failing = planned.values().filter(|(verdict, _)| *verdict == "fail").count();
    assert!(failing > 50, "too few must-refuse cases to mean anything: {failing}");

    let ran = run(["check", "--client", "openssl", "--tier", "default", "--report", "json"]);
    ran.assert_code(1);
    let mut seen = BTreeMap::new();
    for case in ran.cases() {
        let id = case["case"].as_str().unwrap();
        let (verdict, finding) = planned[id];
        assert_eq!(case["verdict"], verdict, "{case}");
        assert!(finding.is_empty() || codes(&case).contains(&finding), "{finding} is missing: {case}");
        if verdict == "fail" {
            assert_eq!(
                (&case["expected"], &case["canary"]),
                (&"must-refuse".into(), &"caught".into()),
                "{case}"
            );
        }
        // A second weakness is found beside the first.
        let has_static_rsa = id.starts_with("client/") && id.contains("+TLS_RSA_WITH_");
        assert!(!has_static_rsa || codes(&case).contains(&"no-forward-secrecy"), "{case}");
        let has_no_name = id.starts_with("client/") && id.contains("_anon_WITH_");
        assert!(!has_no_name || codes(&case).contains(&"unauthenticated"), "{case}");
        seen.insert(id.to_owned(), ());
    }
    assert!(seen.keys().eq(planned.keys()), "played {} of {} cases", seen.len(), planned.len());
    let total = &of_type(&ran.events(), "run-finished")[0]["clients"]["openssl"];
    assert_eq!(total["fail"], failing);
    assert_eq!(total["inconclusive"], 0);
}
