//! Clients that show a certificate, and servers that ask for one, on every pair of stacks.

use std::collections::BTreeMap;
use std::sync::Arc;

use shakedown::bench::Keys;
use shakedown::engine::pair::handshake;
use shakedown::engine::{Backend, CannotPlay, EndpointSpec, Engine, Resumption, Role, Status, backends};
use shakedown::pki::{CertificateKind, Identity, Pki};
use shakedown::registry::ProtocolVersion;

use super::resumption::{OLD, spec};

/// What a server does about certificates of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Asks {
    Nothing,
    Any,
    /// One of the CA of the right client.
    Trusted,
}

/// What a client has to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Has {
    Nothing,
    Right,
    /// For clients, of a CA that the server does not know.
    Stranger,
    /// Of the CA that the server knows, for servers alone.
    ForServers,
}

/// Two CAs: that of the benches has leaves for clients, that of a run none.
struct Cas {
    keys: Keys,
    pki: Pki,
}

impl Cas {
    fn new() -> Self {
        Self { keys: Keys::fixed(), pki: Pki::mint().unwrap() }
    }

    /// What the client shows, and the CA that a server trusts who looks.
    fn of(&self, has: Has, kind: CertificateKind) -> (Option<Arc<Identity>>, Arc<Vec<u8>>) {
        let (own, other) = (Arc::clone(self.keys.ca()), Arc::new(self.pki.ca_der().to_vec()));
        let for_clients = self.keys.identity(kind);
        match has {
            Has::Nothing => (None, own),
            Has::Right => (for_clients, own),
            Has::Stranger => (for_clients, other),
            Has::ForServers => (self.pki.identity(kind).ok(), other),
        }
    }
}

/// Both ends after the handshake, completed or not.
fn ends(
    (client, client_spec): (&dyn Backend, &EndpointSpec),
    (server, server_spec): (&dyn Backend, &EndpointSpec),
) -> (Box<dyn Engine>, Box<dyn Engine>) {
    let mut client = client.open(Role::Client, client_spec).unwrap();
    let mut server = server.open(Role::Server, server_spec).unwrap();
    handshake(&mut *client, &mut *server);
    (client, server)
}

/// Every pair of stacks that plays a version.
fn pairs(
    pki: &Pki,
    mut each: impl FnMut(ProtocolVersion, (&dyn Backend, EndpointSpec), (&dyn Backend, EndpointSpec)),
) {
    let all = backends();
    for version in OLD {
        for (client, server) in all.values().flat_map(|one| all.values().map(move |other| (one, other))) {
            let (Some(client_spec), Some(server_spec)) =
                (spec(&**client, Role::Client, pki, version), spec(&**server, Role::Server, pki, version))
            else {
                continue;
            };
            // Nobody holds these two to the old version.
            if version >= ProtocolVersion::TLS1_2 || client.id() != "s2n" || server.id() != "s2n" {
                each(version, (&**client, client_spec), (&**server, server_spec));
            }
        }
    }
}

#[test]
fn a_server_gets_what_it_asks_for_or_refuses() {
    let cas = Cas::new();
    let mut counts: BTreeMap<(Asks, Has), u32> = BTreeMap::new();
    pairs(&cas.pki, |version, (client, client_spec), (server, server_spec)| {
        for kind in [CertificateKind::Rsa2048, CertificateKind::EcdsaP256, CertificateKind::Ed25519] {
            let is_new = version < ProtocolVersion::TLS1_2 || client.id() == "s2n" || server.id() == "s2n";
            if kind == CertificateKind::Ed25519 && is_new {
                continue;
            }
            for (asks, has) in [Asks::Nothing, Asks::Any, Asks::Trusted].into_iter().flat_map(|asks| {
                [Has::Nothing, Has::Right, Has::Stranger, Has::ForServers].map(|has| (asks, has))
            }) {
                let place =
                    format!("{} to {}, {version}, {kind}: {asks:?}, {has:?}", client.id(), server.id());
                let (shown, ca) = cas.of(has, kind);
                assert_eq!(shown.is_none(), has == Has::Nothing, "{place}");
                // The name that the client asks for is the server's, and not in the client's certificate.
                let client_spec = EndpointSpec {
                    identities: shown.iter().cloned().collect(),
                    server_name: "elsewhere.test".to_owned(),
                    trust: None,
                    ..client_spec.clone()
                };
                let server_spec = EndpointSpec {
                    asks_client: asks != Asks::Nothing,
                    trust: (asks == Asks::Trusted).then_some(ca),
                    ..server_spec.clone()
                };
                let (c, s) = ends((client, &client_spec), (server, &server_spec));
                let is_taken = asks != Asks::Trusted || has == Has::Right;
                if is_taken {
                    assert_eq!((c.status(), s.status()), (Status::Done, Status::Done), "{place}");
                    assert_eq!(s.negotiated().unwrap().version, version, "{place}");
                    let chain = shown.filter(|_| asks != Asks::Nothing).map(|shown| shown.chain.clone());
                    assert!(s.peer_chain() == chain.unwrap_or_default(), "{place}: {}", s.peer_chain().len());
                } else {
                    let Status::Failed(failure) = s.status() else { panic!("{place}: taken") };
                    assert_eq!(failure.alert_received, None, "{place}: {failure:?}");
                    assert!(!s.was_done(), "{place}");
                    // Up to TLS 1.2 the server is done first; in TLS 1.3 the client hears of it behind its own Finished.
                    assert_eq!(c.was_done(), version == ProtocolVersion::TLS1_3, "{place}");
                    assert!(c.status() != Status::Done || c.peer_closed(), "{place}");
                }
                *counts.entry((asks, has)).or_default() += 1;
            }
        }
    });
    assert_eq!(counts.len(), 12);
    assert!(counts.values().all(|count| *count == 56), "{counts:?}");
}

/// The chain of the server, to clients that tell it.
#[test]
fn a_client_tells_the_chain_that_it_was_shown() {
    let cas = Cas::new();
    let mut told = 0;
    pairs(&cas.pki, |version, (client, client_spec), (server, server_spec)| {
        let place = format!("{} to {}, {version}", client.id(), server.id());
        let (c, _) = ends((client, &client_spec), (server, &server_spec));
        assert_eq!(c.status(), Status::Done, "{place}");
        let shown = server_spec.identities[0].chain.clone();
        assert_eq!(c.peer_chain(), if client.id() == "s2n" { Vec::new() } else { shown }, "{place}");
        told += u32::from(client.id() != "s2n");
    });
    assert_eq!(told, 16);
}

#[test]
fn of_two_certificates_a_client_shows_the_one_that_it_can_sign_with() {
    let cas = Cas::new();
    let all = backends();
    let [rsa, ecdsa] =
        [CertificateKind::Rsa2048, CertificateKind::EcdsaP256].map(|kind| cas.keys.identity(kind).unwrap());
    let version = ProtocolVersion::TLS1_3;
    for client in all.values() {
        let both = EndpointSpec {
            identities: vec![Arc::clone(&rsa), Arc::clone(&ecdsa)],
            ..spec(&**client, Role::Client, &cas.pki, version).unwrap()
        };
        if client.id() == "s2n" {
            let said = client.open(Role::Client, &both).err();
            let what = "a choice of client certificates";
            assert_eq!(said, Some(CannotPlay::Feature { backend: "s2n".to_owned(), what }));
            continue;
        }
        for (scheme, shown) in [("rsa_pss_rsae_sha256", &rsa), ("ecdsa_secp256r1_sha256", &ecdsa)] {
            let server = &*all["openssl"];
            let own = CertificateKind::Rsa2048;
            let kind = if Arc::ptr_eq(shown, &rsa) { own } else { CertificateKind::EcdsaP256 };
            let server_spec = EndpointSpec {
                // What it signs with, and what it asks for.
                schemes: vec![shakedown::registry::scheme_by_name(scheme).unwrap().scheme],
                identities: vec![cas.pki.identity(kind).unwrap()],
                asks_client: true,
                trust: Some(Arc::clone(cas.keys.ca())),
                ..spec(server, Role::Server, &cas.pki, version).unwrap()
            };
            let (_, s) = ends((&**client, &both), (server, &server_spec));
            assert_eq!(s.status(), Status::Done, "{} {scheme}", client.id());
            assert_eq!(s.peer_chain(), shown.chain, "{} {scheme}", client.id());
        }
    }
}

/// Nothing is shown in a resumed handshake: who the client is, a server knows from the first.
#[test]
fn a_client_that_showed_a_certificate_is_still_known_when_it_comes_back() {
    let cas = Cas::new();
    let tickets = Resumption { ids: false, tickets: true };
    let (mut known, mut unplayed) = (0, 0);
    pairs(&cas.pki, |version, (client, client_spec), (server, server_spec)| {
        let place = format!("{} to {}, {version}", client.id(), server.id());
        for has in [Has::Right, Has::Nothing] {
            let (shown, ca) = cas.of(has, CertificateKind::EcdsaP256);
            let chain = shown.as_ref().map(|shown| shown.chain.clone()).unwrap_or_default();
            let trust = shown.is_some().then_some(ca);
            let server_spec =
                EndpointSpec { asks_client: true, trust, resumption: tickets, ..server_spec.clone() };
            if server.id() == "s2n" {
                let what = "resumption of clients that are asked for a certificate";
                let said = server.prepare(Role::Server, &server_spec).err();
                assert_eq!(said, Some(CannotPlay::Feature { backend: "s2n".to_owned(), what }), "{place}");
                unplayed += 1;
                continue;
            }
            let identities = shown.into_iter().collect();
            let client_spec = EndpointSpec { identities, resumption: tickets, ..client_spec.clone() };
            let (c, s) = ends((client, &client_spec), (server, &server_spec));
            assert_eq!((c.is_resumed(), s.is_resumed()), (false, false), "{place}");
            assert_eq!(s.peer_chain(), chain, "{place}");
            let back = EndpointSpec { session: c.session(), ..client_spec };
            assert!(back.session.is_some(), "{place}");
            let (c, s) = ends((client, &back), (server, &server_spec));
            assert_eq!((c.status(), s.status()), (Status::Done, Status::Done), "{place}");
            assert_eq!((c.is_resumed(), s.is_resumed()), (true, true), "{place}");
            assert_eq!(s.peer_chain(), chain, "{place}");
            known += 1;
        }
    });
    assert_eq!((known, unplayed), (32, 16));
}
