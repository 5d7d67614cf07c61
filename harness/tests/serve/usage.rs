//! Exit 2: what was wrong, where, and what to do.

use std::net::TcpListener;
use std::process::Command;

use serde_json::json;

use crate::client::*;
use crate::server::Server;

#[track_caller]
fn refused(arguments: &[&str], words: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_shakedown")).arg("serve").args(arguments).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
    assert!(output.stdout.is_empty(), "{arguments:?}: nothing is ready");
    assert!(!stderr.contains("panicked"), "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "{arguments:?}: {word:?} is missing in: {stderr}");
    }
}

#[test]
fn what_cannot_be_played_is_said_with_the_next_step() {
    let strong = ["--policy", "harness/strong"];
    let with = |more: &[&'static str]| [&strong[..], more].concat();
    refused(&[], &["--policy"]);
    refused(
        &["--policy", "elb/ELBSecurityPolicy-2016-80"],
        &["unknown policy", "elb/ELBSecurityPolicy-2016-08"],
    );
    refused(&["--policy", "ELBSecurityPolicy-2016-08"], &["several policies", "give the whole id"]);
    refused(&["--policy", "elb/ELBSecurityPolicy-2011-08"], &["unknown policy"]);
    refused(&with(&["--backend", "nss"]), &["nss", "openssl, rustls, s2n"]);
    refused(&with(&["--cert", "dsa"]), &["rsa2048", "ed25519", "ecdsa256"]);
    refused(&with(&["--cert", "rsa2048", "--cert", "rsa3072"]), &["same kind of key"]);
    refused(&with(&["--floor", "aws", "--service", "swf"]), &["--service"]);
    refused(&with(&["--service", "swf@1999"]), &["swf", "1999"]);
    refused(&with(&["--policies", "no-such-folder"]), &["no-such-folder"]);
    refused(&with(&["--case", "x"]), &["--case"]);
    refused(&["--case", "client/cipher/static-rsa@TLSv1.2"], &["unknown case", "list cases"]);
    refused(&["--force-version", "TLSv1.2"], &["--force-suite"]);
    refused(
        &["--force-version", "TLSv1.3", "--force-suite", "TLS_AES_128_GCM_SHA256"],
        &["cannot be forced", "--policies"],
    );
    refused(&with(&["--cert", "rsa2048", "--cert", "expired"]), &["stands alone"]);
    refused(
        &["--case", "server/cipher/weak-offer@TLSv1.2+TLS_RSA_WITH_NULL_MD5+natural"],
        &["about a server"],
    );
    refused(
        &["--force-version", "TLSv1.1", "--force-suite", "TLS_AES_128_GCM_SHA256"],
        &["no text puts", "list suites"],
    );
    // rustls lacks what openssl has, and says so.
    refused(
        &["--policy", "elb/ELBSecurityPolicy-2016-08", "--backend", "rustls"],
        &[
            "rustls cannot play",
            "suite TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
            "more",
            "--backend openssl or s2n plays all of it",
            "--partial",
        ],
    );
    refused(&["--policy", "guideline/nist"], &["openssl cannot play", "--partial"]);
}

#[test]
fn addresses_are_loopback_unless_it_is_said() {
    let strong = ["--policy", "harness/strong", "--listen"];
    let with = |address: &'static str| [&strong[..], &[address]].concat();
    refused(&with("0.0.0.0:0"), &["0.0.0.0", "--allow-remote"]);
    refused(&with("[::]:0"), &["--allow-remote"]);
    refused(&with("no-such-host.invalid:1"), &["cannot resolve", "no-such-host.invalid"]);
    refused(&with("4433"), &["HOST:PORT"]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    refused(
        &["--policy", "harness/strong", "--listen", &address],
        &["cannot listen on", &address, "choose another port"],
    );
}

#[test]
fn a_policy_that_nobody_publishes_cannot_be_played() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_shakedown")).args(["policy", "list", "--json"]).output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let mut unpublished = 0;
    for line in lines.lines() {
        let policy: serde_json::Value = serde_json::from_str(line).unwrap();
        if policy["suites"].as_array().is_none_or(Vec::is_empty) {
            unpublished += 1;
            refused(&["--policy", policy["id"].as_str().unwrap()], &["nobody publishes"]);
        }
    }
    assert!(unpublished >= 3, "{unpublished}");
}

fn policy_file(folder: &std::path::Path, name: &str, version: &str, suite: &str, scheme: &str) {
    std::fs::create_dir_all(folder.join("mine")).unwrap();
    let text = format!(
        "title = \"x\"\nversions = [\"{version}\"]\norder = \"server\"\nsuites = [\"{suite}\"]\n\
         groups = [\"x25519\"]\nschemes = [\"{scheme}\"]\n"
    );
    std::fs::write(folder.join(format!("mine/{name}.toml")), text).unwrap();
}

#[test]
fn a_policy_that_signs_with_ed25519_alone_has_such_a_certificate() {
    let folder = tempfile::tempdir().unwrap();
    policy_file(folder.path(), "new", "TLSv1.3", "TLS_AES_128_GCM_SHA256", "ed25519");
    policy_file(folder.path(), "old", "TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ed25519");
    let path = folder.path().to_str().unwrap();
    for policy in ["mine/new", "mine/old"] {
        for backend in ["openssl", "rustls"] {
            let mut server = Server::start(&["--policies", path, "--policy", policy, "--backend", backend]);
            assert_eq!(server.ready["certificates"], json!(["ed25519"]), "{policy} {backend}");
            assert!(visit(server.port, permissive()).is_some(), "{policy} {backend}");
            assert_eq!(server.connection()["outcome"], "completed", "{policy} {backend}");
        }
        let s2n = ["--policies", path, "--policy", policy, "--backend", "s2n"];
        for partial in [&[][..], &["--partial"]] {
            refused(
                &[&s2n[..], partial].concat(),
                &["s2n cannot play", "ed25519", "--backend openssl or rustls plays all of it"],
            );
        }
    }
}

/// A server that no client could get a session from would look like one that every client refuses.
#[test]
fn a_part_of_a_policy_in_which_nothing_is_left_is_not_served() {
    let folder = tempfile::tempdir().unwrap();
    policy_file(folder.path(), "rsa", "TLSv1.3", "TLS_AES_128_GCM_SHA256", "rsa_pss_rsae_sha256");
    policy_file(folder.path(), "psk", "TLSv1.2", "TLS_PSK_WITH_AES_128_GCM_SHA256", "rsa_pkcs1_sha256");
    let path = folder.path().to_str().unwrap();
    for more in [&[][..], &["--partial"]] {
        let with = |arguments: &[&'static str]| [arguments, more].concat();
        refused(
            &with(&["--policy", "harness/static-rsa", "--cert", "ed25519"]),
            &[
                "no certificate here goes with TLS_RSA_WITH_AES_128_GCM_SHA256",
                "nothing of it is left",
                "without --cert",
            ],
        );
        let mine = |policy: &'static str, arguments: &[&'static str]| {
            [&["--policies", path, "--policy", policy][..], arguments, more].concat()
        };
        refused(
            &mine("mine/rsa", &["--cert", "ecdsa256"]),
            &["no certificate here goes with TLS_AES_128_GCM_SHA256", "without --cert"],
        );
        refused(
            &mine("mine/psk", &[]),
            &["nothing of it is left to serve", "shakedown policy show mine/psk", "--policies DIR"],
        );
    }
    // rustls has no RSA key transport: what is left of the policy is nothing, and openssl plays it.
    refused(
        &["--policy", "harness/static-rsa", "--backend", "rustls", "--partial"],
        &["rustls cannot play", "--backend openssl or s2n plays all of it"],
    );
}
