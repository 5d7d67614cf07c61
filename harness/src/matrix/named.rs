//! s2n's policies by name beside those of the catalogue.
//!
//! Rows that were taken from s2n agree with it by birth: they are counted apart, and prove nothing.

use std::sync::Arc;

use super::flight::Answer;
use super::play::{Matrix, answer, family, key};
use super::question::Question;
use super::quirk::{Cell, Deviation};
use super::tally::{Disagreement, Lack, Tally};
use crate::engine::s2n::S2n;
use crate::engine::{Backend, EndpointSpec, Role};
use crate::oracle::{Proposal, Refusal};
use crate::pki::{CertificateKind, Identity};
use crate::policy::Policy;
use crate::registry::CipherSuite;

/// The name of the rows for policies that s2n has, too, and of which another source than s2n says something.
pub const BY_NAME: &str = "s2n-name";
/// The name of the rows for policies of which s2n is the only source, whatever service they are of.
pub const BY_BIRTH: &str = "s2n-own";

/// In which rows a policy is counted, and what s2n calls it.
fn of(policy: &Policy) -> Option<(&'static str, &str)> {
    let label = if policy.is_s2ns_own() { BY_BIRTH } else { BY_NAME };
    Some((label, policy.s2n_name()?))
}

/// The single-suite hellos to the library's policy of that name, beside what the catalogue's policy says.
pub(super) fn play(
    matrix: &Matrix<'_>,
    policy: &Policy,
    singles: &[Question],
    identities: &[(CertificateKind, Arc<Identity>)],
    tally: &mut Tally,
) {
    let Some(s2n) = matrix.named else { return };
    let Some((label, name)) = of(policy) else { return };
    for question in singles {
        tally.counts(label, family(question)).cells += 1;
    }
    let candidates = matrix.quirks.of(s2n.id(), &s2n.version());
    for (kind, identity) in identities {
        let server = Server::open(s2n, name, identity);
        for question in singles.iter().filter(|question| question.certificate == *kind) {
            let Some(server) = &server else {
                tally.skip(label, family(question), policy, Lack::Policy);
                continue;
            };
            let answer = server.ask(&question.bytes);
            // The catalogue's own policy, not what the stack can express of it: a suite that the library lacks is
            // just what these rows are to find.
            let key = key(*kind);
            let expected = (matrix.oracle)(policy, Some(&key), &question.offer);
            if is_alike(&expected, &answer) {
                tally.counts(label, family(question)).agreed += 1;
                continue;
            }
            let cell = Cell { policy, key: &key, question };
            let by_rule = matrix.quirks.explain_by(&candidates, matrix.oracle, cell, |expected, _| {
                is_alike(expected, &answer).then_some(None)
            });
            let known = by_rule.or_else(|| known(matrix, (label, s2n), cell, &answer).map(|at| vec![at]));
            if let Some(quirks) = known {
                tally.explained(label, family(question), quirks);
                continue;
            }
            tally.counts(label, family(question)).disagreed += 1;
            tally.disagree(Disagreement {
                stack: label.to_owned(),
                policy: format!("{} beside s2n's {name}", policy.id),
                asked: question.describe(),
                expected: format!("{expected:?}"),
                seen: format!("{answer:?}"),
                difference: format!("{} and s2n's {name} do not accept the same", policy.id),
                cells: 1,
            });
        }
    }
}

/// The entry that says that the library's policy lacks just this suite.
fn known(matrix: &Matrix<'_>, (label, s2n): (&str, &S2n), cell: Cell<'_>, answer: &Answer) -> Option<usize> {
    let (_, facts) = cell.question.single?;
    let lacks = |suite: CipherSuite, deviation: &Deviation| {
        matches!(deviation, Deviation::PolicyDiffers { policy, suites }
            if *policy == cell.policy.id && suites.contains(&suite))
    };
    let entries = matrix.quirks.of(label, &s2n.version());
    entries.into_iter().find(|at| is_refusal(answer) && lacks(facts.suite, &matrix.quirks.all[*at].deviation))
}

/// A server by the library's own policy.
struct Server<'a> {
    s2n: &'a S2n,
    name: &'a str,
    spec: EndpointSpec,
}

impl<'a> Server<'a> {
    /// `None` if the library has no such policy, or refuses the certificate for it.
    fn open(s2n: &'a S2n, name: &'a str, identity: &Arc<Identity>) -> Option<Self> {
        let spec =
            EndpointSpec { identities: vec![Arc::clone(identity)], dh_bits: 2048, ..EndpointSpec::default() };
        s2n.open_named(Role::Server, name, &spec).ok()?;
        Some(Self { s2n, name, spec })
    }

    fn ask(&self, bytes: &[u8]) -> Answer {
        answer(self.s2n.open_named(Role::Server, self.name, &self.spec), bytes)
    }
}

/// Whether both refuse, or both have the same version and suite. Groups and schemes are not AWS's to state.
fn is_alike(expected: &Result<Proposal, Refusal>, answer: &Answer) -> bool {
    match (expected, answer) {
        (Ok(proposal), Answer::Proposed(shown)) => {
            (proposal.version, proposal.suite) == (shown.version, shown.suite)
        }
        (Err(_), answer) => is_refusal(answer),
        _ => false,
    }
}

const fn is_refusal(answer: &Answer) -> bool {
    matches!(answer, Answer::Alert(_) | Answer::Silence | Answer::Abandoned(_))
}
