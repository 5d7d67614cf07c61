//! Exit 2 and 4: what was wrong, where, and what is allowed.

use crate::support::*;

#[test]
fn a_service_that_is_unknown_or_stands_beside_a_floor_is_a_usage_error() {
    let table: [(&[&str], &[&str]); 5] = [
        (&["--service", "cloudhsm@"], &["missing", "cloudhsm@2026-10, cloudhsm@2023", "cloudhsm alone"]),
        (&["--service", "opensarch"], &["unknown service \"opensarch\"", "nearest: opensearch", "swf"]),
        (&["--service", "swf@2019"], &["unknown edition \"2019\"", "2026-10, 2023"]),
        (&["--service", "swf", "--floor", "aws"], &["--service", "--floor", "cannot be used with"]),
        (&["--floor", "swf"], &["unknown floor \"swf\"", "aws-legacy"]),
    ];
    for (options, words) in table {
        run(["check", "--client", "rustls"].iter().chain(options)).assert_usage(words);
        run(["survey"].iter().chain(options)).assert_usage(words);
        run(["list", "cases"].iter().chain(options)).assert_usage(words);
        run(["explain", STATIC_RSA].iter().chain(options)).assert_usage(words);
    }
}

#[test]
fn check_without_a_client_lists_what_was_found() {
    let ran = run(["check"]);
    ran.assert_usage(&["--client", "rustls", "shakedown survey"]);
    for program in ["curl", "wget", "node"] {
        if installed(program) {
            assert!(ran.stderr.contains(program), "{}", ran.stderr);
        }
    }
}

#[test]
fn an_unknown_client_is_answered_with_the_known_ones() {
    run(["check", "--client", "nosuch"])
        .assert_usage(&["nosuch", "rustls", "openssl", "curl", "wget", "java", "python"]);
    run(["check", "--client", "crul"]).assert_usage(&["did you mean curl"]);
}

#[test]
fn a_client_that_is_not_installed_is_named_with_how_to_install_it() {
    let folder = tempfile::tempdir().unwrap();
    let adapter = write(folder.path(), "absent.toml", &ADAPTER.replace("\"curl\"", "\"no-such-program\""));
    run(["check", "--client", adapter.to_str().unwrap()])
        .assert_usage(&["not installed", "apt-get install x"]);
}

#[test]
fn a_filter_that_matches_nothing_is_exit_4() {
    let ran = run(["check", "--client", "rustls", "--filter", "nothing*"]);
    ran.assert_code(4);
    assert!(ran.stderr.contains("nothing*") && ran.stderr.contains("list cases"), "{}", ran.stderr);
}

#[test]
fn in_a_filter_a_star_stands_for_any_characters_and_a_question_mark_for_one() {
    let id = |version| format!("client/version/below-minimum@{version}+ECDHE+natural");
    let list = |glob: &str| run(["list", "cases", "--filter", glob]);
    let listed = list(&id("TLSv1.?"));
    listed.assert_code(0);
    assert_eq!(listed.stdout, format!("{}\tcore\n{}\tcore\n", id("TLSv1.0"), id("TLSv1.1")));
    list(&id("TLSv1.??")).assert_code(4);
    // The same in a run.
    let ran = check_json(&id("TLSv1.?"), &["--client", "rustls"]);
    let played: Vec<String> = ran.cases().iter().map(|c| c["case"].as_str().unwrap().to_owned()).collect();
    assert_eq!(played, [id("TLSv1.0"), id("TLSv1.1")]);
    // So neither of them may stand in an id.
    let all = run(["list", "cases"]).stdout;
    assert!(all.lines().count() > 200 && !all.contains(['*', '?']), "{all}");
}

/// Core asks for broken rules in TLS 1.2 alone, unless the floor allows older versions.
#[test]
fn list_shows_the_cases_of_core_under_the_floor_that_is_asked_for() {
    let anonymous = "client/version/old-suites@TLSv1.0+TLS_DH_anon_WITH_AES_128_CBC_SHA+natural";
    let core = |floor: &[&str]| run(["list", "cases", "--tier", "core"].iter().chain(floor)).stdout;
    let (default, legacy) = (core(&[]), core(&["--floor", "aws-legacy"]));
    assert!(!default.contains(anonymous), "{default}");
    assert!(legacy.contains(&format!("{anonymous}\tdefault\n")), "{legacy}");
    assert_eq!(core(&["--floor", "rfc10015"]), default);
    assert_eq!(core(&["--service", "swf@2023"]), legacy);
    // README: core has 29 cases, and 93 where a floor allows TLS 1.0; those of servers are for one client alone.
    let of_clients = |list: &str| list.lines().filter(|line| line.starts_with("client/")).count();
    assert_eq!((of_clients(&default), of_clients(&legacy)), (29, 93));
}

#[test]
fn unknown_values_are_answered_with_the_allowed_ones() {
    let table: [(&[&str], &[&str]); 8] = [
        (&["--floor", "nope"], &["nope", "aws", "aws-legacy", "rfc10015"]),
        (&["--backend", "nope"], &["nope", "openssl", "rustls"]),
        (&["--tier", "nope"], &["nope", "core", "default", "full"]),
        (&["--report", "nope"], &["nope", "human", "json", "junit"]),
        (&["--report", "json:"], &["path"]),
        (&["--shard", "5/4"], &["5/4", "I/N"]),
        (&["--timeout", "0"], &["--timeout", "1..="]),
        (&["--jobs", "0"], &["--jobs", "1..="]),
    ];
    for (arguments, words) in table {
        run(["check", "--client", "rustls"].iter().chain(arguments)).assert_usage(words);
    }
}

#[test]
fn only_one_report_owns_standard_output() {
    let two = ["check", "--client", "rustls", "--report", "json", "--report", "junit"];
    run(two).assert_usage(&["standard output"]);
}

#[test]
fn a_report_that_cannot_be_written_is_exit_2() {
    let target = "json:/no/such/folder/report.jsonl";
    run(["check", "--client", "rustls", "--report", target]).assert_usage(&["/no/such/folder/report.jsonl"]);
}

#[test]
fn an_unknown_placeholder_is_answered_with_the_known_ones() {
    run(["check", "--", "sh", "{uri}"]).assert_usage(&["{uri}", "{host}", "{port}", "{url}", "{ca_pem}"]);
    // {fix} and {adapter} are an adapter's.
    run(["check", "--", "sh", "{fix}"]).assert_usage(&["{fix}", "{url}"]);
    run(["check", "--", "sh", "{url"]).assert_usage(&["{url", "unclosed"]);
}

#[test]
fn a_command_that_is_no_program_is_exit_2() {
    run(["check", "--", "no-such-program", "{url}"]).assert_usage(&["no-such-program"]);
}

#[test]
fn the_same_client_twice_is_exit_2() {
    run(["check", "--client", "rustls", "--client", "rustls"]).assert_usage(&["rustls", "twice"]);
}

#[test]
fn explain_answers_an_unknown_id_with_near_ones() {
    run(["explain", "no-forward-secrets"]).assert_usage(&["no-forward-secrets", "no-forward-secrecy"]);
}

const ADAPTER: &str = r#"title = "x"
detect = ["curl", "--version"]
version = 'curl (\S+)'
install = "apt-get install x"
[command]
argv = ["curl", "--cacert", "{ca_pem}", "{url}"]
"#;

#[test]
fn a_malformed_adapter_is_exit_2_with_file_line_and_allowed_values() {
    let table: [(&str, &str, &[&str]); 6] = [
        ("install =", "instal =", &["bad.toml:4", "instal", "`install`", "`fix`"]),
        (r"curl (\S+)", r"curl (\S+", &["bad.toml", "version", "regular expression"]),
        (r"curl (\S+)", r"curl \S+", &["bad.toml", "version", "group"]),
        ("{url}", "{uri}", &["bad.toml", "{uri}", "{url}", "{adapter}"]),
        ("[command]", "[worker]\nargv = [\"x\"]\n[command]", &["bad.toml", "[command]", "[worker]"]),
        ("argv =", "argv = 5 #", &["bad.toml:6", "integer"]),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (from, to, words) in table {
        let text = ADAPTER.replace(from, to);
        assert_ne!(text, ADAPTER, "the replacement must change something: {from}");
        write(folder.path(), "bad.toml", &text);
        let output = shakedown()
            .args(["check", "--client", "./bad.toml"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        Ran::of(&output).assert_usage(words);
    }
    run(["check", "--client", "./no-such.toml"]).assert_usage(&["no-such.toml"]);
}

const SCENARIO: &str = r#"title = "t"
why = "w"
checks = ["C-CIP-06"]
line = "committed"
control = "own"
tier = "core"
[matrix]
version = ["TLSv1.2"]
suite = { name = ["TLS_RSA_WITH_AES_128_GCM_SHA256"] }
pick = ["natural"]
"#;

#[test]
fn a_malformed_scenario_is_exit_2_with_file_line_and_allowed_values() {
    let table: [(&str, &str, &[&str]); 9] = [
        // The names that are near; there are 369.
        ("_128_GCM_SHA256", "_128_GCM_SHA25", &["bad.toml:9", "SHA25\"", "TLS_RSA_WITH_AES_128_GCM_SHA256"]),
        ("TLSv1.2", "TLSv1.9", &["bad.toml:8", "TLSv1.9", "SSLv3, TLSv1.0, TLSv1.1, TLSv1.2, TLSv1.3"]),
        ("why = \"w\"\n", "", &["bad.toml:", "why"]),
        ("C-CIP-06", "C-CIP-99", &["client/bad.toml", "C-CIP-99", "near: C-CIP-09"]),
        ("suite = ", "kx = [\"RSA\"]\nsuite = ", &["bad.toml:9", "kx", "suite", "exclude"]),
        ("committed", "comitted", &["bad.toml:4", "comitted", "committed, data"]),
        ("natural", "naturel", &["bad.toml:10", "naturel", "natural, forced"]),
        ("\"core\"", "\"cor\"", &["bad.toml:6", "cor", "core, default, full"]),
        ("tier =", "tear =", &["bad.toml:6", "tear", "tier"]),
    ];
    let folder = tempfile::tempdir().unwrap();
    let check = || run(["check", "--client", "rustls", "--scenarios", folder.path().to_str().unwrap()]);
    for (from, to, words) in table {
        let text = SCENARIO.replace(from, to);
        assert_ne!(text, SCENARIO, "the replacement must change something: {from}");
        write(folder.path(), "client/bad.toml", &text);
        check().assert_usage(words);
    }
    std::fs::write(folder.path().join("client/bad.toml"), [0xff, 0xfe]).unwrap();
    check().assert_usage(&["bad.toml"]);
    run(["check", "--client", "rustls", "--scenarios", "/no/such"]).assert_usage(&["/no/such"]);
}

#[test]
fn a_scenario_of_the_users_is_played() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "client/mine.toml", SCENARIO);
    let scenarios = folder.path().to_str().unwrap();
    let ran = check_json("client/mine@*", &["--client", "openssl", "--scenarios", scenarios]);
    ran.assert_code(1);
    let cases = ran.cases();
    assert_eq!(cases.len(), 1);
    assert_eq!(codes(&cases[0]), ["no-forward-secrecy"]);
}
