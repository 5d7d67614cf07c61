//! The fuzz targets on stable Rust: corpora, regressions, and drawn inputs through the bodies that libFuzzer calls.

#[path = "fuzzing/campaign.rs"]
mod campaign;
#[path = "fuzzing/chosen.rs"]
mod chosen;
#[path = "fuzzing/classes.rs"]
mod classes;
#[path = "fuzzing/kept.rs"]
mod kept;
#[path = "fuzzing/mitm.rs"]
mod mitm;
#[path = "fuzzing/seeds.rs"]
mod seeds;
#[path = "fuzzing/table.rs"]
mod table;

use std::panic::{AssertUnwindSafe, catch_unwind};

use fastrand::Rng;
use shakedown::fuzzing::{Purpose, TARGETS, Target};

/// Inputs per target: enough to see a target that alarms at nothing, few enough for the inner loop.
fn count() -> usize {
    std::env::var("SHAKEDOWN_FUZZ_DRAWN").ok().and_then(|text| text.parse().ok()).unwrap_or(300)
}

/// Random bytes, and where there are seeds, mostly those with a few bytes changed.
fn drawn(target: &Target) -> impl Iterator<Item = Vec<u8>> {
    let mut rng = Rng::with_seed(7);
    let max = target.max_len;
    let seeds = target.seeds();
    (0..count()).map(move |_| {
        if seeds.is_empty() || rng.u8(..8) == 0 {
            let length = rng.usize(..=max);
            return std::iter::repeat_with(|| rng.u8(..)).take(length).collect();
        }
        let mut input = seeds[rng.usize(..seeds.len())].1.clone();
        for _ in 0..rng.usize(..3) {
            let at = rng.usize(..input.len());
            input[at] = rng.u8(..);
        }
        input
    })
}

/// What a target says of an input, or how it panicked.
fn played(target: &Target, input: &[u8]) -> Result<shakedown::fuzzing::Seen, String> {
    catch_unwind(AssertUnwindSafe(|| target.run(input))).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
    })
}

#[test]
fn drawn_inputs_find_nothing_and_give_one_answer_twice() {
    for target in TARGETS.iter().filter(|target| target.purpose == Purpose::Search) {
        let mut kinds = std::collections::BTreeSet::new();
        for input in drawn(target) {
            let first = played(target, &input);
            let first = first.unwrap_or_else(|text| panic!("{}: {text}\ninput {input:02x?}", target.name));
            assert_eq!(Ok(&first), played(target, &input).as_ref(), "{}: {input:02x?}", target.name);
            kinds.insert(first.summary);
        }
        // A target that says the same to everything looks at nothing.
        assert!(kinds.len() >= 3, "{}: {kinds:?}", target.name);
    }
}

/// One input, one answer: else nothing that is found can be found again.
#[test]
fn every_target_gives_fifty_equal_answers() {
    for target in TARGETS.iter().filter(|target| target.purpose == Purpose::Search) {
        for input in drawn(target).take(4) {
            let first = target.run(&input);
            for _ in 1..50 {
                assert_eq!(target.run(&input), first, "{}: {input:02x?}", target.name);
            }
        }
    }
}

#[test]
fn the_self_test_crashes_at_its_word_and_only_there() {
    let target = shakedown::fuzzing::target("must_crash").expect("in the table");
    let found = played(target, b"TLS\x03\x04").expect_err("it has to crash");
    assert!(found.starts_with("ORACLE self-test"), "{found}");
    for harmless in [&b""[..], b"TLS\x03", b"TLS\x03\x03", b"SSL\x03\x04"] {
        assert!(played(target, harmless).is_ok(), "{harmless:?}");
    }
}

/// The recipe of determinism holds: what was recorded completes, again and again, and in every process. Fifty times for one
/// seed of each pair of stacks and version, twice for the others.
#[test]
fn every_recorded_flight_completes_and_nothing_else_is_seen_fifty_times() {
    for name in ["server_bytes", "client_bytes"] {
        let target = shakedown::fuzzing::target(name).expect("in the table");
        let seeds = target.seeds();
        assert!(seeds.len() >= 60, "{name}: {}", seeds.len());
        let mut often = std::collections::BTreeSet::new();
        for (seed, input) in seeds {
            let first = target.run(&input);
            // What is shown to an end that stands alone is mostly there to be refused; and nobody knows the keys of real
            // clients.
            let is_recorded = !seed.starts_with("wary-") && !seed.starts_with("real-");
            assert!(first.completed || !is_recorded, "{name}: {seed}: {}", first.summary);
            let kind: Vec<String> = seed.split('-').take(3).map(str::to_owned).collect();
            let times = if is_recorded && often.insert(kind) { 50 } else { 2 };
            for _ in 1..times {
                assert_eq!(target.run(&input), first, "{name}: {seed}");
            }
        }
        // OpenSSL alone in five versions; beside and with rustls in two.
        assert_eq!(often.len(), 5 + 3 * 2, "{name}: {often:?}");
    }
}
