//! Every way in which a start does not come to a handshake that counts, by its name.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use shakedown::engine::{EndpointSpec, Prepared, Resumption, backends};
use shakedown::load::{Client, Live, Load, Rate, Setup, run as run_load};
use shakedown::pki::{CertificateKind, Pki};
use shakedown::registry::ProtocolVersion;

use crate::run::*;
use crate::server::*;

/// Ten starts.
const SHORT: [&str; 5] = ["--rate", "40", "--time", "0.25", "--insecure"];

#[track_caller]
fn short(address: &str, more: &[&str]) -> (i32, serde_json::Value) {
    load_json(&[&[address], &SHORT[..], more].concat())
}

#[test]
fn a_closed_port_refuses() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let told = short(&format!("127.0.0.1:{port}"), &[]);
    all_are(&told, "connect-refused", "");
    assert_eq!(told.1["scheduled"], 10);
    // A closed loop does not ask it as fast as it can.
    let (_, object) = load_json(&[
        &format!("127.0.0.1:{port}"),
        "--rate",
        "max",
        "--time",
        "0.5",
        "--insecure",
        "--connections",
        "2",
    ]);
    assert!(object["started"].as_u64().unwrap() <= 102, "{object}");
}

#[test]
fn garbage_is_no_handshake() {
    let address = listen(|_, mut stream| {
        let _ = stream.write_all(b"SSH-2.0-OpenSSH_9\r\nand so on\r\n");
        let _ = stream.read(&mut [0; 4096]);
    });
    // s2n takes it for the head of a long record, and waits until it is hung up on.
    for (backend, code) in [("openssl", "tls-failed"), ("rustls", "tls-failed"), ("s2n", "closed")] {
        all_are(&short(&address, &["--backend", backend]), code, "");
    }
}

#[test]
fn who_hangs_up_during_the_handshake_has_closed_or_reset() {
    let address = listen(|_, mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    });
    all_are(&short(&address, &[]), "closed", "");
    let address = listen(|_, mut stream| {
        let _ = stream.read(&mut [0; 64]);
        rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
    });
    all_are(&short(&address, &[]), "reset", "");
}

#[test]
fn silence_ends_at_the_deadline() {
    let address = listen(|_, mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    });
    all_are(&short(&address, &["--timeout", "1"]), "timeout", "");
}

#[test]
fn who_finds_no_room_until_the_deadline_is_not_started_and_counted() {
    let address = listen(|_, mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let (exit, object) = short(&address, &["--timeout", "1", "--connections", "1"]);
    assert_eq!((exit, &object["scheduled"]), (1, &10.into()));
    assert!(count(&object, "not-started") >= 5 && count(&object, "timeout") >= 1, "{object}");
    assert!(object["waited"].as_u64().unwrap() >= 1, "{object}");
}

/// A client is done before the server is: what the server does then decides.
#[test]
fn a_server_that_says_nothing_behind_the_handshake_has_confirmed_nothing() {
    for version in BOTH {
        let server = openssl(&[version], Resumption::default());
        let server: Arc<dyn Prepared> = Arc::from(server);
        let closing = Arc::clone(&server);
        let address = listen(move |_, stream| {
            let mut end = End::new(stream, closing.open().unwrap());
            assert!(end.handshake());
            end.request();
            let _ = end.stream.shutdown(Shutdown::Write);
            let _ = end.stream.read(&mut [0; 64]);
        });
        all_are(&short(&address, &[]), "unconfirmed", "closed");
        let silent = Arc::clone(&server);
        let address = listen(move |_, stream| {
            let mut end = End::new(stream, silent.open().unwrap());
            end.handshake();
            let _ = end.stream.read_to_end(&mut Vec::new());
        });
        all_are(&short(&address, &["--timeout", "1"]), "unconfirmed", "timeout");
        let orderly = Arc::clone(&server);
        let address = listen(move |_, stream| {
            let mut end = End::new(stream, orderly.open().unwrap());
            if end.handshake() && end.request() {
                end.answer(b"");
                let _ = end.stream.read(&mut [0; 64]);
            }
        });
        let (exit, object) = short(&address, &[]);
        assert_eq!((exit, &object["confirmed_by"]["close_notify"]), (0, &10.into()), "{object}");
        let rude = Arc::clone(&server);
        let address = listen(move |_, stream| {
            let mut end = End::new(stream, rude.open().unwrap());
            if end.handshake() && end.request() {
                end.answer(b"220 mail.example ESMTP\r\n");
                let _ = end.stream.read(&mut [0; 64]);
            }
        });
        let (exit, object) = short(&address, &[]);
        assert_eq!((exit, &object["confirmed_by"]["data"]), (0, &10.into()), "{object}");
    }
}

/// RFC 8446 2: a server of TLS 1.3 may send data behind its own Finished, before it has seen the client's; and close_notify.
#[test]
fn what_comes_with_the_servers_finished_confirms_nothing() {
    let all = ["openssl", "rustls", "s2n"];
    let (data, good_bye) = (eager_server(false), eager_server(true));
    for backend in all {
        all_are(&short(&data, &["--backend", backend]), "unconfirmed", "closed");
        all_are(&short(&good_bye, &["--backend", backend]), "unconfirmed", "closed");
    }
}

/// Answers before it has seen the client's Finished, says good-bye there and then if it is told to, and never looks at the rest.
fn eager_server(says_good_bye: bool) -> String {
    let identity = pki().identity(CertificateKind::EcdsaP256).unwrap();
    let chain =
        identity.chain.iter().map(|der| rustls::pki_types::CertificateDer::from(der.clone())).collect();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(identity.key.clone()).into();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    config.send_half_rtt_data = true;
    config.send_tls13_tickets = 0;
    let config = Arc::new(config);
    listen(move |_, mut stream| {
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut server = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut flight = Vec::new();
        while flight.is_empty() {
            if server.read_tls(&mut stream).unwrap_or(0) == 0 {
                return;
            }
            server.process_new_packets().unwrap();
            server.writer().write_all(PAGE).unwrap();
            if says_good_bye {
                server.send_close_notify();
            }
            while server.wants_write() {
                server.write_tls(&mut flight).unwrap();
            }
        }
        stream.write_all(&flight).unwrap();
        // The client's Finished and request are taken and not looked at.
        let _ = stream.read(&mut [0; 4096]);
        if says_good_bye {
            // What comes behind a close_notify is ignored (RFC 8446 6.1).
            let _ = stream.write_all(&[0]);
        }
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.read(&mut [0; 64]);
    })
}

#[test]
fn a_certificate_of_another_ca_or_name_is_refused() {
    let server = openssl(&BOTH, Resumption::default());
    let address = listen(move |_, stream| answer(stream, &*server));
    let (_own, own) = ca_file(pki());
    let (_other, other) = ca_file(&Pki::mint().unwrap());
    let with = |ca: &std::path::Path, more: &[&str]| {
        let arguments = [&address, "--rate", "40", "--time", "0.25", "--ca-pem", ca.to_str().unwrap()];
        load_json(&[&arguments[..], more].concat())
    };
    for backend in ["openssl", "rustls", "s2n"] {
        let (exit, object) = with(&own, &["--backend", backend]);
        assert_eq!((exit, &object["completed"]), (0, &10.into()), "{object}");
        all_are(&with(&other, &["--backend", backend]), "tls-failed", "");
        all_are(&with(&own, &["--backend", backend, "--server-name", "other.example"]), "tls-failed", "");
    }
}

#[test]
fn a_version_is_held_and_its_refusal_has_the_alerts_name() {
    let server = openssl(&[ProtocolVersion::TLS1_2], Resumption::default());
    let address = listen(move |_, stream| answer(stream, &*server));
    for backend in ["openssl", "rustls", "s2n"] {
        let told = short(&address, &["--backend", backend, "--version", "1.2"]);
        assert_eq!((told.0, &told.1["negotiated"][0]["version"]), (0, &"TLSv1.2".into()), "{}", told.1);
    }
    for backend in ["openssl", "rustls", "s2n"] {
        let told = short(&address, &["--backend", backend, "--version", "1.3"]);
        all_are(&told, "tls-failed", "alert protocol_version");
    }
    assert_usage(
        &[&[&*address], &SHORT[..], &["--backend", "rustls", "--version", "1.1"]].concat(),
        &["rustls has no TLSv1.1"],
    );
}

/// Whatever the stack comes to, only the versions that were asked for count.
#[test]
fn another_version_than_the_one_asked_for_does_not_count() {
    let server = openssl(&BOTH, Resumption::default());
    let address = listen(move |_, stream| answer(stream, &*server));
    let port = address.rsplit(':').next().unwrap();
    let spec = EndpointSpec { versions: BOTH.to_vec(), ..EndpointSpec::default() };
    let load = Load {
        rate: Rate::Fixed(20.0),
        time: Duration::from_millis(500),
        connections: 8,
        setup: Setup {
            address: format!("127.0.0.1:{port}").parse().unwrap(),
            timeout: Duration::from_secs(5),
            versions: vec![ProtocolVersion::TLS1_2],
            must_resume: false,
            request: b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        },
        client: Client::new(Arc::clone(&backends()["openssl"]), spec).unwrap(),
        servers: Vec::new(),
        threads: 1,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (_interrupt, interrupted) = tokio::sync::watch::channel(false);
    let report = run_load(load, runtime.handle(), interrupted, &Live::default());
    assert_eq!((report.scheduled, report.tally.completed, report.lost), (10, 0, 0));
    assert_eq!(report.tally.failed_by("wrong-version"), 10);
    assert!(report.tally.faults.keys().all(|(_, detail)| detail == "TLSv1.3"));
}

#[test]
fn errors_beyond_the_allowed_ones_fail_the_run() {
    let server = openssl(&BOTH, Resumption::default());
    let address = listen(move |number, stream| {
        // The first connection is the look for an address.
        if number % 2 == 0 {
            answer(stream, &*server);
        }
    });
    let exit = |most: &[&str]| {
        let (exit, object) = short(&address, most);
        let failed = object["failed"].as_u64().unwrap();
        assert!(
            (4..=6).contains(&failed) && count(&object, "reset") + count(&object, "closed") == failed,
            "{object}"
        );
        exit
    };
    assert_eq!(exit(&[]), 0);
    assert_eq!(exit(&["--max-errors", "60%"]), 0);
    assert_eq!(exit(&["--max-errors", "30%"]), 1);
    assert_eq!(exit(&["--max-errors", "1"]), 1);
    assert_eq!(exit(&["--max-errors", "6"]), 0);
}
