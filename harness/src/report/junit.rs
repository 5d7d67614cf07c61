//! JUnit: what CI servers read. One suite per client, one test case per case and one for the client itself.
//!
//! | verdict | in JUnit |
//! | --- | --- |
//! | `fail` | `failure`, its type is the finding's code |
//! | `inconclusive` | `error`, its type is the finding's code: nothing was learned |
//! | `skipped` | `skipped` |
//! | `warn` | success, the warnings stand in `system-out` |
//! | `pass` | success |
//!
//! The test case `(client)` stands in every suite, so that it turns red and green again instead of coming and
//! going: it carries what is said of the client as a whole, such as `class-unproven`.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use crate::judge::{Finding, FindingCode, Verdict};
use crate::report::Reporter;
use crate::report::text::needs_escape;
use crate::run::events::{
    CaseFinished, ClientEvent, ClientStatus, EntryStatus, Event, KnownReport, RunFinished, RunStarted,
};

/// The name of the test case that speaks of the client as a whole.
const WHOLE_CLIENT: &str = "(client)";

/// Collects a run and writes it as one JUnit file when it has finished.
#[derive(Debug)]
pub struct Junit<W> {
    out: W,
    started: Option<RunStarted>,
    suites: Vec<Suite>,
    by_name: BTreeMap<String, usize>,
}

#[derive(Debug)]
struct Suite {
    client: String,
    junit: TestSuite,
    ms: f64,
    own: Vec<Finding>,
}

impl<W: Write + Send> Junit<W> {
    pub fn new(out: W) -> Self {
        Self { out, started: None, suites: Vec::new(), by_name: BTreeMap::new() }
    }

    fn suite(&mut self, client: &str) -> &mut Suite {
        let suites = &mut self.suites;
        let index = *self.by_name.entry(client.to_owned()).or_insert_with(|| {
            suites.push(Suite {
                client: client.to_owned(),
                junit: TestSuite::new(safe(client)),
                ms: 0.0,
                own: Vec::new(),
            });
            suites.len() - 1
        });
        &mut suites[index]
    }

    fn write(&mut self, finished: &RunFinished) -> io::Result<()> {
        let mut report = Report::new("shakedown");
        report.set_time(duration(finished.ms));
        for mut suite in std::mem::take(&mut self.suites) {
            if let Some(totals) = finished.clients.get(&suite.client) {
                suite.own.extend(totals.findings.iter().cloned());
            }
            if let Some(started) = &self.started {
                describe_run(&mut suite.junit, started);
            }
            let own = test_case(&suite.client, WHOLE_CLIENT, &suite.own, worst(&suite.own));
            suite.junit.add_test_case(own);
            suite.junit.set_time(duration(suite.ms));
            report.add_test_suite(suite.junit);
        }
        if let Some(known) = &finished.known_failures {
            report.add_test_suite(known_suite(known));
        }
        // To a string first: an error of the writer, such as a broken pipe, is then passed on as it is.
        let text = report.to_string().map_err(io::Error::other)?;
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }
}

impl<W: Write + Send> Reporter for Junit<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::RunStarted(started) => self.started = Some(started.clone()),
            Event::Client(client) => self.suite(&client.client).announce(client),
            Event::CaseFinished(case) => self.suite(&case.client).add(case),
            Event::RunFinished(finished) => self.write(finished)?,
        }
        Ok(())
    }
}

impl Suite {
    fn announce(&mut self, event: &ClientEvent) {
        for (name, value) in [("version", &event.version), ("path", &event.path)] {
            if let Some(value) = value {
                self.junit.add_property(Property::new(name, safe(value)));
            }
        }
        self.own.extend(event.findings.iter().cloned());
        let said = event.findings.iter().any(|finding| finding.code == FindingCode::NotInstalled);
        if event.status == ClientStatus::NotInstalled && !said {
            let detail = event.detail.as_deref().unwrap_or_default();
            self.own.push(Finding::new(FindingCode::NotInstalled, detail));
        }
    }

    fn add(&mut self, case: &CaseFinished) {
        let mut test = test_case(&case.client, &case.case, &case.findings, case.verdict);
        test.set_time(duration(case.ms));
        for known in &case.known {
            test.add_property(Property::new(
                "known-failure",
                safe(&format!("{}: {}", known.finding, known.reason)),
            ));
        }
        for (name, value) in [
            ("server", Some(case.server.as_str())),
            ("reach", case.reach.map(|reach| reach.as_str())),
            ("version", case.version.as_deref()),
            ("suite", case.suite.as_deref()),
            ("group", case.group.as_deref()),
            ("alert", case.alert.as_deref()),
        ] {
            // Of a pass the id says it all.
            if let Some(value) = value.filter(|_| case.verdict != Verdict::Pass) {
                test.add_property(Property::new(name, safe(value)));
            }
        }
        self.ms += case.ms;
        self.junit.add_test_case(test);
    }
}

fn describe_run(suite: &mut TestSuite, started: &RunStarted) {
    // RFC 3339, as JUnit wants it.
    suite.extra.insert("timestamp".into(), safe(&started.started).into());
    for (name, value) in [
        ("shakedown", started.shakedown.clone()),
        ("floor", started.floor.clone()),
        ("source", format!("{} ({})", started.source.page, started.source.date)),
        ("tier", started.tier.clone()),
        ("seed", started.seed.to_string()),
    ] {
        suite.add_property(Property::new(name, safe(&value)));
    }
    if let Some(service) = &started.service {
        suite.add_property(Property::new("service", safe(&format!("{}@{}", service.name, service.edition))));
    }
}

/// One test per entry of the list of known failures: a wrong one fails.
fn known_suite(known: &KnownReport) -> TestSuite {
    let mut suite = TestSuite::new("known failures");
    for entry in &known.entries {
        let status = match entry.status {
            EntryStatus::Used => TestCaseStatus::success(),
            EntryStatus::NotSelected | EntryStatus::NotChecked => {
                let mut status = TestCaseStatus::skipped();
                status.set_message(safe(&entry.detail));
                status
            }
            EntryStatus::Stale | EntryStatus::Expired | EntryStatus::Unmatched => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status.set_type("known-failure");
                status.set_message(safe(&entry.detail));
                status
            }
        };
        let name = format!("{} {} {}", entry.client, entry.case, entry.finding);
        let mut test = TestCase::new(safe(&name), status);
        test.set_classname("known failures");
        suite.add_test_case(test);
    }
    suite
}

fn test_case(client: &str, name: &str, findings: &[Finding], verdict: Verdict) -> TestCase {
    let mut status = match verdict {
        Verdict::Pass | Verdict::Warn => TestCaseStatus::success(),
        Verdict::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Verdict::Inconclusive => TestCaseStatus::non_success(NonSuccessKind::Error),
        Verdict::Skipped => TestCaseStatus::skipped(),
    };
    // The finding that decided; without one, the first.
    let deciding = findings.iter().find(|finding| finding.level.verdict() == verdict).or(findings.first());
    if let Some(finding) = deciding {
        status.set_type(finding.code.as_str());
        status.set_message(safe(&finding.detail));
        status.set_description(all(findings));
    }
    let success = matches!(status, TestCaseStatus::Success { .. });
    let mut test = TestCase::new(safe(name), status);
    test.set_classname(safe(client));
    if success && !findings.is_empty() {
        test.set_system_out(all(findings));
    }
    test
}

fn all(findings: &[Finding]) -> String {
    let line = |finding: &Finding| {
        let level = finding.level.verdict();
        let reference = finding.reference.as_ref().map(|of| format!(", {of}")).unwrap_or_default();
        safe(&format!("{} ({level}{reference}): {}", finding.code, finding.detail))
    };
    findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn worst(findings: &[Finding]) -> Verdict {
    findings.iter().map(|finding| finding.level.verdict()).max().unwrap_or(Verdict::Pass)
}

/// Text that XML 1.0 can carry (section 2.2 there): what it cannot is spelled out. The crate would drop it,
/// and with an escape sequence also what follows; a detail is evidence and stays whole.
fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if needs_escape(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

/// Milliseconds of an event; what is no duration (negative, not a number) counts as none.
fn duration(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1000.0).unwrap_or_default()
}
