//! The matrix sees planted errors, and finds none where none is planted.

use std::collections::BTreeMap;
use std::sync::Arc;

use shakedown::engine::s2n::S2n;
use shakedown::engine::{Backend, backends};
use shakedown::matrix::{Caps, Matrix, Oracle, Quirks, Tally, faults};
use shakedown::oracle::select;
use shakedown::pki::Pki;
use shakedown::policy::{Catalogue, Order, Policy};
use shakedown::registry::suite_by_name;

fn quirks() -> Quirks {
    Quirks::parse("quirks.toml", include_str!("../../scenarios/quirks.toml")).unwrap()
}

fn policy(id: &str) -> Policy {
    Catalogue::embedded().unwrap().get(id).unwrap()
}

fn stacks(names: &[&str]) -> BTreeMap<&'static str, Arc<dyn Backend>> {
    backends().into_iter().filter(|(id, _)| names.contains(id)).collect()
}

/// The matrix of some policies on some stacks.
fn play(policies: &[Policy], names: &[&str], oracle: Oracle<'_>) -> Tally {
    let (s2n, quirks, pki) = (S2n::new(), quirks(), Pki::mint().unwrap());
    let matrix = Matrix {
        policies,
        backends: &stacks(names),
        oracle,
        quirks: &quirks,
        pki: &pki,
        named: names.contains(&"s2n").then_some(&s2n),
        seed: 1,
        seeded: 64,
        jobs: 2,
        progress: &|_| (),
    };
    matrix.run().unwrap()
}

const ALL: [&str; 3] = ["openssl", "rustls", "s2n"];
const SAMPLE: [&str; 3] = [
    "elb/ELBSecurityPolicy-2016-08",
    "elb/ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
    "cloudfront/TLSv1.2_2021",
];

fn sample() -> Vec<Policy> {
    SAMPLE.into_iter().map(policy).collect()
}

#[test]
fn without_a_planted_error_everything_agrees_and_adds_up() {
    let tally = play(&sample(), &ALL, &select);
    assert_eq!(faults(&tally), Vec::<String>::new(), "{:#?}", tally.disagreements.values());
    let cells: u64 = tally.counts.values().map(|counts| counts.cells).sum();
    // Three policies on three stacks, 369 suites in five versions and the seeded hellos; two have a name in s2n.
    assert_eq!(cells, 3 * 3 * (369 * 5 + 64) + 2 * 369 * 5);
    let completed: u64 = tally.counts.values().map(|counts| counts.completed).sum();
    assert!(completed > 100, "{completed}");
}

#[test]
fn a_policy_with_one_static_rsa_suite_too_many_is_seen_beside_s2ns_own() {
    let mut wrong = policy("cloudfront/TLSv1.2_2021");
    let honest = play(std::slice::from_ref(&wrong), &["s2n"], &select);
    assert_eq!(honest.disagreed(), 0);
    wrong.suites.push(suite_by_name("TLS_RSA_WITH_AES_128_GCM_SHA256").unwrap().suite);
    let tally = play(&[wrong], &["s2n"], &select);
    assert_eq!(tally.disagreed(), 1, "{:#?}", tally.disagreements.values());
}

#[test]
fn s2ns_policy_swapped_for_its_neighbour_is_seen() {
    let mut wrong = policy("cloudfront/TLSv1.2_2021");
    let neighbour = policy("cloudfront/TLSv1.2_2019").s2n_name().unwrap().to_owned();
    wrong.provenance.as_mut().unwrap().s2n = Some(neighbour);
    assert!(play(&[wrong], &["s2n"], &select).disagreed() > 0);
}

#[test]
fn an_oracle_that_ignores_the_fallback_signal_is_seen_by_every_stack_that_heeds_it() {
    let deaf: Oracle<'_> = &|policy, key, offer| {
        let offer = shakedown::oracle::Offer { fallback_scsv: false, ..offer.clone() };
        select(policy, key, &offer)
    };
    for stack in ["openssl", "s2n"] {
        assert!(play(&sample(), &[stack], deaf).disagreed() > 0, "{stack}");
    }
}

#[test]
fn server_order_read_as_client_order_is_seen_by_every_stack() {
    let swapped: Oracle<'_> =
        &|policy, key, offer| select(&Policy { order: Order::Client, ..policy.clone() }, key, offer);
    for stack in ALL {
        assert!(play(&sample(), &[stack], swapped).disagreed() > 0, "{stack}");
    }
}

#[test]
fn the_committed_caps_are_read() {
    let caps = Caps::parse("matrix.txt", include_str!("../../scenarios/matrix.txt")).unwrap();
    let run = Caps::of(&play(&sample(), &ALL, &select));
    assert_eq!(caps.exceeded(&run), Vec::<String>::new());
    assert!(!Caps::default().exceeded(&run).is_empty());
    assert!(!caps.unneeded(&run).is_empty());
}

#[test]
fn bad_quirks_name_file_line_and_what_is_allowed() {
    let entry = |rule: &str, rest: &str| {
        format!(
            "[[quirk]]\nstack = \"s2n\"\nversion = \"1\"\nrule = \"{rule}\"\n{rest}reason = \"r\"\ncitation = \"c\"\n"
        )
    };
    for (text, line, wanted) in [
        (entry("hybrid-last", ""), 4, "hybrid-first"),
        (entry("alert", ""), 4, "needs both"),
        (entry("alert", "when = \"bad-luck\"\nsends = \"nothing\"\n"), 5, "no-common-suite"),
        (entry("alert", "when = \"no-psk\"\nsends = \"howl\"\n"), 6, "server-hello"),
        (entry("hybrid-first", "when = \"no-psk\"\n"), 4, "exclude"),
        (entry("hybrid-first", "") + &entry("hybrid-first", ""), 10, "twice"),
        (entry("hybrid-first", "").replace("\"r\"", "\"\""), 5, "reason is empty"),
    ] {
        let error = Quirks::parse("quirks.toml", &text).unwrap_err();
        assert_eq!(error.line, line, "{error}");
        assert!(error.to_string().contains(wanted), "{error}");
    }
}
