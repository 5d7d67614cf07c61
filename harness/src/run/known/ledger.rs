//! Applying known failures to cases, and the reckoning at the end of a run.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::file::{Known, KnownFailures};
use crate::judge::{Level, Verdict};
use crate::registry::{nearest, suggestion};
use crate::run::events::{CaseFinished, EntryStatus, KnownEntry, KnownFinding, KnownReport};
use crate::run::scope::Scope;

/// The entries of a file, and what the run has shown of each.
#[derive(Debug)]
pub struct Ledger {
    file: String,
    accounts: Vec<Account>,
}

#[derive(Debug)]
struct Account {
    known: Known,
    is_expired: bool,
    /// Why it can match nothing at all.
    unmatched: Option<String>,
    /// Its cases in the run's tier.
    of_tier: BTreeSet<String>,
    /// Those of them that the run means to play.
    selected: BTreeSet<String>,
    /// Cases that failed in that way.
    failing: u64,
    /// Cases that were played to a verdict and did not.
    settled: BTreeSet<String>,
    /// Why others came to none, with their number: `skipped: unsupported-by-server`.
    open: BTreeMap<String, usize>,
}

impl Ledger {
    /// Opens the books. `scope`: every case of the catalogue for every client of the run, played or not.
    pub fn new(failures: KnownFailures, today: Date, scope: &[Scope]) -> Self {
        let mut suggestions = SUGGESTIONS;
        let mut account = |known: Known| {
            let mine = || scope.iter().filter(|s| known.speaks_of(&s.client, &s.case));
            let of_tier = mine().filter(|s| s.in_tier).map(|s| s.case.clone()).collect();
            let selected = mine().filter(|s| s.is_selected).map(|s| s.case.clone()).collect();
            let unmatched =
                if mine().next().is_some() { None } else { Some(unmatched(&known, scope, &mut suggestions)) };
            Account {
                is_expired: known.expires.is_some_and(|last| last < today),
                unmatched,
                of_tier,
                selected,
                failing: 0,
                settled: BTreeSet::new(),
                open: BTreeMap::new(),
                known,
            }
        };
        Self { file: failures.file, accounts: failures.entries.into_iter().map(&mut account).collect() }
    }

    /// Notes what a case came to, and turns its failure into a known one if every failing finding of it is known. An
    /// expired entry excuses nothing.
    pub fn apply(&mut self, event: &mut CaseFinished) {
        let failing = || event.findings.iter().filter(|finding| finding.level == Level::Fail);
        let mine = |account: &&mut Account| account.known.speaks_of(&event.client, &event.case);
        for account in self.accounts.iter_mut().filter(mine) {
            if failing().any(|finding| finding.code == account.known.finding) {
                account.failing += 1;
            } else if matches!(event.verdict, Verdict::Pass | Verdict::Warn | Verdict::Fail) {
                account.settled.insert(event.case.clone());
            } else {
                *account.open.entry(why_open(event)).or_default() += 1;
            }
        }
        if event.verdict != Verdict::Fail {
            return;
        }
        let excuse = |finding: &crate::judge::Finding| {
            let known =
                self.accounts.iter().filter(|a| !a.is_expired).map(|a| &a.known).find(|known| {
                    known.finding == finding.code && known.speaks_of(&event.client, &event.case)
                })?;
            Some(KnownFinding {
                finding: finding.code,
                reason: known.reason.clone(),
                link: known.link.clone(),
                expires: known.expires.map(|date| date.to_string()),
            })
        };
        let Some(mut excuses) = failing().map(excuse).collect::<Option<Vec<_>>>() else { return };
        // A failure without a failing finding has nothing that could be known.
        if excuses.is_empty() {
            return;
        }
        excuses.dedup_by_key(|excuse| excuse.finding);
        // The failure stood for whatever else there was; now that has to be looked at.
        event.findings.append(&mut event.beside);
        let others = event.findings.iter().filter(|finding| finding.level != Level::Fail);
        event.verdict = others.map(|finding| finding.level.verdict()).fold(Verdict::Warn, Verdict::max);
        event.known = excuses;
    }

    /// What became of each entry. `is_interrupted`: the run was, so that cases are missing.
    pub fn reckon(self, is_interrupted: bool) -> KnownReport {
        let file = self.file;
        let entries = self.accounts.into_iter().map(|account| account.close(&file, is_interrupted)).collect();
        KnownReport { file, entries }
    }
}

impl Account {
    fn close(self, file: &str, is_interrupted: bool) -> KnownEntry {
        let (status, what) = self.status(is_interrupted);
        let known = self.known;
        KnownEntry {
            line: known.line as u64,
            client: known.client,
            case: known.case,
            finding: known.finding,
            status,
            detail: format!("{file}:{}: {what}", known.line),
        }
    }

    fn status(&self, is_interrupted: bool) -> (EntryStatus, String) {
        if self.is_expired {
            let date = self.known.expires.map(|date| date.to_string()).unwrap_or_default();
            let what = format!(
                "expired on {date}, so it excuses nothing; mend the client, or decide on another date"
            );
            return (EntryStatus::Expired, what);
        }
        if let Some(why) = &self.unmatched {
            return (EntryStatus::Unmatched, format!("matches nothing: {why}"));
        }
        if self.failing > 0 {
            return (EntryStatus::Used, format!("fails in {} case(s)", self.failing));
        }
        if self.of_tier.is_empty() {
            let what = "not selected: none of its cases is in this tier; a run of a larger --tier checks it";
            return (EntryStatus::NotSelected, what.to_owned());
        }
        let all = self.of_tier.len();
        if self.of_tier.is_subset(&self.settled) {
            let what = format!(
                "stale: none of its {all} case(s) of this tier fails with {} any more; remove the entry, or narrow its \
                 case to those of other tiers that do",
                self.known.finding
            );
            return (EntryStatus::Stale, what);
        }
        let (selected, open) = (self.selected.len(), self.selected.difference(&self.settled).count());
        if open > 0 {
            let what = format!(
                "not checked: {open} of its {selected} case(s) of this run came to no verdict ({}), none of the others \
                 fails in that way; see to it that they are played, or narrow its case to those that are",
                self.why(open, is_interrupted)
            );
            return (EntryStatus::NotChecked, what);
        }
        let what = format!(
            "not selected: --filter or --shard left {} of its {all} case(s) of this tier out, none of the others fails \
             in that way; a run without them checks it",
            all - selected
        );
        (EntryStatus::NotSelected, what)
    }

    /// `2 skipped: unsupported-by-server, 1 not played: interrupted`
    fn why(&self, open: usize, is_interrupted: bool) -> String {
        let mut reasons: Vec<String> =
            self.open.iter().map(|(why, count)| format!("{count} {why}")).collect();
        let unplayed = open.saturating_sub(self.open.values().sum());
        if unplayed > 0 {
            // Whatever is selected and can be started has an event, unless the run was cut short.
            let why = if is_interrupted { "the run was interrupted" } else { "the client is not installed" };
            reasons.push(format!("{unplayed} not played: {why}"));
        }
        reasons.join(", ")
    }
}

/// Why a case came to no verdict.
fn why_open(event: &CaseFinished) -> String {
    let deciding = event.findings.iter().find(|finding| finding.level.verdict() == event.verdict);
    let code = deciding.map_or("no reason given", |finding| finding.code.as_str());
    format!("{}: {code}", event.verdict)
}

/// How many entries get suggestions: each costs a comparison with every case.
const SUGGESTIONS: usize = 10;

/// How many clients an error names.
const CLIENTS: usize = 10;

/// Why an entry speaks of nothing in the whole scope, and what could be meant.
fn unmatched(known: &Known, scope: &[Scope], suggestions: &mut usize) -> String {
    let clients: BTreeSet<&str> = scope.iter().map(|s| s.client.as_str()).collect();
    if !clients.contains(known.client.as_str()) {
        let mut named: Vec<String> =
            clients.iter().take(CLIENTS).map(|client| (*client).to_owned()).collect();
        if clients.len() > CLIENTS {
            named.push(format!("and {} more", clients.len() - CLIENTS));
        }
        return format!(
            "no client {:?} in this run, only {}; correct the name, or remove the entry",
            known.client,
            named.join(", ")
        );
    }
    let hint = if known.case.contains(['*', '?']) || *suggestions == 0 {
        String::new()
    } else {
        *suggestions -= 1;
        let cases = scope.iter().filter(|s| s.client == known.client).map(|s| s.case.as_str());
        suggestion(&nearest(&known.case, cases))
    };
    format!("no case {:?}{hint}; shakedown list cases shows them all", known.case)
}
