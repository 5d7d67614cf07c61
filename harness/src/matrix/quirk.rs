//! Documented deviations of the stacks, from `scenarios/quirks.toml`.
//!
//! A quirk changes nothing in the oracle. It is asked only where oracle and stack differ, and says exactly what the
//! stack does instead; whatever differs from that, too, stays a disagreement.

use crate::observe::offer_of;
use crate::oracle::{KeyType, Offer, Proposal, Refusal, RefusalReason};
use crate::policy::Policy;
use crate::registry::{AlertDescription, CipherSuite, ProtocolVersion};

use super::flight::Answer;
use super::mend::mended;
use super::question::Question;
use super::rule::Rule;
use super::tally::Tally;

mod file;

/// The oracle, as a value: the tests plant others.
pub type Oracle<'a> = &'a (dyn Fn(&Policy, Option<&KeyType>, &Offer) -> Result<Proposal, Refusal> + Sync);

/// One documented deviation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quirk {
    pub stack: String,
    /// The beginning of the library's version for which this was seen.
    pub version: String,
    pub deviation: Deviation,
    pub reason: String,
    pub citation: String,
}

/// What a stack does instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deviation {
    /// Refuses as it should, with another alert than the proper one.
    ///
    /// `also`: the hello has two faults, and would be refused for one of these reasons without the first. Empty: the one.
    /// `hello`: only to a hello like that.
    Alert { when: RefusalReason, sends: Sent, also: Vec<RefusalReason>, hello: Option<Like> },
    /// Decides by another rule.
    Rule(Rule),
    /// For rows of a library's policies by name: the policy of this id accepts these suites, and the library's does not.
    PolicyDiffers { policy: String, suites: Vec<CipherSuite> },
}

/// What a hello has to be like for an alert to be another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Like {
    /// In the version field.
    Ssl3,
    /// No `signature_algorithms`.
    NoSchemes,
    /// Null is not among the compression methods.
    NoNullCompression,
}

impl Like {
    pub(super) const NAMES: [&str; 3] = ["ssl3", "no-schemes", "no-null-compression"];

    fn named(name: &str) -> Option<Self> {
        let at = Self::NAMES.iter().position(|other| *other == name)?;
        [Self::Ssl3, Self::NoSchemes, Self::NoNullCompression].get(at).copied()
    }

    fn is(self, offer: &Offer) -> bool {
        match self {
            Self::Ssl3 => offer.legacy_version == ProtocolVersion::SSL3,
            Self::NoSchemes => offer.schemes.is_none(),
            Self::NoNullCompression => !offer.compressions.contains(&0),
        }
    }
}

/// What a refusing stack sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// Not a byte.
    Nothing,
    /// A ServerHello first; what follows is encrypted, or nothing.
    ServerHello,
    Alert(AlertDescription),
}

/// A question to a server of one policy with one key.
#[derive(Clone, Copy)]
pub struct Cell<'a> {
    pub policy: &'a Policy,
    pub key: &'a KeyType,
    pub question: &'a Question,
}

/// All quirks, in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct Quirks {
    pub all: Vec<Quirk>,
}

impl Quirks {
    /// Places in [`Self::all`] of what is written for a stack in this version.
    pub fn of(&self, stack: &str, version: &str) -> Vec<usize> {
        let is_of = |quirk: &Quirk| quirk.stack == stack && version.starts_with(&quirk.version);
        (0..self.all.len()).filter(|at| is_of(&self.all[*at])).collect()
    }

    /// The entries that explained nothing, in words: they are gone, or never were.
    pub fn unused(&self, tally: &Tally) -> Vec<String> {
        let idle = self.all.iter().enumerate().filter(|(at, _)| !tally.quirks.contains_key(at));
        idle.map(|(_, quirk)| {
            format!(
                "quirks.toml: {} {}: {} explains nothing: remove it",
                quirk.stack, quirk.version, quirk.deviation
            )
        })
        .collect()
    }

    /// The quirks that make an answer the expected one, if they do: all rules of the stack together, since it follows
    /// all of them always, and an alert. Named are those without which the answer would not be the expected one.
    pub fn explain(
        &self,
        candidates: &[usize],
        oracle: Oracle<'_>,
        cell: Cell<'_>,
        answer: &Answer,
    ) -> Option<Vec<usize>> {
        self.explain_by(candidates, oracle, cell, |expected, rules| match difference(expected, answer) {
            None => Some(None),
            Some(_) => {
                let reason = expected.as_ref().err()?.reason;
                let without = || {
                    let hello =
                        mended(reason, (cell.policy, cell.question.certificate), &cell.question.hello)?;
                    Rule::answer(rules, oracle, (cell.policy, cell.key, &offer_of(&hello))).err()
                };
                self.alert(candidates, reason, cell, answer, without).map(Some)
            }
        })
    }

    /// The same with another idea of what is expected: `fits` says whether an answer of the oracle with these rules is it,
    /// and with which quirk.
    pub fn explain_by(
        &self,
        candidates: &[usize],
        oracle: Oracle<'_>,
        cell: Cell<'_>,
        fits: impl Fn(&Result<Proposal, Refusal>, &[Rule]) -> Option<Option<usize>>,
    ) -> Option<Vec<usize>> {
        let rules: Vec<(usize, Rule)> = candidates
            .iter()
            .filter_map(|at| match self.all[*at].deviation {
                Deviation::Rule(rule) => Some((*at, rule)),
                Deviation::Alert { .. } | Deviation::PolicyDiffers { .. } => None,
            })
            .collect();
        let explained = |without: Option<usize>| {
            let chosen = rules.iter().filter(|(at, _)| Some(*at) != without).map(|(_, rule)| *rule);
            let chosen: Vec<Rule> = chosen.collect();
            let asked = (cell.policy, cell.key, &cell.question.offer);
            fits(&Rule::answer(&chosen, oracle, asked), &chosen)
        };
        let alert = explained(None)?;
        let needed = rules.iter().map(|(at, _)| *at).filter(|at| explained(Some(*at)).is_none());
        Some(needed.chain(alert).collect())
    }

    /// The quirk by which a stack refuses for this reason with this answer. `without`: the refusal that is left when
    /// the fault of that reason is mended.
    fn alert(
        &self,
        candidates: &[usize],
        reason: RefusalReason,
        cell: Cell<'_>,
        answer: &Answer,
        without: impl Fn() -> Option<Refusal>,
    ) -> Option<usize> {
        let sent = match answer {
            Answer::Alert(alert) => Sent::Alert(*alert),
            Answer::Silence => Sent::Nothing,
            // What it gave up has to be something that could be proposed at all.
            Answer::Abandoned(shown)
                if cell.policy.versions.contains(&shown.version)
                    && cell.policy.suites.contains(&shown.suite)
                    && cell.question.offer.suites.contains(&shown.suite) =>
            {
                Sent::ServerHello
            }
            Answer::Abandoned(_) | Answer::Proposed(_) | Answer::Unreadable(_) => return None,
        };
        candidates.iter().copied().find(|at| match &self.all[*at].deviation {
            Deviation::Alert { when, sends, also, hello } => {
                *when == reason
                    && *sends == sent
                    && hello.is_none_or(|like| like.is(&cell.question.offer))
                    && (also.is_empty() || without().is_some_and(|other| also.contains(&other.reason)))
            }
            Deviation::Rule(_) | Deviation::PolicyDiffers { .. } => false,
        })
    }
}

/// What differs between the oracle's answer and a stack's. A refusal has to carry the proper alert, the first that
/// the oracle names.
pub fn difference(expected: &Result<Proposal, Refusal>, answer: &Answer) -> Option<String> {
    match (expected, answer) {
        (_, Answer::Unreadable(text)) => Some(format!("unreadable: {text}")),
        (Ok(proposal), Answer::Proposed(shown)) => shown.differs_from(proposal),
        (Ok(_), Answer::Alert(_) | Answer::Silence | Answer::Abandoned(_)) => {
            Some("refused, and should not".to_owned())
        }
        (Err(refusal), Answer::Proposed(_)) => {
            Some(format!("not refused, and should for {}", name(refusal.reason)))
        }
        (Err(refusal), Answer::Alert(alert)) => (refusal.alerts.first() != Some(alert))
            .then(|| format!("alert {alert} when refusing for {}", name(refusal.reason))),
        (Err(refusal), Answer::Silence) => {
            Some(format!("silence when refusing for {}", name(refusal.reason)))
        }
        (Err(refusal), Answer::Abandoned(_)) => {
            Some(format!("a ServerHello when refusing for {}", name(refusal.reason)))
        }
    }
}

/// The word for a reason.
pub(super) const fn name(reason: RefusalReason) -> &'static str {
    match reason {
        RefusalReason::InappropriateFallback => "inappropriate-fallback",
        RefusalReason::NoCommonVersion => "no-common-version",
        RefusalReason::Compression => "compression",
        RefusalReason::Renegotiation => "renegotiation",
        RefusalReason::PointFormats => "point-formats",
        RefusalReason::MissingExtension => "missing-extension",
        RefusalReason::NoPsk => "no-psk",
        RefusalReason::NoCommonSuite => "no-common-suite",
        RefusalReason::NoUsableCertificate => "no-usable-certificate",
        RefusalReason::NoCommonScheme => "no-common-scheme",
        RefusalReason::NoCommonGroup => "no-common-group",
        RefusalReason::NoCommonFiniteField => "no-common-finite-field",
    }
}
