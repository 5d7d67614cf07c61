//! First flights: every question to every stack, its answer beside the oracle's.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::s2n::S2n;
use crate::engine::{Backend, CannotPlay, Engine, Role, Status};
use crate::oracle::KeyType;
use crate::pki::{CertificateKind, Identity, MintError, Pki};
use crate::policy::Policy;
use crate::registry::{self, Cipher, NamedGroup, ProtocolVersion};

use super::complete::complete;
use super::family::Family;
use super::fit::{Fitted, fit};
use super::flight::{Answer, read};
use super::named;
use super::question::{Question, seeded, singles};
use super::quirk::{Deviation, Oracle, Quirks, difference};
use super::rule::Rule;
use super::tally::{Disagreement, Session, Tally};

/// The certificates of the servers.
const CERTIFICATES: [CertificateKind; 2] = [CertificateKind::Rsa2048, CertificateKind::EcdsaP256];

/// What is played.
pub struct Matrix<'a> {
    pub policies: &'a [Policy],
    pub backends: &'a BTreeMap<&'static str, Arc<dyn Backend>>,
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
                        self.by_name(policy, &singles, &identities, &mut part);
                        (self.progress)(done.fetch_add(1, Ordering::Relaxed) + 1);
                    }
                    tally.lock().unwrap_or_else(PoisonError::into_inner).merge(part);
                });
            }
        });
        let mut tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.complete(&mut tally)?;
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
        for backend in self.backends.values() {
            let stack = backend.id();
            for question in singles.iter().chain(&seeded) {
                tally.counts(stack, family(question)).cells += 1;
            }
            let candidates = self.quirks.of(stack, &backend.version());
            for (kind, identity) in identities {
                let (fitted, left_out) = fit(&**backend, policy, identity);
                for item in left_out {
                    let policies = tally.left_out.entry((stack.to_owned(), item)).or_default();
                    policies.insert(policy.id.clone());
                }
                let mine = singles.iter().chain(&seeded).filter(|question| question.certificate == *kind);
                for question in mine {
                    let server = Server { backend: &**backend, policy, fitted: fitted.as_ref(), kind: *kind };
                    self.cell(&server, question, &candidates, tally);
                }
            }
        }
    }

    /// The library's policy of that name, beside the catalogue's.
    fn by_name(
        &self,
        policy: &Policy,
        singles: &[Question],
        identities: &[(CertificateKind, Arc<Identity>)],
        tally: &mut Tally,
    ) {
        let Some(s2n) = self.named else { return };
        let Some((label, name)) = named::of(policy) else { return };
        for question in singles {
            tally.counts(label, family(question)).cells += 1;
        }
        let candidates = self.quirks.of(s2n.id(), &s2n.version());
        for (kind, identity) in identities {
            let (fitted, _) = fit(s2n, policy, identity);
            let server =
                fitted.and_then(|fitted| named::Server::open(s2n, name, identity).map(|open| (fitted, open)));
            for question in singles.iter().filter(|question| question.certificate == *kind) {
                let counts = tally.counts(label, family(question));
                let Some((fitted, server)) = &server else {
                    counts.without_policy += 1;
                    continue;
                };
                let answer = server.ask(&question.bytes);
                let asked = (&fitted.policy, &key(*kind), &question.offer);
                let expected = (self.oracle)(asked.0, Some(asked.1), asked.2);
                if named::is_alike(&expected, &answer) {
                    counts.agreed += 1;
                    continue;
                }
                let rules = self.quirks.rules(&candidates);
                if named::is_alike(&Rule::answer(&rules, self.oracle, asked), &answer) {
                    counts.quirks += 1;
                    continue;
                }
                let differs = Deviation::PolicyDiffers { policy: policy.id.clone() };
                let mut known = self.quirks.of(label, &s2n.version()).into_iter();
                if expected.is_ok()
                    && !matches!(answer, Answer::Proposed(_))
                    && let Some(quirk) = known.find(|at| self.quirks.all[*at].deviation == differs)
                {
                    counts.quirks += 1;
                    *tally.quirks.entry(quirk).or_default() += 1;
                    continue;
                }
                counts.disagreed += 1;
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

    fn cell(&self, server: &Server<'_>, question: &Question, candidates: &[usize], tally: &mut Tally) {
        let stack = server.backend.id();
        let family = family(question);
        let Some(fitted) = server.fitted else {
            tally.counts(stack, family).without_policy += 1;
            return;
        };
        // A cell of the policy that the stack cannot express is not asked: the refusal would prove nothing.
        if let Some((version, facts)) = question.single {
            let lacks_version =
                server.policy.versions.contains(&version) && !fitted.policy.versions.contains(&version);
            let has = |policy: &Policy| policy.suites.contains(&facts.suite);
            if has(server.policy) && !has(&fitted.policy) {
                tally.counts(stack, family).without_suite += 1;
                return;
            }
            if lacks_version {
                tally.counts(stack, family).without_version += 1;
                return;
            }
        }
        let key = key(server.kind);
        let expected = (self.oracle)(&fitted.policy, Some(&key), &question.offer);
        let answer = ask(server.backend, fitted, &question.bytes);
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
        let asked = (&fitted.policy, &key, &question.offer);
        if let Some(quirks) = self.quirks.explain(candidates, self.oracle, asked, &answer) {
            tally.counts(stack, family).quirks += 1;
            for quirk in quirks {
                *tally.quirks.entry(quirk).or_default() += 1;
            }
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

    /// Completes every session that some first flight proposed.
    fn complete(&self, tally: &mut Tally) -> Result<(), MintError> {
        for (stack, sessions) in tally.sessions.clone() {
            let Some(backend) = self.backends.get(stack.as_str()) else { continue };
            for session in sessions {
                let family = registry::suite(session.suite).map_or(Family::Other, Family::of);
                tally.counts(&stack, family).reached += 1;
                let excuse = self.excuse(&**backend, &session);
                match (complete(&**backend, &session, self.backends, self.pki)?, excuse) {
                    (Ok(()), _) => tally.counts(&stack, family).completed += 1,
                    (Err(_), Some(quirk)) => {
                        tally.counts(&stack, family).excused += 1;
                        *tally.quirks.entry(quirk).or_default() += 1;
                    }
                    (Err(why), None) => tally.disagree(Disagreement {
                        stack: stack.clone(),
                        policy: String::new(),
                        asked: format!("{session:?}"),
                        expected: "a completed session".to_owned(),
                        seen: why,
                        difference: "not completed".to_owned(),
                        cells: 1,
                    }),
                }
            }
        }
        Ok(())
    }

    /// The quirk by which a stack proposes this session and cannot complete it.
    fn excuse(&self, backend: &dyn Backend, session: &Session) -> Option<usize> {
        let is_seed = registry::suite(session.suite).is_some_and(|facts| facts.cipher == Cipher::Seed);
        let seed = Deviation::Rule(Rule::SeedInSsl3);
        let candidates = self.quirks.of(backend.id(), &backend.version());
        let quirk = candidates.into_iter().find(|at| self.quirks.all[*at].deviation == seed);
        quirk.filter(|_| is_seed && session.version == ProtocolVersion::SSL3)
    }
}

struct Server<'a> {
    backend: &'a dyn Backend,
    policy: &'a Policy,
    fitted: Option<&'a Fitted>,
    kind: CertificateKind,
}

fn family(question: &Question) -> Family {
    question.single.map_or(Family::Seeded, |(_, facts)| Family::of(facts))
}

/// The key of a certificate as the oracle knows it.
fn key(kind: CertificateKind) -> KeyType {
    match kind {
        CertificateKind::EcdsaP256 => KeyType::Ecdsa { group: NamedGroup::SECP256R1 },
        _ => KeyType::Rsa { bits: 2048 },
    }
}

/// The answer to one ClientHello.
fn ask(backend: &dyn Backend, fitted: &Fitted, bytes: &[u8]) -> Answer {
    answer(backend.open(Role::Server, &fitted.spec), bytes)
}

/// What a server that was opened, or could not be, answers to one ClientHello.
pub(super) fn answer(server: Result<Box<dyn Engine>, CannotPlay>, bytes: &[u8]) -> Answer {
    let mut engine = match server {
        Ok(engine) => engine,
        Err(cannot) => return Answer::Unreadable(cannot.to_string()),
    };
    engine.feed(bytes);
    let mut flight = Vec::new();
    engine.drain(&mut flight);
    read(&flight, matches!(engine.status(), Status::Failed(_)))
}
