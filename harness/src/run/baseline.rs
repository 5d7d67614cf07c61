//! An earlier run beside this one (`--baseline RUN.jsonl`): joined on client and case id.

use std::collections::BTreeMap;
use std::io::{BufRead, Read};

use serde_json::Value;

use crate::judge::Verdict;
use crate::registry::shortened;

use super::events::{BaselineReport, CaseFinished, Changed, Differs, RunStarted, SCHEMA};

/// Bytes of a line at most: the longest event of a run is a few thousand.
const MOST_LINE: u64 = 1 << 20;
/// Lines at most: a hundred clients in the full tier are 30 000.
const MOST_LINES: usize = 1_000_000;

/// What an earlier run came to.
#[derive(Clone, Debug)]
pub struct Baseline {
    file: String,
    started: String,
    /// What has to be the same for the verdicts to be comparable.
    setting: BTreeMap<&'static str, String>,
    interrupted: bool,
    /// Client and case to verdict.
    cases: BTreeMap<(String, String), String>,
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
    Schema(Value),
    #[error("the file ends here without run-finished: the run was cut off")]
    Truncated,
    #[error("something stands behind run-finished")]
    Behind,
    #[error("{0} is missing or no text")]
    Key(&'static str),
    #[error("unknown verdict {0:?}; allowed: {allowed}", allowed = Verdict::ALL.map(Verdict::as_str).join(", "))]
    Verdict(String),
    #[error("unknown type of event {0}")]
    Event(Value),
    #[error("this client and case stand in the file twice")]
    Twice,
}

/// The one word for a case that fails, known or not.
const FAIL: &str = "fail";

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
            return Err(BaselineProblem::Schema(first["schema"].clone()));
        }
        let mut setting = BTreeMap::new();
        for key in ["floor", "tier", "environment", "shakedown"] {
            setting.insert(key, text(&first, key)?);
        }
        let mut baseline = Self {
            file: file.to_owned(),
            started: text(&first, "started")?,
            setting,
            interrupted: false,
            cases: BTreeMap::new(),
        };
        loop {
            *number += 1;
            if *number > MOST_LINES {
                return Err(BaselineProblem::ManyLines);
            }
            let line = next(lines)?.ok_or(BaselineProblem::Truncated)?;
            match line["type"].as_str() {
                Some("client") => {}
                Some("case-finished") => {
                    let key = (text(&line, "client")?, text(&line, "case")?);
                    let verdict = text(&line, "verdict")?;
                    if !Verdict::ALL.iter().any(|known| known.as_str() == verdict) {
                        return Err(BaselineProblem::Verdict(shortened(&verdict)));
                    }
                    let is_known = line["known"].as_array().is_some_and(|known| !known.is_empty());
                    let verdict = if is_known { FAIL.to_owned() } else { verdict };
                    if baseline.cases.insert(key, verdict).is_some() {
                        return Err(BaselineProblem::Twice);
                    }
                }
                Some("run-finished") => {
                    baseline.interrupted = line["interrupted"] == true;
                    break;
                }
                _ => return Err(BaselineProblem::Event(line["type"].clone())),
            }
        }
        *number += 1;
        if next(lines)?.is_some() {
            return Err(BaselineProblem::Behind);
        }
        Ok(baseline)
    }
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
    event[key].as_str().map(str::to_owned).ok_or(BaselineProblem::Key(key))
}

/// Notes the cases of this run beside those of the earlier one.
#[derive(Debug)]
pub struct Comparison {
    earlier: Baseline,
    report: BaselineReport,
}

impl Comparison {
    pub fn new(earlier: Baseline, now: &RunStarted) -> Self {
        let environment = serde_json::to_value(now.environment).unwrap_or_default();
        let here = [
            ("floor", now.floor.as_str()),
            ("tier", now.tier.as_str()),
            ("environment", environment.as_str().unwrap_or_default()),
            ("shakedown", now.shakedown.as_str()),
        ];
        let differs = here.into_iter().filter_map(|(what, now)| {
            let before = earlier.setting.get(what)?;
            (before != now).then(|| Differs {
                what: what.to_owned(),
                before: before.clone(),
                now: now.to_owned(),
            })
        });
        let report = BaselineReport {
            file: earlier.file.clone(),
            started: earlier.started.clone(),
            interrupted: earlier.interrupted,
            differs: differs.collect(),
            newly_failing: Vec::new(),
            newly_passing: Vec::new(),
            newly_unknown: Vec::new(),
            new: Vec::new(),
            vanished: Vec::new(),
        };
        Self { earlier, report }
    }

    /// Takes note of a case of this run. A known failure fails, in this run as in the earlier one.
    pub fn note(&mut self, event: &CaseFinished) {
        let now = if event.known.is_empty() { event.verdict.as_str() } else { FAIL };
        let key = (event.client.clone(), event.case.clone());
        let Some(before) = self.earlier.cases.remove(&key) else {
            self.report.new.push(changed(key, None, Some(now)));
            return;
        };
        let is_good = |verdict: &str| matches!(verdict, "pass" | "warn");
        let list = match (before.as_str(), now) {
            (before, FAIL) if before != FAIL => &mut self.report.newly_failing,
            (before, now) if is_good(now) && !is_good(before) => &mut self.report.newly_passing,
            (before, now) if !is_good(now) && now != FAIL && (is_good(before) || before == FAIL) => {
                &mut self.report.newly_unknown
            }
            _ => return,
        };
        list.push(changed(key, Some(&before), Some(now)));
    }

    /// What is left of the earlier run has vanished.
    pub fn close(mut self) -> BaselineReport {
        let left = std::mem::take(&mut self.earlier.cases);
        self.report.vanished =
            left.into_iter().map(|(key, before)| changed(key, Some(&before), None)).collect();
        self.report
    }
}

fn changed((client, case): (String, String), before: Option<&str>, now: Option<&str>) -> Changed {
    Changed { client, case, before: before.map(str::to_owned), now: now.map(str::to_owned) }
}

#[cfg(test)]
mod tests;
