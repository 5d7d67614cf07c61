//! Coming back with an earlier session, on every pair of stacks.

use shakedown::engine::pair::{PairOutcome, handshake};
use shakedown::engine::{Backend, CannotPlay, EndpointSpec, Engine, Resumption, Role, Status, backends};
use shakedown::pki::{CertificateKind, Pki};
use shakedown::registry::{NamedGroup, ProtocolVersion};

use super::{suite, verifying_client};

const IDS: Resumption = Resumption { ids: true, tickets: false };
const TICKETS: Resumption = Resumption { ids: false, tickets: true };
const BOTH: Resumption = Resumption { ids: true, tickets: true };
const NONE: Resumption = Resumption { ids: false, tickets: false };

pub(super) const OLD: [ProtocolVersion; 4] =
    [ProtocolVersion::TLS1_0, ProtocolVersion::TLS1_1, ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_3];

/// A specification of one version. Where a stack cannot be held to it alone, up to TLS 1.2.
pub(super) fn spec(
    backend: &dyn Backend,
    role: Role,
    pki: &Pki,
    version: ProtocolVersion,
) -> Option<EndpointSpec> {
    let name = match version {
        ProtocolVersion::TLS1_3 => "TLS_AES_128_GCM_SHA256",
        ProtocolVersion::TLS1_2 => "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        _ => "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    };
    let spec = match role {
        Role::Server => EndpointSpec {
            identities: vec![pki.identity(CertificateKind::Rsa2048).unwrap()],
            ..EndpointSpec::default()
        },
        Role::Client => EndpointSpec { alpn: Vec::new(), ..verifying_client(pki) },
    };
    // The same first group, for TLS 1.3 without a HelloRetryRequest; the other is that of certificates.
    let groups = vec![NamedGroup::X25519, NamedGroup::SECP256R1];
    let (versions, suites) = (vec![version], vec![suite(name)]);
    let spec = EndpointSpec { versions, suites, groups, ..spec };
    let up_to = OLD.into_iter().filter(|one| (version..=ProtocolVersion::TLS1_2).contains(one)).collect();
    let wider = EndpointSpec { versions: up_to, ..spec.clone() };
    [spec, wider].into_iter().find(|spec| !spec.versions.is_empty() && backend.prepare(role, spec).is_ok())
}

/// Both ends of a handshake that was completed.
struct Ends {
    client: Box<dyn Engine>,
    server: Box<dyn Engine>,
}

impl Ends {
    /// Both ends say the same of it.
    fn is_resumed(&self) -> bool {
        assert_eq!(self.client.is_resumed(), self.server.is_resumed());
        self.client.is_resumed()
    }
}

/// Completes a handshake, and proves that both ends have the same keys.
fn complete(
    (client, client_spec): (&dyn Backend, &EndpointSpec),
    (server, server_spec): (&dyn Backend, &EndpointSpec),
    place: &str,
) -> Ends {
    let mut ends = Ends {
        client: client.open(Role::Client, client_spec).unwrap(),
        server: server.open(Role::Server, server_spec).unwrap(),
    };
    let (outcome, _) = handshake(&mut *ends.client, &mut *ends.server);
    assert_eq!(outcome, PairOutcome::Done, "{place}");
    let (ours, theirs) = (ends.client.exporter(), ends.server.exporter());
    let is_tls13 = ends.client.negotiated().unwrap().version == ProtocolVersion::TLS1_3;
    for (exporter, backend) in [(ours, client), (theirs, server)] {
        assert_eq!(exporter.is_some(), backend.id() != "s2n" || is_tls13, "{place}");
    }
    assert!(ours.is_none() || theirs.is_none() || ours == theirs, "{place}");
    ends.client.send(b"ping");
    ends.server.send(b"pong");
    handshake(&mut *ends.client, &mut *ends.server);
    let (mut got, mut answer) = (Vec::new(), Vec::new());
    ends.server.receive(&mut got);
    ends.client.receive(&mut answer);
    assert_eq!((got.as_slice(), answer.as_slice()), (&b"ping"[..], &b"pong"[..]), "{place}");
    ends
}

/// Whether a client is resumed that comes back, always or never.
fn comes_back(
    (client, client_spec): (&dyn Backend, &EndpointSpec),
    (server, server_spec): (&dyn Backend, &EndpointSpec),
    place: &str,
) -> bool {
    let first = complete((client, client_spec), (server, server_spec), place);
    assert!(!first.is_resumed(), "{place}");
    // Who does not bring the session is not resumed, though everything else is the same.
    let other = complete((client, client_spec), (server, server_spec), place);
    assert!(!other.is_resumed(), "{place}");
    let Some(session) = first.client.session() else { return false };
    let back = EndpointSpec { session: Some(session), ..client_spec.clone() };
    let resumed: Vec<Ends> =
        (0..3).map(|_| complete((client, &back), (server, server_spec), place)).collect();
    let said: Vec<bool> = resumed.iter().map(Ends::is_resumed).collect();
    assert!(said.iter().all(|one| *one == said[0]), "{place}: {said:?}");
    let mut keys: Vec<_> = resumed.iter().map(|ends| ends.client.exporter()).collect();
    keys.push(first.client.exporter());
    keys.sort_unstable();
    let count = keys.len();
    keys.dedup();
    assert!(keys.len() == count || keys == [None], "{place}: the same keys twice");
    // A resumed connection can be come back to, too.
    if said[0] {
        let again = EndpointSpec { session: resumed[0].client.session(), ..client_spec.clone() };
        assert!(again.session.is_some(), "{place}");
        assert!(complete((client, &again), (server, server_spec), place).is_resumed(), "{place}");
    }
    said[0]
}

#[test]
fn every_pair_of_stacks_resumes_by_what_both_were_told() {
    let pki = Pki::mint().unwrap();
    let all = backends();
    let (mut resumed, mut full) = (0, 0);
    for (version, (client, server)) in OLD.into_iter().flat_map(|version| {
        let all = &all;
        let pairs = all.values().flat_map(move |client| all.values().map(move |server| (client, server)));
        pairs.map(move |pair| (version, pair))
    }) {
        let ends = (&**client, &**server);
        let (Some(client_spec), Some(server_spec)) =
            (spec(ends.0, Role::Client, &pki, version), spec(ends.1, Role::Server, &pki, version))
        else {
            continue;
        };
        // Nobody holds these two to the old version.
        if version < ProtocolVersion::TLS1_2 && client.id() == "s2n" && server.id() == "s2n" {
            continue;
        }
        for offered in [NONE, IDS, TICKETS, BOTH] {
            let server_spec = EndpointSpec { resumption: offered, ..server_spec.clone() };
            for taken in [NONE, IDS, TICKETS, BOTH] {
                let place =
                    format!("{} to {}, {version}, {offered:?} to {taken:?}", client.id(), server.id());
                let client_spec = EndpointSpec { resumption: taken, ..client_spec.clone() };
                let said = comes_back((ends.0, &client_spec), (ends.1, &server_spec), &place);
                // OpenSSL's client has a session whatever it was told; only up to TLS 1.2 it asks for no tickets.
                let is_openssl = client.id() == "openssl";
                let is_old = version < ProtocolVersion::TLS1_3;
                let by_ticket = offered.tickets && (taken.tickets || is_openssl && !is_old);
                // No stack's client takes tickets and no ids.
                let by_id = is_old && offered.ids && (taken != NONE || is_openssl);
                assert_eq!(said, by_ticket || by_id, "{place}");
                if said { resumed += 1 } else { full += 1 }
            }
        }
    }
    assert_eq!((resumed, full), (182, 202));
}

/// The ends of every pair of stacks that resumes by tickets or ids in a version, with the first session.
fn with_sessions(
    pki: &Pki,
    mut each: impl FnMut(&str, (&dyn Backend, &EndpointSpec), (&dyn Backend, &EndpointSpec)),
) {
    let all = backends();
    let mut pairs = 0;
    let (tls12, tls13) = (ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_3);
    for (version, resumption) in [(tls12, IDS), (tls12, TICKETS), (tls13, TICKETS)] {
        for client in all.values() {
            for server in all.values() {
                let ends = (&**client, &**server);
                let of = |backend: &dyn Backend, role| EndpointSpec {
                    resumption,
                    ..spec(backend, role, pki, version).unwrap()
                };
                let (client_spec, server_spec) = (of(ends.0, Role::Client), of(ends.1, Role::Server));
                let first = complete((ends.0, &client_spec), (ends.1, &server_spec), "first");
                let back = EndpointSpec { session: first.client.session(), ..client_spec };
                assert!(back.session.is_some());
                let place = format!("{} to {}, {version}, {resumption:?}", client.id(), server.id());
                each(&place, (ends.0, &back), (ends.1, &server_spec));
                pairs += 1;
            }
        }
    }
    assert_eq!(pairs, 27);
}

#[test]
fn a_session_of_another_server_leads_to_a_full_handshake() {
    let pki = Pki::mint().unwrap();
    // The same library, another key.
    let others = backends();
    with_sessions(&pki, |place, client, (server, server_spec)| {
        let other = &*others[server.id()];
        assert!(!complete(client, (other, server_spec), place).is_resumed(), "{place}");
    });
}

#[test]
fn a_server_that_stopped_to_resume_completes_a_full_handshake() {
    let pki = Pki::mint().unwrap();
    with_sessions(&pki, |place, client, (server, server_spec)| {
        let server_spec = EndpointSpec { resumption: NONE, ..server_spec.clone() };
        assert!(!complete(client, (server, &server_spec), place).is_resumed(), "{place}");
    });
}

/// Where a handshake message of one record has the body of an extension.
fn extension(message: &[u8], wanted: u16) -> Option<std::ops::Range<usize>> {
    let is_client = message[5] == 1;
    let two = |at: usize| usize::from(u16::from_be_bytes([message[at], message[at + 1]]));
    let mut at = 5 + 4 + 2 + 32;
    at += 1 + usize::from(message[at]);
    if is_client {
        at += 2 + two(at);
        at += 1 + usize::from(message[at]);
    } else {
        at += 3;
    }
    let end = 5 + two(3);
    at += 2;
    while at + 4 <= end {
        let (kind, body) = (two(at), at + 4..at + 4 + two(at + 2));
        if kind == usize::from(wanted) {
            return Some(body);
        }
        at = body.end;
    }
    None
}

#[test]
fn a_forged_ticket_resumes_nothing() {
    let pki = Pki::mint().unwrap();
    with_sessions(&pki, |place, (client, client_spec), (server, server_spec)| {
        if !client_spec.resumption.tickets {
            return;
        }
        let is_tls13 = client_spec.versions == [ProtocolVersion::TLS1_3];
        let kind = if is_tls13 { 41 } else { 35 };
        for is_forged in [false, true] {
            let mut client = client.open(Role::Client, client_spec).unwrap();
            let mut server = server.open(Role::Server, server_spec).unwrap();
            let (mut hello, mut answer) = (Vec::new(), Vec::new());
            client.drain(&mut hello);
            let ticket = extension(&hello, kind).expect("a ticket");
            assert!(ticket.len() > 64, "{place}");
            // Behind the names of keys, before what the pre-shared key's extension ends with.
            hello[ticket.start + 50] ^= u8::from(is_forged);
            server.feed(&hello);
            server.drain(&mut answer);
            assert_eq!(answer.get(5), Some(&2), "{place}: no ServerHello");
            if is_tls13 {
                assert_eq!(extension(&answer, 41).is_none(), is_forged, "{place}");
            }
            client.feed(&answer);
            let (outcome, _) = handshake(&mut *client, &mut *server);
            // The peers do not agree on what was said.
            assert_eq!(outcome == PairOutcome::Done, !is_forged, "{place}: {outcome:?}");
            assert_eq!(client.is_resumed(), !is_forged, "{place}");
            assert_eq!(server.is_resumed(), !is_forged, "{place}");
            if is_forged {
                assert!(!client.was_done() && !server.was_done(), "{place}");
            } else {
                assert_eq!(client.status(), Status::Done, "{place}");
            }
        }
    });
}

#[test]
fn sessions_are_of_a_stack_and_of_a_server() {
    let pki = Pki::mint().unwrap();
    let all = backends();
    let refused = |said: Option<CannotPlay>, wanted: &str, place: &str| {
        let what = match said {
            Some(CannotPlay::Feature { what, .. }) => what,
            other => panic!("{place}: {other:?}"),
        };
        assert_eq!(what, wanted, "{place}");
    };
    with_sessions(&pki, |place, (client, client_spec), _| {
        for other in all.values().filter(|other| other.id() != client.id()) {
            refused(other.open(Role::Client, client_spec).err(), "sessions of another stack", place);
        }
        let elsewhere = EndpointSpec { server_name: "other.test".to_owned(), ..client_spec.clone() };
        if client.id() != "openssl" {
            let said = client.open(Role::Client, &elsewhere).err();
            refused(said, "a session of another server name", place);
        }
    });
}

/// RFC 8446 C.4; and rustls cannot do otherwise.
#[test]
fn rustls_says_that_its_tickets_are_spent() {
    let pki = Pki::mint().unwrap();
    let all = backends();
    let rustls = &*all["rustls"];
    let of = |role| EndpointSpec {
        resumption: TICKETS,
        ..spec(rustls, role, &pki, ProtocolVersion::TLS1_3).unwrap()
    };
    let (client, server) = (of(Role::Client), of(Role::Server));
    let first = complete((rustls, &client), (rustls, &server), "first");
    let back = EndpointSpec { session: first.client.session(), ..client };
    // It takes the ticket with it, and gets no other one.
    drop(rustls.open(Role::Client, &back).unwrap());
    let said = rustls.open(Role::Client, &back).err();
    assert!(
        matches!(said, Some(CannotPlay::Feature { what: "a session whose tickets are spent", .. })),
        "{said:?}"
    );
    assert!(first.client.session().is_none());
}
