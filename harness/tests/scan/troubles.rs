//! Servers that do not answer as servers do: each has a result of its own, and none of them refuses anything.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_socket_linger;
use serde_json::Value;
use shakedown::engine::{EndpointSpec, Role, backends};
use shakedown::pki::{CertificateKind, Pki};
use shakedown::registry::{CipherSuite, ProtocolVersion};
use shakedown::scan::{Deadlines, Trouble, find};

use crate::memory::{identity, plain};
use crate::port::{honest, liar};
use crate::run::{scan, scan_json};

fn read_hello(stream: &mut TcpStream) {
    let _ = stream.read(&mut [0; 4096]);
}

fn drip(mut stream: TcpStream) {
    read_hello(&mut stream);
    // The begin of a ServerHello's record, a byte at a time.
    for byte in [22, 3, 3, 0, 80].into_iter().chain([2; 80]) {
        if stream.write_all(&[byte]).is_err() {
            return;
        }
        std::thread::sleep(Duration::from_secs(1));
    }
}

fn reset(mut stream: TcpStream) {
    read_hello(&mut stream);
    set_socket_linger(stream.as_fd(), Some(Duration::ZERO)).unwrap();
}

fn say(mut stream: TcpStream, bytes: &[u8]) {
    read_hello(&mut stream);
    let _ = stream.write_all(bytes);
}

#[test]
fn every_kind_of_silence_has_its_own_code_and_is_no_refusal() {
    type Row = (&'static str, fn(TcpStream));
    let rows: [Row; 6] = [
        ("silent", |stream| {
            std::thread::sleep(Duration::from_secs(60));
            drop(stream);
        }),
        ("slow", drip),
        ("reset", reset),
        ("closed", |mut stream| read_hello(&mut stream)),
        ("not-tls", |stream| say(stream, b"HTTP/1.1 400 Bad Request\r\n\r\n")),
        ("malformed", |stream| say(stream, &[22, 3, 3, 0, 6, 2, 0, 0, 2, 9, 9])),
    ];
    std::thread::scope(|scope| {
        for (code, behaviour) in rows {
            scope.spawn(move || {
                let (exit, found) = scan_json(&[&liar(behaviour), "--timeout", "1"]);
                assert_eq!((exit, found["trouble"].as_str()), (3, Some(code)), "{found}");
                assert_eq!(found["versions"].as_array().map(Vec::len), Some(0), "{code}: nothing is refused");
            });
        }
    });
}

/// Begins an honest flight and dies: each time with another random.
fn half_a_flight(mut stream: TcpStream) {
    static SERVER: OnceLock<EndpointSpec> = OnceLock::new();
    let spec = SERVER.get_or_init(|| EndpointSpec {
        versions: vec![ProtocolVersion::TLS1_2],
        identities: vec![Pki::mint().unwrap().identity(CertificateKind::EcdsaP256).unwrap()],
        ..EndpointSpec::default()
    });
    let mut hello = [0; 16 * 1024];
    let length = stream.read(&mut hello).unwrap_or(0);
    let mut engine = backends()["openssl"].open(Role::Server, spec).unwrap();
    engine.feed(&hello[..length]);
    let mut flight = Vec::new();
    engine.drain(&mut flight);
    // The record of the ServerHello.
    let first =
        5 + usize::from(*flight.get(3).unwrap_or(&0)) * 256 + usize::from(*flight.get(4).unwrap_or(&0));
    let _ = stream.write_all(&flight[..first.min(flight.len())]);
}

/// Answers twice with an alert, then closes.
fn alerts_then_closes(stream: TcpStream) {
    static SEEN: AtomicUsize = AtomicUsize::new(0);
    let seen = SEEN.fetch_add(1, Ordering::Relaxed);
    say(stream, if seen < 2 { &[21, 3, 1, 0, 2, 2, 40] } else { &[] });
}

/// Warns now of this and now of that, and closes.
fn warns(stream: TcpStream) {
    static SEEN: AtomicUsize = AtomicUsize::new(0);
    let warning = [100, 110][SEEN.fetch_add(1, Ordering::Relaxed) % 2];
    say(stream, &[21, 3, 1, 0, 2, 1, warning]);
}

#[test]
fn a_server_of_which_nothing_is_known_keeps_no_floor_and_costs_no_flood() {
    type Row = (&'static str, fn(TcpStream));
    let rows: [Row; 4] = [
        ("half a flight", half_a_flight),
        ("alerts, then nothing", alerts_then_closes),
        ("warnings", warns),
        // unrecognized_name to everybody (RFC 6066 3): by another name it may answer.
        ("another name", |stream| say(stream, &[21, 3, 1, 0, 2, 2, 112])),
    ];
    for (what, behaviour) in rows {
        let start = Instant::now();
        let (exit, found) = scan_json(&[&liar(behaviour), "--floor", "aws", "--timeout", "2"]);
        assert_eq!(exit, 3, "{what}: {found}");
        assert!(start.elapsed() < Duration::from_secs(30), "{what}: {:?}", start.elapsed());
    }
}

/// A server with an ECDSA and an RSA certificate; handshakes with an RSA scheme alone get an alert instead of an answer, the
/// first one or all of them. The hello before, which only asks, is answered.
fn alert_for_rsa(for_all: bool) -> String {
    // A question and two handshakes, for every scheme and scan.
    const CONNECTIONS: usize = 3;
    let spec = EndpointSpec {
        versions: vec![ProtocolVersion::TLS1_3],
        identities: [CertificateKind::EcdsaP256, CertificateKind::Rsa2048].map(identity).to_vec(),
        suites: vec![CipherSuite(0x1301)],
        ..EndpointSpec::default()
    };
    let seen = [0x04, 0x05, 0x06].map(|_| AtomicUsize::new(0));
    honest(spec, move |_, stream| {
        let mut hello = [0; 4096];
        let length = stream.peek(&mut hello).unwrap_or(0);
        let mut number = None;
        for (scheme, seen) in [0x04, 0x05, 0x06].into_iter().zip(&seen) {
            // `signature_algorithms` with one scheme, rsa_pss_rsae_sha256 to sha512.
            let alone = [0, 13, 0, 4, 0, 2, 8, scheme];
            if hello[..length].windows(alone.len()).any(|bytes| bytes == alone) {
                number = Some(seen.fetch_add(1, Ordering::SeqCst));
            }
        }
        let is_meant =
            number.is_some_and(|number| number == 1 || for_all && !number.is_multiple_of(CONNECTIONS));
        if is_meant {
            read_hello(stream);
            let _ = stream.write_all(&[21, 3, 3, 0, 2, 2, 80]);
        }
        !is_meant
    })
}

#[test]
fn a_floor_is_not_kept_by_certificates_that_nobody_saw() {
    let keys = |found: &Value| {
        let mut keys: Vec<String> =
            found["certificates"].as_array().unwrap().iter().map(|c| c["key"].to_string()).collect();
        keys.sort();
        keys.join(" ")
    };
    let (exit, found) = scan_json(&[&alert_for_rsa(false), "--floor", "aws"]);
    assert_eq!((exit, keys(&found).as_str()), (0, "\"ecdsa\" \"rsa\""), "{found}");
    assert_eq!(found["unseen"], serde_json::json!([]), "{found}");

    let rsa = ["rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512"];
    let address = alert_for_rsa(true);
    let (exit, found) = scan_json(&[&address, "--floor", "aws"]);
    assert_eq!((exit, keys(&found).as_str()), (3, "\"ecdsa\""), "{found}");
    let mut unseen: Vec<&str> =
        found["unseen"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    unseen.sort_unstable();
    assert_eq!(unseen, rsa, "{found}");
    // Without a floor there is nothing that it could hide.
    assert_eq!(scan_json(&[&address]).0, 0);
    let page = String::from_utf8(scan(&[&address, "--floor", "aws"]).stdout).unwrap();
    assert!(page.contains("certificates that nobody saw") && page.contains(rsa[0]), "{page}");
}

#[test]
fn a_closed_port_and_an_unknown_host_are_told_apart() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (exit, found) = scan_json(&[&port.to_string()]);
    assert_eq!((exit, found["trouble"].as_str()), (3, Some("port-refused")));

    let unknown = scan(&["no-such-host.invalid:443"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("(unresolvable)"), "{unknown:?}");
}

#[test]
fn what_is_no_host_and_port_is_a_usage_error_that_says_what_is() {
    for target in ["localhost", "localhost:0", "localhost:99999", "::1:443", "[::1]", ":443", "[x]:443"] {
        let output = scan(&[target]);
        assert_eq!(output.status.code(), Some(2), "{target}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("HOST:PORT"), "{target}");
    }
}

#[test]
fn a_server_name_that_no_certificate_could_have_is_a_usage_error_that_says_what_is() {
    let long = format!("{}.example", "a".repeat(64));
    for name in [
        "",
        "a b",
        "a.example.",
        ".example",
        "a..b",
        "127.0.0.1",
        "::1",
        "a:443",
        "b\u{fc}cher.example",
        &long,
    ] {
        let output = scan(&["127.0.0.1:1", "--server-name", name]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("a host name such as a.example"), "{name}");
    }
    let label = "a".repeat(63);
    for name in ["localhost", "a_b.example", "xn--bcher-kva.example", &label] {
        // Nobody listens there.
        assert_eq!(scan(&["127.0.0.1:1", "--server-name", name]).status.code(), Some(3), "{name}");
    }
}

#[test]
fn a_name_that_is_not_resolved_in_time_is_not_said_to_have_no_address() {
    // The only thread that could resolve it is busy, as it is with a resolver that does not answer.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build();
    let runtime = runtime.unwrap();
    runtime.spawn_blocking(|| std::thread::sleep(Duration::from_secs(20)));
    let (_never, interrupted) = tokio::sync::watch::channel(false);
    let until = Instant::now() + Duration::from_secs(60);
    let deadlines = Deadlines { timeout: Duration::from_millis(50), until, interrupted };
    let found = runtime.block_on(find("localhost", 1, deadlines));
    runtime.shutdown_background();
    assert_eq!(found.map(|remote| remote.address), Err(Trouble::ResolveTimeout));
}

#[test]
fn help_promises_no_floor_where_none_is_named() {
    let help = scan(&["--help"]);
    let text = String::from_utf8(help.stdout).unwrap();
    assert!(text.contains("--floor") && text.contains("--service"), "{text}");
    assert!(!text.contains("default: aws"), "{text}");
}

#[test]
fn a_server_that_stops_answering_is_reported_as_such() {
    // An honest server for a while, then silence.
    let address = honest(plain(), |number, _| {
        if number > 8 {
            std::thread::sleep(Duration::from_secs(60));
        }
        number <= 8
    });
    let (exit, found) = scan_json(&[&address, "--timeout", "3"]);
    assert_eq!(exit, 3);
    let troubles = found["troubles"].as_array().unwrap();
    assert!(troubles.iter().any(|trouble| trouble["code"] == "stopped-answering"), "{found}");
    assert!(found["retries"].as_u64() > Some(0), "{found}");
    nothing_unasked_is_called_refused_or_complete(&found);
}

/// Of a scan of [`plain`] that did not come to its end.
fn nothing_unasked_is_called_refused_or_complete(found: &Value) {
    let mut has_open = false;
    // How many suites it has for them.
    for (name, count) in [("TLSv1.1", 2), ("TLSv1.2", 4), ("TLSv1.3", 2)] {
        let versions = found["versions"].as_array().unwrap();
        let version = versions.iter().find(|version| version["version"] == name).unwrap();
        assert_ne!(version["accepted"], false, "{version}");
        let seen = version["suites"].as_array().unwrap().len();
        assert!(seen == count || version["complete"] == false, "{version}");
        let is_named = found["troubles"].as_array().unwrap().iter().any(|trouble| trouble["what"] == name);
        assert_eq!(version["complete"] == false, is_named, "{found}");
        has_open |= version["complete"] == false;
    }
    assert!(has_open, "{found}");
}

#[test]
fn a_scan_ends_when_its_time_runs_out_and_says_what_was_not_asked() {
    let silent = liar(|stream| {
        std::thread::sleep(Duration::from_secs(60));
        drop(stream);
    });
    let start = Instant::now();
    let (exit, found) = scan_json(&[&silent, "--timeout", "60", "--max-time", "1"]);
    assert_eq!((exit, found["trouble"].as_str()), (3, Some("out-of-time")), "{found}");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());

    // Each connection is in time, all of them together are not.
    let slow = honest(plain(), |_, _| {
        std::thread::sleep(Duration::from_millis(500));
        true
    });
    let start = Instant::now();
    let (exit, found) = scan_json(&[&slow, "--max-time", "5"]);
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    assert_eq!((exit, &found["trouble"]), (3, &Value::Null), "{found}");
    for trouble in found["troubles"].as_array().unwrap() {
        assert_eq!(trouble["code"], "out-of-time", "{trouble}");
    }
    nothing_unasked_is_called_refused_or_complete(&found);
    let page = scan(&[&slow, "--max-time", "1"]);
    assert_eq!(page.status.code(), Some(3));
    let page = String::from_utf8(page.stdout).unwrap();
    assert!(page.contains("the time for the scan ran out (out-of-time)"), "{page}");
}

#[test]
fn an_interrupted_scan_prints_what_it_has_and_exits_130() {
    let (came, comes) = std::sync::mpsc::channel();
    let address = liar(move |stream| {
        came.send(()).unwrap();
        std::thread::sleep(Duration::from_secs(60));
        drop(stream);
    });
    let child = std::process::Command::new(env!("CARGO_BIN_EXE_shakedown"))
        .args(["scan", &address, "--json", "--timeout", "60"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    comes.recv_timeout(Duration::from_secs(30)).expect("the scan connects");
    let id = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"trouble\":\"interrupted\""), "{output:?}");
}
