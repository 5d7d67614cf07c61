//! Known failures and a baseline in the reports: the schema, and the page that people read.

use insta::assert_snapshot;
use jsonschema::Validator;
use serde_json::{Value, json};
use shakedown::judge::{Class, FindingCode, Verdict};
use shakedown::report::{Human, HumanOptions, JsonLines, Junit};
use shakedown::run::events::{
    BaselineReport, CaseFinished, Changed, Differs, EntryStatus, Event, FailsDifferently, KnownEntry,
    KnownFinding, KnownReport, Setting, Unproven,
};

use crate::sample::*;

use FindingCode::{BelowMinimumVersion as Old, NoForwardSecrecy as Fs};

/// A case of which the failure is known.
fn known_case(n: usize, reason: &str, link: Option<&str>, expires: Option<&str>) -> CaseFinished {
    let known = KnownFinding {
        finding: Fs,
        reason: reason.to_owned(),
        link: link.map(str::to_owned),
        expires: expires.map(str::to_owned),
    };
    let breach = finding(Fs, "completed, 78 bytes of request received");
    let case = completed("curl", &format!("client/cipher/static-rsa@{n:02}"), "TLSv1.2", RSA, vec![breach]);
    CaseFinished { verdict: Verdict::Warn, classes: vec![Class::ForwardSecrecy], known: vec![known], ..case }
}

fn entry(line: u64, status: EntryStatus, what: &str) -> KnownEntry {
    KnownEntry {
        line,
        client: "curl".to_owned(),
        case: "client/cipher/static-rsa@*".to_owned(),
        finding: Fs,
        status,
        detail: format!("known.toml:{line}: {what}"),
    }
}

fn changed(case: &str, before: Option<Verdict>, now: Option<Verdict>) -> Changed {
    Changed { client: "curl".to_owned(), case: case.to_owned(), before, now }
}

fn differs(what: Setting, of: Option<&str>, before: Option<&str>, now: Option<&str>) -> Differs {
    let [of, before, now] = [of, before, now].map(|text| text.map(str::to_owned));
    Differs { what, of, before, now }
}

/// Something in every list.
fn everything_changed() -> BaselineReport {
    use Verdict::{Fail, Inconclusive, Pass, Skipped, Warn};
    let unproven = |class: &str| Unproven {
        client: "curl".to_owned(),
        detail: format!("{class}: no must-refuse case was proven"),
    };
    BaselineReport {
        file: "earlier.jsonl".to_owned(),
        started: "2026-11-21T08:00:00Z".to_owned(),
        interrupted: true,
        differs: vec![
            differs(Setting::Floor, None, Some("aws-legacy"), Some("aws")),
            differs(Setting::Service, None, Some("swf@2023"), None),
            differs(Setting::Filter, None, None, Some("client/*")),
            differs(Setting::Client, Some("curl"), Some("7.88.1"), Some("8.0.0")),
        ],
        newly_failing: vec![changed("a@failing", Some(Pass), Some(Fail))],
        fails_differently: vec![FailsDifferently {
            client: "curl".to_owned(),
            case: "a@differently".to_owned(),
            before: vec![Old, Fs],
            now: vec![Fs],
        }],
        newly_passing: vec![changed("a@passing", Some(Inconclusive), Some(Warn))],
        newly_unknown: vec![changed("a@unknown", Some(Fail), Some(Skipped))],
        new: (10..22).map(|n| changed(&format!("a@new{n}"), None, Some(Pass))).collect(),
        vanished: vec![changed("a@vanished", Some(Skipped), None)],
        unplayed: 7,
        newly_unproven: vec![unproven("version")],
        no_longer_unproven: vec![unproven("encryption")],
    }
}

/// A run of curl with these cases, this list, this baseline.
fn run(cases: Vec<CaseFinished>, known: Option<KnownReport>, baseline: Option<BaselineReport>) -> Vec<Event> {
    let mut events = vec![started(cases.len() as u64), Event::Client(ready("curl", Some("7.88.1")))];
    events.extend(cases.into_iter().map(|case| Event::CaseFinished(Box::new(case))));
    let Event::RunFinished(mut end) = finished(&events, false, 100.0) else { panic!("the end of a run") };
    end.clients.get_mut("curl").unwrap().known = 1;
    (end.known_failures, end.baseline) = (known, baseline);
    events.push(Event::RunFinished(end));
    events
}

fn list(entries: Vec<KnownEntry>) -> Option<KnownReport> {
    Some(KnownReport { file: "known.toml".to_owned(), entries })
}

const STATUSES: [EntryStatus; 6] = [
    EntryStatus::Used,
    EntryStatus::NotSelected,
    EntryStatus::NotChecked,
    EntryStatus::Stale,
    EntryStatus::Expired,
    EntryStatus::Unmatched,
];

/// Nothing is null that could be something.
fn full() -> Vec<Value> {
    let case = known_case(1, "we know", Some("https://example.org/17"), Some("2027-03-31"));
    let entries = STATUSES.iter().zip(1..).map(|(status, line)| entry(line, *status, "x")).collect();
    let events = run(vec![case], list(entries), Some(everything_changed()));
    written(JsonLines::new, &events).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn validator() -> Validator {
    let schema = serde_json::from_str(include_str!("../../../schema/events-1.json")).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

#[test]
fn events_with_known_failures_and_a_baseline_are_valid_and_say_what_they_should() {
    let lines = full();
    let validator = validator();
    for line in &lines {
        let errors: Vec<String> = validator.iter_errors(line).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?} in {line}");
    }
    let known = json!([{
        "finding": "no-forward-secrecy", "reason": "we know", "link": "https://example.org/17",
        "expires": "2027-03-31"
    }]);
    assert_eq!(lines[2]["known"], known);
    let end = &lines[3];
    let statuses: Vec<&Value> =
        end["known_failures"]["entries"].as_array().unwrap().iter().map(|entry| &entry["status"]).collect();
    assert_eq!(statuses, ["used", "not-selected", "not-checked", "stale", "expired", "unmatched"]);
    assert_eq!(
        end["known_failures"]["entries"][3],
        json!({
            "line": 4, "client": "curl", "case": "client/cipher/static-rsa@*", "finding": "no-forward-secrecy",
            "status": "stale", "detail": "known.toml:4: x"
        })
    );
    let baseline = &end["baseline"];
    assert_eq!(
        baseline["differs"][3],
        json!({"what": "client", "of": "curl", "before": "7.88.1", "now": "8.0.0"})
    );
    assert_eq!(
        baseline["fails_differently"],
        json!([{
            "client": "curl", "case": "a@differently", "before": ["below-minimum-version", "no-forward-secrecy"],
            "now": ["no-forward-secrecy"]
        }])
    );
    assert_eq!(
        baseline["newly_unknown"],
        json!([{"client": "curl", "case": "a@unknown", "before": "fail", "now": "skipped"}])
    );
    assert_eq!((&baseline["interrupted"], &baseline["unplayed"]), (&json!(true), &json!(7)));
}

#[test]
fn of_known_failures_and_a_baseline_no_key_may_be_missing_or_added_or_of_another_type() {
    let validator = validator();
    let lines = full();
    let (case, end) = (&lines[2], &lines[3]);
    let objects = [
        (case, "/known/0", 4),
        (end, "/known_failures", 2),
        (end, "/known_failures/entries/0", 6),
        (end, "/baseline", 13),
        (end, "/baseline/differs/0", 4),
        (end, "/baseline/newly_failing/0", 4),
        (end, "/baseline/fails_differently/0", 4),
        (end, "/baseline/newly_unproven/0", 2),
    ];
    for (line, pointer, count) in objects {
        let with = |change: &dyn Fn(&mut serde_json::Map<String, Value>)| {
            let mut line = line.clone();
            change(line.pointer_mut(pointer).unwrap().as_object_mut().unwrap());
            line
        };
        let keys: Vec<String> = line.pointer(pointer).unwrap().as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys.len(), count, "{pointer}");
        for key in &keys {
            let missing = with(&|object| assert!(object.remove(key).is_some()));
            assert!(!validator.is_valid(&missing), "valid without {pointer}/{key}");
            let other = with(&|object| assert!(object.insert(key.clone(), json!({"a": 1})).is_some()));
            assert!(!validator.is_valid(&other), "valid with an object as {pointer}/{key}");
        }
        let more = with(&|object| assert!(object.insert("more".to_owned(), json!(1)).is_none()));
        assert!(!validator.is_valid(&more), "valid with {pointer}/more");
    }
}

fn human(events: &[Event]) -> String {
    written(|page| Human::new(page, HumanOptions { width: None, verbose: false }), events)
}

/// The page below the table.
fn below(page: &str) -> &str {
    &page[page.find("\n\nKNOWN").or(page.find("\n\nbaseline")).or(page.find("\n\nFAIL")).unwrap() + 2..]
}

#[test]
fn known_failures_are_told_with_reason_link_date_and_one_case() {
    let cases = vec![
        known_case(
            2,
            "distribution default; we pass --ciphers in production",
            Some("https://example.org/issues/17"),
            Some("2027-03-31"),
        ),
        known_case(
            1,
            "distribution default; we pass --ciphers in production",
            Some("https://example.org/issues/17"),
            Some("2027-03-31"),
        ),
        known_case(3, "old hardware", None, None),
    ];
    let entries = vec![
        entry(1, EntryStatus::Used, "fails in 3 case(s)"),
        entry(7, EntryStatus::NotSelected, "not selected: why"),
        entry(13, EntryStatus::Stale, "stale: remove the entry"),
        entry(19, EntryStatus::NotChecked, "not checked: why"),
        entry(25, EntryStatus::Expired, "expired on 2020-01-01"),
        entry(31, EntryStatus::Unmatched, "matches nothing: no case"),
    ];
    assert_snapshot!(below(&human(&run(cases, list(entries), None))), @r"
    KNOWN curl
          no-forward-secrecy (2 cases): distribution default; we pass --ciphers in production
                (https://example.org/issues/17, until 2027-03-31)
          case  client/cipher/static-rsa@01
          no-forward-secrecy (1 case): old hardware
          case  client/cipher/static-rsa@03

    FAIL  known.toml:13: stale: remove the entry (curl: no-forward-secrecy)
    FAIL  known.toml:25: expired on 2020-01-01 (curl: no-forward-secrecy)
    FAIL  known.toml:31: matches nothing: no case (curl: no-forward-secrecy)
    note  known.toml:19: not checked: why (curl: no-forward-secrecy)
    note  known.toml:7: not selected: why (curl: no-forward-secrecy)

    1 client, 3 cases, 0.1 s: 0 pass, 3 warn, 3 known failures among the warnings.
    ");
}

#[test]
fn of_a_long_list_ten_are_named_wrong_ones_first() {
    let cases = (0..12).map(|n| known_case(n, &format!("reason {n:02}"), None, None)).collect();
    let mut entries: Vec<KnownEntry> =
        (1..=9).map(|line| entry(line, EntryStatus::NotSelected, "not selected")).collect();
    entries.extend((10..=12).map(|line| entry(line, EntryStatus::Stale, "stale")));
    assert_snapshot!(below(&human(&run(cases, list(entries), None))), @r"
    KNOWN curl
          no-forward-secrecy (1 case): reason 00
          case  client/cipher/static-rsa@00
          no-forward-secrecy (1 case): reason 01
          case  client/cipher/static-rsa@01
          no-forward-secrecy (1 case): reason 02
          case  client/cipher/static-rsa@02
          no-forward-secrecy (1 case): reason 03
          case  client/cipher/static-rsa@03
          no-forward-secrecy (1 case): reason 04
          case  client/cipher/static-rsa@04
          no-forward-secrecy (1 case): reason 05
          case  client/cipher/static-rsa@05
          no-forward-secrecy (1 case): reason 06
          case  client/cipher/static-rsa@06
          no-forward-secrecy (1 case): reason 07
          case  client/cipher/static-rsa@07
          no-forward-secrecy (1 case): reason 08
          case  client/cipher/static-rsa@08
          no-forward-secrecy (1 case): reason 09
          case  client/cipher/static-rsa@09
          and 2 more

    FAIL  known.toml:10: stale (curl: no-forward-secrecy)
    FAIL  known.toml:11: stale (curl: no-forward-secrecy)
    FAIL  known.toml:12: stale (curl: no-forward-secrecy)
    note  known.toml:1: not selected (curl: no-forward-secrecy)
    note  known.toml:2: not selected (curl: no-forward-secrecy)
    note  known.toml:3: not selected (curl: no-forward-secrecy)
    note  known.toml:4: not selected (curl: no-forward-secrecy)
    note  known.toml:5: not selected (curl: no-forward-secrecy)
    note  known.toml:6: not selected (curl: no-forward-secrecy)
    note  known.toml:7: not selected (curl: no-forward-secrecy)
          and 2 more

    1 client, 12 cases, 0.1 s: 0 pass, 12 warn, 12 known failures among the warnings.
    ");
}

#[test]
fn a_baseline_is_told_list_by_list_with_ten_names_each() {
    let events = run(vec![refused("curl", "a@b", &[Class::Version])], None, Some(everything_changed()));
    assert_snapshot!(below(&human(&events)), @r"
    baseline  earlier.jsonl of 2026-11-21T08:00:00Z
          differs  floor aws-legacy there, aws here: verdicts are not comparable
          differs  service swf@2023 there, none here
          differs  filter none there, client/* here
          differs  client curl 7.88.1 there, 8.0.0 here
          differs  that run was interrupted
          newly failing (1 case)
            curl  a@failing
          fails differently (1 case)
            curl  a@differently: below-minimum-version, no-forward-secrecy there, no-forward-secrecy here
          newly passing (1 case)
            curl  a@passing
          newly unknown (1 case)
            curl  a@unknown
          new (12 cases)
            curl  a@new10
            curl  a@new11
            curl  a@new12
            curl  a@new13
            curl  a@new14
            curl  a@new15
            curl  a@new16
            curl  a@new17
            curl  a@new18
            curl  a@new19
            and 2 more
          vanished (1 case)
            curl  a@vanished
          newly unproven (1 finding)
            curl  version: no must-refuse case was proven
          no longer unproven (1 finding)
            curl  encryption: no must-refuse case was proven
          not played in this run (7 cases)

    1 client, 1 case, 0.1 s: 1 pass.
    ");
}

#[test]
fn a_baseline_without_a_change_is_one_line_and_what_was_not_played_another() {
    let same = BaselineReport {
        interrupted: false,
        differs: vec![],
        newly_failing: vec![],
        fails_differently: vec![],
        newly_passing: vec![],
        newly_unknown: vec![],
        new: vec![],
        vanished: vec![],
        unplayed: 0,
        newly_unproven: vec![],
        no_longer_unproven: vec![],
        ..everything_changed()
    };
    let page = |report| human(&run(vec![refused("curl", "a@b", &[Class::Version])], None, Some(report)));
    let line = "baseline  earlier.jsonl of 2026-11-21T08:00:00Z: no change\n";
    assert!(page(same.clone()).contains(&format!("{line}\n1 client")), "{}", page(same));
    let partial = BaselineReport { unplayed: 1, ..same.clone() };
    let text = page(partial);
    assert!(text.contains(&format!("{line}      not played in this run (1 case)\n\n1 client")), "{text}");
    // More differences than are named.
    let servers =
        (0..12).map(|n| differs(Setting::Server, Some(&format!("s{n:02}")), Some("1"), Some("2"))).collect();
    let text = page(BaselineReport { differs: servers, ..same });
    let last = "      differs  server s09 1 there, 2 here\n      differs  and 2 more\n";
    assert!(text.contains(last) && !text.contains("s10"), "{text}");
}

#[test]
fn what_a_file_says_cannot_drive_the_terminal() {
    let case = known_case(1, "a\x1b[2Jb", Some("c\u{202e}d"), None);
    let mut odd = everything_changed();
    odd.differs = vec![differs(Setting::Client, Some("e\x07f"), Some("\x1b]0;g"), None)];
    odd.fails_differently[0].case = "h\x1b[1mi".to_owned();
    odd.newly_unproven[0].detail = "j\x08k".to_owned();
    let page = human(&run(vec![case], list(vec![entry(1, EntryStatus::Stale, "l\x1bm")]), Some(odd)));
    for words in
        [r"a\u{1b}[2Jb", r"c\u{202e}d", r"e\u{7}f", r"\u{1b}]0;g", r"h\u{1b}[1mi", r"j\u{8}k", r"l\u{1b}m"]
    {
        assert!(page.contains(words), "{words} is missing in:\n{page}");
    }
    assert!(page.chars().all(|c| c == '\n' || !c.is_control()), "{page:?}");
}

#[test]
fn in_junit_each_entry_is_a_test_that_passes_is_skipped_or_fails() {
    let entries = STATUSES.iter().zip(1..).map(|(status, line)| entry(line, *status, "why")).collect();
    let xml = written(Junit::new, &run(vec![refused("curl", "a@b", &[])], list(entries), None));
    let suite = &xml[xml.find(r#"<testsuite name="known failures""#).expect("a suite for the list")..];
    let head = suite.lines().next().unwrap();
    for words in [r#"tests="6""#, r#"skipped="2""#, r#"failures="3""#, r#"errors="0""#] {
        assert!(head.contains(words), "{words} is missing in: {head}");
    }
    for line in [2, 3] {
        assert!(suite.contains(&format!(r#"<skipped message="known.toml:{line}: why""#)), "{suite}");
    }
    for line in [4, 5, 6] {
        let failure = format!(r#"<failure message="known.toml:{line}: why" type="known-failure""#);
        assert!(suite.contains(&failure), "{suite}");
    }
}
