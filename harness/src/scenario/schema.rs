//! The scenario file.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use crate::pki::CertificateKind;
use crate::registry::{self, CipherSuite, KeyExchange, ProtocolVersion};

/// How much of a scenario is run (formats, section 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    Core,
    Default,
    Full,
}

impl Tier {
    pub const ALL: [Self; 3] = [Self::Core, Self::Default, Self::Full];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Default => "default",
            Self::Full => "full",
        }
    }
}

/// The refusal line (design 1, rule 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    Committed,
    Data,
}

/// Who drives the case past the refusal line to prove that it can be (design 1, rule 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// A client whose code is not the server's.
    Independent,
    /// Nothing else can: the server's own code, and the unedited twin completes with two stacks.
    Own,
}

/// Whether the server has nothing else, or takes what was or was not offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    Natural,
    Forced,
}

impl Pick {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Natural => "natural",
            Self::Forced => "forced",
        }
    }
}

/// Which side must refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    Client,
    /// A strong server meets a weak offer of an in-process client.
    Server,
}

/// The suites of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Axis {
    /// A case per key exchange; the server has all AES suites of that kind.
    KeyExchange(Vec<KeyExchange>),
    /// A case per suite that fits.
    Suites(Selector),
    /// No suite of its own: the strong ones.
    Strong,
}

/// `suite = { kx = [...], one_per = "cipher" }` or `suite = { name = [...] }`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    pub kx: Vec<KeyExchange>,
    pub ciphers: Vec<registry::Cipher>,
    pub names: Vec<CipherSuite>,
    /// One representative per cipher kind is in tier `default`, the rest in `full`.
    pub one_per_cipher: bool,
}

/// A parsed and checked scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The path below `scenarios/` without the ending.
    pub id: String,
    pub title: String,
    pub why: String,
    pub checks: Vec<String>,
    pub refs: Vec<String>,
    pub line: Line,
    pub control: Control,
    pub tier: Tier,
    /// Globs over the part behind `@`: which cases are in `tier`. Empty: all representatives.
    pub core: Vec<String>,
    pub versions: Vec<ProtocolVersion>,
    pub axis: Axis,
    pub certificates: Vec<CertificateKind>,
    pub dh_bits: Vec<u16>,
    pub picks: Vec<Pick>,
    /// TLS 1.3 with an external PSK and no (EC)DHE.
    pub psk_ke: bool,
    pub subject: Subject,
}

#[derive(Debug, Clone, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct ScenarioError {
    pub file: String,
    pub line: usize,
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    why: String,
    checks: Spanned<Vec<String>>,
    #[serde(default)]
    refs: Vec<String>,
    line: Spanned<String>,
    control: Spanned<String>,
    tier: Spanned<String>,
    #[serde(default)]
    core: Vec<String>,
    matrix: Matrix,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Matrix {
    version: Spanned<Vec<String>>,
    kx: Option<Spanned<Vec<String>>>,
    suite: Option<Spanned<SuiteSelector>>,
    certificate: Option<Spanned<Vec<String>>>,
    #[serde(default)]
    dh_bits: Vec<u16>,
    #[serde(default)]
    psk_ke: bool,
    pick: Spanned<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SuiteSelector {
    #[serde(default)]
    kx: Vec<String>,
    #[serde(default)]
    cipher: Vec<String>,
    #[serde(default)]
    name: Vec<String>,
    one_per: Option<String>,
}

/// Where messages point.
struct Source<'a> {
    file: &'a str,
    text: &'a str,
}

impl Source<'_> {
    fn error(&self, span: &Range<usize>, message: impl Into<String>) -> ScenarioError {
        let before = &self.text.as_bytes()[..span.start.min(self.text.len())];
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        ScenarioError { file: self.file.to_owned(), line, message: message.into() }
    }

    fn one_of<T: Copy>(
        &self,
        key: &str,
        value: &str,
        span: &Range<usize>,
        all: &[(&str, T)],
    ) -> Result<T, ScenarioError> {
        all.iter().find(|(name, _)| *name == value).map(|(_, v)| *v).ok_or_else(|| {
            let allowed: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
            self.error(span, format!("{key}: unknown value {value:?}; allowed: {}", allowed.join(", ")))
        })
    }

    fn each<T>(
        &self,
        key: &str,
        list: &Spanned<Vec<String>>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Vec<T>, ScenarioError> {
        if list.as_ref().is_empty() {
            return Err(self.error(&list.span(), format!("{key} must not be empty")));
        }
        list.as_ref()
            .iter()
            .map(|value| parse(value).map_err(|e| self.error(&list.span(), format!("{key}: {e}"))))
            .collect()
    }
}

impl Scenario {
    /// Parses a scenario. `file` is its path below `scenarios/`.
    pub fn parse(file: &str, text: &str) -> Result<Self, ScenarioError> {
        let source = Source { file, text };
        let parsed: File =
            toml::from_str(text).map_err(|e| source.error(&e.span().unwrap_or_default(), e.message()))?;
        let File { title, why, checks, refs, line, control, tier, core, matrix } = parsed;
        let one = |key, value: &Spanned<String>, all: &[(&str, Line)]| {
            source.one_of(key, value.as_ref(), &value.span(), all)
        };
        let line = one("line", &line, &[("committed", Line::Committed), ("data", Line::Data)])?;
        let control = source.one_of(
            "control",
            control.as_ref(),
            &control.span(),
            &[("independent", Control::Independent), ("own", Control::Own)],
        )?;
        let tier = source.one_of("tier", tier.as_ref(), &tier.span(), &Tier::ALL.map(|t| (t.as_str(), t)))?;
        if checks.as_ref().is_empty() {
            return Err(source.error(&checks.span(), "checks must name at least one row of the check table"));
        }
        let subject = if file.starts_with("server/") { Subject::Server } else { Subject::Client };
        let versions = source
            .each("version", &matrix.version, |v| v.parse::<ProtocolVersion>().map_err(|e| e.to_string()))?;
        let axis = axis(&source, &matrix)?;
        let certificates = match &matrix.certificate {
            None => Vec::new(),
            Some(list) => source
                .each("certificate", list, |v| v.parse::<CertificateKind>().map_err(|e| e.to_string()))?,
        };
        let picks = source.each("pick", &matrix.pick, |v| match v {
            "natural" => Ok(Pick::Natural),
            "forced" => Ok(Pick::Forced),
            _ => Err(format!("unknown value {v:?}; allowed: natural, forced")),
        })?;
        Ok(Self {
            id: file.trim_end_matches(".toml").to_owned(),
            title,
            why,
            checks: checks.into_inner(),
            refs,
            line,
            control,
            tier,
            core,
            versions,
            axis,
            certificates,
            dh_bits: matrix.dh_bits,
            picks,
            psk_ke: matrix.psk_ke,
            subject,
        })
    }
}

fn axis(source: &Source<'_>, matrix: &Matrix) -> Result<Axis, ScenarioError> {
    let key_exchange = |name: &str| name.parse::<KeyExchange>().map_err(|e| e.to_string());
    match (&matrix.kx, &matrix.suite) {
        (Some(list), None) => Ok(Axis::KeyExchange(source.each("kx", list, key_exchange)?)),
        (None, Some(selector)) => {
            let span = selector.span();
            let stated = selector.as_ref();
            let fail = |message: String| source.error(&span, message);
            let kx =
                stated.kx.iter().map(|n| key_exchange(n)).collect::<Result<Vec<_>, _>>().map_err(fail)?;
            let ciphers =
                stated.cipher.iter().map(|n| n.parse::<registry::Cipher>().map_err(|e| e.to_string()));
            let ciphers = ciphers.collect::<Result<Vec<_>, _>>().map_err(fail)?;
            let names = stated.name.iter().map(|n| suite(n)).collect::<Result<Vec<_>, _>>().map_err(fail)?;
            if kx.is_empty() == names.is_empty() {
                return Err(fail("suite needs either kx or name".to_owned()));
            }
            let one_per_cipher = match stated.one_per.as_deref() {
                None => false,
                Some("cipher") => true,
                Some(other) => {
                    return Err(fail(format!("one_per: unknown value {other:?}; allowed: cipher")));
                }
            };
            Ok(Axis::Suites(Selector { kx, ciphers, names, one_per_cipher }))
        }
        (None, None) => Ok(Axis::Strong),
        (Some(list), Some(_)) => Err(source.error(&list.span(), "kx and suite exclude each other")),
    }
}

fn suite(name: &str) -> Result<CipherSuite, String> {
    registry::suite_by_name(name).map(|facts| facts.suite).ok_or_else(|| {
        format!("unknown suite {name:?}; near: {}", registry::nearest_suite_names(name).join(", "))
    })
}
