//! Servers of all policies on all stacks, and one ClientHello.

use std::sync::OnceLock;

use crate::engine::{Prepared, Role, Status};
use crate::fit::{Fitted, fit};
use crate::matrix::{self, Answer, Cell, Question, Shown};
use crate::oracle::{Offer, naive, select as oracle};
use crate::pki::CertificateKind;
use crate::policy::Policy;
use crate::probe::{Flight, FlightReader};
use crate::registry::{self, NamedGroup, ProtocolVersion, SuiteFacts};
use crate::wire::ClientHello;
use crate::wire::handshake::{DOWNGRADE_TO_TLS11, DOWNGRADE_TO_TLS12, ServerKeyExchange};

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
            // What could be opened a moment ago can be prepared: a server that goes missing is one that nobody looks at.
            let prepared = backend
                .prepare(Role::Server, &fitted.spec)
                .unwrap_or_else(|error| panic!("{} with {}: {error}", STACKS[stack], fitted.policy.id));
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
    let _ = lab;
    let mut bytes = Vec::new();
    // No refusal of the hello: it never saw it.
    let mut engine = server
        .prepared
        .open()
        .unwrap_or_else(|error| panic!("{} with {}: {error}", STACKS[stack], server.fitted.policy.id));
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
            // As the catalogue has it, and as the stack plays it: what is fitted may only have lost something.
            within(name, &lab.policies[asked.policy], flight);
            within(name, policy, flight);
            obeys(name, policy, asked.question.certificate, offer, flight);
            Seen::new(format_args!("{name}: {} {:?}", flight.version(), naive::kx(flight.hello.cipher_suite)))
        }
        None => {
            assert!(has_failed, "ORACLE silence: {name} neither answers nor refuses {offer:?}");
            Seen::new(format_args!("{name}: {:?}", reader.alert().map(|alert| alert.description)))
        }
    }
}

/// The group that a flight chooses, by its key share or, up to TLS 1.2, by its ServerKeyExchange (RFC 8422 5.4).
fn chosen_group(flight: &Flight) -> Option<NamedGroup> {
    let named = || flight.key_exchange.as_ref().and_then(ServerKeyExchange::group);
    flight.hello.key_share_group().or_else(named)
}

/// Nothing but what stands in the policy's lists.
fn within(stack: &str, policy: &Policy, flight: &Flight) {
    let (version, hello) = (flight.version(), &flight.hello);
    let context = || format!("{stack} with {}: {hello:?}, {:?}", policy.id, flight.key_exchange);
    assert!(policy.versions.contains(&version), "ORACLE version: not the policy's: {}", context());
    assert!(policy.suites.contains(&hello.cipher_suite), "ORACLE suite: not the policy's: {}", context());
    let is_forward_secret = |suite| {
        registry::suite(suite).is_some_and(|facts: &SuiteFacts| {
            !matches!(naive::kx(facts.suite), naive::Kx::Rsa | naive::Kx::RsaPsk | naive::Kx::Psk)
        })
    };
    if policy.suites.iter().all(|suite| is_forward_secret(*suite)) && version < ProtocolVersion::TLS1_3 {
        assert!(flight.key_exchange.is_some(), "ORACLE non-PFS: no key exchange: {}", context());
    }
    if let Some(group) = chosen_group(flight) {
        assert!(policy.groups.contains(&group), "ORACLE group: not the policy's: {}", context());
    }
}

/// The rules, from the lists of the policy and of the hello: none of the oracle's functions is asked.
fn obeys(stack: &str, policy: &Policy, certificate: CertificateKind, offer: &Offer, flight: &Flight) {
    let (version, hello) = (flight.version(), &flight.hello);
    let context = || format!("{stack} with {}: {hello:?} to {offer:?}", policy.id);
    let is_offered = match &offer.supported_versions {
        Some(list) if policy.versions.contains(&ProtocolVersion::TLS1_3) => list.contains(&version),
        // A server that does not know the extension goes by the field (RFC 8446 4.2.1).
        Some(list) => list.contains(&version) || version <= offer.legacy_version,
        None => version <= offer.legacy_version && version < ProtocolVersion::TLS1_3,
    };
    assert!(is_offered, "ORACLE version: not offered: {}", context());
    assert!(offer.suites.contains(&hello.cipher_suite), "ORACLE suite: not offered: {}", context());
    assert!(hello.compression_method == 0, "ORACLE compression: {}", context());
    // A client that names no groups takes any (RFC 8422 4).
    if let (Some(group), Some(named)) = (chosen_group(flight), &offer.groups) {
        assert!(named.contains(&group), "ORACLE group: {group} was not offered: {}", context());
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

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::registry::CipherSuite;
    use crate::wire::ServerHello;

    /// Policies that no stack plays are policies that the targets never look at.
    #[test]
    fn the_stacks_play_most_policies() {
        let lab = lab();
        let playable = [0, 1, 2].map(|stack| {
            let plays = |policy: &usize| {
                (0..CERTIFICATES.len()).any(|certificate| server(lab, *policy, stack, certificate).is_some())
            };
            (0..lab.policies.len()).filter(plays).count()
        });
        let least = [250; 3];
        let is_enough = playable.iter().zip(least).all(|(played, least)| *played >= least);
        assert!(is_enough, "{STACKS:?}: {playable:?} of {}", lab.policies.len());
    }

    /// What a flight with this suite, version and curve is found for, if the policy has one of each.
    fn found(change: impl FnOnce(&mut Policy, &mut Offer, &mut Flight)) -> Option<String> {
        let group = NamedGroup::X25519;
        let mut policy = lab().policies[0].clone();
        policy.versions = vec![ProtocolVersion::TLS1_2];
        policy.suites = vec![CipherSuite(0xC02F)];
        policy.groups = vec![group];
        let mut offer = Offer::new(ProtocolVersion::TLS1_2);
        offer.suites.clone_from(&policy.suites);
        offer.groups = Some(vec![group]);
        let hello = ServerHello {
            legacy_version: ProtocolVersion::TLS1_2,
            random: [7; 32],
            session_id: Vec::new(),
            cipher_suite: CipherSuite(0xC02F),
            compression_method: 0,
            extensions: None,
        };
        let key_exchange = ServerKeyExchange::Ecdhe { group, point: vec![4], signature: None };
        let mut flight =
            Flight { hello, chain: None, key_exchange: Some(key_exchange), is_done: true, has_ticket: false };
        change(&mut policy, &mut offer, &mut flight);
        let judged = || {
            within("a stack", &policy, &flight);
            obeys("a stack", &policy, CertificateKind::Rsa2048, &offer, &flight);
        };
        let panic = catch_unwind(AssertUnwindSafe(judged)).err()?;
        let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
        Some(text.strip_prefix("ORACLE ")?.split(": ").take(2).collect::<Vec<_>>().join(": "))
    }

    #[test]
    fn a_flight_is_held_to_policy_and_hello() {
        assert_eq!(found(|_, _, _| {}), None);
        let p256 = || vec![NamedGroup::SECP256R1];
        let wrong = found(|policy, _, _| policy.groups = p256());
        assert_eq!(wrong.as_deref(), Some("group: not the policy's"));
        let wrong = found(|_, offer, _| offer.groups = Some(p256()));
        assert_eq!(wrong.as_deref(), Some("group: x25519 was not offered"));
        assert_eq!(found(|_, offer, _| offer.groups = None), None);
        let wrong = found(|_, _, flight| flight.key_exchange = None);
        assert_eq!(wrong.as_deref(), Some("non-PFS: no key exchange"));
        let wrong = found(|policy, _, _| policy.suites = vec![CipherSuite(0xC030)]);
        assert_eq!(wrong.as_deref(), Some("suite: not the policy's"));
        let wrong = found(|_, offer, _| offer.suites.clear());
        assert_eq!(wrong.as_deref(), Some("suite: not offered"));
        let wrong = found(|policy, _, _| policy.versions = vec![ProtocolVersion::TLS1_1]);
        assert_eq!(wrong.as_deref(), Some("version: not the policy's"));
        let wrong = found(|_, _, flight| flight.hello.compression_method = 1);
        assert!(wrong.is_some_and(|text| text.starts_with("compression")));
    }
}
