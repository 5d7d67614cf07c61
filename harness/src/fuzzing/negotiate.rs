//! Servers of all policies on all stacks, and one ClientHello.

use std::sync::OnceLock;

use crate::engine::{Prepared, Role, Status};
use crate::fit::{Fitted, fit};
use crate::matrix::{self, Answer, Cell, Question, Shown};
use crate::oracle::{Offer, naive, select as oracle};
use crate::pki::CertificateKind;
use crate::policy::Policy;
use crate::probe::{Flight, FlightReader};
use crate::registry::{self, ProtocolVersion, SuiteFacts};
use crate::wire::ClientHello;
use crate::wire::handshake::{DOWNGRADE_TO_TLS11, DOWNGRADE_TO_TLS12};

use super::Seen;
use super::draw::Draw;
use super::hello::{Scope, client_hello};
use super::lab::{Lab, STACKS, lab};

/// The certificates of the servers.
pub(super) const CERTIFICATES: [CertificateKind; 2] = [CertificateKind::Rsa2048, CertificateKind::EcdsaP256];

/// A policy as one stack plays it with one certificate.
pub(super) struct Server {
    pub fitted: Fitted,
    prepared: Box<dyn Prepared>,
}

/// Every policy on every stack with every certificate, each built when it is first asked for: no more than two
/// contexts for each of some 260 policies and three stacks.
fn server(lab: &'static Lab, policy: usize, stack: usize, certificate: usize) -> Option<&'static Server> {
    static SERVERS: OnceLock<Vec<OnceLock<Option<Server>>>> = OnceLock::new();
    let width = STACKS.len() * CERTIFICATES.len();
    let all = SERVERS.get_or_init(|| (0..lab.policies.len() * width).map(|_| OnceLock::new()).collect());
    all[policy * width + stack * CERTIFICATES.len() + certificate]
        .get_or_init(|| {
            let backend = lab.backend(STACKS[stack]);
            let identity = lab.identity(CERTIFICATES[certificate]);
            let fitted = fit(backend, &lab.policies[policy], std::slice::from_ref(&identity)).0?;
            let prepared = backend.prepare(Role::Server, &fitted.spec).ok()?;
            Some(Server { fitted, prepared })
        })
        .as_ref()
}

/// What is asked: a policy, a certificate, a hello; and one stack, where only one is asked.
pub(super) struct Asked {
    pub stack: usize,
    pub policy: usize,
    pub certificate: usize,
    pub question: Question,
}

impl Asked {
    pub fn new(stack: usize, policy: usize, certificate: usize, hello: ClientHello) -> Self {
        let question = Question::new(None, CERTIFICATES[certificate % CERTIFICATES.len()], hello);
        Self { stack, policy, certificate: certificate % CERTIFICATES.len(), question }
    }

    /// As `server_select` reads it.
    pub fn of_one(draw: &mut Draw<'_>) -> Self {
        let stack = draw.below(STACKS.len());
        Self { stack, ..Self::of_all(draw, Scope::Any) }
    }

    /// As `diff_negotiate` reads it.
    pub fn comparable(draw: &mut Draw<'_>) -> Self {
        Self::of_all(draw, Scope::Comparable)
    }

    fn of_all(draw: &mut Draw<'_>, scope: Scope) -> Self {
        let policies = &lab().policies;
        let policy = draw.below(policies.len());
        let certificate = draw.below(CERTIFICATES.len());
        let hello = client_hello(draw, &policies[policy], scope);
        Self::new(0, policy, certificate, hello)
    }
}

/// What the server sends, and whether it gave up.
fn first_flight(lab: &Lab, stack: usize, server: &Server, question: &Question) -> (Vec<u8>, bool) {
    #[cfg(feature = "faults")]
    if let Some(answer) = super::planted::first_flight(lab, STACKS[stack], server, question) {
        return answer;
    }
    #[cfg(not(feature = "faults"))]
    let _ = (lab, stack);
    let mut bytes = Vec::new();
    let Ok(mut engine) = server.prepared.open() else { return (bytes, true) };
    engine.feed(&question.bytes);
    engine.drain(&mut bytes);
    (bytes, matches!(engine.status(), Status::Failed(_)))
}

/// No stack's first flight breaks its server's policy, as far as the flight can be read without keys.
pub(super) fn select(input: &[u8]) -> Seen {
    select_asked(&Asked::of_one(&mut Draw::new(input)))
}

pub(super) fn select_asked(asked: &Asked) -> Seen {
    let (lab, stack) = (lab(), asked.stack);
    let Some(server) = server(lab, asked.policy, stack, asked.certificate) else {
        return Seen::new("cannot be played");
    };
    let (bytes, has_failed) = first_flight(lab, stack, server, &asked.question);
    let mut reader = FlightReader::new();
    reader.push(&bytes);
    let name = STACKS[stack];
    if let Some(error) = reader.error() {
        panic!("ORACLE unreadable: {name}'s own flight: {error}");
    }
    let (policy, offer) = (&server.fitted.policy, &asked.question.offer);
    match reader.flight() {
        Some(flight) => {
            obeys(name, policy, asked.question.certificate, offer, flight);
            Seen::new(format_args!("{name}: {} {:?}", flight.version(), naive::kx(flight.hello.cipher_suite)))
        }
        None => {
            assert!(has_failed, "ORACLE silence: {name} neither answers nor refuses {offer:?}");
            Seen::new(format_args!("{name}: {:?}", reader.alert().map(|alert| alert.description)))
        }
    }
}

/// The rules, from the lists of the policy and of the hello: none of the oracle's functions is asked.
fn obeys(stack: &str, policy: &Policy, certificate: CertificateKind, offer: &Offer, flight: &Flight) {
    let (version, hello) = (flight.version(), &flight.hello);
    let context = || format!("{stack} with {}: {hello:?} to {offer:?}", policy.id);
    assert!(policy.versions.contains(&version), "ORACLE version: not the policy's: {}", context());
    let is_offered = match &offer.supported_versions {
        Some(list) if policy.versions.contains(&ProtocolVersion::TLS1_3) => list.contains(&version),
        // A server that does not know the extension goes by the field (RFC 8446 4.2.1).
        Some(list) => list.contains(&version) || version <= offer.legacy_version,
        None => version <= offer.legacy_version && version < ProtocolVersion::TLS1_3,
    };
    assert!(is_offered, "ORACLE version: not offered: {}", context());
    assert!(policy.suites.contains(&hello.cipher_suite), "ORACLE suite: not the policy's: {}", context());
    assert!(offer.suites.contains(&hello.cipher_suite), "ORACLE suite: not offered: {}", context());
    assert!(hello.compression_method == 0, "ORACLE compression: {}", context());
    let is_forward_secret = |suite| {
        registry::suite(suite).is_some_and(|facts: &SuiteFacts| {
            !matches!(naive::kx(facts.suite), naive::Kx::Rsa | naive::Kx::RsaPsk | naive::Kx::Psk)
        })
    };
    if policy.suites.iter().all(|suite| is_forward_secret(*suite)) && version < ProtocolVersion::TLS1_3 {
        assert!(flight.key_exchange.is_some(), "ORACLE non-PFS: no key exchange: {}", context());
    }
    if let Some(group) = hello.key_share_group() {
        let theirs = offer.groups.as_ref().is_none_or(|groups| groups.contains(&group));
        assert!(theirs && policy.groups.contains(&group), "ORACLE group: {}", context());
    }
    // RFC 8446 4.1.3: a server that has TLS 1.3 says so when it negotiates less. Whose key goes with none of its schemes
    // for TLS 1.3 does not have it.
    let has_tls13 = policy.versions.contains(&ProtocolVersion::TLS1_3) && signs_in_tls13(policy, certificate);
    if has_tls13 && version < ProtocolVersion::TLS1_3 {
        let wanted = if version == ProtocolVersion::TLS1_2 { DOWNGRADE_TO_TLS12 } else { DOWNGRADE_TO_TLS11 };
        assert!(hello.random.ends_with(&wanted), "ORACLE sentinel: {}", context());
    }
}

/// RFC 8446 4.2.3: PSS for RSA, and for ECDSA the scheme of the key's own curve.
fn signs_in_tls13(policy: &Policy, certificate: CertificateKind) -> bool {
    let schemes: &[u16] =
        if certificate == CertificateKind::EcdsaP256 { &[0x0403] } else { &[0x0804, 0x0805, 0x0806] };
    policy.schemes.iter().any(|scheme| schemes.contains(&scheme.0))
}

/// The oracle and the stacks give one answer, but for what `scenarios/quirks.toml` says.
pub(super) fn compare(input: &[u8]) -> Seen {
    compare_asked(&Asked::comparable(&mut Draw::new(input)))
}

pub(super) fn compare_asked(asked: &Asked) -> Seen {
    let lab = lab();
    let mut told = Vec::new();
    for (at, name) in STACKS.iter().enumerate() {
        let Some(server) = server(lab, asked.policy, at, asked.certificate) else { continue };
        let (bytes, has_failed) = first_flight(lab, at, server, &asked.question);
        let answer = matrix::read(&bytes, has_failed);
        let policy = &server.fitted.policy;
        let key = matrix::key(asked.question.certificate);
        let expected = oracle(policy, Some(&key), &asked.question.offer);
        if let Some(difference) = matrix::difference(&expected, &answer) {
            let cell = Cell { policy, key: &key, question: &asked.question };
            let (quirks, candidates) = lab.quirks(at);
            assert!(
                quirks.explain(candidates, &oracle, cell, &answer).is_some(),
                "ORACLE differs: {name} with {}: {difference}\nasked {}\nexpected {expected:?}\nseen {answer:?}",
                lab.policies[asked.policy].id,
                asked.question.describe(),
            );
        }
        told.push(summary(name, &answer));
    }
    Seen::new(told.join(", "))
}

/// The hello is drawn and the stack answers.
pub(super) fn bare_select(input: &[u8]) {
    let asked = Asked::of_one(&mut Draw::new(input));
    if let Some(server) = server(lab(), asked.policy, asked.stack, asked.certificate) {
        first_flight(lab(), asked.stack, server, &asked.question);
    }
}

/// The parts: the hello is drawn, the stacks answer, the oracle says what it expects of each.
pub(super) fn bare_compare(input: &[u8]) {
    let asked = Asked::comparable(&mut Draw::new(input));
    let key = matrix::key(asked.question.certificate);
    for at in 0..STACKS.len() {
        if let Some(server) = server(lab(), asked.policy, at, asked.certificate) {
            let (bytes, has_failed) = first_flight(lab(), at, server, &asked.question);
            let expected = oracle(&server.fitted.policy, Some(&key), &asked.question.offer);
            std::hint::black_box((bytes, has_failed, expected.is_ok()));
        }
    }
}

fn summary(stack: &str, answer: &Answer) -> String {
    match answer {
        Answer::Proposed(Shown { version, suite, .. }) => {
            format!("{stack} {version} {:?}", naive::kx(*suite))
        }
        Answer::Abandoned(_) => format!("{stack} abandoned"),
        Answer::Alert(alert) => format!("{stack} {alert}"),
        Answer::Silence => format!("{stack} silent"),
        Answer::Unreadable(_) => format!("{stack} unreadable"),
    }
}
