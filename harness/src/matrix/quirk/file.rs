//! `scenarios/quirks.toml`.

use serde::Deserialize;
use toml::Spanned;

use super::{Deviation, Like, Quirk, Quirks, Rule, Sent, name};
use crate::oracle::RefusalReason;
use crate::policy::{DataError, Problem, Source};
use crate::registry::{AlertDescription, CipherSuite};

/// The words for what is no alert.
const NOTHING: &str = "nothing";
const SERVER_HELLO: &str = "server-hello";

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
    #[serde(default)]
    also: Vec<Spanned<String>>,
    hello: Option<Spanned<String>>,
    #[serde(default)]
    suites: Vec<Spanned<String>>,
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
        self.check_keys(source)?;
        let deviation = match (Rule::named(self.rule.get_ref()), &self.when, &self.sends) {
            (None, Some(when), Some(sends)) if self.rule.get_ref() == "alert" => Deviation::Alert {
                when: reason(source, "when", when)?,
                sends: sent(source, sends)?,
                also: self.also.iter().map(|word| reason(source, "also", word)).collect::<Result<_, _>>()?,
                hello: self.hello.as_ref().map(|word| like(source, word)).transpose()?,
            },
            (None, ..) if self.rule.get_ref() == "alert" => {
                let missing = Problem::Missing { key: "when or sends", because: "rule alert needs both" };
                return Err(source.error(self.rule.span(), missing));
            }
            (None, Some(when), None) if self.rule.get_ref() == "policy-differs" => {
                if self.suites.is_empty() {
                    let missing =
                        Problem::Missing { key: "suites", because: "rule policy-differs needs them" };
                    return Err(source.error(self.rule.span(), missing));
                }
                let suites = self.suites.iter().map(|name| suite(source, name)).collect::<Result<_, _>>()?;
                Deviation::PolicyDiffers { policy: when.get_ref().clone(), suites }
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

impl RawQuirk {
    /// No key is there that its rule does not read.
    fn check_keys(&self, source: &Source<'_>) -> Result<(), DataError> {
        let is = |rule: &str| self.rule.get_ref() == rule;
        let stray = [
            ("also", self.also.first(), is("alert")),
            ("hello", self.hello.as_ref(), is("alert")),
            ("suites", self.suites.first(), is("policy-differs")),
        ];
        match stray.into_iter().find_map(|(key, value, is_read)| Some((key, value.filter(|_| !is_read)?))) {
            Some((key, value)) => {
                Err(source.error(value.span(), Problem::Exclusive { key, other: "this rule" }))
            }
            None => Ok(()),
        }
    }
}

fn like(source: &Source<'_>, word: &Spanned<String>) -> Result<Like, DataError> {
    Like::named(word.get_ref()).ok_or_else(|| {
        let problem = Problem::Word { key: "hello", word: word.get_ref().clone(), allowed: &Like::NAMES };
        source.error(word.span(), problem)
    })
}

fn reason(
    source: &Source<'_>,
    key: &'static str,
    word: &Spanned<String>,
) -> Result<RefusalReason, DataError> {
    RefusalReason::ALL.iter().copied().find(|reason| name(*reason) == word.get_ref()).ok_or_else(|| {
        let problem = Problem::Word { key, word: word.get_ref().clone(), allowed: &REASON_NAMES };
        source.error(word.span(), problem)
    })
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

const REASON_NAMES: [&str; RefusalReason::ALL.len()] = {
    let mut names = [""; RefusalReason::ALL.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = name(RefusalReason::ALL[at]);
        at += 1;
    }
    names
};

fn suite(source: &Source<'_>, name: &Spanned<String>) -> Result<CipherSuite, DataError> {
    name.get_ref().parse().map_err(|unknown| source.error(name.span(), Problem::Suite(unknown)))
}
