//! What a server accepts beside what a policy says.
//!
//! Acceptance is compared, and the order of suites where both have one. The order of groups and schemes is not:
//! stacks follow the client there whatever the policy says.

use std::collections::BTreeMap;

use crate::policy::{Order, Policy};
use crate::registry::{
    self, Authentication, CipherSuite, GroupFamily, KeyAlgorithm, KeyExchange, NamedGroup, ProtocolVersion,
    SignatureScheme, SuiteFacts,
};

use super::found::Found;
use super::suites::{Accepted, Preference};

/// How sure a policy is of the field in which a server differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A source states it.
    Stated,
    /// No source states it: it was derived.
    Derived,
    /// It is borrowed from a stand-in, since nobody publishes it.
    Borrowed,
}

impl Source {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stated => "stated",
            Self::Derived => "derived",
            Self::Borrowed => "borrowed",
        }
    }

    fn of(policy: &Policy, field: &str) -> Self {
        if policy.is_borrowed(field) {
            Self::Borrowed
        } else if policy.is_derived(field) {
            Self::Derived
        } else {
            Self::Stated
        }
    }
}

/// Something that server and policy do not have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// As policy files call it.
    pub field: &'static str,
    pub text: String,
    pub source: Source,
}

/// A server beside a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    pub policy: String,
    pub differences: Vec<Difference>,
    /// What of the policy cannot show, and why: a difference there would not be seen.
    pub not_testable: Vec<(String, &'static str)>,
    /// Nothing of the policy could be tested, or nobody publishes what is in it.
    pub is_empty: bool,
}

impl Comparison {
    /// Whether a difference is certain: in a field that a source states.
    pub fn has_stated(&self) -> bool {
        self.differences.iter().any(|difference| difference.source == Source::Stated)
    }

    pub fn of(policy: &Policy, found: &Found) -> Self {
        let none = Self {
            policy: policy.id.clone(),
            differences: Vec::new(),
            not_testable: Vec::new(),
            is_empty: policy.playable().is_err() || found.trouble.is_some(),
        };
        let mut beside = Beside { policy, found, result: none };
        if found.trouble.is_none() {
            beside.versions();
            if found.accepted().next().is_none() {
                beside.result.is_empty = true;
                let is_unknown = found.versions.values().any(|(accepted, _)| accepted.unknown().is_some());
                let why =
                    if is_unknown { "nobody can tell what is accepted" } else { "no version is accepted" };
                beside.result.not_testable.push(("suites, groups and schemes".to_owned(), why));
            } else if !policy.suites.is_empty() {
                beside.suites();
                beside.order();
                beside.groups();
                beside.schemes();
                beside.finite_field();
            }
        }
        beside.result
    }
}

struct Beside<'a> {
    policy: &'a Policy,
    found: &'a Found,
    result: Comparison,
}

impl Beside<'_> {
    fn differs(&mut self, field: &'static str, text: String) {
        let source = Source::of(self.policy, field);
        self.result.differences.push(Difference { field, text, source });
    }

    fn accepted(&self, version: ProtocolVersion) -> Option<&Accepted> {
        self.found.versions.get(&version).map(|(accepted, _)| accepted)
    }

    /// The policy's suites for a version that the server's certificates allow.
    fn testable(&self, version: ProtocolVersion) -> Vec<CipherSuite> {
        let suites = self.policy.suites.iter().copied();
        suites.filter(|suite| plays(*suite, version) && self.lack(*suite).is_none()).collect()
    }

    fn versions(&mut self) {
        if self.policy.versions.is_empty() {
            return;
        }
        for version in ProtocolVersion::ALL {
            let Some(accepted) = self.accepted(version) else { continue };
            let is_accepted = !accepted.suites.is_empty();
            let is_unknown = accepted.unknown().is_some();
            match (self.policy.versions.contains(&version), is_accepted) {
                _ if is_unknown => {}
                (true, false) if self.policy.suites.is_empty() || !self.testable(version).is_empty() => {
                    self.differs("versions", format!("{} is in the policy and refused", version.title()));
                }
                (true, false) => {
                    let why = "no suite of the policy for it can show";
                    self.result.not_testable.push((version.title(), why));
                }
                (false, true) => {
                    self.differs(
                        "versions",
                        format!("{} is accepted and not in the policy", version.title()),
                    );
                }
                _ => {}
            }
        }
    }

    fn suites(&mut self) {
        let mut missing: BTreeMap<CipherSuite, Vec<String>> = BTreeMap::new();
        let mut extra = missing.clone();
        let mut tested = 0;
        for version in self.policy.versions.clone() {
            let Some(accepted) = self.accepted(version).filter(|accepted| !accepted.suites.is_empty()) else {
                continue;
            };
            let is_whole = accepted.end.trouble().is_none();
            let (seen, title) = (accepted.suites.clone(), version.title());
            let testable = self.testable(version);
            tested += testable.len();
            for suite in testable.into_iter().filter(|suite| is_whole && !seen.contains(suite)) {
                missing.entry(suite).or_default().push(title.clone());
            }
            for suite in seen.into_iter().filter(|suite| !self.policy.suites.contains(suite)) {
                extra.entry(suite).or_default().push(title.clone());
            }
        }
        for (suite, versions) in missing {
            self.differs("suites", format!("{suite} is in the policy and refused ({})", versions.join(", ")));
        }
        for (suite, versions) in extra {
            let text = format!("{suite} is accepted and not in the policy ({})", versions.join(", "));
            self.differs("suites", text);
        }
        for suite in self.policy.suites.clone() {
            if let Some(why) = self.lack(suite) {
                self.result.not_testable.push((suite.to_string(), why));
            }
        }
        self.result.is_empty |= tested == 0 && self.result.differences.is_empty();
    }

    fn order(&mut self) {
        let versions: Vec<_> = self.found.versions.values().cloned().collect();
        for (accepted, preference) in versions {
            let title = accepted.version.title();
            let wrong = match (self.policy.order, &preference) {
                (Order::Server, Preference::Client) => Some("picks in the client's order, not in its own"),
                (Order::Client, Preference::Server) => Some("picks in its own order, not in the client's"),
                (_, Preference::Mixed) => Some("picks now in its own order, now in the client's"),
                _ => None,
            };
            if let Some(wrong) = wrong {
                self.differs("order", format!("{title}: the server {wrong}"));
            }
            if (self.policy.order, preference) != (Order::Server, Preference::Server)
                || self.policy.is_unordered("suites")
            {
                continue;
            }
            let place = |suite: &CipherSuite| self.policy.suites.iter().position(|other| other == suite);
            // Where a suite stands that no text defines for the version says nothing about the policy (s2n-tls takes those
            // of TLS 1.2 in older versions, behind all others).
            let version = accepted.version;
            let common: Vec<_> = (accepted.suites.iter())
                .filter(|suite| place(suite).is_some() && plays(**suite, version))
                .collect();
            let swapped: Vec<String> = common
                .windows(2)
                .filter(|pair| place(pair[0]) > place(pair[1]))
                .map(|pair| format!("{title}: {} goes before {}, unlike in the policy", pair[0], pair[1]))
                .collect();
            swapped.into_iter().for_each(|text| self.differs("suites", text));
        }
    }

    fn groups(&mut self) {
        for list in self.found.groups.clone() {
            let is_tls13 = list.version >= ProtocolVersion::TLS1_3;
            let usable = |group: &NamedGroup| {
                registry::group(*group).is_some_and(|facts| match facts.family {
                    GroupFamily::Ffdhe => is_tls13 && facts.tls13,
                    _ if is_tls13 => facts.tls13,
                    _ => facts.tls12,
                })
            };
            let wanted: Vec<NamedGroup> = self.policy.groups.iter().copied().filter(usable).collect();
            let is_hidden = !is_tls13 && self.shows_curves_by_ecdsa_alone(list.version);
            let title = list.version.title();
            for group in wanted.iter().filter(|group| !list.items.contains(group)) {
                if is_hidden {
                    let why = "the certificate's curve has to be offered, too, and goes first";
                    self.result.not_testable.push((format!("{group} ({title})"), why));
                } else if list.trouble.is_none() {
                    self.differs("groups", format!("{group} is in the policy and refused ({title})"));
                }
            }
            for group in list.items.iter().filter(|group| !self.policy.groups.contains(group)) {
                self.differs("groups", format!("{group} is accepted and not in the policy ({title})"));
            }
        }
    }

    /// Whether every suite that shows a curve takes an ECDSA certificate, whose own curve the client has to name.
    fn shows_curves_by_ecdsa_alone(&self, version: ProtocolVersion) -> bool {
        let suites = self.accepted(version).into_iter().flat_map(|accepted| &accepted.suites);
        let mut curved = suites
            .filter_map(|suite| registry::suite(*suite))
            .filter(|facts| matches!(facts.key_exchange, KeyExchange::Ecdhe | KeyExchange::EcdhAnon));
        self.has(&[KeyAlgorithm::Ecdsa]) && curved.all(|facts| facts.authentication == Authentication::Ecdsa)
    }

    fn schemes(&mut self) {
        for list in self.found.schemes.clone() {
            let is_tls13 = list.version >= ProtocolVersion::TLS1_3;
            let title = list.version.title();
            for scheme in self.policy.schemes.clone() {
                let Some(facts) = registry::scheme(scheme) else { continue };
                let is_usable = if is_tls13 { facts.tls13_handshake } else { facts.tls12 };
                if !is_usable || list.items.contains(&scheme) {
                    continue;
                }
                if !self.can_sign(scheme, facts.key_type, is_tls13) {
                    let why = "no certificate with such a key signs here";
                    self.result.not_testable.push((format!("{scheme} ({title})"), why));
                } else if list.unconfirmed.contains(&scheme) {
                    let why = "the handshake was not completed";
                    self.result.not_testable.push((format!("{scheme} ({title})"), why));
                } else if list.trouble.is_none() {
                    self.differs("schemes", format!("{scheme} is in the policy and refused ({title})"));
                }
            }
            for scheme in list.items.iter().filter(|scheme| !self.policy.schemes.contains(scheme)) {
                self.differs("schemes", format!("{scheme} is accepted and not in the policy ({title})"));
            }
        }
    }

    /// Whether one of the server's keys can sign with the scheme. TLS 1.3 binds ECDSA to the curve (RFC 8446 4.2.3).
    /// Up to TLS 1.2 a key signs only in suites of its kind.
    fn can_sign(&self, scheme: SignatureScheme, key: KeyAlgorithm, is_tls13: bool) -> bool {
        let curve = match scheme.0 {
            0x0403 => "secp256r1",
            0x0503 => "secp384r1",
            0x0603 => "secp521r1",
            _ => "",
        };
        if !is_tls13 && !self.signs_in_tls12(key) {
            return false;
        }
        if curve.is_empty() {
            return self.has(&[key]);
        }
        let mut chains = self.found.certificates.iter().filter(|chain| chain.key == Some(key));
        chains.any(|chain| !is_tls13 || chain.curve.as_deref() == Some(curve))
    }

    fn signs_in_tls12(&self, key: KeyAlgorithm) -> bool {
        let wanted = match key {
            KeyAlgorithm::Rsa | KeyAlgorithm::RsaPss => Authentication::Rsa,
            KeyAlgorithm::Ecdsa | KeyAlgorithm::Ed25519 | KeyAlgorithm::Ed448 => Authentication::Ecdsa,
            KeyAlgorithm::Dsa => Authentication::Dss,
            _ => return false,
        };
        let accepted = self.accepted(ProtocolVersion::TLS1_2);
        let signed = |exchange| matches!(exchange, KeyExchange::Dhe | KeyExchange::Ecdhe);
        let mut facts =
            accepted.into_iter().flat_map(|found| &found.suites).filter_map(|suite| registry::suite(*suite));
        facts.any(|facts| facts.authentication == wanted && signed(facts.key_exchange))
    }

    /// Whether a key of the server's signs with a scheme of the policy's in TLS 1.3.
    fn signs_in_tls13(&self) -> bool {
        let facts = self.policy.schemes.iter().filter_map(|scheme| registry::scheme(*scheme));
        let mut usable = facts.filter(|facts| facts.tls13_handshake);
        usable.any(|facts| self.can_sign(facts.scheme, facts.key_type, true))
    }

    fn finite_field(&mut self) {
        let Some(bits) = self.policy.dhe_bits else { return };
        let others: Vec<String> =
            self.found.dhe_bits.iter().filter(|found| **found != bits).map(ToString::to_string).collect();
        if !others.is_empty() {
            self.differs("dhe_bits", format!("DHE with {} bits instead of {bits}", others.join(", ")));
        }
    }

    fn has(&self, keys: &[KeyAlgorithm]) -> bool {
        self.found.certificates.iter().filter_map(|chain| chain.key).any(|key| keys.contains(&key))
    }

    /// Why a suite cannot show, whether or not the server accepts it.
    fn lack(&self, suite: CipherSuite) -> Option<&'static str> {
        let Some(facts) = registry::suite(suite) else { return Some("it is not registered") };
        match facts.key_exchange {
            KeyExchange::Psk | KeyExchange::DhePsk | KeyExchange::RsaPsk | KeyExchange::EcdhePsk => {
                return Some("it takes a pre-shared key");
            }
            KeyExchange::Srp | KeyExchange::Eccpwd => return Some("it takes a password"),
            KeyExchange::Krb5 => return Some("it takes a Kerberos ticket"),
            _ => {}
        }
        if facts.authentication == Authentication::Tls13 {
            let why = "the server shows no certificate for the policy's schemes";
            return (!self.signs_in_tls13()).then_some(why);
        }
        use KeyAlgorithm as K;
        let (keys, why): (&[K], _) = match facts.authentication {
            Authentication::Rsa => (&[K::Rsa, K::RsaPss], "the server shows no RSA certificate"),
            Authentication::Ecdsa => (
                &[K::Ecdsa, K::Ed25519, K::Ed448],
                "the server shows no certificate with an elliptic-curve key",
            ),
            Authentication::Dss => (&[K::Dsa], "the server shows no DSA certificate"),
            Authentication::Gost => (&[K::Gost], "the server shows no GOST certificate"),
            _ => return None,
        };
        // What was not answered may have shown one.
        let is_whole = self.found.versions.values().all(|(accepted, _)| accepted.end.trouble().is_none());
        let why =
            if is_whole { why } else { "no answer showed a certificate for it, and not all was answered" };
        (!self.has(keys)).then_some(why)
    }
}

fn plays(suite: CipherSuite, version: ProtocolVersion) -> bool {
    registry::suite(suite).is_some_and(|facts: &SuiteFacts| facts.played_in(version))
}
