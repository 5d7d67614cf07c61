//! "I cannot run this case": exit code 89 and a worker's `unsupported`.

use std::path::Path;

use crate::support::*;

/// A worker that is curl, but says `unsupported` to one kind of case.
fn choosy_worker(folder: &Path, connects_first: bool) -> String {
    let connect = r#"
        connected = subprocess.call(["curl", "-sS", "--cacert", r["ca_pem"], r["url"]], stdout=-3, stderr=-3) == 0
        out = {"case": r["case"], "connected": connected}"#;
    let unsupported = r#"out = {"case": r["case"], "unsupported": "no RSA key transport here"}"#;
    let also = if connects_first { connect } else { "pass" };
    let text = format!(
        "import json, subprocess, sys\nprint(json.dumps({{\"ready\": True}}), flush=True)\n\
         for line in sys.stdin:\n    r = json.loads(line)\n    if \"static-rsa\" in r[\"case\"]:\n        {also}\n        \
         {unsupported}\n    else:{connect}\n    print(json.dumps(out), flush=True)\n"
    );
    write(folder, "worker.py", &text);
    let adapter = "title = \"x\"\ndetect = [\"python3\", \"--version\"]\nversion = 'Python (\\S+)'\n\
                   install = \"x\"\nresolve = [\"python3\", \"-c\", \"import sys; print(sys.executable)\"]\n\
                   [worker]\nargv = [\"python3\", \"{adapter}/worker.py\"]\n";
    write(folder, "choosy.toml", adapter).display().to_string()
}

#[test]
fn a_case_that_a_worker_cannot_run_is_skipped_and_strict_does_not_forgive_it() {
    if !installed("python3") || !installed("curl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let client = choosy_worker(folder.path(), false);
    let ran = check_json("client/c*natural", &["--client", &client]);
    let cases = ran.cases();
    let skipped: Vec<_> = cases.iter().filter(|c| c["verdict"] == "skipped").collect();
    assert!(!skipped.is_empty() && skipped.len() < cases.len(), "{}", ran.stdout);
    for case in skipped {
        assert!(case["scenario"] == "client/cipher/static-rsa", "{case}");
        assert_eq!(codes(case), ["unsupported-by-client"]);
        assert_eq!(case["findings"][0]["detail"], "no RSA key transport here");
    }
    // Nothing proved forward secrecy: being skipped never makes green.
    let total = &of_type(&ran.events(), "run-finished")[0]["clients"]["choosy"];
    assert!(codes(total).contains(&"class-unproven"), "{total}");
    ran.assert_code(3);
}

#[test]
fn a_case_that_is_called_unsupported_after_a_hello_is_not_skipped() {
    if !installed("python3") || !installed("curl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let client = choosy_worker(folder.path(), true);
    let ran = check_json(STATIC_RSA, &["--client", &client]);
    let cases = ran.cases();
    assert_eq!(cases.len(), 1, "{}", ran.stderr);
    assert_ne!(cases[0]["verdict"], "skipped", "{}", cases[0]);
    assert!(!codes(&cases[0]).contains(&"unsupported-by-client"), "{}", cases[0]);
}

#[test]
fn exit_code_89_without_a_hello_skips_the_case_and_strict_makes_it_exit_3() {
    if !installed("curl") {
        return;
    }
    // Two controls come before the case and two after; jobs 1 keeps the order.
    let script = r#"echo x >> "$0"
        if [ "$(wc -l < "$0")" = 3 ]; then echo "not with this build"; exit 89; fi
        exec curl -sS --cacert "$1" "$2""#;
    // One case of two is skipped; then the only one is.
    let (two, one) =
        ("client/version/tls13@*", "client/version/tls13@TLSv1.3+TLS_AES_128_GCM_SHA256+natural");
    for (filter, strict, code) in [(two, None, 0), (two, Some("--strict"), 3), (one, None, 4)] {
        let folder = tempfile::tempdir().unwrap();
        let counter = folder.path().join("n").display().to_string();
        let command = ["--jobs", "1", "--", "sh", "-c", script, &counter, "{ca_pem}", "{url}"];
        let arguments: Vec<&str> = strict.into_iter().chain(command).collect();
        let ran = check_json(filter, &arguments);
        let cases = ran.cases();
        let skipped: Vec<_> = cases.iter().filter(|case| case["verdict"] == "skipped").collect();
        assert_eq!(skipped.len(), 1, "{}", ran.stdout);
        assert_eq!(codes(skipped[0]), ["unsupported-by-client"]);
        assert_eq!(skipped[0]["findings"][0]["detail"], "not with this build");
        assert_eq!(ran.code, code, "{filter} {strict:?}\n{}", ran.stdout);
    }
}

#[test]
fn a_client_that_answers_89_to_everything_does_not_pass() {
    let ran = check_json("client/c*", &["--", "sh", "-c", "exit 89"]);
    assert!(ran.code == 3 || ran.code == 4, "{}", ran.code);
    assert!(ran.cases().iter().all(|case| case["verdict"] != "pass" && case["verdict"] != "warn"));
}
