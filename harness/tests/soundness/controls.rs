//! Rules 1, 2 and 6: the controls are twins of their cases, they gate passes only, and every class must be proven.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use shakedown::engine::{Backend, CannotPlay, EndpointSpec, Engine, Negotiated, Prepared, Role, Status};
use shakedown::judge::{Class, FindingCode, Verdict};
use shakedown::net::{CaseConnection, ClientEnd, run_in_memory};
use shakedown::observe::{Reach, Seen, Side};
use shakedown::pki::KeyKind;
use shakedown::registry::ProtocolVersion;
use shakedown::run::client::canary_spec;
use shakedown::run::controls::Canaries;
use shakedown::run::events::{Canary, Expected};
use shakedown::run::stage::Stage;
use shakedown::scenario::{Case, Subject, Tier};
use shakedown::wire::{Context, Handshake, HandshakeType};

use crate::support::drive::{engine, is_control, narrow, strict, v4, visit};
use crate::support::made::RSA_CBC;
use crate::support::{
    OLD_STATIC_RSA, OLD_VERSION, STATIC_RSA, Setting, core, forge, forge_in, forge_on, has, one_per_class,
    show, world,
};

/// The chain and the ALPN answer of a server's flight up to TLS 1.2.
fn face(stage: &Stage, versions: &[ProtocolVersion]) -> (Vec<Vec<u8>>, Option<Vec<u8>>) {
    let mut hello = Vec::new();
    engine(&EndpointSpec { versions: versions.to_vec(), psk: None, ..canary_spec() }).drain(&mut hello);
    let mut session = CaseConnection::new(stage.open().unwrap());
    session.client_bytes(&hello, &mut Vec::new());
    session.client_ended(ClientEnd::Fin);
    let seen = session.into_observation();
    let (mut chain, mut alpn) = (Vec::new(), None);
    for (side, entry) in seen.transcript.entries() {
        let (Side::Server, Seen::Handshake { kind, body }) = (side, entry) else { continue };
        match Handshake::decode(*kind, body, &Context::new(ProtocolVersion::TLS1_2)) {
            Ok(Handshake::ServerHello(hello)) => alpn = hello.alpn().map(<[u8]>::to_vec),
            Ok(Handshake::Certificate(sent)) => chain = sent.chain().iter().map(|c| c.to_vec()).collect(),
            _ => {}
        }
    }
    (chain, alpn)
}

#[test]
fn a_control_shows_the_certificate_and_the_protocol_of_its_cases() {
    let world = world();
    let control = |key| {
        face(
            &Stage::control(key, ProtocolVersion::TLS1_2, world.openssl(), &world.pki).unwrap(),
            &[ProtocolVersion::TLS1_2],
        )
    };
    let (rsa, ecdsa) = (control(KeyKind::Rsa2048), control(KeyKind::EcdsaP256));
    assert_eq!(rsa.1.as_deref(), Some(&b"http/1.1"[..]));
    assert!(!rsa.0.is_empty() && !ecdsa.0.is_empty() && rsa.0 != ecdsa.0);
    let mut compared = 0;
    for case in core() {
        let Some(certificate) = case.certificate.filter(|kind| !kind.is_bad()) else { continue };
        if case.version >= ProtocolVersion::TLS1_3 {
            continue; // encrypted; the same identity by construction of the stage
        }
        let versions = ProtocolVersion::ALL[..4].to_vec();
        let (chain, alpn) = face(&Stage::of(&case, world.openssl(), &world.pki).unwrap(), &versions);
        let twin = if certificate.key() == KeyKind::Rsa2048 { &rsa } else { &ecdsa };
        assert_eq!(chain, twin.0, "{}", case.id);
        // SSL 3 has no extensions; everywhere else the protocol is answered as in the control.
        let wanted = if case.version == ProtocolVersion::SSL3 { None } else { twin.1.clone() };
        assert_eq!(alpn, wanted, "{}", case.id);
        compared += 1;
    }
    assert!(compared >= 15, "{compared}");
}

#[test]
fn a_control_is_played_by_the_backend_of_its_cases() {
    let world = world();
    for backend in world.backends.values() {
        let control = Stage::control(KeyKind::Rsa2048, ProtocolVersion::TLS1_2, backend, &world.pki).unwrap();
        assert_eq!(control.server, backend.id());
    }
}

#[test]
fn the_controls_run_before_the_cases_and_after_them() {
    let calls: Arc<Mutex<Vec<String>>> = Arc::default();
    forge_on(one_per_class(), {
        let calls = Arc::clone(&calls);
        move |address| {
            calls.lock().unwrap().push(address.case.clone());
            visit(v4(address.port), strict())
        }
    });
    let calls = calls.lock().unwrap();
    let controls = ["control@rsa2048", "control@ecdsa-p256"];
    assert_eq!(calls[..2], controls);
    assert_eq!(calls[calls.len() - 2..], controls);
    assert_eq!(calls.iter().filter(|case| case.starts_with("control@")).count(), 4);
}

/// More cases than stand between two controls.
fn sixty() -> Vec<Case> {
    let mine = world().catalogue.cases.iter().filter(|c| c.scenario.subject == Subject::Client);
    mine.filter(|c| c.tier <= Tier::Default).take(60).cloned().collect()
}

#[test]
fn the_controls_run_every_fifty_cases() {
    let controls = Arc::new(AtomicUsize::new(0));
    let told = forge_on(sixty(), {
        let controls = Arc::clone(&controls);
        move |address| {
            controls.fetch_add(usize::from(is_control(address)), Ordering::SeqCst);
            visit(v4(address.port), strict())
        }
    });
    assert_eq!(told.cases.len(), 60);
    assert_eq!(controls.load(Ordering::SeqCst), 2 * 3, "both keys: before, after fifty, after the last ten");
}

#[test]
fn passes_fall_back_to_the_last_good_control_and_no_further() {
    let (controls, played) = (AtomicUsize::new(0), Arc::new(Mutex::new(Vec::new())));
    let told = forge_on(sixty(), {
        let played = Arc::clone(&played);
        move |address| {
            if is_control(address) {
                // Good before the first case and after fifty, then never again.
                return controls.fetch_add(1, Ordering::SeqCst) < 4 && visit(v4(address.port), strict());
            }
            played.lock().unwrap().push(address.case.clone());
            visit(v4(address.port), strict())
        }
    });
    let played = played.lock().unwrap();
    let (mut kept, mut lost) = (0, 0);
    told.each_must_refuse(|case| {
        let is_early = played.iter().position(|id| *id == case.case).unwrap() < 50;
        assert_eq!(has(case, FindingCode::ControlLost), !is_early, "{}", show(case));
        assert_eq!(case.verdict == Verdict::Inconclusive, !is_early, "{}", show(case));
    });
    for case in told.cases.iter().filter(|case| case.expected == Expected::MustRefuse) {
        *(if has(case, FindingCode::ControlLost) { &mut lost } else { &mut kept }) += 1;
    }
    assert!(kept > 0 && lost > 0, "{kept} kept, {lost} lost");
    assert_eq!(told.exit, 3);
}

/// A server with a fault below TLS 1.2: a bit of its signature is wrong, so nobody can complete with it.
struct Faulty(Arc<dyn Backend>);

impl Backend for Faulty {
    fn id(&self) -> &'static str {
        self.0.id()
    }
    fn version(&self) -> String {
        self.0.version()
    }
    fn prepare(&self, role: Role, spec: &EndpointSpec) -> Result<Box<dyn Prepared>, CannotPlay> {
        let inner = self.0.prepare(role, spec)?;
        let is_old = spec.versions.iter().all(|v| *v < ProtocolVersion::TLS1_2);
        Ok(if role == Role::Server && is_old { Box::new(Flips(inner)) } else { inner })
    }
}

struct Flips(Box<dyn Prepared>);

impl Prepared for Flips {
    fn open(&self) -> Result<Box<dyn Engine>, CannotPlay> {
        Ok(Box::new(Flipped { inner: self.0.open()?, sent: false }))
    }
}

struct Flipped {
    inner: Box<dyn Engine>,
    sent: bool,
}

impl Engine for Flipped {
    fn feed(&mut self, from_peer: &[u8]) {
        self.inner.feed(from_peer);
    }
    fn drain(&mut self, to_peer: &mut Vec<u8>) {
        let start = to_peer.len();
        self.inner.drain(to_peer);
        // The flight ends in ServerKeyExchange, whose end is the signature, and the nine bytes of ServerHelloDone.
        let length = to_peer.len();
        if !self.sent && length - start > 200 {
            self.sent = true;
            to_peer[length - 9 - 20] ^= 1;
        }
    }
    fn status(&self) -> Status {
        self.inner.status()
    }
    fn was_done(&self) -> bool {
        self.inner.was_done()
    }
    fn send(&mut self, plaintext: &[u8]) {
        self.inner.send(plaintext);
    }
    fn receive(&mut self, plaintext: &mut Vec<u8>) {
        self.inner.receive(plaintext);
    }
    fn close(&mut self) {
        self.inner.close();
    }
    fn peer_closed(&self) -> bool {
        self.inner.peer_closed()
    }
    fn negotiated(&self) -> Option<Negotiated> {
        self.inner.negotiated()
    }
}

fn fresh_canaries(canary: &Arc<dyn Backend>) -> Arc<Canaries> {
    let world = world();
    Arc::new(Canaries::new(Arc::clone(canary), Arc::clone(world.rustls()), Arc::clone(&world.ca)))
}

#[test]
fn what_nobody_can_complete_is_refused_by_everybody_and_proves_nothing() {
    let world = world();
    let told = forge_in(
        Setting {
            backend: Arc::new(Faulty(Arc::clone(world.openssl()))),
            canaries: fresh_canaries(world.openssl()),
            ..Setting::default()
        },
        |address| visit(v4(address.port), strict()),
    );
    let faulty = told.case(OLD_VERSION);
    assert_eq!((faulty.verdict, faulty.canary), (Verdict::Inconclusive, Canary::Missed), "{}", show(faulty));
    assert!(has(faulty, FindingCode::CanaryMissed), "{}", show(faulty));
    let sound = told.case(STATIC_RSA);
    assert_eq!((sound.verdict, sound.canary), (Verdict::Pass, Canary::Caught), "{}", show(sound));
    assert_eq!(told.exit, 3);
}

#[test]
fn a_canary_that_is_not_permissive_lets_nothing_pass() {
    let told =
        forge_in(Setting { canaries: fresh_canaries(world().rustls()), ..Setting::default() }, |address| {
            visit(v4(address.port), strict())
        });
    told.each_must_refuse(|case| {
        if case.scenario != "client/certificate/wrong" {
            assert!(has(case, FindingCode::CanaryMissed), "{}", show(case));
            assert_eq!(case.verdict, Verdict::Inconclusive, "{}", show(case));
        }
    });
    told.client_is_not_green();
}

#[test]
fn the_canary_goes_past_the_line_in_every_must_refuse_case_of_every_tier() {
    let world = world();
    for case in world.catalogue.cases.iter().filter(|c| c.scenario.subject == Subject::Client) {
        let Ok(stage) = Stage::of(case, world.openssl(), &world.pki) else { continue };
        let (seen, _) = run_in_memory(&mut *engine(&canary_spec()), stage.open().unwrap());
        assert!(seen.reach >= Reach::Committed, "{}: {:?} {:?}", case.id, seen.reach, seen.ending);
        let proposal = seen.proposal.unwrap();
        assert_eq!(proposal.version, case.version, "{}", case.id);
        assert!(case.suites.contains(&proposal.suite), "{}: {}", case.id, proposal.suite);
    }
}

#[test]
fn a_completed_weak_session_fails_although_the_controls_failed() {
    let told = forge(|address| visit(v4(address.port), narrow(&[ProtocolVersion::TLS1_0], &[RSA_CBC])));
    assert_eq!(told.control("rsa2048"), "control-refused");
    let weak = told.case(OLD_STATIC_RSA);
    assert_eq!((weak.verdict, weak.reach), (Verdict::Fail, Some(Reach::Data)), "{}", show(weak));
    assert!(has(weak, FindingCode::BelowMinimumVersion) && has(weak, FindingCode::NoForwardSecrecy));
    assert_eq!(told.exit, 1);
    // And what it did not complete proves nothing for it.
    told.each_must_refuse(|case| {
        assert!(matches!(case.verdict, Verdict::Fail | Verdict::Inconclusive), "{}", show(case));
    });
}

#[test]
fn a_class_without_a_proven_case_is_said() {
    let versions: Vec<Case> =
        core().into_iter().filter(|c| c.scenario.id == "client/version/below-minimum").collect();
    let told = forge_in(Setting { cases: versions.clone(), ..Setting::default() }, |address| {
        visit(v4(address.port), strict())
    });
    told.each_must_refuse(|case| {
        assert!(matches!(case.verdict, Verdict::Pass | Verdict::Warn), "{}", show(case));
    });
    let unproven: Vec<&str> =
        told.totals.findings.iter().map(|f| f.detail.split(':').next().unwrap()).collect();
    assert_eq!(told.totals.findings.iter().filter(|f| f.code == FindingCode::ClassUnproven).count(), 3);
    assert_eq!(
        unproven,
        [Class::ForwardSecrecy, Class::Authentication, Class::Encryption].map(Class::as_str)
    );
    assert_eq!((told.totals.verdict, told.exit), (Some(Verdict::Inconclusive), 3));
    // Whoever chose cases of one class with --filter did not ask for the others.
    let alone: Vec<Case> = versions.into_iter().filter(|c| c.id.contains("ECDHE")).collect();
    assert!(alone.len() >= 4);
    let told = forge_on(alone, |address| visit(v4(address.port), strict()));
    assert_eq!((told.totals.findings.len(), told.exit), (0, 0));
}

#[test]
fn a_case_that_breaks_two_rules_proves_neither() {
    let told = forge_on(vec![world().case(OLD_STATIC_RSA)], |address| visit(v4(address.port), strict()));
    let case = told.case(OLD_STATIC_RSA);
    assert_eq!((case.verdict, case.expected), (Verdict::Pass, Expected::MustRefuse), "{}", show(case));
    assert_eq!(case.classes, [Class::Version, Class::ForwardSecrecy]);
    assert_eq!(told.totals.findings.len(), 2, "{:?}", told.totals.findings);
    assert_eq!(told.exit, 3);
}

#[test]
fn may_complete_cases_alone_are_not_green() {
    let strong = core().into_iter().filter(|c| c.scenario.id == "client/cipher/ecdhe").collect();
    let told = forge_in(Setting { cases: strong, ..Setting::default() }, |address| {
        visit(v4(address.port), strict())
    });
    assert!(told.cases.iter().all(|case| case.verdict == Verdict::Pass));
    assert_eq!(told.totals.findings.len(), 4);
    assert_eq!(told.exit, 3);
}

#[test]
fn the_hello_of_a_twin_differs_in_nothing_but_its_certificate_message() {
    // A case and its control ask the client for the same things: no client certificate, no extension more.
    let world = world();
    let kinds = |stage: &Stage| -> Vec<HandshakeType> {
        let (seen, _) = run_in_memory(&mut *narrow(&[ProtocolVersion::TLS1_2], &[]), stage.open().unwrap());
        let server = seen.transcript.entries().iter().filter(|(side, _)| *side == Side::Server);
        server
            .filter_map(|(_, entry)| match entry {
                Seen::Handshake { kind, .. } => Some(*kind),
                _ => None,
            })
            .filter(|kind| *kind != HandshakeType::SERVER_KEY_EXCHANGE)
            .collect()
    };
    let control = kinds(
        &Stage::control(KeyKind::Rsa2048, ProtocolVersion::TLS1_2, world.openssl(), &world.pki).unwrap(),
    );
    let weak = kinds(&Stage::of(&world.case(STATIC_RSA), world.openssl(), &world.pki).unwrap());
    assert_eq!(control, weak);
    assert_eq!(control.len(), 3, "{control:?}");
}

#[test]
fn a_certificate_that_was_never_shown_proves_nothing() {
    // It trusts anybody, and has no TLS 1.3: the honest server has nothing for it.
    let case = "client/certificate/wrong@TLSv1.3+untrusted-issuer+natural";
    let old = [ProtocolVersion::TLS1_2];
    let told = forge_on(vec![world().case(case)], move |address| visit(v4(address.port), narrow(&old, &[])));
    assert_eq!(told.case(case).verdict, Verdict::Pass, "{}", show(told.case(case)));
    assert!(told.totals.findings.iter().any(|f| f.code == FindingCode::ClassUnproven));
    assert_eq!(told.exit, 3);
}
