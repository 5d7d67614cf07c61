//! What is asked: single-suite hellos for every version and suite, and seeded hellos with many of everything.

use fastrand::Rng;

use super::mend::mended;
use crate::observe::offer_of;
use crate::oracle::{Offer, RefusalReason};
use crate::pki::CertificateKind;
use crate::policy::Policy;
use crate::probe::{key_share, records};
use crate::registry::{
    self, Authentication, CipherSuite, KeyExchange, NamedGroup, ProtocolVersion, SignatureScheme, SuiteFacts,
    SuiteKind,
};
use crate::wire::{ClientHello, Extension};

/// One ClientHello, and the certificate of the server that is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// The version and suite of a single-suite hello, `None` for a seeded one.
    pub single: Option<(ProtocolVersion, &'static SuiteFacts)>,
    pub certificate: CertificateKind,
    pub hello: ClientHello,
    /// What the oracle sees of it.
    pub offer: Offer,
    /// What the stacks see.
    pub bytes: Vec<u8>,
}

impl Question {
    pub fn new(
        single: Option<(ProtocolVersion, &'static SuiteFacts)>,
        certificate: CertificateKind,
        hello: ClientHello,
    ) -> Self {
        Self { single, certificate, offer: offer_of(&hello), bytes: records(&hello), hello }
    }

    /// The question once more, with the hello that is refused for that reason mended: see [`mended`].
    pub fn mended(&self, reason: RefusalReason, policy: &Policy) -> Option<Self> {
        Some(Self::new(None, self.certificate, mended(reason, (policy, self.certificate), &self.hello)?))
    }

    /// The hello in words.
    pub fn describe(&self) -> String {
        match self.single {
            Some((version, facts)) => format!("{version} {} ({})", facts.name, self.certificate),
            None => format!("{:?} ({})", self.offer, self.certificate),
        }
    }
}

/// A hello for every version and suite, which offers nothing else, with everything around it that a server
/// could ask for. The certificate is of the kind that the suite takes.
pub fn singles() -> Vec<Question> {
    let suites = registry::suites().iter().filter(|facts| facts.kind == SuiteKind::Suite);
    suites
        .flat_map(|facts| ProtocolVersion::ALL.map(|version| (version, facts)))
        .map(|(version, facts)| {
            let certificate = match facts.authentication {
                Authentication::Ecdsa => CertificateKind::EcdsaP256,
                _ => CertificateKind::Rsa2048,
            };
            Question::new(Some((version, facts)), certificate, single(version, facts.suite))
        })
        .collect()
}

fn single(version: ProtocolVersion, suite: CipherSuite) -> ClientHello {
    let is_tls13 = version >= ProtocolVersion::TLS1_3;
    let mut extensions = vec![Extension::RenegotiationInfo(Vec::new())];
    let groups = usable_groups(|facts| if is_tls13 { facts.tls13 } else { facts.tls12 });
    extensions.push(Extension::SupportedGroups(groups));
    extensions.push(Extension::EcPointFormats(vec![0]));
    if version >= ProtocolVersion::TLS1_2 {
        extensions.push(Extension::SignatureAlgorithms(all_schemes()));
    }
    if is_tls13 {
        extensions.push(Extension::SupportedVersions(vec![version]));
        let shares = [NamedGroup::X25519MLKEM768, NamedGroup::X25519, NamedGroup::SECP256R1];
        extensions.push(Extension::KeyShareOffer(shares.into_iter().filter_map(key_share).collect()));
    }
    ClientHello {
        legacy_version: version.min(ProtocolVersion::TLS1_2),
        random: [0x5A; 32],
        session_id: Vec::new(),
        cipher_suites: vec![suite],
        compression_methods: vec![0],
        // SSL 3 has none (RFC 6101 5.6.1.2).
        extensions: (version > ProtocolVersion::SSL3).then_some(extensions),
    }
}

fn usable_groups(wanted: impl Fn(&registry::GroupFacts) -> bool) -> Vec<NamedGroup> {
    let groups = registry::groups().iter().filter(|facts| !facts.group.is_grease() && wanted(facts));
    groups.map(|facts| facts.group).collect()
}

fn all_schemes() -> Vec<SignatureScheme> {
    let schemes = registry::schemes().iter().filter(|facts| facts.tls12 || facts.tls13_handshake);
    schemes.map(|facts| facts.scheme).filter(|scheme| !scheme.is_grease()).collect()
}

/// `count` hellos that depend on the seed and the policy's id alone.
///
/// They offer mostly what the policy has, in a drawn order, with strangers between; now and then an extension is
/// missing, a signal is set or the compression methods are not null.
pub fn seeded(policy: &Policy, seed: u64, count: usize) -> Vec<Question> {
    let mut rng = Rng::with_seed(policy.id.bytes().fold(seed, |sum, byte| {
        // FNV-1a: spreads names that differ in one letter.
        (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    }));
    (0..count).map(|_| draw(policy, &mut rng)).collect()
}

fn draw(policy: &Policy, rng: &mut Rng) -> Question {
    let certificate = if rng.bool() { CertificateKind::Rsa2048 } else { CertificateKind::EcdsaP256 };
    let is_modern = rng.u8(..10) < 7;
    let legacy_version = match rng.u8(..10) {
        _ if is_modern => ProtocolVersion::TLS1_2,
        0 => ProtocolVersion::SSL3,
        1 | 2 => ProtocolVersion::TLS1_0,
        3 => ProtocolVersion::TLS1_1,
        // Higher than all: RFC 5246 E.1 has a server answer with its own highest below TLS 1.3.
        4 => ProtocolVersion(0x0305),
        _ => ProtocolVersion::TLS1_2,
    };
    let mut extensions = Vec::new();
    let versions = is_modern.then(|| some_of(rng, &ProtocolVersion::ALL, &[ProtocolVersion(0x7F1C)]));
    let is_tls13 = versions.as_ref().is_some_and(|list| list.contains(&ProtocolVersion::TLS1_3));
    let (hello_suites, signals) = suites(policy, rng);
    if rng.u8(..10) < 9 {
        let strangers = usable_groups(|facts| facts.tls12 || facts.tls13);
        let groups = some_of(rng, &policy.groups, &strangers);
        if !groups.is_empty() {
            if is_tls13 && rng.u8(..10) < 9 {
                let shares = groups.iter().filter(|_| rng.u8(..3) == 0).filter_map(|group| key_share(*group));
                extensions.push(Extension::KeyShareOffer(shares.collect()));
            }
            extensions.push(Extension::SupportedGroups(groups));
        }
    }
    if rng.u8(..10) < 9 {
        let schemes = some_of(rng, &policy.schemes, &all_schemes());
        if !schemes.is_empty() {
            extensions.push(Extension::SignatureAlgorithms(schemes));
        }
    }
    if let Some(versions) = versions.filter(|versions| !versions.is_empty()) {
        extensions.push(Extension::SupportedVersions(versions));
    }
    if rng.bool() && !signals.contains(&CipherSuite::EMPTY_RENEGOTIATION_INFO_SCSV) {
        extensions.push(Extension::RenegotiationInfo(Vec::new()));
    }
    if rng.bool() {
        extensions.push(Extension::ExtendedMasterSecret);
    }
    extensions.push(Extension::EcPointFormats(vec![0]));
    rng.shuffle(&mut extensions);
    let compression_methods = match rng.u8(..20) {
        0 => vec![1],
        1 => vec![1, 0],
        _ => vec![0],
    };
    let mut cipher_suites = hello_suites;
    cipher_suites.extend(signals);
    let hello = ClientHello {
        legacy_version,
        random: [rng.u8(..); 32],
        session_id: Vec::new(),
        cipher_suites,
        compression_methods,
        extensions: (legacy_version > ProtocolVersion::SSL3).then_some(extensions),
    };
    Question::new(None, certificate, hello)
}

/// Suites, and the signals that go behind them.
fn suites(policy: &Policy, rng: &mut Rng) -> (Vec<CipherSuite>, Vec<CipherSuite>) {
    let strangers: Vec<CipherSuite> = registry::suites()
        .iter()
        // Signals are drawn on their own, and the null suite must not be offered (RFC 5246 A.5).
        .filter(|facts| facts.kind != SuiteKind::Signalling && facts.key_exchange != KeyExchange::Null)
        .map(|facts| facts.suite)
        .collect();
    let mut suites = some_of(rng, &policy.suites, &strangers);
    if suites.is_empty() {
        suites.push(strangers[rng.usize(..strangers.len())]);
    }
    let mut signals = Vec::new();
    if rng.u8(..4) == 0 {
        signals.push(CipherSuite::EMPTY_RENEGOTIATION_INFO_SCSV);
    }
    if rng.u8(..6) == 0 {
        signals.push(CipherSuite::FALLBACK_SCSV);
    }
    (suites, signals)
}

/// Some of `wanted`, now and then all or none, with a few strangers, shuffled.
fn some_of<T: Copy + PartialEq>(rng: &mut Rng, wanted: &[T], strangers: &[T]) -> Vec<T> {
    let share = rng.u8(..=4);
    let mut list: Vec<T> = wanted.iter().copied().filter(|_| rng.u8(..4) < share).collect();
    for _ in 0..rng.usize(..4) {
        let stranger = strangers[rng.usize(..strangers.len())];
        if !list.contains(&stranger) {
            list.push(stranger);
        }
    }
    rng.shuffle(&mut list);
    list
}
