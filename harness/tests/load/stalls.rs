//! A server that stalls: the percentiles have to show it for as long as it lasted.

use std::io::Read;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use shakedown::engine::Resumption;
use shakedown::registry::ProtocolVersion;

use crate::run::*;
use crate::server::*;

/// Stands still from 1 s to 2 s after its first connection, for all connections that come or are open then.
fn stalling() -> String {
    let server = openssl(&BOTH, Resumption::default());
    let first = OnceLock::<Instant>::new();
    listen(move |_, stream| {
        let since = first.get_or_init(Instant::now).elapsed();
        let (from, to) = (Duration::from_secs(1), Duration::from_secs(2));
        if (from..to).contains(&since) {
            std::thread::sleep(to - since);
        }
        answer(stream, &*server);
    })
}

/// Of 4 s the server stalls 1 s. A quarter of the starts falls into it, and waits between nothing and 1 s: 900 ms are
/// exceeded by one start in forty.
#[track_caller]
fn shows(told: (i32, serde_json::Value)) {
    let (exit, object) = told;
    assert_eq!((exit, &object["scheduled"], &object["completed"]), (0, &200.into(), &200.into()), "{object}");
    let ms = |name: &str| object["latency_ms"][name].as_f64().unwrap();
    assert!(ms("p99_9") >= 900.0 && ms("p99") >= 850.0, "{object}");
    assert!(ms("p90") >= 450.0, "all that wanted to start meanwhile have waited, not one: {object}");
    assert!(ms("p50") < 400.0, "the server does not stall for half of the time: {object}");
    assert!(ms("max") < 3000.0, "{object}");
}

#[test]
fn a_stall_shows_with_room_for_all_that_wait() {
    let address = stalling();
    let told = load_json(&[&address, "--rate", "50", "--time", "4", "--insecure"]);
    assert_eq!(told.1["waited"], 0);
    shows(told);
}

#[test]
fn a_stall_shows_with_room_for_two() {
    let address = stalling();
    let told = load_json(&[&address, "--rate", "50", "--time", "4", "--insecure", "--connections", "2"]);
    assert!(told.1["waited"].as_u64().unwrap() >= 40, "{}", told.1);
    shows(told);
}

/// What the open loop is for: the closed one sees the same stall once per connection.
#[test]
fn a_closed_loop_hides_the_stall_and_says_so() {
    let address = stalling();
    let arguments = [&*address, "--rate", "max", "--time", "4", "--insecure", "--connections", "1"];
    let (exit, object) = load_json(&arguments);
    assert_eq!((exit, &object["loop"]), (0, &"closed".into()));
    assert!(object["latency_ms"]["p99"].as_f64().unwrap() < 500.0, "{object}");
    let page = load(&[&arguments[..4], &["1", "--insecure"]].concat());
    let words: Vec<&str> = std::str::from_utf8(&page.stdout).unwrap().split_whitespace().collect();
    assert!(words.join(" ").contains("coordinated omission"), "{words:?}");
}

/// A server of TLS 1.3 that stalls before it looks at the client's Finished: the client is done and does not notice.
#[test]
fn a_stall_behind_the_clients_finished_shows_in_the_confirmations() {
    let server = openssl(&[ProtocolVersion::TLS1_3], Resumption::default());
    let address = listen(move |_, stream| {
        let mut end = End::new(stream, server.open().unwrap());
        // Its flight, and then nothing.
        end.step();
        std::thread::sleep(Duration::from_millis(500));
        if end.handshake() && end.request() {
            end.answer(PAGE);
            let _ = end.stream.read(&mut [0; 64]);
        }
    });
    let (exit, object) = load_json(&[&address, "--rate", "20", "--time", "0.5", "--insecure"]);
    assert_eq!((exit, &object["completed"]), (0, &10.into()), "{object}");
    let median = |of: &str| object[of]["p50"].as_f64().unwrap();
    assert!(median("latency_ms") < 300.0 && median("confirmed_ms") >= 500.0, "{object}");
}
