//! A policy as one stack can play it.

use std::fmt;
use std::sync::Arc;

use crate::engine::{Backend, CannotPlay, EndpointSpec, Role};
use crate::pki::Identity;
use crate::policy::{Order, Policy};
use crate::registry::{
    self, CipherSuite, KeyExchange, NamedGroup, ProtocolVersion, SignatureScheme, SuiteFacts,
};

/// What a stack cannot express and what was therefore taken out of a policy for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    Version(ProtocolVersion),
    Suite(CipherSuite),
    Group(NamedGroup),
    Scheme(SignatureScheme),
    /// The client's order: the stack knows only its own.
    ClientOrder,
    /// All of it, in the stack's words.
    Policy(String),
}

impl Item {
    /// The word for the kind of item.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Version(_) => "version",
            Self::Suite(_) => "suite",
            Self::Group(_) => "group",
            Self::Scheme(_) => "scheme",
            Self::ClientOrder => "order",
            Self::Policy(_) => "policy",
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => write!(f, "{version}"),
            Self::Suite(suite) => write!(f, "{suite}"),
            Self::Group(group) => write!(f, "{group}"),
            Self::Scheme(scheme) => write!(f, "{scheme}"),
            Self::ClientOrder => f.write_str("client"),
            Self::Policy(text) => f.write_str(text),
        }
    }
}

/// A policy without what the stack cannot express, and the server that plays it.
#[derive(Debug, Clone)]
pub struct Fitted {
    pub policy: Policy,
    pub spec: EndpointSpec,
}

/// Takes out of a policy what a stack refuses, one item at a time, until the stack opens it: tried, not looked up.
///
/// A version that has no suite left goes too, and is listed. `None` if nothing is left to play.
pub fn fit(
    backend: &dyn Backend,
    policy: &Policy,
    identities: &[Arc<Identity>],
) -> (Option<Fitted>, Vec<Item>) {
    let mut policy = policy.clone();
    let mut out = Vec::new();
    if policy.order == Order::Client && !backend.knows_client_order() {
        policy.order = Order::Server;
        out.push(Item::ClientOrder);
    }
    policy.dhe_bits = Some(finite_field_bits(&policy));
    remove(&mut policy, &mut out, needs_key);
    // Each round takes one item out, so there are no more rounds than items.
    loop {
        let idle = |version: &ProtocolVersion| !policy.suites.iter().any(|suite| plays(*suite, *version));
        if let Some(at) = policy.versions.iter().position(idle) {
            out.push(Item::Version(policy.versions.remove(at)));
            continue;
        }
        if policy.versions.is_empty() {
            return (None, out);
        }
        let spec = server(&policy, identities);
        match backend.open(Role::Server, &spec) {
            Ok(_) => return (Some(Fitted { policy, spec }), out),
            Err(CannotPlay::Version { version, .. }) if take(&mut policy.versions, version) => {
                out.push(Item::Version(version));
                // Suites of that version alone would be refused for another reason.
                let versions = policy.versions.clone();
                policy.suites.retain(|suite| versions.iter().any(|version| plays(*suite, *version)));
            }
            Err(CannotPlay::Suite { suite, .. }) if take(&mut policy.suites, suite) => {
                out.push(Item::Suite(suite));
            }
            Err(CannotPlay::Group { group, .. }) if take(&mut policy.groups, group) => {
                out.push(Item::Group(group));
                // An empty list would leave the stack its own groups.
                if policy.groups.is_empty() {
                    remove(&mut policy, &mut out, needs_group);
                }
            }
            Err(CannotPlay::FiniteField { bits, .. }) if bits > 0 && policy.dhe_bits == Some(bits) => {
                policy.dhe_bits = Some(0);
                remove(&mut policy, &mut out, is_ephemeral_finite_field);
            }
            Err(CannotPlay::Scheme { scheme, .. })
                if policy.schemes.len() > 1 && take(&mut policy.schemes, scheme) =>
            {
                out.push(Item::Scheme(scheme));
            }
            Err(other) => {
                out.push(Item::Policy(other.to_string()));
                return (None, out);
            }
        }
    }
}

/// The server of a policy.
pub fn server(policy: &Policy, identities: &[Arc<Identity>]) -> EndpointSpec {
    EndpointSpec {
        versions: policy.versions.clone(),
        suites: policy.suites.clone(),
        groups: policy.groups.clone(),
        schemes: policy.schemes.clone(),
        server_order: policy.order == Order::Server,
        identities: identities.to_vec(),
        dh_bits: finite_field_bits(policy),
        ..EndpointSpec::default()
    }
}

/// Takes the suites out that are so, and lists them.
fn remove(policy: &mut Policy, out: &mut Vec<Item>, is_so: fn(CipherSuite) -> bool) {
    out.extend(policy.suites.iter().copied().filter(|suite| is_so(*suite)).map(Item::Suite));
    policy.suites.retain(|suite| !is_so(*suite));
}

/// The size that the policy states, by number or by its first group; else the smallest that no floor objects to. 0 if
/// it has no suite for one.
fn finite_field_bits(policy: &Policy) -> u16 {
    if !policy.suites.iter().any(|suite| is_ephemeral_finite_field(*suite)) {
        return 0;
    }
    let named = || {
        let facts = policy.groups.iter().filter_map(|group| registry::group(*group));
        facts.filter(|facts| facts.tls12).find_map(registry::GroupFacts::dh_bits)
    };
    policy.dhe_bits.or_else(named).unwrap_or(2048)
}

fn is_ephemeral_finite_field(suite: CipherSuite) -> bool {
    registry::suite(suite).is_some_and(SuiteFacts::is_ephemeral_finite_field)
}

/// Whether the server needs a pre-shared key, of which a policy knows nothing.
fn needs_key(suite: CipherSuite) -> bool {
    registry::suite(suite).is_some_and(|facts| {
        matches!(
            facts.key_exchange,
            KeyExchange::Psk | KeyExchange::DhePsk | KeyExchange::RsaPsk | KeyExchange::EcdhePsk
        )
    })
}

/// Whether the item was there to be taken out.
fn take<T: PartialEq>(list: &mut Vec<T>, item: T) -> bool {
    let at = list.iter().position(|other| *other == item);
    at.map(|at| list.remove(at)).is_some()
}

fn plays(suite: CipherSuite, version: ProtocolVersion) -> bool {
    registry::suite(suite).is_some_and(|facts| facts.played_in(version))
}

fn needs_group(suite: CipherSuite) -> bool {
    registry::suite(suite).is_some_and(|facts: &SuiteFacts| {
        matches!(
            facts.key_exchange,
            KeyExchange::Ecdhe | KeyExchange::EcdhAnon | KeyExchange::EcdhePsk | KeyExchange::Tls13
        )
    })
}
