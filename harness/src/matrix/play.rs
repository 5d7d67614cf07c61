//! First flights: every question to every stack, its answer beside the oracle's.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::s2n::S2n;
use crate::engine::{Backend, CannotPlay, Engine, Role, Status};
use crate::oracle::{KeyType, RefusalReason};
use crate::pki::{CertificateKind, Identity, MintError, Pki};
use crate::policy::Policy;
use crate::registry::{self, NamedGroup, ProtocolVersion};

use super::complete::complete;
use super::family::Family;
use super::flight::{Answer, read};
use super::named;
use super::question::{Question, seeded, singles};
use super::quirk::{Cell, Oracle, Quirks, difference, name};
use super::tally::{Disagreement, Lack, Session, Tally};
use crate::fit::{Fitted, fit};

/// The certificates of the servers.
const CERTIFICATES: [CertificateKind; 2] = [CertificateKind::Rsa2048, CertificateKind::EcdsaP256];

/// What is played.
pub struct Matrix<'a> {
    pub policies: &'a [Policy],
    /// The stacks that are asked.
    pub backends: &'a BTreeMap<&'static str, Arc<dyn Backend>>,
    /// The stacks that complete what those propose.
    pub clients: &'a BTreeMap<&'static str, Arc<dyn Backend>>,
    pub oracle: Oracle<'a>,
    pub quirks: &'a Quirks,
    pub pki: &'a Pki,
    /// Where the library's own policies are played, too: those that a policy of the catalogue names.
    pub named: Option<&'a S2n>,
    /// Of the hellos with many suites.
    pub seed: u64,
    /// Hellos with many suites per policy and stack.
    pub seeded: usize,
    /// Threads; 0 is 1.
    pub jobs: usize,
    /// Called after every policy with the number that are done.
    pub progress: &'a (dyn Fn(usize) + Sync),
}

impl Matrix<'_> {
    /// Asks everything, then completes every session that was proposed.
    ///
    /// # Errors
    /// If a certificate cannot be minted.
    pub fn run(&self) -> Result<Tally, MintError> {
        let mut identities = Vec::new();
        for kind in CERTIFICATES {
            identities.push((kind, self.pki.identity(kind)?));
        }
        let singles = singles();
        let tally = Mutex::new(Tally::default());
        let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..self.jobs.max(1) {
                scope.spawn(|| {
                    let mut part = Tally::default();
                    while let Some(policy) = self.policies.get(next.fetch_add(1, Ordering::Relaxed)) {
                        self.policy(policy, &singles, &identities, &mut part);
                        named::play(self, policy, &singles, &identities, &mut part);
                        (self.progress)(done.fetch_add(1, Ordering::Relaxed) + 1);
                    }
                    tally.lock().unwrap_or_else(PoisonError::into_inner).merge(part);
                });
            }
        });
        let mut tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
        complete(self, &mut tally)?;
        Ok(tally)
    }

    fn policy(
        &self,
        policy: &Policy,
        singles: &[Question],
        identities: &[(CertificateKind, Arc<Identity>)],
        tally: &mut Tally,
    ) {
        let seeded = seeded(policy, self.seed, self.seeded);
        tally.plays(policy);
        for backend in self.backends.values() {
            let stack = backend.id();
            for question in singles.iter().chain(&seeded) {
                tally.counts(stack, family(question)).cells += 1;
            }
            let candidates = self.quirks.of(stack, &backend.version());
            for (kind, identity) in identities {
                let (fitted, left_out) = fit(&**backend, policy, std::slice::from_ref(identity));
                for item in left_out {
                    let policies = tally.left_out.entry((stack.to_owned(), item)).or_default();
                    policies.insert(policy.id.clone());
                }
                let mine = singles.iter().chain(&seeded).filter(|question| question.certificate == *kind);
                for question in mine {
                    let Some(fitted) = &fitted else {
                        tally.skip(stack, family(question), policy, Lack::Policy);
                        continue;
                    };
                    if let Some(lack) = lack(policy, fitted, question) {
                        tally.skip(stack, family(question), policy, lack);
                        continue;
                    }
                    tally.asked.insert(policy.id.clone());
                    let server = Server { backend: &**backend, policy, fitted, kind: *kind };
                    self.cell(&server, question, family(question), &candidates, tally);
                }
            }
        }
    }

    fn cell(
        &self,
        server: &Server<'_>,
        question: &Question,
        family: Family,
        candidates: &[usize],
        tally: &mut Tally,
    ) {
        let stack = server.backend.id();
        let key = key(server.kind);
        let policy = &server.fitted.policy;
        let expected = (self.oracle)(policy, Some(&key), &question.offer);
        if let (Family::Seeded, Err(refusal)) = (family, &expected) {
            self.again(server, question, refusal.reason, candidates, tally);
        }
        let answer = answer(server.backend.open(Role::Server, &server.fitted.spec), &question.bytes);
        // A version and suite that no text puts together is a quirk, and no client completes it.
        if let Answer::Proposed(shown) = &answer
            && registry::suite(shown.suite).is_some_and(|facts| facts.played_in(shown.version))
            && (shown.group.is_some() || shown.version < ProtocolVersion::TLS1_3)
        {
            tally.sessions.entry(stack.to_owned()).or_default().insert(Session {
                version: shown.version,
                suite: shown.suite,
                group: shown.group,
                certificate: server.kind,
                dh_bits: shown.dh_bits.unwrap_or(0),
            });
        }
        let Some(difference) = difference(&expected, &answer) else {
            tally.counts(stack, family).agreed += 1;
            return;
        };
        let cell = Cell { policy, key: &key, question };
        if let Some(quirks) = self.quirks.explain(candidates, self.oracle, cell, &answer) {
            tally.explained(stack, family, quirks);
            return;
        }
        tally.counts(stack, family).disagreed += 1;
        tally.disagree(Disagreement {
            stack: stack.to_owned(),
            policy: server.policy.id.clone(),
            asked: question.describe(),
            expected: format!("{expected:?}"),
            seen: format!("{answer:?}"),
            difference,
            cells: 1,
        });
    }

    /// The hello with the fault mended for which the oracle refuses: now that must not be the reason any more, and the
    /// stack must agree again. A reason that is not the real one does not survive this.
    fn again(
        &self,
        server: &Server<'_>,
        question: &Question,
        reason: RefusalReason,
        candidates: &[usize],
        tally: &mut Tally,
    ) {
        let policy = &server.fitted.policy;
        let Some(mended) = question.mended(reason, policy) else { return };
        let stack = server.backend.id();
        tally.counts(stack, Family::Mended).cells += 1;
        let expected = (self.oracle)(policy, Some(&key(server.kind)), &mended.offer);
        if expected.as_ref().is_err_and(|refusal| refusal.reason == reason) {
            tally.counts(stack, Family::Mended).disagreed += 1;
            tally.disagree(Disagreement {
                stack: stack.to_owned(),
                policy: server.policy.id.clone(),
                asked: mended.describe(),
                expected: format!("another answer than {expected:?}"),
                seen: "the oracle alone".to_owned(),
                difference: format!("{} is the reason, also where it is mended", name(reason)),
                cells: 1,
            });
            return;
        }
        self.cell(server, &mended, Family::Mended, candidates, tally);
    }
}

/// What a stack lacks of the policy so that a single-suite hello is not asked: its refusal would prove nothing.
fn lack(policy: &Policy, fitted: &Fitted, question: &Question) -> Option<Lack> {
    let (version, facts) = question.single?;
    let has = |policy: &Policy| policy.suites.contains(&facts.suite);
    if has(policy) && !has(&fitted.policy) {
        return Some(Lack::Suite);
    }
    let lacks_version = policy.versions.contains(&version) && !fitted.policy.versions.contains(&version);
    lacks_version.then_some(Lack::Version)
}

struct Server<'a> {
    backend: &'a dyn Backend,
    policy: &'a Policy,
    fitted: &'a Fitted,
    kind: CertificateKind,
}

pub(super) fn family(question: &Question) -> Family {
    question.single.map_or(Family::Seeded, |(_, facts)| Family::of(facts))
}

/// The key of a certificate as the oracle knows it.
pub fn key(kind: CertificateKind) -> KeyType {
    match kind {
        CertificateKind::EcdsaP256 => KeyType::Ecdsa { group: NamedGroup::SECP256R1 },
        _ => KeyType::Rsa { bits: 2048 },
    }
}

/// What a server that was opened, or could not be, answers to one ClientHello.
pub fn answer(server: Result<Box<dyn Engine>, CannotPlay>, bytes: &[u8]) -> Answer {
    let mut engine = match server {
        Ok(engine) => engine,
        Err(cannot) => return Answer::Unreadable(cannot.to_string()),
    };
    engine.feed(bytes);
    let mut flight = Vec::new();
    engine.drain(&mut flight);
    read(&flight, matches!(engine.status(), Status::Failed(_)))
}
