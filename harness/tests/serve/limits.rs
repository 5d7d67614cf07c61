//! Peers that do not play along are cut off in time, and never take the others along.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::client::*;
use crate::server::*;

/// Sends the bytes one by one with pauses until the server ends it; how long that took.
fn drip(port: u16, bytes: &[u8], pause: Duration) -> Duration {
    let start = Instant::now();
    let mut stream = connect(port);
    stream.set_read_timeout(Some(pause)).unwrap();
    for byte in bytes.iter().cycle().take(200) {
        if stream.write_all(&[*byte]).is_err() {
            break;
        }
        match stream.read(&mut [0; 64]) {
            Ok(0) => break,
            Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => break,
            _ => {}
        }
    }
    start.elapsed()
}

#[test]
fn a_handshake_that_drips_or_stalls_is_cut_at_its_deadline() {
    let mut server = Server::start(&["--policy", "harness/strong", "--handshake-timeout", "1"]);
    let mut hello = Vec::new();
    permissive().drain(&mut hello);
    for (what, bytes) in
        [("a hello in drops", hello.as_slice()), ("a record without an end", &[22, 3, 1, 64, 0, 1])]
    {
        let took = drip(server.port, bytes, Duration::from_millis(100));
        // It ends by itself after 20 s; a busy machine needs its time.
        assert!((0.9..15.0).contains(&took.as_secs_f64()), "{what}: {took:?}");
        assert_eq!(server.connection()["outcome"], "timeout", "{what}");
    }
    // Everybody else is served meanwhile.
    let stalled: Vec<_> = (0..50).map(|_| connect(server.port)).collect();
    assert!(visit(server.port, permissive()).is_some());
    // Which line comes first is not promised.
    let lines: Vec<_> = (0..=stalled.len()).map(|_| server.connection()).collect();
    let count = |outcome: &str, reach: &str| {
        lines.iter().filter(|line| line["outcome"] == outcome && line["reach"] == reach).count()
    };
    assert_eq!((count("completed", "data"), count("timeout", "connected")), (1, 50));
}

#[test]
fn a_request_that_drips_is_cut_at_its_deadline() {
    let mut server = Server::start(&["--policy", "harness/strong", "--request-timeout", "1"]);
    let mut client = Client::new(server.port, permissive());
    assert!(client.handshake());
    client.stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let start = Instant::now();
    for byte in b"GET / HTTP/1.1\r\nX: ".iter().chain(std::iter::repeat_n(&b'x', 200)) {
        client.engine.send(&[*byte]);
        client.flush();
        match client.stream.read(&mut [0; 1024]) {
            Ok(0) => break,
            Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => break,
            _ => {}
        }
    }
    // The drops last for 10 s.
    let took = start.elapsed();
    assert!((0.9..9.0).contains(&took.as_secs_f64()), "{took:?}");
    let line = server.connection();
    assert_eq!((&line["outcome"], &line["reach"]), (&json!("timeout"), &json!("data")));
}

#[test]
fn an_http_2_request_whose_body_never_ends_is_cut_and_told() {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let mut server = Server::start(&["--policy", "harness/strong", "--request-timeout", "1"]);
    let mut client = Client::new(server.port, permissive());
    assert!(client.handshake());
    // SETTINGS; HEADERS of a POST (RFC 7541 A: 3, 4, 7, and :authority literal) without END_STREAM; a byte of DATA.
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let headers = [&[0, 0, 6, 1, 4, 0, 0, 0, 1][..], &[0x83, 0x84, 0x87, 0x41, 0x01, b'x']].concat();
    let data = [0, 0, 1, 0, 0, 0, 0, 0, 1, b'y'];
    client.engine.send(&[PREFACE, &settings, &headers, &data].concat());
    client.flush();
    let line = server.connection();
    assert_eq!((&line["outcome"], &line["reach"]), (&json!("timeout"), &json!("data")));
}

#[test]
fn heads_and_bodies_have_an_end() {
    let mut server = Server::start(&["--policy", "harness/strong"]);
    let long_head = [b"GET / HTTP/1.1\r\nX: ".to_vec(), vec![b'x'; 200 * 1024]].concat();
    let many_headers = [b"GET / HTTP/1.1\r\n".to_vec(), b"X: y\r\n".repeat(200), b"\r\n".to_vec()].concat();
    let head = format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", 2 * 1024 * 1024);
    let long_body = [head.into_bytes(), vec![b'x'; 2 * 1024 * 1024]].concat();
    // A head that never ends is no request, so what is said of it is no answer to one.
    for (what, request, status, outcome) in [
        ("a head", long_head, "431", "closed"),
        ("headers", many_headers, "431", "closed"),
        ("a body", long_body, "413", "completed"),
    ] {
        let mut client = Client::new(server.port, permissive());
        assert!(client.handshake());
        for part in request.chunks(8 * 1024) {
            client.engine.send(part);
            client.flush();
        }
        let answer = client.answer();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{what}: {answer:?}");
        let line = server.connection();
        assert_eq!((&line["outcome"], &line["reach"]), (&json!(outcome), &json!("data")), "{what}");
    }
    assert!(visit(server.port, permissive()).is_some());
}

#[test]
fn more_connections_than_allowed_wait_for_their_turn() {
    let mut server = Server::start(&["--policy", "harness/strong", "--max-connections", "2"]);
    let (mut first, mut second) =
        (Client::new(server.port, permissive()), Client::new(server.port, permissive()));
    assert!(first.handshake() && second.handshake());
    let mut third = Client::new(server.port, permissive());
    third.stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!(!third.handshake(), "no room");
    assert!(first.ask().contains("200 OK"));
    drop(first);
    third.stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    assert!(third.handshake(), "there is room again");
    assert!(third.ask().contains("200 OK") && second.ask().contains("200 OK"));
    for _ in 0..3 {
        assert_eq!(server.connection()["outcome"], "completed");
    }
}

#[test]
fn garbage_and_resets_are_told_and_forgotten() {
    let mut server = Server::start(&["--policy", "harness/strong"]);
    let mut hello = Vec::new();
    permissive().drain(&mut hello);
    let garbage: [(&str, Vec<u8>, &str); 4] = [
        ("noise", vec![0x80, 0xFF, 7, 9, 200, 1, 2, 3], "not-tls"),
        ("SSH", b"SSH-2.0-OpenSSH_9\r\n".to_vec(), "not-tls"),
        ("an empty handshake message", vec![22, 3, 1, 0, 4, 99, 0, 0, 0], "refused-by-server"),
        ("half a hello", hello[..hello.len() / 2].to_vec(), "disconnected"),
    ];
    for (what, bytes, outcome) in garbage {
        let mut stream = connect(server.port);
        stream.write_all(&bytes).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
        assert_eq!(server.connection()["outcome"], outcome, "{what}");
    }
    let mut stream = connect(server.port);
    stream.write_all(&hello).unwrap();
    rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
    drop(stream);
    let line = server.connection();
    assert!(["disconnected", "refused-by-client"].contains(&line["outcome"].as_str().unwrap()), "{line}");
    assert_eq!(line["verdict"], serde_json::Value::Null);
    assert!(visit(server.port, permissive()).is_some());
}
