//! From a scenario to its cases.

use std::collections::BTreeSet;
use std::sync::Arc;

use wildmatch::WildMatch;

use crate::pki::{CertificateKind, KeyKind};
use crate::registry::{
    self, Authentication, Cipher, CipherMode, CipherSuite, KeyExchange, ProtocolVersion, SuiteFacts,
    SuiteKind,
};

use super::live::LiveSuites;
use super::schema::{Axis, Pick, Scenario, Selector, Tier};

/// The suites of the strong control: ECDHE with AEAD, and TLS 1.3's (RFC 9325 4.2).
const STRONG: [&str; 9] = [
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
];

/// What the strong control has beside [`STRONG`] where a floor allows TLS 1.0: the suites of RFC 8422 that this version
/// has, forward secret and not broken.
const STRONG_BEFORE_TLS12: [&str; 4] = [
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
];

fn strong() -> impl Iterator<Item = &'static SuiteFacts> {
    STRONG.iter().filter_map(|name| registry::suite_by_name(name))
}

/// What the server of a case has to offer, most wanted first.
pub type Suites = Vec<CipherSuite>;

/// One expanded point of a scenario. (client, id) is unique in a run.
#[derive(Clone, Debug)]
pub struct Case {
    /// `scenario@axis+axis+...`; the join key of baselines.
    pub id: String,
    pub scenario: Arc<Scenario>,
    pub tier: Tier,
    pub version: ProtocolVersion,
    pub suites: Suites,
    /// `None`: anonymous or PSK.
    pub certificate: Option<CertificateKind>,
    /// 0: the suites need none.
    pub dh_bits: u16,
    pub pick: Pick,
}

impl Case {
    /// The suite that stands for the case.
    pub fn suite(&self) -> Option<&'static SuiteFacts> {
        self.suites.first().and_then(|suite| registry::suite(*suite))
    }

    /// Whether a run of this tier plays the case.
    ///
    /// Tier core asks for broken rules in TLS 1.2 alone, for an older version is a breach in itself. Where the floor
    /// allows TLS 1.0 or 1.1, what it forbids has to be asked for in those, too: a client may refuse anonymous servers
    /// in TLS 1.2 only because it has nothing newer than TLS 1.0.
    pub fn is_in(&self, tier: Tier, min_version: ProtocolVersion) -> bool {
        let is_old_and_allowed = min_version <= self.version && self.version < ProtocolVersion::TLS1_2;
        self.tier <= if is_old_and_allowed { tier.max(Tier::Default) } else { tier }
    }

    /// The strong suites that a certificate can carry in the versions from `oldest` on: what the positive control
    /// plays.
    pub fn strong_suites(key: KeyKind, oldest: ProtocolVersion) -> Suites {
        let older: &[&str] = if oldest < ProtocolVersion::TLS1_2 { &STRONG_BEFORE_TLS12 } else { &[] };
        let all = strong().chain(older.iter().filter_map(|name| registry::suite_by_name(name)));
        all.filter(|facts| carries(facts, Some(key))).map(|facts| facts.suite).collect()
    }
}

/// Expands a scenario to all cases that a stack can play, in a stable order.
pub fn expand(scenario: &Arc<Scenario>, live: &LiveSuites) -> Vec<Case> {
    let mut cases = Vec::new();
    for &version in &scenario.versions {
        for point in points(scenario, version, live) {
            for &pick in &scenario.picks {
                cases.push(case(scenario, version, &point, pick));
            }
        }
    }
    cases
}

/// A point of the suite, certificate and group axes.
struct Point {
    /// The parts of the id between version and pick.
    parts: Vec<String>,
    suites: Suites,
    certificate: Option<CertificateKind>,
    dh_bits: u16,
    representative: bool,
}

fn points(scenario: &Scenario, version: ProtocolVersion, live: &LiveSuites) -> Vec<Point> {
    let certificates = match scenario.certificates.as_slice() {
        [] => &[CertificateKind::Rsa2048][..],
        listed => listed,
    };
    let mut points = Vec::new();
    match &scenario.axis {
        Axis::KeyExchange(kinds) => {
            for &kx in kinds {
                for &certificate in certificates {
                    let suites = family(kx, certificate.key(), version, live);
                    if suites.is_empty() {
                        continue;
                    }
                    let mut parts = vec![kx.to_string()];
                    parts.extend(certificate_part(certificate));
                    let dh_bits = default_dh_bits(&suites);
                    points.push(Point {
                        parts,
                        suites,
                        certificate: Some(certificate),
                        dh_bits,
                        representative: true,
                    });
                }
            }
        }
        Axis::Suites(selector) => {
            let mut seen = BTreeSet::new();
            for facts in selected(selector, version, live) {
                let representative = !selector.one_per_cipher || seen.insert(kind_of(facts));
                for certificate in fitting(facts, certificates, scenario) {
                    for dh_bits in group_sizes(facts, &scenario.dh_bits) {
                        let mut parts = vec![facts.name.to_owned()];
                        if scenario.dh_bits.len() > 1 {
                            parts.push(dh_bits.to_string());
                        }
                        // A suite names its certificate, except in TLS 1.3 and for the bad ones.
                        if facts.authentication == Authentication::Tls13
                            || certificate.is_some_and(|c| c.is_bad())
                        {
                            parts.extend(certificate.and_then(certificate_part));
                        }
                        points.push(Point {
                            parts,
                            suites: vec![facts.suite],
                            certificate,
                            dh_bits,
                            representative,
                        });
                    }
                }
            }
        }
        Axis::Strong => {
            for &certificate in certificates {
                let suites = Case::strong_suites(certificate.key(), version)
                    .into_iter()
                    .filter(|suite| registry::suite(*suite).is_some_and(|facts| facts.usable_in(version)))
                    .collect();
                let parts = certificate_part(certificate).into_iter().collect();
                points.push(Point {
                    parts,
                    suites,
                    certificate: Some(certificate),
                    dh_bits: 0,
                    representative: true,
                });
            }
        }
    }
    points
}

fn case(scenario: &Arc<Scenario>, version: ProtocolVersion, point: &Point, pick: Pick) -> Case {
    let mut parts = vec![version.to_string()];
    parts.extend(point.parts.iter().cloned());
    parts.push(pick.as_str().to_owned());
    let place = parts.join("+");
    let in_core =
        scenario.core.is_empty() || scenario.core.iter().any(|glob| WildMatch::new(glob).matches(&place));
    let tier = match (point.representative, in_core) {
        (true, true) => scenario.tier,
        (true, false) => scenario.tier.max(Tier::Default),
        // A glob that names a suite makes it a representative, too.
        (false, true) if !scenario.core.is_empty() => scenario.tier,
        (false, _) => Tier::Full,
    };
    Case {
        id: format!("{}@{place}", scenario.id),
        scenario: Arc::clone(scenario),
        tier,
        version,
        suites: point.suites.clone(),
        certificate: point.certificate,
        dh_bits: point.dh_bits,
        pick,
    }
}

fn certificate_part(certificate: CertificateKind) -> Option<String> {
    (certificate != CertificateKind::Rsa2048).then(|| certificate.to_string())
}

/// All AES suites of a key exchange that a certificate carries: CBC with SHA-1 first, since the old versions have
/// nothing else, then the rest.
fn family(kx: KeyExchange, key: KeyKind, version: ProtocolVersion, live: &LiveSuites) -> Suites {
    let mut suites: Vec<_> = registry::suites()
        .iter()
        .filter(|f| f.key_exchange == kx && carries(f, Some(key)) && live.contains(f.suite, version))
        .filter(|f| f.cipher == Cipher::Aes && !matches!(f.mode, CipherMode::Ccm | CipherMode::Ccm8))
        .collect();
    suites.sort_by_key(|f| (f.mode != CipherMode::Cbc, f.suite));
    suites.into_iter().map(|f| f.suite).collect()
}

fn selected<'a>(
    selector: &'a Selector,
    version: ProtocolVersion,
    live: &'a LiveSuites,
) -> impl Iterator<Item = &'static SuiteFacts> + use<'a> {
    registry::suites().iter().filter(move |facts| {
        facts.kind == SuiteKind::Suite
            && live.contains(facts.suite, version)
            && (selector.names.contains(&facts.suite)
                || (selector.kx.contains(&facts.key_exchange)
                    && (selector.ciphers.is_empty() || selector.ciphers.contains(&facts.cipher))))
    })
}

/// Suites of the same kind differ only in ways that no floor looks at.
fn kind_of(facts: &SuiteFacts) -> String {
    format!("{:?} {:?} {:?} {:?}", facts.key_exchange, facts.authentication, facts.cipher, facts.mode)
}

/// The certificates of the scenario that carry the suite; the suite's own kind when the scenario names none.
fn fitting(
    facts: &SuiteFacts,
    named: &[CertificateKind],
    scenario: &Scenario,
) -> Vec<Option<CertificateKind>> {
    match facts.authentication {
        Authentication::Anon | Authentication::Psk => vec![None],
        _ if scenario.psk_ke => vec![None],
        _ if scenario.certificates.is_empty() && facts.authentication != Authentication::Tls13 => {
            [CertificateKind::Rsa2048, CertificateKind::EcdsaP256]
                .into_iter()
                .filter(|kind| carries(facts, Some(kind.key())))
                .map(Some)
                .collect()
        }
        _ => named.iter().copied().filter(|kind| carries(facts, Some(kind.key()))).map(Some).collect(),
    }
}

/// Whether a certificate with that key can authenticate the suite.
fn carries(facts: &SuiteFacts, key: Option<KeyKind>) -> bool {
    matches!(
        (facts.authentication, key),
        (Authentication::Tls13, Some(_))
            | (Authentication::Rsa | Authentication::RsaPsk, Some(KeyKind::Rsa2048))
            | (Authentication::Ecdsa, Some(KeyKind::EcdsaP256))
    )
}

fn default_dh_bits(suites: &Suites) -> u16 {
    let needs = suites.iter().filter_map(|s| registry::suite(*s)).any(SuiteFacts::is_ephemeral_finite_field);
    if needs { 2048 } else { 0 }
}

fn group_sizes(facts: &SuiteFacts, stated: &[u16]) -> Vec<u16> {
    match (facts.is_ephemeral_finite_field(), stated) {
        (false, _) => vec![0],
        (true, []) => vec![2048],
        (true, sizes) => sizes.to_vec(),
    }
}
