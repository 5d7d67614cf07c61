//! Handshakes that the scan completes itself.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use shakedown::engine::{EndpointSpec, Engine, Resumption, Role};
use shakedown::probe::FlightReader;
use shakedown::registry::{self, CipherSuite, KeyAlgorithm, NamedGroup, ProtocolVersion, SignatureScheme};
use shakedown::scan::{End, Known, Options, Peer, Server, Trouble, scan};

use crate::memory::{Memory, openssl, options, plain, server};

/// Ends some of the handshakes.
struct Closing {
    memory: Memory,
    handshakes: AtomicUsize,
    /// By the handshake's number.
    closes: fn(usize) -> bool,
    /// From the first handshake that it closes it says nothing to hellos either.
    dies: bool,
    is_dead: AtomicBool,
    /// Says this instead of closing without a word.
    alert: Option<u8>,
}

impl Server for Closing {
    fn peer(&self) -> Result<Box<dyn Peer + '_>, Trouble> {
        Ok(Box::new(ClosingPeer { server: self, peer: self.memory.peer()? }))
    }
}

struct ClosingPeer<'a> {
    server: &'a Closing,
    peer: Box<dyn Peer + 'a>,
}

impl Peer for ClosingPeer<'_> {
    fn hello(&mut self, bytes: &[u8], reader: &mut FlightReader) -> End {
        if self.server.is_dead.load(Ordering::SeqCst) { End::Closed } else { self.peer.hello(bytes, reader) }
    }

    fn handshake(&mut self, engine: &mut dyn Engine, reader: &mut FlightReader) -> End {
        let number = self.server.handshakes.fetch_add(1, Ordering::SeqCst);
        if self.server.is_dead.load(Ordering::SeqCst) || (self.server.closes)(number) {
            self.server.is_dead.store(self.server.dies, Ordering::SeqCst);
            if let Some(alert) = self.server.alert {
                engine.feed(&[21, 3, 3, 0, 2, 2, alert]);
            }
            return End::Closed;
        }
        self.peer.handshake(engine, reader)
    }
}

/// TLS 1.2 and 1.3 with one suite each and tickets; a backend of its own keeps the sessions.
fn resuming(closes: fn(usize) -> bool, dies: bool) -> Closing {
    let spec = EndpointSpec {
        versions: vec![ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_3],
        suites: [0x1301, 0xC030].map(CipherSuite).to_vec(),
        resumption: Resumption { ids: false, tickets: true },
        schemes: [0x0804, 0x0401].map(SignatureScheme).to_vec(),
        ..plain()
    };
    Closing {
        memory: Memory {
            backend: std::sync::Arc::new(shakedown::engine::openssl::OpenSsl::new()),
            ..server(spec)
        },
        handshakes: AtomicUsize::new(0),
        closes,
        dies,
        is_dead: AtomicBool::new(false),
        alert: None,
    }
}

const HANDSHAKE_FAILURE: u8 = 40;
const INTERNAL_ERROR: u8 = 80;

fn confirming() -> Options {
    Options { confirm: true, ..options() }
}

#[test]
fn a_handshake_that_is_closed_once_is_asked_for_again() {
    let found = scan(&resuming(|number| number % 2 == 0, false), &confirming());
    assert_eq!(found.troubles(), []);
    let sessions = [(ProtocolVersion::TLS1_2, 0xC030), (ProtocolVersion::TLS1_3, 0x1301)];
    for (version, suite) in sessions {
        assert_eq!(found.confirmed[&(version, CipherSuite(suite))], Known::Is(true), "{version}");
    }
    assert_eq!((&found.resumption.ticket, &found.resumption.psk), (&Known::Is(true), &Known::Is(true)));
    let list = found.schemes.iter().find(|list| list.version == ProtocolVersion::TLS1_3).unwrap();
    assert_eq!((&list.items, &list.unconfirmed), (&vec![SignatureScheme(0x0804)], &Vec::new()));
    assert!(found.cost.retries > 0);
}

#[test]
fn a_server_that_closes_every_handshake_completes_none_as_long_as_it_answers_hellos() {
    let found = scan(&resuming(|_| true, false), &confirming());
    assert_eq!(found.troubles(), []);
    assert!(found.confirmed.values().all(|known| *known == Known::Is(false)), "{:?}", found.confirmed);
    assert_eq!(found.confirmed.len(), 2);
}

#[test]
fn a_server_that_dies_in_a_handshake_has_refused_nothing() {
    let found = scan(&resuming(|_| true, true), &confirming());
    let dead = [Trouble::Closed, Trouble::StoppedAnswering];
    assert_eq!(found.confirmed.len(), 2);
    for known in found.confirmed.values().chain([&found.resumption.ticket, &found.resumption.psk]) {
        assert!(known.trouble().is_some_and(|trouble| dead.contains(trouble)), "{known:?}");
    }
}

#[test]
fn handshakes_are_completed_with_groups_that_only_the_scan_knows_of() {
    // Not among those that OpenSSL offers by itself.
    let rows = [
        (ProtocolVersion::TLS1_2, 0xC030, 0x001A),
        (ProtocolVersion::TLS1_2, 0xC030, 0x0015),
        (ProtocolVersion::TLS1_3, 0x1301, 0x0102),
    ];
    for (version, suite, group) in rows {
        let spec = EndpointSpec {
            versions: vec![version],
            suites: vec![CipherSuite(suite)],
            groups: vec![NamedGroup(group)],
            resumption: Resumption { ids: true, tickets: true },
            ..plain()
        };
        let own = std::sync::Arc::new(shakedown::engine::openssl::OpenSsl::new());
        let found = scan(&Memory { backend: own, ..server(spec) }, &confirming());
        assert_eq!(found.troubles(), []);
        assert_eq!(found.groups[0].items, [NamedGroup(group)]);
        assert_eq!(found.confirmed[&(version, CipherSuite(suite))], Known::Is(true), "{version} {group:#x}");
        let resumed =
            if version == ProtocolVersion::TLS1_3 { &found.resumption.psk } else { &found.resumption.ticket };
        assert_eq!(*resumed, Known::Is(true), "{version} {group:#x}");
        assert!(found.schemes[0].unconfirmed.is_empty(), "{:?}", found.schemes);
    }
}

#[test]
fn one_passing_alert_in_a_handshake_changes_nothing() {
    thread_local!(static MEANT: std::cell::Cell<usize> = const { std::cell::Cell::new(0) });
    let honest = resuming(|_| false, false);
    scan(&honest, &confirming());
    let count = honest.handshakes.into_inner();
    // Two confirmations, one scheme, three times two for resumption by id, ticket and PSK, but for what does not come.
    assert!((7..=9).contains(&count), "{count}");
    for number in 0..count {
        MEANT.set(number);
        let server = Closing { alert: Some(INTERNAL_ERROR), ..resuming(|n| n == MEANT.get(), false) };
        let found = scan(&server, &confirming());
        assert!(server.handshakes.into_inner() > count, "the alert was sent");
        assert_eq!(found.troubles(), []);
        assert!(found.confirmed.values().all(|known| *known == Known::Is(true)), "{number}: {found:?}");
        let resumption = &found.resumption;
        let known = (&resumption.id, &resumption.ticket, &resumption.psk);
        assert_eq!(known, (&Known::Is(false), &Known::Is(true), &Known::Is(true)), "{number}");
        let list = found.schemes.iter().find(|list| list.version == ProtocolVersion::TLS1_3).unwrap();
        assert_eq!(
            (&list.items, &list.unconfirmed),
            (&vec![SignatureScheme(0x0804)], &Vec::new()),
            "{number}"
        );
        assert_eq!(found.unseen, [], "{number}");
        assert_eq!(found.certificates.len(), 1, "{number}");
    }
}

#[test]
fn what_is_behind_a_scheme_is_unseen_unless_the_server_refuses_it_twice_or_shows_its_certificate() {
    let pss = [SignatureScheme(0x0804)];
    for (alert, unseen) in [(None, &pss[..]), (Some(INTERNAL_ERROR), &pss), (Some(HANDSHAKE_FAILURE), &[])] {
        let found = scan(&Closing { alert, ..resuming(|_| true, false) }, &options());
        let list = found.schemes.iter().find(|list| list.version == ProtocolVersion::TLS1_3).unwrap();
        assert_eq!((&list.items[..], &list.unconfirmed[..]), (&[][..], &pss[..]), "{alert:?}");
        assert_eq!(found.unseen, unseen, "{alert:?}");
    }
    // s2n signs with a scheme of its own where none is offered that it has: the client refuses what it has seen.
    let spec = EndpointSpec {
        versions: vec![ProtocolVersion::TLS1_3],
        suites: vec![CipherSuite(0x1301)],
        schemes: [0x0804, 0x0401].map(SignatureScheme).to_vec(),
        ..plain()
    };
    let s2n =
        Memory { backend: std::sync::Arc::clone(&shakedown::engine::backends()["s2n"]), ..server(spec) };
    let found = scan(&s2n, &options());
    let list = &found.schemes[0];
    assert_eq!(list.items, pss, "{list:?}");
    assert!(!list.unconfirmed.is_empty(), "{list:?}");
    assert_eq!((found.unseen.len(), found.certificates.len()), (0, 1), "{found:?}");
}

/// A certificate behind a scheme that the built-in OpenSSL cannot play is not missed by a floor.
#[test]
fn the_scheme_of_every_rsa_key_is_played() {
    let mut count = 0;
    for facts in registry::schemes().iter().filter(|facts| facts.tls13_handshake) {
        if matches!(facts.key_type, KeyAlgorithm::Rsa | KeyAlgorithm::RsaPss) {
            let versions = vec![ProtocolVersion::TLS1_3];
            let spec = EndpointSpec { versions, schemes: vec![facts.scheme], ..EndpointSpec::default() };
            assert!(openssl().open(Role::Client, &spec).is_ok(), "{}", facts.scheme);
            count += 1;
        }
    }
    assert_eq!(count, 6, "rsa_pss_rsae and rsa_pss_pss with SHA-256, SHA-384 and SHA-512");
}
