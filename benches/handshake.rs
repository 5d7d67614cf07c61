//! `handshake/<stack>/<version>/<key exchange>/<certificate>/<full|mutual|resumed>`: client and server in memory, the time of each apart and of
//! both. `make bench`; `QUICK=1` in the environment measures each for a moment only.
//!
//! Keys and configurations are built outside of what is timed, and before it is timed each handshake is proven to be the one
//! that its name says ([`shakedown::bench::Pair::prepare`]). What a stack does not have is said and left out. s2n's client cannot
//! be held to TLS 1.0 or 1.1 alone: there its server is timed with OpenSSL's client.

use std::collections::BTreeMap;
use std::time::Duration;

use criterion::{BenchmarkGroup, Criterion, measurement::WallTime};
use shakedown::bench::{Cell, Cost, Keys, Pair, Unfit};
use shakedown::engine::backends;

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
    let stacks = backends();
    for backend in stacks.values() {
        let mut group = criterion.benchmark_group(format!("handshake/{}", backend.id()));
        set_up(&mut group, is_quick);
        for cell in Cell::all() {
            match Pair::prepare(&**backend, &*stacks["openssl"], cell, &keys) {
                Ok(pair) => {
                    let parts = PARTS.iter().filter(|part| pair.has_own_client() || **part == "server");
                    parts.for_each(|part| time(&mut group, &pair, cell, part));
                }
                Err(error @ (Unfit::CannotPlay(_) | Unfit::Unsteady { .. })) => {
                    *left_out.entry(error.to_string()).or_default() += 1;
                }
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
    let (warm_up, measured) = if is_quick { (1, 20) } else { (40, 400) };
    group.sample_size(10);
    group.warm_up_time(Duration::from_millis(warm_up)).measurement_time(Duration::from_millis(measured));
}

fn time(group: &mut BenchmarkGroup<'_, WallTime>, pair: &Pair, cell: Cell, part: &str) {
    group.bench_function(format!("{cell}/{part}"), |bencher| {
        bencher.iter_custom(|times| {
            let once = || part_of(&pair.handshake().expect("it was completed a moment ago"), part);
            (0..times).map(|_| once()).sum()
        });
    });
}
