//! Applying known failures to cases, and the reckoning at the end of a run.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::file::{Known, KnownFailures};
use crate::judge::{Level, Verdict};
use crate::registry::{nearest, suggestion};
use crate::run::events::{CaseFinished, EntryStatus, KnownEntry, KnownFinding, KnownReport};

/// One case that a client of the run could be put to.
#[derive(Clone, Debug)]
pub struct Scope {
    pub client: String,
    pub case: String,
    /// In the run's tier, whatever `--filter` and `--shard` leave of it.
    pub in_tier: bool,
}

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
    /// Cases that failed in that way.
    failing: u64,
    /// Cases that were played to a verdict and did not.
    settled: BTreeSet<String>,
}

impl Ledger {
    /// Opens the books. `scope`: every case of the catalogue for every client of the run, played or not.
    pub fn new(failures: KnownFailures, today: Date, scope: &[Scope]) -> Self {
        let mut suggestions = SUGGESTIONS;
        let mut account = |known: Known| {
            let mine = || scope.iter().filter(|s| s.client == known.client);
            let of_tier = mine().filter(|s| s.in_tier && known.glob.matches(&s.case));
            let of_tier = of_tier.map(|s| s.case.clone()).collect();
            let unmatched = unmatched(&known, scope, &mut suggestions);
            let is_expired = known.expires.is_some_and(|last| last < today);
            Account { is_expired, unmatched, of_tier, failing: 0, settled: BTreeSet::new(), known }
        };
        Self { file: failures.file, accounts: failures.entries.into_iter().map(&mut account).collect() }
    }

    /// Notes what a case came to, and turns its failure into a known one if every failing finding of it is known. An
    /// expired entry excuses nothing.
    pub fn apply(&mut self, event: &mut CaseFinished) {
        let failing = || event.findings.iter().filter(|finding| finding.level == Level::Fail);
        let mine = |account: &&mut Account| {
            account.known.client == event.client && account.known.glob.matches(&event.case)
        };
        for account in self.accounts.iter_mut().filter(mine) {
            if failing().any(|finding| finding.code == account.known.finding) {
                account.failing += 1;
            } else if matches!(event.verdict, Verdict::Pass | Verdict::Warn | Verdict::Fail) {
                account.settled.insert(event.case.clone());
            }
        }
        if event.verdict != Verdict::Fail {
            return;
        }
        let excuse = |finding: &crate::judge::Finding| {
            let known = self.accounts.iter().filter(|a| !a.is_expired).map(|a| &a.known).find(|known| {
                known.client == event.client
                    && known.finding == finding.code
                    && known.glob.matches(&event.case)
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

    /// What became of each entry.
    pub fn reckon(self) -> KnownReport {
        let file = self.file;
        let entries = self.accounts.into_iter().map(|account| account.close(&file)).collect();
        KnownReport { file, entries }
    }
}

impl Account {
    fn close(self, file: &str) -> KnownEntry {
        let (status, what) = self.status();
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

    fn status(&self) -> (EntryStatus, String) {
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
        let (settled, all) = (self.settled.len(), self.of_tier.len());
        if self.of_tier.is_empty() {
            return (EntryStatus::NotChecked, "none of its cases is in this tier".to_owned());
        }
        if !self.of_tier.is_subset(&self.settled) {
            let what = format!(
                "{settled} of its {all} case(s) of this tier came to a verdict, none fails in that way"
            );
            return (EntryStatus::NotChecked, what);
        }
        let what = format!(
            "stale: none of its {all} case(s) of this tier fails with {} any more; remove the entry, or narrow its \
             case to those of other tiers that do",
            self.known.finding
        );
        (EntryStatus::Stale, what)
    }
}

/// How many entries get suggestions: each costs a comparison with every case.
const SUGGESTIONS: usize = 10;

fn unmatched(known: &Known, scope: &[Scope], suggestions: &mut usize) -> Option<String> {
    let clients: BTreeSet<&str> = scope.iter().map(|s| s.client.as_str()).collect();
    if !clients.contains(known.client.as_str()) {
        let clients: Vec<&str> = clients.into_iter().collect();
        return Some(format!(
            "no client {:?} in this run, only {}; correct the name, or remove the entry",
            known.client,
            clients.join(", ")
        ));
    }
    let mine = || scope.iter().filter(|s| s.client == known.client).map(|s| s.case.as_str());
    if mine().any(|case| known.glob.matches(case)) {
        return None;
    }
    let hint = if known.case.contains('*') || *suggestions == 0 {
        String::new()
    } else {
        *suggestions -= 1;
        suggestion(&nearest(&known.case, mine()))
    };
    Some(format!("no case {:?}{hint}; shakedown list cases shows them all", known.case))
}
