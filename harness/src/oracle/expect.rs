//! What one connection of a case must come to.

use super::breach::{Breach, breaches};
use super::proposal::{KeyType, Proposal, Refusal};
use super::{Offer, select};
use crate::policy::{Floor, Policy, Treatment};
use crate::registry::{self, CipherSuite, ProtocolVersion};

/// What the client owes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Duty {
    /// It has to refuse.
    MustRefuse,
    /// It may complete.
    MayComplete,
}

/// What one connection must come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// What the client owes.
    ///
    /// When the server refuses there is no session to judge: then the client owes a refusal if no session
    /// that this server can have is good enough for the floor.
    pub duty: Duty,
    /// What an honest server does, or the proposal that the case forces.
    pub outcome: Result<Proposal, Refusal>,
    /// The rules that the outcome breaks. When the server refuses: those that every session of this
    /// server would break (possibly none, even if each breaks some).
    pub breaches: Vec<Breach>,
}

/// What a connection must come to whose hello was `offer`. A forced proposal (an edited ServerHello) is
/// the outcome whatever was offered.
pub fn expect(
    policy: &Policy,
    identity: Option<&KeyType>,
    floor: &Floor,
    offer: &Offer,
    forced: Option<&Proposal>,
) -> Expectation {
    let outcome = match forced {
        Some(proposal) => Ok(proposal.clone()),
        None => select(policy, identity, offer),
    };
    let sessions = match &outcome {
        Ok(proposal) => vec![breaches(floor, proposal)],
        Err(_) => sessions(policy, identity).iter().map(|session| breaches(floor, session)).collect(),
    };
    let is_refused = |broken: &Vec<Breach>| broken.iter().any(|breach| breach.treatment == Treatment::Fail);
    // A server that can have no session at all is no reason to demand anything.
    let must_refuse = !sessions.is_empty() && sessions.iter().all(is_refused);
    let shared = sessions.split_first().map(|(first, rest)| {
        let everywhere = |breach: &Breach| rest.iter().all(|broken| broken.contains(breach));
        first.iter().copied().filter(everywhere).collect()
    });
    Expectation {
        duty: if must_refuse { Duty::MustRefuse } else { Duty::MayComplete },
        outcome,
        breaches: shared.unwrap_or_default(),
    }
}

/// Every session that a server can have, one for each version and suite; if its certificate allows none,
/// those that it could have with another one.
fn sessions(policy: &Policy, identity: Option<&KeyType>) -> Vec<Proposal> {
    let pairs = || {
        let suites = policy.suites.iter().filter_map(|suite| registry::suite(*suite));
        suites.flat_map(|facts| {
            let versions = policy.versions.iter().filter(|version| facts.played_in(**version));
            versions.map(|version| (*version, facts.suite))
        })
    };
    let playable: Vec<_> = pairs()
        .filter_map(|(version, suite)| select(policy, identity, &willing(policy, version, suite)).ok())
        .collect();
    if !playable.is_empty() {
        return playable;
    }
    let bits = identity.and_then(KeyType::rsa_bits);
    let unplayable = |(version, suite)| Proposal {
        dh_bits: policy.dhe_bits,
        certificate_bits: bits,
        ..Proposal::new(version, suite)
    };
    pairs().map(unplayable).collect()
}

/// A hello that takes whatever the server has, in one version and with one suite.
fn willing(policy: &Policy, version: ProtocolVersion, suite: CipherSuite) -> Offer {
    let is_tls13 = version >= ProtocolVersion::TLS1_3;
    // Where no group is named, a hello leaves the choice to the server up to TLS 1.2.
    let groups = is_tls13.then(|| policy.groups.clone());
    Offer {
        supported_versions: Some(vec![version]),
        suites: vec![suite],
        compressions: vec![0],
        key_shares: groups.clone(),
        groups,
        schemes: Some(policy.schemes.clone()),
        // The field means nothing beside `supported_versions`, and no server takes SSL 3 there.
        ..Offer::new(ProtocolVersion::TLS1_2)
    }
}
