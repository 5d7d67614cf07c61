//! `--baseline`: what changed since an earlier run. It gates nothing by itself.

use std::path::Path;

use serde_json::{Value, json};

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

/// The lengths of five lists, and of `differs`; the other lists are empty.
fn counts(report: &Value) -> [usize; 6] {
    for list in ["fails_differently", "newly_unproven", "no_longer_unproven"] {
        assert_eq!(report[list], json!([]), "{list}");
    }
    assert_eq!(report["unplayed"], 0, "{report}");
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
fn another_server_that_cannot_play_a_case_makes_it_unknown_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let failing = earlier("openssl", FILTER);
    // The server rustls has no RSA key transport: only what is forced is played.
    let other = ["--backend", "rustls"];
    let ran = check(folder.path(), "openssl", &failing, &[&other[..], &["--report", "json"]].concat());
    ran.assert_code(1);
    let told = report(&ran);
    assert_eq!(counts(&told), [0, 0, 2, 0, 0, 1], "{told}");
    for change in told["newly_unknown"].as_array().unwrap() {
        assert_eq!((&change["before"], &change["now"]), (&"fail".into(), &"skipped".into()), "{change}");
        assert!(change["case"].as_str().unwrap().ends_with("+natural"), "{change}");
    }
    let differs = json!({"what": "backend", "of": null, "before": "openssl", "now": "rustls"});
    assert_eq!(told["differs"], json!([differs]));
    let page = check(folder.path(), "openssl", &failing, &other).stdout;
    for words in ["newly unknown (2 cases)", "differs  backend openssl there, rustls here"] {
        assert!(page.contains(words), "{words:?} is missing in:\n{page}");
    }
}

#[test]
fn a_case_that_fails_for_another_reason_is_told_and_so_are_other_versions() {
    let folder = tempfile::tempdir().unwrap();
    let failing = earlier("openssl", STATIC_RSA);
    let other = failing
        .replace("\"code\":\"no-forward-secrecy\"", "\"code\":\"unencrypted\"")
        .replace("\"shakedown\":\"", "\"shakedown\":\"0.0.");
    let fixed = ["--report", "json", "--filter", STATIC_RSA];
    let file = write(folder.path(), "earlier.jsonl", &other).display().to_string();
    let ran = run(["check", "--client", "openssl", "--baseline", &file].iter().chain(&fixed));
    ran.assert_code(1);
    let told = report(&ran);
    assert_eq!(
        told["fails_differently"],
        json!([{
            "client": "openssl", "case": STATIC_RSA, "before": ["unencrypted"], "now": ["no-forward-secrecy"]
        }])
    );
    assert_eq!(told["newly_failing"], json!([]));
    assert_eq!(told["differs"][0]["what"], "shakedown");
    assert_eq!(told["differs"].as_array().unwrap().len(), 1, "{told}");
    let page = run(["check", "--client", "openssl", "--filter", STATIC_RSA, "--baseline", &file]).stdout;
    let line = format!("openssl  {STATIC_RSA}: unencrypted there, no-forward-secrecy here");
    assert!(page.contains("fails differently (1 case)") && page.contains(&line), "{page}");
}

#[test]
fn what_a_filter_leaves_out_is_counted_and_has_not_vanished() {
    let folder = tempfile::tempdir().unwrap();
    let whole = run(["check", "--client", "rustls", "--report", "json"]).stdout;
    let ran = check(folder.path(), "rustls", &whole, &["--report", "json"]);
    ran.assert_code(0);
    let told = report(&ran);
    // 29 cases of core, 4 of them of the filter.
    assert_eq!((&told["unplayed"], &told["vanished"]), (&25.into(), &json!([])), "{told}");
    let differs = json!({"what": "filter", "of": null, "before": null, "now": FILTER});
    assert_eq!(told["differs"], json!([differs]));
    let page = check(folder.path(), "rustls", &whole, &[]).stdout;
    for words in [
        "no change",
        "not played in this run (25 cases)",
        "filter none there, client/cipher/static-rsa@* here",
    ] {
        assert!(page.contains(words), "{words:?} is missing in:\n{page}");
    }
}

#[test]
fn a_class_that_nothing_proved_in_one_of_the_runs_is_told() {
    let folder = tempfile::tempdir().unwrap();
    // The server rustls has neither old versions nor suites without encryption.
    let poor = ["check", "--client", "rustls", "--backend", "rustls", "--report", "json"];
    let rich = ["check", "--client", "rustls", "--report", "json"];
    let unproven = |class: &str| json!({"client": "rustls", "detail": format!("{class}: no must-refuse case was proven")});
    let both = json!([unproven("encryption"), unproven("version")]);
    for (before, now, newly, no_longer) in
        [(&poor[..], &rich[..], &json!([]), &both), (&rich, &poor, &both, &json!([]))]
    {
        let file = write(folder.path(), "earlier.jsonl", &run(before).stdout).display().to_string();
        let told = report(&run(now.iter().chain(&["--baseline", &file])));
        assert_eq!((&told["newly_unproven"], &told["no_longer_unproven"]), (newly, no_longer));
    }
}

#[test]
fn an_interrupted_baseline_is_said_to_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let cut = earlier("rustls", FILTER).replace("\"interrupted\":false", "\"interrupted\":true");
    let ran = check(folder.path(), "rustls", &cut, &["--report", "json"]);
    ran.assert_code(0);
    let told = report(&ran);
    assert_eq!((&told["interrupted"], counts(&told)), (&true.into(), [0; 6]), "{told}");
    let page = check(folder.path(), "rustls", &cut, &[]).stdout;
    assert!(page.contains("      differs  that run was interrupted\n"), "{page}");
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

#[test]
fn a_baseline_that_is_too_large_is_said_to_be_and_not_to_be_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("earlier.jsonl");
    // One byte more than 256 MiB, and none of them on the disk.
    std::fs::File::create(&file).unwrap().set_len(268_435_457).unwrap();
    run(["check", "--client", "rustls", "--baseline", file.to_str().unwrap()])
        .assert_usage(&["earlier.jsonl: it is larger than 268435456 bytes", "of fewer clients"]);
    std::fs::File::options().write(true).open(&file).unwrap().set_len(268_435_456).unwrap();
    run(["check", "--client", "rustls", "--baseline", file.to_str().unwrap()])
        .assert_usage(&["earlier.jsonl:1: longer than 1048576 bytes"]);
}
