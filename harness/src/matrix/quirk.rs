//! Documented deviations of the stacks, from `scenarios/quirks.toml`.
//!
//! A quirk changes nothing in the oracle. It is asked only where oracle and stack differ, and says exactly what the
//! stack does instead; whatever differs from that, too, stays a disagreement.

use serde::Deserialize;
use toml::Spanned;

use crate::oracle::{KeyType, Offer, Proposal, Refusal, RefusalReason};
use crate::policy::{DataError, Policy, Problem, Source};
use crate::registry::AlertDescription;

use super::flight::Answer;
use super::rule::Rule;
use super::tally::Tally;

/// The oracle, as a value: the tests plant others.
pub type Oracle<'a> = &'a (dyn Fn(&Policy, Option<&KeyType>, &Offer) -> Result<Proposal, Refusal> + Sync);

/// The words for what is no alert.
const NOTHING: &str = "nothing";
const SERVER_HELLO: &str = "server-hello";

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
    Alert { when: RefusalReason, sends: Sent },
    /// Decides by another rule.
    Rule(Rule),
    /// For rows of a library's policies by name: the policy of this id accepts more than the library's.
    PolicyDiffers { policy: String },
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

/// All quirks, in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct Quirks {
    pub all: Vec<Quirk>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(default)]
    quirk: Vec<RawQuirk>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawQuirk {
    stack: Spanned<String>,
    version: Spanned<String>,
    rule: Spanned<String>,
    when: Option<Spanned<String>>,
    sends: Option<Spanned<String>>,
    reason: Spanned<String>,
    citation: Spanned<String>,
}

impl Quirks {
    /// Parses the file. Every error names its line and what is allowed.
    pub fn parse(file: &str, text: &str) -> Result<Self, DataError> {
        let source = Source { file, text };
        let raw: RawFile = source.read()?;
        let all = raw.quirk.iter().map(|raw| raw.check(&source)).collect::<Result<Vec<_>, _>>()?;
        for (at, quirk) in all.iter().enumerate() {
            let same = |other: &Quirk| {
                (&other.stack, &other.version, &other.deviation)
                    == (&quirk.stack, &quirk.version, &quirk.deviation)
            };
            if all[..at].iter().any(same) {
                let name = raw.quirk[at].rule.get_ref().clone();
                return Err(source.error(raw.quirk[at].rule.span(), Problem::Repeated { key: "quirk", name }));
            }
        }
        Ok(Self { all })
    }

    /// Places in [`Self::all`] of what is written for a stack in this version.
    pub fn of(&self, stack: &str, version: &str) -> Vec<usize> {
        let is_of = |quirk: &Quirk| quirk.stack == stack && version.starts_with(&quirk.version);
        (0..self.all.len()).filter(|at| is_of(&self.all[*at])).collect()
    }

    /// The rules among these entries.
    pub fn rules(&self, candidates: &[usize]) -> Vec<Rule> {
        let rules = candidates.iter().filter_map(|at| match self.all[*at].deviation {
            Deviation::Rule(rule) => Some(rule),
            Deviation::Alert { .. } | Deviation::PolicyDiffers { .. } => None,
        });
        rules.collect()
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
        asked: (&Policy, &KeyType, &Offer),
        answer: &Answer,
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
            let expected = Rule::answer(&chosen.collect::<Vec<_>>(), oracle, asked);
            match difference(&expected, answer) {
                None => Some(None),
                Some(_) => self.alert(candidates, expected.err()?.reason, answer).map(Some),
            }
        };
        let alert = explained(None)?;
        let needed = rules.iter().map(|(at, _)| *at).filter(|at| explained(Some(*at)).is_none());
        Some(needed.chain(alert).collect())
    }

    /// The quirk by which a stack refuses for this reason with this answer.
    fn alert(&self, candidates: &[usize], reason: RefusalReason, answer: &Answer) -> Option<usize> {
        let sent = match answer {
            Answer::Alert(alert) => Sent::Alert(*alert),
            Answer::Silence => Sent::Nothing,
            Answer::Abandoned(_) => Sent::ServerHello,
            Answer::Proposed(_) | Answer::Unreadable(_) => return None,
        };
        let deviation = Deviation::Alert { when: reason, sends: sent };
        candidates.iter().copied().find(|at| self.all[*at].deviation == deviation)
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

impl RawQuirk {
    fn check(&self, source: &Source<'_>) -> Result<Quirk, DataError> {
        for (key, text) in [
            ("stack", &self.stack),
            ("version", &self.version),
            ("reason", &self.reason),
            ("citation", &self.citation),
        ] {
            if text.get_ref().trim().is_empty() {
                return Err(source.error(text.span(), Problem::Empty { key }));
            }
        }
        let deviation = match (Rule::named(self.rule.get_ref()), &self.when, &self.sends) {
            (None, Some(when), Some(sends)) if self.rule.get_ref() == "alert" => Deviation::Alert {
                when: *REASONS.iter().find(|reason| name(**reason) == when.get_ref()).ok_or_else(|| {
                    let word = when.get_ref().clone();
                    source.error(when.span(), Problem::Word { key: "when", word, allowed: &REASON_NAMES })
                })?,
                sends: sent(source, sends)?,
            },
            (None, ..) if self.rule.get_ref() == "alert" => {
                let missing = Problem::Missing { key: "when or sends", because: "rule alert needs both" };
                return Err(source.error(self.rule.span(), missing));
            }
            (None, Some(when), None) if self.rule.get_ref() == "policy-differs" => {
                Deviation::PolicyDiffers { policy: when.get_ref().clone() }
            }
            (Some(rule), None, None) => Deviation::Rule(rule),
            (Some(_), ..) => {
                let exclusive = Problem::Exclusive { key: "when and sends", other: "this rule" };
                return Err(source.error(self.rule.span(), exclusive));
            }
            (None, ..) => {
                let word = self.rule.get_ref().clone();
                let problem = Problem::Word { key: "rule", word, allowed: &Rule::NAMES };
                return Err(source.error(self.rule.span(), problem));
            }
        };
        Ok(Quirk {
            stack: self.stack.get_ref().clone(),
            version: self.version.get_ref().clone(),
            deviation,
            reason: self.reason.get_ref().clone(),
            citation: self.citation.get_ref().clone(),
        })
    }
}

fn sent(source: &Source<'_>, word: &Spanned<String>) -> Result<Sent, DataError> {
    match word.get_ref().as_str() {
        NOTHING => Ok(Sent::Nothing),
        SERVER_HELLO => Ok(Sent::ServerHello),
        name => AlertDescription::by_name(name).map(Sent::Alert).ok_or_else(|| {
            let allowed: &[&str] =
                &[NOTHING, SERVER_HELLO, "a name of IANA's TLS Alerts registry, like handshake_failure"];
            source.error(word.span(), Problem::Word { key: "sends", word: name.to_owned(), allowed })
        }),
    }
}

/// Every reason that a quirk can name.
const REASONS: [RefusalReason; 12] = [
    RefusalReason::InappropriateFallback,
    RefusalReason::NoCommonVersion,
    RefusalReason::Compression,
    RefusalReason::Renegotiation,
    RefusalReason::PointFormats,
    RefusalReason::MissingExtension,
    RefusalReason::NoPsk,
    RefusalReason::NoCommonSuite,
    RefusalReason::NoUsableCertificate,
    RefusalReason::NoCommonScheme,
    RefusalReason::NoCommonGroup,
    RefusalReason::NoCommonFiniteField,
];

const REASON_NAMES: [&str; 12] = {
    let mut names = [""; REASONS.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = name(REASONS[at]);
        at += 1;
    }
    names
};

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
