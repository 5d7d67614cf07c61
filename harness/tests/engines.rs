//! The stacks behind the engine trait, the pair driver, the scripted flight and the edits, on real handshakes.

#[path = "engines/certificates.rs"]
mod certificates;
#[path = "engines/client_certificates.rs"]
mod client_certificates;
#[path = "engines/last_words.rs"]
mod last_words;
#[path = "engines/resumption.rs"]
mod resumption;
#[path = "engines/s2n.rs"]
mod s2n;
#[path = "engines/talk.rs"]
mod talk;

use std::sync::Arc;

use shakedown::edit::{Change, Edit, Place, Sentinel};
use shakedown::engine::pair::{PairOutcome, STEP_LIMIT, handshake};
use shakedown::engine::scripted::StaticRsaFlight;
use shakedown::engine::{
    Backend, CannotPlay, EndpointSpec, Engine, EngineFailure, Negotiated, Role, Status, backends,
};
use shakedown::net::{Setup, run_in_memory};
use shakedown::observe::{Ending, Observation, Reach};
use shakedown::pki::{CertificateKind, Pki};
use shakedown::registry::{AlertDescription, CipherSuite, ProtocolVersion, SignatureScheme, suite_by_name};
use shakedown::run::client::canary_spec;
use shakedown::wire::ExtensionType;

fn suite(name: &str) -> CipherSuite {
    suite_by_name(name).unwrap().suite
}

fn strong_server(pki: &Pki, kind: CertificateKind) -> EndpointSpec {
    let kx = if kind.key().rsa_bits().is_some() { "RSA" } else { "ECDSA" };
    EndpointSpec {
        versions: vec![ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_3],
        suites: vec![
            suite("TLS_AES_128_GCM_SHA256"),
            suite(&format!("TLS_ECDHE_{kx}_WITH_AES_128_GCM_SHA256")),
        ],
        identities: vec![pki.identity(kind).unwrap()],
        server_order: true,
        alpn: vec![b"http/1.1".to_vec()],
        ..EndpointSpec::default()
    }
}

fn verifying_client(pki: &Pki) -> EndpointSpec {
    EndpointSpec {
        trust: Some(Arc::new(pki.ca_der().to_vec())),
        server_name: "localhost".to_owned(),
        alpn: vec![b"http/1.1".to_vec()],
        ..EndpointSpec::default()
    }
}

fn pair(
    client: &dyn Backend,
    client_spec: &EndpointSpec,
    server: &dyn Backend,
    server_spec: &EndpointSpec,
) -> (PairOutcome, Option<Negotiated>, Option<Negotiated>) {
    let mut c = client.open(Role::Client, client_spec).unwrap();
    let mut s = server.open(Role::Server, server_spec).unwrap();
    let (outcome, crossed) = handshake(&mut *c, &mut *s);
    assert!(crossed.steps < STEP_LIMIT);
    (outcome, c.negotiated(), s.negotiated())
}

#[test]
fn every_pair_of_stacks_completes_strong_handshakes_with_both_certificates() {
    let pki = Pki::mint().unwrap();
    let all = backends();
    let mut done = 0;
    for client in all.values() {
        for server in all.values() {
            for kind in [CertificateKind::Rsa2048, CertificateKind::EcdsaP256] {
                for version in [ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_3] {
                    let client_spec = EndpointSpec { versions: vec![version], ..verifying_client(&pki) };
                    let (outcome, c, s) =
                        pair(&**client, &client_spec, &**server, &strong_server(&pki, kind));
                    let place = format!("{} to {}, {kind}, {version}", client.id(), server.id());
                    assert_eq!(outcome, PairOutcome::Done, "{place}");
                    assert_eq!(c.unwrap().version, version, "{place}");
                    assert_eq!(c, s, "{place}");
                    done += 1;
                }
            }
        }
    }
    assert_eq!(done, 36);
}

#[test]
fn verifying_clients_refuse_every_bad_certificate() {
    let pki = Pki::mint().unwrap();
    let all = backends();
    for client in all.values() {
        for kind in CertificateKind::ALL.into_iter().filter(|k| k.is_bad()) {
            let (outcome, ..) =
                pair(&**client, &verifying_client(&pki), &*all["openssl"], &strong_server(&pki, kind));
            assert!(
                matches!(outcome, PairOutcome::ClientFailed(_)),
                "{} took {kind}: {outcome:?}",
                client.id()
            );
        }
    }
}

#[test]
fn a_stack_says_what_it_cannot_play() {
    let pki = Pki::mint().unwrap();
    let all = backends();
    let rsa = EndpointSpec {
        suites: vec![suite("TLS_RSA_WITH_AES_128_GCM_SHA256")],
        ..strong_server(&pki, CertificateKind::Rsa2048)
    };
    assert!(matches!(all["rustls"].open(Role::Server, &rsa).err(), Some(CannotPlay::Suite { .. })));
    let old = EndpointSpec {
        versions: vec![ProtocolVersion::TLS1_0],
        ..strong_server(&pki, CertificateKind::Rsa2048)
    };
    assert!(matches!(all["rustls"].open(Role::Server, &old).err(), Some(CannotPlay::Version { .. })));
    let export = EndpointSpec { suites: vec![suite("TLS_RSA_EXPORT_WITH_RC4_40_MD5")], ..rsa };
    assert!(matches!(all["openssl"].open(Role::Server, &export).err(), Some(CannotPlay::Suite { .. })));
}

#[test]
fn rustls_says_only_the_schemes_that_its_key_could_have_used() {
    let pki = Pki::mint().unwrap();
    let all = backends();
    let (tls12, tls13) = (ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_3);
    let (p256, rsa) = (CertificateKind::EcdsaP256, CertificateKind::Rsa2048);
    let rows = [
        // RFC 8446 4.2.3: in TLS 1.3 ecdsa_secp384r1_sha384 is for keys on P-384; in TLS 1.2 it is for any curve.
        (p256, vec![tls13], 0x0503, true),
        (p256, vec![tls12], 0x0503, false),
        (p256, vec![tls12, tls13], 0x0503, false),
        // ecdsa_sha1 and rsa_pkcs1_sha1 sign no handshake of TLS 1.3, and rustls has no SHA-1.
        (p256, vec![tls13], 0x0203, true),
        (p256, vec![tls12], 0x0203, false),
        (rsa, vec![tls13], 0x0201, true),
        (rsa, vec![tls12], 0x0201, false),
        // RFC 8734 3: for keys on a Brainpool curve, and in TLS 1.3 alone.
        (p256, vec![tls12, tls13], 0x081A, true),
        // Those for other kinds of keys: rsa_pkcs1_sha1 again, ecdsa_sha1, rsa_pss_pss_sha256, ed25519.
        (p256, vec![tls12], 0x0201, true),
        (rsa, vec![tls12], 0x0203, true),
        (rsa, vec![tls12, tls13], 0x0809, true),
        (rsa, vec![tls12, tls13], 0x0807, true),
    ];
    for (kind, versions, scheme, plays) in rows {
        let scheme = SignatureScheme(scheme);
        let own = if kind == p256 { 0x0403 } else { 0x0804 };
        let schemes = vec![scheme, SignatureScheme(own)];
        let place = format!("{kind} {versions:?} {scheme}");
        let spec = EndpointSpec { versions, schemes, ..strong_server(&pki, kind) };
        let said = all["rustls"].open(Role::Server, &spec).err();
        let wanted = CannotPlay::Scheme { backend: "rustls".to_owned(), scheme };
        assert_eq!(said, (!plays).then_some(wanted), "{place}");
    }
}

/// Answers every byte with a byte, for ever.
struct Chatterbox(usize);

impl Engine for Chatterbox {
    fn feed(&mut self, from_peer: &[u8]) {
        self.0 += from_peer.len();
    }
    fn drain(&mut self, to_peer: &mut Vec<u8>) {
        to_peer.push(0);
    }
    fn status(&self) -> Status {
        Status::Running
    }
    fn was_done(&self) -> bool {
        false
    }
    fn send(&mut self, _: &[u8]) {}
    fn receive(&mut self, _: &mut Vec<u8>) {}
    fn close(&mut self) {}
    fn peer_closed(&self) -> bool {
        false
    }
    fn negotiated(&self) -> Option<Negotiated> {
        None
    }
}

/// Says nothing.
struct Mute(Status);

impl Engine for Mute {
    fn feed(&mut self, _: &[u8]) {}
    fn drain(&mut self, _: &mut Vec<u8>) {}
    fn status(&self) -> Status {
        self.0.clone()
    }
    fn was_done(&self) -> bool {
        self.0 == Status::Done
    }
    fn send(&mut self, _: &[u8]) {}
    fn receive(&mut self, _: &mut Vec<u8>) {}
    fn close(&mut self) {}
    fn peer_closed(&self) -> bool {
        false
    }
    fn negotiated(&self) -> Option<Negotiated> {
        None
    }
}

#[test]
fn the_pair_driver_gives_up_and_says_how() {
    let (outcome, crossed) = handshake(&mut Chatterbox(0), &mut Chatterbox(0));
    assert_eq!((outcome, crossed.steps), (PairOutcome::StepLimit, STEP_LIMIT));
    let running = || Mute(Status::Running);
    assert_eq!(handshake(&mut running(), &mut running()).0, PairOutcome::Stalled);
    let own = EngineFailure { text: "own".to_owned(), alert_received: None };
    let told =
        EngineFailure { text: "told".to_owned(), alert_received: Some(AlertDescription::HANDSHAKE_FAILURE) };
    let failed = |f: &EngineFailure| Mute(Status::Failed(f.clone()));
    assert_eq!(handshake(&mut failed(&told), &mut failed(&own)).0, PairOutcome::ServerFailed(own.clone()));
    assert_eq!(handshake(&mut failed(&own), &mut failed(&told)).0, PairOutcome::ClientFailed(own));
}

fn play(client: &dyn Backend, spec: &EndpointSpec, setup: Setup) -> Observation {
    let mut engine = client.open(Role::Client, spec).unwrap();
    run_in_memory(&mut *engine, setup).0
}

#[test]
fn the_scripted_flight_is_accepted_by_the_permissive_client_and_refused_by_rustls() {
    let pki = Pki::mint().unwrap();
    let all = backends();
    for version in
        [ProtocolVersion::SSL3, ProtocolVersion::TLS1_0, ProtocolVersion::TLS1_1, ProtocolVersion::TLS1_2]
    {
        let flight = || StaticRsaFlight {
            version,
            suites: vec![suite("TLS_RSA_WITH_AES_128_CBC_SHA")],
            identity: pki.identity(CertificateKind::Rsa2048).unwrap(),
            alpn: vec![b"http/1.1".to_vec()],
            random: [7; 32],
        };
        let setup = || Setup { engine: flight().open(), edits: Vec::new() };
        let seen = play(&*all["openssl"], &canary_spec(), setup());
        assert_eq!(seen.reach, Reach::Committed, "{version}");
        let proposal = seen.proposal.unwrap();
        assert_eq!((proposal.version, proposal.suite), (version, suite("TLS_RSA_WITH_AES_128_CBC_SHA")));
        let seen = play(&*all["rustls"], &verifying_client(&pki), setup());
        assert_eq!(seen.reach, Reach::Proposed, "{version}");
        assert!(seen.delivered);
        assert!(matches!(seen.ending, Ending::ClientAlert(_)), "{version}: {:?}", seen.ending);
    }
}

/// An honest OpenSSL server with edits, against a verifying client of each stack: what it answers.
fn edited(edits: &[Edit], server: &EndpointSpec) -> Vec<(String, Observation)> {
    let pki = Pki::mint().unwrap();
    let all = backends();
    let spec =
        EndpointSpec { identities: vec![pki.identity(CertificateKind::Rsa2048).unwrap()], ..server.clone() };
    all.values()
        .map(|client| {
            let engine = all["openssl"].open(Role::Server, &spec).unwrap();
            let client_spec = EndpointSpec {
                versions: vec![ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_3],
                ..verifying_client(&pki)
            };
            let seen = play(&**client, &client_spec, Setup { engine, edits: edits.to_vec() });
            (client.id().to_owned(), seen)
        })
        .collect()
}

fn tls12_server() -> EndpointSpec {
    EndpointSpec {
        versions: vec![ProtocolVersion::TLS1_2],
        suites: vec![suite("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")],
        alpn: vec![b"http/1.1".to_vec()],
        ..EndpointSpec::default()
    }
}

fn server_hello(change: Change) -> Edit {
    Edit { at: Place::SERVER_HELLO, change }
}

#[test]
fn without_edits_nothing_is_changed() {
    for (client, seen) in edited(&[], &tls12_server()) {
        assert_eq!((seen.reach, &seen.ending), (Reach::Data, &Ending::Completed), "{client}");
    }
}

#[test]
fn a_server_hello_with_an_old_version_is_seen_on_the_wire_and_refused() {
    for version in [ProtocolVersion::SSL3, ProtocolVersion::TLS1_0, ProtocolVersion::TLS1_1] {
        for (client, seen) in edited(&[server_hello(Change::SetVersion(version))], &tls12_server()) {
            assert_eq!(seen.proposal.unwrap().version, version, "{client}");
            assert_eq!(seen.reach, Reach::Proposed, "{client} {version}");
            assert_eq!(seen.client_alert, Some(AlertDescription::PROTOCOL_VERSION), "{client} {version}");
        }
    }
}

#[test]
fn a_server_hello_with_a_suite_that_was_not_offered_is_refused() {
    let wanted = suite("TLS_RSA_EXPORT_WITH_RC4_40_MD5");
    for (client, seen) in edited(&[server_hello(Change::SetSuite(wanted))], &tls12_server()) {
        assert_eq!(seen.proposal.unwrap().suite, wanted, "{client}");
        assert_eq!(seen.reach, Reach::Proposed, "{client}");
        let wanted: &[Ending] = match client.as_str() {
            // By design it does not say why.
            "s2n" => &[Ending::ClientCloseNotify],
            _ => &[AlertDescription::ILLEGAL_PARAMETER, AlertDescription::HANDSHAKE_FAILURE]
                .map(Ending::ClientAlert),
        };
        assert!(wanted.contains(&seen.ending), "{client}: {:?}", seen.ending);
    }
}

#[test]
fn the_downgrade_sentinel_is_refused_with_illegal_parameter() {
    for sentinel in [Sentinel::Tls12, Sentinel::Tls11] {
        for (client, seen) in edited(&[server_hello(Change::SetSentinel(sentinel))], &tls12_server()) {
            // RFC 8446 4.1.3 has a client of TLS 1.3 look for both values. rustls 0.23 looks for the first alone,
            // since it has no TLS 1.1; the changed random then breaks the signature.
            let wanted = match (client.as_str(), sentinel) {
                ("s2n", _) => Ending::ClientCloseNotify,
                ("rustls", Sentinel::Tls11) => Ending::ClientAlert(AlertDescription(51)),
                _ => Ending::ClientAlert(AlertDescription::ILLEGAL_PARAMETER),
            };
            assert_eq!(seen.ending, wanted, "{client} {sentinel:?}");
            assert_eq!(seen.reach, Reach::Proposed, "{client} {sentinel:?}");
        }
    }
}

#[test]
fn a_stripped_client_hello_makes_an_honest_server_propose_what_was_not_offered() {
    let edits = [
        Edit { at: Place::CLIENT_HELLO, change: Change::SetVersion(ProtocolVersion::TLS1_0) },
        Edit {
            at: Place::CLIENT_HELLO,
            change: Change::OfferSuites(vec![suite("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA")]),
        },
        Edit { at: Place::CLIENT_HELLO, change: Change::RemoveExtension(ExtensionType::SESSION_TICKET) },
    ];
    let server = EndpointSpec {
        versions: vec![ProtocolVersion::TLS1_0],
        suites: vec![suite("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA")],
        ..EndpointSpec::default()
    };
    for (client, seen) in edited(&edits, &server) {
        let proposal = seen.proposal.unwrap();
        assert_eq!(proposal.version, ProtocolVersion::TLS1_0, "{client}");
        assert_eq!(seen.reach, Reach::Proposed, "{client}");
        assert_eq!(seen.client_alert, Some(AlertDescription::PROTOCOL_VERSION), "{client}");
        // The client's own hello is what the tap saw, not the edited one.
        assert_eq!(seen.offer.unwrap().max_version(), Some(ProtocolVersion::TLS1_3), "{client}");
    }
}

fn offer_schemes() -> Change {
    Change::OfferSchemes(vec![SignatureScheme::RSA_PSS_RSAE_SHA256])
}

/// A client without TLS 1.2 names no schemes, and an honest server of today signs with none that this means.
#[test]
fn schemes_that_are_not_offered_are_put_into_the_hello() {
    let (all, pki) = (backends(), Pki::mint().unwrap());
    let set = |change| Edit { at: Place::CLIENT_HELLO, change };
    let suites = vec![suite("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA")];
    let server = EndpointSpec {
        versions: vec![ProtocolVersion::TLS1_2],
        suites: suites.clone(),
        schemes: vec![SignatureScheme::RSA_PSS_RSAE_SHA256],
        identities: vec![pki.identity(CertificateKind::Rsa2048).unwrap()],
        ..EndpointSpec::default()
    };
    let client = EndpointSpec { versions: vec![ProtocolVersion::TLS1_0], suites, ..verifying_client(&pki) };
    let mut edits = vec![set(Change::SetVersion(ProtocolVersion::TLS1_2))];
    for (with_schemes, reach) in [(false, Reach::Offered), (true, Reach::Proposed)] {
        edits.extend(with_schemes.then(|| set(offer_schemes())));
        let engine = all["openssl"].open(Role::Server, &server).unwrap();
        let seen = play(&*all["openssl"], &client, Setup { engine, edits: edits.clone() });
        assert_eq!(seen.reach, reach, "{edits:?}");
    }
}

#[test]
fn edits_go_to_toml_and_back() {
    let edits = vec![
        Edit { at: Place::CLIENT_HELLO, change: Change::RemoveExtension(ExtensionType::SUPPORTED_VERSIONS) },
        Edit { at: Place::CLIENT_HELLO, change: Change::RemoveExtension(ExtensionType(0x1234)) },
        Edit { at: Place::CLIENT_HELLO, change: Change::OfferSuites(vec![suite("TLS_RSA_WITH_NULL_MD5")]) },
        Edit { at: Place::CLIENT_HELLO, change: offer_schemes() },
        server_hello(Change::SetVersion(ProtocolVersion::SSL3)),
        server_hello(Change::SetSuite(suite("TLS_RSA_WITH_NULL_MD5"))),
        server_hello(Change::SetSentinel(Sentinel::Absent)),
    ];
    let text = shakedown::edit::print_list(&edits);
    assert_eq!(shakedown::edit::parse_list(&text).unwrap(), edits, "{text}");
    // The sample of the agreed formats.
    let sample =
        "[[edit]]\nat = \"client-hello\"\nchange = \"remove-extension\"\nvalue = \"supported_versions\"\n";
    assert_eq!(shakedown::edit::parse_list(sample).unwrap(), edits[..1]);
}

#[test]
fn a_bad_edit_names_what_is_allowed() {
    let edit = |at: &str, change: &str, value: &str| {
        format!("[[edit]]\nat = \"{at}\"\nchange = \"{change}\"\nvalue = {value}\n")
    };
    for (text, wanted) in [
        (edit("finnished", "drop", "1"), "client-hello, server-hello, any other"),
        (edit("finished#0", "drop", "1"), "#2"),
        (edit("record:server", "drop", "1"), "record:server:N"),
        (edit("record:server:+1", "drop", "1"), "record:server:N"),
        (edit("finished", "set-version", "\"TLSv1.0\""), "client-hello, server-hello and records"),
        (edit("finished", "split", "3"), "it is for records"),
        (edit("record:server:1", "replay", "\"00\""), "it is for messages"),
        (edit("finished", "drop", "3"), "takes no value"),
        ("[[edit]]\nat = \"record:server:1\"\nchange = \"split\"\n".to_owned(), "missing"),
        (edit("record:server:1", "split", "65536"), "16 bits"),
        (edit("record:server:1", "xor", "[1, 256]"), "8 bits"),
        (edit("record:server:1", "xor", "[1]"), "an offset and a mask"),
        (edit("record:server:1", "retype", "\"handshakes\""), "application_data"),
        (edit("record:server:1", "inject-alert", "[\"deadly\", 40]"), "warning, fatal"),
        (edit("record:server:1", "inject-alert", "[\"fatal\", \"handshake\"]"), "alert's name"),
        (edit("record:server:1", "inject-handshake", "\"0g\""), "hex"),
        (edit("record:server:1", "inject-handshake", "\"000\""), "hex"),
        (edit("client-hello", "offer-groups", "[\"x25518\"]"), "x25519"),
        (edit("client-hello", "insert-extension", "[\"cookies\", \"\"]"), "name or number"),
        (edit("server-hello", "set-colour", "1"), "set-version, set-suite"),
        (edit("server-hello", "set-version", "\"TLSv9\""), "TLSv1.3"),
        (edit("server-hello", "set-suite", "\"TLS_RSA_WITH_NULL_MD4\""), "TLS_RSA_WITH_NULL_MD5"),
        (edit("client-hello", "set-suite", "\"TLS_RSA_WITH_NULL_MD5\""), "does not fit"),
        (edit("server-hello", "set-sentinel", "\"tls10\""), "tls12, tls11, absent"),
        (edit("client-hello", "offer-schemes", "[\"rsa_pss_rsae_sha255\"]"), "rsa_pss_rsae_sha256"),
        (edit("client-hello", "offer-schemes", "1"), "an array"),
        (edit("server-hello", "offer-schemes", "[]"), "does not fit"),
        (edit("server-hello", "remove-extension", "70000"), "name or number"),
        ("[[edit]]\nat = 1\n".to_owned(), "not an edit list"),
    ] {
        let error = shakedown::edit::parse_list(&text).unwrap_err().to_string();
        assert!(error.contains(wanted), "{text}\n{error}");
    }
}
