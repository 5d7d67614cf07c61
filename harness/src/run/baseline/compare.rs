//! This run beside an earlier one.

use std::collections::{BTreeMap, BTreeSet};

use crate::judge::{FindingCode, Level, Verdict};
use crate::run::events::{
    BaselineReport, CaseFinished, Changed, ClientEvent, ClientStatus, ClientTotals, Differs, Environment,
    FailsDifferently, RunStarted, Setting, Unproven,
};
use crate::run::scope::Scope;

use super::file::{Baseline, Earlier};

/// Notes the cases of this run beside those of the earlier one.
#[derive(Debug)]
pub struct Comparison {
    earlier: Baseline,
    /// `--filter` or `--shard` chose among the cases of this run.
    is_partial: bool,
    /// Clients of this run that are not installed.
    absent: BTreeSet<String>,
    report: BaselineReport,
}

impl Comparison {
    pub fn new(earlier: Baseline, now: &RunStarted) -> Self {
        let report = BaselineReport {
            file: earlier.file.clone(),
            started: earlier.started.clone(),
            interrupted: earlier.interrupted,
            differs: Vec::new(),
            newly_failing: Vec::new(),
            fails_differently: Vec::new(),
            newly_passing: Vec::new(),
            newly_unknown: Vec::new(),
            new: Vec::new(),
            vanished: Vec::new(),
            unplayed: 0,
            newly_unproven: Vec::new(),
            no_longer_unproven: Vec::new(),
        };
        let is_partial = now.filter.is_some() || now.shard.is_some();
        let mut comparison = Self { earlier, is_partial, absent: BTreeSet::new(), report };
        let environment = match now.environment {
            Environment::Clean => "clean",
            Environment::Inherited => "inherited",
        };
        let service = now.service.as_ref().map(|service| format!("{}@{}", service.name, service.edition));
        for (what, value) in [
            (Setting::Floor, Some(now.floor.as_str())),
            (Setting::Service, service.as_deref()),
            (Setting::Tier, Some(now.tier.as_str())),
            (Setting::Filter, now.filter.as_deref()),
            (Setting::Shard, now.shard.as_deref()),
            (Setting::Environment, Some(environment)),
            (Setting::Shakedown, Some(now.shakedown.as_str())),
            (Setting::Backend, Some(now.backend.as_str())),
        ] {
            comparison.setting(what, None, value);
        }
        for (server, version) in &now.servers {
            comparison.setting(Setting::Server, Some(server), Some(version));
        }
        comparison
    }

    /// What only one of the runs states is no difference.
    fn setting(&mut self, what: Setting, of: Option<&str>, now: Option<&str>) {
        let of = of.map(str::to_owned);
        if let Some(before) = self.earlier.settings.get(&(what, of.clone()))
            && before.as_deref() != now
        {
            let (before, now) = (before.clone(), now.map(str::to_owned));
            self.report.differs.push(Differs { what, of, before, now });
        }
    }

    /// Takes note of a client of this run, before its cases.
    pub fn note_client(&mut self, event: &ClientEvent) {
        match event.status {
            ClientStatus::Ready => {
                self.setting(Setting::Client, Some(&event.client), event.version.as_deref())
            }
            ClientStatus::NotInstalled => {
                self.absent.insert(event.client.clone());
            }
        }
    }

    /// Takes note of a case of this run. A known failure fails, in this run as in the earlier one.
    pub fn note(&mut self, event: &CaseFinished) {
        use Verdict::{Fail, Inconclusive, Pass, Skipped, Warn};
        let now = if event.known.is_empty() { event.verdict } else { Fail };
        let key = (event.client.clone(), event.case.clone());
        let Some(Earlier { verdict: before, failing }) = self.earlier.cases.remove(&key) else {
            self.report.new.push(changed(key, None, Some(now)));
            return;
        };
        let list = match (before, now) {
            (Fail, Fail) => {
                let now: BTreeSet<FindingCode> =
                    event.findings.iter().filter(|f| f.level == Level::Fail).map(|f| f.code).collect();
                if failing != now {
                    let (before, now) = (failing.into_iter().collect(), now.into_iter().collect());
                    let (client, case) = key;
                    self.report.fails_differently.push(FailsDifferently { client, case, before, now });
                }
                return;
            }
            (_, Fail) => &mut self.report.newly_failing,
            (Skipped | Inconclusive | Fail, Pass | Warn) => &mut self.report.newly_passing,
            (Pass | Warn | Fail, Skipped | Inconclusive) => &mut self.report.newly_unknown,
            (Pass | Warn, Pass | Warn) | (Skipped | Inconclusive, Skipped | Inconclusive) => return,
        };
        list.push(changed(key, Some(before), Some(now)));
    }

    /// What is left of the earlier run has vanished, unless this run did not mean to play it, was interrupted before, or
    /// lacks the program.
    pub fn close(
        mut self,
        scope: &[Scope],
        clients: &BTreeMap<String, ClientTotals>,
        is_interrupted: bool,
    ) -> BaselineReport {
        let left_out: BTreeSet<(&str, &str)> = scope
            .iter()
            .filter(|s| is_interrupted || !s.is_selected || self.absent.contains(&s.client))
            .map(|s| (s.client.as_str(), s.case.as_str()))
            .collect();
        for (key, before) in std::mem::take(&mut self.earlier.cases) {
            if left_out.contains(&(key.0.as_str(), key.1.as_str())) {
                self.report.unplayed += 1;
            } else {
                self.report.vanished.push(changed(key, Some(before.verdict), None));
            }
        }
        // An interrupted run does not ask what was proven.
        if !is_interrupted && !self.earlier.interrupted {
            self.compare_classes(clients);
        }
        self.report
    }

    fn compare_classes(&mut self, clients: &BTreeMap<String, ClientTotals>) {
        for (client, totals) in clients {
            let was_judged = totals.verdict.is_some_and(|verdict| verdict > Verdict::Skipped);
            let (Some(before), true) = (self.earlier.unproven.get(client), was_judged) else { continue };
            let findings = totals.findings.iter().filter(|f| f.code == FindingCode::ClassUnproven);
            let now: BTreeSet<String> = findings.map(|finding| finding.detail.clone()).collect();
            let told = |detail: &String| Unproven { client: client.clone(), detail: detail.clone() };
            self.report.newly_unproven.extend(now.difference(before).map(told));
            // A partial run does not ask for the classes that it left out.
            if !self.is_partial {
                self.report.no_longer_unproven.extend(before.difference(&now).map(told));
            }
        }
    }
}

fn changed((client, case): (String, String), before: Option<Verdict>, now: Option<Verdict>) -> Changed {
    Changed { client, case, before, now }
}
