//! What of two runs is told as a difference, and what is none.

use std::collections::BTreeMap;

use super::*;
use crate::judge::{Finding, FindingCode, Verdict};
use crate::run::events::{
    BaselineReport, CaseFinished, Changed, ClientEvent, ClientStatus, ClientTotals, Differs, Environment,
    FailsDifferently, KnownFinding, RunStarted, ServiceEdition, Setting, Unproven,
};
use crate::run::samples;
use crate::run::scope::Scope;

use FindingCode::{
    BelowMinimumVersion as Old, ClassUnproven, FiniteFieldDhe as Dhe, NoForwardSecrecy as Fs,
    UnexpectedAlert as Alert,
};
use Verdict::{Fail, Inconclusive, Pass, Skipped, Warn};

const STARTED: &str = r#"{"type":"run-started","schema":1,"shakedown":"0.1.0","started":"2026-11-22T09:30:00Z","floor":"aws","tier":"core","environment":"clean","servers":{"openssl":"3.6.3"},"service":null,"backend":"openssl","filter":null,"shard":null}"#;

fn line(case: &str, verdict: &str, findings: &str) -> String {
    format!(
        r#"{{"type":"case-finished","client":"curl","case":"{case}","verdict":"{verdict}","findings":[{findings}]}}"#
    )
}

/// The earlier run: these lines, and what its end says of clients.
fn earlier(started: &str, lines: &[String], clients: &str, interrupted: bool) -> Baseline {
    let end = format!(r#"{{"type":"run-finished","interrupted":{interrupted},"clients":{{{clients}}}}}"#);
    let text = [started.to_owned()].into_iter().chain(lines.iter().cloned()).chain([end]);
    let text = text.collect::<Vec<_>>().join("\n");
    Baseline::read("run.jsonl", text.as_bytes()).unwrap()
}

fn compared(baseline: Baseline, now: &RunStarted, cases: &[CaseFinished]) -> BaselineReport {
    let mut comparison = Comparison::new(baseline, now);
    cases.iter().for_each(|case| comparison.note(case));
    comparison.close(&[], &BTreeMap::new(), false)
}

fn changed(case: &str, before: Option<Verdict>, now: Option<Verdict>) -> Changed {
    Changed { client: "curl".to_owned(), case: case.to_owned(), before, now }
}

/// Every verdict before (rows) and now (columns), in which list it stands.
#[test]
fn each_pair_of_verdicts_stands_in_the_list_that_it_belongs_to() {
    let verdicts = [
        ("skipped", Skipped),
        ("pass", Pass),
        ("warn", Warn),
        ("inconclusive", Inconclusive),
        ("fail", Fail),
    ];
    let lists = [
        // now: skipped, pass, warn, inconclusive, fail
        ["", "passing", "passing", "", "failing"],
        ["unknown", "", "", "unknown", "failing"],
        ["unknown", "", "", "unknown", "failing"],
        ["", "passing", "passing", "", "failing"],
        ["unknown", "passing", "passing", "unknown", ""],
    ];
    for ((word, before), row) in verdicts.into_iter().zip(lists) {
        for ((_, now), list) in verdicts.into_iter().zip(row) {
            let baseline = earlier(STARTED, &[line("a@b", word, "")], "", false);
            let report = compared(baseline, &samples::started(), &[samples::case("curl", "a@b", now, &[])]);
            let told = vec![changed("a@b", Some(before), Some(now))];
            let expected = |name| if name == list { told.clone() } else { Vec::new() };
            assert_eq!(report.newly_passing, expected("passing"), "{before} {now}");
            assert_eq!(report.newly_failing, expected("failing"), "{before} {now}");
            assert_eq!(report.newly_unknown, expected("unknown"), "{before} {now}");
            assert!(report.new.is_empty() && report.vanished.is_empty() && report.unplayed == 0);
        }
    }
}

#[test]
fn a_case_that_fails_in_another_way_is_told_with_the_codes_of_both_runs() {
    let finding = |code: &str, level: &str| format!(r#"{{"code":"{code}","level":"{level}"}}"#);
    let fs = finding("no-forward-secrecy", "fail");
    type Codes = &'static [FindingCode];
    type Row = (String, Codes, Option<(Codes, Codes)>);
    let table: [Row; 6] = [
        (fs.clone(), &[Fs], None),
        // Twice the same, or warnings beside it, is the same failure.
        (format!("{fs},{fs}"), &[Fs, Dhe, Alert], None),
        (format!("{fs},{}", finding("finite-field-dhe", "warn")), &[Fs], None),
        (fs.clone(), &[Old], Some((&[Fs], &[Old]))),
        (fs.clone(), &[Fs, Old], Some((&[Fs], &[Old, Fs]))),
        // Under another floor it failed.
        (format!("{fs},{}", finding("finite-field-dhe", "fail")), &[Fs, Dhe], Some((&[Fs, Dhe], &[Fs]))),
    ];
    for (before, now, expected) in table {
        let baseline = earlier(STARTED, &[line("a@b", "fail", &before)], "", false);
        let report = compared(baseline, &samples::started(), &[samples::case("curl", "a@b", Fail, now)]);
        let expected: Vec<FailsDifferently> = expected
            .map(|(before, now)| FailsDifferently {
                client: "curl".to_owned(),
                case: "a@b".to_owned(),
                before: before.to_vec(),
                now: now.to_vec(),
            })
            .into_iter()
            .collect();
        assert_eq!(report.fails_differently, expected, "{before} {now:?}");
        assert!(report.newly_failing.is_empty());
    }
}

#[test]
fn a_known_failure_fails_in_either_run() {
    let known = KnownFinding { finding: Fs, reason: "we know".to_owned(), link: None, expires: None };
    let now = CaseFinished { known: vec![known], ..samples::case("curl", "a@b", Warn, &[Fs]) };
    let fails = line("a@b", "fail", r#"{"code":"no-forward-secrecy","level":"fail"}"#);
    let passes = line("a@b", "pass", "");
    for (before, newly_failing) in [(fails, 0), (passes, 1)] {
        let report =
            compared(earlier(STARTED, &[before], "", false), &samples::started(), std::slice::from_ref(&now));
        assert_eq!(report.newly_failing.len(), newly_failing);
        assert!(report.fails_differently.is_empty() && report.newly_passing.is_empty());
    }
}

/// `gone@x` is a case no more, `wget` no client of this run; of curl `b` is selected and `c` is left out.
#[test]
fn what_this_run_left_out_or_did_not_come_to_is_counted_and_has_not_vanished() {
    let scope = [("b@x", true), ("c@x", false)].map(|(case, is_selected)| Scope {
        client: "curl".to_owned(),
        case: case.to_owned(),
        in_tier: true,
        is_selected,
    });
    let lines: Vec<String> = ["b@x", "c@x", "gone@x"].map(|case| line(case, "pass", "")).to_vec();
    let other = line("b@x", "pass", "").replace("curl", "wget");
    let lines = [lines, vec![other]].concat();
    // Interrupted or not; what was not played, and what has vanished.
    for (is_interrupted, unplayed, vanished) in
        [(false, 1, vec!["curl b@x", "curl gone@x", "wget b@x"]), (true, 2, vec!["curl gone@x", "wget b@x"])]
    {
        let baseline = earlier(STARTED, &lines, "", false);
        let report =
            Comparison::new(baseline, &samples::started()).close(&scope, &BTreeMap::new(), is_interrupted);
        assert_eq!(report.unplayed, unplayed);
        let told: Vec<String> = report.vanished.iter().map(|c| format!("{} {}", c.client, c.case)).collect();
        assert_eq!(told, vanished);
        assert!(report.vanished.iter().all(|c| (c.before, c.now) == (Some(Pass), None)));
    }
}

/// Of `wget`, which is not installed here, `b` is a case of this run and `gone` is none any more.
#[test]
fn the_cases_of_a_client_that_is_not_installed_are_counted_and_have_not_vanished() {
    let of_wget = |case: &str| line(case, "fail", "").replace("curl", "wget");
    let scope =
        [Scope { client: "wget".to_owned(), case: "b@x".to_owned(), in_tier: true, is_selected: true }];
    for (status, unplayed, vanished) in
        [(ClientStatus::NotInstalled, 1, vec!["gone@x"]), (ClientStatus::Ready, 0, vec!["b@x", "gone@x"])]
    {
        let baseline = earlier(STARTED, &["b@x", "gone@x"].map(of_wget), "", false);
        let mut comparison = Comparison::new(baseline, &samples::started());
        comparison.note_client(&ClientEvent { status, ..samples::client("wget", None) });
        let report = comparison.close(&scope, &BTreeMap::new(), false);
        let told: Vec<&str> = report.vanished.iter().map(|c| c.case.as_str()).collect();
        assert_eq!((report.unplayed, told), (unplayed, vanished), "{status:?}");
    }
}

#[test]
fn a_case_that_was_not_played_before_is_new() {
    let report = compared(
        earlier(STARTED, &[], "", true),
        &samples::started(),
        &[samples::case("curl", "a@b", Inconclusive, &[])],
    );
    assert_eq!(report.new, [changed("a@b", None, Some(Inconclusive))]);
    assert!(report.interrupted);
}

#[test]
fn every_setting_and_version_that_is_not_the_same_is_told_and_nothing_else() {
    let none = compared(earlier(STARTED, &[], "", false), &samples::started(), &[]);
    assert_eq!(none.differs, []);
    let now = RunStarted {
        floor: "aws-legacy".to_owned(),
        service: Some(ServiceEdition { name: "swf".to_owned(), edition: "2023".to_owned() }),
        tier: "full".to_owned(),
        filter: Some("a*".to_owned()),
        shard: Some("1/2".to_owned()),
        environment: Environment::Inherited,
        shakedown: "0.2.0".to_owned(),
        backend: "s2n".to_owned(),
        // One that is only here is no difference.
        servers: [("openssl", "3.7.0"), ("s2n", "1.5")].map(|(a, b)| (a.to_owned(), b.to_owned())).into(),
        ..samples::started()
    };
    let curl = r#"{"type":"client","client":"curl","version":"7.88.1","status":"ready"}"#.to_owned();
    let wget = r#"{"type":"client","client":"wget","version":null,"status":"not-installed"}"#.to_owned();
    let mut comparison = Comparison::new(earlier(STARTED, &[curl, wget], "", false), &now);
    for (name, version) in [("curl", Some("8.0")), ("wget", Some("1.21")), ("git", None)] {
        comparison.note_client(&samples::client(name, version));
    }
    let report = comparison.close(&[], &BTreeMap::new(), false);
    let differs = |what, of: Option<&str>, before: Option<&str>, now: Option<&str>| {
        let [of, before, now] = [of, before, now].map(|text| text.map(str::to_owned));
        Differs { what, of, before, now }
    };
    let expected = [
        differs(Setting::Floor, None, Some("aws"), Some("aws-legacy")),
        differs(Setting::Service, None, None, Some("swf@2023")),
        differs(Setting::Tier, None, Some("core"), Some("full")),
        differs(Setting::Filter, None, None, Some("a*")),
        differs(Setting::Shard, None, None, Some("1/2")),
        differs(Setting::Environment, None, Some("clean"), Some("inherited")),
        differs(Setting::Shakedown, None, Some("0.1.0"), Some("0.2.0")),
        differs(Setting::Backend, None, Some("openssl"), Some("s2n")),
        differs(Setting::Server, Some("openssl"), Some("3.6.3"), Some("3.7.0")),
        differs(Setting::Client, Some("curl"), Some("7.88.1"), Some("8.0")),
    ];
    assert_eq!(report.differs, expected);
}

#[test]
fn a_class_that_is_unproven_in_one_of_the_runs_is_told() {
    let totals = |verdict, details: &[&str]| ClientTotals {
        verdict: Some(verdict),
        findings: details.iter().map(|detail| Finding::new(ClassUnproven, *detail)).collect(),
        ..ClientTotals::default()
    };
    let before =
        r#""curl":{"verdict":"inconclusive","findings":[{"code":"class-unproven","detail":"version"}]}"#;
    let unproven = |detail: &str| vec![Unproven { client: "curl".to_owned(), detail: detail.to_owned() }];
    struct Row {
        now: ClientTotals,
        filter: Option<&'static str>,
        /// The earlier run, this one.
        interrupted: (bool, bool),
        newly: Vec<Unproven>,
        no_longer: Vec<Unproven>,
    }
    let row =
        |now, newly, no_longer| Row { now, filter: None, interrupted: (false, false), newly, no_longer };
    let other = || totals(Inconclusive, &["encryption"]);
    let table = [
        row(totals(Inconclusive, &["version"]), vec![], vec![]),
        row(other(), unproven("encryption"), unproven("version")),
        row(totals(Pass, &[]), vec![], unproven("version")),
        // Not judged: nothing is known of its classes.
        row(totals(Skipped, &[]), vec![], vec![]),
        row(ClientTotals::default(), vec![], vec![]),
        Row { filter: Some("a*"), ..row(other(), unproven("encryption"), vec![]) },
        Row { interrupted: (true, false), ..row(other(), vec![], vec![]) },
        Row { interrupted: (false, true), ..row(other(), vec![], vec![]) },
    ];
    for (n, row) in table.into_iter().enumerate() {
        let started = RunStarted { filter: row.filter.map(str::to_owned), ..samples::started() };
        let comparison = Comparison::new(earlier(STARTED, &[], before, row.interrupted.0), &started);
        let clients = BTreeMap::from([("curl".to_owned(), row.now), ("new".to_owned(), other())]);
        let report = comparison.close(&[], &clients, row.interrupted.1);
        assert_eq!((report.newly_unproven, report.no_longer_unproven), (row.newly, row.no_longer), "row {n}");
    }
}
