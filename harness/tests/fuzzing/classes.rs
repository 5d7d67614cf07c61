//! Every version with every class of key exchange that a stack completes has a seed that completes.

use std::collections::BTreeSet;

use shakedown::oracle::naive::{Kx, kx};
use shakedown::registry::CipherSuite;

/// `scenarios/live.txt`, which `harness/tests/live.rs` proves: by the suites' names, version and exchange.
fn live() -> BTreeSet<(String, Kx)> {
    let text = include_str!("../../../scenarios/live.txt");
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .flat_map(|line| {
            let mut words = line.split_whitespace();
            let suite: CipherSuite = words.next().unwrap().parse().unwrap();
            words.map(move |version| (version.to_owned(), kx(suite)))
        })
        .collect()
}

#[test]
fn every_version_and_class_of_key_exchange_that_is_live_completes_from_a_seed() {
    for name in ["server_bytes", "client_bytes"] {
        let target = shakedown::fuzzing::target(name).unwrap();
        let mut completed = BTreeSet::new();
        for (seed, input) in target.seeds() {
            // client-server-VERSION-suite-group-number
            let words: Vec<&str> = seed.split('-').collect();
            let Some(number) = words.get(3).and_then(|word| u16::from_str_radix(word, 16).ok()) else {
                continue;
            };
            if target.run(&input).completed {
                completed.insert((words[2].to_owned(), kx(CipherSuite(number))));
            }
        }
        let live = live();
        assert!(live.len() >= 40, "{live:?}");
        let missing: Vec<_> = live.difference(&completed).collect();
        assert!(missing.is_empty(), "{name}: {missing:?}");
    }
}
