//! `--breaks FLOOR`: could a session that a policy allows break the floor?
//!
//! Answered from the policy and [`breaches`] for every version and suite that it can play, rule by rule. Only rules
//! that the floor lets fail count. What a source does not state is not known: a stand-in's suites, derived versions,
//! the size of a finite-field group that was derived. The certificate is no part of a policy, and with it the field of
//! static Diffie-Hellman.

use crate::judge::{FindingCode, code_of};
use crate::oracle::{Proposal, Rule, breaches};
use crate::policy::{Certainty, Floor, Policy, Statement, Treatment};
use crate::registry::{self, CipherSuite, ForwardSecrecy, KeyExchange, NamedGroup, ProtocolVersion};
use crate::run::catalogue::Catalogue;

use super::super::exit::Exit;
use super::super::floor::by_id;

/// Whether a rule can be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// By a session that the policy is known to allow.
    Yes,
    /// By none.
    No,
    /// What is published does not tell.
    Unknown,
}

impl Answer {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

/// The rules that a policy can break; the others are about certificates and impossible sessions.
const RULES: [Rule; 7] = [
    Rule::Version,
    Rule::ForwardSecrecy,
    Rule::Authentication,
    Rule::Encryption,
    Rule::FiniteFieldDhe,
    Rule::WeakCipher,
    Rule::DhGroupSize,
];

/// What a policy can break of a floor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breaking {
    /// The floor's id.
    pub floor: String,
    /// Every rule, in their order.
    pub rules: Vec<(FindingCode, Answer)>,
}

impl Breaking {
    /// Answers each rule.
    pub fn of(floor: &Floor, policy: &Policy) -> Self {
        let known = Known::of(policy);
        let broken = broken_rules(floor, policy, &known);
        let answer = |rule| {
            if broken.contains(&rule) {
                Answer::Yes
            } else if !can_fail(floor, rule) || known.excludes(rule) {
                Answer::No
            } else {
                Answer::Unknown
            }
        };
        let rules = RULES.into_iter().map(|rule| (code_of(rule), answer(rule))).collect();
        Self { floor: floor.id.clone(), rules }
    }

    /// One broken rule is enough; none is broken only if none is unknown.
    pub fn answer(&self) -> Answer {
        let any = |wanted| self.rules.iter().any(|(_, answer)| *answer == wanted);
        match (any(Answer::Yes), any(Answer::Unknown)) {
            (true, _) => Answer::Yes,
            (false, true) => Answer::Unknown,
            (false, false) => Answer::No,
        }
    }

    /// The codes of the rules that are known to be broken.
    pub fn codes(&self) -> Vec<&'static str> {
        self.rules
            .iter()
            .filter(|(_, answer)| *answer == Answer::Yes)
            .map(|(code, _)| code.as_str())
            .collect()
    }
}

/// What of a policy is published.
struct Known {
    versions: bool,
    suites: bool,
    forward_secrecy: bool,
    /// Size or names of the server's finite-field groups.
    group_size: bool,
    /// Of every suite that takes a finite-field group.
    all_sizes: bool,
}

impl Known {
    fn of(policy: &Policy) -> Self {
        let derived = |field| policy.is_derived(field);
        let versions = !policy.versions.is_empty() && !derived("versions");
        let certainty = policy.provenance.as_ref().map(|known| known.certainty);
        let is_published = certainty != Some(Certainty::Unpublished) && !policy.is_stand_in();
        let suites = !policy.suites.is_empty() && is_published && !derived("suites");
        let states = |what| policy.provenance.as_ref().is_some_and(|known| known.states.contains(&what));
        // A list of its own that says otherwise takes back what is said without a list.
        let is_contradicted =
            !policy.is_stand_in() && policy.suites.iter().any(|suite| lacks_secrecy(*suite));
        let is_stated = states(Statement::ForwardSecrecy) && !is_contradicted;
        let group_size = match policy.dhe_bits {
            Some(_) => !derived("dhe_bits"),
            None => sizes(policy, ProtocolVersion::TLS1_2).next().is_some() && !derived("groups"),
        };
        let any = |wanted: fn(CipherSuite) -> bool| policy.suites.iter().any(|suite| wanted(*suite));
        let all_sizes = !any(takes_the_certificates_field) && (group_size || !any(takes_a_field));
        Self {
            versions,
            suites: versions && suites,
            forward_secrecy: versions && suites || is_stated,
            group_size,
            all_sizes: versions && suites && all_sizes,
        }
    }

    /// Whether a rule that no known session breaks is broken by none at all.
    const fn excludes(&self, rule: Rule) -> bool {
        match rule {
            Rule::Version => self.versions,
            Rule::ForwardSecrecy => self.forward_secrecy,
            Rule::DhGroupSize => self.all_sizes,
            Rule::Authentication
            | Rule::Encryption
            | Rule::FiniteFieldDhe
            | Rule::WeakCipher
            | Rule::RsaKeySize
            | Rule::Undefined => self.suites,
        }
    }
}

/// Whether some session breaks the rule and the floor says that it fails.
fn can_fail(floor: &Floor, rule: Rule) -> bool {
    let treatment = match rule {
        Rule::ForwardSecrecy => floor.no_forward_secrecy,
        Rule::Authentication => floor.unauthenticated,
        Rule::Encryption => floor.unencrypted,
        Rule::FiniteFieldDhe => floor.finite_field_dhe,
        Rule::DhGroupSize if floor.min_dhe_bits == 0 => Treatment::Allow,
        // EXPORT suites are weak whatever the floor says.
        Rule::Version | Rule::WeakCipher | Rule::DhGroupSize | Rule::RsaKeySize | Rule::Undefined => {
            Treatment::Fail
        }
    };
    treatment == Treatment::Fail
}

/// The rules that fail in at least one session that the policy is known to allow.
fn broken_rules(floor: &Floor, policy: &Policy, known: &Known) -> Vec<Rule> {
    let failing = |proposal: &Proposal| {
        let found = breaches(floor, proposal).into_iter();
        found.filter(|breach| breach.treatment == Treatment::Fail).map(|breach| breach.rule)
    };
    let mut broken = Vec::new();
    let versions = if known.versions { &policy.versions[..] } else { &[] };
    for version in versions {
        // A version is too old with whatever suite: that rule does not wait for a list.
        let any_suite = Proposal::new(*version, CipherSuite(0));
        broken.extend(failing(&any_suite).filter(|rule| *rule == Rule::Version));
        if !known.suites {
            continue;
        }
        for suite in policy.suites.iter().copied().filter(|suite| plays(*suite, *version)) {
            let plain = Proposal::new(*version, suite);
            broken.extend(failing(&plain));
            if !known.group_size || !may_take_a_field(suite) {
                continue;
            }
            for (group, dh_bits) in sizes(policy, *version) {
                broken.extend(failing(&Proposal { group, dh_bits, ..plain.clone() }));
            }
        }
    }
    broken
}

/// Whether a suite of the policy takes a finite-field group whose size nobody says.
pub fn lacks_a_size(policy: &Policy) -> bool {
    policy.dhe_bits.is_none()
        && sizes(policy, ProtocolVersion::TLS1_2).next().is_none()
        && policy.suites.iter().any(|suite| takes_a_field(*suite))
}

fn plays(suite: CipherSuite, version: ProtocolVersion) -> bool {
    registry::suite(suite).is_some_and(|facts| facts.played_in(version))
}

/// The finite-field groups that the server can take: its own one (up to TLS 1.2), or the named ones.
fn sizes(
    policy: &Policy,
    version: ProtocolVersion,
) -> impl Iterator<Item = (Option<NamedGroup>, Option<u16>)> + '_ {
    let is_tls13 = version >= ProtocolVersion::TLS1_3;
    let own = policy.dhe_bits.filter(|_| !is_tls13);
    let named = policy.groups.iter().filter_map(|group| registry::group(*group));
    let named = named.filter(move |facts| if is_tls13 { facts.tls13 } else { facts.tls12 && own.is_none() });
    let named = named.filter_map(|facts| Some((Some(facts.group), Some(facts.dh_bits()?))));
    own.map(|bits| (None, Some(bits))).into_iter().chain(named)
}

fn lacks_secrecy(suite: CipherSuite) -> bool {
    registry::suite(suite).is_some_and(|facts| facts.forward_secrecy() == ForwardSecrecy::Absent)
}

/// Whether playing the suite takes a finite-field group that the server chooses.
fn takes_a_field(suite: CipherSuite) -> bool {
    let is_finite_field = registry::suite(suite).is_some_and(registry::SuiteFacts::is_finite_field);
    is_finite_field && !takes_the_certificates_field(suite)
}

/// Static Diffie-Hellman: the field is that of the key in the certificate.
fn takes_the_certificates_field(suite: CipherSuite) -> bool {
    registry::suite(suite).is_some_and(|facts| facts.key_exchange == KeyExchange::Dh)
}

fn may_take_a_field(suite: CipherSuite) -> bool {
    let is_tls13 = registry::suite(suite).is_some_and(|facts| facts.key_exchange == KeyExchange::Tls13);
    is_tls13 || takes_a_field(suite)
}

/// A floor by its id.
pub fn floor(id: &str) -> Result<Floor, Exit> {
    let catalogue = Catalogue::load(&[]).map_err(|error| Exit::usage(error.to_string()))?;
    by_id(id, &catalogue)
}
