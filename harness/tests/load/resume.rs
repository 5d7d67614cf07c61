//! `--resume`: only abbreviated handshakes count.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use shakedown::engine::Resumption;
use shakedown::registry::ProtocolVersion;

use crate::run::*;
use crate::server::*;

const RESUME: [&str; 6] = ["--rate", "80", "--time", "0.25", "--insecure", "--resume"];

const CLIENTS: [&str; 3] = ["openssl", "rustls", "s2n"];

/// Whether many connections can come back with one session.
fn takes(client: &str, version: ProtocolVersion) -> bool {
    client != "rustls" || version < ProtocolVersion::TLS1_3
}

#[test]
fn sessions_are_come_back_with_in_every_version_and_by_every_means() {
    let table = [
        (ProtocolVersion::TLS1_2, "1.2", Resumption { ids: true, tickets: false }),
        (ProtocolVersion::TLS1_2, "1.2", Resumption { ids: false, tickets: true }),
        (ProtocolVersion::TLS1_3, "1.3", Resumption { ids: false, tickets: true }),
    ];
    for (version, name, by) in table {
        let server = openssl(&[version], by);
        let address = listen(move |_, stream| answer(stream, &*server));
        for backend in CLIENTS.into_iter().filter(|client| takes(client, version)) {
            let more = ["--version", name, "--backend", backend];
            let (exit, object) = load_json(&[&[&*address], &RESUME[..], &more].concat());
            let told = (exit, &object["completed"], &object["resumed"]);
            assert_eq!(told, (0, &20.into(), &20.into()), "{backend}: {object}");
            // Without it nothing is resumed.
            let (exit, object) = load_json(&[&[&*address], &RESUME[..5], &more].concat());
            let told = (exit, &object["completed"], &object["resumed"]);
            assert_eq!(told, (0, &20.into(), &0.into()), "{backend}: {object}");
        }
    }
}

#[test]
fn a_full_handshake_is_an_error_and_not_counted() {
    for version in BOTH {
        let server = openssl(&[version], Resumption::default());
        let address = listen(move |_, stream| answer(stream, &*server));
        all_are(&load_json(&[&[&*address], &RESUME[..]].concat()), "not-resumed", "");
    }
}

#[test]
fn without_a_first_session_nothing_is_run() {
    let address = listen(|_, mut stream| {
        let _ = stream.write_all(b"\x15\x03\x03\x00\x02\x02\x28");
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let output = load(&[&[&*address], &RESUME[..]].concat());
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{text}");
    assert!(text.contains("no session to come back with: tls-failed (alert handshake_failure)"), "{text}");
}

#[test]
fn rustls_takes_a_ticket_once() {
    for more in [&[][..], &["--version", "1.3"]] {
        let arguments = [&["localhost:4433"], &RESUME[..], &["--backend", "rustls"], more].concat();
        assert_usage(&arguments, &["rustls", "with --resume say --version 1.2, or another --backend"]);
    }
}

/// OpenSSL spoils a session when a connection with it ends with an alert: the others have copies.
#[test]
fn connections_that_end_badly_do_not_take_the_session_from_the_others() {
    for (version, name) in [(ProtocolVersion::TLS1_2, "1.2"), (ProtocolVersion::TLS1_3, "1.3")] {
        for backend in CLIENTS.into_iter().filter(|client| takes(client, version)) {
            let server = openssl(&[version], Resumption { ids: false, tickets: true });
            let address = listen(move |number, mut stream: TcpStream| {
                if number > 2 && number % 3 == 0 {
                    let _ = stream.read(&mut [0; 4096]);
                    let _ = stream.write_all(b"\x15\x03\x03\x00\x02\x02\x50");
                    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
                    let _ = stream.read_to_end(&mut Vec::new());
                    return;
                }
                answer(stream, &*server);
            });
            let more = ["--version", name, "--backend", backend];
            let (exit, object) = load_json(&[&[&*address], &RESUME[..], &more].concat());
            assert_eq!((exit, count(&object, "not-resumed")), (0, 0), "{backend}: {object}");
            let (completed, failed) = (object["resumed"].as_u64().unwrap(), count(&object, "tls-failed"));
            assert!(completed >= 12 && failed >= 5 && completed + failed == 20, "{backend}: {object}");
            assert!(object["errors"].to_string().contains("alert internal_error"), "{backend}: {object}");
        }
    }
}
