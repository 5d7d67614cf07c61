//! What the parser refuses; what the ledger excuses, and what it says of each entry.

use jiff::civil::{Date, date};

use super::*;
use crate::judge::{Finding, FindingCode, Level, Verdict};
use crate::run::events::{CaseFinished, EntryStatus};
use crate::run::samples;
use crate::run::scope::Scope;

const FILE: &str = "\
# comment
[[known]]
client  = \"curl\"
case    = \"a@1+*\"
finding = \"no-forward-secrecy\"
reason  = \"distribution default\"
link    = \"https://example.org/issues/17\"
expires = 2027-03-31
";
const TODAY: Date = date(2026, 11, 24);

#[test]
fn the_sample_of_the_formats_is_read_with_its_line() {
    let read = KnownFailures::parse("known.toml", FILE).unwrap();
    let [known] = read.entries.as_slice() else { panic!("one entry") };
    assert_eq!((known.line, known.client.as_str(), known.case.as_str()), (2, "curl", "a@1+*"));
    assert_eq!(known.finding, FindingCode::NoForwardSecrecy);
    assert_eq!(known.expires, Some(date(2027, 3, 31)));
    assert!(KnownFailures::parse("known.toml", "").unwrap().entries.is_empty());
}

#[test]
fn every_fault_is_named_with_file_line_and_what_is_allowed() {
    let twice = format!("{FILE}{}", FILE.replace("distribution", "another"));
    let table: [(&str, &str, usize, &[&str]); 12] = [
        ("client  = \"curl\"\n", "", 2, &["client is missing", "client, case, finding, reason"]),
        ("case    = \"a@1+*\"\n", "", 2, &["case is missing"]),
        ("finding = \"no-forward-secrecy\"\n", "", 2, &["finding is missing"]),
        ("reason  = \"distribution default\"\n", "", 2, &["reason is missing"]),
        ("distribution default", " ", 6, &["reason is empty"]),
        (
            "no-forward-secrecy",
            "no-forward-secracy",
            5,
            &["no-forward-secracy", "nearest: no-forward-secrecy"],
        ),
        ("no-forward-secrecy", "timeout", 5, &["never fails", "below-minimum-version", "finite-field-dhe"]),
        ("link ", "url ", 7, &["url", "`link`"]),
        ("2027-03-31", "\"2027-03-31\"", 8, &["without quotes", "2027-03-31"]),
        ("2027-03-31", "2027-02-30", 8, &[]),
        ("2027-03-31", "2027-03-31T00:00:00Z", 8, &["without a time"]),
        (FILE, &twice, 10, &["stand in line 2"]),
    ];
    for (from, to, line, words) in table {
        assert!(FILE.contains(from), "the test changes what is not there: {from}");
        let error = KnownFailures::parse("known.toml", &FILE.replacen(from, to, 1)).unwrap_err();
        assert_eq!(error.line, line, "{error}");
        assert!(error.to_string().starts_with("known.toml:"), "{error}");
        for word in words {
            assert!(error.to_string().contains(word), "{word:?} is missing in: {error}");
        }
    }
}

#[test]
fn texts_have_a_bound_and_one_more_is_an_error_with_line_and_next_step() {
    let table: [(&str, usize, usize, &str); 4] = [
        ("curl", 5_000, 3, "client has 5001 characters, at most 5000 are read; correct it"),
        ("a@1+*", 500, 4, "case has 501 characters, at most 500 are read; put * for a part of it"),
        (
            "distribution default",
            1_000,
            6,
            "reason has 1001 characters, at most 1000 are read; put the rest where link leads",
        ),
        (
            "https://example.org/issues/17",
            2_000,
            7,
            "link has 2001 characters, at most 2000 are read; correct it",
        ),
    ];
    for (text, most, line, words) in table {
        // Characters, not bytes.
        let with = |length: usize| FILE.replacen(text, &"\u{e9}".repeat(length), 1);
        KnownFailures::parse("known.toml", &with(most)).unwrap();
        let error = KnownFailures::parse("known.toml", &with(most + 1)).unwrap_err();
        assert_eq!(error.to_string(), format!("known.toml:{line}: {words}"));
    }
    // What cannot be read is not repeated at length either.
    for (from, to) in [("link ", "x".repeat(100_000)), ("no-forward-secrecy", "x".repeat(100_000))] {
        let error = KnownFailures::parse("known.toml", &FILE.replacen(from, &to, 1)).unwrap_err();
        assert!(error.to_string().len() < 1_000, "{}", error.to_string().len());
    }
}

#[test]
fn a_file_has_a_thousand_entries_and_the_next_one_is_named_by_its_line() {
    let entry = |n: usize| FILE.replacen("a@1+*", &format!("a@{n}"), 1);
    let entries = |count: usize| (0..count).map(entry).collect::<String>();
    assert_eq!(KnownFailures::parse("known.toml", &entries(1_000)).unwrap().entries.len(), 1_000);
    let error = KnownFailures::parse("known.toml", &entries(1_002)).unwrap_err();
    // Each entry has eight lines, the second of which is its [[known]].
    assert_eq!(
        error.to_string(),
        "known.toml:8002: here stands entry 1001 of 1002, and at most 1000 are read; join entries by * in case, or give \
         each client a list of its own"
    );
    assert_eq!(KnownFailures::MOST_BYTES, 1_048_576);
}

fn case(id: &str, verdict: Verdict, codes: &[FindingCode]) -> CaseFinished {
    samples::case("curl", id, verdict, codes)
}

/// Of `a@1+*` two cases in the tier, one beyond it; all of the tier are selected.
fn ledger(text: &str, today: Date) -> Ledger {
    ledger_selecting(text, today, &["a@1+x", "a@1+y", "b@1"])
}

fn ledger_selecting(text: &str, today: Date, selected: &[&str]) -> Ledger {
    let scope = [("a@1+x", true), ("a@1+y", true), ("a@1+z", false), ("b@1", true), ("c@1", false)];
    let scope = scope.map(|(case, in_tier)| Scope {
        client: "curl".to_owned(),
        case: case.to_owned(),
        in_tier,
        is_selected: selected.contains(&case),
    });
    Ledger::new(KnownFailures::parse("known.toml", text).unwrap(), today, &scope)
}

use FindingCode::{
    BelowMinimumVersion as Old, FiniteFieldDhe as Dhe, HarnessPanic as Panic, NoForwardSecrecy as Fs,
    Timeout, UnsupportedByServer as Unsupported,
};

#[test]
fn a_failure_is_known_only_if_all_that_fails_is() {
    let table: [(&[FindingCode], Verdict, Verdict, bool); 6] = [
        (&[Fs], Verdict::Fail, Verdict::Warn, true),
        (&[Fs, Dhe], Verdict::Fail, Verdict::Warn, true),
        (&[Fs, Old], Verdict::Fail, Verdict::Fail, false),
        (&[Old], Verdict::Fail, Verdict::Fail, false),
        (&[Timeout], Verdict::Inconclusive, Verdict::Inconclusive, false),
        // What the harness itself did wrong stays.
        (&[Fs, Panic], Verdict::Fail, Verdict::Inconclusive, true),
    ];
    for (codes, before, after, is_known) in table {
        let mut event = case("a@1+x", before, codes);
        ledger(FILE, TODAY).apply(&mut event);
        assert_eq!((event.verdict, !event.known.is_empty()), (after, is_known), "{codes:?}");
        assert!(event.findings.iter().all(|f| f.level == f.code.default_level()), "levels stay");
    }
    for (id, client) in [("b@1", "curl"), ("a@1+x", "wget"), ("a@1", "curl")] {
        let mut event = CaseFinished { client: client.to_owned(), ..case(id, Verdict::Fail, &[Fs]) };
        ledger(FILE, TODAY).apply(&mut event);
        assert_eq!(event.verdict, Verdict::Fail, "{client} {id}");
    }
}

#[test]
fn what_happened_beside_a_known_failure_is_all_that_is_left_to_judge_by() {
    let mut event = case("a@1+x", Verdict::Fail, &[Fs]);
    event.beside = vec![Finding::new(Timeout, "the client did not end by itself")];
    ledger(FILE, TODAY).apply(&mut event);
    assert_eq!(event.verdict, Verdict::Inconclusive);
    assert_eq!(event.findings.iter().map(|f| f.code).collect::<Vec<_>>(), [Fs, Timeout]);
    // While the failure stands it says nothing.
    let mut event = case("b@1", Verdict::Fail, &[Fs]);
    event.beside = vec![Finding::new(Timeout, "the client did not end by itself")];
    ledger(FILE, TODAY).apply(&mut event);
    assert_eq!((event.verdict, event.findings.len()), (Verdict::Fail, 1));
}

#[test]
fn an_entry_holds_on_its_last_day_and_excuses_nothing_after_it() {
    for (today, verdict, status) in [
        (date(2027, 3, 31), Verdict::Warn, EntryStatus::Used),
        (date(2027, 4, 1), Verdict::Fail, EntryStatus::Expired),
    ] {
        let mut ledger = ledger(FILE, today);
        let mut event = case("a@1+x", Verdict::Fail, &[Fs]);
        ledger.apply(&mut event);
        assert_eq!(event.verdict, verdict, "{today}");
        assert_eq!(ledger.reckon(false).entries[0].status, status, "{today}");
    }
}

#[test]
fn each_entry_is_told_what_became_of_it() {
    use EntryStatus::{NotChecked, NotSelected, Stale, Unmatched, Used};
    let pass = |id: &str| case(id, Verdict::Pass, &[]);
    let with = |from: &str, to: &str| FILE.replacen(from, to, 1);
    let unsure = |id: &str| case(id, Verdict::Inconclusive, &[Timeout]);
    let skipped = |id: &str| case(id, Verdict::Skipped, &[Unsupported]);
    let file = || FILE.to_owned();
    const ALL: &[&str] = &["a@1+x", "a@1+y", "b@1"];
    type Row<'r> = (String, &'r [&'r str], Vec<CaseFinished>, EntryStatus, &'r str);
    let table: [Row<'_>; 16] = [
        (file(), ALL, vec![pass("a@1+x"), case("a@1+y", Verdict::Fail, &[Fs])], Used, "1 case"),
        (file(), ALL, vec![pass("a@1+x"), pass("a@1+y")], Stale, "remove the entry"),
        (file(), ALL, vec![pass("a@1+x"), case("a@1+y", Verdict::Fail, &[Old])], Stale, "no-forward-secrecy"),
        // Selected, and to no verdict: the reason is told.
        (
            file(),
            ALL,
            vec![pass("a@1+x"), unsure("a@1+y")],
            NotChecked,
            "1 of its 2 case(s) of this run came to no verdict (1 inconclusive: timeout)",
        ),
        (
            file(),
            ALL,
            vec![pass("a@1+x"), skipped("a@1+y")],
            NotChecked,
            "(1 skipped: unsupported-by-server)",
        ),
        (
            file(),
            ALL,
            vec![skipped("a@1+x"), skipped("a@1+y")],
            NotChecked,
            "2 of its 2 case(s) of this run came to no verdict (2 skipped: unsupported-by-server)",
        ),
        (
            file(),
            ALL,
            vec![skipped("a@1+x"), unsure("a@1+y")],
            NotChecked,
            "(1 inconclusive: timeout, 1 skipped: unsupported-by-server)",
        ),
        (file(), ALL, vec![], NotChecked, "(2 not played: the client is not installed)"),
        (file(), ALL, vec![pass("a@1+x")], NotChecked, "(1 not played: the client is not installed)"),
        // In a shard: what it has was skipped, and the rest is left out as well.
        (
            file(),
            &["a@1+x"],
            vec![skipped("a@1+x")],
            NotChecked,
            "1 of its 1 case(s) of this run came to no verdict",
        ),
        (
            file(),
            &["a@1+x"],
            vec![pass("a@1+x")],
            NotSelected,
            "--filter or --shard left 1 of its 2 case(s) of this tier out",
        ),
        (file(), &["b@1"], vec![pass("b@1")], NotSelected, "left 2 of its 2 case(s)"),
        (with("a@1+*", "c@1"), ALL, vec![pass("a@1+x")], NotSelected, "none of its cases is in this tier"),
        (with("a@1+*", "a@1+xx"), ALL, vec![], Unmatched, "nearest: a@1+x"),
        (with("a@1+*", "d@?"), ALL, vec![], Unmatched, "no case \"d@?\"; shakedown list cases"),
        (with("curl", "crul"), ALL, vec![pass("a@1+x"), pass("a@1+y")], Unmatched, "only curl;"),
    ];
    for (text, selected, played, status, words) in table {
        let mut ledger = ledger_selecting(&text, TODAY, selected);
        for mut event in played.clone() {
            ledger.apply(&mut event);
        }
        let entry = ledger.reckon(false).entries.remove(0);
        assert_eq!(entry.status, status, "{}", entry.detail);
        assert!(entry.detail.starts_with("known.toml:2: "), "{}", entry.detail);
        assert!(entry.detail.contains(words), "{words:?} is missing in: {}", entry.detail);
    }
    assert_eq!(Fs.default_level(), Level::Fail);
}

#[test]
fn a_star_stands_for_any_characters_and_a_question_mark_for_one() {
    let table = [
        ("a@1+*", true),
        ("a@1+x", true),
        ("a@1+?", true),
        ("?@?+?", true),
        ("*", true),
        ("a@1+x*", true),
        ("a@1+x?", false),
        ("a@1+??", false),
        ("a@1", false),
        ("A@1+x", false),
        ("a@1+[x]", false),
    ];
    for (glob, matches) in table {
        let read = KnownFailures::parse("known.toml", &FILE.replacen("a@1+*", glob, 1)).unwrap();
        assert_eq!(read.entries[0].speaks_of("curl", "a@1+x"), matches, "{glob}");
        assert!(!read.entries[0].speaks_of("wget", "a@1+x"), "{glob}");
    }
}

#[test]
fn an_interrupted_run_says_why_an_entry_was_not_checked() {
    let mut ledger = ledger(FILE, TODAY);
    ledger.apply(&mut case("a@1+x", Verdict::Pass, &[]));
    let entry = ledger.reckon(true).entries.remove(0);
    assert_eq!(entry.status, EntryStatus::NotChecked);
    assert!(entry.detail.contains("(1 not played: the run was interrupted)"), "{}", entry.detail);
}

/// A case stands in exactly one shard, so no shard can call the entry stale, and the whole run does.
#[test]
fn what_every_shard_leaves_open_an_unsharded_run_finds_stale() {
    for shard in [["a@1+x"], ["a@1+y"]] {
        let mut ledger = ledger_selecting(FILE, TODAY, &shard);
        ledger.apply(&mut case(shard[0], Verdict::Pass, &[]));
        assert_eq!(ledger.reckon(false).entries[0].status, EntryStatus::NotSelected, "{shard:?}");
    }
    let mut ledger = ledger(FILE, TODAY);
    for id in ["a@1+x", "a@1+y"] {
        ledger.apply(&mut case(id, Verdict::Pass, &[]));
    }
    assert_eq!(ledger.reckon(false).entries[0].status, EntryStatus::Stale);
}

#[test]
fn an_entry_for_an_unknown_client_names_ten_of_the_others() {
    let names = (10..22).map(|n| format!("client{n}"));
    let scope: Vec<Scope> = names
        .map(|client| Scope { client, case: "a@1+x".to_owned(), in_tier: true, is_selected: true })
        .collect();
    let ledger = Ledger::new(KnownFailures::parse("known.toml", FILE).unwrap(), TODAY, &scope);
    let entry = ledger.reckon(false).entries.remove(0);
    assert!(entry.detail.contains("client18, client19, and 2 more; correct the name"), "{}", entry.detail);
}
