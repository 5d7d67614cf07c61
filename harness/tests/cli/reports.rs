//! JSON lines and JUnit of real runs, held against the schema, another TLS server and another parser.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::support::*;

const SCHEMA: &str = include_str!("../../../schema/events-1.json");
/// What a client has done when it keeps to the refusal line `committed`, in order.
const BEFORE_THE_LINE: [&str; 3] = ["connected", "offered", "proposed"];
const BEYOND_THE_LINE: [&str; 3] = ["committed", "finished", "data"];

/// A server of the system's own OpenSSL with TLS 1.2 and static RSA only.
struct SystemServer {
    process: Child,
    port: u16,
    certificate: String,
}

impl SystemServer {
    fn start(folder: &Path) -> Self {
        let (key, certificate) = (folder.join("key.pem"), folder.join("cert.pem"));
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
            .args(["-addext", "subjectAltName=DNS:localhost"])
            .args(["-addext", "keyUsage=digitalSignature,keyEncipherment,keyCertSign", "-keyout"])
            .args([&key, Path::new("-out"), &certificate])
            .stderr(Stdio::null())
            .status();
        assert!(made.unwrap().success());
        let mut process = Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-www", "-tls1_2"])
            .args(["-cipher", "AES128-GCM-SHA256:@SECLEVEL=0", "-key"])
            .args([&key, Path::new("-cert"), &certificate])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let accept = lines.map_while(Result::ok).find(|line| line.starts_with("ACCEPT")).unwrap();
        let port = accept.rsplit(':').next().unwrap().trim().parse().unwrap();
        Self { process, port, certificate: certificate.display().to_string() }
    }
}

impl Drop for SystemServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Whether this machine's curl completes static RSA with somebody else's server.
fn curl_completes_static_rsa() -> bool {
    let folder = tempfile::tempdir().unwrap();
    let server = SystemServer::start(folder.path());
    let url = format!("https://localhost:{}/", server.port);
    let curl = Command::new("curl")
        .args(["-q", "-sS", "-m", "10", "--noproxy", "*", "--cacert", &server.certificate, "-o"])
        .args(["/dev/null", &url])
        .env_remove("OPENSSL_CONF")
        .status();
    curl.unwrap().success()
}

#[test]
fn the_json_lines_of_curl_keep_to_the_schema_and_to_another_servers_word() {
    if !installed("curl") || !installed("openssl") {
        return;
    }
    let ran = run(["check", "--client", "curl", "--report", "json"]);
    let events = ran.events();
    let schema = jsonschema::draft202012::new(&serde_json::from_str(SCHEMA).unwrap()).unwrap();
    for event in &events {
        let errors: Vec<String> = schema.iter_errors(event).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{event}: {errors:?}");
    }
    let types: Vec<&str> = events.iter().map(|e| e["type"].as_str().unwrap()).collect();
    assert_eq!(&types[..2], ["run-started", "client"]);
    assert_eq!(types.last(), Some(&"run-finished"));
    let cases = of_type(&events, "case-finished");
    assert_eq!(events[0]["planned"], cases.len());
    assert_eq!(events[1]["controls"]["rsa2048"], "completed", "{}", events[1]);

    let static_rsa = cases.iter().find(|case| case["case"] == STATIC_RSA).unwrap();
    if curl_completes_static_rsa() {
        assert_eq!((&static_rsa["verdict"], ran.code), (&"fail".into(), 1), "{static_rsa}");
        assert_eq!(codes(static_rsa), ["no-forward-secrecy"]);
        assert_eq!(static_rsa["version"], "TLSv1.2");
        assert_eq!(static_rsa["suite"], "TLS_RSA_WITH_AES_128_GCM_SHA256");
        let reach = static_rsa["reach"].as_str().unwrap();
        assert!(BEYOND_THE_LINE.contains(&reach), "{static_rsa}");
    } else {
        assert_ne!(static_rsa["verdict"], "fail", "another server sees no static RSA: {static_rsa}");
    }

    // Certificate cases have the line `data`: some clients finish and check then.
    let refused: Vec<&Value> = (cases.iter())
        .filter(|case| case["expected"] == "must-refuse" && case["scenario"] != "client/certificate/wrong")
        .filter(|case| case["verdict"] == "pass" || case["verdict"] == "warn")
        .collect();
    for case in &refused {
        let reach = case["reach"].as_str().unwrap();
        assert!(BEFORE_THE_LINE.contains(&reach), "{case}");
        assert_eq!(case["canary"], "caught", "{case}");
    }
    assert!(refused.iter().any(|case| case["alert_by"] == "client"), "nobody refused by an alert");
}

/// Counts of a JUnit file by Python's own XML parser, then by junitparser if it is there.
const COUNT: &str = r#"
import json, sys, xml.etree.ElementTree as tree
suites = list(tree.parse(sys.argv[1]).getroot().iter("testsuite"))
count = lambda s, what: sum(1 for c in s.iter("testcase") if c.find(what) is not None)
own = {s.get("name"): [len(list(s.iter("testcase"))), count(s, "failure"), count(s, "error"), count(s, "skipped")] for s in suites}
stated = {s.get("name"): [int(s.get(k) or 0) for k in ("tests", "failures", "errors")] for s in suites}
try:
    import junitparser
    parsed = {s.name: [s.tests, s.failures, s.errors, s.skipped] for s in junitparser.JUnitXml.fromfile(sys.argv[1])}
except ImportError:
    parsed = None
print(json.dumps([own, stated, parsed]))
"#;

#[test]
fn another_parser_counts_in_junit_what_the_json_lines_count() {
    if !installed("python3") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (json, junit) = (folder.path().join("run.jsonl"), folder.path().join("run.xml"));
    let ran = run([
        "check",
        "--client",
        "openssl",
        "--report",
        &format!("json:{}", json.display()),
        "--report",
        &format!("junit:{}", junit.display()),
        "--",
        "true",
    ]);
    ran.assert_code(1);
    assert!(ran.stdout.contains("openssl"), "the table owns standard output: {}", ran.stdout);
    let events = events(&std::fs::read_to_string(&json).unwrap());
    let python = Command::new("python3").args(["-c", COUNT]).arg(&junit).output().unwrap();
    assert!(python.status.success(), "{}", String::from_utf8_lossy(&python.stderr));
    let counted: Value = serde_json::from_slice(&python.stdout).unwrap();
    if counted[2].is_null() {
        println!("skipped: junitparser not installed");
    }
    let totals = &events.last().unwrap()["clients"];
    for client in ["openssl", "true"] {
        let of = |key: &str| totals[client][key].as_u64().unwrap();
        // One test case more speaks of the client as a whole; class-unproven makes it an error.
        let whole = u64::from(codes(&totals[client]).contains(&"class-unproven"));
        let tests = of("pass") + of("warn") + of("fail") + of("inconclusive") + of("skipped") + 1;
        let expected = [tests, of("fail"), of("inconclusive") + whole, of("skipped")];
        assert_eq!(counted[0][client], serde_json::json!(expected), "{client}");
        assert_eq!(counted[1][client], serde_json::json!(expected[..3]), "{client}, as stated");
        if !counted[2].is_null() {
            assert_eq!(counted[2][client], serde_json::json!(expected), "{client}, by junitparser");
        }
    }
    assert!(
        totals["openssl"]["fail"].as_u64() > Some(5) && totals["true"]["inconclusive"].as_u64() > Some(20)
    );
}

#[test]
fn the_shards_of_a_run_are_the_run() {
    let ids = |arguments: &[&str]| -> Vec<String> {
        let ran = run(["check", "--client", "rustls", "--report", "json"].iter().chain(arguments));
        ran.cases().iter().map(|case| case["case"].as_str().unwrap().to_owned()).collect()
    };
    let mut whole = ids(&[]);
    let mut parts: Vec<String> = ["1/3", "2/3", "3/3"].iter().flat_map(|s| ids(&["--shard", s])).collect();
    whole.sort();
    parts.sort();
    assert_eq!(parts, whole);
}
