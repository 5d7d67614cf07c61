//! Rule 9, our own flights: nothing in them but the weakness may be the reason of a refusal.

use std::time::{SystemTime, UNIX_EPOCH};

use openssl::asn1::Asn1Time;
use openssl::nid::Nid;
use openssl::x509::X509;
use shakedown::net::run_in_memory;
use shakedown::observe::{Observation, Reach, Seen, Side};
use shakedown::pki::{CertificateKind, KeyKind};
use shakedown::registry::{KeyExchange, ProtocolVersion};
use shakedown::run::client::canary_spec;
use shakedown::run::stage::Stage;
use shakedown::scenario::{Case, Subject};
use shakedown::wire::{
    Context, Extension, ExtensionType, Handshake, HandshakeType, KeyExchangeShape, ServerHello,
};

use crate::support::drive::{engine, narrow};
use crate::support::{core, world};

/// The messages of the server that are in the clear.
fn flight(seen: &Observation, context: &Context) -> Vec<Handshake> {
    let server = seen.transcript.entries().iter().filter(|(side, _)| *side == Side::Server);
    server
        .filter_map(|(_, entry)| match entry {
            Seen::Handshake { kind, body } => Some(Handshake::decode(*kind, body, context).unwrap()),
            _ => None,
        })
        .collect()
}

fn context(case: &Case) -> Context {
    let shape = match case.suite().unwrap().key_exchange {
        KeyExchange::Rsa => KeyExchangeShape::Rsa,
        KeyExchange::Dhe => KeyExchangeShape::Dhe { signed: true },
        KeyExchange::Ecdhe => KeyExchangeShape::Ecdhe { signed: true },
        KeyExchange::DhAnon => KeyExchangeShape::Dhe { signed: false },
        KeyExchange::EcdhAnon => KeyExchangeShape::Ecdhe { signed: false },
        _ => KeyExchangeShape::Other,
    };
    Context::new(case.version).with_key_exchange(shape)
}

fn lint_server_hello(id: &str, hello: &ServerHello, version: ProtocolVersion) {
    assert_ne!(&hello.random[24..31], b"DOWNGRD", "{id}: downgrade sentinel");
    assert_eq!(hello.compression_method, 0, "{id}: compression");
    assert_eq!(hello.negotiated_version(), version, "{id}");
    assert!(!hello.has(ExtensionType::SESSION_TICKET), "{id}: ticket");
    assert_eq!(hello.first_duplicate(), None, "{id}");
    match version {
        // SSL 3 has no extensions (RFC 6101); TLS 1.3 needs neither (RFC 8446 4.1.2).
        ProtocolVersion::SSL3 | ProtocolVersion::TLS1_3 => {}
        _ => {
            assert!(hello.has(ExtensionType::EXTENDED_MASTER_SECRET), "{id}: no extended_master_secret");
            let secure = hello.extensions().iter().find_map(|e| match e {
                Extension::RenegotiationInfo(bound) => Some(bound.is_empty()),
                _ => None,
            });
            assert_eq!(secure, Some(true), "{id}: no renegotiation_info");
        }
    }
}

/// SHA-1 and MD5 have the hash numbers 2 and 1 (RFC 5246 7.4.1.4.1).
fn uses_an_old_hash(scheme: u16) -> bool {
    matches!(scheme >> 8, 1 | 2)
}

#[test]
fn every_flight_of_tier_core_is_clean_but_for_its_weakness() {
    let world = world();
    let (mut hellos, mut signatures, mut chains) = (0, 0, 0);
    for case in core().iter().filter(|case| case.scenario.subject == Subject::Client) {
        let stage = Stage::of(case, world.openssl(), &world.pki).unwrap();
        let (seen, _) = run_in_memory(&mut *engine(&canary_spec()), stage.open().unwrap());
        let offer = seen.offer.as_ref().unwrap();
        assert!(offer.extended_master_secret && offer.renegotiation_info, "the lint needs them offered");
        for message in flight(&seen, &context(case)) {
            match message {
                Handshake::ServerHello(hello) => {
                    lint_server_hello(&case.id, &hello, case.version);
                    hellos += 1;
                }
                Handshake::ServerKeyExchange(exchange) => {
                    if let Some(scheme) = exchange.signature().and_then(|signed| signed.scheme) {
                        assert!(!uses_an_old_hash(scheme.0), "{}: signed with {scheme}", case.id);
                        signatures += 1;
                    }
                }
                Handshake::Certificate(certificate) => {
                    for der in certificate.chain() {
                        lint_certificate(&case.id, der, case.certificate.unwrap());
                        chains += 1;
                    }
                }
                Handshake::ServerHelloDone => {}
                // Tickets, status and requests are not asked for, so they have no business here.
                other => assert_eq!(other.typ(), HandshakeType::FINISHED, "{}", case.id),
            }
        }
    }
    assert!(hellos >= 25 && signatures >= 5 && chains >= 15, "{hellos} {signatures} {chains}");
}

/// Validity, key usages, names, signature, as the rule says for the kind.
fn lint_certificate(id: &str, der: &[u8], kind: CertificateKind) {
    let certificate = X509::from_der(der).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let now = Asn1Time::from_unix(i64::try_from(now).unwrap()).unwrap();
    assert!(certificate.not_before() < &*now, "{id}: not yet valid");
    assert_eq!(certificate.not_after() > &*now, kind != CertificateKind::Expired, "{id}: expired");
    let days = certificate.not_before().diff(certificate.not_after()).unwrap().days;
    assert!(days <= 397, "{id}: valid for {days} days");
    let signature = certificate.signature_algorithm().object().nid();
    assert!(
        [Nid::ECDSA_WITH_SHA256, Nid::SHA256WITHRSAENCRYPTION].contains(&signature),
        "{id}: {signature:?}"
    );
    let bits = match kind.key() {
        KeyKind::Rsa2048 | KeyKind::Dsa2048 => 2048,
        KeyKind::Rsa3072 => 3072,
        KeyKind::Rsa4096 => 4096,
        KeyKind::EcdsaP256 | KeyKind::Ed25519 => 256,
        KeyKind::EcdsaP384 => 384,
    };
    // OpenSSL counts 253 bits of security field for Ed25519.
    let found = certificate.public_key().unwrap().bits();
    assert!(found == bits || (kind.key() == KeyKind::Ed25519 && found == 253), "{id}: {found} bits");
    let text = String::from_utf8(certificate.to_text().unwrap()).unwrap();
    let value = |name: &str| {
        let mut lines = text.lines().skip_while(|line| !line.contains(name));
        lines.nth(1).unwrap_or_else(|| panic!("{id}: no {name}")).trim().to_owned()
    };
    let usages = match (kind, kind.key()) {
        (CertificateKind::Rsa2048SignOnly, _) => "Digital Signature",
        (_, KeyKind::Rsa2048 | KeyKind::Rsa3072 | KeyKind::Rsa4096) => "Digital Signature, Key Encipherment",
        (_, KeyKind::EcdsaP256 | KeyKind::EcdsaP384) => "Digital Signature, Key Agreement",
        (_, KeyKind::Ed25519) => "Digital Signature",
        (_, KeyKind::Dsa2048) => unreachable!("no scenario can name it"),
    };
    assert_eq!(value("X509v3 Key Usage"), usages, "{id}");
    assert_eq!(value("X509v3 Extended Key Usage"), "TLS Web Server Authentication", "{id}");
    assert!(!value("X509v3 Authority Key Identifier").is_empty(), "{id}");
    let names = match kind {
        CertificateKind::WrongHost => "DNS:elsewhere.invalid",
        _ => "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1",
    };
    assert_eq!(value("X509v3 Subject Alternative Name"), names, "{id}");
}

#[test]
fn every_certificate_kind_is_what_its_name_says() {
    let world = world();
    for kind in CertificateKind::ALL {
        let identity = world.pki.identity(kind).unwrap();
        assert_eq!(identity.chain.len(), 1);
        lint_certificate(kind.as_str(), &identity.chain[0], kind);
        let leaf = X509::from_der(&identity.chain[0]).unwrap();
        let ca = X509::from_der(&world.ca).unwrap();
        let is_ours = leaf.verify(&ca.public_key().unwrap()).unwrap();
        assert_eq!(is_ours, kind != CertificateKind::UntrustedIssuer, "{kind}");
    }
}

#[test]
fn every_leaf_names_its_own_key() {
    let world = world();
    for kind in CertificateKind::ALL {
        let leaf = X509::from_der(&world.pki.identity(kind).unwrap().chain[0]).unwrap();
        assert!(leaf.subject_key_id().is_some(), "{kind}: no subject key identifier");
        assert!(leaf.authority_key_id().is_some(), "{kind}: no authority key identifier");
    }
}

#[test]
fn the_harnesss_own_ca_is_signed_with_sha256_and_names_its_key() {
    let ca = X509::from_der(&world().ca).unwrap();
    assert_eq!(ca.signature_algorithm().object().nid(), Nid::ECDSA_WITH_SHA256);
    assert!(ca.subject_key_id().is_some());
}

#[test]
fn the_strong_controls_are_clean() {
    let world = world();
    for key in [KeyKind::Rsa2048, KeyKind::EcdsaP256] {
        for version in [ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_3] {
            for backend in world.backends.values() {
                let stage = Stage::control(key, ProtocolVersion::TLS1_2, backend, &world.pki).unwrap();
                let (seen, own) = run_in_memory(&mut *narrow(&[version], &[]), stage.open().unwrap());
                assert!(own.connected, "{own:?}");
                let id = format!("control {key:?} {version} {}", backend.id());
                let context =
                    Context::new(version).with_key_exchange(KeyExchangeShape::Ecdhe { signed: true });
                for message in flight(&seen, &context) {
                    match message {
                        // A server that has TLS 1.3 warns a TLS 1.2 client, and rightly (RFC 8446 4.1.3): here the
                        // client offers no more than TLS 1.2, so the warning costs nothing.
                        Handshake::ServerHello(mut hello) => {
                            hello.random[24] = 0;
                            lint_server_hello(&id, &hello, version);
                        }
                        Handshake::NewSessionTicket(_) => panic!("{id}: ticket"),
                        _ => {}
                    }
                }
            }
        }
    }
}

#[test]
fn no_ticket_comes_after_a_tls13_handshake() {
    let world = world();
    for backend in world.backends.values() {
        let stage = Stage::control(KeyKind::EcdsaP256, ProtocolVersion::TLS1_2, backend, &world.pki).unwrap();
        let client = &mut *narrow(&[ProtocolVersion::TLS1_3], &[]);
        let (seen, _) = run_in_memory(client, stage.open().unwrap());
        assert_eq!(seen.reach, Reach::Data);
        // Tickets would follow the client's Finished and come before the request (RFC 8446 4.6.1).
        let entries = seen.transcript.entries();
        let protected = |side: Side| {
            move |(from, entry): &(Side, Seen)| *from == side && matches!(entry, Seen::Protected { .. })
        };
        let finished = entries.iter().position(protected(Side::Client)).unwrap();
        let request = entries.iter().position(|(_, e)| matches!(e, Seen::ApplicationData(_))).unwrap();
        let between = entries[finished..request].iter().filter(|e| protected(Side::Server)(e)).count();
        assert_eq!(between, 0, "{}: {}", backend.id(), seen.transcript);
    }
}
