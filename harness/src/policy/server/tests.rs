//! Policies: the files of the repository, stand-ins, and what the parser refuses.

use super::*;
use crate::policy::{Certainty, Status, parse_policies};

const STRONG: &str = include_str!("../../../../scenarios/policies/harness/strong.toml");
const STATIC_RSA: &str = include_str!("../../../../scenarios/policies/harness/static-rsa.toml");
const PERMISSIVE: &str = include_str!("../../../../scenarios/policies/harness/permissive.toml");

/// The first sample of the agreed format.
const ELB: &str = r#"title    = "ALB and NLB, when the listener names no policy"
versions = ["TLSv1.0", "TLSv1.1", "TLSv1.2"]
order    = "server"
suites   = [
  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
  "TLS_RSA_WITH_AES_128_CBC_SHA",
]
groups   = ["secp256r1", "secp384r1"]
schemes  = ["rsa_pkcs1_sha256", "ecdsa_secp256r1_sha256"]

[provenance]
status    = "current"
certainty = "conflicting"
sources   = ["aws-alb", "s2n"]
conflicts = ["same suites as s2n's policy of this name, in another order"]
derived   = ["groups", "schemes"]
"#;

/// The second one.
const OPENSEARCH: &str = r#"title       = "OpenSearch domain, TLS 1.2"
versions    = ["TLSv1.2"]
suites_from = "elb/ELBSecurityPolicy-2016-08"

[provenance]
status    = "current"
certainty = "unpublished"
sources   = ["doc-opensearch", "aws-opensearch-api"]
"#;

const ELB_FILE: &str = "scenarios/policies/elb/ELBSecurityPolicy-2016-08.toml";
const OPENSEARCH_FILE: &str = "scenarios/policies/opensearch/Policy-Min-TLS-1-2-2019-07.toml";

fn refused(change: (&str, &str)) -> DataError {
    assert!(ELB.contains(change.0), "the test changes a text that is not there: {}", change.0);
    Policy::parse(ELB_FILE, &ELB.replace(change.0, change.1)).expect_err("refused")
}

#[test]
fn the_sample_of_the_agreed_format_parses() {
    let policy = Policy::parse(ELB_FILE, ELB).expect("parses");
    assert_eq!(policy.id, "elb/ELBSecurityPolicy-2016-08");
    assert_eq!(policy.versions, [ProtocolVersion::TLS1_0, ProtocolVersion::TLS1_1, ProtocolVersion::TLS1_2]);
    assert_eq!(policy.order, Order::Server);
    assert_eq!(policy.suites, [CipherSuite(0xC02B), CipherSuite(0xC02F), CipherSuite(0x002F)]);
    assert_eq!(policy.groups, [NamedGroup::SECP256R1, NamedGroup::SECP384R1]);
    assert_eq!(policy.schemes, [SignatureScheme(0x0401), SignatureScheme(0x0403)]);
    assert_eq!(policy.dhe_bits, None);
    assert!(!policy.is_stand_in());
    let provenance = policy.provenance.expect("given");
    assert_eq!((provenance.status, provenance.certainty), (Status::Current, Certainty::Conflicting));
    assert_eq!(provenance.sources, ["aws-alb", "s2n"]);
    assert_eq!(provenance.derived, ["groups", "schemes"]);
}

#[test]
fn a_stand_in_borrows_what_its_versions_can_use() {
    // The borrower comes first: the order of the files does not matter.
    let policies = parse_policies([(OPENSEARCH_FILE, OPENSEARCH), (ELB_FILE, ELB)]).expect("parse");
    let [stand_in, lender] = &policies[..] else { panic!("two policies") };
    assert_eq!(stand_in.id, "opensearch/Policy-Min-TLS-1-2-2019-07");
    assert!(stand_in.is_stand_in());
    assert_eq!(stand_in.lender(), Some("elb/ELBSecurityPolicy-2016-08"));
    assert_eq!(stand_in.versions, [ProtocolVersion::TLS1_2]);
    assert_eq!(stand_in.suites, lender.suites);
    assert_eq!((&stand_in.groups, &stand_in.schemes), (&lender.groups, &lender.schemes));
    assert_eq!(stand_in.order, Order::Server);

    let older = OPENSEARCH.replace("[\"TLSv1.2\"]", "[\"TLSv1.0\"]");
    let policies = parse_policies([(ELB_FILE, ELB), (OPENSEARCH_FILE, &older)]).expect("parse");
    assert_eq!(policies[1].suites, [CipherSuite(0x002F)], "GCM needs TLS 1.2");
}

#[test]
fn what_is_borrowed_is_named_with_what_the_lender_does_not_state() {
    let lender = ELB
        .replace("order    =", "dhe_bits = 2048\norder    =")
        .replace("[provenance]", "[provenance]\nunordered = [\"suites\"]");
    let own = OPENSEARCH.replace("suites_from", "groups = [\"secp256r1\"]\nsuites_from");
    let second = OPENSEARCH.replace("elb/ELBSecurityPolicy-2016-08", "opensearch/Policy-Min-TLS-1-2-2019-07");
    let second = second + "derived = [\"versions\"]\n";
    let files = [
        (ELB_FILE, lender.as_str()),
        (OPENSEARCH_FILE, own.as_str()),
        ("policies/x/b.toml", second.as_str()),
    ];
    let policies = parse_policies(files).expect("parse");
    let table: [(&[&str], &[&str], &[&str]); 3] = [
        // borrowed, derived, unordered
        (&[], &["groups", "schemes"], &["suites"]),
        (&["order", "suites", "schemes", "dhe_bits"], &["schemes"], &["suites"]),
        (&["order", "suites", "groups", "schemes", "dhe_bits"], &["versions", "schemes"], &["suites"]),
    ];
    for (policy, (borrowed, derived, unordered)) in policies.iter().zip(table) {
        assert_eq!(policy.borrowed(), borrowed, "{}", policy.id);
        assert_eq!(policy.derived(), derived, "{}", policy.id);
        assert_eq!(policy.unordered(), unordered, "{}", policy.id);
    }
    assert_eq!(policies[1].groups, [NamedGroup::SECP256R1], "its own");
    assert_eq!(policies[2].lender(), Some("opensearch/Policy-Min-TLS-1-2-2019-07"));
}

#[test]
fn a_stand_in_may_borrow_from_a_stand_in() {
    let second = OPENSEARCH.replace("elb/ELBSecurityPolicy-2016-08", "opensearch/Policy-Min-TLS-1-2-2019-07");
    let files = [("policies/x/second.toml", second.as_str()), (OPENSEARCH_FILE, OPENSEARCH), (ELB_FILE, ELB)];
    let policies = parse_policies(files).expect("parse");
    assert_eq!(policies[0].suites, policies[2].suites);
}

#[test]
fn a_stand_in_for_nothing_or_for_itself_is_refused() {
    let error = parse_policies([(OPENSEARCH_FILE, OPENSEARCH)]).expect_err("no lender");
    assert!(matches!(&error.problem, Problem::UnknownPolicy { id, .. } if id.starts_with("elb/")), "{error}");
    assert_eq!(error.line, 3);

    let own = OPENSEARCH.replace("elb/ELBSecurityPolicy-2016-08", "opensearch/Policy-Min-TLS-1-2-2019-07");
    let error = parse_policies([(OPENSEARCH_FILE, own.as_str())]).expect_err("itself");
    assert!(matches!(error.problem, Problem::Circular(_)), "{error}");

    let other = OPENSEARCH.replace("elb/ELBSecurityPolicy-2016-08", "x/b");
    let back = OPENSEARCH.replace("elb/ELBSecurityPolicy-2016-08", "x/a");
    let files = [("policies/x/a.toml", other.as_str()), ("policies/x/b.toml", back.as_str())];
    let error = parse_policies(files).expect_err("a circle of two");
    assert!(matches!(error.problem, Problem::Circular(_)), "{error}");
}

#[test]
fn two_files_with_one_id_are_refused() {
    let files = [("a/policies/x.toml", STATIC_RSA), ("b/policies/x.toml", STATIC_RSA)];
    assert_eq!(parse_policies(files).expect_err("twice").problem, Problem::RepeatedId("x".to_owned()));
}

#[test]
fn an_unknown_suite_is_an_error_with_its_line_and_the_nearest_names() {
    let error = refused(("TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_128_CBC_SAH"));
    assert_eq!(error.line, 7);
    assert!(matches!(error.problem, Problem::Suite(_)), "{error}");
    assert!(error.to_string().contains("TLS_RSA_WITH_AES_128_CBC_SHA"), "{error}");
    let error = refused(("TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA"));
    assert!(error.to_string().contains("TLS_RSA_WITH_AES_128_CBC_SHA"), "OpenSSL's name: {error}");
}

#[test]
fn unknown_groups_schemes_versions_and_words_are_errors_with_their_line() {
    let error = refused(("secp384r1", "P-384"));
    assert!(matches!(error.problem, Problem::Group(_)), "{error}");
    assert_eq!(error.line, 9);
    let error = refused(("rsa_pkcs1_sha256", "RSA+SHA256"));
    assert!(matches!(error.problem, Problem::Scheme(_)), "{error}");
    assert_eq!(error.line, 10);
    let error = refused(("TLSv1.1", "TLSv11"));
    assert!(matches!(error.problem, Problem::Version(_)), "{error}");
    assert_eq!(error.line, 2);
    let error = refused(("\"server\"", "\"both\""));
    assert!(matches!(error.problem, Problem::Toml(_)), "{error}");
    assert!(error.to_string().contains("client"), "{error}");
    assert_eq!(error.line, 3);
    let error = refused(("\"groups\", \"schemes\"", "\"curves\""));
    assert!(
        matches!(&error.problem, Problem::Word { key: "derived", word, .. } if word == "curves"),
        "{error}"
    );
    assert_eq!(error.line, 17);
}

#[test]
fn an_unknown_key_is_an_error_with_its_line_and_the_allowed_keys() {
    let error = refused(("groups   =", "curves ="));
    assert_eq!(error.line, 9, "{error}");
    assert!(error.to_string().contains("curves") && error.to_string().contains("groups"), "{error}");
    let error = refused(("sources  ", "source"));
    assert_eq!(error.line, 15, "{error}");
}

#[test]
fn empty_lists_and_texts_are_refused() {
    let title = "\"ALB and NLB, when the listener names no policy\"";
    assert_eq!(refused((title, "\"\"")).problem, Problem::Empty { key: "title" });
    let versions = "[\"TLSv1.0\", \"TLSv1.1\", \"TLSv1.2\"]";
    assert_eq!(refused((versions, "[]")).problem, Problem::Empty { key: "versions" });
    assert_eq!(refused(("[\"secp256r1\", \"secp384r1\"]", "[]")).problem, Problem::Empty { key: "groups" });
    assert_eq!(refused(("[\"aws-alb\", \"s2n\"]", "[]")).problem, Problem::Empty { key: "sources" });
}

#[test]
fn versions_upside_down_and_repeated_entries_are_refused() {
    let error = refused(("\"TLSv1.0\", \"TLSv1.1\"", "\"TLSv1.1\", \"TLSv1.0\""));
    let (lower, higher) = (ProtocolVersion::TLS1_0, ProtocolVersion::TLS1_1);
    assert_eq!(error.problem, Problem::UpsideDown { lower, higher });
    assert_eq!(error.line, 2);
    let error = refused(("TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"));
    assert!(matches!(error.problem, Problem::Repeated { key: "suites", .. }), "{error}");
    assert_eq!(error.line, 7);
}

#[test]
fn a_text_stands_in_a_list_once() {
    let table: [(&'static str, &str, &str); 9] = [
        ("scope", "[\"a\", \"b\", \"a\"]", "a"),
        ("aliases", "[\"a\", \"a\"]", "a"),
        ("default_for", "[\"a\", \"a\"]", "a"),
        ("states", "[\"forward-secrecy\", \"forward-secrecy\"]", "forward-secrecy"),
        ("sources", "[\"s2n\", \"s2n\"]", "s2n"),
        ("conflicts", "[\"a\", \"a\"]", "a"),
        ("derived", "[\"groups\", \"groups\"]", "groups"),
        ("unordered", "[\"suites\", \"suites\"]", "suites"),
        ("notes", "[\"a\", \"a\"]", "a"),
    ];
    for (key, list, twice) in table {
        let kept = |line: &&str| line.split(' ').next() != Some(key);
        let text = ELB.lines().filter(kept).collect::<Vec<_>>().join("\n");
        let error = Policy::parse(ELB_FILE, &format!("{text}\n{key} = {list}\n")).expect_err(key);
        assert_eq!(error.problem, Problem::Repeated { key, name: twice.to_owned() });
        assert_eq!(error.line, text.lines().count() + 1, "{key}");
    }
}

#[test]
fn values_that_no_server_may_choose_are_refused() {
    for name in ["TLS_FALLBACK_SCSV", "TLS_EMPTY_RENEGOTIATION_INFO_SCSV", "GREASE_0A0A"] {
        let error = refused(("TLS_RSA_WITH_AES_128_CBC_SHA", name));
        assert!(matches!(error.problem, Problem::Reserved { key: "suites", .. }), "{error}");
    }
    let error = refused(("secp384r1", "GREASE_1A1A"));
    assert!(matches!(error.problem, Problem::Reserved { key: "groups", .. }), "{error}");
    let error = refused(("ecdsa_secp256r1_sha256", "GREASE_1A1A"));
    assert!(matches!(error.problem, Problem::Reserved { key: "schemes", .. }), "{error}");
}

#[test]
fn entries_that_no_version_can_use_and_versions_that_no_suite_serves_are_refused() {
    let error = refused(("TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_AES_128_GCM_SHA256"));
    assert!(matches!(error.problem, Problem::Unusable { key: "suites", .. }), "{error}");
    let error = refused(("TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_128_GCM_SHA256"));
    assert_eq!(error.problem, Problem::Idle(ProtocolVersion::TLS1_0));
    let error = refused(("secp384r1", "X25519MLKEM768"));
    assert!(matches!(error.problem, Problem::Unusable { key: "groups", .. }), "{error}");
    let error = refused(("ecdsa_secp256r1_sha256", "mldsa44"));
    assert!(matches!(error.problem, Problem::Unusable { key: "schemes", .. }), "{error}");
}

#[test]
fn keys_that_the_suites_call_for_may_not_be_missing() {
    let error = refused(("groups   = [\"secp256r1\", \"secp384r1\"]\n", ""));
    assert!(matches!(error.problem, Problem::Missing { key: "groups", .. }), "{error}");
    let error = refused(("schemes  = [\"rsa_pkcs1_sha256\", \"ecdsa_secp256r1_sha256\"]\n", ""));
    assert!(matches!(error.problem, Problem::Missing { key: "schemes", .. }), "{error}");
    let error = refused(("order    = \"server\"\n", ""));
    assert!(matches!(error.problem, Problem::Missing { key: "order", .. }), "{error}");
}

#[test]
fn a_policy_has_either_suites_or_a_lender() {
    let both = ELB.replace("order    =", "suites_from = \"harness/static-rsa\"\norder    =");
    let files = [(ELB_FILE, both.as_str()), ("policies/harness/static-rsa.toml", STATIC_RSA)];
    assert!(matches!(parse_policies(files).expect_err("both").problem, Problem::Exclusive { .. }));
    let neither = OPENSEARCH
        .replace("suites_from = \"elb/ELBSecurityPolicy-2016-08\"\n", "")
        .replace("\"unpublished\"", "\"certain\"");
    let error = Policy::parse(OPENSEARCH_FILE, &neither).expect_err("neither");
    assert!(matches!(error.problem, Problem::Missing { key: "suites", .. }), "{error}");
}

#[test]
fn of_an_unpublished_policy_the_name_alone_may_be_known() {
    let open = OPENSEARCH.replace("suites_from = \"elb/ELBSecurityPolicy-2016-08\"\n", "");
    let policy = Policy::parse(OPENSEARCH_FILE, &open).expect("parses");
    assert_eq!(policy.provenance.as_ref().expect("given").certainty, Certainty::Unpublished);
    assert_eq!(policy.versions, [ProtocolVersion::TLS1_2]);
    assert!(policy.suites.is_empty() && policy.groups.is_empty() && !policy.is_stand_in());
    let error = policy.playable().expect_err("nothing to play");
    assert!(error.to_string().contains("opensearch/Policy-Min-TLS-1-2-2019-07"), "{error}");

    let name_only = open.replace("versions    = [\"TLSv1.2\"]\n", "");
    let policy = Policy::parse(OPENSEARCH_FILE, &name_only).expect("parses");
    assert!(policy.versions.is_empty() && policy.playable().is_err());

    // A stand-in states its versions: what is borrowed is filtered by them.
    let stand_in = OPENSEARCH.replace("versions    = [\"TLSv1.2\"]\n", "");
    let error = parse_policies([(OPENSEARCH_FILE, stand_in.as_str()), (ELB_FILE, ELB)]).expect_err("refused");
    assert!(matches!(error.problem, Problem::Missing { key: "versions", .. }), "{error}");
}

#[test]
fn what_is_not_published_has_no_list() {
    let error = refused(("\"conflicting\"", "\"unpublished\""));
    assert_eq!(error.problem, Problem::Exclusive { key: "suites", other: "certainty = \"unpublished\"" });
    assert_eq!(error.line, 4);
    assert!(
        error.to_string().ends_with("suites and certainty = \"unpublished\" exclude each other"),
        "{error}"
    );
}

#[test]
fn what_is_not_published_cannot_be_lent() {
    let open = OPENSEARCH.replace("suites_from = \"elb/ELBSecurityPolicy-2016-08\"\n", "");
    let files = [(ELB_FILE, open.as_str()), (OPENSEARCH_FILE, OPENSEARCH)];
    let error = parse_policies(files).expect_err("nothing to lend");
    assert_eq!(error.problem, Problem::NothingToLend("elb/ELBSecurityPolicy-2016-08".to_owned()));
    assert_eq!(error.line, 3);
}

#[test]
fn every_word_of_a_list_of_words_reads_back_and_another_one_is_refused() {
    for status in Status::ALL {
        let text = ELB.replace("\"current\"", &format!("\"{status}\""));
        let policy = Policy::parse(ELB_FILE, &text).expect("parses");
        assert_eq!(policy.provenance.expect("given").status, *status);
    }
    for certainty in Certainty::ALL.iter().filter(|certainty| **certainty != Certainty::Unpublished) {
        let text = ELB.replace("\"conflicting\"", &format!("\"{certainty}\""));
        let policy = Policy::parse(ELB_FILE, &text).expect("parses");
        assert_eq!(policy.provenance.expect("given").certainty, *certainty);
    }
    let error = refused(("\"current\"", "\"old\"")).to_string();
    for status in Status::ALL {
        assert!(error.contains(status.as_str()), "{error}");
    }
    let error = refused(("derived  ", "unordered = [\"order\"]\nderived"));
    assert!(matches!(error.problem, Problem::Word { key: "unordered", .. }), "{error}");
}

#[test]
fn the_source_tells_whether_s2n_tls_vouches_for_itself() {
    let of = |text: &str| Policy::parse(ELB_FILE, text).expect("parses").is_from_s2n();
    assert!(of(ELB));
    assert!(of(&ELB.replace("\"s2n\"]", "\"s2n-next\"]")));
    assert!(!of(&ELB.replace(", \"s2n\"]", "]")));
    assert!(!of(&ELB.replace("\"s2n\"]", "\"s2n2\"]")));
}

#[test]
fn the_strong_policy_is_tls_1_2_and_1_3_with_ephemeral_curves_and_aead() {
    let policy = Policy::parse("scenarios/policies/harness/strong.toml", STRONG).expect("parses");
    assert_eq!(policy.id, "harness/strong");
    assert_eq!(policy.versions, [ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_3]);
    for suite in &policy.suites {
        let facts = registry::suite(*suite).expect("known");
        assert!(matches!(facts.key_exchange, KeyExchange::Ecdhe | KeyExchange::Tls13), "{suite}");
        assert!(facts.aead, "{suite}");
    }
}

#[test]
fn a_policy_without_curves_and_signatures_needs_no_groups_and_schemes() {
    let policy = Policy::parse("policies/harness/static-rsa.toml", STATIC_RSA).expect("parses");
    assert!(policy.groups.is_empty() && policy.schemes.is_empty());
    assert_eq!(policy.suites.len(), 6);
}

#[test]
fn the_permissive_policy_serves_every_version() {
    let policy = Policy::parse("policies/harness/permissive.toml", PERMISSIVE).expect("parses");
    assert_eq!(policy.versions, ProtocolVersion::ALL);
    assert_eq!(policy.suites.len(), 97);
}

#[test]
fn the_size_of_the_servers_own_group_is_optional() {
    let with = |bits: u16| {
        let text = STATIC_RSA.replace("order ", &format!("dhe_bits = {bits}\norder "));
        Policy::parse("policies/x.toml", &text).map(|policy| policy.dhe_bits)
    };
    assert_eq!(with(1024), Ok(Some(1024)));
    assert_eq!(with(512), Ok(Some(512)));
    for bits in [0, 511] {
        let error = with(bits).expect_err("no group");
        assert_eq!((error.problem, error.line), (Problem::Bits { bits, least: 512 }, 3));
    }
}
