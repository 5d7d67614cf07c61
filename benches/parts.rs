//! What the harness's own parts take: `codec/…` reads and writes the hellos of real clients, `oracle/…` predicts what every
//! playable policy makes of them, `expand/…` makes the cases of all scenarios. `make bench`.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput};
use shakedown::observe::{Tap, offer_of};
use shakedown::oracle::{KeyType, Offer, select};
use shakedown::policy::{Catalogue, Policy};
use shakedown::registry::ProtocolVersion;
use shakedown::run;
use shakedown::wire::{ClientHello, Context, Handshake, HandshakeDeframer, RecordDeframer};

/// First flights as they were recorded.
const HELLOS: [(&str, &str); 4] = [
    ("curl", include_str!("../harness/src/wire/testdata/curl-default.hex")),
    ("openssl", include_str!("../harness/src/wire/testdata/openssl-default.hex")),
    ("node", include_str!("../harness/src/wire/testdata/node-default.hex")),
    ("java", include_str!("../harness/src/wire/testdata/java-default.hex")),
];

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let is_quick = std::env::var_os("QUICK").is_some();
    let (warm_up, measured, resamples) = if is_quick { (1, 20, 1_000) } else { (100, 1000, 10_000) };
    let limits = |group: &mut criterion::BenchmarkGroup<'_, _>| {
        group.sample_size(10).nresamples(resamples);
        group.warm_up_time(Duration::from_millis(warm_up));
        group.measurement_time(Duration::from_millis(measured));
    };
    let flights: Vec<(&str, Vec<u8>)> = HELLOS.iter().map(|(name, text)| (*name, bytes(text))).collect();

    let mut group = criterion.benchmark_group("codec");
    limits(&mut group);
    for (name, flight) in &flights {
        let hello = hello(flight);
        group.throughput(Throughput::Bytes(flight.len() as u64));
        group.bench_function(format!("decode/{name}"), |bencher| {
            bencher.iter(|| self::hello(black_box(flight)))
        });
        let message = Handshake::ClientHello(hello);
        group.bench_function(format!("encode/{name}"), |bencher| {
            bencher.iter(|| black_box(&message).to_message_bytes());
        });
        group.bench_function(format!("tap/{name}"), |bencher| {
            bencher.iter(|| {
                let mut tap = Tap::new();
                tap.from_client(black_box(flight));
                tap
            });
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("oracle");
    limits(&mut group);
    let policies = policies();
    let key = KeyType::Rsa { bits: 2048 };
    for (name, flight) in &flights {
        let offer: Offer = offer_of(&hello(flight));
        let accepted = policies.iter().filter(|policy| select(policy, Some(&key), &offer).is_ok()).count();
        assert!(accepted > policies.len() / 2, "{name} is accepted by {accepted} policies only");
        group.throughput(Throughput::Elements(policies.len() as u64));
        group.bench_function(format!("all-policies/{name}"), |bencher| {
            bencher.iter(|| {
                let answer = |policy| select(policy, Some(&key), black_box(&offer)).is_ok();
                policies.iter().filter(|policy| answer(policy)).count()
            });
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("expand");
    limits(&mut group);
    group.bench_function("all-scenarios", |bencher| {
        bencher.iter(|| {
            run::catalogue::Catalogue::load(&[]).expect("the embedded scenarios are read by the tests")
        });
    });
    group.finish();
    criterion.final_summary();
}

/// Hexadecimal, with lines that begin with `#`.
fn bytes(text: &str) -> Vec<u8> {
    let digits: String = text.lines().filter(|line| !line.starts_with('#')).collect();
    let pairs = digits.as_bytes().chunks(2);
    let pair = |pair| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hexadecimal");
    pairs.map(pair).collect()
}

fn hello(flight: &[u8]) -> ClientHello {
    let (mut records, mut messages) = (RecordDeframer::new(), HandshakeDeframer::new());
    records.push(flight);
    while let Some(record) = records.next().expect("a recorded flight") {
        messages.push(&record.payload);
    }
    let (typ, body) = messages.next().expect("a recorded flight").expect("a whole message");
    match Handshake::decode(typ, &body, &Context::new(ProtocolVersion::TLS1_3)) {
        Ok(Handshake::ClientHello(hello)) => hello,
        other => panic!("no ClientHello: {other:?}"),
    }
}

fn policies() -> Vec<Policy> {
    let catalogue = Catalogue::embedded().expect("the embedded policies are read by the tests");
    let mut all = catalogue.policies().expect("the embedded policies are read by the tests");
    all.retain(|policy| policy.playable().is_ok());
    all
}
