//! Many connections at once and much nonsense one after the other. The numbers grow with `make soak`, which plays what
//! the bounds are stated for: 10 000 idle connections, 1 000 000 first records.

use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use serde_json::json;
use shakedown::engine::{EndpointSpec, Role, backends};
use shakedown::net::{CaseConnection, ClientEnd, Setup};
use shakedown::observe::Reach;
use shakedown::pki::{CertificateKind, Pki};
use shakedown::registry::ProtocolVersion;
use shakedown::run::client::canary_spec;

use crate::client::*;
use crate::server::*;

/// Resident memory that an idle connection may cost the server.
const IDLE_KIB: f64 = 64.0;
/// Growth of resident memory over nine tenths of the nonsense that is still no leak: a leak of 64 bytes in each of a
/// million would be 61 MiB.
const GROWTH_KIB: u64 = 24 * 1024;

fn number(variable: &str, small: usize) -> usize {
    std::env::var(variable).map_or(small, |text| text.parse().unwrap())
}

fn rss_kib(pid: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Descriptors of this process: both sides need one per connection. The server raises its own.
fn raise_descriptors(wanted: u64) {
    let limit = getrlimit(Resource::Nofile);
    let current = limit.maximum.map_or(wanted, |maximum| wanted.min(maximum));
    assert!(current >= wanted, "the hard limit of open files is {:?}: raise it for {wanted}", limit.maximum);
    if limit.current.is_some_and(|have| have < wanted) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(current), maximum: limit.maximum }).unwrap();
        println!("limit of open files raised to {current}");
    }
}

#[test]
fn idle_connections_cost_little_and_keep_nobody_out() {
    let count = number("SHAKEDOWN_SOAK_CONNECTIONS", 400);
    raise_descriptors(count as u64 + 256);
    let mut table = Vec::new();
    for backend in ["openssl", "rustls", "s2n"] {
        let most = (count + 100).to_string();
        let arguments =
            ["--policy", "harness/strong", "--partial", "--backend", backend, "--cert", "ecdsa256"];
        let patience = ["--request-timeout", "3600", "--max-connections", &most, "--grace", "0"];
        let mut server = Server::start(&[&arguments[..], &patience[..]].concat());
        let pid = server.pid().to_string();
        // What is allocated once: the context, the first threads' memory.
        for _ in 0..20 {
            assert!(visit(server.port, permissive()).is_some());
            server.connection();
        }
        let before = rss_kib(&pid);
        let mut idle = Vec::new();
        for i in 0..count {
            let mut client = Client::new(server.port, permissive());
            assert!(client.handshake(), "{backend}: {i}");
            // The engine is not needed any more; the socket keeps the connection.
            idle.push(client.stream);
        }
        let each = (rss_kib(&pid).saturating_sub(before)) as f64 / count as f64;
        table.push(format!("{backend}: {each:.1} KiB each, {count} idle"));
        assert!(each < IDLE_KIB, "{table:?}");
        assert!(each > 0.5, "{table:?}: nothing was measured");
        for _ in 0..20 {
            assert!(visit(server.port, permissive()).is_some(), "{backend}: new ones are served");
            assert_eq!(server.connection()["outcome"], "completed");
        }
        server.signal(Signal::TERM);
        for _ in 0..count {
            assert_eq!(server.connection()["outcome"], "timeout");
        }
        let stopped = server.line();
        assert_eq!((&stopped["connections"], &stopped["unfinished"]), (&json!(count + 40), &json!(count)));
        assert_eq!(server.exit_code(), Some(0));
    }
    println!("{}", table.join("; "));
}

/// First records: noise, noise that begins like a record, hellos cut short, hellos with a byte changed.
fn nonsense(random: &mut fastrand::Rng, hello: &[u8]) -> Vec<u8> {
    let noise = |random: &mut fastrand::Rng| {
        let length = random.usize(0..600);
        (0..length).map(|_| random.u8(..)).collect::<Vec<u8>>()
    };
    match random.u8(0..4) {
        0 => noise(random),
        1 => {
            let behind = noise(random);
            let length = if random.bool() { behind.len() as u16 } else { random.u16(..) };
            let kind = [20, 21, 22, 23, 24][random.usize(0..5)];
            [&[kind, 3, random.u8(0..5)], &length.to_be_bytes()[..], &behind].concat()
        }
        2 => hello[..random.usize(0..hello.len())].to_vec(),
        _ => {
            let mut changed = hello.to_vec();
            let at = random.usize(0..changed.len());
            changed[at] ^= random.u8(1..);
            changed
        }
    }
}

#[test]
fn nonsense_in_the_first_record_neither_panics_nor_leaks() {
    let count = number("SHAKEDOWN_SOAK_RECORDS", 6_000);
    let pki = Pki::mint().unwrap();
    let all = backends();
    let spec = EndpointSpec {
        versions: vec![ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_3],
        identities: vec![pki.identity(CertificateKind::EcdsaP256).unwrap()],
        ..EndpointSpec::default()
    };
    let mut hello = Vec::new();
    all["openssl"].open(Role::Client, &canary_spec()).unwrap().drain(&mut hello);
    for (name, backend) in &all {
        let mut random = fastrand::Rng::with_seed(7);
        let (mut proposed, mut early) = (0, 0);
        let (mut out, each) = (Vec::new(), count / all.len());
        for i in 0..each {
            if i == each / 10 {
                early = rss_kib("self");
            }
            let mut connection = CaseConnection::new(Setup {
                engine: backend.open(Role::Server, &spec).unwrap(),
                edits: Vec::new(),
            });
            connection.client_bytes(&nonsense(&mut random, &hello), &mut out);
            connection.client_ended(ClientEnd::Fin);
            let seen = connection.into_observation();
            assert!(seen.reach <= Reach::Proposed, "{name}: {:?}", seen.reach);
            proposed += usize::from(seen.reach == Reach::Proposed);
            out.clear();
        }
        let growth = rss_kib("self").saturating_sub(early);
        println!("{name}: {each} first records, {proposed} answered with a ServerHello, {growth} KiB more");
        assert!(growth < GROWTH_KIB, "{name}: {growth} KiB in {each} first records");
        // Changed bytes often do no harm, so that not everything is refused.
        assert!(proposed > each / 100 && proposed < each / 2, "{name}: {proposed} of {each}");
    }
}

#[test]
fn nonsense_over_sockets_leaves_the_server_on_its_feet() {
    let count = number("SHAKEDOWN_SOAK_SOCKETS", 300);
    let mut hello = Vec::new();
    permissive().drain(&mut hello);
    let mut server = Server::start(&["--policy", "harness/strong"]);
    let mut random = fastrand::Rng::with_seed(11);
    for _ in 0..count {
        let mut stream = connect(server.port);
        let _ = stream.write_all(&nonsense(&mut random, &hello));
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
        let line = server.connection();
        assert_eq!(line["verdict"], serde_json::Value::Null, "{line}");
    }
    assert!(visit(server.port, permissive()).is_some());
    server.connection();
    server.signal(Signal::TERM);
    assert_eq!(server.line()["type"], "stopped");
    assert_eq!(server.exit_code(), Some(0), "3 would be a panic");
}
