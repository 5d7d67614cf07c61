//! `handshake/<stack>/<version>/<key exchange>/<certificate>/<full|mutual|resumed>` and `refusal/<stack>/<reason>`: client and
//! server in memory, the time of each apart and of both. `make bench`; `QUICK=1` in the environment measures each for a moment
//! only.
//!
//! Keys and configurations are built outside of what is timed, and before it is timed each handshake is proven to be the one
//! that its name says ([`shakedown::bench::Pair::prepare`], [`shakedown::bench::Refusal::prepare`]). What a stack does not have
//! is said and left out. s2n's client cannot be held to TLS 1.0 or 1.1 alone: there its server is timed with OpenSSL's client.
//! Of a refusal the time of the side that refuses is measured.

use std::collections::BTreeMap;
use std::time::Duration;

use criterion::{BenchmarkGroup, Criterion, measurement::WallTime};
use shakedown::bench::{Cell, Cost, Keys, NoRefusal, Pair, Reason, Refusal, Unfit};
use shakedown::engine::{Role, backends};

/// What is timed of a handshake.
const PARTS: [&str; 3] = ["client", "server", "both"];

fn part_of(cost: &Cost, part: &str) -> Duration {
    Duration::from_nanos(match part {
        "client" => cost.client,
        "server" => cost.server,
        _ => cost.client + cost.server,
    })
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let is_quick = std::env::var_os("QUICK").is_some();
    let keys = Keys::fixed();
    let mut left_out: BTreeMap<String, usize> = BTreeMap::new();
    let mut leave_out = |why: String| *left_out.entry(why).or_default() += 1;
    let stacks = backends();
    let openssl = &*stacks["openssl"];
    for backend in stacks.values() {
        let mut group = criterion.benchmark_group(format!("handshake/{}", backend.id()));
        set_up(&mut group, is_quick);
        for cell in Cell::all() {
            match Pair::prepare(&**backend, openssl, cell, &keys) {
                Ok(pair) => {
                    let parts = PARTS.iter().filter(|part| pair.has_own_client() || **part == "server");
                    for part in parts {
                        let cost = || pair.handshake().expect("it was completed a moment ago");
                        time(&mut group, format!("{cell}/{part}"), || part_of(&cost(), part));
                    }
                }
                Err(error @ (Unfit::CannotPlay(_) | Unfit::Unsteady { .. })) => leave_out(error.to_string()),
                Err(error) => panic!("{error}"),
            }
        }
        group.finish();
        let mut group = criterion.benchmark_group(format!("refusal/{}", backend.id()));
        set_up(&mut group, is_quick);
        for reason in Reason::ALL {
            match Refusal::prepare(&**backend, openssl, reason, &keys) {
                Ok(refusal) => {
                    let part = if reason.side() == Role::Server { "server" } else { "client" };
                    let cost =
                        || refusal.measure(&shakedown::bench::clock).expect("it was refused a moment ago");
                    time(&mut group, format!("{reason}/{part}"), || part_of(&cost(), part));
                }
                Err(NoRefusal::CannotPlay(error)) => leave_out(error.to_string()),
                Err(error) => panic!("{error}"),
            }
        }
        group.finish();
    }
    for (why, cells) in left_out {
        println!("not measured: {cells} cells: {why}");
    }
    criterion.final_summary();
}

fn set_up(group: &mut BenchmarkGroup<'_, WallTime>, is_quick: bool) {
    let (warm_up, measured, resamples) = if is_quick { (1, 15, 1_000) } else { (40, 400, 10_000) };
    group.sample_size(10).nresamples(resamples);
    group.warm_up_time(Duration::from_millis(warm_up)).measurement_time(Duration::from_millis(measured));
}

fn time(group: &mut BenchmarkGroup<'_, WallTime>, name: String, once: impl Fn() -> Duration) {
    group.bench_function(name, |bencher| bencher.iter_custom(|times| (0..times).map(|_| once()).sum()));
}
