//! The file of known failures (formats, section 4).

use jiff::civil::Date;
use serde::Deserialize;
use toml::{Spanned, Value};
use wildmatch::WildMatch;

use crate::judge::{FindingCode, Level, UnknownFindingCode};
use crate::registry::{nearest, shortened, suggestion};

/// One entry: a failure that is known.
#[derive(Clone, Debug)]
pub struct Known {
    /// The line of its `[[known]]`, counted from 1.
    pub line: usize,
    /// The client's name, exactly.
    pub client: String,
    /// Case ids as the file has them; `*` stands for any characters, `?` for one.
    pub case: String,
    /// What fails.
    pub finding: FindingCode,
    /// Why that is accepted.
    pub reason: String,
    /// Where it is being dealt with.
    pub link: Option<String>,
    /// The last day (UTC) on which the entry holds. Without it, until it is stale.
    pub expires: Option<Date>,
    glob: WildMatch,
}

impl Known {
    /// Whether the entry is about this case of this client, however it ends.
    pub fn speaks_of(&self, client: &str, case: &str) -> bool {
        self.client == client && self.glob.matches(case)
    }
}

/// A file of known failures.
#[derive(Clone, Debug)]
pub struct KnownFailures {
    /// As the user named it.
    pub file: String,
    pub entries: Vec<Known>,
}

/// A fault in the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {problem}")]
pub struct KnownError {
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    pub problem: KnownProblem,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KnownProblem {
    /// Not TOML, or a key that does not exist; the message lists those that do.
    #[error("{0}")]
    Toml(String),
    #[error("{0} is missing; an entry has client, case, finding, reason, and may have link, expires")]
    Missing(&'static str),
    #[error("{0} is empty")]
    Empty(&'static str),
    #[error("{key} has {count} characters, at most {most} are read; {next}", next = shorten(.key))]
    TooLong { key: &'static str, count: usize, most: usize },
    #[error("finding: {unknown}{}; shakedown explain CODE tells what each means", suggestion(.nearest))]
    Finding { unknown: UnknownFindingCode, nearest: Vec<&'static str> },
    #[error("finding: {code} never fails a case, so it cannot be a known failure; allowed: {}", .allowed.join(", "))]
    NeverFails { code: FindingCode, allowed: Vec<&'static str> },
    #[error("expires takes a date without quotes and without a time, such as 2027-03-31")]
    Date,
    #[error("the same client, case and finding stand in line {first}; join the two entries")]
    Repeated { first: usize },
    #[error(
        "here stands entry {next} of {count}, and at most {most} are read; join entries by * in case, or give each \
         client a list of its own",
        next = .most + 1
    )]
    TooMany { count: usize, most: usize },
}

/// How a text that is too long gets shorter.
fn shorten(key: &str) -> &'static str {
    match key {
        "case" => "put * for a part of it",
        "reason" => "put the rest where link leads",
        _ => "correct it",
    }
}

/// Characters of a client's name at most: it may hold a path, and Linux has paths of 4096 bytes.
const MOST_CLIENT: usize = 5_000;
/// Of a case: ids have about a hundred.
const MOST_CASE: usize = 500;
/// Of what is said of an entry.
const MOST_REASON: usize = 1_000;
const MOST_LINK: usize = 2_000;
/// Of what the TOML parser says: it repeats what it cannot read.
const MOST_MESSAGE: usize = 500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(default)]
    known: Vec<Spanned<RawKnown>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKnown {
    client: Option<Spanned<String>>,
    case: Option<Spanned<String>>,
    finding: Option<Spanned<String>>,
    reason: Option<Spanned<String>>,
    link: Option<Spanned<String>>,
    expires: Option<Spanned<Value>>,
}

impl KnownFailures {
    /// Bytes that a file has at most.
    pub const MOST_BYTES: u64 = 1 << 20;
    /// Entries that a file has at most.
    pub const MOST_ENTRIES: usize = 1_000;

    /// Parses a file.
    ///
    /// # Errors
    ///
    /// [`KnownError`] with the line of the first fault.
    pub fn parse(file: &str, text: &str) -> Result<Self, KnownError> {
        let page = Page { file, text };
        let raw: RawFile = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            page.error(at, KnownProblem::Toml(error.message().chars().take(MOST_MESSAGE).collect()))
        })?;
        if let Some(beyond) = raw.known.get(Self::MOST_ENTRIES) {
            let problem = KnownProblem::TooMany { count: raw.known.len(), most: Self::MOST_ENTRIES };
            return Err(page.error(beyond.span().start, problem));
        }
        let mut entries = Vec::with_capacity(raw.known.len());
        let mut seen = std::collections::BTreeMap::new();
        for raw in &raw.known {
            let known = page.entry(raw)?;
            let key = (known.client.clone(), known.case.clone(), known.finding);
            if let Some(first) = seen.insert(key, known.line) {
                return Err(page.error(raw.span().start, KnownProblem::Repeated { first }));
            }
            entries.push(known);
        }
        Ok(Self { file: file.to_owned(), entries })
    }
}

struct Page<'t> {
    file: &'t str,
    text: &'t str,
}

impl Page<'_> {
    fn line(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().get(..offset).unwrap_or(self.text.as_bytes());
        1 + before.iter().filter(|byte| **byte == b'\n').count()
    }

    fn error(&self, at: usize, problem: KnownProblem) -> KnownError {
        KnownError { file: self.file.to_owned(), line: self.line(at), problem }
    }

    fn entry(&self, raw: &Spanned<RawKnown>) -> Result<Known, KnownError> {
        let start = raw.span().start;
        let raw = raw.get_ref();
        let filled = |key, most, text: &Spanned<String>| match text.get_ref().chars().count() {
            _ if text.get_ref().trim().is_empty() => {
                Err(self.error(text.span().start, KnownProblem::Empty(key)))
            }
            count if count > most => {
                Err(self.error(text.span().start, KnownProblem::TooLong { key, count, most }))
            }
            _ => Ok(text.get_ref().clone()),
        };
        let needed = |key, most, text: &Option<Spanned<String>>| match text {
            Some(text) => filled(key, most, text),
            None => Err(self.error(start, KnownProblem::Missing(key))),
        };
        let case = needed("case", MOST_CASE, &raw.case)?;
        // An unknown one is shortened where it is repeated.
        let finding = needed("finding", usize::MAX, &raw.finding)?;
        let at = raw.finding.as_ref().map_or(start, |finding| finding.span().start);
        let finding = finding.parse().map_err(|_| {
            let codes = FindingCode::ALL.iter().map(|code| code.as_str());
            let unknown = UnknownFindingCode(shortened(&finding));
            self.error(at, KnownProblem::Finding { unknown, nearest: nearest(&finding, codes) })
        })?;
        if !can_fail(finding) {
            let allowed = FindingCode::ALL.iter().copied().filter(|code| can_fail(*code));
            let allowed = allowed.map(FindingCode::as_str).collect();
            return Err(self.error(at, KnownProblem::NeverFails { code: finding, allowed }));
        }
        Ok(Known {
            line: self.line(start),
            client: needed("client", MOST_CLIENT, &raw.client)?,
            glob: WildMatch::new(&case),
            case,
            finding,
            reason: needed("reason", MOST_REASON, &raw.reason)?,
            link: raw.link.as_ref().map(|link| filled("link", MOST_LINK, link)).transpose()?,
            expires: raw.expires.as_ref().map(|date| self.date(date)).transpose()?,
        })
    }

    fn date(&self, value: &Spanned<Value>) -> Result<Date, KnownError> {
        let bad = || self.error(value.span().start, KnownProblem::Date);
        let Value::Datetime(stated) = value.get_ref() else { return Err(bad()) };
        let (Some(date), None, None) = (stated.date, stated.time, stated.offset) else { return Err(bad()) };
        let number = |n: u8| i8::try_from(n).map_err(|_| bad());
        let year = i16::try_from(date.year).map_err(|_| bad())?;
        Date::new(year, number(date.month)?, number(date.day)?).map_err(|_| bad())
    }
}

/// By its own level, or by what a floor says of it.
fn can_fail(code: FindingCode) -> bool {
    code.default_level() == Level::Fail || code == FindingCode::FiniteFieldDhe
}
