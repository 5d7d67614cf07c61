//! s2n's policies by name beside those of the catalogue.
//!
//! Rows that were taken from s2n agree with it by birth: they are counted apart, and prove nothing.

use std::sync::Arc;

use super::flight::Answer;
use super::play::answer;
use crate::engine::s2n::S2n;
use crate::engine::{EndpointSpec, Role};
use crate::oracle::{Proposal, Refusal};
use crate::pki::Identity;
use crate::policy::Policy;

/// The name of the rows for policies that AWS's pages state and s2n has, too.
pub const BY_NAME: &str = "s2n-name";
/// The name of the rows for policies that were taken from s2n.
pub const BY_BIRTH: &str = "s2n-own";

/// In which rows a policy is counted, and what s2n calls it.
pub(super) fn of(policy: &Policy) -> Option<(&'static str, &str)> {
    if policy.service() == "s2n" {
        policy.id.strip_prefix("s2n/").map(|name| (BY_BIRTH, name))
    } else {
        policy.s2n_name().map(|name| (BY_NAME, name))
    }
}

/// A server by the library's own policy.
pub(super) struct Server<'a> {
    s2n: &'a S2n,
    name: &'a str,
    spec: EndpointSpec,
}

impl<'a> Server<'a> {
    /// `None` if the library has no such policy, or refuses the certificate for it.
    pub(super) fn open(s2n: &'a S2n, name: &'a str, identity: &Arc<Identity>) -> Option<Self> {
        let spec =
            EndpointSpec { identity: Some(Arc::clone(identity)), dh_bits: 2048, ..EndpointSpec::default() };
        s2n.open_named(Role::Server, name, &spec).ok()?;
        Some(Self { s2n, name, spec })
    }

    pub(super) fn ask(&self, bytes: &[u8]) -> Answer {
        answer(self.s2n.open_named(Role::Server, self.name, &self.spec), bytes)
    }
}

/// Whether both refuse, or both have the same version and suite. Groups and schemes are not AWS's to state.
pub(super) fn is_alike(expected: &Result<Proposal, Refusal>, answer: &Answer) -> bool {
    match (expected, answer) {
        (Ok(proposal), Answer::Proposed(shown)) => {
            (proposal.version, proposal.suite) == (shown.version, shown.suite)
        }
        (Err(_), Answer::Alert(_) | Answer::Silence | Answer::Abandoned(_)) => true,
        _ => false,
    }
}
