//! What the human report remembers of a run: counts, and for each kind of finding one case to show.
//!
//! Passes are counted and forgotten, so memory grows with clients and finding codes, not with cases.

use std::collections::{BTreeMap, BTreeSet};

use super::cells::{Cell, Tally};
use crate::judge::{Class, Finding, FindingCode, Level, Verdict};
use crate::observe::Reach;
use crate::report::text::printable;
use crate::run::events::{CaseFinished, ClientEvent, ClientStatus, ClientTotals, KnownFinding};

/// Verdicts of cases, counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) pass: u64,
    pub(super) warn: u64,
    pub(super) fail: u64,
    pub(super) inconclusive: u64,
    pub(super) skipped: u64,
}

impl Counts {
    fn add(&mut self, verdict: Verdict) {
        *match verdict {
            Verdict::Pass => &mut self.pass,
            Verdict::Warn => &mut self.warn,
            Verdict::Fail => &mut self.fail,
            Verdict::Inconclusive => &mut self.inconclusive,
            Verdict::Skipped => &mut self.skipped,
        } += 1;
    }

    pub(super) fn total(self) -> u64 {
        self.pass + self.warn + self.fail + self.inconclusive + self.skipped
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            pass: self.pass + other.pass,
            warn: self.warn + other.warn,
            fail: self.fail + other.fail,
            inconclusive: self.inconclusive + other.inconclusive,
            skipped: self.skipped + other.skipped,
        }
    }

    fn worst(self) -> Option<Verdict> {
        [
            (self.fail, Verdict::Fail),
            (self.inconclusive, Verdict::Inconclusive),
            (self.warn, Verdict::Warn),
            (self.pass, Verdict::Pass),
            (self.skipped, Verdict::Skipped),
        ]
        .into_iter()
        .find_map(|(n, verdict)| (n > 0).then_some(verdict))
    }
}

/// The case that stands for all cases with the same finding.
#[derive(Clone, Debug)]
pub(super) struct Example {
    pub(super) case: String,
    pub(super) version: Option<String>,
    pub(super) suite: Option<String>,
    pub(super) reach: Option<Reach>,
    pub(super) forced: bool,
    pub(super) detail: String,
}

impl Example {
    fn new(case: &CaseFinished, finding: &Finding) -> Self {
        Self {
            case: printable(&case.case),
            version: case.version.as_deref().map(printable),
            suite: case.suite.as_deref().map(printable),
            reach: case.reach,
            forced: case.forced,
            detail: printable(&finding.detail),
        }
    }

    /// Whether this one is the better example: the client went further, then an honest server before a
    /// forced ServerHello, then the older version, then the id, so that a shuffled run prints the same.
    fn beats(&self, other: &Self) -> bool {
        let key = |example: &Self| {
            (
                std::cmp::Reverse(example.reach),
                example.forced,
                example.version.is_none(),
                example.version.clone(),
                example.case.clone(),
            )
        };
        key(self) < key(other)
    }
}

/// All findings of one code at one level.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub(super) cases: u64,
    pub(super) example: Option<Example>,
    /// Details of findings about the client as a whole.
    pub(super) of_client: Vec<String>,
}

/// One client: a row of the table and its paragraphs.
#[derive(Clone, Debug, Default)]
pub(super) struct Client {
    pub(super) name: String,
    pub(super) label: Option<String>,
    pub(super) version: Option<String>,
    pub(super) path: Option<String>,
    pub(super) not_installed: bool,
    pub(super) detail: Option<String>,
    pub(super) fixes: BTreeMap<FindingCode, Vec<String>>,
    pub(super) counts: Counts,
    pub(super) groups: BTreeMap<(Level, FindingCode), Group>,
    /// Known failures by code and what the file says of them, with the number of cases and one of them.
    pub(super) known: BTreeMap<(FindingCode, String), (u64, String)>,
    pub(super) known_cases: u64,
    classes: BTreeMap<Class, Tally>,
    finite_field: Tally,
    verdict: Option<Verdict>,
}

impl Client {
    pub(super) fn unannounced(name: &str) -> Self {
        Self { name: printable(name), ..Self::default() }
    }

    pub(super) fn announce(&mut self, event: &ClientEvent) {
        self.label = event.label.as_deref().map(printable);
        self.version = event.version.as_deref().map(printable);
        self.path = event.path.as_deref().map(printable);
        self.not_installed = event.status == ClientStatus::NotInstalled;
        self.detail = event.detail.as_deref().map(printable);
        self.fixes = event
            .fixes
            .iter()
            .map(|(&code, words)| (code, words.iter().map(|word| printable(word)).collect()))
            .collect();
        self.note_own_findings(&event.findings);
    }

    pub(super) fn note_case(&mut self, case: &CaseFinished) {
        self.counts.add(case.verdict);
        for class in Class::ALL {
            let tally = self.classes.entry(class).or_default();
            if case.findings.iter().any(|finding| finding.code == code_of(class)) {
                tally.accept();
            }
            if case.classes.contains(&class) {
                tally.note(case, case.classes.len() == 1);
            }
        }
        if used_finite_field(case) {
            self.finite_field.accept();
        } else if case.finite_field && case.classes.is_empty() {
            // Where the case is weak in itself, its refusal says nothing about DHE.
            self.finite_field.note(case, true);
        }
        self.known_cases += u64::from(!case.known.is_empty());
        for known in &case.known {
            let (cases, example) = self.known.entry((known.finding, described(known))).or_default();
            *cases += 1;
            let id = printable(&case.case);
            if example.is_empty() || id < *example {
                *example = id;
            }
        }
        let mut seen = BTreeSet::new();
        let is_known = |finding: &&Finding| {
            finding.level == Level::Fail && case.known.iter().any(|known| known.finding == finding.code)
        };
        for finding in case.findings.iter().filter(|finding| !is_known(finding)) {
            let key = (weight(finding.level, case.verdict), finding.code);
            // Two findings of one code in one case are one case.
            if !seen.insert(key) {
                continue;
            }
            let group = self.groups.entry(key).or_default();
            group.cases += 1;
            let example = Example::new(case, finding);
            if group.example.as_ref().is_none_or(|old| example.beats(old)) {
                group.example = Some(example);
            }
        }
    }

    pub(super) fn finish(&mut self, totals: &ClientTotals) {
        self.verdict = totals.verdict;
        self.note_own_findings(&totals.findings);
    }

    fn note_own_findings(&mut self, findings: &[Finding]) {
        for finding in findings {
            let group = self.groups.entry((finding.level, finding.code)).or_default();
            group.of_client.push(printable(&finding.detail));
        }
    }

    /// The runner's verdict on the client; if it gave none (interrupted), the worst of its cases.
    pub(super) fn verdict(&self) -> Option<Verdict> {
        if self.not_installed {
            return Some(Verdict::Skipped);
        }
        self.verdict.or_else(|| self.counts.worst())
    }

    pub(super) fn class_cell(&self, class: Class) -> Cell {
        self.classes.get(&class).copied().unwrap_or_default().cell()
    }

    pub(super) fn finite_field_cell(&self) -> Cell {
        self.finite_field.cell()
    }

    /// The groups of one level, in the order of the codes.
    pub(super) fn at(&self, level: Level) -> impl Iterator<Item = (FindingCode, &Group)> {
        self.groups.iter().filter(move |((of, _), _)| *of == level).map(|((_, code), group)| (*code, group))
    }
}

/// The code that says that a session of this class was completed.
fn code_of(class: Class) -> FindingCode {
    match class {
        Class::Version => FindingCode::BelowMinimumVersion,
        Class::ForwardSecrecy => FindingCode::NoForwardSecrecy,
        Class::Authentication => FindingCode::Unauthenticated,
        Class::Encryption => FindingCode::Unencrypted,
    }
}

fn used_finite_field(case: &CaseFinished) -> bool {
    let by_finding = case
        .findings
        .iter()
        .any(|finding| matches!(finding.code, FindingCode::FiniteFieldDhe | FindingCode::WeakDhGroup));
    let by_reach = case.finite_field
        && matches!(case.verdict, Verdict::Pass | Verdict::Warn | Verdict::Fail)
        && case.reach >= Some(Reach::Committed);
    by_finding || by_reach
}

/// `distribution default (https://example.org/issues/17, until 2027-03-31)`
fn described(known: &KnownFinding) -> String {
    let until = known.expires.as_ref().map(|date| format!("until {date}"));
    let more: Vec<String> = known.link.clone().into_iter().chain(until).collect();
    let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join(", ")) };
    printable(&format!("{}{more}", known.reason))
}

/// Under which heading a finding is told. A breach in a case that does not fail is told as a warning, since a FAIL
/// paragraph would contradict the verdict. (That of a known failure has a paragraph of its own.)
fn weight(level: Level, verdict: Verdict) -> Level {
    if level == Level::Fail && verdict != Verdict::Fail { Level::Warn } else { level }
}
