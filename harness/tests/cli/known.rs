//! `--known-failures`: what is excused, and a list that is wrong is exit 1.

use std::path::Path;

use crate::support::*;

fn entry(client: &str, case: &str, finding: &str, more: &str) -> String {
    format!(
        "[[known]]\nclient = \"{client}\"\ncase = \"{case}\"\nfinding = \"{finding}\"\nreason = \"we know\"\n{more}\n"
    )
}

const RSA: &str = "client/cipher/static-rsa@TLSv1.2+*";
const FILTER: &str = "client/cipher/static-rsa@*";
const FAR: &str = "link = \"https://example.org/17\"\nexpires = 9999-12-31";

fn check(folder: &Path, client: &str, filter: &str, report: &str, list: &str) -> Ran {
    let file = write(folder, "known.toml", list).display().to_string();
    run(["check", "--client", client, "--filter", filter, "--report", report, "--known-failures", &file])
}

#[test]
fn a_known_failure_warns_with_its_reason_and_does_not_gate() {
    let folder = tempfile::tempdir().unwrap();
    let list = entry("openssl", RSA, "no-forward-secrecy", FAR);
    let ran = check(folder.path(), "openssl", FILTER, "json", &list);
    ran.assert_code(0);
    let cases = ran.cases();
    assert_eq!(cases.len(), 4);
    for case in &cases {
        assert_eq!((&case["verdict"], codes(case)), (&"warn".into(), vec!["no-forward-secrecy"]), "{case}");
        assert_eq!(case["findings"][0]["level"], "fail", "the finding stays what it is: {case}");
        assert_eq!(case["known"][0]["reason"], "we know");
        assert_eq!(case["known"][0]["link"], "https://example.org/17");
        assert_eq!(case["known"][0]["expires"], "9999-12-31");
    }
    let end = &of_type(&ran.events(), "run-finished")[0];
    assert_eq!(end["clients"]["openssl"]["known"], 4);
    assert_eq!(end["known_failures"]["entries"][0]["status"], "used");

    let page = check(folder.path(), "openssl", FILTER, "human", &list);
    page.assert_code(0);
    for words in [
        "KNOWN openssl",
        "no-forward-secrecy (4 cases): we know (https://example.org/17, until 9999-12-31)",
        "ACCEPTED",
    ] {
        assert!(page.stdout.contains(words), "{words:?} is missing in:\n{}", page.stdout);
    }
    assert!(!page.stdout.contains("FAIL"), "{}", page.stdout);
    let xml = check(folder.path(), "openssl", FILTER, "junit", &list).stdout;
    assert!(xml.contains(r#"failures="0""#) && xml.contains("no-forward-secrecy: we know"), "{xml}");
}

#[test]
fn what_is_not_known_in_full_still_fails() {
    let folder = tempfile::tempdir().unwrap();
    let filter = "client/version/below-minimum@TLSv1.0+RSA+natural";
    let half = entry("openssl", filter, "no-forward-secrecy", FAR);
    let ran = check(folder.path(), "openssl", filter, "json", &half);
    ran.assert_code(1);
    assert_eq!(ran.cases()[0]["verdict"], "fail");
    let both = format!("{half}{}", entry("openssl", filter, "below-minimum-version", FAR));
    check(folder.path(), "openssl", filter, "json", &both).assert_code(0);
}

#[test]
fn a_list_that_is_stale_expired_or_matches_nothing_is_exit_1_with_file_line_and_next_step() {
    let folder = tempfile::tempdir().unwrap();
    let table: [(String, &str, &[&str]); 4] = [
        (entry("rustls", RSA, "no-forward-secrecy", FAR), "stale", &["stale", "remove the entry"]),
        (
            entry("rustls", RSA, "no-forward-secrecy", "expires = 2020-01-01"),
            "expired",
            &["expired on 2020-01-01", "mend the client"],
        ),
        (entry("crul", RSA, "no-forward-secrecy", FAR), "unmatched", &["no client", "rustls"]),
        (
            entry("rustls", "client/cipher/static-rsb@*", "no-forward-secrecy", FAR),
            "unmatched",
            &["no case", "shakedown list cases"],
        ),
    ];
    for (list, status, words) in table {
        // Behind a line of its own, so that the line is the entry's.
        let list = format!("# known\n{list}");
        let ran = check(folder.path(), "rustls", FILTER, "json", &list);
        ran.assert_code(1);
        let told = of_type(&ran.events(), "run-finished")[0]["known_failures"]["entries"][0].clone();
        assert_eq!(told["status"], status, "{told}");
        let page = check(folder.path(), "rustls", FILTER, "human", &list);
        page.assert_code(1);
        let text = page.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words.iter().chain(&["known.toml:2: ", "FAIL "]) {
            assert!(text.contains(word), "{word:?} is missing in:\n{}", page.stdout);
        }
        let xml = check(folder.path(), "rustls", FILTER, "junit", &list).stdout;
        assert!(xml.contains("type=\"known-failure\""), "{xml}");
    }
}

fn status(ran: &Ran) -> serde_json::Value {
    of_type(&ran.events(), "run-finished")[0]["known_failures"]["entries"][0].clone()
}

#[test]
fn an_entry_whose_cases_a_partial_run_did_not_select_is_no_error_even_with_strict() {
    let folder = tempfile::tempdir().unwrap();
    let list = entry("rustls", RSA, "no-forward-secrecy", FAR);
    let file = write(folder.path(), "known.toml", &list).display().to_string();
    let one = "client/cipher/static-rsa@TLSv1.2+TLS_RSA_WITH_AES_128_GCM_SHA256+natural";
    let table: [(&[&str], &str); 4] = [
        (&["--filter", "client/version/tls13@*"], "4 of its 4"),
        (&["--filter", one], "3 of its 4"),
        (&["--filter", FILTER, "--shard", "1/2"], "2 of its 4"),
        (&["--filter", FILTER, "--shard", "2/2"], "2 of its 4"),
    ];
    for (partial, words) in table {
        for strict in [None, Some("--strict")] {
            let fixed = ["check", "--client", "rustls", "--report", "json", "--known-failures", &file];
            let ran = run(fixed.iter().chain(partial).chain(strict.iter()));
            ran.assert_code(0);
            let told = status(&ran);
            assert_eq!(told["status"], "not-selected", "{told}");
            assert!(told["detail"].as_str().unwrap().contains(words), "{told}");
        }
    }
}

/// The server rustls has no RSA key transport, so the natural cases are selected and skipped for good; the forced ones,
/// which a script plays, prove the class.
#[test]
fn an_entry_whose_cases_are_all_skipped_is_told_as_not_checked_and_strict_does_not_forgive_it() {
    let folder = tempfile::tempdir().unwrap();
    let list = entry("rustls", "client/cipher/static-rsa@*+natural", "no-forward-secrecy", FAR);
    let file = write(folder.path(), "known.toml", &list).display().to_string();
    for (strict, code) in [(None, 0), (Some("--strict"), 3)] {
        let filter = ["--filter", FILTER, "--backend", "rustls", "--known-failures", &file];
        let fixed = ["check", "--client", "rustls"];
        let ran = run(fixed.iter().chain(&filter).chain(&["--report", "json"]).chain(strict.iter()));
        let told = status(&ran);
        assert_eq!(told["status"], "not-checked", "{told}");
        let detail = told["detail"].as_str().unwrap();
        assert!(detail.contains("(2 skipped: unsupported-by-server)"), "{detail}");
        ran.assert_code(code);
        let page = run(fixed.iter().chain(&filter)).stdout;
        assert!(page.contains("note  ") && page.contains("known.toml:1: not checked"), "{page}");
        let xml = run(fixed.iter().chain(&filter).chain(&["--report", "junit"])).stdout;
        assert!(xml.contains("<skipped message=") && xml.contains("known.toml:1: not checked"), "{xml}");
    }
}

#[test]
fn a_faulty_list_is_a_usage_error_before_anything_is_run() {
    let folder = tempfile::tempdir().unwrap();
    let good = entry("rustls", RSA, "no-forward-secrecy", FAR);
    for (list, words) in [
        (good.replace("reason = \"we know\"\n", ""), ["known.toml:1: ", "reason is missing"]),
        (good.replace("reason", "because"), ["known.toml:5: ", "`reason`"]),
        (good.replace("9999-12-31", "\"soon\""), ["known.toml:7: ", "2027-03-31"]),
        (format!("{good}{good}"), ["known.toml:8: ", "line 1"]),
        (" ".repeat(1_048_577), ["known.toml: it is larger than 1048576 bytes", "a list of its own"]),
        (good.replace("we know", &"x".repeat(1_001)), ["known.toml:5: ", "where link leads"]),
    ] {
        check(folder.path(), "rustls", FILTER, "human", &list).assert_usage(&words);
    }
    run(["check", "--client", "rustls", "--known-failures", "/nonexistent/known.toml"])
        .assert_usage(&["cannot read /nonexistent/known.toml"]);
}

/// Its findings are its result: what is wrong with the list is told, and gates nothing.
#[test]
fn a_survey_tells_of_a_list_that_is_wrong_and_exits_0() {
    let folder = tempfile::tempdir().unwrap();
    let list = format!(
        "{}{}",
        entry("rustls", STATIC_RSA, "no-forward-secrecy", FAR),
        entry("rustls", "client/cipher/static-rsa@TLSv1.2+?", "no-forward-secrecy", FAR)
    );
    let file = write(folder.path(), "known.toml", &list).display().to_string();
    let report = folder.path().join("run.jsonl");
    let target = format!("json:{}", report.display());
    let one = [
        "survey",
        "--filter",
        STATIC_RSA,
        "--known-failures",
        &file,
        "--report",
        &target,
        "--report",
        "human",
    ];
    let ran = run(one);
    ran.assert_code(0);
    let end = &of_type(&events(&std::fs::read_to_string(report).unwrap()), "run-finished")[0];
    let entries = end["known_failures"]["entries"].as_array().unwrap();
    let statuses: Vec<&str> = entries.iter().map(|entry| entry["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["stale", "unmatched"]);
    for words in ["known.toml:1: stale", "known.toml:8: matches nothing"] {
        assert!(ran.stdout.contains(words), "{words:?} is missing in:\n{}", ran.stdout);
    }
}

/// Whoever opens a pipe waits for somebody to write to it.
#[test]
fn what_is_no_regular_file_is_a_usage_error_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let table = [
        (folder.path().display().to_string(), "a folder"),
        (pipe.display().to_string(), "a pipe or device"),
        ("/dev/zero".to_owned(), "a pipe or device"),
    ];
    for (path, what) in table {
        for option in ["--known-failures", "--baseline"] {
            for command in [&["check", "--client", "rustls"][..], &["survey"]] {
                let mut child = shakedown();
                child.args(command).args([option, &path]);
                let ran = within(std::time::Duration::from_secs(20), child);
                ran.assert_usage(&[&format!("cannot read {path}: it is {what}; name a regular file")]);
            }
        }
    }
}

/// Runs a program that must end by itself.
fn within(limit: std::time::Duration, mut command: std::process::Command) -> Ran {
    use std::process::Stdio;
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let started = std::time::Instant::now();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > limit {
            child.kill().unwrap();
            panic!("{command:?} hangs");
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    Ran::of(&child.wait_with_output().unwrap())
}
