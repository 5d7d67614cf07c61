//! `--breaks`: the answers, against the verdicts in the data and against cases made by hand.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::data::{rows, text};
use crate::overlay::laid_over;
use crate::program::policy;

/// Rows whose verdict in the data is about versions and forward secrecy alone, and where the floor asks for more than is
/// published: AWS says of this one that its suites are forward secret, and lists none.
const MORE_IS_ASKED: [&str; 1] = ["opensearch/Policy-Min-TLS-1-2-PFS-2023-10"];

fn breaks(arguments: &[&str]) -> BTreeMap<String, Value> {
    let arguments = ["list", "--json"].iter().chain(arguments);
    let objects = policy(arguments).objects().into_iter();
    objects.map(|mut object| (object["id"].as_str().unwrap().to_owned(), object["breaks"].take())).collect()
}

#[test]
fn floor_aws_agrees_with_the_verdicts_of_the_data_on_every_row() {
    let found = breaks(&["--breaks", "aws"]);
    let mut differing = Vec::new();
    let mut counts = BTreeMap::new();
    for row in rows() {
        let breaks = &found[text(row, "id")];
        // The two rules that the data's verdict is about.
        let two = ["below-minimum-version", "no-forward-secrecy"]
            .map(|rule| breaks["rules"][rule].as_str().unwrap());
        let of_two = match two {
            ["no", "no"] => "pass",
            two if two.contains(&"yes") => "fail",
            _ => "unknown",
        };
        assert_eq!(of_two, row["brief_verdict"], "{}: {breaks}", row["id"]);
        // All rules of the floor that fail.
        let answer = breaks["answer"].as_str().unwrap();
        let of_all = match answer {
            "yes" => "fail",
            "no" => "pass",
            other => other,
        };
        if of_all != row["brief_verdict"] {
            assert_eq!(answer, "unknown", "{}", row["id"]);
            differing.push(text(row, "id"));
        }
        *counts.entry(answer.to_owned()).or_insert(0) += 1;
    }
    assert_eq!(differing, MORE_IS_ASKED);
    assert_eq!(counts, BTreeMap::from([("no".into(), 102), ("unknown".into(), 12), ("yes".into(), 145)]));
}

#[test]
fn what_is_not_published_is_never_taken_for_safe() {
    let found = breaks(&["--breaks", "aws"]);
    let without_list = rows().filter(|row| row["cipher_suites"].is_null());
    let mut answers = BTreeMap::new();
    for row in without_list {
        *answers.entry(found[text(row, "id")]["answer"].as_str().unwrap()).or_insert(0) += 1;
    }
    // The one is Policy-Min-TLS-1-0-2019-07: its versions are published and go below the floor.
    assert_eq!(answers, BTreeMap::from([("unknown", 12), ("yes", 1)]));
    assert_eq!(found["opensearch/Policy-Min-TLS-1-0-2019-07"]["answer"], "yes");
    assert_eq!(found["opensearch/Policy-Min-TLS-1-0-2019-07"]["rules"]["no-forward-secrecy"], "unknown");
}

#[test]
fn another_floor_has_other_answers() {
    let table = [
        // policy, aws, aws-legacy, rfc10015
        ("elb/ELBSecurityPolicy-FS-2018-06", ["yes", "no", "yes"]),
        ("elb/ELBSecurityPolicy-2016-08", ["yes", "yes", "yes"]),
        ("mozilla/5.7/intermediate", ["no", "no", "yes"]),
        ("mozilla/6.0/intermediate", ["no", "no", "no"]),
        ("s2n/KMS-FIPS-TLS-1-2-2024-10", ["no", "no", "yes"]),
        ("harness/strong", ["no", "no", "no"]),
        ("harness/static-rsa", ["yes", "yes", "yes"]),
    ];
    for (n, floor) in ["aws", "aws-legacy", "rfc10015"].into_iter().enumerate() {
        let found = breaks(&["--breaks", floor]);
        for (id, answers) in table {
            assert_eq!(found[id]["answer"], answers[n], "{id}, {floor}");
            assert_eq!(found[id]["floor"], floor);
        }
    }
}

/// A policy file, and the answers of the rules that are not `no`.
const MADE: [(&str, &str, &str); 17] = [
    ("strong", "versions = [\"TLSv1.2\"]\nsuites = [\"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\"]", ""),
    (
        "rsa",
        "versions = [\"TLSv1.2\"]\nsuites = [\"TLS_RSA_WITH_AES_128_GCM_SHA256\"]",
        "no-forward-secrecy yes",
    ),
    (
        "static-ecdh",
        "versions = [\"TLSv1.2\"]\nsuites = [\"TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256\"]",
        "no-forward-secrecy yes",
    ),
    (
        "old",
        "versions = [\"TLSv1.1\"]\nsuites = [\"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA\"]",
        "below-minimum-version yes",
    ),
    (
        "anonymous",
        "versions = [\"TLSv1.2\"]\nsuites = [\"TLS_ECDH_anon_WITH_AES_128_CBC_SHA\"]",
        "unauthenticated yes",
    ),
    ("null", "versions = [\"TLSv1.2\"]\nsuites = [\"TLS_ECDHE_RSA_WITH_NULL_SHA\"]", "unencrypted yes"),
    ("rc4", "versions = [\"TLSv1.2\"]\nsuites = [\"TLS_ECDHE_RSA_WITH_RC4_128_SHA\"]", "weak-cipher yes"),
    // 3DES is a warning of floor aws.
    ("3des", "versions = [\"TLSv1.2\"]\nsuites = [\"TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA\"]", ""),
    (
        "small",
        "dhe_bits = 1024\nversions = [\"TLSv1.2\"]\nsuites = [\"TLS_DHE_RSA_WITH_AES_128_GCM_SHA256\"]",
        "weak-dh-group yes",
    ),
    (
        "size",
        "dhe_bits = 2048\nversions = [\"TLSv1.2\"]\nsuites = [\"TLS_DHE_RSA_WITH_AES_128_GCM_SHA256\"]",
        "",
    ),
    (
        "named",
        "versions = [\"TLSv1.2\"]\nsuites = [\"TLS_DHE_RSA_WITH_AES_128_GCM_SHA256\"]\n# ffdhe2048",
        "",
    ),
    // Nobody says how large the group is.
    (
        "no-size",
        "versions = [\"TLSv1.2\"]\nsuites = [\"TLS_DHE_RSA_WITH_AES_128_GCM_SHA256\"]",
        "weak-dh-group unknown",
    ),
    // Nor is the certificate's field known, whatever the server's own one is.
    (
        "static-dh",
        "versions = [\"TLSv1.2\"]\nsuites = [\"TLS_DH_RSA_WITH_AES_128_GCM_SHA256\"]\n# ffdhe2048",
        "no-forward-secrecy yes, weak-dh-group unknown",
    ),
    (
        "static-dh-small",
        "dhe_bits = 1024\nversions = [\"TLSv1.2\"]\nsuites = [\"TLS_DH_RSA_WITH_AES_128_GCM_SHA256\"]",
        "no-forward-secrecy yes, weak-dh-group unknown",
    ),
    (
        "static-dh-and-small",
        "dhe_bits = 1024\nversions = [\"TLSv1.2\"]\nsuites = [\"TLS_DH_RSA_WITH_AES_128_GCM_SHA256\", \"TLS_DHE_RSA_WITH_AES_128_GCM_SHA256\"]",
        "no-forward-secrecy yes, weak-dh-group yes",
    ),
    ("tls13", "versions = [\"TLSv1.3\"]\nsuites = [\"TLS_AES_128_GCM_SHA256\"]", ""),
    ("integrity", "versions = [\"TLSv1.3\"]\nsuites = [\"TLS_SHA256_SHA256\"]", "unencrypted yes"),
];

#[test]
fn each_rule_is_answered_from_versions_suites_and_group_size() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("mine")).unwrap();
    let write =
        |name: &str, text: &str| fs::write(folder.path().join(format!("mine/{name}.toml")), text).unwrap();
    for (name, content, _) in MADE {
        let groups = if content.contains("ffdhe2048") { "[\"ffdhe2048\"]" } else { "[\"x25519\"]" };
        let rest = format!(
            "title = \"t\"\norder = \"server\"\ngroups = {groups}\nschemes = [\"rsa_pss_rsae_sha256\"]\n"
        );
        write(name, &format!("{rest}{content}\n"));
        // The same content, of which a part was derived.
        let provenance =
            "[provenance]\nstatus = \"current\"\ncertainty = \"derived\"\nsources = [\"s2n\"]\nderived =";
        write(&format!("{name}-derived-suites"), &format!("{rest}{content}\n{provenance} [\"suites\"]\n"));
        write(
            &format!("{name}-derived-versions"),
            &format!("{rest}{content}\n{provenance} [\"versions\"]\n"),
        );
        write(
            &format!("{name}-derived-size"),
            &format!("{rest}{content}\n{provenance} [\"dhe_bits\", \"groups\"]\n"),
        );
    }
    let found =
        breaks(&["--service", "mine", "--breaks", "aws", "--policies", folder.path().to_str().unwrap()]);
    assert_eq!(found.len(), 4 * MADE.len());
    let other_than_no = |id: String| {
        let rules = found[&format!("mine/{id}")]["rules"].as_object().unwrap();
        let rules = rules.iter().filter(|(_, answer)| *answer != "no");
        rules
            .map(|(rule, answer)| format!("{rule} {}", answer.as_str().unwrap()))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let no_suites = "no-forward-secrecy unknown, unauthenticated unknown, unencrypted unknown, weak-cipher unknown, weak-dh-group unknown";
    for (name, _, expected) in MADE {
        assert_eq!(other_than_no(name.to_owned()), expected, "{name}");
        let version = if name == "old" { "below-minimum-version yes, " } else { "" };
        assert_eq!(
            other_than_no(format!("{name}-derived-suites")),
            format!("{version}{no_suites}"),
            "{name}"
        );
        let nothing = format!("below-minimum-version unknown, {no_suites}");
        assert_eq!(other_than_no(format!("{name}-derived-versions")), nothing, "{name}");
        let size = match name {
            "small" | "size" | "named" | "no-size" => "weak-dh-group unknown",
            "static-dh-and-small" => "no-forward-secrecy yes, weak-dh-group unknown",
            _ => expected,
        };
        assert_eq!(other_than_no(format!("{name}-derived-size")), size, "{name}");
    }
}

#[test]
fn a_statement_about_suites_counts_unless_a_list_of_its_own_says_otherwise() {
    let rsa = "suites = [\"TLS_RSA_WITH_AES_128_GCM_SHA256\", \"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\"]";
    let ephemeral = "suites = [\"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\"]";
    let table = [
        // name, content, certainty, derived, answer
        ("contradicted", rsa, "conflicting", "", "yes"),
        ("contradicted-derived", rsa, "derived", "\"suites\"", "unknown"),
        ("contradicted-versions", rsa, "derived", "\"versions\"", "unknown"),
        ("agreed", ephemeral, "certain", "", "no"),
        ("agreed-derived", ephemeral, "derived", "\"suites\"", "no"),
        ("no-list", "", "unpublished", "", "no"),
        // The lender has static RSA: its list is not the one that is spoken of.
        ("stand-in", "suites_from = \"harness/static-rsa\"", "unpublished", "", "no"),
    ];
    let files = table.map(|(name, content, certainty, derived, _)| {
        let lists = if content.starts_with("suites =") {
            "order = \"server\"\ngroups = [\"x25519\"]\nschemes = [\"rsa_pss_rsae_sha256\"]"
        } else {
            ""
        };
        let text = format!(
            "title = \"t\"\nversions = [\"TLSv1.2\"]\n{lists}\n{content}\n[provenance]\nstatus = \"current\"\n\
             certainty = \"{certainty}\"\nsources = [\"s2n\"]\nstates = [\"forward-secrecy\"]\n\
             derived = [{derived}]\n"
        );
        (format!("mine/{name}"), text)
    });
    let folder = laid_over(&files.each_ref().map(|(id, text)| (id.as_str(), text.as_str())));
    let found =
        breaks(&["--service", "mine", "--breaks", "aws", "--policies", folder.path().to_str().unwrap()]);
    for (name, _, _, _, answer) in table {
        let rules = &found[&format!("mine/{name}")]["rules"];
        assert_eq!(rules["no-forward-secrecy"], answer, "{name}");
    }
}

/// Both guidelines list static Diffie-Hellman, whose field is the certificate's.
#[test]
fn the_field_of_a_certificate_is_not_known() {
    let found = breaks(&["--breaks", "aws"]);
    for id in ["guideline/bsi", "guideline/nist"] {
        assert_eq!(found[id]["rules"]["weak-dh-group"], "unknown", "{id}");
        assert_eq!(found[id]["answer"], "yes", "{id}");
    }
}
