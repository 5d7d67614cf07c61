//! The parsed catalogue against the data, field by field and past the generator.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shakedown::policy::{Catalogue, Certainty, Order, Policy, Provenance};
use shakedown::registry;

use crate::data::{codes, data, row, rows, text, texts};

/// Six policies list two schemes of TLS 1.2 and have no TLS 1.2. The file leaves them out and says so.
const WITHOUT_SHA224: [&str; 6] = [
    "s2n/20200207",
    "s2n/AWS-CRT-SDK-TLSv1.3",
    "s2n/AWS-CRT-SDK-TLSv1.3-2023",
    "s2n/AWS-CRT-SDK-TLSv1.3-2025-PQ",
    "s2n/CloudFront-Upstream-TLS-1-3-2025",
    "s2n/CloudFront-Upstream-TLS-1-3-2025-PQ",
];

/// Names of which nothing else is published.
const NAMES_ONLY: [&str; 5] = [
    "elb-classic/ELBSample-ELBDefaultNegotiationPolicy",
    "elb-classic/ELBSample-OpenSSLDefaultNegotiationPolicy",
    "elb-classic/ELBSecurityPolicy-2011-08",
    "elb-classic/ELBSecurityPolicy-2014-01",
    "elb-classic/ELBSecurityPolicy-2014-10",
];

/// Which policy of s2n-tls each of AWS's is, read from the data by hand.
const IN_S2N: [(&str, &str); 26] = [
    ("cloudfront/SSLv3", "CloudFront-SSL-v-3"),
    ("cloudfront/TLSv1", "CloudFront-TLS-1-0-2014"),
    ("cloudfront/TLSv1.1_2016", "CloudFront-TLS-1-1-2016"),
    ("cloudfront/TLSv1.2_2018", "CloudFront-TLS-1-2-2018-no-sha1"),
    ("cloudfront/TLSv1.2_2019", "CloudFront-TLS-1-2-2019-no-sha1"),
    ("cloudfront/TLSv1.2_2021", "CloudFront-TLS-1-2-2021-no-sha1"),
    ("cloudfront/TLSv1.2_2025", "CloudFront-TLS-1-2-2025"),
    ("cloudfront/TLSv1.3_2025", "CloudFront-TLS-1-3-2025"),
    ("cloudfront/TLSv1_2016", "CloudFront-TLS-1-0-2016"),
    ("elb/ELBSecurityPolicy-2015-05", "ELBSecurityPolicy-TLS-1-0-2015-05"),
    ("elb/ELBSecurityPolicy-2016-08", "ELBSecurityPolicy-2016-08"),
    ("elb/ELBSecurityPolicy-FS-1-1-2019-08", "ELBSecurityPolicy-FS-1-1-2019-08"),
    ("elb/ELBSecurityPolicy-FS-1-2-2019-08", "ELBSecurityPolicy-FS-1-2-2019-08"),
    ("elb/ELBSecurityPolicy-FS-1-2-Res-2019-08", "ELBSecurityPolicy-FS-1-2-Res-2019-08"),
    ("elb/ELBSecurityPolicy-FS-2018-06", "ELBSecurityPolicy-FS-2018-06"),
    ("elb/ELBSecurityPolicy-TLS-1-0-2015-04", "ELBSecurityPolicy-TLS-1-0-2015-04"),
    ("elb/ELBSecurityPolicy-TLS-1-1-2017-01", "ELBSecurityPolicy-TLS-1-1-2017-01"),
    ("elb/ELBSecurityPolicy-TLS-1-2-2017-01", "ELBSecurityPolicy-TLS-1-2-2017-01"),
    ("elb/ELBSecurityPolicy-TLS-1-2-Ext-2018-06", "ELBSecurityPolicy-TLS-1-2-Ext-2018-06"),
    ("elb/ELBSecurityPolicy-TLS13-1-2-CNSA2-INTEROP2-FIPS-PQ-2026-07", "20260220"),
    ("elb/ELBSecurityPolicy-TLS13-1-2-CNSA2-INTEROP3-FIPS-PQ-2026-07", "20260722"),
    ("elb/ELBSecurityPolicy-TLS13-1-2-RFC9151-INTEROP1-FIPS-2023-07", "20251113"),
    ("elb/ELBSecurityPolicy-TLS13-1-2-RFC9151-INTEROP2-FIPS-2023-07", "20251117"),
    ("elb/ELBSecurityPolicy-TLS13-1-2-RFC9151-INTEROP3-FIPS-2023-07", "20251114"),
    ("elb/ELBSecurityPolicy-TLS13-1-2-RFC9151-INTEROP4-FIPS-2023-07", "20251115"),
    ("elb/ELBSecurityPolicy-TLS13-1-3-CNSA2-INTEROP1-FIPS-PQ-2026-07", "20260720"),
];

/// Groups and schemes that neither page nor row states and that follow from a policy of s2n-tls.
const LENT: [(&str, &str); 4] = [
    ("elb/ELBSecurityPolicy-2015-05", "s2n/ELBSecurityPolicy-TLS-1-0-2015-05"),
    ("elb/ELBSecurityPolicy-TLS13-1-2-Ext0-RFC9151-FIPS-2023-07", "s2n/rfc9151"),
    ("elb/ELBSecurityPolicy-TLS13-1-2-RFC9151-FIPS-2023-07", "s2n/rfc9151"),
    ("elb/ELBSecurityPolicy-TLS13-1-3-RFC9151-FIPS-2023-07", "s2n/rfc9151"),
];

/// Sizes of the servers' own finite-field groups outside s2n-tls, whose DHE policies all have 2048.
const DHE_BITS: [(&str, u16, bool); 4] = [
    // id, bits, derived
    ("elb-classic/ELBSecurityPolicy-2015-02", 2048, true),
    ("elb-classic/ELBSecurityPolicy-2015-03", 2048, true),
    ("mozilla/5.7/intermediate", 2048, false),
    ("mozilla/5.7/old", 1024, false),
];

/// Policies whose versions are read from their names.
const VERSIONS_DERIVED: [&str; 4] = [
    "apigateway/regional-private/SecurityPolicy_TLS13_1_2_Ext2_FIPS_PQ_2025_09",
    "apigateway/regional-private/SecurityPolicy_TLS13_1_2_Ext2_PQ_2025_09",
    "apigateway/regional-private/SecurityPolicy_TLS13_1_2_FIPS_PQ_2025_09",
    "opensearch/Policy-Min-TLS-1-2-RFC9151-FIPS-2024-08",
];

/// Policies outside `s2n/` with a list whose sources say whose order decides: the page of Classic Load Balancers, that
/// of CloudFront, Mozilla's files, s2n-tls.
const ORDER_STATED: [&str; 26] = [
    "cloudfront/SSLv3",
    "cloudfront/TLSv1",
    "cloudfront/TLSv1.1_2016",
    "cloudfront/TLSv1.2_2018",
    "cloudfront/TLSv1.2_2019",
    "cloudfront/TLSv1.2_2021",
    "cloudfront/TLSv1.2_2025",
    "cloudfront/TLSv1.3_2025",
    "cloudfront/TLSv1_2016",
    "elb-classic/ELBSecurityPolicy-2015-02",
    "elb-classic/ELBSecurityPolicy-2015-03",
    "elb-classic/ELBSecurityPolicy-2015-05",
    "elb-classic/ELBSecurityPolicy-2016-08",
    "elb-classic/ELBSecurityPolicy-TLS-1-1-2017-01",
    "elb-classic/ELBSecurityPolicy-TLS-1-2-2017-01",
    "elb/ELBSecurityPolicy-TLS13-1-2-CNSA2-INTEROP2-FIPS-PQ-2026-07",
    "elb/ELBSecurityPolicy-TLS13-1-2-CNSA2-INTEROP3-FIPS-PQ-2026-07",
    "elb/ELBSecurityPolicy-TLS13-1-3-CNSA2-INTEROP1-FIPS-PQ-2026-07",
    "mozilla/5.7/intermediate",
    "mozilla/5.7/modern",
    "mozilla/5.7/old",
    "mozilla/5.8/intermediate",
    "mozilla/5.8/modern",
    "mozilla/5.8/old",
    "mozilla/6.0/intermediate",
    "mozilla/6.0/modern",
];

/// Policies that are `derived` without a derived field, and the policy of s2n-tls that they are.
const DERIVED_AS_A_WHOLE: [(&str, &str); 3] = [
    ("elb/ELBSecurityPolicy-TLS13-1-2-CNSA2-INTEROP2-FIPS-PQ-2026-07", "20260220"),
    ("elb/ELBSecurityPolicy-TLS13-1-2-CNSA2-INTEROP3-FIPS-PQ-2026-07", "20260722"),
    ("elb/ELBSecurityPolicy-TLS13-1-3-CNSA2-INTEROP1-FIPS-PQ-2026-07", "20260720"),
];

fn policies() -> Vec<(&'static Value, Policy)> {
    let mut parsed: BTreeMap<String, Policy> = Catalogue::embedded()
        .unwrap()
        .policies()
        .unwrap_or_else(|error| panic!("{error}"))
        .into_iter()
        .map(|policy| (policy.id.clone(), policy))
        .collect();
    rows().map(|row| (row, parsed.remove(text(row, "id")).unwrap_or_else(|| panic!("{row}")))).collect()
}

fn provenance(policy: &Policy) -> &Provenance {
    policy.provenance.as_ref().unwrap_or_else(|| panic!("{} has none", policy.id))
}

fn names<T: ToString>(list: &[T]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

#[test]
fn the_catalogue_has_every_row_but_the_requirements_and_the_harness_own() {
    let catalogue = Catalogue::embedded().unwrap();
    let ids: BTreeSet<&str> = catalogue.ids().filter(|id| !id.starts_with("harness/")).collect();
    let expected: BTreeSet<&str> = rows().map(|row| text(row, "id")).collect();
    assert_eq!(ids, expected);
    assert_eq!(ids.len(), 259);
    let left_out = data()["policies"].as_array().unwrap().len() - expected.len();
    assert_eq!(left_out, 2, "requirement/aws-api-current and requirement/aws-api-legacy-wording");
    let services = "apigateway bsi cloudfront elb elb-classic harness mozilla nist opensearch s2n";
    assert_eq!(catalogue.services().join(" "), services);
}

#[test]
fn versions_and_suites_are_those_of_the_data_in_its_order() {
    for (row, policy) in policies() {
        assert_eq!(names(&policy.versions), texts(row, "protocols").unwrap_or_default(), "{}", policy.id);
        let suites: Vec<u16> = policy.suites.iter().map(|suite| suite.0).collect();
        let lender = text(row, "mock_suites_from");
        assert_eq!(policy.lender().unwrap_or_default(), lender, "{}", policy.id);
        match codes(row) {
            Some(codes) => assert_eq!(suites, codes, "{}", policy.id),
            None if lender.is_empty() => assert!(NAMES_ONLY.contains(&policy.id.as_str()), "{}", policy.id),
            None => {
                let lender = crate::data::row(lender);
                assert_eq!(lender["protocols"], row["protocols"], "{}: nothing to filter", policy.id);
                assert_eq!(suites, codes(lender).unwrap(), "{}", policy.id);
            }
        }
    }
}

/// The files hold IANA names; the data states codes and OpenSSL's names beside them.
#[test]
fn every_suite_of_the_data_is_called_the_same_in_the_registry() {
    for row in rows() {
        for suite in row["cipher_suites"].as_array().into_iter().flatten() {
            let facts = registry::suite_by_name(suite["iana"].as_str().unwrap()).unwrap();
            assert_eq!(format!("0x{:04X}", facts.suite.0), suite["code"], "{}", row["id"]);
            let stated = suite["openssl"].as_str().filter(|name| !name.is_empty());
            assert!(
                [facts.openssl_name, facts.openssl_alias].contains(&stated),
                "{}: {suite} is not {facts:?}",
                row["id"]
            );
        }
    }
}

#[test]
fn versions_are_derived_of_four_policies_and_the_order_of_most() {
    let (mut versions, mut order) = (Vec::new(), Vec::new());
    for (_, policy) in policies() {
        let is_of_s2n = policy.id.starts_with("s2n/");
        if provenance(&policy).is_derived("versions") {
            versions.push(policy.id);
        } else if is_of_s2n {
            assert!(!policy.is_derived("order"), "{}", policy.id);
        } else if !policy.suites.is_empty() && !policy.is_stand_in() && !policy.is_derived("order") {
            order.push(policy.id);
        }
    }
    versions.sort();
    order.sort();
    assert_eq!(versions, VERSIONS_DERIVED);
    assert_eq!(order, ORDER_STATED);
}

#[test]
fn what_is_derived_as_a_whole_says_from_what() {
    let mut found = Vec::new();
    for (own, policy) in policies() {
        let ours = provenance(&policy);
        if ours.certainty != Certainty::Derived || !ours.derived.is_empty() {
            continue;
        }
        let name = policy.s2n_name().unwrap();
        let note = format!("Versions, suites, groups and schemes are those of s2n-tls's policy {name}.");
        assert!(ours.notes.contains(&note), "{}: {:?}", policy.id, ours.notes);
        let lender = row(&format!("s2n/{name}"));
        for key in ["protocols", "cipher_suites", "groups", "signature_schemes"] {
            assert_eq!(own[key], lender[key], "{key} of {}", policy.id);
        }
        found.push((policy.id.clone(), name.to_owned()));
    }
    found.sort();
    assert_eq!(found, DERIVED_AS_A_WHOLE.map(|(id, name)| (id.to_owned(), name.to_owned())));
}

#[test]
fn groups_are_those_of_the_data_or_named_as_derived() {
    let mut completed = 0;
    for (row, policy) in policies().into_iter().filter(|(_, policy)| !policy.is_stand_in()) {
        let groups = names(&policy.groups);
        let is_derived = provenance(&policy).is_derived("groups");
        match texts(row, "groups") {
            None => assert!(is_derived != groups.is_empty(), "{}", policy.id),
            Some(stated) if text(row, "groups_note").starts_with("Only the three PQ hybrids") => {
                completed += 1;
                let (hybrids, curves) = groups.split_at(3);
                assert_eq!(hybrids, stated, "{}", policy.id);
                assert!(
                    is_derived && curves.ends_with(&["secp256r1".into(), "secp384r1".into()]),
                    "{}",
                    policy.id
                );
                let has_x25519 = curves.contains(&"x25519".to_owned());
                assert_eq!(has_x25519, row["fips"] == false, "{}", policy.id);
            }
            Some(stated) => {
                assert_eq!(groups, stated, "{}", policy.id);
                let is_lent = text(row, "groups_note").contains("not from the AWS documentation");
                assert_eq!(is_derived, is_lent, "{}", policy.id);
            }
        }
        if row["post_quantum"] == true {
            let quantum = policy.groups.iter().any(|group| registry::group(*group).unwrap().post_quantum);
            assert!(quantum, "{}", policy.id);
        }
    }
    assert_eq!(completed, 13);
}

#[test]
fn schemes_are_those_of_the_data_or_named_as_derived() {
    let mut adapted = Vec::new();
    for (row, policy) in policies().into_iter().filter(|(_, policy)| !policy.is_stand_in()) {
        let schemes = names(&policy.schemes);
        let is_derived = provenance(&policy).is_derived("schemes");
        let Some(mut stated) = texts(row, "signature_schemes") else {
            assert!(is_derived != schemes.is_empty(), "{}", policy.id);
            match LENT.iter().find(|(id, _)| *id == policy.id) {
                Some((_, lender)) => {
                    let lender = crate::data::row(lender);
                    assert_eq!(schemes, texts(lender, "signature_schemes").unwrap(), "{}", policy.id);
                    assert_eq!(names(&policy.groups), texts(lender, "groups").unwrap(), "{}", policy.id);
                }
                None => {
                    let is_weak = |scheme| registry::scheme(scheme).unwrap().hash.is_weak();
                    assert!(!policy.schemes.iter().copied().any(is_weak), "{}", policy.id);
                }
            }
            continue;
        };
        assert_eq!(is_derived, texts(row, "sources").unwrap()[0] != "s2n", "{}", policy.id);
        if schemes != stated {
            stated.retain(|name| !["rsa_pkcs1_sha224", "ecdsa_sha224"].contains(name));
            let notes = provenance(&policy).notes.join("\n");
            assert!(notes.contains("rsa_pkcs1_sha224") && notes.contains("ecdsa_sha224"), "{}", policy.id);
            adapted.push(policy.id.clone());
        }
        assert_eq!(schemes, stated, "{}", policy.id);
    }
    assert_eq!(adapted, WITHOUT_SHA224);
}

#[test]
fn order_and_group_size_are_what_the_notes_say_or_derived() {
    let mut sizes = Vec::new();
    for (row, policy) in policies() {
        let notes = texts(row, "notes").unwrap().join("\n");
        let client = notes.contains("server_preferred_order=False");
        assert_eq!(policy.order, if client { Order::Client } else { Order::Server }, "{}", policy.id);
        let needs_size =
            row["cipher_suites"].as_array().into_iter().flatten().any(|suite| {
                let name = suite["iana"].as_str().unwrap();
                name.starts_with("TLS_DHE_RSA") || name.starts_with("TLS_DHE_DSS")
            }) && !policy.groups.iter().any(|group| registry::group(*group).unwrap().dh_bits().is_some());
        match (policy.service(), policy.dhe_bits) {
            (_, None) => assert!(!needs_size, "{}", policy.id),
            ("s2n", Some(2048)) => assert!(needs_size && !provenance(&policy).is_derived("dhe_bits")),
            (_, Some(bits)) => {
                sizes.push((policy.id.clone(), bits, provenance(&policy).is_derived("dhe_bits")));
            }
        }
    }
    sizes.sort();
    assert_eq!(sizes, DHE_BITS.map(|(id, bits, is_derived)| (id.to_owned(), bits, is_derived)));
}

#[test]
fn what_is_known_of_a_policy_is_what_the_data_says() {
    for (row, policy) in policies() {
        let ours = provenance(&policy);
        let theirs = |key| texts(row, key).unwrap();
        assert_eq!(ours.service.as_deref(), row["service"].as_str(), "{}", policy.id);
        assert_eq!(ours.status.as_str(), row["status"], "{}", policy.id);
        assert_eq!(ours.certainty.as_str(), row["certainty"], "{}", policy.id);
        assert_eq!(ours.sources, theirs("sources"), "{}", policy.id);
        assert_eq!(ours.conflicts, theirs("conflicts"), "{}", policy.id);
        assert_eq!(ours.aliases, theirs("aliases"), "{}", policy.id);
        assert_eq!(ours.scope, theirs("scope"), "{}", policy.id);
        assert_eq!(ours.default_for, theirs("default_for"), "{}", policy.id);
        assert_eq!((ours.fips, ours.post_quantum), (row["fips"] == true, row["post_quantum"] == true));
        assert_eq!(policy.is_from_s2n(), theirs("sources").contains(&"s2n"), "{}", policy.id);
        for note in theirs("notes") {
            let note = note.replace("mock_suites_from", "suites_from");
            assert!(ours.notes.contains(&note), "{}: {note}", policy.id);
        }
        let is_unordered = ours.unordered.contains(&"suites".to_owned());
        assert_eq!(is_unordered, row["suite_order"] == "unordered set", "{}", policy.id);
    }
}

#[test]
fn every_source_of_the_data_is_there_and_nothing_else() {
    let catalogue = Catalogue::embedded().unwrap();
    let stated = data()["sources"].as_object().unwrap();
    assert_eq!(catalogue.references().iter().count(), stated.len());
    for (key, reference) in catalogue.references().iter() {
        assert_eq!(reference.title, stated[key]["title"], "{key}");
        assert_eq!(reference.place, stated[key]["where"], "{key}");
        assert_eq!(reference.date, stated[key]["date"], "{key}");
        assert_eq!(reference.kind.as_str(), stated[key]["kind"], "{key}");
    }
}

#[test]
fn the_policies_of_s2n_tls_that_aws_ones_correspond_to_are_known() {
    let mut found = Vec::new();
    for (_, policy) in policies() {
        match policy.id.strip_prefix("s2n/") {
            Some(own) => assert_eq!(policy.s2n_name(), Some(own)),
            None => found.extend(policy.s2n_name().map(|name| (policy.id.clone(), name.to_owned()))),
        }
    }
    found.sort();
    assert_eq!(found, IN_S2N.map(|(id, name)| (id.to_owned(), name.to_owned())));
    for (_, name) in IN_S2N {
        row(&format!("s2n/{name}"));
    }
}

#[test]
fn what_nobody_publishes_has_a_name_and_is_not_played() {
    let mut names: Vec<String> = Vec::new();
    for (_, policy) in policies() {
        match policy.playable() {
            Ok(same) => assert_eq!(same.id, policy.id),
            Err(error) => {
                assert!(
                    error.to_string().contains(&policy.id) && error.to_string().contains("nobody publishes")
                );
                assert!(policy.versions.is_empty() && policy.suites.is_empty(), "{}", policy.id);
                names.push(policy.id);
            }
        }
    }
    names.sort();
    assert_eq!(names, NAMES_ONLY);
}
