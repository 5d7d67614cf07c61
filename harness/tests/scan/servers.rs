//! Real servers: `openssl s_server`, nginx, and `shakedown serve`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use shakedown::registry;

use crate::programs::{Running, free_port, need, wait_for};
use crate::run::{scan_json, serve};

/// Self-signed certificates, RSA and ECDSA, by OpenSSL's own tool.
fn certificates(folder: &Path) {
    for (name, key) in [("rsa", &["rsa:2048"][..]), ("ec", &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"])] {
        let made = Command::new("openssl")
            .current_dir(folder)
            .args(["req", "-x509", "-nodes", "-days", "9", "-subj", "/CN=localhost", "-newkey"])
            .args(key)
            .args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.pem")])
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
    }
}

fn suites(found: &Value, version: &str) -> BTreeSet<String> {
    let versions = found["versions"].as_array().unwrap();
    let version = versions.iter().find(|entry| entry["version"] == version).unwrap();
    version["suites"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// What Debian's `openssl ciphers` says of that version, by IANA names.
fn listed(version: &str) -> BTreeSet<String> {
    let output = Command::new("openssl")
        .args(["ciphers", "-s", version, "-v", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"])
        .output();
    let text = String::from_utf8(output.unwrap().stdout).unwrap();
    let names = text.lines().filter_map(|line| line.split_whitespace().next());
    names
        .map(|name| {
            let facts = registry::suite_by_openssl_name(name).or_else(|| registry::suite_by_name(name));
            facts.unwrap_or_else(|| panic!("{name}")).name.to_owned()
        })
        .collect()
}

#[test]
fn a_scan_of_openssl_s_server_finds_what_openssl_lists_and_all_of_it_completes() {
    need("openssl", "scan_of_openssl");
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let address = format!("127.0.0.1:{}", free_port());
    let child = Command::new("openssl")
        .current_dir(folder.path())
        .args(["s_server", "-quiet", "-accept", &address, "-cert", "rsa.pem", "-key", "rsa.key"])
        .args(["-dcert", "ec.pem", "-dkey", "ec.key", "-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _running = Running(child.unwrap());
    wait_for(&address);
    let (exit, found) = scan_json(&[&address, "--confirm"]);
    assert_eq!(exit, 0, "{found}");
    for (option, version) in
        [("-tls1", "TLSv1.0"), ("-tls1_1", "TLSv1.1"), ("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")]
    {
        // DSA certificates, pre-shared keys and passwords are not set up.
        let takes_more = |name: &String| ["_DSS_", "PSK", "SRP"].iter().any(|part| name.contains(part));
        let expected: BTreeSet<String> =
            listed(option).into_iter().filter(|name| !takes_more(name)).collect();
        assert!(!expected.is_empty());
        assert_eq!(suites(&found, version), expected, "{version}");
    }
    let confirmed = found["confirmed"].as_array().unwrap();
    assert!(confirmed.len() > 100 && confirmed.iter().all(|session| session["completed"] == true), "{found}");
    let flags = &found["flags"];
    for on in ["fallback_scsv", "secure_renegotiation", "extended_master_secret", "downgrade_sentinel"] {
        assert_eq!(flags[on], true, "{on}");
    }
    for on in ["resumption_by_id", "resumption_by_ticket", "resumption_by_psk"] {
        assert_eq!(flags[on], true, "{on}");
    }
    assert_eq!(flags["compression"], false);
}

#[test]
fn a_scan_of_nginx_finds_what_its_configuration_says() {
    need("nginx", "scan_of_nginx");
    need("openssl", "scan_of_openssl");
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let port = free_port();
    let dir = folder.path().display();
    let configuration = format!(
        "daemon off; master_process off; pid {dir}/pid; error_log {dir}/error.log;\n\
         events {{ }}\n\
         http {{ access_log off; client_body_temp_path {dir}/a; proxy_temp_path {dir}/b; fastcgi_temp_path {dir}/c;\n\
         uwsgi_temp_path {dir}/d; scgi_temp_path {dir}/e;\n\
         server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {dir}/rsa.pem; ssl_certificate_key {dir}/rsa.key;\n\
         ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on; ssl_session_tickets off;\n\
         ssl_session_cache shared:s:1m; ssl_ecdh_curve secp384r1:X25519;\n\
         ssl_ciphers ECDHE-RSA-AES256-GCM-SHA384:AES128-SHA; }} }}\n"
    );
    fs::write(folder.path().join("nginx.conf"), configuration).unwrap();
    let child = Command::new("nginx")
        .args(["-p", &dir.to_string(), "-c", &format!("{dir}/nginx.conf")])
        .stderr(Stdio::null())
        .spawn();
    let _running = Running(child.unwrap());
    let address = format!("127.0.0.1:{port}");
    wait_for(&address);
    let (exit, found) = scan_json(&[&address]);
    assert_eq!(exit, 0, "{found}");
    let entry = |version: &str| {
        found["versions"]
            .as_array()
            .unwrap()
            .iter()
            .find(|entry| entry["version"] == version)
            .unwrap()
            .clone()
    };
    let own = serde_json::json!(["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_RSA_WITH_AES_128_CBC_SHA"]);
    assert_eq!(entry("TLSv1.2")["suites"], own);
    assert_eq!(entry("TLSv1.2")["preference"], "server");
    for version in ["SSLv3", "TLSv1.0", "TLSv1.1"] {
        assert_eq!(entry(version)["accepted"], false, "{version}");
    }
    assert_eq!(entry("TLSv1.3")["suites"].as_array().map(Vec::len), Some(3));
    for list in found["groups"].as_array().unwrap() {
        let mut groups: Vec<&str> =
            list["accepted"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        groups.sort_unstable();
        assert_eq!(groups, ["secp384r1", "x25519"], "{list}");
    }
    assert_eq!(
        (&found["flags"]["resumption_by_id"], &found["flags"]["resumption_by_ticket"]),
        (&true.into(), &false.into())
    );
}

#[test]
fn a_served_policy_has_no_difference_from_itself_and_named_ones_from_another() {
    let id = "elb/ELBSecurityPolicy-2016-08";
    let (_running, address) = serve(&["--policy", id]);
    let (exit, found) = scan_json(&[&address, "--policy", id]);
    assert_eq!((exit, &found["policy"]["differences"]), (0, &serde_json::json!([])));

    let (exit, found) = scan_json(&[&address, "--policy", "elb/ELBSecurityPolicy-FS-1-2-Res-2020-10"]);
    assert_eq!(exit, 1);
    let differences = found["policy"]["differences"].as_array().unwrap();
    let texts: Vec<&str> =
        differences.iter().map(|difference| difference["text"].as_str().unwrap()).collect();
    for text in [
        "TLS 1.0 is accepted and not in the policy",
        "TLS 1.1 is accepted and not in the policy",
        "TLS_RSA_WITH_AES_128_CBC_SHA is accepted and not in the policy (TLS 1.2)",
    ] {
        assert!(texts.contains(&text), "{text}: {texts:#?}");
    }
}

#[test]
fn a_floor_names_what_it_forbids_and_only_what_fails_is_exit_one() {
    let (_running, address) = serve(&["--policy", "elb/ELBSecurityPolicy-2016-08"]);
    let (exit, found) = scan_json(&[&address, "--floor", "aws"]);
    let breaches = found["floor"]["breaches"].as_array().unwrap();
    let codes: Vec<&str> = breaches.iter().map(|breach| breach["code"].as_str().unwrap()).collect();
    assert_eq!((exit, codes), (1, vec!["below-minimum-version", "no-forward-secrecy"]));
    let (exit, _) = scan_json(&[&address]);
    assert_eq!(exit, 0, "without a floor nothing is judged");

    let (_running, address) = serve(&["--policy", "elb/ELBSecurityPolicy-TLS13-1-3-2021-06"]);
    let (exit, found) = scan_json(&[&address, "--floor", "aws"]);
    assert_eq!((exit, &found["floor"]["breaches"]), (0, &serde_json::json!([])));
}
