//! `--service`: real clients that have nothing newer than TLS 1.0, under the guides of two AWS services.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::*;

/// An adapter of `openssl s_client` that has TLS 1.0 and these ciphers only. It verifies, and sends its request.
fn tls10(folder: &Path, name: &str, ciphers: &str) -> PathBuf {
    let built_in = include_str!("../../../scenarios/adapters/openssl-s_client.toml");
    let fix = format!("\"-tls1\", \"-cipher\", \"{ciphers}:@SECLEVEL=0\"");
    let adapter = built_in.split("[fix]").next().unwrap().replacen("\"{fix}\"", &fix, 1);
    let adapter = adapter.lines().filter(|line| !line.starts_with("also")).collect::<Vec<_>>().join("\n");
    assert!(adapter.contains("-tls1"), "{adapter}");
    write(folder, &format!("{name}.toml"), &adapter)
}

const FORWARD_SECRET: &str = "ECDHE:!aNULL:!eNULL";

fn check(adapter: &Path, more: &[&str]) -> Ran {
    let adapter = adapter.display().to_string();
    run(["check", "--client", &adapter, "--report", "json"].iter().chain(more))
}

fn findings(of: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let all = of["findings"].as_array().unwrap();
    all.iter().map(|finding| (text(&finding["code"]), text(&finding["detail"]))).collect()
}

#[test]
fn cloudhsm_of_2023_lets_a_forward_secret_client_of_tls_1_0_pass_with_a_warning() {
    if !installed("openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let adapter = tls10(folder.path(), "forward-secret", FORWARD_SECRET);
    let ran = check(&adapter, &["--service", "cloudhsm@2023"]);
    ran.assert_code(0);
    let events = ran.events();
    let started = &of_type(&events, "run-started")[0];
    assert_eq!(started["floor"], "aws-legacy");
    assert_eq!(started["service"]["name"], "cloudhsm");
    assert_eq!(started["service"]["edition"], "2023");
    assert_eq!(started["source"]["page"], "Infrastructure security in AWS CloudHSM, user guide");
    assert_eq!(started["source"]["date"], "2023");

    let total = &of_type(&events, "run-finished")[0]["clients"]["forward-secret"];
    assert_eq!(total["verdict"], "warn");
    for none in ["fail", "inconclusive", "skipped"] {
        assert_eq!(total[none], 0, "{total}");
    }
    // Said of the hello, and again of every session of TLS 1.0 that was completed.
    let client = &of_type(&events, "client")[0];
    let mut warned = findings(client);
    let completed: Vec<Value> = ran.cases().into_iter().filter(|case| case["version"] == "TLSv1.0").collect();
    let natural = completed.iter().filter(|case| case["reach"] == "data");
    assert_eq!(natural.clone().count(), 4, "ECDHE with each certificate, and one case of each in old-suites");
    for case in natural {
        assert_eq!((&case["verdict"], &case["expected"]), (&"warn".into(), &"may-complete".into()), "{case}");
        warned.extend(findings(case));
    }
    assert_eq!(warned.len(), 5);
    for (code, detail) in warned {
        assert_eq!(code, "below-recommended-version", "{detail}");
        for word in ["TLS 1.2", "Infrastructure security in AWS CloudHSM, user guide", "(2023)"] {
            assert!(detail.contains(word), "{word} is missing: {detail}");
        }
    }
}

#[test]
fn every_report_names_the_service_with_page_and_date() {
    if !installed("openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let adapter = tls10(folder.path(), "forward-secret", FORWARD_SECRET);
    let junit = format!("junit:{}", folder.path().join("run.xml").display());
    let arguments = ["check", "--client", &adapter.display().to_string(), "--service", "cloudhsm@2023"];
    let filter = ["--filter", "client/version/below-minimum@TLSv1.0+ECDHE+natural"];
    let ran = run(arguments.iter().chain(&filter).chain(&["--report", "human", "--report", &junit]));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let page = ran.stdout.replace('\n', " ");
    for words in [
        "service cloudhsm@2023, floor aws-legacy: TLS 1.0 required, 1.2 recommended, forward secrecy",
        "source  Infrastructure security in AWS CloudHSM, user guide (2023)",
        "note    Superseded.",
        "below TLS 1.0",
    ] {
        assert!(page.contains(words), "{words:?} is missing in:\n{}", ran.stdout);
    }
    let warning = page.split("below-recommended-version").nth(1).unwrap();
    let warning = warning.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        warning.starts_with(
            "(1 case): offers at most TLS 1.0, recommended is TLS 1.2: Infrastructure security in AWS CloudHSM, user \
             guide (2023)"
        ),
        "{warning}"
    );
    let xml = std::fs::read_to_string(folder.path().join("run.xml")).unwrap();
    for property in [
        r#"<property name="service" value="cloudhsm@2023"/>"#,
        r#"<property name="source" value="Infrastructure security in AWS CloudHSM, user guide (2023)"/>"#,
    ] {
        assert!(xml.contains(property), "{property} is missing in:\n{xml}");
    }
}

#[test]
fn cloudhsm_of_2023_still_fails_a_client_of_tls_1_0_for_what_has_no_forward_secrecy_or_no_name() {
    if !installed("openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // The second has no anonymous suite that TLS 1.2 would know it by: only cases of TLS 1.0 find it.
    let table = [
        ("static-rsa", "ECDHE:kRSA:!aNULL:!eNULL", "no-forward-secrecy"),
        ("anonymous", "ECDHE:aNULL:!eNULL", "unauthenticated"),
        ("unencrypted", "ECDHE:eNULL:!aNULL", "unencrypted"),
    ];
    for (name, ciphers, code) in table {
        let adapter = tls10(folder.path(), name, ciphers);
        // s_client verifies nobody where nobody shows a certificate: that is what the case is for.
        let ran = check(&adapter, &["--service", "cloudhsm@2023"]);
        ran.assert_code(1);
        let failed: Vec<Value> = ran.cases().into_iter().filter(|case| case["verdict"] == "fail").collect();
        assert!(!failed.is_empty(), "{name}");
        for case in failed {
            assert!(codes(&case).contains(&code), "{name}: {case}");
            assert!(!codes(&case).contains(&"below-minimum-version"), "{name}: {case}");
            assert_eq!(case["version"], "TLSv1.0", "{name}: {case}");
        }
    }
}

#[test]
fn opensearch_fails_a_client_for_tls_1_0() {
    if !installed("openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let adapter = tls10(folder.path(), "forward-secret", FORWARD_SECRET);
    let ran = check(&adapter, &["--service", "opensearch"]);
    ran.assert_code(1);
    let failed: Vec<Value> = ran.cases().into_iter().filter(|case| case["verdict"] == "fail").collect();
    assert!(!failed.is_empty());
    for case in failed {
        assert_eq!(codes(&case), ["below-minimum-version"], "{case}");
        assert_eq!(case["version"], "TLSv1.0", "{case}");
    }
    let client = &of_type(&ran.events(), "client")[0];
    assert_eq!(
        client["controls"]["rsa2048"], "control-refused",
        "it has nothing that is strong under this floor"
    );
}

#[test]
fn a_client_of_today_passes_under_every_service_and_edition() {
    let list = run(["list", "services"]);
    list.assert_code(0);
    let names: Vec<&str> = list.stdout.lines().map(|line| line.split('\t').next().unwrap()).collect();
    assert_eq!(names.len(), 9, "{}", list.stdout);
    for name in names {
        let ran = run(["check", "--client", "rustls", "--service", name, "--report", "json"]);
        ran.assert_code(0);
        let started = &of_type(&ran.events(), "run-started")[0];
        let service = &started["service"];
        let told = format!("{}@{}", service["name"].as_str().unwrap(), service["edition"].as_str().unwrap());
        assert_eq!(told, name);
    }
}

/// Verifies nothing, and offers no anonymous suite.
const CREDULOUS: &str = "\
import socket, ssl, sys
c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
c.check_hostname = False
c.verify_mode = ssl.CERT_NONE
c.minimum_version = c.maximum_version = getattr(ssl.TLSVersion, sys.argv[3])
c.set_ciphers('ECDHE:!aNULL:!eNULL:@SECLEVEL=0')
s = c.wrap_socket(socket.create_connection((sys.argv[1], int(sys.argv[2]))), server_hostname='localhost')
s.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')
while s.recv(4096): pass
";

#[test]
fn a_client_of_old_versions_that_verifies_nothing_fails_under_a_floor_that_allows_them() {
    if !installed("python3") {
        return;
    }
    for version in ["TLSv1", "TLSv1_1"] {
        // Asked of Python itself: a control that fails must not pass for a version that is missing.
        let has = format!("import ssl, sys; sys.exit(not ssl.HAS_{version})");
        if !std::process::Command::new("python3").args(["-c", &has]).status().unwrap().success() {
            println!("skipped: this python has no {version}");
            continue;
        }
        for tier in ["core", "default"] {
            let arguments = ["check", "--service", "cloudhsm@2023", "--tier", tier, "--report", "json", "--"];
            let client = ["python3", "-W", "ignore", "-c", CREDULOUS, "{host}", "{port}", version];
            let ran = run(arguments.iter().chain(&client));
            let control = of_type(&ran.events(), "client")[0]["controls"]["rsa2048"].clone();
            assert_eq!(control, "completed", "{version} {tier}: {}", ran.stdout);
            ran.assert_code(1);
            let wrong: Vec<Value> = ran
                .cases()
                .into_iter()
                .filter(|case| case["scenario"] == "client/certificate/wrong" && case["verdict"] == "fail")
                .collect();
            assert!(!wrong.is_empty(), "{version} {tier}: {}", ran.stdout);
            assert!(wrong.iter().all(|case| codes(case) == ["unauthenticated"]), "{wrong:?}");
        }
    }
}
