//! `--baseline`: what changed since an earlier run. It gates nothing by itself.

use std::path::Path;

use serde_json::Value;

use crate::support::*;

const FILTER: &str = "client/cipher/static-rsa@*";

fn earlier(client: &str, filter: &str) -> String {
    run(["check", "--client", client, "--filter", filter, "--report", "json"]).stdout
}

fn check(folder: &Path, client: &str, baseline: &str, more: &[&str]) -> Ran {
    let file = write(folder, "earlier.jsonl", baseline).display().to_string();
    run(["check", "--client", client, "--filter", FILTER, "--baseline", &file].iter().chain(more))
}

fn report(ran: &Ran) -> Value {
    of_type(&ran.events(), "run-finished")[0]["baseline"].clone()
}

/// The lengths of the five lists, and of `differs`.
fn counts(report: &Value) -> [usize; 6] {
    ["newly_failing", "newly_passing", "newly_unknown", "new", "vanished", "differs"]
        .map(|list| report[list].as_array().unwrap_or_else(|| panic!("{list} is no list: {report}")).len())
}

#[test]
fn a_baseline_of_the_same_run_reports_nothing_and_leaves_the_gate_alone() {
    let folder = tempfile::tempdir().unwrap();
    for (client, exit) in [("rustls", 0), ("openssl", 1)] {
        let same = earlier(client, FILTER);
        let ran = check(folder.path(), client, &same, &["--report", "json"]);
        ran.assert_code(exit);
        assert_eq!(counts(&report(&ran)), [0; 6], "{client}");
        let page = check(folder.path(), client, &same, &[]);
        page.assert_code(exit);
        assert!(page.stdout.contains(": no change"), "{}", page.stdout);
    }
}

#[test]
fn every_kind_of_change_is_told_by_client_and_case() {
    let folder = tempfile::tempdir().unwrap();
    let failing = earlier("openssl", FILTER);
    let passing = failing.replace("\"verdict\":\"fail\"", "\"verdict\":\"pass\"");
    let ran = check(folder.path(), "openssl", &passing, &["--report", "json"]);
    ran.assert_code(1);
    let told = report(&ran);
    assert_eq!(counts(&told), [4, 0, 0, 0, 0, 0], "{told}");
    let mut ids: Vec<&str> =
        told["newly_failing"].as_array().unwrap().iter().map(|c| c["case"].as_str().unwrap()).collect();
    ids.sort_unstable();
    let cases = ran.cases();
    let mut played: Vec<&str> = cases.iter().map(|c| c["case"].as_str().unwrap()).collect();
    played.sort_unstable();
    assert_eq!(ids, played);
    let page = check(folder.path(), "openssl", &passing, &[]).stdout;
    assert!(page.contains("newly failing (4 cases)"), "{page}");
    assert!(page.contains(&format!("openssl  {STATIC_RSA}")), "{page}");

    let good = earlier("rustls", FILTER);
    let table: [(String, [usize; 6]); 5] = [
        (good.replace("\"verdict\":\"pass\"", "\"verdict\":\"fail\""), [0, 4, 0, 0, 0, 0]),
        (good.replace("\"verdict\":\"pass\"", "\"verdict\":\"inconclusive\""), [0, 4, 0, 0, 0, 0]),
        // One case less there, and one that is no longer played.
        (
            good.lines().filter(|line| !line.contains(STATIC_RSA)).map(|l| format!("{l}\n")).collect(),
            [0, 0, 0, 1, 0, 0],
        ),
        (good.replace(STATIC_RSA, "client/cipher/old@x"), [0, 0, 0, 1, 1, 0]),
        // Another floor and tier: the verdicts are not comparable, and that is said.
        (
            good.replace("\"floor\":\"aws\"", "\"floor\":\"aws-legacy\"").replace("\"core\"", "\"full\""),
            [0, 0, 0, 0, 0, 2],
        ),
    ];
    for (baseline, wanted) in table {
        let ran = check(folder.path(), "rustls", &baseline, &["--report", "json"]);
        ran.assert_code(0);
        assert_eq!(counts(&report(&ran)), wanted, "{}", report(&ran));
    }
    let other = good.replace("\"floor\":\"aws\"", "\"floor\":\"aws-legacy\"");
    let page = check(folder.path(), "rustls", &other, &[]).stdout;
    assert!(page.contains("floor aws-legacy there, aws here: verdicts are not comparable"), "{page}");
}

#[test]
fn a_known_failure_is_no_change_from_one_that_was_not_known() {
    let folder = tempfile::tempdir().unwrap();
    let failing = earlier("openssl", FILTER);
    let list = format!(
        "[[known]]\nclient = \"openssl\"\ncase = \"{FILTER}\"\nfinding = \"no-forward-secrecy\"\nreason = \"we know\"\n"
    );
    let list = write(folder.path(), "known.toml", &list).display().to_string();
    let ran = check(folder.path(), "openssl", &failing, &["--report", "json", "--known-failures", &list]);
    ran.assert_code(0);
    assert_eq!(counts(&report(&ran)), [0; 6]);
}

#[test]
fn what_is_no_whole_run_is_a_usage_error_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let good = earlier("rustls", STATIC_RSA);
    let lines: Vec<&str> = good.lines().collect();
    assert_eq!(lines.len(), 4);
    for (text, words) in [
        (lines[..3].join("\n"), ["earlier.jsonl:4: ", "cut off"]),
        (good[..good.len() - 20].to_owned(), ["earlier.jsonl:4: ", "no line of JSON"]),
        (lines[1..].join("\n"), ["earlier.jsonl:1: ", "no run-started"]),
        (good.replace("\"schema\":1", "\"schema\":7"), ["earlier.jsonl:1: ", "schema 7"]),
        ("<xml/>".to_owned(), ["earlier.jsonl:1: ", "--report json:RUN.jsonl"]),
    ] {
        check(folder.path(), "rustls", &text, &[]).assert_usage(&words);
    }
    run(["check", "--client", "rustls", "--baseline", "/nonexistent/run.jsonl"])
        .assert_usage(&["cannot read /nonexistent/run.jsonl"]);
}
