//! What stacks say to each other beside the handshake: alerts, data, an end; and what none of them may take amiss.

use shakedown::engine::pair::{PairOutcome, handshake};
use shakedown::engine::{EndpointSpec, Engine, Role, Status, backends};
use shakedown::net::Setup;
use shakedown::observe::{Ending, Reach};
use shakedown::pki::{CertificateKind, Pki};
use shakedown::registry::{AlertDescription, ProtocolVersion};

use crate::{play, strong_server, suite, verifying_client};

const VERSIONS: [ProtocolVersion; 2] = [ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_3];

#[test]
fn every_pair_of_stacks_exchanges_a_request_and_an_answer() {
    let pki = Pki::mint().unwrap();
    let all = backends();
    for server in all.values() {
        for client in all.values() {
            for version in VERSIONS {
                let spec = EndpointSpec { versions: vec![version], ..verifying_client(&pki) };
                let engine =
                    server.open(Role::Server, &strong_server(&pki, CertificateKind::EcdsaP256)).unwrap();
                let seen = play(&**client, &spec, Setup { engine, edits: Vec::new() });
                let place = format!("{} to {}, {version}", client.id(), server.id());
                assert_eq!((seen.reach, &seen.ending), (Reach::Data, &Ending::Completed), "{place}");
                assert_eq!(seen.proposal.unwrap().version, version, "{place}");
            }
        }
    }
}

/// What a failed engine says of the peer's alert.
fn alert(engine: &dyn Engine) -> Option<AlertDescription> {
    match engine.status() {
        Status::Failed(failure) => failure.alert_received,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_fatal_alert_arrives_whoever_sends_it() {
    let pki = Pki::mint().unwrap();
    let all = backends();
    let strong = strong_server(&pki, CertificateKind::Rsa2048);
    let old = EndpointSpec {
        versions: vec![ProtocolVersion::TLS1_0, ProtocolVersion::TLS1_1],
        ..verifying_client(&pki)
    };
    let other_suite = EndpointSpec {
        versions: vec![ProtocolVersion::TLS1_2],
        suites: vec![suite("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384")],
        ..verifying_client(&pki)
    };
    for (client, server, client_spec, wanted) in [
        // By the server.
        ("openssl", "s2n", &old, AlertDescription::PROTOCOL_VERSION),
        ("s2n", "openssl", &other_suite, AlertDescription::HANDSHAKE_FAILURE),
        ("s2n", "rustls", &other_suite, AlertDescription::HANDSHAKE_FAILURE),
    ] {
        let mut c = all[client].open(Role::Client, client_spec).unwrap();
        let mut s = all[server].open(Role::Server, &strong).unwrap();
        handshake(&mut *c, &mut *s);
        assert_eq!((alert(&*c), alert(&*s)), (Some(wanted), None), "{client} to {server}");
    }
    for client in ["openssl", "rustls"] {
        // By the client, which does not know the CA (RFC 8446 6.2: unknown_ca).
        for version in VERSIONS {
            let spec = EndpointSpec { versions: vec![version], ..verifying_client(&pki) };
            let mut c = all[client].open(Role::Client, &spec).unwrap();
            let untrusted = strong_server(&pki, CertificateKind::UntrustedIssuer);
            let mut s = all["s2n"].open(Role::Server, &untrusted).unwrap();
            handshake(&mut *c, &mut *s);
            let said = (alert(&*c), alert(&*s));
            assert_eq!(said, (None, Some(AlertDescription(48))), "{client} {version}");
        }
    }
}

/// RFC 5246 7.2.2: a warning is no refusal, and what comes behind it is read as ever.
#[test]
fn a_warning_behind_the_servers_flight_ends_nothing_and_is_no_fatal_alert() {
    let pki = Pki::mint().unwrap();
    let all = backends();
    for server in all.values() {
        let warned = || {
            let spec = EndpointSpec { versions: vec![ProtocolVersion::TLS1_2], ..verifying_client(&pki) };
            let mut c = all["openssl"].open(Role::Client, &spec).unwrap();
            let mut s = server.open(Role::Server, &strong_server(&pki, CertificateKind::Rsa2048)).unwrap();
            let (mut hello, mut flight) = (Vec::new(), Vec::new());
            c.drain(&mut hello);
            s.feed(&hello);
            s.drain(&mut flight);
            assert!(flight.len() > 500, "{}", server.id());
            // A record of TLS 1.2 with an alert of the level "warning": user_canceled.
            s.feed(&[21, 3, 3, 0, 2, 1, 90]);
            assert_eq!(s.status(), Status::Running, "{}", server.id());
            assert!(!s.peer_closed(), "{}", server.id());
            (c, s, flight)
        };
        let (mut c, mut s, flight) = warned();
        c.feed(&flight);
        assert_eq!(handshake(&mut *c, &mut *s).0, PairOutcome::Done, "{}", server.id());

        // close_notify, which is how RFC 8446 6.1 wants user_canceled to be followed.
        let (_, mut s, _) = warned();
        s.feed(&[21, 3, 3, 0, 2, 1, 0]);
        let status = s.status();
        // rustls waits for the end of the connection; that the client closed is read from the wire.
        let notes_it = server.id() != "rustls";
        let (has_failed, is_closed) = (matches!(status, Status::Failed(_)), s.peer_closed());
        assert_eq!((has_failed, is_closed), (notes_it, notes_it), "{}: {status:?}", server.id());
        let alert = if let Status::Failed(failure) = status { failure.alert_received } else { None };
        assert_eq!(alert, None, "{}", server.id());
    }
}

#[test]
fn s2n_refuses_with_a_close_notify() {
    let pki = Pki::mint().unwrap();
    let all = backends();
    let strong = strong_server(&pki, CertificateKind::Rsa2048);
    let client = EndpointSpec {
        versions: vec![ProtocolVersion::TLS1_2],
        suites: vec![suite("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384")],
        ..verifying_client(&pki)
    };
    let mut c = all["openssl"].open(Role::Client, &client).unwrap();
    let mut s = all["s2n"].open(Role::Server, &strong).unwrap();
    let mut bytes = Vec::new();
    c.drain(&mut bytes);
    s.feed(&bytes);
    bytes.clear();
    s.drain(&mut bytes);
    // An alert record with the level "warning" and the description 0 (RFC 5246 7.2).
    assert_eq!(bytes, [0x15, 3, 3, 0, 2, 1, 0]);
    assert_eq!(alert(&*s), None);
    c.feed(&bytes);
    assert!(c.peer_closed());

    // And so does its client, to whom a certificate is wrong.
    let wrong = strong_server(&pki, CertificateKind::WrongHost);
    let mut c = all["s2n"]
        .open(Role::Client, &EndpointSpec { versions: client.versions, ..verifying_client(&pki) })
        .unwrap();
    let mut s = all["openssl"].open(Role::Server, &wrong).unwrap();
    let (outcome, _) = handshake(&mut *c, &mut *s);
    assert!(matches!(outcome, PairOutcome::ClientFailed(_)), "{outcome:?}");
    assert!(s.peer_closed());
}

#[test]
fn a_client_without_a_ca_trusts_anybody() {
    let pki = Pki::mint().unwrap();
    let all = backends();
    for client in all.values() {
        for kind in CertificateKind::ALL.into_iter().filter(|kind| kind.is_bad()) {
            let spec = EndpointSpec { trust: None, ..verifying_client(&pki) };
            let mut c = client.open(Role::Client, &spec).unwrap();
            let mut s = all["openssl"].open(Role::Server, &strong_server(&pki, kind)).unwrap();
            assert_eq!(handshake(&mut *c, &mut *s).0, PairOutcome::Done, "{} {kind}", client.id());
        }
    }
}

#[test]
fn closing_is_told_to_the_peer() {
    let pki = Pki::mint().unwrap();
    let all = backends();
    for client in all.values() {
        for server in all.values() {
            for version in VERSIONS {
                let place = format!("{} to {}, {version}", client.id(), server.id());
                let spec = EndpointSpec { versions: vec![version], ..verifying_client(&pki) };
                let open = || {
                    let mut c = client.open(Role::Client, &spec).unwrap();
                    let strong = strong_server(&pki, CertificateKind::EcdsaP256);
                    let mut s = server.open(Role::Server, &strong).unwrap();
                    assert_eq!(handshake(&mut *c, &mut *s).0, PairOutcome::Done, "{place}");
                    (c, s)
                };
                let (mut c, mut s) = open();
                closes(&mut *c, &mut *s, &place);
                let (mut c, mut s) = open();
                closes(&mut *s, &mut *c, &place);
            }
        }
    }
}

fn closes(first: &mut dyn Engine, second: &mut dyn Engine, place: &str) {
    assert!(!second.peer_closed(), "{place}");
    let mut bytes = Vec::new();
    // More than one record can hold, and the end right behind it.
    let long = vec![0x5A; 40_000];
    first.send(&long);
    first.close();
    first.drain(&mut bytes);
    second.feed(&bytes);
    let mut plaintext = Vec::new();
    second.receive(&mut plaintext);
    assert_eq!(plaintext.len(), long.len(), "{place}");
    assert_eq!(plaintext, long, "{place}");
    assert!(second.peer_closed(), "{place}");
    assert_eq!(second.status(), Status::Done, "{place}");
}

/// RFC 8446 6.1: "This alert notifies the recipient that the sender will not send any more messages".
#[test]
fn what_is_sent_behind_the_own_close_is_dropped_and_is_no_close_of_the_peer() {
    let pki = Pki::mint().unwrap();
    let all = backends();
    for version in VERSIONS {
        let spec = EndpointSpec { versions: vec![version], ..verifying_client(&pki) };
        let mut c = all["openssl"].open(Role::Client, &spec).unwrap();
        let strong = strong_server(&pki, CertificateKind::EcdsaP256);
        let mut s = all["s2n"].open(Role::Server, &strong).unwrap();
        assert_eq!(handshake(&mut *c, &mut *s).0, PairOutcome::Done, "{version}");
        s.close();
        s.send(b"too late");
        s.close();
        assert_eq!((s.status(), s.peer_closed()), (Status::Done, false), "{version}");
        let (mut bytes, mut plaintext) = (Vec::new(), Vec::new());
        s.drain(&mut bytes);
        c.feed(&bytes);
        c.receive(&mut plaintext);
        assert!(plaintext.is_empty() && c.peer_closed(), "{version}");
        // The peer's own close is still read.
        c.close();
        bytes.clear();
        c.drain(&mut bytes);
        s.feed(&bytes);
        assert!(s.peer_closed(), "{version}");
    }
}

/// As `handshake`, but every byte comes alone.
fn trickle(client: &mut dyn Engine, server: &mut dyn Engine) {
    let mut bytes = Vec::new();
    loop {
        let mut moved = 0;
        client.drain(&mut bytes);
        moved += bytes.len();
        bytes.drain(..).for_each(|byte| server.feed(&[byte]));
        server.drain(&mut bytes);
        moved += bytes.len();
        bytes.drain(..).for_each(|byte| client.feed(&[byte]));
        if moved == 0 {
            return;
        }
    }
}

#[test]
fn a_handshake_byte_by_byte_completes() {
    let pki = Pki::mint().unwrap();
    let all = backends();
    for client in all.values() {
        for server in all.values() {
            for version in VERSIONS {
                let spec = EndpointSpec { versions: vec![version], ..verifying_client(&pki) };
                let mut c = client.open(Role::Client, &spec).unwrap();
                let mut s =
                    server.open(Role::Server, &strong_server(&pki, CertificateKind::EcdsaP256)).unwrap();
                trickle(&mut *c, &mut *s);
                let place = format!("{} to {}, {version}", client.id(), server.id());
                assert_eq!((c.status(), s.status()), (Status::Done, Status::Done), "{place}");
            }
        }
    }
}

/// The first flight of a client, and the answer of a server to it.
fn flights(pki: &Pki, version: ProtocolVersion) -> (Vec<u8>, Vec<u8>) {
    let all = backends();
    let spec = EndpointSpec { versions: vec![version], ..verifying_client(pki) };
    let mut client = all["rustls"].open(Role::Client, &spec).unwrap();
    let mut server =
        all["openssl"].open(Role::Server, &strong_server(pki, CertificateKind::EcdsaP256)).unwrap();
    let (mut hello, mut answer) = (Vec::new(), Vec::new());
    client.drain(&mut hello);
    server.feed(&hello);
    server.drain(&mut answer);
    (hello, answer)
}

#[test]
fn a_spoilt_first_flight_neither_completes_nor_hangs_nor_panics() {
    let pki = Pki::mint().unwrap();
    let all = backends();
    let (mut failed, mut waiting) = (0, 0);
    for version in VERSIONS {
        let (hello, answer) = flights(&pki, version);
        for (role, flight) in [(Role::Server, &hello), (Role::Client, &answer)] {
            let spec = match role {
                Role::Server => strong_server(&pki, CertificateKind::EcdsaP256),
                Role::Client => EndpointSpec { versions: vec![version], ..verifying_client(&pki) },
            };
            for at in 0..flight.len() {
                let mut spoilt = flight.clone();
                spoilt[at] ^= 0xFF;
                for bytes in [&spoilt[..], &flight[..at]] {
                    let mut engine = all["s2n"].open(role, &spec).unwrap();
                    let mut out = Vec::new();
                    engine.drain(&mut out);
                    engine.feed(bytes);
                    // Whatever it thinks of that, it has no more to say to what is no TLS at all.
                    engine.feed(&[0xFF; 64]);
                    out.clear();
                    engine.drain(&mut out);
                    assert!(out.len() < 4096, "{role:?} {version} {at}: {}", out.len());
                    match engine.status() {
                        Status::Done => panic!("{role:?} {version} {at}"),
                        Status::Failed(_) => failed += 1,
                        Status::Running => waiting += 1,
                    }
                    assert_eq!(engine.negotiated(), None);
                }
            }
        }
    }
    // The feed behind the flight is a record of an impossible type, unless a longer one is waited for.
    assert!(failed > 1000, "{failed}");
    assert!(failed + waiting > 2000, "{failed} {waiting}");
}
