//! The file of a baseline: the JSON lines of an earlier run, read by their line.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Read};

use serde_json::Value;

use crate::judge::{FindingCode, Verdict};
use crate::registry::shortened;
use crate::run::events::{SCHEMA, Setting};

/// Bytes of a line at most: the longest event of a run is a few thousand.
const MOST_LINE: u64 = 1 << 20;
/// Lines at most: a hundred clients in the full tier are 30 000.
const MOST_LINES: usize = 1_000_000;
/// Bytes of a text at most that is kept of a line. A client's name may hold a path, and Linux has paths of 4096 bytes.
const MOST_TEXT: usize = 8_192;

/// By setting, and by server or client where it is a version. None stands for what the user did not ask for.
pub(super) type Settings = BTreeMap<(Setting, Option<String>), Option<String>>;

/// What an earlier run came to.
#[derive(Clone, Debug)]
pub struct Baseline {
    pub(super) file: String,
    pub(super) started: String,
    /// What has to be the same for the verdicts to be comparable; of a server or a client its version. What an older
    /// program did not write is missing.
    pub(super) settings: Settings,
    pub(super) interrupted: bool,
    pub(super) cases: BTreeMap<(String, String), Earlier>,
    /// For each client that was judged, what is said of the classes that nothing proved.
    pub(super) unproven: BTreeMap<String, BTreeSet<String>>,
}

/// What a case came to. A known failure fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Earlier {
    pub(super) verdict: Verdict,
    /// The codes of its failing findings.
    pub(super) failing: BTreeSet<FindingCode>,
}

/// Why a file is no baseline.
#[derive(Debug, thiserror::Error)]
#[error("{file}:{line}: {problem}; a baseline is the whole file of an earlier --report json:RUN.jsonl")]
pub struct BaselineError {
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    pub problem: BaselineProblem,
}

#[derive(Debug, thiserror::Error)]
pub enum BaselineProblem {
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    #[error("no line of JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("longer than {MOST_LINE} bytes")]
    LongLine,
    #[error("more than {MOST_LINES} lines")]
    ManyLines,
    #[error("the first line is no run-started")]
    Foreign,
    #[error("schema {0}, and this program reads {SCHEMA}; make a new baseline with it")]
    Schema(String),
    #[error("the file ends here without run-finished: the run was cut off")]
    Truncated,
    #[error("something stands behind run-finished")]
    Behind,
    #[error("{0} is missing or no text")]
    Key(&'static str),
    #[error("{0} is missing or no list")]
    List(&'static str),
    #[error("{0} is missing or no object")]
    Object(&'static str),
    #[error("{key} has {bytes} bytes; at most {MOST_TEXT} are read")]
    LongText { key: &'static str, bytes: usize },
    #[error("unknown verdict {0:?}; allowed: {allowed}", allowed = Verdict::ALL.map(Verdict::as_str).join(", "))]
    Verdict(String),
    #[error("unknown finding code {0:?}; make a new baseline with this program")]
    Code(String),
    #[error("unknown type of event {0}")]
    Event(String),
    #[error("this client and case stand in the file twice")]
    Twice,
}

impl Baseline {
    /// Reads the JSON lines of an earlier run.
    ///
    /// # Errors
    ///
    /// [`BaselineError`] with the first line that is wrong.
    pub fn read(file: &str, mut lines: impl BufRead) -> Result<Self, BaselineError> {
        let mut number = 0;
        Self::read_lines(file, &mut lines, &mut number).map_err(|problem| BaselineError {
            file: file.to_owned(),
            line: number.max(1),
            problem,
        })
    }

    fn read_lines(file: &str, lines: &mut impl BufRead, number: &mut usize) -> Result<Self, BaselineProblem> {
        *number = 1;
        let first = next(lines)?.ok_or(BaselineProblem::Foreign)?;
        if first["type"] != "run-started" {
            return Err(BaselineProblem::Foreign);
        }
        if first["schema"] != SCHEMA {
            return Err(BaselineProblem::Schema(shown(&first["schema"])));
        }
        let mut baseline = Self {
            file: file.to_owned(),
            started: text(&first, "started")?,
            settings: settings(&first)?,
            interrupted: false,
            cases: BTreeMap::new(),
            unproven: BTreeMap::new(),
        };
        loop {
            *number += 1;
            if *number > MOST_LINES {
                return Err(BaselineProblem::ManyLines);
            }
            let line = next(lines)?.ok_or(BaselineProblem::Truncated)?;
            match line["type"].as_str() {
                Some("client") => baseline.client(&line)?,
                Some("case-finished") => baseline.case(&line)?,
                Some("run-finished") => {
                    baseline.end(&line)?;
                    break;
                }
                _ => return Err(BaselineProblem::Event(shown(&line["type"]))),
            }
        }
        *number += 1;
        if next(lines)?.is_some() {
            return Err(BaselineProblem::Behind);
        }
        Ok(baseline)
    }

    fn client(&mut self, line: &Value) -> Result<(), BaselineProblem> {
        let client = text(line, "client")?;
        if line["status"] == "ready" {
            self.settings.insert((Setting::Client, Some(client)), optional(line, "version")?);
        }
        Ok(())
    }

    fn case(&mut self, line: &Value) -> Result<(), BaselineProblem> {
        let key = (text(line, "client")?, text(line, "case")?);
        let mut verdict = verdict(line)?;
        if line["known"].as_array().is_some_and(|known| !known.is_empty()) {
            verdict = Verdict::Fail;
        }
        let mut failing = BTreeSet::new();
        for finding in list(line, "findings")? {
            if finding["level"] == "fail" {
                failing.insert(code(finding)?);
            }
        }
        match self.cases.insert(key, Earlier { verdict, failing }) {
            None => Ok(()),
            Some(_) => Err(BaselineProblem::Twice),
        }
    }

    fn end(&mut self, line: &Value) -> Result<(), BaselineProblem> {
        self.interrupted = line["interrupted"] == true;
        let clients = line["clients"].as_object().ok_or(BaselineProblem::Object("clients"))?;
        for (client, totals) in clients {
            bounded("clients", client)?;
            // Of whom nothing was played, no class was looked at.
            if totals["verdict"].is_null() || verdict(totals)? == Verdict::Skipped {
                continue;
            }
            let mut unproven = BTreeSet::new();
            for finding in list(totals, "findings")? {
                if code(finding)? == FindingCode::ClassUnproven {
                    unproven.insert(text(finding, "detail")?);
                }
            }
            self.unproven.insert(client.clone(), unproven);
        }
        Ok(())
    }
}

/// The settings that `run-started` states.
fn settings(first: &Value) -> Result<Settings, BaselineProblem> {
    let mut settings = BTreeMap::new();
    for (setting, key) in [
        (Setting::Floor, "floor"),
        (Setting::Tier, "tier"),
        (Setting::Environment, "environment"),
        (Setting::Shakedown, "shakedown"),
    ] {
        settings.insert((setting, None), Some(text(first, key)?));
    }
    // These came later.
    for (setting, key) in
        [(Setting::Backend, "backend"), (Setting::Filter, "filter"), (Setting::Shard, "shard")]
    {
        if first.get(key).is_some() {
            settings.insert((setting, None), optional(first, key)?);
        }
    }
    if let Some(service) = first.get("service") {
        let service = match service {
            Value::Null => None,
            service => Some(format!("{}@{}", text(service, "name")?, text(service, "edition")?)),
        };
        settings.insert((Setting::Service, None), service);
    }
    for (server, version) in first["servers"].as_object().ok_or(BaselineProblem::Object("servers"))? {
        bounded("servers", server)?;
        let version = version.as_str().ok_or(BaselineProblem::Key("servers"))?;
        bounded("servers", version)?;
        settings.insert((Setting::Server, Some(server.clone())), Some(version.to_owned()));
    }
    Ok(settings)
}

/// The next line, `None` at the end.
fn next(lines: &mut impl BufRead) -> Result<Option<Value>, BaselineProblem> {
    let mut line = Vec::new();
    let read = lines.take(MOST_LINE + 1).read_until(b'\n', &mut line)?;
    if read == 0 {
        return Ok(None);
    }
    if read as u64 > MOST_LINE {
        return Err(BaselineProblem::LongLine);
    }
    Ok(Some(serde_json::from_slice(&line)?))
}

fn text(event: &Value, key: &'static str) -> Result<String, BaselineProblem> {
    let text = event[key].as_str().ok_or(BaselineProblem::Key(key))?;
    bounded(key, text)?;
    Ok(text.to_owned())
}

fn optional(event: &Value, key: &'static str) -> Result<Option<String>, BaselineProblem> {
    if event[key].is_null() { Ok(None) } else { text(event, key).map(Some) }
}

fn list<'v>(event: &'v Value, key: &'static str) -> Result<&'v [Value], BaselineProblem> {
    event[key].as_array().map(Vec::as_slice).ok_or(BaselineProblem::List(key))
}

fn bounded(key: &'static str, text: &str) -> Result<(), BaselineProblem> {
    if text.len() > MOST_TEXT { Err(BaselineProblem::LongText { key, bytes: text.len() }) } else { Ok(()) }
}

fn verdict(event: &Value) -> Result<Verdict, BaselineProblem> {
    let word = text(event, "verdict")?;
    let known = Verdict::ALL.into_iter().find(|known| known.as_str() == word);
    known.ok_or_else(|| BaselineProblem::Verdict(shortened(&word)))
}

fn code(finding: &Value) -> Result<FindingCode, BaselineProblem> {
    let word = text(finding, "code")?;
    word.parse().map_err(|_| BaselineProblem::Code(shortened(&word)))
}

/// A value as an error repeats it.
fn shown(value: &Value) -> String {
    shortened(&value.to_string())
}
